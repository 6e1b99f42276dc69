"""What BlurLab is compared with: the paper's definitions, computed as its authors' code does.

Li et al. 2023, PLOS Comput Biol 19(3): e1010932. Written from the published definitions.
"""

import math

import numpy as np
import scipy.fft
import torch
from torch import Tensor
from torch.nn import functional as F


def hybrid_mask(size: int, cutoff: float) -> np.ndarray:
    """Mark the coefficients of the low picture, (size, size) float64."""
    across = np.mod(np.arange(size) / size + 0.5, 1) - 0.5
    return (np.sqrt(across[:, None] ** 2 + across**2) <= cutoff / size).astype(float)


def hybrid_picture(low: np.ndarray, high: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Make one hybrid of (3, S, S) pictures: two transforms, a mask, one transform back."""
    spectrum = scipy.fft.fft2(low) * mask + scipy.fft.fft2(high) * (1 - mask)
    return np.clip(scipy.fft.ifft2(spectrum).real, 0, 1).astype(np.float32)


def blur_weights(sigma: float) -> Tensor:
    """Build the blur layer's (3, 3, K, K) weights, zero between different channels."""
    half = math.ceil(2.5 * sigma)
    offsets = torch.arange(-half, half + 1.0)
    kernel = torch.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * sigma**2))
    return torch.eye(3)[:, :, None, None] * (kernel / kernel.sum())


def dense_blur(images: Tensor, weights: Tensor) -> Tensor:
    """Blur (N, 3, S, S) pictures by one dense circular convolution."""
    half = weights.shape[-1] // 2
    return F.conv2d(F.pad(images, (half,) * 4, mode="circular"), weights)
