"""Everyday things with two cues to their class: a coarse outline and a fine surface texture."""

import functools
import math

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from blurlab.outlines import MARGIN, OUTLINES, SIDE, distance_field

CLASSES = tuple(OUTLINES)
_CHUNK = 64
_FINE = 128  # textures need this many pixels; smaller pictures are reduced from it
_PACE = 22.0  # typical texture frequency, cycles/image


def _wave(turns: Tensor) -> Tensor:
    return torch.cos(2 * math.pi * turns)


def _cell(x: Tensor) -> Tensor:
    """Position within a unit cell, -1/2 to 1/2."""
    return x - x.round()


def _soft(field: Tensor, sharpness: float = 2.0) -> Tensor:
    return torch.tanh(sharpness * field)


def _scales(x: Tensor, y: Tensor) -> Tensor:
    """Rows of overlapping discs, each darker towards its rim."""
    x, y = 0.72 * x, 1.3 * y
    value, taken = torch.zeros_like(x), torch.zeros_like(x)
    row = y.floor()
    for step in (1, 0, -1):
        across = _cell(x + (row + step) % 2 / 2)
        rim = 0.62 - torch.hypot(across, (y - row - step) * 0.5)
        cover = torch.sigmoid(24 * rim) * (1 - taken)
        value, taken = value + cover * (rim * 4 - 0.5).clamp(-1, 1), taken + cover
    return value


def _bricks(x: Tensor, y: Tensor) -> Tensor:
    """Running bond: bricks twice as long as high, thin dark mortar."""
    row = (y + 0.5).floor()
    mortar = torch.maximum(-_wave(y), -_wave(x / 2 + row % 2 / 2) * 1.5 - 0.5)
    return -_soft(mortar - 0.3)


def _zigzag(x: Tensor, y: Tensor) -> Tensor:
    return _soft(_wave(y + 1.1 * _cell(x * 0.36).abs() * 2), 1.6)


def _checks(x: Tensor, y: Tensor) -> Tensor:
    return _soft(_wave(x * 0.72) * _wave(y * 0.72), 2.5)


def _hatch(x: Tensor, y: Tensor) -> Tensor:
    return _soft(_wave((x + y) * 0.75), 1.6)


def _dots(x: Tensor, y: Tensor) -> Tensor:
    """Light discs on a hexagonal lattice."""
    y = y * 0.95
    hexagonal = sum(_wave(x * c + y * s) for c, s in ((0, 1), (0.87, 0.5), (0.87, -0.5)))
    return _soft(hexagonal - 0.6, 1.2)


def _stripes(x: Tensor, y: Tensor) -> Tensor:
    return _soft(_wave(y * 1.05), 1.6)


def _rings(x: Tensor, y: Tensor) -> Tensor:
    """A square lattice of small rings."""
    radius = torch.hypot(_cell(x * 0.62), _cell(y * 0.62))
    return -_soft(_wave(radius / 0.5), 1.4) * (radius < 0.5) + -1.0 * (radius >= 0.5) * 0.8


def _grain(x: Tensor, y: Tensor) -> Tensor:
    """Wavy lines along y, as in sawn wood."""
    sway = 0.7 * _wave(y * 0.09 + 0.3 * _wave(x * 0.05)) + 0.25 * _wave(y * 0.21 + x * 0.07)
    return _soft(_wave(x + sway), 1.6)


def _feathers(x: Tensor, y: Tensor) -> Tensor:
    """Short upright dashes, staggered."""
    column = (x * 1.05).round()
    return _soft(_wave(x * 1.05) + 0.9 * _wave(y * 0.5 + column % 2 / 2) - 0.2, 1.4)


def _weave(x: Tensor, y: Tensor) -> Tensor:
    """Basket weave: squares of two threads across, then two threads down."""
    x, y = x * 1.1, y * 1.1
    across = ((x / 2).floor() + (y / 2).floor()) % 2 > 0.5
    return -_soft(torch.where(across, _wave(y), _wave(x)), 1.8)


