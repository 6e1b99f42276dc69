"""The critical band: which octave of noise hides pictures best, and how wide that channel is."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from blurlab.measures import Batch, Measure, Network, Tally
from blurlab.sensitivity import UNDEFINED, Interval, share
from blurlab.spectrum import multiply_spectrum, radial_frequency

LOWEST = 1.75  # cycles/image of the lowest band's centre; each of the others is an octave higher
GREY = (0.299, 0.587, 0.114)
BACKGROUND = 0.449  # the mean of ImageNet's pictures
DRAWS = 500
WIDTH = 2 * math.sqrt(2 * math.log(2))  # full width at half height of a Gaussian, in its sigmas


def centres(size: int) -> list[float]:
    """List the bands' centres up to Nyquist in cycles/image: seven at 224 pixels, four at 32."""
    return [LOWEST * 2**octave for octave in range(int(math.log2(size / 2 / LOWEST)) + 1)]


def faint(images: Tensor, contrast: float) -> Tensor:
    """Make pictures grey and faint, all of the same mean: (N, 1, S, S)."""
    grey = torch.einsum("nchw,c->nhw", images, images.new_tensor(GREY))[:, None]
    return (grey - grey.mean((-1, -2), keepdim=True)) * contrast + BACKGROUND


def octave_noise(images: Tensor, centre: float, white: Tensor) -> Tensor:
    """Cut white noise to the octave around a frequency and give each picture's a deviation of 1.

    white: (N, 1, S, S).  centre: in cycles/image, half an octave from either edge.
    """
    size = images.shape[-1]
    frequency = radial_frequency(size, device=images.device)[:, : size // 2 + 1]
    inside = (frequency > centre / math.sqrt(2)) & (frequency <= centre * math.sqrt(2))
    cut = multiply_spectrum(white.to(images), inside.to(images))
    return cut / cut.square().mean((-1, -2), keepdim=True).sqrt()


def masked(batch: Batch, settings: dict[str, Any]) -> Iterator[Tensor]:
    """Yield the faint pictures, then those in each band's noise, every deviation after another.

    One draw of white noise serves all bands and deviations of a picture, which then differ in
    frequency and strength alone. Yields (N, 3, S, S), clipped to [0, 1].
    """
    grey = faint(batch.images, settings["contrast"])
    yield grey.clamp(0, 1).expand(-1, 3, -1, -1)
    white = torch.randn(grey.shape, generator=batch.generator)
    for centre in centres(grey.shape[-1]):
        noise = octave_noise(grey, centre, white)
        for deviation in settings["deviations"]:
            yield torch.add(grey, noise, alpha=deviation).clamp_(0, 1).expand(-1, 3, -1, -1)


@torch.no_grad()
def tally(network: Network, batch: Batch, settings: dict[str, Any]) -> Tally:
    """Count the right answers: right, to the pictures of masked().

    products: of the right answers to each two of them by the same picture.
    """
    named = [network(images).argmax(-1) == batch.labels for images in masked(batch, settings)]
    right = torch.stack(named).float()
    return {"right": right.sum(1), "products": right @ right.T}


def estimate(summed: Tally, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the accuracy in each band's noise, each band's threshold, and the channel.

    thresholds: the deviations that leave half of the answers right, one for each of centres
    (cycles/image); not a number where the strongest noise leaves more.
    centre (cycles/image), bandwidth (octaves): of a Gaussian over log2 frequency fitted to the
    octaves of deviation that a threshold lies below the strongest noise; the bandwidth is its full
    width at half height. undefined: null, or why there is no channel.
    Source: Subramanian et al. 2023, NeurIPS. There the noise is a level of a Laplacian pyramid,
    thresholds are steps of the ladder, and pictures are changed where noise would leave [0, 1];
    here it has sharp edges, thresholds are interpolated, and the sum is clipped.
    """
    pictures, deviations = int(summed["pictures"]), settings["deviations"]
    mean = summed["right"] / pictures
    covariance = (summed["products"] / pictures - mean.outer(mean)) / pictures
    drawn = torch.cat([mean[None], _draw(mean, covariance)])
    depth = _depth(drawn[:, 1:].unflatten(1, (-1, len(deviations))), drawn[:, :1], deviations)
    thresholds = deviations[-1] / torch.exp2(depth)
    thresholds[(depth <= 0) | (drawn[:, :1] <= 0.5)] = math.nan
    found = torch.stack(_fit(depth), 1)
    undefined = _why_undefined(mean[0].item(), depth[0], found[0])
    centre, bandwidth = UNDEFINED, UNDEFINED
    if undefined is None:
        centre, bandwidth = (_around(column) for column in found.T)
    bands = depth.shape[1]
    accuracy = [share(int(count), pictures) for count in summed["right"]]
    return {
        "clean": accuracy[0],
        "centres": [LOWEST * 2**octave for octave in range(bands)],
        "deviations": deviations,
        "accuracy": [accuracy[1 + b * len(deviations) :][: len(deviations)] for b in range(bands)],
        "thresholds": [_around(column) for column in thresholds.T],
        "centre": centre,
        "bandwidth": bandwidth,
        "undefined": undefined,
    }


def _draw(mean: Tensor, covariance: Tensor) -> Tensor:
    """Draw accuracies (DRAWS, K) from the normal distribution of their mean."""
    values, vectors = torch.linalg.eigh(covariance)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(DRAWS, len(mean), dtype=torch.float64, generator=generator)
    return mean + noise @ (vectors * values.clamp(min=0).sqrt()).T


def _depth(accuracy: Tensor, clean: Tensor, deviations: list[float]) -> Tensor:
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


def _fit(depth: Tensor) -> tuple[Tensor, Tensor]:
    """Fit Gaussians over octaves to many rows (D, bands) by least squares.

    Returns centres in cycles/image and bandwidths in octaves, (D,); not a number where the centre
    is not among the bands, or fewer than two of them have a threshold.
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
        best = (explained / shape.norm(dim=-1).clamp(min=1e-9)).argmax(1, keepdim=True)
        middle, log_sigma = tried[0].gather(1, best), tried[1].gather(1, best)
        reach = reach / 3
    # A width of many times the bands' range is that of no channel.
    found = (middle >= 0) & (middle <= octave[-1]) & (log_sigma < 2)
    found &= (depth > 0).sum(1, keepdim=True) > 1
    centre = (LOWEST * torch.exp2(middle)).where(found, math.nan)
    return centre[:, 0], (WIDTH * log_sigma.exp()).where(found, math.nan)[:, 0]


def _why_undefined(clean: float, depth: Tensor, found: Tensor) -> str | None:
    if clean <= 0.5:
        return "Without noise, the faint grey pictures are not answered right half of the time."
    if not depth.any():
        return "The strongest noise leaves half of the answers right in every band."
    if int((depth > 0).sum()) == 1:
        return "Only one band of noise hides the pictures, from which no width follows."
    if found.isnan().any():
        return "No band stands out, or the one that hides pictures best is not among them."
    return None


def _around(drawn: Tensor) -> Interval:
    """Return the first of many estimates with the interval that holds 95 % of the others."""
    value, ends = drawn[0].item(), torch.tensor([0.025, 0.975], dtype=torch.float64)
    if math.isnan(value):
        return UNDEFINED
    low, high = drawn.nanquantile(ends).tolist()
    return Interval(value, min(low, value), max(high, value))


CRITICAL_BAND = Measure(
    "Critical band",
    {"contrast": 0.2, "deviations": [0.02, 0.04, 0.08, 0.16]},
    tally,
    estimate,
)
