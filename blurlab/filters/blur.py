"""The blur defence: one fixed Gaussian in front of a model."""

import math

import torch
from torch import Tensor, nn

from blurlab.filters.spectrum import multiply_spectrum

BLOCK = 32  # rows or columns that one matrix product blurs together


def gaussian_blur(images: Tensor, sigma: float) -> Tensor:
    """Blur square pictures as the BlurNet layer does (Li et al. 2023).

    images: (..., S, S), any range.
    sigma: in pixels, above 0. The kernel is cut off at ceil(2.5 sigma) pixels from its centre and
    normalised to sum 1.
    Returns (..., S, S), differentiable. The mean is unchanged. The edges wrap round, and a kernel
    wider than the picture wraps round as often as it needs to. The time hardly depends on sigma.
    Raises ValueError when sigma is not a finite number above 0.
    """
    check_sigma(sigma)
    size, half = images.shape[-1], math.ceil(2.5 * sigma)
    offsets = torch.arange(-half, half + 1, dtype=torch.float64)
    weights = torch.exp(-0.5 * (offsets / sigma) ** 2)
    weights /= weights.sum()
    if _blocks_are_faster(images, half):
        return _blur_by_blocks(images, weights.to(images.dtype))
    kernel = torch.zeros(size, dtype=torch.float64).index_add_(0, offsets.long() % size, weights)
    response = torch.fft.fft(kernel).real
    return multiply_spectrum(images, response[:, None] * response[: size // 2 + 1])


def check_sigma(sigma: float) -> None:
    """Raise ValueError unless sigma is a finite number of pixels above 0."""
    if not 0 < sigma < math.inf:
        raise ValueError(f"sigma is {sigma} pixels; it must be above 0 and finite.")


def _blocks_are_faster(images: Tensor, half: int) -> bool:
    size = images.shape[-1]
    fits = size >= 128 and size % BLOCK == 0 and 4 * half <= size
    needs_gradient = images.requires_grad and torch.is_grad_enabled()
    return fits and images.is_cpu and not needs_gradient and not torch.compiler.is_compiling()


def _blur_by_blocks(images: Tensor, weights: Tensor) -> Tensor:
    """Blur BLOCK rows, then BLOCK columns, at a time by a matrix product with a narrow band.

    On a CPU this takes half the time of the Fourier transforms, which do the same for any size,
    any sigma, and gradients.
    """
    size, half = images.shape[-1], len(weights) // 2
    blocks, window, padded = size // BLOCK, BLOCK + 2 * half, size + 2 * half
    band = images.new_zeros(BLOCK, window)
    for offset, weight in enumerate(weights):
        band.diagonal(offset)[:BLOCK] = weight
    band = band.expand(blocks, BLOCK, window)
    # Two buffers, with wrapped edges, serve every plane: new memory would cost a third of the time.
    # Neighbouring windows overlap by the kernel; unfold sees them without copying.
    wrapped, rows = images.new_empty(padded, size), images.new_empty(size, padded)
    above = wrapped.unfold(0, window, BLOCK).transpose(1, 2)
    beside = rows.unfold(1, window, BLOCK).transpose(0, 1)
    inner = rows.view(blocks, BLOCK, padded)[..., half:-half]
    blurred = torch.empty_like(images, memory_format=torch.contiguous_format)
    columns = blurred.view(-1, size, blocks, BLOCK).transpose(1, 2)
    for plane, result in zip(images.reshape(-1, size, size), columns, strict=True):
        torch.cat([plane[-half:], plane, plane[:half]], out=wrapped)
        torch.bmm(band, above, out=inner)
        rows[:, :half], rows[:, -half:] = rows[:, size:-half], rows[:, half : 2 * half]
        torch.bmm(beside, band.transpose(1, 2), out=result)
    return blurred


class GaussianBlur(nn.Module):
    """gaussian_blur as a layer in front of a model; it has no parameters and saves no state."""

    def __init__(self, sigma: float):
        super().__init__()
        check_sigma(sigma)
        self.sigma = sigma

    def forward(self, images: Tensor) -> Tensor:
        return gaussian_blur(images, self.sigma)

    def extra_repr(self) -> str:
        return f"sigma={self.sigma}"
