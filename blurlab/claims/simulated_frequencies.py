"""Networks' answers to hybrids, and the smallest changes that fool them, with a known truth."""

import math
from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor

from blurlab.claims import paired
from blurlab.claims.simulated import MANY, Case, Known, ends, normal
from blurlab.measures import half_power, hybrids, perturbation, smallest_sizes
from blurlab.measures.reversal import ALPHAS
from blurlab.measures.row import Tally
from blurlab.measures.tallies import add
from blurlab.statistics import Interval

SETTINGS = {"alphas": list(ALPHAS)}
CUTOFFS = torch.tensor(ALPHAS, dtype=torch.float64) / 100
EDGES = half_power.radii(48)


# Reversals


def reversals(pairs: int, f_rev: float, of_all: int | None = None, strength: float = 1.0) -> Case:
    """Ask about hybrids of pictures that win as the coarse one and as the fine one alike.

    of_all: how many pictures the pairs are drawn from; by itself all of them are measured.
    strength: how far pictures differ in it.
    """

    def case(generator: torch.Generator) -> Known:
        (truth,) = _reversed((f_rev,), strength, generator)

        def draw() -> Interval:
            (found,) = _named(pairs, of_all or pairs, (f_rev,), strength, generator)
            return hybrids.estimate(found, SETTINGS)["f_rev_nyquist"]

        return truth, draw

    return case


def reversals_apart(strength: float) -> Case:
    """Divide the f_rev of one network by another's, of the same hybrids of 500 pictures."""
    f_revs = 0.158, 0.094

    def case(generator: torch.Generator) -> Known:
        one, other = _reversed(f_revs, strength, generator)

        def draw() -> Interval:
            both = _named(500, 500, f_revs, strength, generator)
            mine, theirs = ({0: tally} for tally in both)
            return ends(paired.by_reversals(mine, theirs, [SETTINGS, SETTINGS]))

        return math.log(other / one), draw

    return case


def _reversed(f_revs: Sequence[float], strength: float, generator: torch.Generator) -> list[float]:
    """Return the f_rev of networks over all pictures there are."""
    many = [_named(MANY, MANY, f_revs, strength, generator, is_each=False) for _ in range(10)]
    return [hybrids.reversal(reduce(add, each), SETTINGS) for each in zip(*many, strict=True)]


def _named(
    pairs: int,
    of_all: int,
    f_revs: Sequence[float],
    strength: float,
    generator: torch.Generator,
    *,
    is_each: bool = True,
) -> list[Tally]:
    """Let networks name hybrids: what makes a picture win is half the same for all of them."""
    picture = torch.randperm(of_all, generator=generator)[:pairs]
    partner = torch.randperm(of_all, generator=generator)[picture]
    common, found = normal(of_all, generator), []
    for f_rev in f_revs:
        wins = strength * math.sqrt(0.5) * (common + normal(of_all, generator))
        own = 0.6 * torch.logit(torch.rand(pairs, generator=generator).double().clamp(0.01, 0.99))
        lead = 2.5 * (CUTOFFS.clamp(min=0.001).log() - math.log(f_rev))
        lead = lead + (wins[picture] - wins[partner] + own)[:, None]
        neither = torch.rand(pairs, len(CUTOFFS), generator=generator) < 0.1
        each = {
            "each_low": (lead > 0.5) & ~neither,
            "each_high": (lead < -0.5) & ~neither,
            "each_picture": picture,
            "each_partner": partner,
        }
        found.append(hybrids.sums(each) | (each if is_each else {}))
    return found


# Smallest changes


