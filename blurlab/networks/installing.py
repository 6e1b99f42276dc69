"""Add models to those that are installed, and remove them: a card and tensors in a folder."""

import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn

from blurlab import limits, places, public
from blurlab.data import imagenet
from blurlab.networks import (
    architectures,
    checkpoints,
    class_names,
    classifier,
    fitting,
    packaged,
    programs,
    store,
    trials,
)
from blurlab.pictures.resizing import INTERPOLATIONS

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
SIZES = (8, 1024)  # pixels
MOST_STD = 2  # of pictures from 0 to 1 it is at most 0.5; some networks take them from -1 to 1
PROBABILITIES = (
    "The network ends in a softmax: its answers are probabilities, and their logarithms are taken "
    "as its logits."
)


def add(
    name: str,
    file: Path,
    recipe: dict[str, Any],
    classes: Sequence[str],
    *,
    title: str = "",
    source: str = "",
    prefix: str | None = None,
    key: str | None = None,
    notes: Sequence[str] = (),
) -> dict:
    """Install the weights of a file under a name, so that every page and measure can use them.

    recipe: as recipe() makes it.  classes: in the order of the logits.
    source: where the file is from, for the card.  prefix, key: see checkpoints.
    notes: sentences for the card; others say what was in the file and not taken.
    Returns the card.
    Raises ValueError, and installs nothing, when something does not fit.
    """
    public.refuse("Adding a network")
    check_name(name)
    class_names.check(classes)
    expected = architectures.shapes(recipe, len(classes))
    given, found = checkpoints.read(file, key)
    notes = [*notes, *found]
    words = architectures.title(recipe)
    try:
        state = fitting.fitted(given, expected, words, len(classes), prefix)
    except ValueError as error:
        hint = architectures.hint(recipe.get("architecture", ""), given)
        raise ValueError(f"{str(error).removesuffix('.')}{hint}.") from None
    if spare := fitting.spare(given, expected):
        more = f" and {len(spare) - 1} more" if spare[1:] else ""
        notes.append(f"{file.name} has {spare[0]}{more}, which {words} lacks and does not need.")
    model = classifier.build(recipe, len(classes)).eval()
    check_weights(state, model.net)
    architectures.fill(model.net, state)
    if try_out(model, len(classes)):
        recipe = recipe | {"probabilities": True}
        notes.append(PROBABILITIES)
    return write(name, model.net, recipe, classes, title or name, source, notes)


def recipe(
    architecture: str,
    input_size: int,
    *,
    mean: Sequence[float] = classifier.MEAN,
    std: Sequence[float] = classifier.STD,
    crop: int | None = None,
    interpolation: str = "bilinear",
    data: str = "unknown",
) -> dict[str, Any]:
    """Say how a model is built and what comes before it, as its card does; see models.Classifier.

    architecture: LIBRARY:NAME; a name of torchvision's alone; that of an installed model; or a file
    that torch.export.save wrote, whose name ends in .pt2.
    data: what it was trained on.
    Raises ValueError naming the number that is not possible.
    """
    if not SIZES[0] <= input_size <= SIZES[1]:
        raise ValueError(f"input size is {input_size} pixels; it is {SIZES[0]} to {SIZES[1]}.")
    if crop is not None and not 1 <= crop <= input_size:
        raise ValueError(f"crop is {crop} pixels; it is 1 to the input size, {input_size}.")
    for what, numbers, least in (("mean", mean, -math.inf), ("std", std, 0.0)):
        if len(numbers) != 3 or not all(least < number < math.inf for number in numbers):
            above = " above 0" if least == 0 else ""
            raise ValueError(f"{what} is {list(numbers)}; it takes three numbers{above}.")
    check_range(mean, std)
    if interpolation not in INTERPOLATIONS:
        allowed = " or ".join(INTERPOLATIONS)
        raise ValueError(f"interpolation is {interpolation!r}; it is {allowed}.")
    made = built(architecture) | {"data": data, "sigma": 0.0, "input_size": input_size}
    made |= {"mean": list(mean), "std": list(std), "interpolation": interpolation}
    return made if crop is None else made | {"crop": crop}


def check_range(mean: Sequence[float], std: Sequence[float]) -> None:
    """Refuse a mean and standard deviation of pictures from 0 to 255."""
    if max(mean) > 1:
        wrong = {"mean": mean, "standard deviation": std}
    elif max(std) > MOST_STD:
        wrong = {"standard deviation": std}
    else:
        return
    was = " and ".join(f"{what} {' '.join(f'{n:g}' for n in each)}" for what, each in wrong.items())
    right = " and ".join(" ".join(f"{n / 255:.4g}" for n in each) for each in wrong.values())
    raise ValueError(f"{was} are of pictures from 0 to 255; for ours, from 0 to 1, give {right}.")


