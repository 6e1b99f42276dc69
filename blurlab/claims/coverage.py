"""How often intervals of 95 % hold the truth, by simulation of pictures whose truth is known."""

from collections.abc import Iterator
from typing import NamedTuple

import torch

from blurlab.claims import simulated
from blurlab.claims.simulated import Case
from blurlab.claims.simulated_frequencies import (
    behind_blur,
    half,
    halves_apart,
    median,
    medians_apart,
    reversals,
    reversals_apart,
)
from blurlab.statistics import Interval, share


class Covered(NamedTuple):
    """What came of one kind of interval.

    what: in words.
    share: of the runs whose interval held the truth, with its own interval.  width: their mean.
    """

    what: str
    share: Interval
    width: float


def simulate(runs: int, seed: int = 0) -> Iterator[Covered]:
    """Simulate every kind of interval; yield what came of each.

    runs: of each kind, each with its own pictures.
    """
    for what, case in CASES.items():
        generator = torch.Generator().manual_seed(seed)
        truth, draw = case(generator)
        found = [draw() for _ in range(runs)]
        held = sum(each.low <= truth <= each.high for each in found)
        width = sum(each.high - each.low for each in found) / runs
        yield Covered(what, share(held, runs), width)


CASES: dict[str, Case] = {
    "accuracy of 500 pictures": simulated.accuracy,
    "accuracy with twelve uneven classes counting alike, 278 pictures": simulated.classes,
    "accuracy under a class of corruptions, 500 pictures": simulated.corrupted,
    "difference of two networks, the same 500 pictures": simulated.difference(None),
    "the same, of which only ten batches were kept": simulated.difference(10),
    "difference of two recipes, three seeds each": simulated.seeds,
    "the same, of networks that answer about 500 pictures": simulated.recipes,
    "f_rev, all 500 pictures": reversals(500, 0.15),
    "f_rev, all 500 pictures, which differ twice as much": reversals(500, 0.15, strength=2.0),
    "f_rev, 500 of 3,925 pictures": reversals(500, 0.15, 3925),
    "f_rev of 2 cycles/image at 128 px, all 1,000 pictures": reversals(1000, 0.03),
    "f_rev of one network over another's, the same 500 pictures": reversals_apart(1.0),
    "the same, of pictures that differ twice as much": reversals_apart(2.0),
    "f_0.5, 500 pictures, effectively 390": half("f_half", 500, 0.5, -0.3),
    "f_0.5, 500 pictures, effectively 190": half("f_half", 500, 1.0, -0.3),
    "f_0.5, 500 pictures, effectively 75": half("f_half", 500, 1.5, -0.3),
    "f_0.5, 500 pictures, effectively 45": half("f_half", 500, 1.8, -0.3),
    "f_0.5 with all pictures alike, effectively 75": half("f_half_equal", 500, 1.5, -0.3),
    "f_0.5 of the median picture, effectively 75": half("f_half_median", 500, 1.5, -0.3),
    "f_0.5 of one network over another's, effectively 190": halves_apart(1.0),
    "the same, effectively 75": halves_apart(1.5),
    "f_0.5 over that of the same changes behind a blur": behind_blur,
    "median minimal epsilon, 500 pictures": median,
    "median minimal epsilon of one network over another's": medians_apart,
    "correlation over eight recipes as if unrelated": simulated.correlated(False),
    "correlation over their five families": simulated.correlated(True),
}
