"""Frost on a window pane, drawn: feathers of ice that grow from random points.

The ice is synthetic. Its mean color, its contrast and its radial power spectrum were set to lie
within the spread of the photographs of frosted windows that ImageNet-C uses.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from blurlab.corruptions.draws import uniform

FEATHERS = 20
LENGTH_TO_WIDTH = 2.6
BARB_SLANT = 1.3  # how far a barb runs along the spine for each step away from it
GRAIN_CELLS = 128  # side of the random tile that makes the barbs
GRAIN_ALONG, GRAIN_ACROSS = 150, 40  # cells of the tile per picture side

# (cells per side, height) of the slow changes of thickness.
CLOUDS = ((3, 1.0), (6, 0.5), (24, 0.25))

DARK_PANE, WHITE_PANE = (0.30, 0.44, 0.50), (0.78, 0.80, 0.84)  # mean red, green, blue


def draw_ice(seeds: Tensor, size: int, device: torch.device) -> Tensor:
    """Draw one iced pane per seed: (N, 3, size, size) in [0, 1].

    A seed draws the same pane at every size. It is drawn at 5/8 of the size and enlarged, which is
    faster and lets the power beyond 5/16 cycles/pixel fall as it does in the photographs.
    """
    coarse = max(size * 5 // 8, min(size, 112))
    whiteness, contrast = uniform(seeds, 2, 1, 1, 1, stream=1).to(device).unbind(1)
    relief = _feathers(seeds, coarse, device) + _clouds(seeds, coarse, device)
    relief = relief - relief.mean((2, 3), keepdim=True)
    relief = relief / relief.square().mean((2, 3), keepdim=True).sqrt()
    relief = F.interpolate(relief, size=(size, size), mode="bilinear", align_corners=False)
    # A pane that is white all over has less contrast.
    relief *= (0.14 - 0.06 * whiteness) * (0.8 + 0.4 * contrast)
    dark, white = (torch.tensor(c, device=device).view(3, 1, 1) for c in (DARK_PANE, WHITE_PANE))
    return (torch.lerp(dark, white, whiteness) + relief).clamp_(0, 1)


def _feathers(seeds: Tensor, size: int, device: torch.device) -> Tensor:
    """Fill the pane with feathers, each pixel in the nearest: (N, 1, size, size), about 0 to 2."""
    x, y, turn, lightness = uniform(seeds, 4, FEATHERS, stream=2).to(device).unbind(1)
    along, across = _onto_spines(x, y, turn * math.tau, size)
    # A distance that counts less along the feather makes it long.
    distance = across.square().addcmul_(along, along, value=LENGTH_TO_WIDTH**-2)
    nearest = distance.min(1, keepdim=True).indices  # several times faster than argmin on a CPU
    along, across = along.gather(1, nearest), across.gather(1, nearest)
    start, nearest = 5 * turn.gather(1, nearest[:, 0])[:, None], nearest[:, 0]
    # The barbs are a random tile, drawn out along lines that slant away from the spine.
    barb = (along - BARB_SLANT * across.abs()) * (2 * GRAIN_ALONG / GRAIN_CELLS)
    grid = torch.stack([barb + start, across * (2 * GRAIN_ACROSS / GRAIN_CELLS) - start], -1)
    tile = uniform(seeds, 1, GRAIN_CELLS, GRAIN_CELLS, stream=3, device=device)
    grain = F.grid_sample(tile, grid, padding_mode="reflection", align_corners=False)
    away = across.abs()[:, :, None]
    relief = (grain - 0.5) * (1 + torch.exp(-9 * away)) + 0.7 * torch.exp(-60 * away)
    relief += 0.5 * lightness.gather(1, nearest)[:, None, None]
    return relief.view(len(seeds), 1, size, size)


def _onto_spines(x: Tensor, y: Tensor, angle: Tensor, size: int) -> Tensor:
    """Give each pixel's place along and across each feather: (2, N, FEATHERS, size * size).

    x, y, angle: (N, FEATHERS), where the feathers start and where they point.
    """
    cosine, sine = angle.cos(), angle.sin()
    along = torch.stack([cosine, sine, -cosine * x - sine * y], -1)
    across = torch.stack([-sine, cosine, sine * x - cosine * y], -1)
    position = (torch.arange(size, device=x.device) + 0.5) / size
    column, row = position.repeat(size), position.repeat_interleave(size)
    return torch.stack([along, across]) @ torch.stack([column, row, torch.ones_like(row)])


def _clouds(seeds: Tensor, size: int, device: torch.device) -> Tensor:
    """Vary the pane's thickness slowly: (N, 1, size, size), around 0."""
    total = torch.zeros(len(seeds), 1, size, size, device=device)
    for stream, (cells, height) in enumerate(CLOUDS, start=4):
        noise = uniform(seeds, 1, cells, cells, stream=stream, device=device).sub_(0.5)
        total += height * F.interpolate(noise, (size, size), mode="bilinear", align_corners=True)
    return total
