"""How a model's answers to hybrid pictures change with the cutoff, and where they reverse."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from blurlab.hybrid import hybrid

# The cutoffs of the paper's figures in percent of Nyquist (Li et al. 2023, second revision), and
# between its lowest ones 2, 4 and 9, since networks behind a blur reverse there.
ALPHAS = (0, 2, 4, 7, 9, 12, 16, 19, 22, 25, 32, 42, 57, 70, 85, 100)


class Interval(NamedTuple):
    """An estimate with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


class Curve(NamedTuple):
    """p_low and p_high against the cutoff, from the pairs seen so far.

    cutoffs: (K,) cycles/image.  p_low, p_high: (K,) shares of answers naming its class.
    covariance: (K, K) of one pair's p_low - p_high.  pairs: how many were seen.
    """

    cutoffs: Tensor
    p_low: Tensor
    p_high: Tensor
    covariance: Tensor
    pairs: int


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


@torch.no_grad()
def hybrid_answers(
    model: Callable[[Tensor], Tensor],
    images: Tensor,
    labels: Tensor,
    *,
    cutoffs: Sequence[float],
    generator: torch.Generator,
    batch: int = 64,
) -> Iterator[Curve]:
    """Ask a model to name hybrids of pictures of different classes, filtered by the ideal filter.

    images: (N, 3, S, S) uint8; each is the low picture of one pair and the high one of another.
    cutoffs: K of them in cycles/image, 0 to S / 2.
    Yields the curve after every batch; its memory does not grow with N.
    Source: Li et al. 2023, PLOS Comput Biol 19(3): e1010932.
    """
    weights = model.parameters() if isinstance(model, nn.Module) else iter(())
    device = next(weights, images).device
    partners = derangement(labels, generator)
    order = torch.randperm(len(labels), generator=generator)
    low_count, high_count = torch.zeros(2, len(cutoffs), dtype=torch.float64)
    products = torch.zeros(len(cutoffs), len(cutoffs), dtype=torch.float64)
    pairs = 0
    for chosen in order.split(batch):
        low = images[chosen].to(device).float() / 255
        high = images[partners[chosen]].to(device).float() / 255
        answers = torch.stack([model(hybrid(low, high, c)).argmax(-1) for c in cutoffs]).cpu()
        named_low = (answers == labels[chosen]).double()  # (K, batch)
        named_high = (answers == labels[partners[chosen]]).double()
        low_count += named_low.sum(1)
        high_count += named_high.sum(1)
        products += (named_low - named_high) @ (named_low - named_high).T
        pairs += len(chosen)
        mean = (low_count - high_count) / pairs
        covariance = products / pairs - mean.outer(mean)
        yield Curve(torch.tensor(cutoffs), low_count / pairs, high_count / pairs, covariance, pairs)


def zero_crossing(cutoffs: Tensor, difference: Tensor) -> float | None:
    """Find the first cutoff at which p_low - p_high reaches zero, coming from either side.

    cutoffs, difference: (K,), joined by straight lines.
    Returns the cutoff in its own unit, or None when the curve never gets there; one that starts at
    zero has not come from a side.
    """
    start, end = difference[:-1], difference[1:]
    crossings = ((start != 0) & (start * end <= 0)).nonzero().flatten()
    if not len(crossings):
        return None
    index = int(crossings[0])
    share = (start[index] / (start[index] - end[index])).item()
    return (cutoffs[index] + share * (cutoffs[index + 1] - cutoffs[index])).item()


def reverse_frequency(curve: Curve, generator: torch.Generator, draws: int = 2000) -> Interval:
    """Return f_rev, in the unit of the curve's cutoffs, with its 95 % interval.

    The interval is that of the crossings of curves drawn from the normal distribution of the mean.
    All three numbers are not-a-number when the curve does not cross zero.
    """
    mean = curve.p_low - curve.p_high
    value = zero_crossing(curve.cutoffs, mean)
    if value is None:
        return Interval(math.nan, math.nan, math.nan)
    values, vectors = torch.linalg.eigh(curve.covariance / curve.pairs)
    scale = vectors * values.clamp(min=0).sqrt()
    noise = torch.randn(draws, len(mean), dtype=torch.float64, generator=generator)
    crossings = [zero_crossing(curve.cutoffs, drawn) for drawn in mean + noise @ scale.T]
    found = torch.tensor([c for c in crossings if c is not None], dtype=torch.float64)
    low, high = found.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return Interval(value, low, high)


def share(successes: int, trials: int) -> Interval:
    """Return a share with its 95 % Wilson interval."""
    z = 1.959964
    centre = (successes + z * z / 2) / (trials + z * z)
    spread = z / (trials + z * z) * math.sqrt(successes * (1 - successes / trials) + z * z / 4)
    return Interval(successes / trials, max(0.0, centre - spread), min(1.0, centre + spread))


def ratio(above: Interval, below: Interval) -> Interval:
    """Divide two independent positive estimates; the interval adds their spreads on a log scale."""
    value = above.value / below.value
    low = math.hypot(math.log(above.value / above.low), math.log(below.high / below.value))
    high = math.hypot(math.log(above.high / above.value), math.log(below.value / below.low))
    return Interval(value, value * math.exp(-low), value * math.exp(high))


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
