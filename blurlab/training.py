"""Train the networks that ship: a recipe is a row of a table, the loop is the same for all."""

import copy
import json
import math
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import NamedTuple

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor
from torchvision.transforms.v2 import functional as TF

from blurlab import models
from blurlab.data import DATASETS, Pictures


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run, and so is written on the model's card.

    crop_size: side in pixels of the training crops. Smaller than the input they are cheaper and,
    since they show things enlarged, show them as large as whole pictures of the input size do.
    min_crop: smallest share of a picture's area that a training crop keeps.
    finish_epochs: epochs after the others, at the input size, with crops of at least finish_crop
    and from finish_rate down. The weights before and after them are averaged (Izmailov et al. 2018)
    and the batch statistics taken anew from whole training pictures.
    sigma: of the blur layer that the net is trained with, in pixels; 0 for none.
    """

    title: str
    data: str
    sigma: float = 0.0
    input_size: int = 128
    stem: int = 24
    widths: tuple[int, ...] = (48, 96, 192)
    blocks: tuple[int, ...] = (2, 2, 2)
    epochs: int = 26
    crop_size: int = 96
    min_crop: float = 0.35
    finish_epochs: int = 4
    finish_crop: float = 0.65
    finish_rate: float = 0.04
    batch: int = 64
    learning_rate: float = 0.2
    weight_decay: float = 5e-4
    label_smoothing: float = 0.1
    seed: int = 0


# The objects are easier than photographs: a smaller network, fewer epochs, nearly whole pictures.
OBJECTS = {
    "stem": 16,
    "widths": (32, 64, 128),
    "blocks": (1, 2, 2),
    "epochs": 7,
    "crop_size": 128,
    "min_crop": 0.8,
    "finish_epochs": 0,
}
RECIPES = {
    "imagenette_base": Recipe("Imagenette, base", "imagenette"),
    "imagenette_blur2": Recipe("Imagenette, blur σ = 2 px", "imagenette", sigma=2.0),
    "objects_base": Recipe("Objects, base", "objects", **OBJECTS),
    "objects_blur2": Recipe("Objects, blur σ = 2 px", "objects", sigma=2.0, **OBJECTS),
}


class Epoch(NamedTuple):
    """What one epoch did: its number from 1, of how many, and the mean loss."""

    number: int
    epochs: int
    loss: float


def untrained(recipe: Recipe, classes: int) -> models.Classifier:
    """Make a recipe's classifier with the first weights that its seed decides."""
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        return models.build(asdict(recipe), classes).to(memory_format=torch.channels_last)


def train(
    model: models.Classifier,
    recipe: Recipe,
    pictures: Pictures,
    checkpoint: Path,
    *,
    fast: bool = False,
) -> Iterator[Epoch]:
    """Train a classifier in place on its own device, yielding a record after every epoch.

    pictures: the training split.  checkpoint: written after every epoch, resumed if it exists.
    fast: compile the network first, which needs a C++ compiler and a minute per picture size.
    """
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.0, momentum=0.9, nesterov=True, weight_decay=recipe.weight_decay
    )
    done, settled = resume(model, optimizer, checkpoint)
    if fast:  # in place, so that the weights keep their names
        model.net.compile(dynamic=False)
    epochs = recipe.epochs + recipe.finish_epochs
    for epoch in range(done, epochs):
        model.input_size = recipe.crop_size if epoch < recipe.epochs else recipe.input_size
        loss = one_epoch(model.train(), optimizer, recipe, pictures, epoch)
        if epoch + 1 == recipe.epochs:
            settled = copy.deepcopy(model.net.state_dict())
        save_checkpoint(model, optimizer, epoch + 1, settled, checkpoint)
        yield Epoch(epoch + 1, epochs, loss)
    model.input_size = recipe.input_size
    if recipe.finish_epochs:
        average(model, settled, pictures)


