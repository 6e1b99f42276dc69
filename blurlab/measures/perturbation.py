"""Minimal adversarial perturbations: their sizes, their spectrum, and f_0.5."""

import math
from typing import Any

import torch
from torch import Tensor

from blurlab.attacks.minimum import minimal_epsilon
from blurlab.attacks.norms import NORMS
from blurlab.filters.spectrum import radial_frequency
from blurlab.knobs import Knob
from blurlab.measures.figure import Curves, Mark, Panels, Scale, Series
from blurlab.measures.reversal import zero_crossing
from blurlab.measures.row import Batch, Measure, Network, Number, Tally, always
from blurlab.statistics import UNDEFINED, Interval, Z, share

RINGS = 480  # a multiple of 24, so that the paper's 25 radii are among their edges
COARSER = 10  # of how many radii one is kept of every picture, also a divisor of a 24th
CORNER = math.sqrt(0.5)  # cycles/pixel, the largest radius
SMALLEST, LARGEST, PER_OCTAVE = -14, 8, 16  # log2 of epsilon, and bins


def radii() -> Tensor:
    """Return the RINGS + 1 radii in cycles/pixel that power is added up to, 0 to CORNER."""
    return torch.linspace(0, CORNER, RINGS + 1, dtype=torch.float64)


def cumulative_power(changes: Tensor) -> Tensor:
    """Add up each perturbation's power within radii(), without the means of its channels.

    changes: (N, 3, S, S).
    Returns (N, RINGS + 1) float64 on the CPU; the last is all of a perturbation's power.
    """
    size = changes.shape[-1]
    power = torch.fft.fft2(changes, norm="ortho").abs().square().mean(1).flatten(1)
    squares = radial_frequency(size).double().square().round().flatten()
    # Integers under the root, so that a frequency on a radius counts as within it.
    ring = (squares * (2 * RINGS**2)).sqrt().div(size).sub(1e-9).ceil().long().clamp(min=0)
    power = power.cpu().double()
    power[:, 0] = 0  # dropping this coefficient removes each channel's mean
    rings = power.new_zeros(len(power), RINGS + 1)
    return rings.index_add_(1, ring, power).cumsum(1)


def tally(network: Network, batch: Batch, settings: dict[str, Any]) -> Tally:
    """Search for each picture's smallest change and add up its power and its size.

    power (RINGS + 1,): within each radius; squares: its squares; products: with all of the power of
    the same picture.  each_power (N, 49): within every tenth radius, of every picture; each_epsilon
    (N,): its size.  sizes: how many pictures need an epsilon in each bin, the first being 0, as
    pictures need that are answered as wanted already, and the last none found.
    """
    goal = batch.partner_labels if settings["targeted"] else batch.labels
    *_, found = minimal_epsilon(
        network,
        batch.images,
        goal,
        norm=settings["norm"],
        targeted=settings["targeted"],
        steps=settings["steps"],
    )
    power = cumulative_power(found.images - batch.images)
    epsilon = found.epsilon.cpu().double()
    octaves = epsilon.log2().sub(SMALLEST).mul(PER_OCTAVE).floor()
    bins = (LARGEST - SMALLEST) * PER_OCTAVE
    place = octaves.clamp(0, bins - 1) + 1
    place = place.where(epsilon > 0, 0).where(epsilon < math.inf, bins + 1)
    return {
        "power": power.sum(0),
        "squares": power.square().sum(0),
        "products": (power * power[:, -1:]).sum(0),
        "sizes": place.long().bincount(minlength=bins + 2),
        "each_power": power[:, ::COARSER],
        "each_epsilon": epsilon,
    }


