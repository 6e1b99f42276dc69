"""Everyday things with two cues to their class: a coarse outline and a fine surface texture."""

import functools
import math

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from blurlab.pictures.grey import grey
from blurlab.pictures.outlines import MARGIN, OUTLINES, SIDE, distance_field
from blurlab.pictures.textures import TEXTURES

CLASSES = tuple(OUTLINES)

_CHUNK = 64  # pictures drawn at a time, to bound the memory
_FINE = 128  # pixels that textures need; smaller pictures are reduced from this
_PACE = 22.0  # typical texture frequency, cycles/image
_ROUNDING = (0.012, 0.03, 0.06)  # blurs of an outline whose sum is its relief, in bank sides
# The uniform random numbers behind one picture.
_CHANCES = (
    *("turn", "scale", "right", "down", "flip", "pace", "phase_x", "phase_y", "sun"),
    *("hue", "second_hue", "light_color", "light_value", "dark_color", "dark_value"),
    *("dusk", "tone", "ground_hue", "ground_color"),
)


@functools.cache  # fixed drawings, not results: every call reads the same bank
def _bank(device: torch.device) -> Tensor:
    """(classes, 2, SIDE, SIDE): distance field of each outline, and a smooth relief to shade."""
    depth = np.stack([distance_field(name) for name in CLASSES])
    relief = np.zeros_like(depth)
    for share in _ROUNDING:
        for outline, sheet in zip(depth, relief, strict=True):
            inside = (outline > 0).astype(np.float32)
            sheet += share * cv2.GaussianBlur(inside, (0, 0), SIDE * share)
    return torch.from_numpy(np.stack([depth, relief], 1)).float().to(device)


def _chances(n: int, generator: torch.Generator, device: torch.device) -> dict[str, Tensor]:
    numbers = torch.rand(len(_CHANCES), n, 1, 1, generator=generator, device=generator.device)
    return dict(zip(_CHANCES, numbers.to(device), strict=True))


