"""Simulated observers of known threshold: how often the interval holds it, how far off it is."""

import math
from typing import NamedTuple

import torch

from blurlab.people import quest
from blurlab.statistics import Interval, share

LOWEST, HIGHEST = 3.0, 24.0  # cycles/image, of the thresholds that are drawn
SLOPES = (0.25, 0.5, 0.9)  # octaves; none of them lies on the grid of quest
LAPSES = (0.0, 0.03, 0.08)


class Found(NamedTuple):
    """What observers of one slope and lapse came to.

    slope: octaves.  coverage: share of intervals that held the threshold.  bias: median of
    estimate / threshold - 1.  octaves: median width of the interval.  trials: median number.
    """

    slope: float
    lapse: float
    observers: int
    coverage: Interval
    bias: float
    octaves: float
    trials: float


def simulate(each: int, game: quest.Game, generator: torch.Generator) -> list[Found]:
    """Let observers play, as many of every slope and lapse; return a row for each, and one of all.

    each: observers of a slope and lapse.
    Their thresholds are drawn evenly over octaves. The last row has slope and lapse NaN.
    """
    kinds = torch.cartesian_prod(*(torch.tensor(v, dtype=torch.float64) for v in (SLOPES, LAPSES)))
    slope, lapse = kinds.repeat_interleave(each, 0).T
    low, high = math.log2(LOWEST), math.log2(HIGHEST)
    drawn = torch.rand(len(slope), dtype=torch.float64, generator=generator)
    threshold = low + (high - low) * drawn
    posterior = quest.prior().expand(len(slope), -1)
    logs = torch.tensor(quest.CUTOFFS, dtype=torch.float64).log2()
    trials = torch.zeros(len(slope), dtype=torch.int64)
    for _ in range(game.trials):
        plays = quest.octaves(posterior) > game.octaves
        trials += plays
        index = quest.next_cutoff(posterior)
        chance = quest.coarse_probability(logs[index], threshold, slope, lapse)
        coarse = torch.rand(len(slope), dtype=torch.float64, generator=generator) < chance
        posterior = torch.where(plays[:, None], quest.updated(posterior, index, coarse), posterior)
    tail = (1 - quest.LEVEL) / 2
    value, start, end = quest.threshold_quantiles(posterior, (0.5, tail, 1 - tail)).unbind(-1)
    error, held, width = value - threshold, (start <= threshold) & (threshold <= end), end - start

    def found(slope: float, lapse: float, of: slice) -> Found:
        count = len(held[of])
        bias = 2 ** error[of].median().item() - 1
        coverage = share(int(held[of].sum()), count)
        middles = (width[of].median().item(), trials[of].double().median().item())
        return Found(slope, lapse, count, coverage, bias, *middles)

    rows = [
        found(kind[0], kind[1], slice(start, start + each))
        for kind, start in zip(kinds.tolist(), range(0, len(held), each), strict=True)
    ]
    return [*rows, found(math.nan, math.nan, slice(None))]
