"""Compare two networks on the same pictures, and two recipes over the seeds of their networks."""

import math
from collections.abc import Callable, Sequence
from functools import reduce
from statistics import fmean, variance
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab.measures import hybrids
from blurlab.measures.provenance import CHECKSUM
from blurlab.measures.reversal import drawn, first_crossings, rings_around
from blurlab.measures.row import EACH, Settings, Tally
from blurlab.measures.tallies import add
from blurlab.statistics import Z, t_quantile


class Effect(NamedTuple):
    """How far two networks differ on the same pictures.

    value: the difference of two numbers.  error: its standard error over pictures.  degrees: of
    freedom of that error.  pictures: behind it.  below, above: how much smaller and larger it may
    be as far as the measure can tell, whatever the pictures.
    """

    value: float
    error: float
    degrees: int
    pictures: int
    below: float = 0.0
    above: float = 0.0


def matched(one: dict[int, Tally], other: dict[int, Tally]) -> list[int]:
    """Return the numbers of the batches that two networks saw the same pictures in, in order.

    The number decides the pictures; where they were kept, they are looked at.
    """
    return [
        number
        for number in sorted(one.keys() & other.keys())
        if torch.equal(one[number]["pictures"], other[number]["pictures"])
        and (not _say_each(one[number], other[number]) or _are_same(one[number], other[number]))
    ]


def _are_same(one: Tally, other: Tally) -> bool:
    """Tell whether what each picture said is of the same pictures.

    Drawn objects may differ in a last digit from machine to machine, a few in a batch.
    """
    if not torch.equal(one[f"{EACH}picture"], other[f"{EACH}picture"]):
        return False
    if CHECKSUM not in one or CHECKSUM not in other:
        return True
    return bool((one[CHECKSUM] == other[CHECKSUM]).double().mean() > 0.5)


def _say_each(*tallies: Tally) -> bool:
    return all(f"{EACH}picture" in tally for tally in tallies)


def by_groups(
    one: dict[int, Tally],
    other: dict[int, Tally],
    of_one: Callable[[Tally], float],
    of_other: Callable[[Tally], float],
    sums: Callable[[Tally], Tally],
) -> Effect | None:
    """Subtract a number of one network from another's, with the error by leaving out a group each.

    one, other: tallies by the number of the batch.  of_one, of_other: of a sum of tallies, the
    number that is subtracted and the one that it is subtracted from.  sums: called with what each
    of some pictures said, returns their tally.
    Groups are of about as many pictures as there are groups or, where what each picture said was
    not kept, batches.
    None where there are fewer than three groups, or a number is undefined without one of them.
    Source: the delete-a-group jackknife, Kott 2001, Journal of Official Statistics 17: 521.
    """
    numbers = matched(one, other)
    pairs = [(one[number], other[number]) for number in numbers]
    groups = [(_sums(mine), _sums(theirs)) for mine, theirs in pairs]
    if pairs and all(_say_each(*pair) for pair in pairs):
        groups = list(
            zip(*(_regrouped(each, sums) for each in zip(*pairs, strict=True)), strict=True)
        )
    if len(groups) < 3:
        return None
    whole = [reduce(add, each) for each in zip(*groups, strict=True)]

    def without(gone: Sequence[Tally]) -> float:
        left = [
            {name: value - less[name] for name, value in summed.items()}
            for summed, less in zip(whole, gone, strict=True)
        ]
        return of_other(left[1]) - of_one(left[0])

    # What each picture said may be kept more coarsely than its sums: good enough for the error.
    mine, theirs = (reduce(add, map(_sums, each)) for each in zip(*pairs, strict=True))
    value, kept = of_other(theirs) - of_one(mine), [without(group) for group in groups]
    if not all(map(math.isfinite, (value, *kept))):
        return None
    spread = sum((each - fmean(kept)) ** 2 for each in kept) * (len(kept) - 1) / len(kept)
    return Effect(value, math.sqrt(spread), len(kept) - 1, int(whole[0]["pictures"]))


