"""Minimal adversarial perturbations: their sizes, their spectrum, and f_0.5."""

import math
from typing import Any

import torch
from torch import Tensor

from blurlab.attacks.ladder import pgd_ladder
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
SEARCHES = {"fmn": minimal_epsilon, "pgd": pgd_ladder}
ATTACKS = {"fmn": "FMN", "pgd": "PGD on a ladder of radii"}
CRITERIA = {"boundary": "the answer changes", "half": "a probability of 0.5"}
SMALLEST, LARGEST, PER_OCTAVE = -14, 8, 16  # log2 of epsilon, and bins


def radii(rings: int = RINGS) -> Tensor:
    """Return the rings + 1 radii in cycles/pixel that power is added up to, 0 to CORNER."""
    return torch.linspace(0, CORNER, rings + 1, dtype=torch.float64)


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
    changes, epsilon = smallest(network, batch, settings)
    return powers(changes) | {"sizes": _binned(epsilon), "each_epsilon": epsilon}


def smallest(network: Network, batch: Batch, settings: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """Search for each picture's smallest change; return the changes and their sizes (N,)."""
    goal = batch.partner_labels if settings["targeted"] else batch.labels
    *_, found = SEARCHES[settings["attack"]](
        network,
        batch.images,
        goal,
        norm=settings["norm"],
        targeted=settings["targeted"],
        steps=settings["steps"],
        criterion=settings["criterion"],
    )
    return found.images - batch.images, found.epsilon.cpu().double()


def powers(changes: Tensor) -> Tally:
    """Add up the power of (N, 3, S, S) changes: the entries of a tally that halves() needs."""
    power = cumulative_power(changes)
    return {
        "power": power.sum(0),
        "squares": power.square().sum(0),
        "products": (power * power[:, -1:]).sum(0),
        "each_power": power[:, ::COARSER],
    }


def sums(each: Tally) -> Tally:
    """Add up what each picture said: power at every tenth radius, sizes, and how many there are."""
    power = each["each_power"].double()
    return {
        "pictures": torch.tensor(float(len(power)), dtype=torch.float64),
        "power": power.sum(0),
        "sizes": _binned(each["each_epsilon"].double()).double(),
    }


def _binned(epsilon: Tensor) -> Tensor:
    """Count (N,) sizes in bins of a sixteenth of an octave, between 0 and infinity."""
    octaves = epsilon.log2().sub(SMALLEST).mul(PER_OCTAVE).floor()
    bins = (LARGEST - SMALLEST) * PER_OCTAVE
    place = octaves.clamp(0, bins - 1) + 1
    place = place.where(epsilon > 0, 0).where(epsilon < math.inf, bins + 1)
    return place.long().bincount(minlength=bins + 2)


def estimate(summed: Tally, settings: dict[str, Any]) -> dict[str, Any]:
    """Return f_0.5 in cycles/pixel, quartiles of the smallest epsilon, and the mean spectrum.

    f_half: the radius that holds half of the power of all pictures.  f_half_published: the same by
    the arithmetic of Li et al. 2023, which knows 25 radii only.  effective: how many pictures of
    equal power would tell as much; where that is below a hundred, the interval of f_half is too
    narrow.  f_half_equal: f_half where every picture's change counts alike, and f_half_median: the
    median of the f_0.5 of every picture's change; where what each picture said was kept.
    share: of the power at or below each of radii (cycles/pixel).  fooled: share of the pictures
    whose change is at most as large as each of sizes.  epsilon: quartiles and median, in
    the unit of pictures in [0, 1], of every picture, with 0 where the answer is already as wanted;
    not a number beyond the largest found; and the mean of those found.  found, already: shares of
    the pictures where the attack succeeded, and needed no change.
    """
    pictures, edges = int(summed["pictures"]), radii()
    sizes = summed["sizes"]
    return {
        "attack": _called(settings),
        **halves(summed),
        "f_half_published": _half(summed, pictures, edges, RINGS // 24),
        "effective": effective(summed),
        "epsilon": {
            name: quantile(sizes, share)
            for name, share in (("lower", 0.25), ("median", 0.5), ("upper", 0.75))
        }
        | _mean(summed),
        "found": share(int(pictures - sizes[-1]), pictures),
        "already": share(int(sizes[0]), pictures),
        "radii": edges[::8].tolist(),
        "share": shares(summed, 8),
        **_fooled(summed, settings),
    }


def _fooled(summed: Tally, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the share of pictures that changes of each size fool; sizes as the norm writes them.

    Sizes are half an octave apart, from the last that fools nothing more to the first that fools
    all that can be.
    """
    within = summed["sizes"].cumsum(0)[:-1]  # at the upper end of each bin
    every = PER_OCTAVE // 2
    ends = range(every, len(within), every)
    first = max((p for p in ends if within[p] == within[0]), default=ends[0])
    last = min((p for p in ends if within[p] == within[-1]), default=ends[-1])
    shown = range(first, last + 1, every)
    scale, pictures = NORMS[settings["norm"]].scale, int(summed["pictures"])
    return {
        "sizes": [scale * 2 ** (SMALLEST + place / PER_OCTAVE) for place in shown],
        "fooled": [share(int(within[place]), pictures) for place in shown],
    }


def half(summed: Tally) -> float:
    """Return f_0.5 alone, in cycles/pixel; not a number where there is no power."""
    return _crossing(summed["power"])


def half_behind_blur(summed: Tally, sigma: float) -> float:
    """Return the f_0.5 that the same changes would have behind a Gaussian blur, in cycles/pixel.

    sigma: of the blur in pixels, which multiplies the power at f by exp(-(2 pi sigma f)^2).
    """
    edges = radii(len(summed["power"]) - 1)
    middle = (edges[1:] + edges[:-1]) / 2
    rings = summed["power"].diff() * (-((2 * math.pi * sigma * middle) ** 2)).exp()
    return _crossing(torch.cat([rings.new_zeros(1), rings.cumsum(0)]))


def median(summed: Tally) -> float:
    """Return the median of the smallest epsilons alone."""
    sizes = summed["sizes"]
    return _epsilon_at(sizes, sizes.sum().item() / 2)


def _crossing(power: Tensor) -> float:
    found = zero_crossing(radii(len(power) - 1), power - power[-1] / 2)
    return math.nan if found is None else found


def blank(settings: dict[str, Any], size: int) -> dict[str, Any]:
    """Return an estimate without numbers."""
    edges = radii()[::8].tolist()
    nothing = {"sizes": [1.0], "fooled": [UNDEFINED]}
    return {"radii": edges, "share": [UNDEFINED] * len(edges), "f_half": UNDEFINED} | nothing


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


def _called(settings: dict[str, Any]) -> str:
    """Say which attack was made, and what it was after if that is not the usual."""
    called = f"{ATTACKS[settings['attack']]}, {settings['steps']} steps"
    return called if settings["criterion"] == "boundary" else f"{called}, p ≥ 0.5"


def _mean(summed: Tally) -> dict[str, Interval]:
    """Return the mean epsilon of the changes that were found, where what each said was kept."""
    if "each_epsilon" not in summed:
        return {}
    sizes = summed["each_epsilon"].double()
    sizes = sizes[sizes.isfinite()]
    if len(sizes) < 2:
        return {"mean": UNDEFINED}
    value, half = sizes.mean().item(), Z * sizes.std().item() / math.sqrt(len(sizes))
    return {"mean": Interval(value, max(0.0, value - half), value + half)}


def halves(summed: Tally) -> dict[str, Interval]:
    """Return f_half and, where what each picture said was kept, its variants, as estimate does."""
    edges = radii(len(summed["power"]) - 1)
    found = {"f_half": _half(summed, int(summed["pictures"]), edges, 1)}
    if "each_power" not in summed:
        return found
    power = summed["each_power"].double()
    power = power[power[:, -1] > 0]
    if not len(power):
        return found | {"f_half_equal": UNDEFINED, "f_half_median": UNDEFINED}
    edges = radii(power.shape[1] - 1)
    shares = power / power[:, -1:]
    total = shares.sum(0)
    alike = {"power": total, "squares": shares.square().sum(0), "products": total}
    each = torch.tensor([_crossing(row) for row in power], dtype=torch.float64)
    ranks = share(round(len(each) / 2), len(each))
    median = Interval(*(each.quantile(rank).item() for rank in (0.5, *ranks[1:])))
    return found | {
        "f_half_equal": _half(alike, len(power), edges, 1),
        "f_half_median": median,
    }


def effective(summed: Tally) -> float:
    """Say how many pictures of equal power would tell as much as these do."""
    return (summed["power"][-1].square() / summed["squares"][-1]).item()


def shares(summed: Tally, every: int = 1) -> list[Interval]:
    """Divide the power within radii() by all of it, with the error of such a ratio.

    every: of how many radii one is taken.
    """
    power, squares, products = (summed[k][::every] for k in ("power", "squares", "products"))
    ratio = power / power[-1]
    spread = squares - 2 * ratio * products + ratio.square() * squares[-1]
    error = Z * spread.clamp(min=0).sqrt() / power[-1]
    ends = ratio, (ratio - error).clamp(min=0), (ratio + error).clamp(max=1)
    return [Interval(*each) for each in torch.stack(ends, 1).tolist()]


def quantile(sizes: Tensor, share: float) -> Interval:
    """Read a quantile of epsilon from sizes, and its interval from the ranks that it may have.

    sizes: of a tally.  share: of the pictures below the quantile.
    """
    pictures = sizes.sum().item()
    error = Z * math.sqrt(share * (1 - share) / pictures)
    ranks = [share, max(0.0, share - error), min(1.0, share + error)]
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
    """Draw the share of the power up to a frequency, with f_0.5, and of the pictures fooled."""
    power = Series(numbers["radii"], numbers["share"], "line")
    fooled = Series(numbers["sizes"], numbers["fooled"])
    y, half = Scale("share", "share"), Mark("f_0.5", numbers["f_half"], 0.5)
    x, size = Scale("frequency", "pixel", low=0), Scale("size of the change", log=True)
    return (
        Curves(x, y, [power], [half], level=0.5, title="Power below a frequency"),
        Curves(size, y, [fooled], level=0.5, title="Pictures fooled, by the size of the change"),
    )


ALIKE = {"f_half_equal": "f_0.5, all alike", "f_half_median": "f_0.5, median picture"}


def summary(numbers: dict[str, Any]) -> list[Number]:
    """Tell f_0.5, the size of the changes, and how they were found."""
    median = Interval(*(255 * end for end in numbers["epsilon"]["median"]))
    alike = [
        Number(label, numbers[name], "pixel") for name, label in ALIKE.items() if name in numbers
    ]
    return [
        Number("f_0.5", numbers["f_half"], "pixel"),
        *alike,
        Number("pictures of equal power", f"{numbers['effective']:.0f}"),
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


def methods(settings: dict[str, Any]) -> str:
    """Say how it is measured, for a paper."""
    search = {
        "fmn": f"the fast minimum-norm attack [pintor2021] with {settings['steps']} steps",
        "pgd": f"PGD [madry2018] with {settings['steps']} steps within a hundred radii, bisected",
    }[settings["attack"]]
    goal = "of a random other class" if settings["targeted"] else "other than the true one"
    met = (
        "be the network's answer"
        if settings["criterion"] == "boundary"
        else "reach a probability of 0.5"
    )
    return (
        f"For each picture the smallest change in {NORMS[settings['norm']].title} that lets an "
        f"answer {goal} {met} was sought by {search}. f_0.5 is the radius in the Fourier plane "
        "that holds half of the power of the changes, without each channel's mean [li2023]."
    )


# The paper takes the better of PGD at 100 radii and Brendel-Bethge, of which we have the former.
PERTURBATION = Measure(
    "perturbation",
    "Perturbations",
    "The smallest changes that fool a network: how large they are, and where their power lies.",
    tally,
    estimate,
    draw,
    "The smallest change that makes the model name a given other class, and where its power lies: "
    "half of it below f_0.5, the diamond. **The further left, the coarser what it takes to fool "
    "the model.** On the right, the share of pictures that changes of a size fool (L∞ in 255ths).",
    summary=summary,
    compared=compared,
    knobs=(
        Knob("norm", "Norm", "linf", choices=lambda: {name: name for name in NORMS}),
        Knob("targeted", "Towards a given class", True),
        Knob("steps", "Steps", 100, low=1),
        Knob("attack", "Attack", "fmn", choices=ATTACKS, offered=ATTACKS, address="search"),
        Knob(
            "criterion",
            "Succeeds at",
            "boundary",
            choices=CRITERIA,
            offered=CRITERIA,
            address="criterion",
        ),
    ),
    newer=frozenset({"attack", "criterion"}),
    paper={"attack": "pgd", "criterion": "half", "steps": 20},
    size=20,
    pairs=True,
    revision=2,
    splits=always,
    blank=blank,
    methods=methods,
)
