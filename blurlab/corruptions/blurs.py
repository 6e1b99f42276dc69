"""Blurs: out of focus, moving, behind frosted glass, zooming, and Gaussian."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from blurlab.corruptions.draws import uniform


def gaussian_blur(images: Tensor, sigma: float) -> Tensor:
    """Blur by a Gaussian that is cut off at 4 sigma (in pixels); the edge pixels repeat."""
    return smooth(images, smoothing_matrix(images.shape[-1], sigma, 4).to(images)).clamp_(0, 1)


def smooth(images: Tensor, matrix: Tensor) -> Tensor:
    """Apply one (S, S) matrix to the rows and the columns of (..., S, S)."""
    return matrix @ (images @ matrix.T)


def smoothing_matrix(size: int, sigma: float, truncate: float, edge: str = "repeat") -> Tensor:
    """Build the (size, size) float64 matrix that blurs a column by a Gaussian.

    sigma: in pixels; 0 changes nothing.  truncate: kernel half size in sigmas.
    edge: what lies beyond the picture: "repeat" (the edge pixel) or "mirror" (the picture itself).
    """
    if sigma == 0:
        return torch.eye(size, dtype=torch.float64)
    half = int(truncate * sigma + 0.5)
    offset = torch.arange(-half, half + 1)
    weights = torch.exp(-0.5 * (offset.double() / sigma) ** 2)
    source = torch.arange(size)[:, None] + offset
    if edge == "repeat":
        source = source.clamp(0, size - 1)
    else:
        source = source % (2 * size)
        source = torch.minimum(source, 2 * size - 1 - source)
    matrix = torch.zeros(size, size, dtype=torch.float64)
    return matrix.scatter_add_(1, source, (weights / weights.sum()).expand(size, -1))


def defocus_blur(images: Tensor, radius: float, softness: float) -> Tensor:
    """Average over a disk of the given radius in pixels; the picture is mirrored at its edge.

    softness: sigma of the small Gaussian that rounds off the disk, in pixels.
    """
    kernel = _disk(radius, softness).to(images)
    half = kernel.shape[-1] // 2
    return _convolve(F.pad(images, (half,) * 4, mode="reflect"), kernel).clamp_(0, 1)


def _disk(radius: float, softness: float) -> Tensor:
    """Draw the disk on at least 17 x 17 pixels and soften it: float64, sum 1."""
    half, reach = (8, 1) if radius <= 8 else (int(radius), 2)
    position = torch.arange(-half, half + 1, dtype=torch.float64)
    disk = ((position[:, None] ** 2 + position**2) <= radius**2).double()
    offset = torch.arange(-reach, reach + 1, dtype=torch.float64)
    weights = torch.exp(-0.5 * (offset / softness) ** 2)
    weights = (weights[:, None] * weights / weights.sum() ** 2)[None, None]
    padded = F.pad((disk / disk.sum())[None, None], (reach,) * 4, mode="reflect")
    return F.conv2d(padded, weights)[0, 0]


def _convolve(images: Tensor, kernels: Tensor) -> Tensor:
    """Slide kernels (..., h, w) over images (..., H, W), where they overlap fully.

    Returns (..., H - h + 1, W - w + 1). Through the Fourier transform, whose cost does not depend
    on the kernel.
    """
    (height, width), (high, wide) = images.shape[-2:], kernels.shape[-2:]
    padded = _fast_length(height), _fast_length(width)
    spectrum = torch.fft.rfft2(images, s=padded).mul_(torch.fft.rfft2(kernels, s=padded))
    return torch.fft.irfft2(spectrum, s=padded)[..., high - 1 : height, wide - 1 : width]


def _fast_length(length: int) -> int:
    """Find the next even length without prime factors above 5, which transforms fast."""
    length += length % 2
    while 30**20 % length:
        length += 2
    return length


def motion_blur(images: Tensor, seeds: Tensor, radius: int, sigma: float) -> Tensor:
    """Smear each picture in one direction within 45 degrees of the horizontal.

    The trail fades as one half of a Gaussian (sigma in pixels) over 2 radius + 1 pixels, so that
    the picture also shifts; the edge pixels repeat.
    """
    angles = 90 * uniform(seeds, 1)[:, 0].double() - 45
    return smear(images, angles, radius, sigma, around=0).clamp_(0, 1)


def smear(images: Tensor, angles: Tensor, radius: int, sigma: float, around: float) -> Tensor:
    """Smear (N, C, H, W) along angles (N,), in degrees and within 45 degrees of `around`."""
    limits = _trail(around + torch.tensor([-45.0, 0.0, 45.0], dtype=torch.float64), radius)
    first, last = limits.amin((0, 1)), limits.amax((0, 1))
    (up, left), (down, right) = (-first).tolist(), last.tolist()
    rows, columns = (last - _trail(angles, radius)).unbind(-1)  # flipped, as convolution does
    weights = torch.exp(-0.5 * (torch.arange(2 * radius + 1, dtype=torch.float64) / sigma) ** 2)
    weights = (weights / weights.sum()).expand(len(angles), -1)
    size = up + down + 1, left + right + 1
    kernels = torch.zeros(len(angles), math.prod(size), dtype=torch.float64)
    kernels.scatter_add_(1, rows * size[1] + columns, weights)
    padded = F.pad(images, (left, right, up, down), mode="replicate")
    return _convolve(padded, kernels.view(-1, 1, *size).to(images))


def _trail(angles: Tensor, radius: int) -> Tensor:
    """List the whole pixels that a trail averages over: (N, 2 radius + 1, 2) rows and columns."""
    direction = torch.stack([torch.sin(angles.deg2rad()), torch.cos(angles.deg2rad())], -1)
    step = torch.arange(2 * radius + 1, dtype=torch.float64)[:, None]
    return torch.ceil(step * direction[:, None] - 0.5).long()


def glass_blur(images: Tensor, seeds: Tensor, sigma: float, reach: int, rounds: int) -> Tensor:
    """Blur (sigma in pixels), move every pixel by up to `reach`, `rounds` times, and blur again."""
    side = images.shape[-1] - 2 * reach
    moves = uniform(seeds, 2, rounds, side, side, device=images.device)
    moves = moves.mul_(2 * reach).to(torch.int32).sub_(reach)
    return shuffle_between_blurs(images, moves, sigma, reach)


def shuffle_between_blurs(images: Tensor, moves: Tensor, sigma: float, reach: int) -> Tensor:
    """Do glass_blur with given moves (N, 2, rounds, S - 2 reach, S - 2 reach): rows, columns.

    Each entry says from where, within -reach ... reach - 1, the pixel at reach + 1 and beyond takes
    its value. Between the blurs the picture has 8 bits, truncated.
    """
    size = images.shape[-1]
    matrix = smoothing_matrix(size, sigma, 4).to(images)
    # The small addition keeps a flat area's exact level from falling to the one below.
    levels = smooth(images, matrix).mul_(255).add_(1e-4).floor_()
    sources = _shuffle_sources(moves[:, :, 0], size, reach)
    for k in range(1, moves.shape[2]):
        sources = sources.gather(1, _shuffle_sources(moves[:, :, k], size, reach))
    shuffled = levels.flatten(2).gather(2, sources[:, None].expand(-1, 3, -1)).view_as(images)
    return smooth(shuffled, matrix).div_(255).clamp_(0, 1)


def _shuffle_sources(moves: Tensor, size: int, reach: int) -> Tensor:
    """Find which pixel each pixel's value comes from after one round: (N, size * size) indices.

    The round visits the pixels from the last to the first and each copies the pixel that its move
    points at. One that points ahead copies what that pixel has copied before, and so on: such
    chains are followed by pointer doubling.
    """
    pixel = torch.arange(size * size, device=moves.device).view(size, size)
    aims = pixel.expand(len(moves), -1, -1).clone()
    visited = slice(reach + 1, size - reach + 1)
    aims[:, visited, visited] += moves[:, 0] * size + moves[:, 1]
    aims, pixel = aims.flatten(1), pixel.flatten()
    follows = torch.where(aims > pixel, aims, pixel)
    # A move points ahead with a chance below 1/2, so chains beyond 64 links do not happen.
    for _ in range(6):
        follows = follows.gather(1, follows)
    return aims.gather(1, follows)


def zoom_blur(images: Tensor, factors: tuple[float, ...]) -> Tensor:
    """Average the picture with itself enlarged by each of the factors; factor 1 counts twice."""
    size = images.shape[-1]
    total = images.clone()
    for factor in factors:
        total += images if factor == 1 else clipped_zoom(images, factor)[..., :size, :size]
    return total.div_(len(factors) + 1).clamp_(0, 1)


def clipped_zoom(images: Tensor, factor: float) -> Tensor:
    """Enlarge the middle of (N, C, S, S) to about S: a pixel or two more, never less."""
    size = images.shape[-1]
    side = zoomed_side(size, factor)
    start = (size - side) // 2
    middle = images[..., start : start + side, start : start + side]
    return enlarge(middle, factor)


def zoomed_side(size: int, factor: float) -> int:
    """Say how many pixels of a side a zoom shows."""
    return math.ceil(size / factor)


def enlarge(images: Tensor, factor: float) -> Tensor:
    """Enlarge linearly, corner pixels onto corner pixels."""
    side = round(images.shape[-1] * factor)
    return F.interpolate(images, size=(side, side), mode="bilinear", align_corners=True)
