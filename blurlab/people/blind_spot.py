"""How far an eye is from a screen, by where a dot vanishes in its blind spot.

Who covers the right eye and looks at a square with the left one sees no dot where the optic nerve
leaves that eye. A dot that moves away from the square, to the left, vanishes ANGLE away from it
whoever looks, and how many centimetres that is on the screen tells how far the eye is.
Source: Li, Joo, Yeatman & Reinecke 2020, Scientific Reports, doi.org/10.1038/s41598-019-57204-1.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from blurlab.sentence import Sentence

ANGLE = 13.5  # degrees from the square to the near edge of the blind spot
SWEEPS = 5
NEAREST, FARTHEST = 20.0, 200.0  # cm that can be measured


class Distance(NamedTuple):
    """Distances of the eye from the screen, cm, that sweeps came to."""

    median: float
    least: float
    greatest: float


def distance(gaps: Sequence[float]) -> Distance:
    """Return how far the eye is from the screen.

    gaps: of SWEEPS sweeps, the cm on the screen from the square to where the dot vanished.
    Raises ValueError where these cannot be gaps, or the median is not NEAREST to FARTHEST.
    """
    if len(gaps) != SWEEPS or not all(math.isfinite(gap) and gap > 0 for gap in gaps):
        raise ValueError(f"The gaps are {gaps}, not {SWEEPS} lengths above 0 cm.")
    found = sorted(gap / math.tan(math.radians(ANGLE)) for gap in gaps)
    middle = found[SWEEPS // 2]
    if not NEAREST <= middle <= FARTHEST:
        raise ValueError(
            Sentence(
                "By your blind spot the screen is {found:.0f} cm away, and only {nearest:.0f} to "
                "{farthest:.0f} cm can be measured: cover the right eye, look at the square, and "
                "try again.",
                found=middle,
                nearest=NEAREST,
                farthest=FARTHEST,
            )
        )
    return Distance(middle, found[0], found[-1])