def estimate(summed: Tally, settings: dict[str, Any]) -> dict[str, Any]:
    """Return f_0.5 in cycles/pixel, quartiles of the smallest epsilon, and the mean spectrum.

    f_half: the radius that holds half of the power of all pictures.  f_half_published: the same by
    the arithmetic of Li et al. 2023, which knows 25 radii only.  share: of the power at or below
    each of radii (cycles/pixel).  epsilon: quartiles and median, in the unit of pictures in [0, 1],
    of every picture, with 0 where the answer is already as wanted; not a number beyond the largest
    found.  found, already: shares of the pictures where the attack succeeded, and needed no change.
    """
    pictures, edges = int(summed["pictures"]), radii()
    sizes = summed["sizes"]
    return {
        "attack": f"FMN, {settings['steps']} steps",
        "f_half": _half(summed, pictures, edges, 1),
        "f_half_published": _half(summed, pictures, edges, RINGS // 24),
        "epsilon": {
            name: _quantile(sizes, quantile)
            for name, quantile in (("lower", 0.25), ("median", 0.5), ("upper", 0.75))
        },
        "found": share(int(pictures - sizes[-1]), pictures),
        "already": share(int(sizes[0]), pictures),
        "radii": edges[::8].tolist(),
        "share": _shares(summed, pictures),
    }


def blank(settings: dict[str, Any], size: int) -> dict[str, Any]:
    """Return an estimate without numbers."""
    edges = radii()[::8].tolist()
    return {"radii": edges, "share": [UNDEFINED] * len(edges), "f_half": UNDEFINED}


def _half(summed: Tally, pictures: int, edges: Tensor, every: int) -> Interval:
    """Find where the power within a radius is half of all, and where that can be told no longer.

    Every picture adds its power within the radius less half of all its power: a sum whose error
    follows from its squares, and which is 0 at f_0.5.
    """
    power, squares, products = (summed[k][::every] for k in ("power", "squares", "products"))
    if not power[-1] > 0:
        return UNDEFINED
    balance = power - power[-1] / 2
    spread = squares - products + squares[-1] / 4 - balance.square() / pictures
    error = Z * spread.clamp(min=0).sqrt()
    ends = [zero_crossing(edges[::every], balance + sign * error) for sign in (0, 1, -1)]
    value, low, high = ends
    if value is None:
        return UNDEFINED
    return Interval(value, 0.0 if low is None else low, CORNER if high is None else high)


def _shares(summed: Tally, pictures: int) -> list[Interval]:
    """Divide the power within a radius by all of it, with the error of such a ratio."""
    power, squares, products = (summed[k][::8] for k in ("power", "squares", "products"))
    ratio = power / power[-1]
    spread = squares - 2 * ratio * products + ratio.square() * squares[-1]
    error = Z * spread.clamp(min=0).sqrt() / power[-1]
    ends = ratio, (ratio - error).clamp(min=0), (ratio + error).clamp(max=1)
    return [Interval(*each) for each in torch.stack(ends, 1).tolist()]


def _quantile(sizes: Tensor, quantile: float) -> Interval:
    """Read a quantile of epsilon, and its interval from the ranks that it may have."""
    pictures = sizes.sum().item()
    error = Z * math.sqrt(quantile * (1 - quantile) / pictures)
    ranks = [quantile, max(0.0, quantile - error), min(1.0, quantile + error)]
    return Interval(*(_epsilon_at(sizes, rank * pictures) for rank in ranks))


def _epsilon_at(sizes: Tensor, rank: float) -> float:
    within = sizes.cumsum(0)
    place = int((within < rank).sum())
    if place == 0:
        return 0.0
    if place == len(sizes) - 1:
        return math.nan
    before = within[place - 1]
    inside = ((rank - before) / (within[place] - before)).item()
    return 2 ** (SMALLEST + (place - 1 + inside) / PER_OCTAVE)


def draw(numbers: dict[str, Any]) -> Panels:
    """Draw the share of the power up to a frequency, and mark f_0.5."""
    curve = Series(numbers["radii"], numbers["share"], "line")
    x, y = Scale("frequency", "pixel", low=0), Scale("share of the power below", "share")
    return (Curves(x, y, [curve], [Mark("f_0.5", numbers["f_half"], 0.5)], level=0.5),)


def summary(numbers: dict[str, Any]) -> list[Number]:
    """Tell f_0.5, the size of the changes, and how they were found."""
    median = Interval(*(255 * end for end in numbers["epsilon"]["median"]))
    return [
        Number("f_0.5", numbers["f_half"], "pixel"),
        Number("median smallest epsilon", median, "255ths"),
        Number("attack", numbers["attack"]),
    ]


def compared(numbers: dict[str, Any]) -> list[Number]:
    """Tell f_0.5 and the size of the changes, with the attack that found them."""
    median = Interval(*(255 * end for end in numbers["epsilon"]["median"]))
    return [
        Number("f_0.5", numbers["f_half"], "pixel"),
        Number(f"median minimal epsilon ({numbers['attack']})", median, "255ths"),
    ]


# The paper's attack is the better of PGD on a ladder of 100 radii and Brendel-Bethge, targeted.
PERTURBATION = Measure(
    "perturbation",
    "Perturbations",
    "The smallest changes that fool a network: how large they are, and where their power lies.",
    tally,
    estimate,
    draw,
    "The smallest change that makes the model name a given other class, and where its power lies: "
    "half of it below f_0.5, the diamond. **The further left, the coarser what it takes to fool "
    "the model.**",
    summary=summary,
    compared=compared,
    knobs=(
        Knob("norm", "Norm", "linf", choices=lambda: {name: name for name in NORMS}),
        Knob("targeted", "Towards a given class", True),
        Knob("steps", "Steps", 100, low=1),
    ),
    size=20,
    pairs=True,
    revision=2,
    splits=always,
    blank=blank,
)
