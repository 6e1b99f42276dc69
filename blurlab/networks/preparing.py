"""What comes before a network where nobody says so: what its library's own weights expect."""

import math
from typing import Any, NamedTuple

from blurlab.networks import store
from blurlab.networks.architectures import CIFAR
from blurlab.networks.classifier import MEAN, STD
from blurlab.sentence import Sentence, listed

CIFAR_MEAN, CIFAR_STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)

# These were trained on pictures in [-1, 1]; torchvision converts them from ImageNet's mean and std.
FROM_TENSORFLOW = ("googlenet", "inception_v3")

WORDS = {
    "input_size": "input size {value} pixels",
    "crop": "crop {value} pixels",
    "interpolation": "{value} interpolation",
    "mean": "mean {value}",
    "std": "standard deviation {value}",
}


class Preparation(NamedTuple):
    """Words for installing.recipe, and whose weights expect them; nobody's where that is empty."""

    words: dict[str, Any]
    whose: str


def of_torchvision(architecture: str, transforms: Any) -> dict[str, Any]:
    """Return words for installing.recipe that prepare pictures as torchvision's transforms do."""
    if architecture in FROM_TENSORFLOW:
        mean = std = (0.5, 0.5, 0.5)
    else:
        mean, std = transforms.mean, transforms.std
    return {
        "input_size": transforms.resize_size[0],
        "crop": transforms.crop_size[0],
        "mean": tuple(mean),
        "std": tuple(std),
        "interpolation": transforms.interpolation.value,
    }


def of_timm(row: Any) -> dict[str, Any]:
    """Return words for installing.recipe that prepare pictures as a configuration of timm's says.

    A few of timm's draw a black border around the picture, which no classifier here does.
    """
    side = row.input_size[-1]
    return {
        "input_size": math.floor(side / min(row.crop_pct, 1)),
        "crop": side,
        "mean": tuple(row.mean),
        "std": tuple(row.std),
        "interpolation": row.interpolation,
    }


def usual(architecture: str) -> Preparation:
    """Return what comes before an architecture's own weights, or a guess where none are known.

    architecture: as installing.recipe takes it.
    """
    guess = {"input_size": 224, "interpolation": "bilinear", "mean": MEAN, "std": STD}
    if architecture in store.names():
        recipe = guess | store.card(architecture)["recipe"]
        return Preparation({key: recipe[key] for key in WORDS if key in recipe}, architecture)
    library, _, name = architecture.rpartition(":")
    known = OWN.get(library or "torchvision")
    words = known(name) if known and name and not name.endswith(".pt2") else None
    if words:
        return Preparation(words, f"{library or 'torchvision'}'s own weights of {name}")
    return Preparation(guess, "")


def _torchvision(name: str) -> dict[str, Any] | None:
    from torchvision import models  # takes as long to import as torch; few need it

    if name not in models.list_models(module=models):
        return None
    weights = models.get_model_weights(name).DEFAULT
    return of_torchvision(name, weights.transforms())


def _timm(name: str) -> dict[str, Any] | None:
    try:
        import timm
    except ImportError:
        return None
    try:
        row = timm.get_pretrained_cfg(name, allow_unregistered=True)
    except RuntimeError:  # it has none of that tag
        return None
    return of_timm(row) if row else None


def _cifar(name: str) -> dict[str, Any] | None:
    if name not in CIFAR:
        return None
    # Those with padded shortcuts were trained with ImageNet's numbers, and the others with CIFAR's.
    mean, std = (MEAN, STD) if CIFAR[name].padded else (CIFAR_MEAN, CIFAR_STD)
    return {"input_size": 32, "interpolation": "bilinear", "mean": mean, "std": std}


OWN = {"torchvision": _torchvision, "timm": _timm, "cifar": _cifar}


def completed(architecture: str, given: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return words for installing.recipe, those that were not given taken from usual().

    given: by the names in WORDS; None where nothing was given. A crop goes with a size, so one of
    them leaves out the other's usual value.
    Returns them, and a sentence that says what was taken and from where; none where all was given.
    """
    known, whose = usual(architecture)
    taken = {key: known[key] for key in WORDS if given.get(key) is None and key in known}
    if given.get("input_size") is not None:
        taken.pop("crop", None)
    words = {key: value for key, value in given.items() if value is not None} | taken
    return words, sentence(taken, whose, "Not given, and so") if taken else ""


def sentence(taken: dict[str, Any], whose: str, begin: str) -> Sentence:
    """Say what comes before a network, and whose weights expect it or that it is a guess.

    begin: of the sentence; it is said of what is listed.
    """
    found = listed([Sentence(WORDS[key], value=written(value)) for key, value in taken.items()])
    begun = Sentence(begin)
    if whose:
        return Sentence(
            "{begun} taken from {whose}: {found}.", begun=begun, whose=whose, found=found
        )
    return Sentence(
        "{begun} assumed, as nothing says what the network expects: {found}.",
        begun=begun,
        found=found,
    )


def written(value: Any) -> str:
    """Write a number, several or a word as a person types them."""
    numbers = value if isinstance(value, list | tuple) else [value]
    return " ".join(each if isinstance(each, str) else f"{each:.4g}" for each in numbers)
