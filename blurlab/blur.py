"""The blur defence: one fixed Gaussian in front of a model."""

import math

import torch
from torch import Tensor, nn


def gaussian_blur(images: Tensor, sigma: float) -> Tensor:
    """Blur square pictures as the BlurNet layer does (Li et al. 2023).

    images: (..., S, S), any range.
    sigma: in pixels, above 0. The kernel is cut off at ceil(2.5 sigma) pixels from its centre and
    normalised to sum 1.
    Returns (..., S, S), differentiable. The mean is unchanged. The edges wrap round, and a kernel
    wider than the picture wraps round as often as it needs to. The time does not depend on sigma.
    Raises ValueError when sigma is not a finite number above 0.
    """
    matrix = blur_matrix(images.shape[-1], sigma).to(images)
    return matrix @ images @ matrix


def blur_matrix(size: int, sigma: float) -> Tensor:
    """Build the (size, size) circulant M for which M @ image blurs each column, M = M.T."""
    check_sigma(sigma)
    half = math.ceil(2.5 * sigma)
    offsets = torch.arange(-half, half + 1, dtype=torch.float64)
    weights = torch.exp(-0.5 * (offsets / sigma) ** 2)
    row = torch.zeros(size, dtype=torch.float64)
    row.index_add_(0, offsets.long() % size, weights / weights.sum())
    position = torch.arange(size)
    return row[(position[:, None] - position) % size]


def check_sigma(sigma: float) -> None:
    """Raise ValueError unless sigma is a finite number of pixels above 0."""
    if not 0 < sigma < math.inf:
        raise ValueError(f"sigma is {sigma} pixels; it must be above 0.")


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
