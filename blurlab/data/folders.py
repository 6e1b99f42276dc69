"""Pictures in folders, one folder per class: checked once, then decoded when they are asked for."""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab import places
from blurlab.data import ground_truth, imagenet, sets
from blurlab.data.sets import Decoded, Pictures
from blurlab.pictures.images import ImageError, load_image
from blurlab.sentence import Sentence

IMAGES = "images"  # the folder inside a class's own in which Tiny ImageNet's pictures lie
SUFFIXES = (".jpeg", ".jpg", ".png")
WORDNET = re.compile(r"n\d{8}")


class Checked(NamedTuple):
    """How many of a folder's files have been checked, and how many there are."""

    done: int
    count: int  # type: ignore[assignment]  # hides tuple.count


class Source(NamedTuple):
    """What is known of labelled pictures before they are loaded.

    name: which pictures, at which size; a folder's depends on what is in it, not on where it is.
    skipped: a sentence for every file that is no picture.  title: what people call them, if known.
    numbers: for every class, its number among ImageNet's thousand, where folders bear those.
    notes: a sentence for each thing that a person may not expect, such as pictures left out.
    """

    name: str
    classes: tuple[str, ...]
    count: int  # type: ignore[assignment]  # hides tuple.count
    load: Callable[[], Pictures]
    skipped: tuple[str, ...] = ()
    title: str = ""
    numbers: tuple[int | None, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        return self.title or self.name


def class_folders(
    root: Path, size: int, seen: int | None = None, interpolation: str = "bicubic"
) -> Source:
    """Find the pictures in a folder's folders, each named for its class, and check every file.

    A class's pictures lie in its folder, or in one named images there. Folders named by ImageNet's
    WordNet numbers take its names. Those named 0 to 999 keep them, and a network that knows
    ImageNet's thousand classes takes them for those. A folder with a ground_truth.truth_file holds
    pictures of ImageNet's thousand classes.
    seen: side in pixels of what a network sees of pictures of this size; pictures that all have it
    are shown as they are, with mirrored edges around them where that is less than the size.
    Raises ValueError when fewer than two classes hold pictures, when most pictures lie deeper, or
    when a folder cannot be read.
    """
    if truth := ground_truth.truth_file(root):
        return _with_truth(root, truth, size, seen, interpolation)
    files = _files(root)
    readable, known = _readable(root, files)
    classes_of = [path.relative_to(root).parts[0] for path in readable]
    present = sorted(set(classes_of))
    if len(present) < 2:
        held = f"pictures of {present[0]!r} alone" if present else "no folders of pictures"
        others = f" (files that are no pictures: {len(known.faults)})" if known.faults else ""
        raise ValueError(f"{root} holds {held}{others}; {_wanted(root)}.")
    deeper = _deeper(root)
    if deeper > len(readable):
        raise ValueError(
            f"{root} holds {deeper:,} pictures deeper than in CLASS/ or CLASS/images/, and "
            f"{len(readable):,} there; {_wanted(root)}."
        )
    places_of = {name: place for place, name in enumerate(present)}
    labels = torch.tensor([places_of[name] for name in classes_of])
    classes, numbers = _classes(present)
    notes: tuple[str, ...] = ()
    if deeper:
        note = "{count:,} pictures deeper than in CLASS/ or CLASS/images/ are left out."
        notes = (Sentence(note, count=deeper),)
    found = _source(readable, labels, classes, known, size, seen, interpolation)
    return found._replace(numbers=numbers, notes=(*found.notes, *notes))


def _deeper(root: Path) -> int:
    """Count the pictures that lie deeper than class_folders looks."""
    inside = [path for folder in _folders(root) for path in _folders(folder)]
    among = [path for path in inside if path.name != IMAGES]
    among += [path for folder in inside if folder.name == IMAGES for path in _folders(folder)]
    return sum(
        Path(name).suffix.lower() in SUFFIXES
        for folder in among
        for _, _, names in os.walk(folder)
        for name in names
    )


def _folders(root: Path) -> list[Path]:
    return [path for path in root.iterdir() if path.name[0] != "." and path.is_dir()]


def _with_truth(root: Path, truth: Path, size: int, seen: int | None, interpolation: str) -> Source:
    numbers = ground_truth.labels(root)
    readable, known = _readable(root, {path: path.stat() for path in numbers})
    labels = torch.tensor([numbers[path] for path in readable])
    if len(labels.unique()) < 2:
        raise ValueError(f"{root} holds pictures of fewer than two of the classes in {truth.name}.")
    both = json.dumps([known.digest, labels.tolist()])
    known = known._replace(digest=hashlib.sha256(both.encode()).hexdigest()[:16])
    return _source(readable, labels, imagenet.classes(), known, size, seen, interpolation)


class Known(NamedTuple):
    """What is known of a folder's files once they are checked.

    digest: of the readable ones' names and contents.  faults: a sentence by the name of every other
    one.  side: in pixels, of the readable ones where all are squares of one size, else 0.
    """

    digest: str
    faults: dict[str, str]
    side: int


def _readable(root: Path, files: dict[Path, os.stat_result]) -> tuple[list[Path], Known]:
    """Return the files that are pictures, and what is known of all."""
    kept = _kept(root, files)
    for _ in _check(root, files, kept):
        pass
    known = _known(kept)
    assert known is not None  # for they have just been checked
    return [path for path in files if _name(root, path) not in known.faults], known


def _source(
    files: list[Path],
    labels: Tensor,
    classes: tuple[str, ...],
    known: Known,
    size: int,
    seen: int | None,
    interpolation: str,
) -> Source:
    # The results that are kept under names without it are of that.
    way = [interpolation] * (interpolation != "bicubic")
    name = sets.named(f"folder/{known.digest}", size, way)
    notes: tuple[str, ...] = ()
    is_ready = seen is not None and sets.is_ready((known.side, known.side), size, seen)
    if is_ready:
        name = f"{sets.named(f'folder/{known.digest}', size)}/as-it-is"
        note = (
            "every picture has the {seen} x {seen} pixels that the network sees, and is shown as "
            "it is."
        )
        notes = (Sentence(note, seen=seen),)

    @cache
    def load() -> Pictures:
        read = partial(_read, files, size, seen if is_ready else None, interpolation)
        return Pictures(Decoded(read, len(files)), labels, classes)

    skipped = tuple(known.faults.values())
    return Source(name, classes, len(files), load, skipped, notes=notes)


def _wanted(root: Path) -> str:
    if (root / "labels.npy").is_file():
        return f"for CIFAR-10-C add /CORRUPTION/SEVERITY, of {corruptions_in(root)} and of 1 to 5"
    if any((path / "1").is_dir() for path in root.iterdir()) or (root / "1").is_dir():
        return "for ImageNet-C name DIR/CORRUPTION/SEVERITY"
    return "it takes two or more, each named for its class"


def corruptions_in(root: Path) -> str:
    """List the corruptions of a CIFAR-10-C."""
    return ", ".join(sorted(path.stem for path in root.glob("*.npy") if path.stem != "labels"))


def _classes(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[int | None, ...]]:
    """Return the classes of folders, and their numbers among ImageNet's where folders tell them."""
    shown = [name.encode(errors="replace").decode() for name in names]
    if all(name.isdecimal() and len(name) < 4 for name in names):
        return tuple(shown), tuple(int(name) for name in names)
    if not all(WORDNET.fullmatch(name) for name in names):
        return tuple(shown), ()
    if len(names) == 1000:  # ImageNet's, numbered in the order of their folders
        return imagenet.classes(), tuple(range(1000))
    try:
        numbers = {word: number for number, word in enumerate(imagenet.wordnet_numbers())}
    except ValueError:  # timm, which lists them, is missing
        known = dict(zip(sets.IMAGENETTE_FOLDERS, sets.IMAGENETTE_CLASSES, strict=True))
        return tuple(known.get(name, name) for name in names), ()
    found = tuple(numbers.get(name) for name in names)
    titles = imagenet.classes()
    return tuple(
        name if number is None else titles[number]
        for name, number in zip(names, found, strict=True)
    ), found


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
    """Find the files in a folder's class folders, sorted by class; hidden ones do not count."""

    def within(folder: Path) -> list[Path]:
        return sorted(path for path in folder.iterdir() if path.name[0] != ".")

    try:
        folders = [path for path in within(root) if path.is_dir()]
        inside = [path for folder in folders for path in within(folder)]
        further = [path for path in inside if path.name == IMAGES and path.is_dir()]
        files = [path for path in inside if path.is_file()]
        files += [path for folder in further for path in within(folder) if path.is_file()]
        files.sort(key=lambda path: path.relative_to(root).parts)
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


def _known(kept: Path) -> Known | None:
    """Read what is kept; a damaged file counts as none."""
    try:
        digest, faults, side = json.loads(kept.read_text())
        return Known(str(digest), dict(faults), int(side))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _check(root: Path, files: dict[Path, os.stat_result], kept: Path) -> Iterator[Checked]:
    """Keep a digest of the readable files' names and contents, and what is wrong with the others.

    Yields after every file; none is looked at when all that is kept already.
    """
    if _known(kept):
        return
    whole, faults, shapes = hashlib.sha256(), {}, set()
    for done, (path, found) in enumerate(files.items(), 1):
        name = _name(root, path)
        try:
            # A system's own files say that they hold nothing, and reading one may never end.
            if found.st_size == 0:
                raise ImageError(f"{name} is empty.")
            shapes.add(tuple(load_image(path, name).shape[1:]))
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            whole.update(f"{name}\0{content}\0".encode())
        except ImageError as error:
            faults[name] = str(error)
        yield Checked(done, len(files))
    kept.parent.mkdir(parents=True, exist_ok=True)
    unfinished = kept.with_suffix(f".{os.getpid()}")
    side, other = min(shapes, default=(0, 1))
    known = Known(whole.hexdigest()[:16], faults, side if side == other and len(shapes) == 1 else 0)
    unfinished.write_text(json.dumps(known))
    os.replace(unfinished, kept)


def _name(root: Path, path: Path) -> str:
    """Return a file's place in the folder, with a question mark for what is no text in it."""
    return path.relative_to(root).as_posix().encode(errors="replace").decode()


def _read(files: list[Path], size: int, seen: int | None, interpolation: str, index: int) -> Tensor:
    shown = sets.as_measured(load_image(files[index]), size, seen, interpolation)
    return shown.mul(255).round().byte()
