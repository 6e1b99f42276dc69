"""The pictures beside words: rows of a few, each with what it shows."""

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

from blurlab.corruptions.corrupting import corrupt
from blurlab.filters.blur import gaussian_blur
from blurlab.filters.hybrid import hybrid
from blurlab.filters.spectrum import low_pass
from blurlab.measures.contrast import grating
from blurlab.pictures import images
from blurlab.pictures.resizing import resize
from blurlab.ui import cache

FISH, HOUSE = cache.Choice("object", "fish", 22), cache.Choice("object", "house", 50)
SMALL = 112  # pixels
Row = list[tuple[str, Tensor]]
CORRUPTED = {"gaussian_noise": "noise", "fog": "fog", "defocus_blur": "blur"}


def gratings() -> Row:
    zero = torch.zeros(1)
    return [
        (f"{frequency} cycles/image", grating(cache.SIZE, frequency, 1.0, zero, zero)[0])
        for frequency in (2, 8, 32)
    ]


def low_passed() -> Row:
    picture = cache.picture(HOUSE)
    return [
        (f"up to {cutoff} cycles/image", low_pass(picture, float(cutoff)).clamp(0, 1))
        for cutoff in (4, 12, 40)
    ]


def hybrids() -> Row:
    low, high = cache.picture(FISH), cache.picture(HOUSE)
    return [
        (f"cutoff {cutoff} cycles/image", hybrid(low, high, float(cutoff), filter="gaussian"))
        for cutoff in (4, 8, 24)
    ]


def corruptions() -> Row:
    picture = cache.picture(FISH)[None]
    return [
        (words, corrupt(picture, name, 4, torch.Generator().manual_seed(0))[0])
        for name, words in CORRUPTED.items()
    ]


def blurs() -> Row:
    picture = cache.picture(HOUSE)[None]
    return [(f"sigma {sigma} px", gaussian_blur(picture, float(sigma))[0]) for sigma in (1, 3, 8)]


PICTURES: dict[str, Callable[[], Row]] = {
    "gratings": gratings,
    "low_pass": low_passed,
    "hybrids": hybrids,
    "corruptions": corruptions,
    "blurs": blurs,
}


@lru_cache(maxsize=len(PICTURES))
def small(name: str) -> list[tuple[str, str]]:
    """Return a row's pictures as data URLs, small enough to come with every page."""
    return [
        (words, images.data_url(resize(picture[None], SMALL)[0], "jpeg"))
        for words, picture in PICTURES[name]()
    ]
