"""The surfaces of the objects: closed-form patterns, each with a structure of its own.

Each takes x (rightwards) and y (downwards) of the same shape, counted in typical periods, and
returns a smooth field of about -1 (dark) to 1 (light). Their fundamental frequencies lie within
0.7 to 1.3 of the typical one.
"""

import math
from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor


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
    x, y = 1.1 * x, 1.1 * y
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
    waves = (_wave(x * c + y * s) for c, s in ((0, 1), (0.87, 0.5), (0.87, -0.5)))
    hexagonal = reduce(torch.add, waves)
    return _soft(hexagonal - 0.6, 1.2)


def _stripes(x: Tensor, y: Tensor) -> Tensor:
    return _soft(_wave(y * 1.05), 1.6)


def _rings(x: Tensor, y: Tensor) -> Tensor:
    """A square lattice of small rings, each around a dot."""
    radius = torch.hypot(_cell(x * 0.78), _cell(y * 0.78)).clamp(max=0.5)
    return -_soft(_wave(2 * radius), 1.4)


def _grain(x: Tensor, y: Tensor) -> Tensor:
    """Wavy lines along y, as in sawn wood."""
    sway = 0.4 * _wave(y * 0.09 + 0.3 * _wave(x * 0.05)) + 0.15 * _wave(y * 0.21 + x * 0.07)
    return _soft(_wave(x + sway), 1.6)


def _feathers(x: Tensor, y: Tensor) -> Tensor:
    """Short upright dashes, staggered."""
    column = (x * 1.15).round()
    return _soft(_wave(x * 1.15) + 0.9 * _wave(y * 0.55 + column % 2 / 2) - 0.2, 1.4)


def _weave(x: Tensor, y: Tensor) -> Tensor:
    """Basket weave: squares of two threads across, then two threads down."""
    x, y = x * 1.1, y * 1.1
    across = ((x / 2).floor() + (y / 2).floor()) % 2 > 0.5
    return -_soft(torch.where(across, _wave(y), _wave(x)), 1.8)


def _cells(x: Tensor, y: Tensor) -> Tensor:
    """Irregular cells with thin dark walls, as in a leaf under a lens."""
    x, y = x * 0.95, y * 0.95
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


TEXTURES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
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
