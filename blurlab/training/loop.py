"""Train the networks that ship: one loop for all recipes, which a kill does not lose."""

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab.data.sets import DATASETS, Pictures
from blurlab.networks import classifier, store
from blurlab.pictures.resizing import resize
from blurlab.training import distilling, similarity
from blurlab.training.augment import crop
from blurlab.training.objectives import OBJECTIVES, Shown, seen
from blurlab.training.recipes import Recipe
from blurlab.training.saving import resume, save_checkpoint
from blurlab.training.similarity import Stimuli

# The learning rate is set before every step.
OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": partial(torch.optim.SGD, lr=0.0, momentum=0.9, nesterov=True),
    "adamw": partial(torch.optim.AdamW, lr=0.0),
}


class Epoch(NamedTuple):
    """What one epoch did: its number from 1, of how many, and the mean loss."""

    number: int
    epochs: int
    loss: float


def untrained(recipe: Recipe, classes: int) -> classifier.Classifier:
    """Make a recipe's classifier with its first weights: the seed's, or another network's."""
    if recipe.start:
        return distilling.student(recipe)
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        return classifier.build(distilling.written(recipe), classes).to(
            memory_format=torch.channels_last
        )


def aimed(
    recipe: Recipe, pictures: Pictures, file: Path | None = None
) -> tuple[Recipe, Stimuli | None]:
    """Return a recipe that names its similarity target, and the stimuli that go with it, or None.

    pictures: the training split, which the V1 model is asked about.  file: of similarity.FORMAT.
    Raises ValueError when the recipe needs a file and there is none, or takes none.
    """
    takes_file = "target" in recipe.settings and recipe.settings["target"] is None
    if (file is not None) != takes_file:
        words = "needs a file of similarities" if takes_file else "takes no file of similarities"
        raise ValueError(f"recipe {recipe.title!r} {words}.")
    if file is not None:
        target = f"file, SHA-256 {store.sha256(file)}"
        return replace(recipe, settings=recipe.settings | {"target": target}), similarity.read(file)
    if recipe.objective != "similar":
        return recipe, None
    return recipe, similarity.stand_in(pictures.images, recipe.input_size, recipe.seed)


def train(
    model: classifier.Classifier,
    recipe: Recipe,
    pictures: Pictures,
    checkpoint: Path,
    *,
    stimuli: Stimuli | None = None,
    fast: bool = False,
) -> Iterator[Epoch]:
    """Train a classifier in place on its own device, yielding a record after every epoch.

    pictures: the training split; on CUDA it is kept and cropped there, for speed.
    checkpoint: written after every epoch, resumed if it exists.
    stimuli: with the similarity that the recipe's objective aims at, from aimed(), if it has one.
    fast: compile the network, which needs a C++ compiler and a minute per picture size, and let it
    compute in bfloat16 where the processor has instructions for it, as on CUDA it always does.
    Raises ValueError when the checkpoint is of another recipe or no checkpoint.
    """
    device = next(model.parameters()).device
    if device.type == "cuda":
        pictures = pictures._replace(images=pictures.in_memory().to(device))
    if stimuli is not None:
        stimuli = Stimuli(*(part.to(device) for part in stimuli))
    teacher = distilling.teacher(recipe)
    if teacher is not None:
        teacher.to(device)
    optimizer = OPTIMIZERS[recipe.optimizer](model.parameters(), weight_decay=recipe.weight_decay)
    done, settled = resume(model, optimizer, recipe, checkpoint)
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True  # all batches have one shape
    if fast:  # in place, so that the weights keep their names
        model.net.compile(dynamic=False)
    bfloat16 = device.type == "cuda" or (fast and has_bfloat16())
    epochs, whole = recipe.epochs + recipe.finish_epochs, model.crop
    for epoch in range(done, epochs):
        size = recipe.crop_size if epoch < recipe.epochs else whole or recipe.input_size
        for each in (model, teacher) if teacher else (model,):
            each.input_size, each.crop = size, None
        loss = one_epoch(
            model.train(), optimizer, recipe, pictures, epoch, stimuli, teacher, bfloat16
        )
        if epoch + 1 == recipe.epochs:
            settled = copy.deepcopy(model.net.state_dict())
        save_checkpoint(model, optimizer, recipe, epoch + 1, settled, checkpoint)
        yield Epoch(epoch + 1, epochs, loss)
    model.input_size, model.crop = recipe.input_size, whole
    if recipe.finish_epochs:
        average(model, settled, pictures, recipe)


