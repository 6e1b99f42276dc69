"""Snow, fog, frost, and spatter of water or mud."""

import cv2
import numpy as np
import torch
from torch import Tensor

from blurlab.corruptions.blurs import enlarge, smear, smooth, smoothing_matrix, zoomed_side
from blurlab.corruptions.draws import normal, uniform
from blurlab.corruptions.ice import draw_ice
from blurlab.pictures.grey import grey

PALE_TURQUOISE = (175 / 255, 238 / 255, 238 / 255)
MUD_BROWN = (63 / 255, 42 / 255, 20 / 255)


def snow(
    images: Tensor,
    seeds: Tensor,
    mean: float,
    sigma: float,
    zoom: float,
    threshold: float,
    radius: int,
    trail: float,
    clarity: float,
) -> Tensor:
    """Let flakes fall: noise (mean, sigma) enlarged by `zoom`, kept above `threshold`, smeared.

    radius, trail: of the smear within 45 degrees of straight down, as in motion_blur.
    clarity: share of the picture that is not bleached.
    """
    side = zoomed_side(images.shape[-1], zoom)
    flakes = normal(seeds, 1, side, side, device=images.device).mul_(sigma).add_(mean)
    angles = 90 * uniform(seeds, 1, stream=1)[:, 0].double() - 135
    flakes = enlarge(flakes, zoom)
    return snowfall(images, flakes, angles, threshold, radius, trail, clarity)


def snowfall(
    images: Tensor,
    flakes: Tensor,
    angles: Tensor,
    threshold: float,
    radius: int,
    trail: float,
    clarity: float,
) -> Tensor:
    """Do snow with given enlarged noise (N, 1, S or more, the same) and angles (N,) in degrees."""
    size = images.shape[-1]
    flakes = flakes.masked_fill(flakes < threshold, 0).clamp_(0, 1)
    flakes = smear(flakes, angles, radius, trail, around=-90)[..., :size, :size]
    flakes = flakes.mul(255).round_().div_(255)
    flakes = flakes + flakes.flip(2, 3)
    bleached = torch.maximum(images, grey(images).mul_(1.5).add_(0.5))
    return bleached.lerp_(images, clarity).add_(flakes).clamp_(0, 1)


def fog(images: Tensor, seeds: Tensor, density: float, decay: float) -> Tensor:
    """Add a cloud; decay: how much smoother than coarse the fine detail of the cloud is."""
    return add_fog(images, draw_cloud(seeds, images.shape[-1], decay, images.device), density)


def add_fog(images: Tensor, cloud: Tensor, density: float) -> Tensor:
    """Add density times cloud (N, 1, S, S), then rescale to the brightest value of the picture."""
    brightest = images.amax((1, 2, 3), keepdim=True)
    share = brightest / (brightest + density)
    return torch.addcmul(cloud * (share * density), images, share).clamp_(0, 1)


def draw_cloud(seeds: Tensor, size: int, decay: float, device: torch.device) -> Tensor:
    """Draw a fractal cloud from 0 to 1 by the diamond-square method: (N, 1, size, size).

    The map's side is the next power of two, and it wraps round. The neighbors' means are used as
    they are, whatever the distance; each halving of the distance divides the noise by decay^2.
    """
    side = 1 << (size - 1).bit_length()
    draws = 2 * uniform(seeds, side * side, device=device) - 1
    corners = draws.new_zeros(len(seeds), 1, 1)
    used = 1
    while corners.shape[-1] < side:
        cells = corners.shape[-1]
        roughness = decay ** (-2.0 * (cells.bit_length() - 1))
        noise = draws[:, used : used + 3 * cells**2].view(-1, 3, cells, cells) * roughness
        used += 3 * cells**2
        corners = _halve_spacing(corners, noise)
    lowest, highest = (end((1, 2), keepdim=True) for end in (corners.amin, corners.amax))
    return ((corners[:, :size, :size] - lowest) / (highest - lowest))[:, None]


def _halve_spacing(corners: Tensor, noise: Tensor) -> Tensor:
    """Put a point between all points of (N, n, n), which wrap round: (N, 2n, 2n).

    noise: (N, 3, n, n), for the middles and for the points to the right of and below the corners.
    """
    pair = corners + corners.roll(-1, 1)
    middle = (pair + pair.roll(-1, 2)) / 4 + noise[:, 0]
    right = (corners + corners.roll(-1, 2) + middle + middle.roll(1, 1)) / 4 + noise[:, 1]
    below = (pair + middle + middle.roll(1, 2)) / 4 + noise[:, 2]
    upper, lower = torch.stack([corners, right], -1), torch.stack([below, middle], -1)
    return torch.stack([upper.flatten(2), lower.flatten(2)], 2).flatten(1, 2)


def frost(images: Tensor, seeds: Tensor, clarity: float, thickness: float) -> Tensor:
    """Lay drawn ice over the picture: clarity times the picture plus thickness times the ice.

    The ice is synthetic. The published sets use photographs of frosted windows instead.
    """
    return add_ice(images, draw_ice(seeds, images.shape[-1], images.device), clarity, thickness)


def add_ice(images: Tensor, ice: Tensor, clarity: float, thickness: float) -> Tensor:
    return (images * clarity).add_(ice, alpha=thickness).clamp_(0, 1)


def spatter(
    images: Tensor,
    seeds: Tensor,
    mean: float,
    sigma: float,
    spread: float,
    threshold: float,
    strength: float,
    mud: bool,
) -> Tensor:
    """Splash water or mud: noise (mean, sigma), smoothed by `spread` pixels, above `threshold`.

    strength: opacity of water at its densest; for mud, sigma of its soft edge in pixels.
    """
    size = images.shape[-1]
    liquid = normal(seeds, size, size, device=images.device).mul_(sigma).add_(mean)
    return splash(images, liquid, spread, threshold, strength, mud)


def splash(
    images: Tensor, liquid: Tensor, spread: float, threshold: float, strength: float, mud: bool
) -> Tensor:
    """Do spatter with given noise (N, S, S)."""
    size = images.shape[-1]
    liquid = smooth(liquid, smoothing_matrix(size, spread, 4).to(images))
    if mud:
        film = smooth(
            (liquid > threshold).to(images), smoothing_matrix(size, strength, 4).to(images)
        )
        film = film.masked_fill_(film < 0.8, 0)[:, None]
        return torch.lerp(images, _color(MUD_BROWN, images), film).clamp_(0, 1)
    levels = liquid.masked_fill(liquid < threshold, 0).mul(255).clamp_(0, 255).to(torch.uint8)
    film = torch.from_numpy(np.stack([_drops(picture) for picture in levels.cpu().numpy()]))
    film = film.to(images)[:, None] * strength
    return torch.addcmul(images, film, _color(PALE_TURQUOISE, images)).clamp_(0, 1)


def _drops(liquid: np.ndarray) -> np.ndarray:
    """Shade the liquid (S, S) uint8 as drops lit from one side: (S, S) float32 in [0, 1]."""
    distance = cv2.distanceTransform(255 - cv2.Canny(liquid, 50, 150), cv2.DIST_L2, 5)
    distance = cv2.blur(np.minimum(distance, 20), (3, 3)).astype(np.uint8)
    relief = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
    light = cv2.filter2D(cv2.equalizeHist(distance), cv2.CV_8U, relief)
    film = liquid * cv2.blur(light, (3, 3)).astype(np.float32)
    return film / max(film.max(), 1)


def _color(color: tuple[float, float, float], images: Tensor) -> Tensor:
    return torch.tensor(color, device=images.device).view(3, 1, 1)
