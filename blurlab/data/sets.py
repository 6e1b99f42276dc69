"""Labelled pictures to train and measure on, as 8-bit tensors in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from blurlab import places
from blurlab.data import entry_level
from blurlab.data import imagenet as names
from blurlab.pictures import objects
from blurlab.pictures.images import load_image, square

if TYPE_CHECKING:
    import torchvision

IMAGENETTE_CLASSES = (
    "tench", "English springer", "cassette player", "chain saw", "church",
    "French horn", "garbage truck", "gas pump", "golf ball", "parachute",
)  # fmt: skip
IMAGENETTE_FOLDERS = (
    "n01440764", "n02102040", "n02979186", "n03000684", "n03028079",
    "n03394916", "n03417042", "n03425413", "n03445777", "n03888257",
)  # fmt: skip
CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
OBJECTS_COUNT = {"train": 8000, "val": 2000}
OBJECTS_SEED = {"train": 1, "val": 2}


@dataclass(frozen=True)
class Decoded:
    """Pictures that are read one by one when they are asked for, and kept while they fit.

    read: takes an index and returns a (3, S, S) uint8 picture.  count: how many there are.
    Indexed by a tensor of indices it returns (n, 3, S, S), as a tensor of all of them would.
    """

    read: Callable[[int], Tensor]
    count: int
    most: int = 2**30  # bytes kept
    kept: dict[int, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, indices: Tensor) -> Tensor:
        return torch.stack([self._one(index) for index in indices.tolist()])

    def _one(self, index: int) -> Tensor:
        if index in self.kept:
            return self.kept[index]
        image = self.read(index)
        if (len(self.kept) + 1) * image.numel() <= self.most:
            self.kept[index] = image
        return image


class Pictures(NamedTuple):
    """images: (N, 3, S, S) uint8.  labels: (N,) int64.  classes: their names."""

    images: Tensor | Decoded
    labels: Tensor
    classes: tuple[str, ...]

    def in_memory(self) -> Tensor:
        """Return all the images as one tensor; those that are not read yet are read."""
        if isinstance(self.images, Tensor):
            return self.images
        return self.images[torch.arange(len(self.images))]


def has_imagenette() -> bool:
    """Tell whether Imagenette lies under places.data_folder()."""
    return (places.data_folder() / "imagenette2-160").is_dir()


def imagenette(split: str, size: int = 160, interpolation: str = "bilinear") -> Pictures:
    """Load Imagenette ("train": 9,469 or "val": 3,925 photographs), centre-cropped to squares.

    size: side in pixels; the photographs are stored with a shorter side of 160.
    Raises ValueError when the data set is not under places.data_folder().
    """
    dataset = _imagenette(split)
    images, labels = torch.empty(len(dataset), 3, size, size, dtype=torch.uint8), []
    for index, (picture, label) in enumerate(dataset):
        images[index] = _square(picture, size, interpolation)
        labels.append(label)
    return Pictures(images, torch.tensor(labels), IMAGENETTE_CLASSES)


def imagenette_lazily(split: str, size: int = 160, interpolation: str = "bilinear") -> Pictures:
    """Find what imagenette() loads; each photograph is decoded when it is asked for."""
    dataset = _imagenette(split)
    images = Decoded(lambda index: _square(dataset[index][0], size, interpolation), len(dataset))
    labels = torch.tensor([label for _, label in dataset._samples])
    return Pictures(images, labels, IMAGENETTE_CLASSES)


def imagenette_count() -> int:
    """Count Imagenette's validation photographs, reading none; they are 3,925 when all are there.

    Raises ValueError when the data set is not under places.data_folder().
    """
    return len(_imagenette("val"))


def imagenette_class(name: str, count: int) -> Tensor:
    """Load the first validation photographs of one Imagenette class, (count, 3, 160, 160) uint8.

    Raises ValueError when the data set is not under places.data_folder().
    """
    dataset = _imagenette("val")
    label = IMAGENETTE_CLASSES.index(name)
    chosen = [index for index, (_, found) in enumerate(dataset._samples) if found == label]
    return torch.stack([_square(dataset[index][0], 160) for index in chosen[:count]])


def _imagenette(split: str) -> "torchvision.datasets.Imagenette":
    if not (places.data_folder() / "imagenette2-160" / split).is_dir():
        raise ValueError(
            f"Imagenette's {split} pictures are not in {places.data_folder()}; set "
            "BLURLAB_DATA to the folder that holds imagenette2-160, or let measure --download "
            "fetch it."
        )
    import torchvision  # takes as long to import as torch; few need it

    return torchvision.datasets.Imagenette(places.data_folder(), split=split, size="160px")


def cifar10(split: str, size: int = 32, interpolation: str = "bicubic") -> Pictures:
    """Load CIFAR-10 ("train": 50,000 or "val": the 10,000 of its test set), resized from 32 pixels.

    Raises ValueError when the data set is not under places.data_folder().
    """
    import torchvision

    try:
        dataset = torchvision.datasets.CIFAR10(places.data_folder(), train=split == "train")
    except RuntimeError:
        raise ValueError(
            f"CIFAR-10 is not whole in {places.data_folder()}; set BLURLAB_DATA to the "
            "folder that holds cifar-10-batches-py, or let measure --download fetch it."
        ) from None
    images = torch.from_numpy(dataset.data).permute(0, 3, 1, 2)
    labels = torch.tensor(dataset.targets)
    return Pictures(resized(images, size, interpolation), labels, CIFAR10_CLASSES)


def imagenet(split: str, size: int = 256, interpolation: str = "bicubic") -> Pictures:
    """Find 1,300 pictures of ImageNet's validation set, each decoded when it is asked for.

    They lie cut to the inner 227 of 256 pixels, and stand here with mirrored edges in the place
    that they were cut from, so that a network which sees the centre sees them as they are.
    Raises ValueError when the data set is not under data_folder(), or another split is asked for.
    """
    root = places.data_folder() / "imagenet-val1300"
    if split != "val":
        raise ValueError(f"split is {split!r}; of ImageNet there are pictures to measure on alone.")
    if not (root / "labels.txt").is_file():
        raise ValueError(
            f"ImageNet's validation pictures are not in {places.data_folder()}; set BLURLAB_DATA "
            "to the folder that holds imagenet-val1300."
        )
    rows = [line.split() for line in (root / "labels.txt").read_text().splitlines()]
    files = [root / "data" / name for name, _ in rows]
    images = Decoded(partial(_uncut, files, size, interpolation), len(files))
    return Pictures(images, torch.tensor([int(label) for _, label in rows]), names.classes())


def _uncut(files: Sequence[Path], size: int, interpolation: str, index: int) -> Tensor:
    around = F.pad(load_image(files[index]), (14, 15, 14, 15), mode="reflect")
    return to_square(around, size, interpolation)


def imagenet16(split: str, size: int = 256, interpolation: str = "bicubic") -> Pictures:
    """Find those of imagenet() that belong to the sixteen categories of entry_level, under these.

    Raises ValueError as imagenet() does.
    """
    whole = imagenet(split, size, interpolation)
    words = [entry_level.category_of(label) for label in whole.labels.tolist()]
    chosen = [index for index, word in enumerate(words) if word]
    labels = torch.tensor([entry_level.CATEGORIES.index(words[index]) for index in chosen])
    images = Decoded(partial(_chosen, whole.images, chosen), len(chosen), most=0)
    return Pictures(images, labels, entry_level.CATEGORIES)


def _chosen(images: Tensor | Decoded, chosen: Sequence[int], index: int) -> Tensor:
    return images[torch.tensor([chosen[index]])][0]


def resized(images: Tensor, size: int, interpolation: str = "bicubic") -> Tensor | Decoded:
    """Bring (N, 3, S, S) uint8 pictures to another size, each when it is asked for."""
    if images.shape[-1] == size:
        return images
    return Decoded(partial(_resized, images, size, interpolation), len(images))


def _resized(images: Tensor, size: int, interpolation: str, index: int) -> Tensor:
    return to_square(images[index].float() / 255, size, interpolation)


def to_square(image: Tensor, size: int, interpolation: str = "bicubic") -> Tensor:
    """Crop a (3, H, W) picture in [0, 1] to its centre and return it as (3, size, size) uint8.

    So are all pictures that networks are measured on or asked about, but for Imagenette's.
    """
    return square(image, size, interpolation).mul(255).round().byte()


def is_ready(shape: Sequence[int], size: int, seen: int) -> bool:
    """Tell whether a picture of so many rows and columns is what a network sees, and no more.

    Its mirrored edges must reach around it.
    """
    return tuple(shape) == (seen, seen) and seen < size < 2 * seen


def as_measured(image: Tensor, size: int, seen: int | None, interpolation: str) -> Tensor:
    """Return a (3, H, W) picture in [0, 1] as measures show it, (3, size, size) of 8 bits.

    seen: side in pixels of what the network sees of it, its centre. A picture of that size gets
    mirrored edges around it, and one of either size stays as it is, as an attack left it.
    """
    if image.shape[-2:] == (size, size):
        return image
    if seen is not None and is_ready(image.shape[-2:], size, seen):
        before = round((size - seen) / 2)  # as resizing.center takes it away again
        after = size - seen - before
        return F.pad(image, (before, after, before, after), mode="reflect")
    return to_square(image, size, interpolation).float() / 255


def _square(picture: Image.Image, size: int, interpolation: str = "bilinear") -> Tensor:
    """Do nearly what to_square() does, as for all that ships was trained and measured on it."""
    import torchvision  # noqa: F401  whole before a part: another thread may be importing it
    from torchvision.transforms.v2 import functional as TF

    square = TF.center_crop(picture, [min(picture.size)] * 2)
    way = TF.InterpolationMode(interpolation)
    return TF.pil_to_tensor(TF.resize(square, [size, size], way, antialias=True))


def procedural_objects(split: str, size: int) -> Pictures:
    """Draw the procedural objects of a split ("train": 8,000, "val": 2,000), ever the same."""
    generator = torch.Generator().manual_seed(OBJECTS_SEED[split])
    images, labels = [], []
    for _ in range(OBJECTS_COUNT[split] // 200):
        drawn, named = objects.objects(200, size, generator)
        images.append(drawn.mul(255).round().byte())
        labels.append(named)
    return Pictures(torch.cat(images), torch.cat(labels), objects.CLASSES)


DATASETS = {
    "imagenette": imagenette,
    "objects": procedural_objects,
    "cifar10": cifar10,
    "imagenet": imagenet,
    "imagenet16": imagenet16,
}
LAZILY = {"imagenette": imagenette_lazily}
# How those that are resized are where nothing else is asked for, and at which size they are not.
RESIZED = {
    "imagenette": ("bilinear", None),
    "cifar10": ("bicubic", 32),
    "imagenet": ("bicubic", 256),
    "imagenet16": ("bicubic", 256),
}


def way(words: str, size: int, interpolation: str | None) -> list[str]:
    """Return an interpolation alone, or nothing where a data set's pictures are as without it.

    words: a key of DATASETS.  interpolation: None leaves it to the data set.
    """
    usual, untouched = RESIZED.get(words, (None, None))
    if interpolation is None or usual in (None, interpolation) or size == untouched:
        return []
    return [interpolation]


def named(pictures: str, size: int, interpolation: Sequence[str] = ()) -> str:
    """Name pictures at a size, as results are kept under it; interpolation: as way() returns it."""
    return "/".join([pictures, str(size), *interpolation])
