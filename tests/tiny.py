"""A recipe small enough to train inside a test, the pictures it learns, and a model of it."""

import functools
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from blurlab.data.sets import Pictures
from blurlab.networks import classifier, store
from blurlab.pictures import objects
from blurlab.pictures.images import save_image
from blurlab.training import loop, saving

CLASSES = objects.CLASSES[:3]
RECIPE = loop.Recipe(
    "Tiny",
    "objects",
    input_size=32,
    stem=8,
    widths=(16, 32),
    blocks=(1, 1),
    epochs=2,
    crop_size=32,
    finish_epochs=1,
    min_crop=0.8,
    batch=16,
    learning_rate=0.1,
)


def pictures(count: int, seed: int, size: int = 40) -> Pictures:
    """Draw as many objects of each of the first classes."""
    return _drawn(count, seed, size, CLASSES)


@functools.cache
def _drawn(count: int, seed: int, size: int, classes: tuple[str, ...]) -> Pictures:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % len(classes)
    images = objects.draw(labels, labels, size, generator)
    return Pictures(images.mul(255).round().byte(), labels, classes)


def data_set(split: str, size: int) -> Pictures:
    """Draw a split small enough for a test; it can stand in the table of data sets."""
    return pictures({"train": 48, "val": 30}[split], 0 if split == "train" else 1, size)


def write_folders(root: Path, count: int, size: int = 40) -> None:
    """Write drawn objects as PNG files, in one folder per class."""
    drawn = pictures(count, 2, size)
    for index, (image, label) in enumerate(zip(drawn.images, drawn.labels, strict=True)):
        folder = root / CLASSES[label]
        folder.mkdir(parents=True, exist_ok=True)
        save_image(image / 255, folder / f"{index:04d}.png")


def skip_without_start(recipe: loop.Recipe) -> None:
    """Skip a test of a network that starts as another, where that is not installed."""
    if recipe.start and recipe.start not in store.names():
        pytest.skip(f"{recipe.start} is not installed")


def install(folder: Path, name: str = "tiny", **changes) -> classifier.Classifier:
    """Write an untrained model of the recipe, with changes, to a models folder, and return it."""
    recipe = replace(RECIPE, **changes)
    model = loop.untrained(recipe, len(CLASSES)).eval()
    saving.export(name, recipe, model, CLASSES, folder)
    return model
