"""Pictures of one frequency."""

import math

import torch


def grating(size, frequency, angle=0.0):
    """Draw a (size, size) cosine of mean 0 and amplitude 1, along x at angle 0 (radians)."""
    position = torch.arange(size, dtype=torch.float64)
    across, down = frequency * math.cos(angle), frequency * math.sin(angle)
    phase = (across * position + down * position[:, None]) / size
    return torch.cos(2 * math.pi * phase).float()
