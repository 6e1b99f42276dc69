"""Where labelled pictures come from, by what a person types: a data set's name or a folder."""

import functools
import hashlib
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from blurlab.data import entry_level, folders, imagenet, sets
from blurlab.data.folders import Checked, Source, class_folders, corruptions_in
from blurlab.data.sets import Pictures

SEVERITIES = 5  # of the published corrupted data sets


def find(
    words: str,
    size: int,
    seen: int | None = None,
    interpolation: str | None = None,
    *,
    lazily: bool = False,
) -> Source:
    """Find the pictures that a person names, as squares of this size in pixels.

    interpolation: of the resizing, "bilinear" or "bicubic"; None leaves it to the pictures.
    words: a key of data.DATASETS; a folder that holds one folder of pictures per class; or
    DIR/CORRUPTION/SEVERITY in the published layouts of ImageNet-C (such a folder) and CIFAR-10-C
    (DIR/CORRUPTION.npy and DIR/labels.npy). Data sets are measured on their validation split.
    seen: side in pixels of what a network sees of them; pictures that have it stay as they are.
    lazily: photographs are read when they are asked for, so that the first are there at once.
    Raises ValueError when there is nothing to measure on.
    """
    if words in sets.DATASETS:
        table = sets.DATASETS | (sets.LAZILY if lazily else {})
        way = sets.way(words, size, interpolation)
        load = functools.cache(partial(table[words], "val", size, *way))
        name = sets.named(f"{words}/val", size, way)
        classes, count, notes = _known(words, load, lazily)
        return Source(name, classes, count, load, title=TITLES.get(words, words), notes=notes)
    root = _root(words)
    return _in_folder(words, root, size, seen, interpolation)._replace(title=_title(root))


def _known(
    words: str, load: Callable[[], Pictures], lazily: bool
) -> tuple[tuple[str, ...], int, tuple[str, ...]]:
    """Return a data set's classes, how many pictures it has, and notes.

    lazily: one that is not at hand may be asked about too, for what is kept of it can be shown.
    """
    try:
        if words in KNOWN:
            return *KNOWN[words](), ()
        found = load()
        notes = (_largest(found),) if words == "imagenet16" else ()
        return found.classes, len(found.labels), notes
    except ValueError as error:
        if not lazily or words not in ELSEWHERE:
            raise
        classes, count = ELSEWHERE[words]()
        return classes, count, (f"Only what is kept can be shown: {error}",)


def _largest(pictures: Pictures) -> str:
    """Say how many of unevenly shared pictures the largest class has."""
    counts = pictures.labels.bincount(minlength=len(pictures.classes))
    largest = int(counts.argmax())
    share = float(counts[largest] / counts.sum())
    return (
        f"{share:.0%} of the pictures show {pictures.classes[largest]}, and as often a network is "
        "right that never says anything else."
    )


def _in_folder(
    words: str, root: Path, size: int, seen: int | None, interpolation: str | None
) -> Source:
    if _is_folder(root):
        return class_folders(root, size, seen, interpolation or "bicubic")
    if _is_of_cifar(root):
        return corrupted_cifar(root.parent.parent, root.parent.name, root.name, size, interpolation)
    raise ValueError(
        f"data is {words!r}; choose {', '.join(sets.DATASETS)} or a folder of class folders."
    )


def _title(root: Path) -> str:
    """Call a folder by its name, and one severity of a corruption by both."""
    named = root.parts[-2:] if root.name.isdigit() else root.parts[-1:]
    return " ".join(named).encode(errors="replace").decode()


def check(words: str) -> Iterator[Checked]:
    """Check every file of a folder that a person names, so that find then has it at once.

    words: a folder as find takes it. Yields how far that is; see folders.check.
    Raises ValueError when there is no such folder.
    """
    root = _root(words)
    if words in sets.DATASETS:
        raise ValueError(f"{words} is a data set; for a folder of that name write ./{words}.")
    if _is_folder(root):
        yield from folders.check(root)
    elif not _is_of_cifar(root):
        raise ValueError(f"{words!r} is no folder on this machine.")


def _root(words: str) -> Path:
    if not words.strip():
        raise ValueError(f"data is {words!r}; name a data set or a folder.")
    return Path(os.path.expanduser(words)).absolute()


