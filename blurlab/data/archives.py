"""Published data sets: fetched, checked, and unpacked whole or not at all."""

import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from gzip import BadGzipFile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from torch import Tensor

from blurlab import places, public
from blurlab.data import downloads, sets
from blurlab.pictures.images import ImageError, load_image


class Archive(NamedTuple):
    """A data set as it is published.

    folder: what it unpacks to, under places.data_folder().
    megabytes: about how many there are to fetch.
    classes: in the order of their labels.  train, val: how many pictures there are.
    """

    title: str
    folder: str
    megabytes: int
    classes: tuple[str, ...]
    train: int
    val: int


ARCHIVES = {
    "imagenette": Archive("Imagenette", "imagenette2-160", 99, sets.IMAGENETTE_CLASSES, 9469, 3925),
    "cifar10": Archive("CIFAR-10", "cifar-10-batches-py", 170, sets.CIFAR10_CLASSES, 50000, 10000),
}


class Step(NamedTuple):
    """How far a download is, in bytes of its archive; total is None where the server is silent.

    doing: "fetching", then "unpacking".
    """

    doing: str
    done: int
    total: int | None


def place(name: str) -> Path:
    """Return the folder that a data set of ARCHIVES has, or would have."""
    return places.data_folder() / ARCHIVES[name].folder


def download(name: str) -> Iterator[Step]:
    """Fetch a data set into places.data_folder() unless it is there, and yield how far that is.

    name: a key of ARCHIVES. What was fetched before goes on where it ended. The archive is checked
    against its published MD5 before it is opened, and removed once it is unpacked. Stop drawing to
    cancel.
    Raises ValueError for other names, and when the archive does not arrive or cannot be unpacked.
    """
    public.refuse("A download")
    if name not in ARCHIVES:
        raise ValueError(f"{name} cannot be downloaded; {' and '.join(ARCHIVES)} can.")
    if _is_whole(name):
        return
    url, md5 = _published(name)
    file = places.data_folder() / url.rpartition("/")[2]
    try:
        if not file.is_file():
            remedy = f"fetch {url} elsewhere and put it at {file}"
            for progress in downloads.fetch(url, file, md5, algorithm="md5", remedy=remedy):
                yield Step("fetching", *progress)
        elif downloads.hash_of(file, "md5") != md5:
            raise ValueError(f"{file} is not {url} as published; remove it and try again.")
        yield from _unpack(name, file)
        file.unlink(missing_ok=True)
    except OSError as error:
        raise ValueError(
            f"{error.filename or places.data_folder()} cannot be written: {error.strerror}; set "
            "BLURLAB_DATA to a folder with room that can be."
        ) from None


def _published(name: str) -> tuple[str, str]:
    """Return the address of a data set's archive and its MD5, as torchvision has them."""
    import torchvision  # takes as long to import as torch

    cifar10 = torchvision.datasets.CIFAR10
    return {
        "imagenette": torchvision.datasets.Imagenette._ARCHIVES["160px"],
        "cifar10": (cifar10.url, cifar10.tgz_md5),
    }[name]


def _is_whole(name: str) -> bool:
    if name == "imagenette":
        return place(name).is_dir()
    try:
        sets.cifar10("val")  # checks all its files
    except ValueError:
        return False
    return True


def _unpack(name: str, file: Path) -> Iterator[Step]:
    """Unpack a checked archive beside its place and move it there once it is whole."""
    size, unfinished = file.stat().st_size, f"{ARCHIVES[name].folder}.unpacking-"
    with TemporaryDirectory(prefix=unfinished, dir=places.data_folder()) as folder:
        try:
            with file.open("rb") as packed, tarfile.open(fileobj=packed) as members:
                for member in members:
                    members.extract(member, folder, filter="data")
                    yield Step("unpacking", packed.tell(), size)
        except (tarfile.TarError, BadGzipFile, EOFError, zlib.error):
            raise ValueError(f"{file} cannot be unpacked; remove it and try again.") from None
        unpacked = Path(folder) / ARCHIVES[name].folder
        if not unpacked.is_dir():
            raise ValueError(f"{file} holds no {ARCHIVES[name].folder}; remove it and try again.")
        if not _is_whole(name):  # another process may have been faster
            shutil.rmtree(place(name), ignore_errors=True)
            os.replace(unpacked, place(name))
    # What a process left that was killed while it unpacked.
    for left in places.data_folder().glob(f"{unfinished}*"):
        shutil.rmtree(left, ignore_errors=True)


def counts(name: str) -> tuple[int, int]:
    """Count the pictures of a data set that is here, to train on and to measure on."""
    if name == "cifar10":
        return ARCHIVES[name].train, ARCHIVES[name].val  # it is loaded whole or not at all
    train, val = (len([*place(name).glob(f"{split}/*/*.JPEG")]) for split in ("train", "val"))
    return train, val


def first_pictures(name: str, size: int) -> list[tuple[str, Tensor]]:
    """Load the first picture to measure on of every class, (3, size, size) uint8, with the class.

    Imagenette's are read without importing torchvision; an unreadable one is left out.
    Raises ValueError when CIFAR-10 is not whole.
    """
    found = []
    if name == "cifar10":
        pictures = sets.cifar10("val", size)
        for label, title in enumerate(pictures.classes):
            first = (pictures.labels == label).nonzero()[:1, 0]
            found += [(title, image) for image in pictures.images[first]] if len(first) else []
        return found
    for folder, title in zip(sets.IMAGENETTE_FOLDERS, sets.IMAGENETTE_CLASSES, strict=True):
        for path in sorted((place(name) / "val" / folder).glob("*.JPEG"))[:1]:
            with suppress(ImageError):
                found.append((title, sets.to_square(load_image(path), size)))
    return found