def built(architecture: str) -> dict[str, Any]:
    """Return what a recipe says of its network, for words as recipe() takes them."""
    if architecture in store.names():
        known = store.card(architecture)["recipe"]
        kept = classifier.INSIDE if "architecture" in known else ("stem", "widths", "blocks")
        return {key: known[key] for key in kept if key in known}
    if architecture.endswith(".pt2"):
        if not os.path.isfile(architecture):
            raise ValueError(
                f"architecture {architecture[-80:]!r} is no file here; it is a .pt2 that "
                "torch.export.save wrote, or a name of torchvision's."
            )
        graph, _ = programs.read(Path(architecture))
        return {"architecture": architectures.PROGRAM, "graph": graph}
    library = "" if ":" in architecture else "torchvision:"
    return {"architecture": f"{library}{architecture}"}


def check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be a name: use up to 64 letters, digits and _ . -")
    if name in store.names():
        raise ValueError(f"a model {name} is installed already; remove it first.")


def check_weights(state: dict[str, Tensor], net: nn.Module) -> None:
    """Refuse weights that answer with no numbers, or that are no longer those that were trained.

    An exported graph may hold infinite constants, as masks; its answers are finite all the same.
    """
    is_free = isinstance(net, programs.Program)
    for key, own in net.state_dict().items():
        given = state[key]
        if not own.is_floating_point():
            continue
        if not given.is_floating_point():
            kind = str(given.dtype).removeprefix("torch.")
            raise ValueError(
                f"{key} holds {kind}, as quantised networks do; give the floating-point weights."
            )
        wrong = given.isnan() if is_free else ~given.isfinite()
        if wrong.any():
            raise ValueError(
                f"{key} holds {given[wrong][0]:g}, so training failed or the file is damaged; "
                "weights are finite numbers."
            )
        if key.endswith("running_var") and (given < 0).any():
            raise ValueError(f"{key} holds {given.min():g}; a variance is 0 or more.")


def try_out(model: classifier.Classifier, classes: int) -> bool:
    """Ask a model about one picture and about two, and refuse one that cannot answer.

    What a program answers is asked of it in a process of its own; see trials.
    Returns whether its answers are probabilities.
    """
    if not isinstance(model.net, programs.Program):
        return trials.ask(model, model.input_size, classes)
    with TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.safetensors"
        save_file(_state(model.net), weights)
        side = model.crop or model.input_size
        return trials.ask_apart(model.net.graph, weights, side, classes)


def _state(net: nn.Module) -> dict[str, Tensor]:
    return {key: value.clone().contiguous() for key, value in net.state_dict().items()}


def write(
    name: str,
    net: nn.Module,
    recipe: dict[str, Any],
    classes: Sequence[str],
    title: str,
    source: str,
    notes: Sequence[str] = (),
) -> dict:
    """Write tensors and card to the folder of added models, the card last; return the card."""
    public.refuse("Adding a network")
    folder = places.models_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.safetensors"
    partial = folder / f"{name}.partial"
    state = _state(net)
    limits.check_room(folder, sum(each.numel() * each.element_size() for each in state.values()))
    try:
        save_file(state, partial)
        os.replace(partial, path)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path.name} cannot be written: {error}.") from None
    finally:
        partial.unlink(missing_ok=True)
    card = {
        "name": name,
        "title": title,
        "classes": list(classes),
        "recipe": recipe,
        "source": source,
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        "bytes": path.stat().st_size,
        "sha256": store.sha256(path),
    }
    if notes:
        card["notes"] = list(notes)
    store.write_card(folder / f"{name}.json", card)
    return card


def write_packaged(name: str) -> None:
    """Write the card that ships of a network whose weights come in a package.

    Raises ValueError when its package is not installed, or its tensors are not the network's.
    """
    path, recipe, classes = packaged.file(name), packaged.recipe(name), imagenet.classes()
    net = architectures.net(recipe, len(classes))
    packaged.by_position(checkpoints.tensors(path), net.state_dict())
    found = packaged.PACKAGED[name]
    card = {
        "name": name,
        "title": found.title,
        "classes": list(classes),
        "recipe": recipe,
        "source": f"{found.file} of the package {found.package.replace('_', '-')}",
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        "bytes": path.stat().st_size,
        "sha256": store.sha256(path),
    }
    store.write_card(places.SHIPPED_MODELS / f"{name}.json", card)
    store.add_to_order(places.SHIPPED_MODELS, name)


def remove(name: str) -> None:
    """Remove an added model from the disk; what was measured of it stays.

    Raises ValueError for one that is not installed, or that ships.
    """
    public.refuse("Removing a network")
    card = store.card_path(name)
    if card.parent != places.models_folder():
        raise ValueError(f"{name} ships with BlurLab; only models that were added are removed.")
    card.unlink()
    card.with_suffix(".safetensors").unlink(missing_ok=True)