def by_reversals(
    one: dict[int, Tally], other: dict[int, Tally], settings: Sequence[Settings]
) -> Effect | None:
    """Subtract the logarithm of one network's f_rev from another's, of the same hybrids.

    one, other: tallies of hybrids by the number of the batch.  settings: of both.
    The error is that of curves drawn from the normal distribution of both mean ones together, which
    knows that a picture serves in two hybrids. Below and above reach to the next rings of Fourier
    coefficients, all that a filter tells of the frequencies between them.
    None where what each picture said was not kept, or a network's curve does not cross zero.
    """
    numbers = matched(one, other)
    both = [[kept[number] for number in numbers] for kept in (one, other)]
    if not numbers or not _say_each(*both[0], *both[1]):
        return None
    summed = [reduce(add, tallies) for tallies in both]
    each = torch.cat([hybrids.differences(tally) for tally in summed], 1)
    pairs, mean = len(each), each.mean(0)
    apart = each - mean
    covariance = (apart.T @ apart + hybrids.shared(summed[0], apart)) / pairs**2
    curves = torch.cat([mean[None], drawn(mean, covariance, torch.Generator().manual_seed(0))])
    cutoffs = [torch.tensor(each["alphas"], dtype=torch.float64) / 100 for each in settings]
    halves = curves.split([len(each) for each in cutoffs], 1)
    f_revs = [first_crossings(*each) for each in zip(cutoffs, halves, strict=True)]
    logs = f_revs[1].log() - f_revs[0].log()
    if not math.isfinite(logs[0]):
        return None
    low, high = logs[1:].nanquantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    reach = [_to_rings(f_rev[0].item(), summed[0]) for f_rev in f_revs]
    (less_one, more_one), (less_other, more_other) = reach
    return Effect(
        logs[0].item(),
        (high - low) / (2 * Z),
        pairs - 1,
        pairs,
        less_other + more_one,
        more_other + less_one,
    )


def _to_rings(f_rev: float, summed: Tally) -> tuple[float, float]:
    """Return how far the rings below and above a frequency are, in logarithms."""
    if "sides" not in summed:
        return 0.0, 0.0
    below, above = rings_around(f_rev, summed["sides"].item() / summed["pictures"].item())
    return math.log(f_rev / below) if below else math.inf, math.log(above / f_rev)


def _regrouped(tallies: Sequence[Tally], sums: Callable[[Tally], Tally]) -> list[Tally]:
    each = {
        name: torch.cat([tally[name] for tally in tallies])
        for name in tallies[0]
        if name.startswith(EACH)
    }
    count = len(each[f"{EACH}picture"])
    parts = {name: rows.tensor_split(round(math.sqrt(count))) for name, rows in each.items()}
    rows = [dict(zip(parts, group, strict=True)) for group in zip(*parts.values(), strict=True)]
    return [sums(row) for row in rows]


def _sums(tally: Tally) -> Tally:
    return {name: value for name, value in tally.items() if not name.startswith(EACH)}


def by_pictures(
    one: dict[int, Tally], other: dict[int, Tally], of: Callable[[Tally], Tensor]
) -> Effect | None:
    """Subtract the mean of what each picture says of one network from another's, paired.

    of: returns the number of every picture in a tally, (N,).
    None where what each picture said was not kept, or fewer than two pictures are shared.
    """
    numbers = matched(one, other)
    pairs = [(one[number], other[number]) for number in numbers]
    if not all(_say_each(*pair) for pair in pairs):
        return None
    apart = [of(theirs) - of(mine) for mine, theirs in pairs]
    each = torch.cat(apart) if apart else torch.zeros(0)
    if len(each) < 2:
        return None
    error = each.std().item() / math.sqrt(len(each))
    return Effect(each.mean().item(), error, len(each) - 1, len(each))


def over_seeds(effects: Sequence[Effect], level: float) -> tuple[float, float]:
    """Return the mean of the effects of several seeds, and half the width of its interval.

    level: the share of such intervals that hold the true mean over seeds and pictures. The variance
    between seeds and that of the pictures, which the networks of all seeds share, add up; Student's
    t has the degrees of freedom of Welch and Satterthwaite (Satterthwaite 1946, Biometrics Bulletin
    2: 110). One seed tells of its own networks alone.
    """
    value = fmean(each.value for each in effects)
    parts = [(fmean(each.error**2 for each in effects), min(each.degrees for each in effects))]
    if len(effects) > 1:
        between = variance(each.value for each in effects) / len(effects)
        parts.append((between, len(effects) - 1))
    whole = sum(part for part, _ in parts)
    if not whole:
        return value, 0.0
    degrees = whole**2 / sum(part**2 / free for part, free in parts)
    return value, t_quantile((1 + level) / 2, round(degrees, 1)) * math.sqrt(whole)
