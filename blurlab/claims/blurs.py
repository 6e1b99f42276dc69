"""How robustness goes with f_rev along a sweep of blurs, and the f_rev at which it is best."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab.claims import compare
from blurlab.claims.paired import Effect, over_seeds
from blurlab.corruptions.row import BANDS
from blurlab.measures import corrupted
from blurlab.networks import store
from blurlab.statistics import LEVEL, UNDEFINED, Interval, Z

LEAST = 5  # blurs, below which a parabola says little
DRAWS = 2000
MANY = 1_000_000  # degrees of freedom of an error that is as good as known


class Blurred(NamedTuple):
    """What is kept of one blur.

    sigma: pixels; 0 is none.  seeds: of networks behind it, over which numbers are means.
    f_rev: of Nyquist.  clean, under: accuracies; under: by BANDS and over all corruptions ("all").
    """

    sigma: float
    seeds: int
    f_rev: Interval
    clean: Interval
    under: dict[str, Interval]


def sweep(plain: str, data: str) -> list[Blurred]:
    """Return what is kept of a network and of those that differ from it by their blur, by sigma.

    data: as compare.kept takes it.
    Raises ValueError for a model that is not installed.
    """
    like = _without_blur(plain)
    by_sigma: dict[float, list[str]] = {}
    for name in store.names():
        if _without_blur(name) == like:
            by_sigma.setdefault(store.card(name)["recipe"]["sigma"], []).append(name)
    found = [_blurred(sigma, by_sigma[sigma], data) for sigma in sorted(by_sigma)]
    return [each for each in found if each]


def _without_blur(name: str) -> str:
    return compare.without_seed(store.card(name)["recipe"] | {"sigma": 0.0})


def _blurred(sigma: float, names: Sequence[str], data: str) -> Blurred | None:
    f_revs, clean, under = [], [], []
    for name in names:
        kept = compare.kept(name, data, ("hybrids", "corruptions"))
        if {"hybrids", "corruptions"} <= kept.keys():
            f_revs.append(kept["hybrids"][1]["f_rev_nyquist"])
            measured = kept["corruptions"][1]
            clean.append(measured["clean"])
            classes = measured["classes"]
            under.append(
                {band: classes[band] for band in BANDS} | {"all": corrupted.over_all(classes)}
            )
    if not f_revs:
        return None
    together = {band: _mean([each[band] for each in under]) for band in under[0]}
    return Blurred(sigma, len(f_revs), _mean(f_revs), _mean(clean), together)


def _mean(found: Sequence[Interval]) -> Interval:
    """Average numbers of networks that differ by seed alone, with an interval over seeds."""
    if len(found) == 1:
        return found[0]
    errors = [(each.high - each.low) / 2 / Z for each in found]
    effects = [Effect(each.value, e, MANY, 0) for each, e in zip(found, errors, strict=True)]
    value, half = over_seeds(effects, LEVEL)
    return Interval(value, value - half, value + half)


class Best(NamedTuple):
    """Where a parabola through a sweep is highest.

    f_rev: of Nyquist; UNDEFINED where it has no highest point within the sweep.
    sigma: of the blur that stands nearest to it.  accuracy: there.
    is_open: whether the interval ends where the sweep does, at its lower and its upper end.
    misses: by how much accuracy the parabola passes a blur by, at most.
    """

    f_rev: Interval
    sigma: float
    accuracy: float
    is_open: tuple[bool, bool]
    misses: float


def best(found: Sequence[Blurred], band: str) -> Best | None:
    """Fit accuracy = a + b x + c x^2 with x the logarithm of f_rev, by least squares.

    band: a key of Blurred.under.  None for fewer than LEAST blurs.
    The interval is that of the highest points of parabolas through accuracies drawn from the normal
    distribution of each, as its interval tells: over seeds where there are several, else of the
    pictures alone. Parabolas that are highest at an end of the sweep count as there. Errors that
    blurs share, for they are measured on the same pictures, count as their own, which makes it
    rather too wide.
    """
    known = [each for each in found if not math.isnan(each.f_rev.value) and each.f_rev.value > 0]
    if len(known) < LEAST:
        return None
    x = torch.tensor([math.log(each.f_rev.value) for each in known], dtype=torch.float64)
    under = [each.under[band] for each in known]
    y = torch.tensor([each.value for each in under], dtype=torch.float64)
    spread = torch.tensor([(each.high - each.low) / 2 / Z for each in under]).double()
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(DRAWS, len(y), dtype=torch.float64, generator=generator)
    design = torch.stack([torch.ones_like(x), x, x**2], 1)
    parabolas = torch.linalg.lstsq(design, torch.cat([y[None], y + noise * spread]).T).solution
    top, height = _highest(x, parabolas)
    value, ends = top[0].item(), (x.min().item(), x.max().item())
    if value in ends:
        return Best(UNDEFINED, math.nan, math.nan, (False, False), math.nan)
    low, high = top[1:].quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    low, high = min(low, value), max(high, value)
    nearest = min(known, key=lambda each: abs(math.log(each.f_rev.value) - value))
    return Best(
        Interval(*map(math.exp, (value, low, high))),
        nearest.sigma,
        height[0].item(),
        (low <= ends[0], high >= ends[1]),
        (design @ parabolas[:, 0] - y).abs().max().item(),
    )


def _highest(x: Tensor, parabolas: Tensor) -> tuple[Tensor, Tensor]:
    """Return where parabolas are highest from the lowest to the highest x, and how high.

    parabolas: (3, N) of a, b and c.
    """
    a, b, c = parabolas
    ends = torch.stack([x.min(), x.max()])[:, None]
    places = torch.cat(
        [(-b / (2 * c)).clamp(*ends.flatten().tolist())[None], ends.expand(-1, len(a))]
    )
    heights = a + b * places + c * places**2
    best = heights.argmax(0, keepdim=True)
    return places.gather(0, best)[0], heights.gather(0, best)[0]
