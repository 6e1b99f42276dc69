"""How robustness goes with f_rev along a sweep of blurs, and the f_rev at which it is best."""

import math
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab.claims import compare
from blurlab.corruptions.row import BANDS
from blurlab.measures import corrupted
from blurlab.networks import store
from blurlab.statistics import UNDEFINED, Interval, Z

LEAST = 5  # blurs, below which a parabola says little
DRAWS = 2000


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
    """Average numbers of independent networks, whose errors grow less so."""
    value = fmean(each.value for each in found)
    half = math.hypot(*((each.high - each.low) / 2 for each in found)) / len(found)
    return Interval(value, value - half, value + half)


class Best(NamedTuple):
    """Where a parabola through a sweep is highest.

    f_rev: of Nyquist; UNDEFINED where it has no highest point within the sweep.
    sigma: of the blur that stands nearest to it.  accuracy: there.
    """

    f_rev: Interval
    sigma: float
    accuracy: float


def best(found: Sequence[Blurred], band: str) -> Best | None:
    """Fit accuracy = a + b x + c x^2 with x the logarithm of f_rev, by least squares.

    band: a key of Blurred.under.  None for fewer than LEAST blurs.
    The interval is that of the highest points of parabolas through accuracies drawn from the normal
    distribution of each, as its interval tells; not of other runs of training.
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
    top, height = _highest(x, torch.cat([y[None], y + noise * spread]))
    value = top[0].item()
    if math.isnan(value):
        return Best(UNDEFINED, math.nan, math.nan)
    ends = top[1:].nanquantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    f_rev = Interval(
        *(math.exp(each) for each in (value, min(ends[0], value), max(ends[1], value)))
    )
    nearest = min(known, key=lambda each: abs(math.log(each.f_rev.value) - value))
    return Best(f_rev, nearest.sigma, height[0].item())


def _highest(x: Tensor, ys: Tensor) -> tuple[Tensor, Tensor]:
    """Return where parabolas through (x, each row of ys) are highest, and how high; nan for those
    that open upwards or are highest outside of x.
    """
    design = torch.stack([torch.ones_like(x), x, x**2], 1)
    a, b, c = torch.linalg.lstsq(design, ys.T).solution
    top = -b / (2 * c)
    is_inside = (c < 0) & (top >= x.min()) & (top <= x.max())
    return top.where(is_inside, math.nan), (a - b**2 / (4 * c)).where(is_inside, math.nan)
