"""Hybrid pictures, sweeps and the blur layer at 224 pixels, on one CPU core unless said."""

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
import torch
import torchvision
from torch import Tensor

from benchmarks import Row, alternate
from benchmarks.references import blur_weights, dense_blur, hybrid_mask, hybrid_picture
from blurlab.filters.blur import gaussian_blur
from blurlab.filters.hybrid import hybrid, iter_sweep, sweep

SIZE = 224
CUTOFFS = torch.linspace(0, SIZE / 2, 33).tolist()
GENERATOR = "the authors' generator, picture by picture"


def pictures(count: int) -> Tensor:
    """Draw seeded noise pictures, (count, 3, SIZE, SIZE); no time here depends on the content."""
    return torch.rand(count, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))


def generated(lows: Tensor, highs: Tensor, masks: list[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the authors' hybrids of pairs, one picture at a time."""
    for pair in zip(lows.numpy(), highs.numpy(), masks, strict=True):
        yield hybrid_picture(*pair)


def discard(results: Iterator) -> None:
    """Draw every result and keep none."""
    for _ in results:
        pass


def check(candidate: Tensor, reference: Iterable, tolerance: float = 1e-5) -> None:
    """Stop the benchmark if the two do not compute the same pictures."""
    reference = torch.stack([torch.as_tensor(picture) for picture in reference])
    difference = (candidate.cpu() - reference).abs().max().item()
    if not difference <= tolerance:
        raise ValueError(f"results differ by {difference}; at most {tolerance} is allowed.")


def hybrid_pictures() -> Iterator[Row]:
    """Compare a batch of 32 pairs at the paper's alpha of 11 %, then of 50 %, of Nyquist.

    The authors' pictures are handed on one by one, ours as a batch.
    """
    lows, highs = pictures(64).chunk(2)
    for share, reach in ((0.11, 8), (0.5, None)):
        cutoff = share * SIZE / 2
        masks = [hybrid_mask(SIZE, cutoff)] * len(lows)
        check(hybrid(lows, highs, cutoff), generated(lows, highs, masks))
        ours, theirs = alternate(
            partial(hybrid, lows, highs, cutoff),
            partial(lambda masks: discard(generated(lows, highs, masks)), masks),
            rounds=9,
        )
        yield Row(
            f"hybrid pictures, 32 pairs, cutoff {share} of Nyquist",
            GENERATOR,
            theirs / ours,
            at_least=reach,
            times=f"{ours / 32e-3:.2f} against {theirs / 32e-3:.2f} ms a picture",
        )


def sweep_pictures() -> Iterator[Row]:
    """Compare one pair at 33 cutoffs, each picture handed on as it is made.

    The authors' masks are made beforehand. Neither side keeps the pictures, because the memory for
    all of them costs as much time as making some.
    """
    low, high = pictures(2)
    masks = [hybrid_mask(SIZE, cutoff) for cutoff in CUTOFFS]
    lows, highs = (image.expand(len(masks), -1, -1, -1) for image in (low, high))
    check(sweep(low, high, CUTOFFS), generated(lows, highs, masks))
    ours, theirs = alternate(
        lambda: discard(iter_sweep(low, high, CUTOFFS)),
        lambda: discard(generated(lows, highs, masks)),
        rounds=15,
    )
    yield Row(
        "sweep of one pair over 33 cutoffs",
        GENERATOR,
        theirs / ours,
        at_least=9,
        times=f"{ours * 1e3:.1f} against {theirs * 1e3:.0f} ms",
    )


@torch.no_grad()
def sweep_through_resnet18() -> Iterator[Row]:
    """Compare generating and classifying 33 pictures with classifying them alone."""
    low, high = pictures(2)
    model = torchvision.models.resnet18(weights=None).eval()
    ready = sweep(low, high, CUTOFFS)
    ours, bare = alternate(lambda: model(sweep(low, high, CUTOFFS)), lambda: model(ready), rounds=9)
    yield Row(
        "sweep of one pair over 33 cutoffs through a ResNet-18",
        "the forward passes alone",
        ours / bare,
        at_most=1.04,
        times=f"{ours * 1e3:.0f} against {bare * 1e3:.0f} ms",
    )


@torch.no_grad()
def blur_layer() -> Iterator[Row]:
    """Compare the blur of 8 pictures at each sigma from 1 to 15 pixels."""
    images, times = pictures(8), {}
    for sigma in range(1, 16):
        weights = blur_weights(sigma)
        check(gaussian_blur(images, sigma), dense_blur(images, weights))
        times[sigma] = alternate(
            partial(gaussian_blur, images, sigma),
            partial(dense_blur, images, weights),
            rounds=15 if sigma < 4 else 3,
        )
    for sigma in (1, 2, 3, 5, 8, 15):
        ours, dense = times[sigma]
        yield Row(
            f"blur layer, sigma {sigma}",
            "the authors' dense convolution",
            dense / ours,
            at_least=4,
            times=f"{ours / 8e-3:.2f} against {dense / 8e-3:.1f} ms a picture",
        )
    ratios = {sigma: dense / ours for sigma, (ours, dense) in times.items()}
    worst = min(ratios, key=ratios.__getitem__)
    yield Row(
        f"blur layer, smallest gain of sigma 1 to 15 (at {worst})",
        "the authors' dense convolution",
        ratios[worst],
        at_least=4,
    )
    own = [ours for ours, _ in times.values()]
    yield Row(
        "blur layer, slowest of sigma 1 to 15",
        "its own fastest (dense: about 100)",
        max(own) / min(own),
        at_most=3,
    )


ROWS = [
    hybrid_pictures,
    sweep_pictures,
    sweep_through_resnet18,
    blur_layer,
]
