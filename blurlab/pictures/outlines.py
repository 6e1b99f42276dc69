"""The outlines of the objects, drawn by hand as SVG path data, and their signed distance fields."""

import re
from typing import NamedTuple

import cv2
import numpy as np

# Pixels per side of a distance field, and how much wider it is than its object: the rim leaves
# room for the shadow that falls around the object.
SIDE = 320
MARGIN = 1.4
_FINE = 1440  # side of the binary drawing that distances are measured on


class Part(NamedTuple):
    """One step of a drawing: add or cut the inside of a path, or a round pen stroke along it."""

    path: str  # SVG path data with absolute M, L, Q, C and Z, y downwards, roughly in 0..100
    width: float = 0  # of the pen; 0 fills the path; a lone M with a width is a disc
    cut: bool = False
    mirror: bool = False  # also draw the reflection in the line x = 50


def _cut(path: str, width: float = 0, mirror: bool = False) -> Part:
    return Part(path, width, True, mirror)


OUTLINES: dict[str, tuple[Part, ...]] = {
    "fish": (
        Part(
            "M 3 50 C 14 30 40 22 62 36 C 68 40 72 44 76 46 C 82 40 90 30 97 25 C 92 42 92 58 97 75"
            " C 90 70 82 60 76 54 C 72 57 66 62 60 66 C 38 78 14 70 3 50 Z"
        ),
        Part("M 28 34 C 34 18 48 12 62 17 C 57 23 58 30 66 40 Z"),
        Part("M 36 68 C 41 80 50 86 58 84 C 54 78 54 72 58 64 Z"),
        _cut("M 17 45", 6.5),
        _cut("M 29 37 C 36 45 36 56 29 64", 2.6),
        _cut("M 2 55 L 11 56", 2.4),
    ),
    "house": (
        Part("M 16 46 L 84 46 L 84 94 L 16 94 Z"),
        Part("M 50 6 L 98 49 L 2 49 Z"),
        Part("M 70 9 L 82 9 L 82 40 L 70 30 Z"),
        _cut("M 16 50.5 L 84 50.5", 2.4),
        _cut("M 41 94 L 41 70 C 41 60 59 60 59 70 L 59 94 Z"),
        _cut("M 23 61 L 34 61 L 34 75 L 23 75 Z", mirror=True),
    ),
    "tree": (
        Part("M 42 82 L 58 82 L 59 104 L 41 104 Z"),
        Part(
            "M 50 2 C 54 13 61 23 70 31 C 66 33 62 33 59 32 C 64 42 73 51 82 57"
            " C 77 59 71 59 67 58 C 73 68 82 78 93 85 C 80 90 62 90 50 88 Z",
            mirror=True,
        ),
    ),
    "cup": (
        Part(
            "M 8 14 L 70 14 C 70 40 69 66 66 82 C 64 90 60 92 54 92 L 24 92 C 18 92 14 90 12 82"
            " C 9 66 8 40 8 14 Z"
        ),
        Part("M 66 32 C 92 24 98 48 89 60 C 84 67 76 70 66 71", 8.5),
        _cut("M 13 22 C 28 27 50 27 65 22", 2.6),
    ),
    "key": (
        Part("M 22 50", 44),
        Part("M 40 44 L 98 44 L 98 56 L 40 56 Z"),
        Part("M 45 38 L 51 38 L 51 62 L 45 62 Z"),
        Part("M 72 50 L 80 50 L 80 74 L 72 74 Z"),
        Part("M 87 50 L 98 50 L 98 78 L 87 78 Z"),
        _cut("M 20 50", 20),
    ),
    "umbrella": (
        Part(
            "M 1 52 C 3 24 26 8 50 8 C 74 8 97 24 99 52 Q 87 42 74.5 53 Q 62 42 50 53"
            " Q 38 42 25.5 53 Q 13 42 1 52 Z"
        ),
        Part("M 50 4 L 50 12", 4),
        Part("M 50 44 L 50 86 C 50 98 33 98 33 86", 5.5),
        _cut("M 48 14 C 38 22 28 36 26 50", 2, mirror=True),
    ),
    "car": (
        Part(
            "M 3 68 C 2 58 5 53 12 51 L 25 48 C 31 36 37 29 47 29 L 61 29 C 70 29 76 38 82 47"
            " C 93 49 98 53 98 62 L 97 70 L 4 70 Z"
        ),
        _cut("M 25 70", 26),
        _cut("M 76 70", 26),
        Part("M 25 70", 21),
        Part("M 76 70", 21),
        _cut("M 25 70", 6),
        _cut("M 76 70", 6),
        _cut("M 33 47 C 37 39 41 35 47 35 L 52 35 L 52 47 Z"),
        _cut("M 57 35 L 61 35 C 67 35 71 41 74 47 L 57 47 Z"),
    ),
    "butterfly": (
        Part(
            "M 50 46 C 56 26 76 8 94 10 C 101 14 99 36 89 48 C 80 56 62 56 50 53 Z",
            mirror=True,
        ),
        Part(
            "M 50 51 C 64 54 80 54 86 65 C 91 78 80 92 70 91 C 60 88 54 74 50 62 Z",
            mirror=True,
        ),
        Part("M 51 30 C 53 21 57 14 63 10", 2.4, mirror=True),
        Part("M 63 10", 5, mirror=True),
        _cut("M 50 32 L 50 78", 10),
        Part("M 50 32 L 50 76", 6),
        Part("M 50 30", 8),
    ),
    "guitar": (
        Part(
            "M 50 48 C 62 44 74 48 75 58 C 75 65 69 67 70 72 C 72 77 82 79 81 89"
            " C 80 101 62 103 50 103 Z",
            mirror=True,
        ),
        Part("M 45.5 14 L 54.5 14 L 54.5 54 L 45.5 54 Z"),
        Part("M 42 -3 L 58 -3 L 56 16 L 44 16 Z"),
        Part("M 43 2 L 38 2", 4, mirror=True),
        Part("M 44 9.5 L 39 9.5", 4, mirror=True),
        _cut("M 50 66", 13),
        _cut("M 40 89 L 60 89", 3.4),
    ),
    "duck": (
        Part("M 33 26", 38),
        Part("M 20 20 C 12 24 4 26 1 32 C 7 38 15 38 22 36 Z"),
        Part(
            "M 24 38 C 28 46 26 50 20 56 C 8 66 8 84 30 90 C 46 94 70 94 82 86 C 94 78 98 62 97 44"
            " C 90 52 80 54 70 53 C 58 52 48 50 50 34 Z"
        ),
        _cut("M 29 22", 6),
        _cut("M 17 22 C 20 27 20 32 17 38", 2.4),
        _cut("M 42 64 C 48 80 70 82 80 65", 2.8),
    ),
    "boot": (
        Part(
            "M 20 3 L 60 3 C 58 24 57 38 61 48 C 70 57 92 58 96 76 L 96 84 L 17 84"
            " C 20 60 24 34 20 3 Z"
        ),
        Part("M 16 86 L 97 86 C 98 92 95 95 90 95 L 58 95 L 44 92 L 43 99 L 17 99 Z"),
        _cut("M 18 16 L 62 16", 2.6),
    ),
    "leaf": (
        Part(
            "M 50 2 L 58.5 19 L 67 15 L 63 39 L 75 27 L 78 34 L 92 31 L 88 47 L 95 51 L 72 69"
            " L 75 77 L 50 73 Z",
            mirror=True,
        ),
        Part("M 50 70 L 50 98", 4),
    ),
}

