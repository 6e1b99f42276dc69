"""A V1 model: complex cells, which say how much of a frequency and orientation is where."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from blurlab.pictures.grey import grey

FREQUENCIES_NYQUIST = (1 / 16, 1 / 8, 1 / 4, 1 / 2)  # preferred ones; at 128 pixels 4 to 32 cycles
ORIENTATIONS = 8
BANDWIDTH = 1.0  # octaves between the frequencies of half the largest amplitude
GRID = 8  # cells along a side after pooling
CHUNK = 64


def gains(size: int) -> Tensor:
    """Return how much of every frequency each Gabor filter passes, (F, O, S, S) in FFT order.

    A filter is one Gaussian lobe of the frequency plane around its preferred frequency, so its
    answer to a picture is complex: the real part is that of an even Gabor function, the imaginary
    part that of the odd one, a quarter of a period away. Of the mean grey nothing passes.
    Orientation o prefers gratings that vary along the angle pi o / O from the x axis.
    """
    down, across = torch.meshgrid(*[torch.fft.fftfreq(size, 1 / size)] * 2, indexing="ij")
    # Half the amplitude is left at this share of the preferred frequency away from it.
    half = (2**BANDWIDTH - 1) / (2**BANDWIDTH + 1)
    lobes = []
    for frequency in (size / 2 * share for share in FREQUENCIES_NYQUIST):
        for orientation in range(ORIENTATIONS):
            angle = math.pi * orientation / ORIENTATIONS
            x, y = frequency * math.cos(angle), frequency * math.sin(angle)
            away = ((across - x).square() + (down - y).square()).sqrt() / (half * frequency)
            lobes.append(torch.exp2(-away.square()))
    stacked = torch.stack(lobes).view(len(FREQUENCIES_NYQUIST), ORIENTATIONS, size, size)
    stacked[..., 0, 0] = 0
    return stacked


def energies(images: Tensor) -> Tensor:
    """Return the energies of complex cells to the grey of pictures, (N, F, O, GRID, GRID).

    images: (N, 3, S, S) in [0, 1], S at least GRID.
    An energy is the sum of the squared answers of a quadrature pair of Gabor filters, averaged over
    a cell of the grid; it does not depend on a grating's phase. The edges wrap round.
    Source: Adelson and Bergen 1985, J Opt Soc Am A 2(2): 284.
    """
    filters = gains(images.shape[-1]).to(images.device).flatten(0, 1)
    found = []
    for part in images.split(CHUNK):
        spectrum = torch.fft.fft2(grey(part)[:, 0])
        pooled = [
            F.adaptive_avg_pool2d(torch.fft.ifft2(spectrum * gain).abs().square(), GRID)
            for gain in filters
        ]
        found.append(torch.stack(pooled, 1))
    return torch.cat(found).unflatten(1, (len(FREQUENCIES_NYQUIST), ORIENTATIONS))
