"""The sizes of the smallest changes: their histogram, quantiles, and the share that they fool."""

import math
from typing import Any

from torch import Tensor

from blurlab.attacks.norms import NORMS
from blurlab.measures.row import Tally
from blurlab.statistics import UNDEFINED, Interval, Z, share

SMALLEST, LARGEST, PER_OCTAVE = -14, 8, 16  # log2 of epsilon, and bins


def binned(epsilon: Tensor) -> Tensor:
    """Count (N,) sizes in bins of a sixteenth of an octave, between 0 and infinity."""
    octaves = epsilon.log2().sub(SMALLEST).mul(PER_OCTAVE).floor()
    bins = (LARGEST - SMALLEST) * PER_OCTAVE
    place = octaves.clamp(0, bins - 1) + 1
    place = place.where(epsilon > 0, 0).where(epsilon < math.inf, bins + 1)
    return place.long().bincount(minlength=bins + 2)


def median(summed: Tally) -> float:
    """Return the median of the smallest epsilons alone."""
    sizes = summed["sizes"]
    return epsilon_at(sizes, sizes.sum().item() / 2)


def mean(summed: Tally) -> dict[str, Interval]:
    """Return the mean epsilon of the changes that were found, where what each said was kept."""
    if "each_epsilon" not in summed:
        return {}
    sizes = summed["each_epsilon"].double()
    sizes = sizes[sizes.isfinite()]
    if len(sizes) < 2:
        return {"mean": UNDEFINED}
    value, half = sizes.mean().item(), Z * sizes.std().item() / math.sqrt(len(sizes))
    return {"mean": Interval(value, max(0.0, value - half), value + half)}


def quantile(sizes: Tensor, share: float) -> Interval:
    """Read a quantile of epsilon from sizes, and its interval from the ranks that it may have.

    sizes: of a tally.  share: of the pictures below the quantile.
    """
    pictures = sizes.sum().item()
    error = Z * math.sqrt(share * (1 - share) / pictures)
    ranks = [share, max(0.0, share - error), min(1.0, share + error)]
    return Interval(*(epsilon_at(sizes, rank * pictures) for rank in ranks))


def epsilon_at(sizes: Tensor, rank: float) -> float:
    """Return the size that this many pictures need at most; not a number where none is found."""
    within = sizes.cumsum(0)
    place = int((within < rank).sum())
    if place == 0:
        return 0.0
    if place == len(sizes) - 1:
        return math.nan
    before = within[place - 1]
    inside = ((rank - before) / (within[place] - before)).item()
    return 2 ** (SMALLEST + (place - 1 + inside) / PER_OCTAVE)


def fooled(summed: Tally, settings: dict[str, Any]) -> dict[str, Any]:
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