def _cells(x: Tensor, y: Tensor) -> Tensor:
    """Irregular cells with thin dark walls, as in a leaf under a lens."""
    x, y = x * 0.85, y * 0.85
    column, row = x.floor(), y.floor()
    nearest = torch.full_like(x, 9.0)
    second = nearest
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            seed = (column + i) * 127.1 + (row + j) * 311.7
            jitter_x, jitter_y = (
                torch.frac(torch.sin(seed * k) * 43.7) * 0.4 for k in (0.11, 0.17)
            )
            distance = torch.hypot(x - column - i - 0.5 - jitter_x, y - row - j - 0.5 - jitter_y)
            second = torch.minimum(second, torch.maximum(nearest, distance))
            nearest = torch.minimum(nearest, distance)
    return _soft(second - nearest - 0.22, 4)


TEXTURES = {
    "fish": _scales,
    "house": _bricks,
    "tree": _zigzag,
    "cup": _checks,
    "key": _hatch,
    "umbrella": _dots,
    "car": _stripes,
    "butterfly": _rings,
    "guitar": _grain,
    "duck": _feathers,
    "boot": _weave,
    "leaf": _cells,
}


@functools.cache  # fixed drawings, not results: every call reads the same bank
def _bank(device: torch.device) -> Tensor:
    """(classes, 2, SIDE, SIDE): distance field of each outline, and a soft height for shading."""
    depth = np.stack([distance_field(name) for name in CLASSES])
    height = [cv2.GaussianBlur(np.sqrt(d.clip(0)), (0, 0), SIDE / 40) for d in depth]
    return torch.from_numpy(np.stack([depth, np.stack(height)], 1)).float().to(device)