def _is_folder(root: Path) -> bool:
    try:
        return root.is_dir()
    except OSError:  # its name is too long, or it lies where nobody may look
        return False


def _is_of_cifar(root: Path) -> bool:
    try:
        return (root.parent.parent / "labels.npy").is_file()
    except OSError:
        return False


class Overview(NamedTuple):
    """counts: pictures of each class.  first: classes with (3, size, size) uint8 pictures."""

    counts: list[int]
    first: list[tuple[str, Tensor]]


def overview(source: Source, most: int) -> Overview:
    """Count a source's pictures by class and load the first ones, of all classes if that is few.

    most: how many pictures to load at most.
    """
    pictures = source.load()
    each, first = max(1, most // len(source.classes)), []
    for number, name in enumerate(source.classes[:most]):
        chosen = (pictures.labels == number).nonzero()[:each, 0]
        first += [(name, image) for image in pictures.images[chosen]] if len(chosen) else []
    return Overview(pictures.labels.bincount(minlength=len(source.classes)).tolist(), first)


TITLES = {
    "objects": "Objects",
    "imagenette": "Imagenette",
    "cifar10": "CIFAR-10",
    "imagenet": "ImageNet",
    "imagenet16": "ImageNet in 16 categories",
}
# What there is of data sets that may be elsewhere.
ELSEWHERE: dict[str, Callable[[], tuple[tuple[str, ...], int]]] = {
    "imagenette": lambda: (sets.IMAGENETTE_CLASSES, 3925),
    "imagenet": lambda: (imagenet.classes(), 1300),
    "imagenet16": lambda: (entry_level.CATEGORIES, 287),
}
KNOWN: dict[str, Callable[[], tuple[tuple[str, ...], int]]] = {
    "objects": lambda: (sets.objects.CLASSES, sets.OBJECTS_COUNT["val"]),
    "imagenette": lambda: (sets.IMAGENETTE_CLASSES, sets.imagenette_count()),
}


def corrupted_cifar(
    root: Path, corruption: str, severity: str, size: int, interpolation: str | None = None
) -> Source:
    """Find the pictures of CIFAR-10-C under one corruption at one severity, 1 to 5.

    root: holds labels.npy and one file per corruption, (5 N, 32, 32, 3) uint8, by severity.
    """
    path = root / f"{corruption}.npy"
    if not path.is_file() or corruption == "labels":
        raise ValueError(
            f"{root} has no corruption {corruption!r}; choose from {corruptions_in(root)}."
        )
    if severity not in [str(level + 1) for level in range(SEVERITIES)]:
        raise ValueError(f"severity is {severity}; it is 1 to {SEVERITIES}.")
    try:
        pixels = np.load(path, mmap_mode="r", allow_pickle=False)
        labels = np.load(root / "labels.npy", allow_pickle=False)
    except ValueError:
        raise ValueError(f"{root} holds .npy files that are damaged or not CIFAR-10-C's.") from None
    if pixels.ndim != 4 or pixels.dtype != np.uint8 or labels.shape != pixels.shape[:1]:
        raise ValueError(f"{path} and its labels.npy are not laid out as CIFAR-10-C's are.")
    if not 0 <= labels.min() <= labels.max() < len(sets.CIFAR10_CLASSES):
        raise ValueError(
            f"{root / 'labels.npy'} holds labels from {labels.min()} to {labels.max()}; those of "
            "CIFAR-10-C are 0 to 9, and CIFAR-100-C cannot be measured on."
        )
    count = len(labels) // SEVERITIES
    part = slice(count * (int(severity) - 1), count * int(severity))
    way = sets.way("cifar10", size, interpolation)
    digest = hashlib.sha256(pixels[part].tobytes() + labels[part].tobytes()).hexdigest()[:16]

    @functools.cache
    def load() -> Pictures:
        images = torch.from_numpy(np.array(pixels[part])).permute(0, 3, 1, 2)
        named = torch.from_numpy(labels[part].astype(np.int64))
        return Pictures(sets.resized(images, size, *way), named, sets.CIFAR10_CLASSES)

    name = sets.named(f"cifar10c/{digest}", size, way)
    return Source(name, sets.CIFAR10_CLASSES, count, load)