def _clouds(n: int, size: int, generator: torch.Generator, device: torch.device) -> Tensor:
    """(n, 3, size, size) clouds of amplitude 1 / frequency: zero mean, unit variance, pale hues."""
    shape = (n, 4, _FINE, _FINE // 2 + 1, 2)
    noise = torch.randn(shape, generator=generator, device=generator.device).to(device)
    rows = torch.fft.fftfreq(_FINE, 1 / _FINE, device=device)[:, None]
    radius = torch.hypot(rows, torch.fft.rfftfreq(_FINE, 1 / _FINE, device=device)[None])
    gain = (radius > 0) / radius.clamp(min=1)
    clouds = torch.fft.irfft2(torch.view_as_complex(noise) * gain, s=(_FINE, _FINE))
    clouds = clouds / clouds.std((2, 3), keepdim=True)
    # A part that the channels share and one of their own; the weights keep the variance at one.
    return _resize(0.9 * clouds[:, :1] + (1 - 0.9**2) ** 0.5 * clouds[:, 1:], size)


def _resize(images: Tensor, size: int) -> Tensor:
    if images.shape[-1] == size:
        return images
    smaller = size < images.shape[-1]
    return F.interpolate(images, (size, size), mode="bicubic", antialias=smaller)


def _pose(chance: dict[str, Tensor], size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Where each pixel lies in its object's upright frame, in picture sides, and the object's size.

    Returns x, y (N, S, S) and scale (N, 1, 1).
    """
    angle = (chance["turn"] - 0.5) * math.radians(34)
    scale = 0.56 + 0.2 * chance["scale"]
    slack = 0.86 - scale
    axis = (torch.arange(size, device=angle.device) + 0.5) / size - 0.5
    x = axis - (chance["right"] - 0.5) * slack
    y = axis[:, None] - (chance["down"] - 0.5) * slack
    cos, sin, side = torch.cos(angle), torch.sin(angle), torch.sign(chance["flip"] - 0.5)
    return side * (cos * x + sin * y), cos * y - sin * x, scale


def _shape(shapes: Tensor, x: Tensor, y: Tensor, scale: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Depth inside the outline and relief, in picture sides, and coverage: (N, S, S) each."""
    grid = torch.stack([x, y], -1) * 2 / (MARGIN * scale[..., None])
    fields = F.grid_sample(
        _bank(x.device)[shapes], grid, padding_mode="border", align_corners=False
    )
    depth, relief = (fields * scale[:, None]).unbind(1)
    return depth, relief, (depth * x.shape[-1] + 0.5).clamp(0, 1)


def _texture(
    textures: Tensor, chance: dict[str, Tensor], x: Tensor, y: Tensor, alpha: Tensor
) -> Tensor:
    """(N, S, S) textures with zero mean and unit variance over each object, whatever the class."""
    pace = _PACE * (0.94 + 0.12 * chance["pace"])
    x, y = x * pace + 8 * chance["phase_x"], y * pace + 8 * chance["phase_y"]
    field = torch.empty_like(x)
    for index in textures.unique().tolist():
        chosen = textures == index
        field[chosen] = TEXTURES[CLASSES[index]](x[chosen], y[chosen])
    weight = alpha / alpha.sum((1, 2), keepdim=True)
    field = field - (field * weight).sum((1, 2), keepdim=True)
    return field / (field**2 * weight).sum((1, 2), keepdim=True).sqrt()


def _hsv(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """(N, 3, 1, 1) RGB of (N, 1, 1) hue (in turns), saturation and value in [0, 1]."""
    turn = (6 * hue[:, None] + hue.new_tensor([5.0, 3.0, 1.0]).view(3, 1, 1)) % 6
    share = torch.minimum(turn, 4 - turn).clamp(0, 1)
    return value[:, None] * (1 - saturation[:, None] * share)


def _lift(colors: Tensor, luminance: float) -> Tensor:
    """(N, 3, 1, 1) colours with as much white added as brings each to a luminance."""
    missing = luminance - grey(colors)
    return (colors + missing.clamp(min=0)).clamp(0, 1)


def _shade(chance: dict[str, Tensor], relief: Tensor) -> Tensor:
    """(N, 1, S, S) brightness of a relief under a sun somewhere above."""
    sun = math.pi * (-0.75 + 0.5 * chance["sun"])
    down, right = torch.gradient(relief, dim=(1, 2))
    slope = (right * torch.cos(sun) + down * torch.sin(sun)) * relief.shape[-1]
    return 1 - 0.3 * torch.tanh(0.6 * slope)[:, None]


def _paint(chance: dict[str, Tensor], texture: Tensor, rim: Tensor) -> Tensor:
    """(N, 3, S, S) surfaces: a light and a dark tone mixed by the texture; the rim set off."""
    hue, other = chance["hue"], chance["hue"] + 0.3 * (chance["second_hue"] - 0.5)
    light = _hsv(hue, 0.25 + 0.45 * chance["light_color"], 0.9 + 0.1 * chance["light_value"])
    dark = _hsv(other, 0.65 + 0.3 * chance["dark_color"], 0.2 + 0.2 * chance["dark_value"])
    light, dark = _lift(light, 0.66), _lift(dark, 0.14)
    mix = (0.5 + 0.42 * texture[:, None] + 0.8 * rim).clamp(0, 1)
    return dark + (light - dark) * mix


def _ground(chance: dict[str, Tensor], dusk: Tensor, clouds: Tensor, depth: Tensor) -> Tensor:
    """(N, 3, S, S) backgrounds of another hue, dark at dusk, with the object's soft shadow."""
    hue = chance["hue"] + 0.2 + 0.6 * chance["ground_hue"]
    tone = torch.where(dusk, 0.2 + 0.12 * chance["tone"], 0.78 + 0.12 * chance["tone"])
    color = torch.where(dusk, 0.25, 0.05) + 0.3 * chance["ground_color"]
    shadow = 1 - 0.5 * torch.exp(28 * depth.clamp(max=0))
    swing = torch.where(dusk, 0.06, 0.08)[:, None]
    return (_hsv(hue, color, tone) + swing * clouds) * shadow[:, None]


def _draw(shapes: Tensor, textures: Tensor, size: int, generator: torch.Generator) -> Tensor:
    chance = _chances(len(shapes), generator, shapes.device)
    clouds = _clouds(len(shapes), size, generator, shapes.device)
    x, y, scale = _pose(chance, size)
    depth, relief, alpha = _shape(shapes, x, y, scale)
    texture = _texture(textures, chance, x, y, alpha)
    dusk = chance["dusk"] < 0.5
    # A light rim on a dark ground and a dark one on a light ground: the outline stays whole where
    # the texture meets the ground in its own tone.
    rim = torch.where(dusk, 1, -1) * torch.exp(-90 * depth.clamp(min=0))
    surface = _paint(chance, texture, rim[:, None]) * _shade(chance, relief)
    ground = _ground(chance, dusk, clouds, depth)
    return (ground + alpha[:, None] * (surface - ground)).clamp(0, 1)


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
