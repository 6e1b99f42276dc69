"""The power of changes by their frequency, and f_0.5, the radius that holds half of it."""

import math

import torch
from torch import Tensor

from blurlab.filters.spectrum import radial_frequency
from blurlab.measures.reversal import zero_crossing
from blurlab.measures.row import EACH, Tally
from blurlab.statistics import UNDEFINED, Interval, Z, share, t_quantile

RINGS = 480  # a multiple of 24, so that the paper's 25 radii are among their edges
COARSER = 10  # of how many radii one is kept of every picture, also a divisor of a 24th
CORNER = math.sqrt(0.5)  # cycles/pixel, the largest radius


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


def powers(changes: Tensor) -> Tally:
    """Add up the power of (N, 3, S, S) changes: the entries of a tally that halves() needs."""
    power = cumulative_power(changes)
    return {
        "power": power.sum(0),
        "squares": power.square().sum(0),
        "products": (power * power[:, -1:]).sum(0),
        "each_power": power[:, ::COARSER],
    }


def halves(summed: Tally) -> dict[str, Interval]:
    """Return f_half and, where what each picture said was kept, its variants, as estimate does."""
    edges = radii(len(summed["power"]) - 1)
    found = {"f_half": with_interval(summed, int(summed["pictures"]), edges, 1)}
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
    each = torch.tensor([crossing(row) for row in power], dtype=torch.float64)
    ranks = share(round(len(each) / 2), len(each))
    median = Interval(*(each.quantile(rank).item() for rank in (0.5, *ranks[1:])))
    return found | {
        "f_half_equal": with_interval(alike, len(power), edges, 1),
        "f_half_median": median,
    }


def half(summed: Tally) -> float:
    """Return f_0.5 alone, in cycles/pixel; not a number where there is no power."""
    return crossing(summed["power"])


def half_behind_blur(summed: Tally, sigma: float) -> float:
    """Return the f_0.5 that the same changes would have behind a Gaussian blur, in cycles/pixel.

    sigma: of the blur in pixels, which multiplies the power at f by exp(-(2 pi sigma f)^2).
    """
    edges = radii(len(summed["power"]) - 1)
    middle = (edges[1:] + edges[:-1]) / 2
    rings = summed["power"].diff() * (-((2 * math.pi * sigma * middle) ** 2)).exp()
    return crossing(torch.cat([rings.new_zeros(1), rings.cumsum(0)]))


def with_interval(summed: Tally, pictures: int, edges: Tensor, every: int) -> Interval:
    """Find where the power within a radius is half of all, and where that can be told no longer.

    Every picture adds its power within the radius less half of all its power: a sum whose error
    follows from its squares, and which is 0 at f_0.5. Where a few pictures hold much of the power
    these squares are themselves uncertain: Student's t stands for that, where what each picture
    said was kept.
    """
    power, squares, products = (summed[k][::every] for k in ("power", "squares", "products"))
    if not power[-1] > 0:
        return UNDEFINED
    balance = power - power[-1] / 2
    spread = squares - products + squares[-1] / 4 - balance.square() / pictures
    error = _quantile(summed, edges[::every], balance) * spread.clamp(min=0).sqrt()
    ends = [zero_crossing(edges[::every], balance + sign * error) for sign in (0, 1, -1)]
    value, low, high = ends
    if value is None:
        return UNDEFINED
    return Interval(value, 0.0 if low is None else low, CORNER if high is None else high)


def _quantile(summed: Tally, edges: Tensor, balance: Tensor) -> float:
    """Return how many standard errors the balance of powers reaches to either side.

    Degrees of freedom are those that match the variance of the estimated variance, 2 N / (k - 1)
    with the kurtosis k of what pictures add (Satterthwaite 1946, Biometrics Bulletin 2: 110).
    """
    found = zero_crossing(edges, balance)
    if found is None or f"{EACH}power" not in summed:
        return Z
    power = summed[f"{EACH}power"].double()
    near = (radii(power.shape[1] - 1) - found).abs().argmin()
    added = power[:, near] - power[:, -1] / 2
    squares = (added - added.mean()).square()
    excess = len(added) * squares.square().sum() / squares.sum().square() - 1
    if not excess > 0:
        return Z
    return t_quantile(0.975, max(1.0, 2 * len(added) / excess.item()))


def crossing(power: Tensor) -> float:
    """Return the radius within which half of a cumulative power lies, or not a number."""
    found = zero_crossing(radii(len(power) - 1), power - power[-1] / 2)
    return math.nan if found is None else found


def effective(summed: Tally) -> float:
    """Say how many pictures of equal power would tell as much as these do."""
    return (summed["power"][-1].square() / summed["squares"][-1]).item()


def shares_below(summed: Tally, every: int = 1) -> list[Interval]:
    """Divide the power within radii() by all of it, with the error of such a ratio.

    every: of how many radii one is taken.
    """
    power, squares, products = (summed[k][::every] for k in ("power", "squares", "products"))
    ratio = power / power[-1]
    spread = squares - 2 * ratio * products + ratio.square() * squares[-1]
    error = Z * spread.clamp(min=0).sqrt() / power[-1]
    ends = ratio, (ratio - error).clamp(min=0), (ratio + error).clamp(max=1)
    return [Interval(*each) for each in torch.stack(ends, 1).tolist()]