def _hsv(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """(N, 3) RGB of (N,) hue (any turn), saturation and value in [0, 1]."""
    turn = (torch.tensor([5.0, 3.0, 1.0], device=hue.device) + 6 * hue[:, None]) % 6
    share = torch.minimum(turn, 4 - turn).clamp(0, 1)
    return value[:, None] * (1 - saturation[:, None] * share)


def _background(n: int, size: int, generator: torch.Generator, device: torch.device) -> Tensor:
    """(n, 3, size, size) clouds of amplitude 1 / frequency: zero mean, unit variance, pale hues."""
    noise = torch.randn(
        n, 3, _FINE, _FINE // 2 + 1, 2, generator=generator, device=generator.device
    )
    noise = torch.view_as_complex(noise.to(device))
    rows = torch.fft.fftfreq(_FINE, 1 / _FINE, device=device)[:, None]
    radius = torch.hypot(rows, torch.fft.rfftfreq(_FINE, 1 / _FINE, device=device)[None])
    gain = (radius > 0) / radius.clamp(min=1)
    clouds = torch.fft.irfft2(noise * gain, s=(_FINE, _FINE))
    clouds = clouds / clouds.std((2, 3), keepdim=True)
    clouds = 0.75 * clouds.mean(1, keepdim=True) * 3**0.5 + 0.45 * clouds
    return _resize(clouds, size)


def _resize(images: Tensor, size: int) -> Tensor:
    if images.shape[-1] == size:
        return images
    return F.interpolate(
        images, (size, size), mode="bicubic", antialias=size < images.shape[-1], align_corners=False
    )


def _pose(chance: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Where each pixel lies in its object's upright frame, in picture sides, and the object's side.

    chance: (N, 5) uniform numbers. Returns x, y (N, size, size) and scale (N, 1, 1).
    """
    turn, scale, right, down, flip = (chance[:, i, None, None] for i in range(5))
    angle, scale = (turn - 0.5) * math.radians(36), 0.55 + 0.23 * scale
    slack = 0.92 - scale
    axis = (torch.arange(size, device=chance.device) + 0.5) / size - 0.5
    x = axis[None, None, :] - (right - 0.5) * slack
    y = axis[None, :, None] - (down - 0.5) * slack
    sign = torch.where(flip < 0.5, -1.0, 1.0)
    cos, sin = torch.cos(angle), torch.sin(angle)
    return sign * (cos * x + sin * y), cos * y - sin * x, scale


def _surface(textures: Tensor, x: Tensor, y: Tensor, alpha: Tensor) -> Tensor:
    """(N, S, S) textures with zero mean and unit variance over each object, whatever the class."""
    field = torch.empty_like(x)
    for index in textures.unique().tolist():
        chosen = textures == index
        field[chosen] = TEXTURES[CLASSES[index]](x[chosen], y[chosen])
    area = alpha.sum((1, 2), keepdim=True)
    field = field - (field * alpha).sum((1, 2), keepdim=True) / area
    spread = ((field**2 * alpha).sum((1, 2), keepdim=True) / area).sqrt()
    return field / spread


def _slope(height: Tensor, angle: Tensor) -> Tensor:
    """Steepness of (N, S, S) heights towards the light, per picture side."""
    down, right = torch.gradient(height, dim=(1, 2))
    return (right * torch.cos(angle) + down * torch.sin(angle)) * height.shape[-1]


def _draw(shapes: Tensor, textures: Tensor, size: int, generator: torch.Generator) -> Tensor:
    n, device = len(shapes), shapes.device
    chance = torch.rand(n, 17, generator=generator, device=generator.device).to(device)
    clouds = _background(n, size, generator, device)
    x, y, scale = _pose(chance[:, :5], size)
    grid = torch.stack([x, y], -1) * 2 / (MARGIN * scale[..., None])
    sampled = F.grid_sample(_bank(device)[shapes], grid, padding_mode="border", align_corners=False)
    depth, height = sampled[:, 0] * scale, sampled[:, 1] * scale
    alpha = (depth * size + 0.5).clamp(0, 1)
    pace = _PACE * (0.94 + 0.12 * chance[:, 5, None, None])
    texture = _surface(textures, x * pace + chance[:, 6, None, None], y * pace, alpha)[:, None]

    hue, second = chance[:, 7], chance[:, 7] + 0.3 * (chance[:, 8] - 0.5)
    light = _hsv(hue, 0.25 + 0.4 * chance[:, 9], 0.9 + 0.1 * chance[:, 10])[..., None, None]
    dark = _hsv(second, 0.65 + 0.3 * chance[:, 11], 0.25 + 0.15 * chance[:, 12])[..., None, None]
    mix = 0.5 + 0.42 * texture
    sun = math.pi * (-0.75 + 0.5 * chance[:, 13, None, None])
    shade = 1 - 0.22 * torch.tanh(_slope(height, sun) * 2)[:, None]
    surface = (dark + (light - dark) * mix).clamp(0, 1) * shade

    tone = torch.where(chance[:, 14] < 0.5, 0.2 + 0.2 * chance[:, 14], 0.64 + 0.2 * chance[:, 14])
    ground = _hsv(chance[:, 15], 0.1 + 0.4 * chance[:, 16], tone)[..., None, None]
    shadow = 1 - 0.55 * torch.exp(depth.clamp(max=0) * 28)[:, None]
    behind = (ground + 0.09 * clouds) * shadow
    return (behind + alpha[:, None] * (surface - behind)).clamp(0, 1)


def draw(shapes: Tensor, textures: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """Pictures of things that have the outline of one class and the surface of another.

    shapes, textures: (N,) indices into CLASSES; their device is where the pictures are made.
    size: side in pixels, from 32. Textures have 16 to 28 cycles/image, so that they fade below 64.
    Pose, light, colours and background come from the generator; none depends on the classes, and
    the same generator state gives the same scenes at every size.
    Returns (N, 3, size, size) in [0, 1].
    """
    if size < 32:
        raise ValueError(f"size is {size} pixels, but objects need at least 32")
    fine = max(size, _FINE)
    pairs = zip(shapes.split(_CHUNK), textures.split(_CHUNK), strict=True)
    return torch.cat([_resize(_draw(s, t, fine, generator), size).clamp(0, 1) for s, t in pairs])


def objects(
    n: int, size: int, generator: torch.Generator, *, device: torch.device | str | None = None
) -> tuple[Tensor, Tensor]:
    """n pictures whose outline and texture agree, of classes drawn uniformly.

    Returns images (n, 3, size, size) in [0, 1] and labels (n,), on device (the generator's when
    None).
    """
    labels = torch.randint(len(CLASSES), (n,), generator=generator, device=generator.device)
    labels = labels.to(generator.device if device is None else device)
    return draw(labels, labels, size, generator), labels


def cue_conflicts(n: int, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """n pictures whose outline names one class and whose texture names another.

    Returns images (n, 3, size, size) in [0, 1], and the classes (n,) of shape and of texture.
    """
    many, device = len(CLASSES), generator.device
    shapes = torch.randint(many, (n,), generator=generator, device=device)
    ahead = torch.randint(1, many, (n,), generator=generator, device=device)
    textures = (shapes + ahead) % many
    return draw(shapes, textures, size, generator), shapes, textures
