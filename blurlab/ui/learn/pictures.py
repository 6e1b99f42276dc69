"""The pictures that words and figures show, and those beside a word: a few in a row."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import torch
from torch import Tensor

from blurlab.corruptions.corrupting import corrupt
from blurlab.filters.blur import gaussian_blur
from blurlab.filters.hybrid import hybrid
from blurlab.filters.spectrum import low_pass
from blurlab.measures.contrast import grating
from blurlab.pictures import images
from blurlab.pictures.resizing import resize
from blurlab.sentence import Sentence
from blurlab.ui import cache

FISH, HOUSE = cache.Choice("object", "fish", 22), cache.Choice("object", "house", 50)
SMALL = 112  # pixels
CORRUPTED = {"gaussian_noise": "noise", "fog": "fog", "defocus_blur": "blur"}


def wave(frequency: float) -> Tensor:
    """Draw a grating of a frequency in cycles/image, (3, S, S)."""
    zero = torch.zeros(1)
    return grating(cache.SIZE, frequency, 1.0, zero, zero)[0]


def coarse(choice: cache.Choice, cutoff: float) -> Tensor:
    """Return the low frequencies of a picture, (3, S, S)."""
    return low_pass(cache.picture(choice), cutoff).clamp(0, 1)


def both(cutoff: float) -> Tensor:
    """Join the coarse fish and the fine house by Gaussian filters, (3, S, S)."""
    return hybrid(cache.picture(FISH), cache.picture(HOUSE), cutoff, filter="gaussian")


def corrupted(name: str, severity: int) -> Tensor:
    """Return the fish under a corruption, (3, S, S); as it is at severity 0."""
    fish = cache.picture(FISH)[None]
    return (
        corrupt(fish, name, severity, torch.Generator().manual_seed(0))[0] if severity else fish[0]
    )


def blurred(sigma: float) -> Tensor:
    """Return the house behind a Gaussian blur of sigma pixels, (3, S, S)."""
    return gaussian_blur(cache.picture(HOUSE)[None], sigma)[0]


def _worded(words: str, value: float) -> Sentence:
    return Sentence(words, value=value)


# What draws a row's pictures, what of, and what each shows.
PICTURES: dict[str, tuple[Callable[..., Tensor], Sequence, Callable[..., str]]] = {
    "gratings": (wave, (2.0, 8.0, 32.0), partial(_worded, "{value:g} cycles/image")),
    "low_pass": (
        partial(coarse, HOUSE),
        (4.0, 12.0, 40.0),
        partial(_worded, "cutoff {value:g} cycles/image"),
    ),
    "hybrids": (both, (4.0, 8.0, 24.0), partial(_worded, "cutoff {value:g} cycles/image")),
    "corruptions": (partial(corrupted, severity=4), tuple(CORRUPTED), CORRUPTED.__getitem__),
    "blurs": (blurred, (1.0, 3.0, 8.0), partial(_worded, "sigma {value:g} px")),
}


@lru_cache(maxsize=len(PICTURES))
def small(name: str) -> list[tuple[str, str]]:
    """Return what a row's pictures show and their data URLs, small enough for every page."""
    draw, values, words = PICTURES[name]
    return [
        (words(each), images.data_url(resize(draw(each)[None], SMALL)[0], "jpeg"))
        for each in values
    ]