def one_epoch(
    model: models.Classifier,
    optimizer: torch.optim.Optimizer,
    recipe: Recipe,
    pictures: Pictures,
    epoch: int,
) -> float:
    """Show every picture once, in an order and with crops that only seed and epoch decide."""
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(recipe.seed * 10_000 + epoch)
    order = torch.randperm(len(pictures.labels), generator=generator)
    batches = order.split(recipe.batch)[: len(order) // recipe.batch]
    total = torch.zeros((), device=device)
    min_crop = recipe.min_crop if epoch < recipe.epochs else recipe.finish_crop
    for step, batch in enumerate(batches):
        rate = learning_rate(recipe, epoch + step / len(batches))
        optimizer.param_groups[0]["lr"] = rate
        images = augment(pictures.images[batch], model.input_size, min_crop, generator)
        images = images.to(device, memory_format=torch.channels_last)
        labels = pictures.labels[batch].to(device)
        loss = F.cross_entropy(model(images), labels, label_smoothing=recipe.label_smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.detach()
    return (total / len(batches)).item()


def learning_rate(recipe: Recipe, epochs: float, warm_up: float = 0.1) -> float:
    """Rise linearly to the recipe's rate, then fall to zero along a cosine; again to finish.

    epochs: how many are done, a fraction of the current one included.
    warm_up: share of the recipe's epochs in which the rate rises.
    """
    if epochs >= recipe.epochs:
        return recipe.finish_rate * falling((epochs - recipe.epochs) / recipe.finish_epochs)
    progress = epochs / recipe.epochs
    if progress < warm_up:
        return recipe.learning_rate * progress / warm_up
    return recipe.learning_rate * falling((progress - warm_up) / (1 - warm_up))


def falling(progress: float) -> float:
    """Fall from 1 to 0 along a cosine while progress runs from 0 to 1."""
    return 0.5 + 0.5 * math.cos(math.pi * progress)


def augment(images: Tensor, size: int, min_crop: float, generator: torch.Generator) -> Tensor:
    """Crop at random, resize (antialiased) and mirror every second picture or so.

    images: (N, 3, S, S) uint8.  min_crop: smallest share of the area kept; shapes 3:4 to 4:3.
    Returns (N, 3, size, size) float32 in [0, 1].
    """
    side = images.shape[-1]
    draws = torch.rand(len(images), 5, generator=generator)
    area = min_crop + (1 - min_crop) * draws[:, 0]
    aspect = (0.75 + (1 / 0.75 - 0.75) * draws[:, 1]).sqrt()
    heights = (side * area.sqrt() * aspect).round().clamp(max=side).int()
    widths = (side * area.sqrt() / aspect).round().clamp(max=side).int()
    tops = (draws[:, 2] * (side - heights + 1)).int()
    lefts = (draws[:, 3] * (side - widths + 1)).int()
    boxes = torch.stack((tops, lefts, heights, widths), 1).tolist()
    crops = torch.stack(
        [
            TF.resized_crop(image, *box, [size, size], antialias=True)
            for image, box in zip(images, boxes, strict=True)
        ]
    )
    mirrored = torch.where((draws[:, 4] < 0.5).view(-1, 1, 1, 1), crops.flip(-1), crops)
    return mirrored.float() / 255


@torch.no_grad()
def average(model: models.Classifier, settled: dict[str, Tensor], pictures: Pictures) -> None:
    """Move the weights halfway to the settled ones and take batch statistics of whole pictures."""
    for key, value in model.net.state_dict().items():
        if value.is_floating_point():
            value.lerp_(settled[key].to(value), 0.5)
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.reset_running_stats()
            layer.momentum = None  # a plain mean over all batches
    model.train()
    # Shuffled, for the variance within batches of one class would be too small.
    order = torch.randperm(len(pictures.labels), generator=torch.Generator().manual_seed(0))
    for chosen in order.split(100):
        model(pictures.images[chosen].to(model.mean.device).float() / 255)
    model.eval()


def save_checkpoint(model, optimizer, epochs: int, settled, path: Path) -> None:
    """Write the state of a run so that a kill at any moment leaves the old file or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {"net": model.net.state_dict(), "optimizer": optimizer.state_dict(), "epochs": epochs}
    state["settled"] = settled
    torch.save(state, path.with_suffix(".part"))
    os.replace(path.with_suffix(".part"), path)


def resume(model, optimizer, path: Path) -> tuple[int, dict[str, Tensor] | None]:
    """Load a run's state if there is one; return the epochs done and the weights once settled.

    Raises ValueError when the file is no checkpoint of this network; nothing in it is executed.
    """
    if not path.exists():
        return 0, None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        model.net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        return state["epochs"], state["settled"]
    except (RuntimeError, KeyError, TypeError, EOFError, UnpicklingError) as error:
        raise ValueError(
            f"{path} does not fit the recipe's network; delete it to start again."
        ) from error


def export(name: str, recipe: Recipe, model: models.Classifier, classes, folder: Path) -> Path:
    """Write the weights in half precision and a card that holds the recipe; return the card's path.

    What the model can do is added to the card by measuring the file that was written.
    """
    path = folder / f"{name}.safetensors"
    state = {
        key: value.half().contiguous() if value.is_floating_point() else value
        for key, value in model.net.state_dict().items()
    }
    save_file(state, path)
    card = {
        "name": name,
        "title": recipe.title,
        "classes": list(classes),
        "recipe": asdict(recipe),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "bytes": path.stat().st_size,
        "sha256": models.sha256(path),
    }
    (folder / f"{name}.json").write_text(json.dumps(card, indent=1) + "\n")
    return folder / f"{name}.json"


def training_pictures(recipe: Recipe) -> Pictures:
    """Load or draw the training split that a recipe names, a quarter larger than it is shown."""
    return DATASETS[recipe.data]("train", recipe.input_size * 5 // 4)