def has_bfloat16() -> bool:
    """Tell whether the processor computes in bfloat16; where it only imitates it, it is far slower
    than in float32.
    """
    able = torch.cpu.get_capabilities()
    return any(able.get(kind) for kind in ("avx512_bf16", "amx_bf16", "bf16"))


def one_epoch(
    model: classifier.Classifier,
    optimizer: torch.optim.Optimizer,
    recipe: Recipe,
    pictures: Pictures,
    epoch: int,
    stimuli: Stimuli | None = None,
    teacher: classifier.Classifier | None = None,
    bfloat16: bool = False,
) -> float:
    """Show pictures once each, in an order and with crops that only seed and epoch decide."""
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(recipe.seed * 10_000 + epoch)
    order = torch.randperm(len(pictures.labels), generator=generator)[: recipe.shown or None]
    batches = order.split(recipe.batch)[: len(order) // recipe.batch]
    total = torch.zeros((), device=device)
    finishing = epoch >= recipe.epochs
    shares = (recipe.finish_crop, 1.0) if finishing else (recipe.min_crop, recipe.max_crop)
    for step, batch in enumerate(batches):
        rate = learning_rate(recipe, epoch + step / len(batches))
        optimizer.param_groups[0]["lr"] = rate
        images = crop(pictures.images[batch], model.input_size, *shares, generator)
        images = images.to(device, memory_format=torch.channels_last)
        labels = pictures.labels[batch].to(device)
        shown = Shown(images, labels, recipe.label_smoothing, generator, stimuli, bfloat16, teacher)
        loss = OBJECTIVES[recipe.objective](model, shown, recipe.settings)
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


@torch.compiler.set_stance("force_eager")  # compiling takes longer than this one pass
@torch.no_grad()
def average(
    model: classifier.Classifier, settled: dict[str, Tensor], pictures: Pictures, recipe: Recipe
) -> None:
    """Move the weights halfway to the settled ones and settle the batch statistics."""
    for key, value in model.net.state_dict().items():
        if value.is_floating_point():
            value.lerp_(settled[key].to(value), 0.5)
    settle(model, pictures, recipe)


@torch.no_grad()
def settle(model: classifier.Classifier, pictures: Pictures, recipe: Recipe) -> None:
    """Take batch statistics anew, of whole pictures as the recipe's objective shows them."""
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.reset_running_stats()
            layer.momentum = None  # a plain mean over all batches
    model.train()
    generator = torch.Generator().manual_seed(0)
    # Shuffled, for the variance within batches of one class would be too small.
    order = torch.randperm(len(pictures.labels), generator=generator)
    for chosen in order[: recipe.shown or None].split(100):
        images = pictures.images[chosen].to(model.mean.device).float() / 255
        resized = resize(images, model.input_size, model.interpolation)
        model(seen(recipe.objective, resized, recipe.settings, generator))
    model.eval()


def training_pictures(recipe: Recipe) -> Pictures:
    """Load or draw the training split that a recipe names, a quarter larger than it is shown.

    Photographs to distil on come without labels, and as large as they are stored.
    """
    if "photographs" in recipe.settings:
        classes = store.card(recipe.settings["teacher"])["classes"]
        return distilling.photographs(recipe.settings["photographs"], classes)
    return DATASETS[recipe.data]("train", recipe.input_size * 5 // 4)
