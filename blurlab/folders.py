"""Pictures in folders, one folder per class: checked once, then decoded when they are asked for."""

import functools
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab import data, results
from blurlab.data import Decoded, Pictures
from blurlab.images import ImageError, load_image


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
        return f"for CIFAR-10-C add /CORRUPTION/SEVERITY, of {corruptions_in(root)} and of 1 to 5"
    if any((path / "1").is_dir() for path in root.iterdir()) or (root / "1").is_dir():
        return "for ImageNet-C name DIR/CORRUPTION/SEVERITY"
    return "it takes two or more, each named for its class"


def corruptions_in(root: Path) -> str:
    """List the corruptions of a CIFAR-10-C."""
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
