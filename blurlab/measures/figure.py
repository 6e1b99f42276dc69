"""What the figure of a measure shows, as plain data; who draws it knows nothing of the measure.

A measure describes one network's share of its figure, as panels. Those of several networks are laid
over one another, or side by side where they are planes.
"""

from collections.abc import Sequence
from typing import NamedTuple

from blurlab.statistics import Interval

FREQUENCIES = ("nyquist", "image", "pixel")  # of Nyquist, cycles/image, cycles/pixel


class Scale(NamedTuple):
    """An axis.

    unit: one of FREQUENCIES, for numbers that are shown in the unit that a person has chosen;
        "share", for percent from 0 to 100; or a word that stands behind the title.
    low, high: its ends; a low end alone is one that is seen in any case.
    ticks: where it is labelled.
    """

    title: str
    unit: str = ""
    log: bool = False
    low: float | None = None
    high: float | None = None
    ticks: Sequence[float] = ()


class Series(NamedTuple):
    """Estimates at places.

    x: in the unit of the panel's scale, or words; None for an estimate that has no place.
    style: "curve"; "line", without marks and intervals, for many points; "beyond", where the number
        is larger than y, which ends the ladder; "reference", which is no network's and drawn once.
    name: of what it is, where that is not the network's estimate itself.
    """

    x: Sequence[float | str | None]
    y: Sequence[Interval]
    style: str = "curve"
    name: str = ""


class Mark(NamedTuple):
    """A number on a network's curve, with its interval; without y a line through all heights.

    name: of the number.  One that is undefined is not drawn.
    """

    name: str
    x: Interval
    y: float | None = None


class Curves(NamedTuple):
    """A panel of estimates against a scale.  level: of a line across."""

    x: Scale
    y: Scale
    series: Sequence[Series]
    marks: Sequence[Mark] = ()
    level: float | None = None
    title: str = ""


class Plane(NamedTuple):
    """A panel of shares in the plane of frequencies.

    frequencies: of rows (down) and columns (across), in fractions of Nyquist.
    label: of the shares.
    """

    frequencies: Sequence[float]
    shares: Sequence[Sequence[Interval]]
    label: str


# Curves side by side; or a plane, with what curves there are below it.
Panels = Sequence[Curves | Plane]
