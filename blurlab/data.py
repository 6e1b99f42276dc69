"""Labelled pictures to train and measure on, as 8-bit tensors in memory."""

import os
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

from blurlab import objects

IMAGENETTE_CLASSES = (
    "tench", "English springer", "cassette player", "chain saw", "church",
    "French horn", "garbage truck", "gas pump", "golf ball", "parachute",
)  # fmt: skip
OBJECTS_COUNT = {"train": 8000, "val": 2000}
OBJECTS_SEED = {"train": 1, "val": 2}


class Pictures(NamedTuple):
    """images: (N, 3, S, S) uint8.  labels: (N,) int64.  classes: their names."""

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]


def data_root() -> Path:
    """Return the folder that datasets are looked for in: $BLURLAB_DATA, or the user's cache."""
    return Path(os.environ.get("BLURLAB_DATA", Path.home() / ".cache" / "blurlab"))


def has_imagenette() -> bool:
    """Tell whether Imagenette lies under data_root()."""
    return (data_root() / "imagenette2-160").is_dir()


def imagenette(split: str, size: int = 160) -> Pictures:
    """Load Imagenette ("train": 9,469 or "val": 3,925 photographs), centre-cropped to squares.

    size: side in pixels; the photographs are stored with a shorter side of 160.
    Raises ValueError when the data set is not under data_root().
    """
    dataset = _imagenette(split)
    images, labels = torch.empty(len(dataset), 3, size, size, dtype=torch.uint8), []
    for index, (picture, label) in enumerate(dataset):
        images[index] = _square(picture, size)
        labels.append(label)
    return Pictures(images, torch.tensor(labels), IMAGENETTE_CLASSES)


def imagenette_class(name: str, count: int) -> Tensor:
    """Load the first validation photographs of one Imagenette class, (count, 3, 160, 160) uint8.

    Raises ValueError when the data set is not under data_root().
    """
    dataset = _imagenette("val")
    label = IMAGENETTE_CLASSES.index(name)
    chosen = [index for index, (_, found) in enumerate(dataset._samples) if found == label]
    return torch.stack([_square(dataset[index][0], 160) for index in chosen[:count]])


def _imagenette(split: str):
    if not (data_root() / "imagenette2-160" / split).is_dir():
        raise ValueError(
            f"Imagenette's {split} pictures are not in {data_root()}; set BLURLAB_DATA to the "
            "folder that holds imagenette2-160."
        )
    from torchvision.datasets import Imagenette  # takes as long to import as torch; few need it

    return Imagenette(data_root(), split=split, size="160px")


def _square(picture: Image.Image, size: int) -> Tensor:
    from torchvision.transforms.v2 import functional as TF

    square = TF.center_crop(picture, [min(picture.size)] * 2)
    return TF.pil_to_tensor(TF.resize(square, [size, size], antialias=True))


def procedural_objects(split: str, size: int) -> Pictures:
    """Draw the procedural objects of a split ("train": 8,000, "val": 2,000), ever the same."""
    generator = torch.Generator().manual_seed(OBJECTS_SEED[split])
    images, labels = [], []
    for _ in range(OBJECTS_COUNT[split] // 200):
        drawn, named = objects.objects(200, size, generator)
        images.append(drawn.mul(255).round().byte())
        labels.append(named)
    return Pictures(torch.cat(images), torch.cat(labels), objects.CLASSES)


DATASETS = {"imagenette": imagenette, "objects": procedural_objects}
