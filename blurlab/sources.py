"""Where labelled pictures come from, by what a person types: a data set's name or a folder."""

import functools
import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.error import URLError

import numpy as np
import torch

from blurlab import data
from blurlab.data import Pictures
from blurlab.folders import Source, class_folders, corruptions_in

SEVERITIES = 5  # of the published corrupted data sets


def find(words: str, size: int) -> Source:
    """Find the pictures that a person names, as squares of this size in pixels.

    words: a key of data.DATASETS; a folder that holds one folder of pictures per class; or
    DIR/CORRUPTION/SEVERITY in the published layouts of ImageNet-C (such a folder) and CIFAR-10-C
    (DIR/CORRUPTION.npy and DIR/labels.npy). Data sets are measured on their validation split.
    Raises ValueError when there is nothing to measure on.
    """
    if words in data.DATASETS:
        load = functools.cache(partial(data.DATASETS[words], "val", size))
        known = KNOWN.get(words)
        if known is None:
            return Source(f"{words}/val/{size}", load().classes, len(load().labels), load)
        return Source(f"{words}/val/{size}", *known(), load)
    root = Path(words).absolute()
    if root.is_dir():
        return class_folders(root, size)
    if (root.parent.parent / "labels.npy").is_file():
        return corrupted_cifar(root.parent.parent, root.parent.name, root.name, size)
    raise ValueError(
        f"data is {words!r}; choose {', '.join(data.DATASETS)} or a folder of class folders."
    )


KNOWN: dict[str, Callable[[], tuple[tuple[str, ...], int]]] = {
    "objects": lambda: (data.objects.CLASSES, data.OBJECTS_COUNT["val"]),
    "imagenette": lambda: (data.IMAGENETTE_CLASSES, data.imagenette_count()),
}


def corrupted_cifar(root: Path, corruption: str, severity: str, size: int) -> Source:
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
    count = len(labels) // SEVERITIES
    part = slice(count * (int(severity) - 1), count * int(severity))
    digest = hashlib.sha256(pixels[part].tobytes() + labels[part].tobytes()).hexdigest()[:16]

    @functools.cache
    def load() -> Pictures:
        images = torch.from_numpy(np.array(pixels[part])).permute(0, 3, 1, 2)
        named = torch.from_numpy(labels[part].astype(np.int64))
        return Pictures(data.resized(images, size), named, data.CIFAR10_CLASSES)

    return Source(f"cifar10c/{digest}/{size}", data.CIFAR10_CLASSES, count, load)


def download(name: str) -> None:
    """Fetch a data set into data_root() unless it is there, with torchvision's own progress bar.

    name: imagenette (about 100 MB) or cifar10 (170 MB); they are checked before they are unpacked.
    Raises ValueError for other names, and when the archive does not arrive whole.
    """
    from torchvision.datasets import CIFAR10, Imagenette

    archives = {
        "imagenette": (Imagenette._ARCHIVES["160px"][0], partial(Imagenette, size="160px")),
        "cifar10": (CIFAR10.url, CIFAR10),
    }
    if name not in archives:
        raise ValueError(f"{name} cannot be downloaded; {' and '.join(archives)} can.")
    url, fetch = archives[name]
    file = data.data_root() / url.rpartition("/")[2]
    remedy = f"unpack that file in {file.parent} yourself"
    try:
        fetch(file.parent, download=True)
    except URLError as error:
        raise ValueError(f"{url} cannot be reached ({error.reason}); {remedy}.") from None
    except RuntimeError:
        file.unlink(missing_ok=True)
        raise ValueError(f"what came from {url} is not the data set; {remedy}.") from None
