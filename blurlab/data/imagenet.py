"""ImageNet's thousand classes: their names, and the WordNet numbers that its folders bear."""

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def classes() -> tuple[str, ...]:
    """Return the thousand class names that torchvision has for ImageNet, in its own order."""
    import torchvision  # takes as long to import as torch

    return tuple(torchvision.models.ResNet18_Weights.IMAGENET1K_V1.meta["categories"])


# Of these names, by which they are known without torchvision.
DIGEST = "0b0f9fee7c952f257418d62aa701f023a9da13b443a14f5c4291e5724d92967c"


def digest(classes: Sequence[str]) -> str:
    """Return a SHA-256 of class names in their order, as hexadecimal digits."""
    return hashlib.sha256("\n".join(classes).encode()).hexdigest()


@cache
def wordnet_numbers() -> tuple[str, ...]:
    """Return the WordNet numbers of the thousand classes, n01440764 and so on, in their order.

    Raises ValueError where timm, which has the list, is not installed.
    """
    found = find_spec("timm")
    if found is None or found.origin is None:
        raise ValueError("timm, which lists ImageNet's folders, is not installed.")
    listed = Path(found.origin).parent / "data" / "_info" / "imagenet_synsets.txt"
    return tuple(listed.read_text().split())
