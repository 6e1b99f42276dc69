"""Estimates with their intervals."""

import math
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import torch

LEVEL = 0.95  # of intervals
Z = 1.959964  # standard deviations that hold 95 % of a normal distribution


class Interval(NamedTuple):
    """An estimate with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


UNDEFINED = Interval(math.nan, math.nan, math.nan)


def worded(number: float, form: str) -> str:
    """Write a number in a form of format(), or the word for one that there is not."""
    return "undefined" if math.isnan(number) else format(number, form)


def share(successes: int, trials: int, z: float = Z) -> Interval:
    """Return a share with its Wilson interval, of 95 % unless z says otherwise."""
    centre = (successes + z * z / 2) / (trials + z * z)
    spread = z / (trials + z * z) * math.sqrt(successes * (1 - successes / trials) + z * z / 4)
    return Interval(successes / trials, max(0.0, centre - spread), min(1.0, centre + spread))


def over_classes(right: Sequence[int], pictures: Sequence[int]) -> Interval:
    """Return the mean over classes of the share of pictures that are right, each counting alike.

    right, pictures: of each class, at least one picture. The 95 % interval is normal, cut to
    [0, 1], with each class's variance from a share to which a right and a wrong picture are added
    (Agresti and Coull 1998, The American Statistician 52: 119), so that none vanishes.
    """
    value, variance = 0.0, 0.0
    for hits, count in zip(right, pictures, strict=True):
        smooth = (hits + 1) / (count + 2)
        value += hits / count / len(pictures)
        variance += smooth * (1 - smooth) / count / len(pictures) ** 2
    spread = Z * math.sqrt(variance)
    return Interval(value, max(0.0, value - spread), min(1.0, value + spread))


def mean(total: float, squares: float, count: int) -> Interval:
    """Return a mean of numbers in [0, 1] with its 95 % interval, from their sum and their squares'.

    The normal interval, cut to [0, 1].
    """
    value = total / count
    spread = Z * math.sqrt(max(0.0, squares / count - value**2) / count)
    return Interval(value, max(0.0, value - spread), min(1.0, value + spread))


def difference(low: Interval, high: Interval) -> Interval:
    """Subtract two Wilson shares of the same pairs, of which each names at most one.

    The interval is Newcombe's hybrid score for paired shares (1998, Statistics in Medicine 17:
    2635, method 10 without continuity correction), whose width never vanishes.
    """
    odds = low.value * high.value / max((1 - low.value) * (1 - high.value), 1e-300)
    correlation = -math.sqrt(odds) if 0 < low.value < 1 and 0 < high.value < 1 else 0.0

    def reach(first: float, second: float) -> float:
        return math.sqrt(first**2 - 2 * correlation * first * second + second**2)

    value = low.value - high.value
    down = reach(low.value - low.low, high.high - high.value)
    up = reach(low.high - low.value, high.value - high.low)
    return Interval(value, max(-1.0, value - down), min(1.0, value + up))


@cache
def t_quantile(share: float, degrees: float) -> float:
    """Return what a share above a half of Student's t distribution lies below.

    degrees: of freedom, at least 1. Good to five digits where the share is at most 0.9999.
    """
    # As t = sqrt(degrees) tan(angle), the density of the angle is cos(angle) ** (degrees - 1).
    angles = torch.linspace(0, math.pi / 2, 100_001, dtype=torch.float64)
    below = torch.cumulative_trapezoid(angles.cos() ** (degrees - 1), angles)
    place = torch.searchsorted(below, (2 * share - 1) * below[-1]).clamp(1, len(below) - 1)
    start, end = below[place - 1], below[place]
    inside = ((2 * share - 1) * below[-1] - start) / (end - start)
    angle = angles[place] + inside * (angles[1] - angles[0])
    return math.sqrt(degrees) * math.tan(angle.item())


def ratio(above: Interval, below: Interval) -> Interval:
    """Divide two independent positive estimates; the interval adds their spreads on a log scale."""
    value = above.value / below.value
    low = math.hypot(math.log(above.value / above.low), math.log(below.high / below.value))
    high = math.hypot(math.log(above.high / above.value), math.log(below.value / below.low))
    return Interval(value, value * math.exp(-low), value * math.exp(high))


def gap(above: Interval, below: Interval) -> Interval:
    """Subtract two independent estimates; the interval adds their spreads.

    Source: Newcombe 1998, Statistics in Medicine 17: 873, method 10, for any estimates.
    """
    value = above.value - below.value
    low = math.hypot(above.value - above.low, below.high - below.value)
    high = math.hypot(above.high - above.value, below.value - below.low)
    return Interval(value, value - low, value + high)


def correlation(x: Sequence[float], y: Sequence[float], z: float = Z) -> Interval:
    """Return Pearson's r of two lists of numbers, with Fisher's interval.

    z: how many standard deviations it reaches to either side.
    UNDEFINED for fewer than four pairs, of which there is no interval, or where one list is
    constant. Source: Fisher 1921, Metron 1: 3.
    """
    pairs = torch.tensor([list(x), list(y)], dtype=torch.float64)
    if pairs.shape[1] < 4 or (pairs.std(1) == 0).any():
        return UNDEFINED
    r = torch.corrcoef(pairs)[0, 1].clamp(-1, 1)
    spread = z / math.sqrt(pairs.shape[1] - 3)
    ends = (torch.tanh(torch.atanh(r) + side * spread).item() for side in (-1, 1))
    return Interval(r.item(), *ends)