_DEGREE = {"M": 1, "L": 1, "Q": 2, "C": 3}


def _bezier(points: np.ndarray, steps: int = 40) -> np.ndarray:
    """steps points along the Bezier curve of the control points (2 to 4, 2), without its start."""
    along = np.linspace(0, 1, steps + 1)[1:, None, None]
    points = np.broadcast_to(points, (steps, *points.shape))
    while points.shape[1] > 1:  # de Casteljau
        points = points[:, :-1] * (1 - along) + points[:, 1:] * along
    return points[:, 0]


def trace(path: str) -> np.ndarray:
    """The (P, 2) polyline of one SVG sub-path."""
    points = np.empty((0, 2))
    for command, numbers in re.findall(r"([MLQC])([^MLQCZ]*)", path):
        given = np.array(numbers.split(), float).reshape(-1, _DEGREE[command], 2)
        for controls in given:
            if command in "ML":
                points = np.concatenate([points, controls])
            else:
                points = np.concatenate([points, _bezier(np.concatenate([points[-1:], controls]))])
    return points


def _stamp(canvas: np.ndarray, points: np.ndarray, part: Part, scale: float) -> None:
    colour, shift = 0 if part.cut else 255, 4
    fixed = np.round(points * 2**shift).astype(np.int32)[None]
    if not part.width:
        cv2.fillPoly(canvas, fixed, colour, shift=shift)
        return
    radius = part.width * scale / 2
    cv2.polylines(canvas, fixed, False, colour, max(round(2 * radius), 1), shift=shift)
    for x, y in fixed[0][[0, -1]].tolist():
        cv2.circle(canvas, (x, y), round(radius * 2**shift), colour, -1, shift=shift)


def _paint(parts: tuple[Part, ...], scale: float, offset: np.ndarray) -> np.ndarray:
    canvas = np.zeros((_FINE, _FINE), np.uint8)
    for part in parts:
        points = trace(part.path)
        _stamp(canvas, points * scale + offset, part, scale)
        if part.mirror:
            _stamp(canvas, points * (-1, 1) * scale + (100 * scale, 0) + offset, part, scale)
    return canvas


def _extent(parts: tuple[Part, ...]) -> tuple[np.ndarray, float]:
    """The centre (x, y) of a drawing, and its apparent size, both in the units of its paths.

    The size lies between the longest side and that of a square of the same area (x 1.27, which
    makes it the longest side for a compact thing), so that slender things are drawn longer.
    """
    rough = _FINE / 160
    rows, columns = np.nonzero(_paint(parts, rough, np.full(2, 30 * rough)))
    low = np.array([columns.min(), rows.min()])
    high = np.array([columns.max(), rows.max()]) + 1
    size = 1.27 * ((high - low).max() * len(rows) ** 0.5) ** 0.5
    return (low + high) / 2 / rough - 30, size / rough


def distance_field(name: str) -> np.ndarray:
    """How deep each point lies inside an object: (SIDE, SIDE), negative outside.

    The object is centred and its size is about 1; the field spans MARGIN, and distances are in
    the same unit, so that an edge can be drawn sharp at any size.
    """
    parts = OUTLINES[name]
    centre, size = _extent(parts)
    scale = _FINE / MARGIN / size
    inside = _paint(parts, scale, _FINE / 2 - scale * centre)
    within = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    depth = within - cv2.distanceTransform(255 - inside, cv2.DIST_L2, 5)
    small = cv2.resize(depth, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return small * (MARGIN / _FINE)
