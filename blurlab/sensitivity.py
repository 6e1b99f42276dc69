"""Pairs of pictures, estimates with their intervals, and where a curve reverses."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab.hybrid import hybrid

# The cutoffs of the paper's figures in percent of Nyquist (Li et al. 2023, second revision), and
# between its lowest ones 2, 4 and 9, since networks behind a blur reverse there.
ALPHAS = (0, 2, 4, 7, 9, 12, 16, 19, 22, 25, 32, 42, 57, 70, 85, 100)

Z = 1.959964  # standard deviations that hold 95 % of a normal distribution


class Interval(NamedTuple):
    """An estimate with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


UNDEFINED = Interval(math.nan, math.nan, math.nan)


def derangement(labels: Tensor, generator: torch.Generator) -> Tensor:
    """Give every picture a partner of another class, each picture being a partner once.

    labels: (N,).  Returns (N,) indices.
    Raises ValueError when one class holds more than half of the pictures, for then there is none.
    """
    largest = int(labels.bincount().max())
    if 2 * largest > len(labels):
        raise ValueError(
            f"one class holds {largest} of {len(labels)} pictures; pairs need at most half."
        )
    partners = torch.randperm(len(labels), generator=generator)
    while len(same := (labels == labels[partners]).nonzero().flatten()):
        others = torch.randint(len(labels), (len(same),), generator=generator)
        for index, other in zip(same.tolist(), others.tolist(), strict=True):
            swapped = partners[[other, index]]
            if labels[index] != labels[swapped[0]] and labels[other] != labels[swapped[1]]:
                partners[[index, other]] = swapped
    return partners


def zero_crossing(cutoffs: Tensor, difference: Tensor) -> float | None:
    """Find the first cutoff at which p_low - p_high reaches zero, coming from either side.

    cutoffs, difference: (K,), joined by straight lines.
    Returns the cutoff in its own unit, or None when the curve never gets there; one that starts at
    zero has not come from a side.
    """
    found = _first_crossings(cutoffs, difference).item()
    return None if math.isnan(found) else found


def _first_crossings(cutoffs: Tensor, differences: Tensor) -> Tensor:
    """Find the crossings (...) of many curves (..., K); not a number where there is none."""
    start, end = differences[..., :-1], differences[..., 1:]
    crosses = (start != 0) & (start * end <= 0)
    first = crosses.byte().argmax(-1, keepdim=True)
    above, below = start.gather(-1, first), end.gather(-1, first)
    found = cutoffs[first] + above / (above - below) * (cutoffs[first + 1] - cutoffs[first])
    return found.squeeze(-1).where(crosses.any(-1), math.nan)


def reverse_frequency(
    cutoffs: Tensor,
    difference: Tensor,
    covariance: Tensor,
    generator: torch.Generator,
    draws: int = 2000,
) -> Interval:
    """Return f_rev, in the unit of the cutoffs, with its 95 % interval.

    cutoffs, difference: (K,) of the mean p_low - p_high.  covariance: (K, K) of that mean.
    The interval is that of the crossings of curves drawn from the normal distribution of the mean.
    All three numbers are not-a-number when the curve does not cross zero.
    """
    value = zero_crossing(cutoffs, difference)
    if value is None:
        return UNDEFINED
    values, vectors = torch.linalg.eigh(covariance)
    scale = vectors * values.clamp(min=0).sqrt()
    noise = torch.randn(draws, len(difference), dtype=torch.float64, generator=generator)
    crossings = _first_crossings(cutoffs, difference + noise @ scale.T)
    low, high = crossings.nanquantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return Interval(value, min(low, value), max(high, value))


def share(successes: int, trials: int) -> Interval:
    """Return a share with its 95 % Wilson interval."""
    centre = (successes + Z * Z / 2) / (trials + Z * Z)
    spread = Z / (trials + Z * Z) * math.sqrt(successes * (1 - successes / trials) + Z * Z / 4)
    return Interval(successes / trials, max(0.0, centre - spread), min(1.0, centre + spread))


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


def correlation(x: Sequence[float], y: Sequence[float]) -> Interval:
    """Return Pearson's r of two lists of numbers, with Fisher's interval.

    UNDEFINED for fewer than four pairs, of which there is no interval, or where one list is
    constant. Source: Fisher 1921, Metron 1: 3.
    """
    pairs = torch.tensor([list(x), list(y)], dtype=torch.float64)
    if pairs.shape[1] < 4 or (pairs.std(1) == 0).any():
        return UNDEFINED
    r = torch.corrcoef(pairs)[0, 1].clamp(-1, 1)
    spread = Z / math.sqrt(pairs.shape[1] - 3)
    ends = (torch.tanh(torch.atanh(r) + side * spread).item() for side in (-1, 1))
    return Interval(r.item(), *ends)


def coarse_to_fine(count: int) -> list[list[int]]:
    """Order the indices of count values so that every stage halves the gaps of the one before."""
    stride = 1 << max(0, (count - 1).bit_length() - 1)
    stages, seen = [], set()
    while stride:
        stage = [i for i in range(0, count, stride) if i not in seen]
        seen.update(stage)
        stages.append(stage)
        stride //= 2
    return stages


@torch.no_grad()
def pair_answers(
    networks: Sequence[Callable[[Tensor], Tensor]],
    low: Tensor,
    high: Tensor,
    cutoffs: Sequence[float],
    *,
    high_cutoff: float | None = None,
    filter: str = "ideal",
) -> Iterator[tuple[list[int], list[Tensor]]]:
    """Ask several models about the hybrids of one pair at K cutoffs, coarse to fine.

    low, high: (3, S, S) in [0, 1] on the models' device.  cutoffs: K of them in cycles/image.
    high_cutoff: where the high picture begins at every cutoff; None links it to the cutoff.
    Yields the indices of the n cutoffs of a stage and, for each model, (n, classes) probabilities.
    """
    for stage in coarse_to_fine(len(cutoffs)):
        pictures = torch.stack(
            [
                hybrid(low, high, cutoffs[index], high_cutoff=high_cutoff, filter=filter)
                for index in stage
            ]
        )
        yield stage, [network(pictures).softmax(-1).cpu() for network in networks]
