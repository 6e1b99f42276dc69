"""Pictures in folders, one folder per class: checked once, then decoded when they are asked for."""

import functools
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab import places
from blurlab.data import ground_truth, imagenet, sets
from blurlab.data.sets import Decoded, Pictures
from blurlab.pictures.images import ImageError, load_image


class Checked(NamedTuple):
    """How many of a folder's files have been checked, and how many there are."""

    done: int
    count: int


class Source(NamedTuple):
    """What is known of labelled pictures before they are loaded.

    name: which pictures, at which size; a folder's depends on what is in it, not on where it is.
    skipped: a sentence for every file that is no picture.
    title: what a person calls them, where that is known.
    """

    name: str
    classes: tuple[str, ...]
    count: int
    load: Callable[[], Pictures]
    skipped: tuple[str, ...] = ()
    title: str = ""

    @property
    def called(self) -> str:
        return self.title or self.name


def class_folders(root: Path, size: int) -> Source:
    """Find the pictures in a folder's folders, each named for its class, and check every file.

    Folders named by WordNet numbers take ImageNet's names when they are its 1,000 or Imagenette's.
    A folder with a ground_truth.truth_file holds pictures of ImageNet's thousand classes.
    Raises ValueError when fewer than two classes hold pictures, or a folder cannot be read.
    """
    if ground_truth.truth_file(root):
        return _with_truth(root, size)
    readable, digest, faults = _readable(root, _files(root))
    present = sorted({path.parent.name for path in readable})
    if len(present) < 2:
        held = f"pictures of {present[0]!r} alone" if present else "no folders of pictures"
        others = f" (files that are no pictures: {len(faults)})" if faults else ""
        raise ValueError(f"{root} holds {held}{others}; {_wanted(root)}.")
    numbers = {name: number for number, name in enumerate(present)}
    labels = torch.tensor([numbers[path.parent.name] for path in readable])
    return _source(readable, labels, _classes(present), digest, faults, size)


def _with_truth(root: Path, size: int) -> Source:
    numbers = ground_truth.labels(root)
    readable, digest, faults = _readable(root, {path: path.stat() for path in numbers})
    labels = torch.tensor([numbers[path] for path in readable])
    if len(labels.unique()) < 2:
        truth = ground_truth.truth_file(root)
        raise ValueError(f"{root} holds pictures of fewer than two of the classes in {truth.name}.")
    digest = hashlib.sha256(json.dumps([digest, labels.tolist()]).encode()).hexdigest()[:16]
    return _source(readable, labels, imagenet.classes(), digest, faults, size)


def _readable(
    root: Path, files: dict[Path, os.stat_result]
) -> tuple[list[Path], str, dict[str, str]]:
    """Return the files that are pictures, a digest of them, and what is wrong with the others."""
    kept = _kept(root, files)
    for _ in _check(root, files, kept):
        pass
    digest, faults = _known(kept)
    return [path for path in files if _name(root, path) not in faults], digest, faults


def _source(
    files: list[Path],
    labels: Tensor,
    classes: tuple[str, ...],
    digest: str,
    faults: dict[str, str],
    size: int,
) -> Source:
    @functools.cache
    def load() -> Pictures:
        return Pictures(Decoded(partial(_read, files, size), len(files)), labels, classes)

    return Source(f"folder/{digest}/{size}", classes, len(files), load, tuple(faults.values()))


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
    known = dict(zip(sets.IMAGENETTE_FOLDERS, sets.IMAGENETTE_CLASSES, strict=True))
    if len(names) == 1000 and all(len(n) == 9 and n[0] == "n" and n[1:].isdigit() for n in names):
        return imagenet.classes()  # numbered in the order of their folders
    return tuple(known.get(name, name).encode(errors="replace").decode() for name in names)


def check(root: Path) -> Iterator[Checked]:
    """Check every file that class_folders will find, and yield how far that is after each.

    The answer is kept among the results for as long as no file changes size or time, so that
    class_folders then has it at once; nothing is yielded when it is there already. Stop drawing to
    cancel.
    Raises ValueError when a folder cannot be read.
    """
    if ground_truth.truth_file(root):
        files = {path: path.stat() for path in ground_truth.labels(root)}
    else:
        files = _files(root)
    yield from _check(root, files, _kept(root, files))


def _files(root: Path) -> dict[Path, os.stat_result]:
    """Find the files in a folder's folders, sorted by class and name; hidden ones do not count."""

    def within(folder: Path) -> list[Path]:
        return sorted(path for path in folder.iterdir() if path.name[0] != ".")

    try:
        folders = [path for path in within(root) if path.is_dir()]
        files = [path for folder in folders for path in within(folder) if path.is_file()]
        return {path: path.stat() for path in files}
    except OSError as error:
        raise ValueError(f"{error.filename} cannot be read: {error.strerror}.") from None


def _kept(root: Path, files: dict[Path, os.stat_result]) -> Path:
    """Return the file that holds what is known of these files as they are, or will hold it."""
    stamp = [
        (path.relative_to(root).as_posix(), found.st_size, found.st_mtime_ns)
        for path, found in files.items()
    ]
    place = hashlib.sha256(json.dumps([str(root.resolve()), stamp]).encode()).hexdigest()[:16]
    return places.results_folder() / "folders" / f"{place}.json"


def _known(kept: Path) -> tuple[str, dict[str, str]] | None:
    """Read the digest and the faults that are kept; a damaged file counts as none."""
    try:
        digest, faults = json.loads(kept.read_text())
        return str(digest), dict(faults)
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _check(root: Path, files: dict[Path, os.stat_result], kept: Path) -> Iterator[Checked]:
    """Keep a digest of the readable files' names and contents, and what is wrong with the others.

    Yields after every file; none is looked at when all that is kept already.
    """
    if _known(kept):
        return
    whole, faults = hashlib.sha256(), {}
    for done, (path, found) in enumerate(files.items(), 1):
        name = _name(root, path)
        try:
            # A system's own files say that they hold nothing, and reading one may never end.
            if found.st_size == 0:
                raise ImageError(f"{name} is empty.")
            load_image(path, name)
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            whole.update(f"{name}\0{content}\0".encode())
        except ImageError as error:
            faults[name] = str(error)
        yield Checked(done, len(files))
    kept.parent.mkdir(parents=True, exist_ok=True)
    unfinished = kept.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps((whole.hexdigest()[:16], faults)))
    os.replace(unfinished, kept)


def _name(root: Path, path: Path) -> str:
    """Return a file's place in the folder, with a question mark for what is no text in it."""
    return path.relative_to(root).as_posix().encode(errors="replace").decode()


def _read(files: list[Path], size: int, index: int) -> Tensor:
    return sets.to_square(load_image(files[index]), size)
