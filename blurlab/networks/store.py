"""The networks BlurLab looks through: what ships, how it is loaded, what it answers."""

import hashlib
import json
import os
from pathlib import Path

import torch
from safetensors.torch import load_file

from blurlab import places
from blurlab.networks import architectures, checkpoints, graphs, packaged
from blurlab.networks.classifier import (
    AROUND,
    INSIDE,
    Classifier,
    build,
    survives_half_precision,
)

NEEDED = {"title", "classes", "recipe", "sha256"}  # of every card
ORDER = "order.txt"  # of those that ship, a name a line; training adds to it


def names() -> list[str]:
    """List the installed models: those that ship in their order, then the others by name.

    A packaged network is installed when its package and timm are. One whose card is damaged is left
    out, and damaged() tells of it.
    """
    found = {name for name, path in _cards().items() if _is_whole(path)}
    order = places.SHIPPED_MODELS / ORDER
    first = order.read_text().split() if order.is_file() else []
    return [name for name in first if name in found] + sorted(found - set(first))


def damaged() -> list[str]:
    """Return a sentence for each model that is left out because its card is damaged."""
    return [_damaged(name) for name, path in sorted(_cards().items()) if not _is_whole(path)]


def _cards() -> dict[str, Path]:
    """Return where the card of each model lies, damaged or not, by its name."""
    paths = [path for folder in reversed(folders()) for path in folder.glob("*.json")]
    found = {path.stem: path for path in paths if path.is_file()}
    return {name: path for name, path in found.items() if not packaged.is_missing(name)}


_whole: dict[Path, tuple[int, int, bool]] = {}  # when it was written, its bytes, whether it is


def _is_whole(path: Path) -> bool:
    """Tell whether a card can be read; it is read anew when it was written anew."""
    try:
        about = path.stat()
    except OSError:  # it has been removed meanwhile
        return False
    known = _whole.get(path)
    if known is None or known[:2] != (about.st_mtime_ns, about.st_size):
        known = _whole[path] = about.st_mtime_ns, about.st_size, _read(path) is not None
    return known[2]


def _read(path: Path) -> dict | None:
    """Read a card; None where something of it is missing or of another kind."""
    try:
        found = json.loads(path.read_text("utf-8"))
        recipe = found["recipe"]
        is_right = (
            found.keys() >= NEEDED
            and all(isinstance(found[key], str) for key in ("title", "sha256"))
            and isinstance(found["classes"], list)
            and all(isinstance(each, str) for each in found["classes"])
            and type(recipe["input_size"]) is int
            and type(recipe["sigma"]) in (int, float)
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return found if is_right else None


def _damaged(name: str) -> str:
    return f"the card {name}.json is damaged; remove {name}, and install it again."


def add_to_order(folder: Path, name: str) -> None:
    """Put a model at the end of the order of a folder's models, unless it stands there already."""
    path = folder / ORDER
    there = path.read_text().split() if path.is_file() else []
    if name not in there:
        path.write_text("".join(f"{each}\n" for each in [*there, name]))


def pair(data: str) -> tuple[str, str]:
    """Name the plain network of a data set, and the one that was trained behind a blur."""
    if data in ("imagenet", "imagenet16"):
        return "imagenet_lite0", "imagenet_blur3"
    return f"{data}_base", f"{data}_blur2"


def folders() -> tuple[Path, ...]:
    """Return where models are looked for, the first one first."""
    return places.SHIPPED_MODELS, places.models_folder(), places.PASSING_MODELS


def card_path(name: str) -> Path:
    """Return where an installed model's card lies.

    Raises ValueError for a name that is not installed.
    """
    cards = _cards()
    if name not in cards:
        known, empty = names(), f"{places.SHIPPED_MODELS} holds no model"
        remedy = f"choose from {', '.join(known)}" if known else empty
        raise ValueError(f"model {name!r} is not installed; {remedy}.")
    return cards[name]


def card(name: str) -> dict:
    """Return the model's card: data, recipe, classes and everything measured of it.

    Raises ValueError for a name that is not installed, or a card that is damaged.
    """
    found = _read(card_path(name))
    if found is None:
        raise ValueError(_damaged(name))
    return found


def write_card(path: Path, info: dict) -> None:
    """Write a card so that a kill at any moment leaves the old one or the new."""
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(info, indent=1) + "\n")
    os.replace(unfinished, path)


def weights_path(name: str) -> Path:
    """Return where an installed model's weights lie: beside its card, or in a package.

    Raises ValueError for a name that is not installed.
    """
    beside = card_path(name).with_suffix(".safetensors")
    return packaged.file(name) if name in packaged.PACKAGED else beside


def load(name: str, device: str | torch.device = "cpu") -> Classifier:
    """Load an installed model, frozen and in evaluation mode; its weights are float32 on device.

    On CUDA it answers in float16 if it passes `survives_half_precision`; gradients are float32.
    On a CPU, ONNX Runtime answers where a graph ships for it and no gradient is wanted.
    Raises ValueError for a name that is not installed or weights that are not the card's.
    """
    info, path = card(name), weights_path(name)
    if not path.is_file():
        raise ValueError(f"the weights {path.name} are missing; install the model again.")
    if sha256(path) != info["sha256"]:
        raise ValueError(f"the weights {path.name} do not match the sha256 on their card.")
    model = build(info["recipe"], len(info["classes"]))
    if name in packaged.PACKAGED:
        state = packaged.by_position(checkpoints.tensors(path), model.net.state_dict())
    else:
        state = load_file(path)
    architectures.fill(model.net, state)
    model = model.to(device).to(memory_format=torch.channels_last).eval().requires_grad_(False)
    model.half_precision = model.mean.is_cuda and survives_half_precision(model)
    if model.mean.device.type == "cpu":
        side, architecture = model.crop or model.input_size, info["recipe"].get("architecture", "")
        model.quick = graphs.answering(model.net, architecture, side, len(info["classes"]))
    return model


def showing(info: dict) -> tuple[int, int, str]:
    """Say how a card's model is shown pictures, as sources.find takes it.

    Returns the side in pixels that they are resized to, that of what it sees, and the
    interpolation.
    """
    recipe = info["recipe"]
    size = recipe["input_size"]
    return size, recipe.get("crop") or size, recipe.get("interpolation", "bilinear")


def identity(info: dict) -> str:
    """Return what tells a model from every other by its card: its weights and how they are used.

    16 hexadecimal digits.
    """
    recipe = info["recipe"]
    parts = [info["sha256"], recipe["input_size"], recipe["sigma"]]
    # Those that ship have none of these, and keep the identity that their results are kept under.
    parts += [[key, recipe[key]] for key in (*INSIDE, *AROUND) if recipe.get(key)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def sha256(path: Path) -> str:
    """Return a file's SHA-256 as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
