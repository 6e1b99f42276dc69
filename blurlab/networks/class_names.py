"""The names of a network's classes, in the order of its logits, from what a person gives."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from blurlab import limits, texts
from blurlab.data import imagenet, sets
from blurlab.pictures import objects

KNOWN = {
    "cifar10": sets.CIFAR10_CLASSES,
    "imagenette": sets.IMAGENETTE_CLASSES,
    "objects": objects.CLASSES,
}


def read(words: str) -> tuple[str, ...]:
    """Read class names, in the order of the logits, from what a person gives.

    words: a file with one name a line, or names with commas between them, or "imagenet", "cifar10",
    "imagenette" or "objects".
    """
    return listed(texts.read(Path(words))) if os.path.isfile(words) else listed(words)


def listed(words: str) -> tuple[str, ...]:
    """Read class names, one a line or with commas between them, or one of the known sets' names."""
    words = words.strip()
    if words == "imagenet":
        return imagenet.classes()
    if words in KNOWN:
        return tuple(KNOWN[words])
    separated = words.splitlines() if "\n" in words else words.split(",")
    return tuple(name.strip() for name in separated if name.strip())


def check(classes: Sequence[str]) -> None:
    """Refuse fewer than two, one that is given twice, and what limits.check_classes refuses."""
    limits.check_classes(classes)
    if len(classes) < 2:
        raise ValueError(f"{len(classes)} classes were given; a model has at least two.")
    twice = next((name for name, count in Counter(classes).items() if count > 1), None)
    if twice is not None:
        raise ValueError(f"the class {twice!r} is given twice; every class has its own name.")
