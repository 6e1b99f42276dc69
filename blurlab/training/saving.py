"""What training writes: a run's state, so that a kill does not lose it, and what came of it."""

import os
from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors.torch import save_file
from torch import Tensor

from blurlab.networks import classifier, store
from blurlab.training import distilling
from blurlab.training.recipes import RECIPES, Recipe


def save_checkpoint(
    model: classifier.Classifier,
    optimizer: torch.optim.Optimizer,
    recipe: Recipe,
    epochs: int,
    settled: dict[str, Tensor] | None,
    path: Path,
) -> None:
    """Write the state of a run so that a kill at any moment leaves the old file or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {"net": model.net.state_dict(), "optimizer": optimizer.state_dict(), "epochs": epochs}
    state |= {"settled": settled, "recipe": distilling.written(recipe)}
    torch.save(state, path.with_suffix(".part"))
    os.replace(path.with_suffix(".part"), path)


def resume(
    model: classifier.Classifier, optimizer: torch.optim.Optimizer, recipe: Recipe, path: Path
) -> tuple[int, dict[str, Tensor] | None]:
    """Load a run's state if there is one; return the epochs done and the weights once settled.

    Raises ValueError when the file is no checkpoint of this recipe; nothing in it is executed.
    """
    if not path.exists():
        return 0, None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        check_recipe(state["recipe"], recipe, path)
        model.net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        return state["epochs"], state["settled"]
    except (RuntimeError, KeyError, TypeError, EOFError, UnpicklingError) as error:
        raise ValueError(
            f"{path} does not fit the recipe's network; delete it to start again."
        ) from error


def check_recipe(found: dict, recipe: Recipe, path: Path) -> None:
    """Raise ValueError unless a checkpoint's recipe is this one, whatever its title."""
    for key, value in distilling.written(recipe).items():
        if key != "title" and found[key] != value:
            raise ValueError(
                f"{path} is of another recipe, whose {key} is {found[key]} and not {value}; "
                "delete it to start again."
            )


def export(
    name: str,
    recipe: Recipe,
    model: classifier.Classifier,
    classes: Sequence[str],
    folder: Path,
    source: str = "",
) -> Path:
    """Write the weights in half precision and a card that holds the recipe; return the card's path.

    source: what the card says of where the model is from, beside its recipe.
    What the model can do is added to the card by measuring the file that was written.
    """
    path = folder / f"{name}.safetensors"
    state = {
        key: value.half().contiguous() if value.is_floating_point() else value
        for key, value in model.net.state_dict().items()
    }
    save_file(state, path.with_suffix(".part"))
    os.replace(path.with_suffix(".part"), path)
    card = {
        "name": name,
        "title": recipe.title,
        "classes": list(classes),
        "recipe": distilling.written(recipe),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "bytes": path.stat().st_size,
        "sha256": store.sha256(path),
    }
    if source:
        card["source"] = source
    store.write_card(folder / f"{name}.json", card)
    if name in RECIPES:
        store.add_to_order(folder, name)
    return folder / f"{name}.json"
