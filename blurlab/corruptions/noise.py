"""Noise that is drawn anew for every pixel and channel."""

import torch
from torch import Tensor

from blurlab.corruptions.draws import normal, uniform

GREY_LEVELS = 256


def gaussian_noise(images: Tensor, seeds: Tensor, sigma: float) -> Tensor:
    """Add normal noise; sigma is its standard deviation in intensity."""
    return add_noise(images, _normal_like(images, seeds) * sigma)


def speckle_noise(images: Tensor, seeds: Tensor, sigma: float) -> Tensor:
    """Add normal noise in proportion to the intensity; sigma is its share."""
    return add_noise(images, _normal_like(images, seeds) * sigma * images)


def shot_noise(images: Tensor, seeds: Tensor, photons: float) -> Tensor:
    """Count photons, Poisson distributed; photons is the mean count at white.

    The mean is rounded to 256 grey levels, which 8-bit pictures have anyway.
    """
    draws = uniform(seeds, *images.shape[1:], device=images.device)
    return from_counts(poisson(images, draws, photons), photons)


def impulse_noise(images: Tensor, seeds: Tensor, share: float) -> Tensor:
    """Replace a share of the values by 0 or by 1, both equally often."""
    draws = uniform(seeds, *images.shape[1:], device=images.device)
    peppered = images.masked_fill(draws < share / 2, 0)
    return peppered.masked_fill_(draws >= 1 - share / 2, 1)


def add_noise(images: Tensor, noise: Tensor) -> Tensor:
    return (images + noise).clamp_(0, 1)


def from_counts(counts: Tensor, photons: float) -> Tensor:
    return (counts / photons).clamp_(max=1)


def poisson(images: Tensor, draws: Tensor, photons: float) -> Tensor:
    """Turn uniform draws into Poisson counts with mean images * photons: int32, as images.

    For each grey level the cumulative distribution is tabulated once; each draw then looks up its
    count by bisection, one bit of the count after the other.
    """
    table = _poisson_table(photons).to(images.device)
    step = table.shape[1] // 2
    start = images.mul(GREY_LEVELS - 1).round_().to(torch.int32).mul_(table.shape[1])
    position, table, draws = start.flatten().clone(), table.flatten(), draws.flatten()
    while step:
        # The count is at least `step` higher where the draw exceeds the chance of less than that.
        higher = table[step - 1 :].index_select(0, position) <= draws
        position.add_(higher, alpha=step)
        step //= 2
    return position.view_as(images).sub_(start)


def _poisson_table(photons: float) -> Tensor:
    """Tabulate P(count <= k) as (grey levels, counts) float32; the counts are a power of two."""
    # Nine standard deviations above the largest mean leave less than a float32 can tell from 1.
    counts = 1 << int(photons + 9 * photons**0.5 + 8).bit_length()
    mean = torch.linspace(0, photons, GREY_LEVELS, dtype=torch.float64)[:, None]
    count = torch.arange(counts, dtype=torch.float64)
    chance = torch.exp(torch.xlogy(count, mean) - mean - torch.lgamma(count + 1))
    return chance.cumsum(1).float()


def _normal_like(images: Tensor, seeds: Tensor) -> Tensor:
    return normal(seeds, *images.shape[1:], device=images.device)
