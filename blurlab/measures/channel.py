"""The channel behind noise thresholds: how deep they lie in each octave, and its Gaussian."""

import math

import torch
from torch import Tensor

LOWEST = 1.75  # cycles/image of the lowest band's centre; each of the others is an octave higher
WIDTH = 2 * math.sqrt(2 * math.log(2))  # full width at half height of a Gaussian, in its sigmas


def depths(accuracy: Tensor, clean: Tensor, deviations: list[float]) -> Tensor:
    """Find by how many octaves of deviation each threshold lies below the strongest noise.

    accuracy: (D, bands, M).  clean: (D, 1), which stands an octave below the weakest noise.
    Returns (D, bands), 0 where the accuracy never falls to a half; where it does so more than
    once, the weakest noise counts.
    """
    clean = clean[:, :, None].expand(-1, accuracy.shape[1], -1)
    ladder = torch.cat([clean, accuracy], 2)
    steps = torch.tensor([deviations[0] / 2, *deviations], dtype=torch.float64).log2()
    before, after = ladder[..., :-1], ladder[..., 1:]
    falls = (before > 0.5) & (after <= 0.5)
    first = falls.byte().argmax(-1, keepdim=True)
    above, below = before.gather(-1, first), after.gather(-1, first)
    inside = (above - 0.5) / (above - below)
    at = steps[first] + inside * (steps[first + 1] - steps[first])
    depth = (steps[-1] - at).squeeze(-1).where(falls.any(-1), 0)
    return depth.where(ladder[..., 0] > 0.5, steps[-1] - steps[0])


def fit(depth: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Fit Gaussians over octaves to many rows (D, bands) by least squares.

    Returns centres in cycles/image, bandwidths in octaves and heights in octaves of deviation,
    (D,); not a number where the centre is not among the bands, or fewer than two of them have a
    threshold.
    """
    octave = torch.arange(depth.shape[1], dtype=torch.float64)
    middle = torch.full((len(depth), 1), (len(octave) - 1) / 2, dtype=torch.float64)
    log_sigma = torch.zeros_like(middle)
    reach, steps = torch.tensor([len(octave) / 2 + 0.5, 2.5]).double(), torch.linspace(-1, 1, 11)
    grid = torch.cartesian_prod(steps, steps).double()
    for _ in range(10):
        tried = middle + reach[0] * grid[:, 0], log_sigma + reach[1] * grid[:, 1]
        shape = torch.exp(
            -((octave - tried[0][..., None]) / tried[1].exp()[..., None]).square() / 2
        )  # (D, tried, bands)
        # The best height of a given shape is a projection, and what it leaves follows from it.
        explained = torch.einsum("dtb,db->dt", shape, depth).clamp(min=0)
        norm = shape.norm(dim=-1).clamp(min=1e-9)
        best = (explained / norm).argmax(1, keepdim=True)
        height = (explained / norm.square()).gather(1, best)
        middle, log_sigma = tried[0].gather(1, best), tried[1].gather(1, best)
        reach = reach / 3
    # A width of many times the bands' range is that of no channel.
    found = (middle >= 0) & (middle <= octave[-1]) & (log_sigma < 2)
    found &= (depth > 0).sum(1, keepdim=True) > 1
    fitted = LOWEST * torch.exp2(middle), WIDTH * log_sigma.exp(), height
    centre, bandwidth, height = (each.where(found, math.nan)[:, 0] for each in fitted)
    return centre, bandwidth, height


def why_undefined(clean: float, depth: Tensor, found: Tensor) -> str | None:
    """Say in a sentence why there is no channel, or None where there is one.

    clean: accuracy without noise.  depth: (bands,) from depths.  found: (3,) from fit.
    """
    if clean <= 0.5:
        return "Without noise, the faint grey pictures are not answered right half of the time."
    if not depth.any():
        return "The strongest noise leaves half of the answers right in every band."
    if int((depth > 0).sum()) == 1:
        return "Only one band of noise hides the pictures, from which no width follows."
    if found.isnan().any():
        return "No band stands out, or the one that hides pictures best is not among them."
    return None
