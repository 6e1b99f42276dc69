"""Where a curve of p_low - p_high reverses."""

import math

import torch
from torch import Tensor

from blurlab.filters.spectrum import radial_frequency
from blurlab.knobs import Knob
from blurlab.statistics import UNDEFINED, Interval

# The cutoffs of the paper's figures in percent of Nyquist (Li et al. 2023, second revision).
PAPERS = (0, 7, 12, 16, 19, 22, 25, 32, 42, 57, 70, 85, 100)
# Between the lowest ones are 2, 4 and 9, since networks behind a blur reverse there.
ALPHAS = tuple(sorted((*PAPERS, 2, 4, 9)))
COARSE = 8  # cycles/image up to which neighbouring rings lie 1 % apart or more


def rings(size: int) -> list[float]:
    """List cutoffs in percent of Nyquist: at every ring up to COARSE, then the usual ones.

    size: side of the pictures in pixels.
    """
    nyquist = size / 2
    radii = radial_frequency(size).unique().double()
    near = radii[radii <= min(COARSE, nyquist)] / nyquist * 100
    return [*near.tolist(), *(alpha for alpha in ALPHAS if alpha > near[-1])]


PERCENTAGES = Knob(
    "alphas", "Cutoffs", list(ALPHAS), low=0, unit="% of Nyquist", words={"rings": rings}
)


def zero_crossing(cutoffs: Tensor, difference: Tensor) -> float | None:
    """Find the first cutoff at which p_low - p_high reaches zero, coming from either side.

    cutoffs, difference: (K,), joined by straight lines.
    Returns the cutoff in its own unit, or None when the curve never gets there; one that starts at
    zero has not come from a side.
    """
    found = first_crossings(cutoffs, difference).item()
    return None if math.isnan(found) else found


def first_crossings(cutoffs: Tensor, differences: Tensor) -> Tensor:
    """Find the crossings (...) of many curves (..., K); not a number where there is none."""
    start, end = differences[..., :-1], differences[..., 1:]
    crosses = (start != 0) & (start * end <= 0)
    first = crosses.byte().argmax(-1, keepdim=True)
    above, below = start.gather(-1, first), end.gather(-1, first)
    found = cutoffs[first] + above / (above - below) * (cutoffs[first + 1] - cutoffs[first])
    return found.squeeze(-1).where(crosses.any(-1), math.nan)


def between_rings(found: Interval, size: float) -> Interval:
    """Widen the interval of a frequency to the rings around it, which are all that a filter tells.

    found: in fractions of Nyquist, as what is returned.  size: side of the pictures in pixels.
    From one ring of Fourier coefficients to the next an ideal filter does nothing, so that the
    course of a curve between them is not measured.
    """
    if math.isnan(found.value):
        return found
    return Interval(
        found.value,
        min(found.low, rings_around(found.low, size)[0]),
        max(found.high, rings_around(found.high, size)[1]),
    )


def rings_around(frequency: float, size: float) -> tuple[float, float]:
    """Return the rings of Fourier coefficients below and above a frequency; it may be on both.

    All in fractions of Nyquist.  size: side of the pictures in pixels.
    """
    radii = radial_frequency(round(size)).unique().double() / (size / 2)
    slack = 1e-6  # what is on a ring stays there
    below, above = radii[radii <= frequency + slack], radii[radii >= frequency - slack]
    return below[-1].item(), above[0].item()


def drawn(
    curve: Tensor, covariance: Tensor, generator: torch.Generator, draws: int = 2000
) -> Tensor:
    """Draw curves, (draws, K), from the normal distribution of a mean one.

    curve: (K,).  covariance: (K, K) of that mean.
    """
    values, vectors = torch.linalg.eigh(covariance)
    scale = vectors * values.clamp(min=0).sqrt()
    noise = torch.randn(draws, len(curve), dtype=torch.float64, generator=generator)
    return curve + noise @ scale.T


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
    crossings = first_crossings(cutoffs, drawn(difference, covariance, generator, draws))
    low, high = crossings.nanquantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return Interval(value, min(low, value), max(high, value))
