"""Hybrid pictures: the coarse structure of one picture with the fine structure of another.

The definition transforms both pictures, takes each coefficient from one of them, and transforms
back. Here the low-passed difference low - high is added to high, and only the columns of its
spectrum that low keeps are transformed; where they are few, a CPU is faster still with matrix
products. Either way it takes about a tenth of the definition's time.
"""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from blurlab.filters.spectrum import (
    check_cutoff,
    gain,
    high_pass,
    low_pass,
    planes_at_once,
    radial_frequency,
)

NEGLIGIBLE = 1e-8  # a gain below this is lost in the rounding of float32
FEW = 0.1  # up to this share of the size, matrix products are faster on a CPU


@torch.no_grad()
def hybrid(
    low: Tensor,
    high: Tensor,
    cutoff: float,
    *,
    high_cutoff: float | None = None,
    filter: str = "ideal",
) -> Tensor:
    """Join the coarse structure of pictures to the fine structure of others.

    low, high: (N, 3, S, S), or any (..., S, S), in [0, 1].
    cutoff: in cycles/image, 0 to S / 2: where low ends and, unless high_cutoff says more, high
    begins.
    filter: a key of spectrum.FILTERS. Ideal takes low on and inside that circle and high outside,
    so the mean always comes from low and the corners always from high (Li et al. 2023, whose alpha
    is 2 cutoff / S). Each gives low * gain(cutoff) + high * (1 - gain(high_cutoff)).
    Returns the shape of low, clipped to [0, 1] once, at the end; without gradients.
    Raises ValueError when a cutoff is out of range.
    """
    size = low.shape[-1]
    check_cutoff(cutoff, size)
    if high_cutoff is not None and high_cutoff != cutoff:
        check_cutoff(high_cutoff, size, "high_cutoff")
        return (low_pass(low, cutoff, filter) + high_pass(high, high_cutoff, filter)).clamp_(0, 1)
    gains = _gains(radial_frequency(size, device=low.device), [cutoff], filter)[0, 0]
    join = _join_few if low.is_cpu and len(gains) <= FEW * size else _join_many
    hybrids = torch.empty_like(high, memory_format=torch.contiguous_format)
    planes = (images.reshape(-1, size, size) for images in (low, high, hybrids))
    lows, highs, results = (stack.split(planes_at_once(low)) for stack in planes)
    join(lows, highs, results, gains)
    return hybrids


@torch.no_grad()
def iter_sweep(
    low: Tensor, high: Tensor, cutoffs: Sequence[float], *, filter: str = "ideal", chunk: int = 2
) -> Iterator[Tensor]:
    """Yield the hybrids of one pair at many cutoffs, in their order, chunk cutoffs at a time.

    low, high: (3, S, S) in [0, 1], transformed once.  cutoffs, filter: as in hybrid.
    Yields (chunk, 3, S, S) in [0, 1]; the last may be shorter.
    Raises ValueError, before the first picture, when a cutoff is out of range.
    """
    size = low.shape[-1]
    for cutoff in cutoffs:
        check_cutoff(cutoff, size)
    frequency = radial_frequency(size, device=low.device)
    columns = _columns(low - high, size // 2 + 1)
    together = 1 if low.is_cpu else chunk  # a CPU is fastest with what fits its cache
    for start in range(0, len(cutoffs), chunk):
        part = cutoffs[start : start + chunk]
        hybrids = low.new_empty(len(part), *low.shape)
        for first in range(0, len(part), together):
            gains = _gains(frequency, part[first : first + together], filter)
            _add_columns(columns, gains, high, hybrids[first : first + together])
        yield hybrids


def sweep(low: Tensor, high: Tensor, cutoffs: Sequence[float], *, filter: str = "ideal") -> Tensor:
    """Return the hybrids of one pair at K cutoffs, (K, 3, S, S) in [0, 1]; see iter_sweep."""
    return next(iter_sweep(low, high, cutoffs, filter=filter, chunk=len(cutoffs)))


def _gains(frequency: Tensor, cutoffs: Sequence[float], filter: str) -> Tensor:
    """Build low's gains, (K, 1, columns, S), up to the last column where any of them matters."""
    axis = frequency[0, : frequency.shape[-1] // 2 + 1]
    columns = int((gain(axis, max(cutoffs), filter) > NEGLIGIBLE).sum())
    gains = [gain(frequency[:columns], cutoff, filter)[None] for cutoff in cutoffs]
    return torch.stack(gains) if len(gains) > 1 else gains[0][None]


def _columns(images: Tensor, count: int) -> Tensor:
    """Return the first columns of the spectra of (..., S, S) pictures, (..., count, S).

    Each column is contiguous, which spares its transform back a copy.
    """
    return torch.fft.fft(torch.fft.rfft(images)[..., :count].transpose(-1, -2))


def _add_columns(columns: Tensor, gains: Tensor, high: Tensor, hybrids: Tensor) -> None:
    """Fill hybrids with high and the pictures of the columns, times their gains, clipped."""
    kept = torch.fft.ifft(columns[..., : gains.shape[-2], :] * gains)
    change = torch.fft.irfft(kept.transpose(-1, -2), n=high.shape[-1])
    torch.add(high, change, out=hybrids).clamp_(0, 1)


def _join_many(
    lows: Sequence[Tensor], highs: Sequence[Tensor], hybrids: Sequence[Tensor], gains: Tensor
) -> None:
    """Fill hybrids by Fourier transforms."""
    for low, high, result in zip(lows, highs, hybrids, strict=True):
        _add_columns(_columns(low - high, len(gains)), gains, high, result)


def _join_few(
    lows: Sequence[Tensor], highs: Sequence[Tensor], hybrids: Sequence[Tensor], gains: Tensor
) -> None:
    """Fill hybrids by matrix products with the few sines and cosines that low keeps."""
    count, size = gains.shape
    waves = torch.cat([torch.arange(count), torch.arange(1, count)])
    basis = _fourier_basis(size, count).to(hybrids[0].dtype)
    gains, across = gains[waves][:, waves], basis.T.contiguous()
    for low, high, result in zip(lows, highs, hybrids, strict=True):
        kept = (basis @ ((low - high) @ across)).mul_(gains)
        torch.add(high, across @ (kept @ basis), out=result).clamp_(0, 1)


def _fourier_basis(size: int, count: int) -> Tensor:
    """Build the orthonormal cosines of 0 to count - 1 cycles and then the sines of 1 and more.

    Returns (2 count - 1, size) float64. A gain that is even in each direction multiplies the
    coefficients of a picture in this basis, down and across, as it does those of its spectrum.
    """
    turns = torch.arange(size, dtype=torch.float64) * (2 * math.pi / size)
    angles = torch.arange(count)[:, None] * turns
    basis = torch.cat([angles.cos(), angles[1:].sin()]) * math.sqrt(2 / size)
    basis[0] = math.sqrt(1 / size)
    return basis
