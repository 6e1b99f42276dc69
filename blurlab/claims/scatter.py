"""Networks as points: where they reverse, against their accuracy under a corruption."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from blurlab.claims import beside_plain, compare, paired
from blurlab.corruptions.corrupting import SEVERITIES
from blurlab.measures import corrupted
from blurlab.measures.tallies import total
from blurlab.statistics import Interval

MEASURES = ("hybrids", "corruptions")  # what the points are of
STEPS: tuple[int | None, ...] = (*SEVERITIES, None)  # a severity each, and all five


class Point(NamedTuple):
    """name: of a network.  f_rev: of Nyquist.  accuracy: at each of STEPS."""

    name: str
    f_rev: Interval
    accuracy: list[Interval]


def points(plain: str, data: str, corruption: str | None) -> tuple[list[Point], int]:
    """Return the networks of the plain one's data and input size, the lowest f_rev first.

    data: as compare.kept takes it.  corruption: None for the 15 of the classes.
    Accuracies are of the pictures that all of them were shown, whose number is returned too.
    Raises ValueError for a model that is not installed, or where no network has both numbers.
    """
    f_revs, batches = {}, {}
    for name in beside_plain.alike(plain):
        hybrid = compare.kept(name, data, MEASURES[:1])
        under = compare.tallied(name, data, MEASURES[1:])
        if hybrid and under:
            f_rev = hybrid["hybrids"][1]["f_rev_nyquist"]
            if not math.isnan(f_rev.value):
                f_revs[name], batches[name] = f_rev, under["corruptions"]
    if not f_revs:
        raise ValueError(f"no network like {plain} has hybrids and corruptions kept on {data}.")
    fewest = min(batches.values(), key=len)
    shared = set(fewest).intersection(*(paired.matched(fewest, each) for each in batches.values()))
    if not shared:
        raise ValueError(f"networks like {plain} were not shown the same pictures of {data}.")
    found, pictures = [], 0
    for name in sorted(f_revs, key=lambda each: f_revs[each].value):
        summed = total({number: batches[name][number] for number in shared})
        settings, pictures = compare.settings(name, MEASURES[1]), int(summed["pictures"])
        numbers = corrupted.estimate(summed, settings)
        accuracy = [corrupted.under(numbers, corruption, step) for step in STEPS]
        found.append(Point(name, f_revs[name], accuracy))
    return found, pictures


def correlations(found: Sequence[Point]) -> tuple[list[Interval], int]:
    """Correlate f_rev with the accuracy at each of STEPS, over families; return their number too.

    A correlation is undefined for fewer than four families.
    """
    told = [
        compare.correlated([(p.name, p.f_rev.value, p.accuracy[place].value) for p in found])
        for place in range(len(STEPS))
    ]
    return [each for each, _ in told], told[0][1]
