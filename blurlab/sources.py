"""Where labelled pictures come from, by what a person types: a data set's name or a folder."""

import functools
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError

import numpy as np
import torch
from torch import Tensor

from blurlab import data, results
from blurlab.data import Decoded, Pictures
from blurlab.images import ImageError, load_image

SEVERITIES = 5  # of the published corrupted data sets


class Source(NamedTuple):
    """What is known of labelled pictures before they are loaded.

    name: which pictures, at which size; a folder's depends on what is in it, not on where it is.
    skipped: a sentence for every file that is no picture.
    """

    name: str
    classes: tuple[str, ...]
    count: int
    load: Callable[[], Pictures]
    skipped: tuple[str, ...] = ()


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


def class_folders(root: Path, size: int) -> Source:
    """Find the pictures in a folder's folders, each named for its class, and check every file.

    Folders named by WordNet numbers take ImageNet's names when they are its 1,000 or Imagenette's.
    Raises ValueError when fewer than two classes hold pictures.
    """
    names = sorted(path.name for path in root.iterdir() if path.is_dir() and path.name[0] != ".")
    files = [
        path
        for name in names
        for path in sorted((root / name).iterdir())
        if path.is_file() and path.name[0] != "."
    ]
    digest, faults = _checked(root, files)
    readable = [path for path in files if _within(root, path) not in faults]
    present = sorted({path.parent.name for path in readable})
    if len(present) < 2:
        held = f"pictures of {present[0]!r} alone" if present else "no folders of pictures"
        raise ValueError(f"{root} holds {held}; {_wanted(root)}.")
    labels = torch.tensor([present.index(path.parent.name) for path in readable])
    classes = _classes(present)

    @functools.cache
    def load() -> Pictures:
        images = Decoded(partial(_read, readable, size), len(readable))
        return Pictures(images, labels, classes)

    name = f"folder/{digest}/{size}"
    return Source(name, classes, len(readable), load, tuple(faults.values()))


def _wanted(root: Path) -> str:
    if (root / "labels.npy").is_file():
        return f"for CIFAR-10-C add /CORRUPTION/SEVERITY, of {_kinds(root)} and of 1 to 5"
    if any((path / "1").is_dir() for path in root.iterdir()) or (root / "1").is_dir():
        return "for ImageNet-C name DIR/CORRUPTION/SEVERITY"
    return "it takes two or more, each named for its class"


def _kinds(root: Path) -> str:
    return ", ".join(sorted(path.stem for path in root.glob("*.npy") if path.stem != "labels"))


def _classes(names: Sequence[str]) -> tuple[str, ...]:
    known = dict(zip(data.IMAGENETTE_FOLDERS, data.IMAGENETTE_CLASSES, strict=True))
    if len(names) == 1000 and all(len(n) == 9 and n[0] == "n" and n[1:].isdigit() for n in names):
        from torchvision.models import ResNet18_Weights

        # ImageNet numbers its classes in the order of their folders.
        return tuple(ResNet18_Weights.DEFAULT.meta["categories"])
    return tuple(known.get(name, name) for name in names)


def _checked(root: Path, files: list[Path]) -> tuple[str, dict[str, str]]:
    """Return a digest of the readable files' names and contents, and what is wrong with the others.

    The answer is kept among the results for as long as no file changes size or time.
    """
    stamp = [
        (_within(root, path), (found := path.stat()).st_size, found.st_mtime_ns) for path in files
    ]
    place = hashlib.sha256(json.dumps([str(root.resolve()), stamp]).encode()).hexdigest()[:16]
    kept = results.folder() / "folders" / f"{place}.json"
    if kept.is_file():
        return tuple(json.loads(kept.read_text()))
    whole, faults = hashlib.sha256(), {}
    for path in files:
        try:
            load_image(path)
        except ImageError as error:
            faults[_within(root, path)] = str(error)
            continue
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{_within(root, path)}\0{content}\0".encode())
    answer = whole.hexdigest()[:16], faults
    kept.parent.mkdir(parents=True, exist_ok=True)
    unfinished = kept.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(answer))
    os.replace(unfinished, kept)
    return answer


def _within(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _read(files: list[Path], size: int, index: int) -> Tensor:
    return data.to_square(load_image(files[index]), size)


def corrupted_cifar(root: Path, corruption: str, severity: str, size: int) -> Source:
    """Find the pictures of CIFAR-10-C under one corruption at one severity, 1 to 5.

    root: holds labels.npy and one file per corruption, (5 N, 32, 32, 3) uint8, by severity.
    """
    path = root / f"{corruption}.npy"
    if not path.is_file() or corruption == "labels":
        raise ValueError(f"{root} has no corruption {corruption!r}; choose from {_kinds(root)}.")
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
