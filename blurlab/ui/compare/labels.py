"""Places for the names of a figure's points, so that none lies on another or on a point."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

MARKER = 8  # pixels from the middle of a point to its edge, and a little more
LETTER, LINE = 0.56, 1.35  # width of a letter and height of a line, in sizes of the type
BAR = 3  # half of what an interval's bar covers, in pixels
APART = 6  # pixels between two names that stand side by side
DETOUR = 30  # pixels that a name goes further away for not lying on a bar
GAPS = (2, 14, 30, 48, 70, 95, 125, 160, 200)  # pixels from a point's edge to its name
# Sixteenths of a turn in the order in which they are tried: right, left, above, below, between.
TURNS = (0, 8, 4, 12, 2, 14, 6, 10, 1, 15, 7, 9, 3, 13, 5, 11)


class Spot(NamedTuple):
    """A point of a figure, in shares of its width from the left and of its height from the top.

    across, down: the ends of its intervals.  reach: pixels from its middle to its mark's edge.
    """

    x: float
    y: float
    across: tuple[float, float]
    down: tuple[float, float]
    reach: float = MARKER

    def at(self, size: tuple[float, float]) -> tuple[float, float]:
        """Return where it lies in a figure of (width, height), in pixels."""
        return self.x * size[0], self.y * size[1]


class Place(NamedTuple):
    """Where the middle of a name stands, in pixels to the right of its point and below it.

    gap: pixels between them, one of GAPS; beyond the first a line leads from one to the other.
    """

    right: float
    below: float
    gap: float


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def wider(self, by: float) -> "Box":
        """Return the box with so many pixels more at either side."""
        return Box(self.left - by, self.top, self.right + by, self.bottom)


class Line(NamedTuple):
    """The straight line that leads from a point to its name, from (x, y) on by (right, below)."""

    x: float
    y: float
    right: float
    below: float

    def meets(self, box: Box) -> bool:
        first, last = 0.0, 1.0
        for start, way, low, high in (
            (self.x, self.right, box.left, box.right),
            (self.y, self.below, box.top, box.bottom),
        ):
            if way == 0:
                if not low < start < high:
                    return False
                continue
            ends = sorted(((low - start) / way, (high - start) / way))
            first, last = max(first, ends[0]), min(last, ends[1])
        return first < last

    def crosses(self, other: "Line") -> bool:
        def side(x: float, y: float, of: Line) -> float:
            return (x - of.x) * of.below - (y - of.y) * of.right

        return all(
            side(one.x, one.y, two) * side(one.x + one.right, one.y + one.below, two) < 0
            for one, two in ((self, other), (other, self))
        )


def extent(text: str, type_size: float) -> tuple[float, float]:
    """Return about how wide and how high a name is, in pixels."""
    return LETTER * type_size * len(text) + 4, LINE * type_size


def box(point: tuple[float, float], place: Place, text: str, type_size: float) -> Box:
    """Return what a name covers; point: of its point, in pixels."""
    width, height = extent(text, type_size)
    x, y = point[0] + place.right, point[1] + place.below
    return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def spread(
    points: Sequence[Spot],
    names: Sequence[str],
    sizes: Sequence[tuple[float, float]],
    type_size: float,
) -> list[Place | None]:
    """Find a place for the name of every point; None where there is no room.

    names: "" for points that have none and only keep others away.  Earlier ones choose first,
    unless that entangles their lines and another order does so less.
    sizes: (width, height) of the figure in pixels, at all of which the places are good.
    """
    return list(_spread(tuple(points), tuple(names), tuple(sizes), type_size))


@lru_cache(maxsize=32)  # for a page is drawn again whenever anything is pressed
def _spread(
    points: tuple[Spot, ...],
    names: tuple[str, ...],
    sizes: tuple[tuple[float, float], ...],
    type_size: float,
) -> list[Place | None]:
    given = range(len(points))
    from_above = sorted(given, key=lambda index: points[index].y)
    from_right = sorted(given, key=lambda index: -points[index].x)
    best, least = _in_order(given, points, names, sizes, type_size)
    for order in (from_above, from_right):
        if not least:
            break
        found, tangled = _in_order(order, points, names, sizes, type_size)
        if tangled < least and found.count(None) <= best.count(None):
            best, least = found, tangled
    return best


def _in_order(
    order: Sequence[int],
    points: Sequence[Spot],
    names: Sequence[str],
    sizes: Sequence[tuple[float, float]],
    type_size: float,
) -> tuple[list[Place | None], int]:
    """Find places one after another; return them, and how many lie across a line."""
    marks = [[_marker(spot, size) for spot in points] for size in sizes]
    taken = [list(each) for each in marks]
    bars = [[bar for spot in points for bar in _bars(spot, size)] for size in sizes]
    lines: list[list[Line]] = [[] for _ in sizes]
    found: list[Place | None] = [None] * len(points)
    tangled = 0
    for index in order:
        spot, name = points[index], names[index]
        others = [
            [one for one in each if one is not marks[n][index]] for n, each in enumerate(taken)
        ]
        nearest = apart = clear = None
        for candidate in _candidates(name, type_size, spot.reach) if name else ():
            boxes = _boxes(spot, candidate, name, sizes, type_size)
            if not all(map(_fits, boxes, sizes, taken)):
                continue
            nearest = nearest or (candidate, boxes)
            # One that lies across no line, where there is one.
            if any(map(_tangles, _lines(spot, candidate, boxes, sizes), boxes, others, lines)):
                continue
            apart = apart or (candidate, boxes)
            # One that hides no interval, unless it were far off.
            if candidate.gap > apart[0].gap + DETOUR:
                break
            if not any(map(_hides, boxes, bars)):
                clear = candidate, boxes
                break
        chosen = clear or apart or nearest
        if chosen is None:
            continue
        tangled += apart is None
        found[index], boxes = chosen
        for covered, one in zip(taken, boxes, strict=True):
            covered.append(one)
        for drawn, line in zip(lines, _lines(spot, chosen[0], boxes, sizes), strict=True):
            drawn += [line] if line else []
    return found, tangled


def _lines(
    spot: Spot, place: Place, boxes: Sequence[Box], sizes: Sequence[tuple[float, float]]
) -> list[Line | None]:
    """Return the line to a name at each size; None for one that is near and has none."""
    if place.gap == GAPS[0]:
        return [None] * len(sizes)
    width, height = boxes[0].right - boxes[0].left, boxes[0].bottom - boxes[0].top
    inside = min(
        half / abs(way) if way else math.inf
        for half, way in ((width / 2, place.right), (height / 2, place.below))
    )
    share = max(1 - inside, 0)  # of the way to the middle of the name, up to its edge
    return [Line(*spot.at(size), share * place.right, share * place.below) for size in sizes]


def _tangles(line: Line | None, name: Box, others: Sequence[Box], lines: Sequence[Line]) -> bool:
    """Tell whether a name or its line lies on another's line, or its line on another's name."""
    if any(each.meets(name) for each in lines):
        return True
    return line is not None and (any(map(line.meets, others)) or any(map(line.crosses, lines)))


def _boxes(
    spot: Spot,
    place: Place,
    name: str,
    sizes: Sequence[tuple[float, float]],
    type_size: float,
) -> list[Box]:
    return [box(spot.at(size), place, name, type_size) for size in sizes]


def _marker(spot: Spot, size: tuple[float, float]) -> Box:
    x, y = spot.at(size)
    reach = spot.reach
    return Box(x - reach, y - reach, x + reach, y + reach)


def _bars(spot: Spot, size: tuple[float, float]) -> list[Box]:
    (width, height), (x, y) = size, spot.at(size)
    across, down = (sorted(ends) for ends in (spot.across, spot.down))
    return [
        Box(across[0] * width, y - BAR, across[1] * width, y + BAR),
        Box(x - BAR, down[0] * height, x + BAR, down[1] * height),
    ]


def _fits(one: Box, size: tuple[float, float], taken: Sequence[Box]) -> bool:
    inside = min(one.left, one.top) >= 0 and one.right <= size[0] and one.bottom <= size[1]
    return inside and not _hides(one.wider(APART), taken)


def _hides(one: Box, others: Sequence[Box]) -> bool:
    return any(one.meets(other) for other in others)


def _candidates(name: str, type_size: float, edge: float) -> list[Place]:
    """Return places around a point, the nearest first; edge: how far its mark reaches."""
    width, height = extent(name, type_size)
    found = []
    for gap in GAPS:
        reach = edge + gap
        for turn in TURNS:
            angle = turn * math.pi / 8
            across, up = math.cos(angle), math.sin(angle)
            found.append(Place(across * (reach + width / 2), -up * (reach + height / 2), gap))
    return found
