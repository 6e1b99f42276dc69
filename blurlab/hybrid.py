"""Hybrid pictures: the coarse structure of one picture with the fine structure of another."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from blurlab.spectrum import check_cutoff, low_pass


def hybrid(
    low: Tensor, high: Tensor, cutoff: float, *, high_cutoff: float | None = None, filter="ideal"
) -> Tensor:
    """Join the coarse structure of one picture to the fine structure of another.

    low, high: (..., S, S) in [0, 1].
    cutoff: in cycles/image, 0 to S / 2, where low ends and, unless high_cutoff says otherwise, high
    begins. The ideal filter takes low at and inside that circle and high beyond it, so the mean
    always comes from low and the corners always from high (Li et al. 2023; their alpha is
    2 cutoff / S). The others give low * gain(cutoff) + high * (1 - gain(high_cutoff)).
    filter: a key of spectrum.FILTERS.
    Returns (..., S, S), clipped to [0, 1] at the end.
    Raises ValueError when a cutoff is out of range.
    """
    if high_cutoff is None or high_cutoff == cutoff:
        return (high + low_pass(low - high, cutoff, filter)).clamp_(0, 1)
    check_cutoff(high_cutoff, high.shape[-1], "high_cutoff")
    return (low_pass(low, cutoff, filter) + high - low_pass(high, high_cutoff, filter)).clamp_(0, 1)


def iter_sweep(
    low: Tensor, high: Tensor, cutoffs: Sequence[float], *, filter: str = "ideal", chunk: int = 1
) -> Iterator[Tensor]:
    """Yield the hybrids of one pair, chunk cutoffs at a time, in the order of the cutoffs.

    low, high: (3, S, S) in [0, 1].
    Yields (up to chunk, 3, S, S) in [0, 1].
    """
    for start in range(0, len(cutoffs), chunk):
        part = cutoffs[start : start + chunk]
        yield torch.stack([hybrid(low, high, cutoff, filter=filter) for cutoff in part])


def sweep(low: Tensor, high: Tensor, cutoffs: Sequence[float], *, filter="ideal") -> Tensor:
    """Return the hybrids of one pair at each of K cutoffs, (K, 3, S, S)."""
    return torch.cat(list(iter_sweep(low, high, cutoffs, filter=filter)))