def half(name: str, pictures: int, tail: float, together: float) -> Case:
    """Estimate f_0.5 of changes whose power has a log-normal spread over pictures.

    name: of the estimate.  tail: standard deviation of the power's logarithm.  together: how it
    goes with how coarse a change is, a correlation.
    """

    def case(generator: torch.Generator) -> Known:
        found = [_changes(MANY, tail, together, generator) for _ in range(10)]
        if name == "f_half":
            rows = torch.stack([each.sum(0) for each in found]).sum(0)
            truth = half_power.half({"power": rows})
        elif name == "f_half_equal":
            rows = torch.stack([(each / each[:, -1:]).sum(0) for each in found]).sum(0)
            truth = half_power.half({"power": rows})
        else:
            halves = [half_power.half({"power": row}) for row in found[0][:20_000]]
            truth = torch.tensor(halves, dtype=torch.float64).median().item()

        def draw() -> Interval:
            power = _changes(pictures, tail, together, generator)
            size = torch.ones(len(power))
            each = {"each_power": power, "each_epsilon": size}
            summed = perturbation.sums(each) | {
                "power": power.sum(0),
                "squares": power.square().sum(0),
                "products": (power * power[:, -1:]).sum(0),
            }
            return half_power.halves(summed | each)[name]

        return truth, draw

    return case


def halves_apart(tail: float) -> Case:
    """Divide the f_0.5 of one network's changes by another's, of 500 pictures; tail: as of half."""
    radii = 0.2, 0.1

    def case(generator: torch.Generator) -> Known:
        truth = [_half_of_all(tail, radius, generator) for radius in radii]

        def draw() -> Interval:
            mine, theirs = (
                {0: _changed(_changes(500, tail, -0.3, generator, radius))} for radius in radii
            )
            return ends(paired.by_groups(mine, theirs, _log_half, _log_half, perturbation.sums))

        return math.log(truth[1] / truth[0]), draw

    return case


def behind_blur(generator: torch.Generator) -> Known:
    """Divide the f_0.5 of changes by that of the same changes behind a blur of two pixels."""

    def behind(summed: Tally) -> float:
        return math.log(half_power.half_behind_blur(summed, 2.0))

    def draw() -> Interval:
        kept = {0: _changed(_changes(500, 1.0, -0.3, generator))}
        return ends(paired.by_groups(kept, kept, behind, _log_half, perturbation.sums))

    rows = torch.stack([_changes(MANY, 1.0, -0.3, generator).sum(0) for _ in range(10)]).sum(0)
    return _log_half({"power": rows}) - behind({"power": rows}), draw


def medians_apart(generator: torch.Generator) -> Known:
    """Divide the median smallest change of one network by another's, of the same 500 pictures."""

    def draw() -> Interval:
        hardness, kept = normal(500, generator), []
        for middle in (0.005, 0.006):
            spread = 0.8 * math.sqrt(0.5) * (hardness + normal(500, generator))
            kept.append({0: _changed(torch.ones(500, 2), middle * spread.exp())})
        mine, theirs = kept
        return ends(paired.by_groups(mine, theirs, _log_median, _log_median, perturbation.sums))

    return math.log(0.006 / 0.005), draw


def _changed(power: Tensor, sizes: Tensor | None = None) -> Tally:
    sizes = torch.ones(len(power)) if sizes is None else sizes
    each = {"each_power": power, "each_epsilon": sizes, "each_picture": torch.arange(len(power))}
    return perturbation.sums(each) | each


def _log_half(summed: Tally) -> float:
    return math.log(half_power.half(summed))


def _log_median(summed: Tally) -> float:
    return math.log(smallest_sizes.median(summed))


def _half_of_all(tail: float, radius: float, generator: torch.Generator) -> float:
    many = [_changes(MANY, tail, -0.3, generator, radius).sum(0) for _ in range(10)]
    return half_power.half({"power": torch.stack(many).sum(0)})


def _changes(
    pictures: int, tail: float, together: float, generator: torch.Generator, radius: float = 0.2
) -> Tensor:
    one, other = normal(pictures, generator), normal(pictures, generator)
    coarse = 0.3 * (together * one + math.sqrt(1 - together**2) * other)
    within = 1 - torch.exp(-math.log(2) * (EDGES / (radius * coarse.exp())[:, None]) ** 2)
    return (tail * one).exp()[:, None] * within / within[:, -1:]


def median(generator: torch.Generator) -> Known:
    def draw() -> Interval:
        sizes = 0.005 * (0.8 * normal(500, generator)).exp()
        each = {"each_power": torch.ones(500, 2), "each_epsilon": sizes}
        return smallest_sizes.quantile(perturbation.sums(each)["sizes"], 0.5)

    return 0.005, draw
