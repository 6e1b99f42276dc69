"""Fetch public weights and install them as a person's own, in the folder of added models."""

import re
from collections.abc import Iterator
from pathlib import Path

from blurlab import places, public
from blurlab.data import downloads, imagenet
from blurlab.data.downloads import Progress
from blurlab.data.sets import CIFAR10_CLASSES
from blurlab.networks import installing, store
from blurlab.networks.published import Weights, table

POINTED = re.compile(r"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)


def find(name: str) -> Weights:
    """Return the published weights of a name.

    Raises ValueError for others.
    """
    if name not in table():
        near = ", ".join(each for each in table() if name.lower() in each) or "its list names all"
        raise ValueError(f"there are no public weights {name!r}; {near}.")
    return table()[name]


def download(name: str) -> Iterator[Progress]:
    """Fetch public weights and install them under their name, yielding how far the file is.

    What was fetched before goes on where it ended. Stop drawing to cancel.
    Raises ValueError when the file does not arrive, or is not the published one.
    """
    public.refuse("A download")
    weights = find(name)
    installing.check_name(name)
    file = downloaded(name)
    remedy = f"fetch {weights.url} elsewhere and put it at {file}"
    if not file.is_file():
        sha256 = weights.sha256 or pointed(weights.pointer, file.with_suffix(".pointer"), remedy)
        yield from downloads.fetch(weights.url, file, sha256, remedy=remedy)
    install(name, file)
    file.unlink()


def downloaded(name: str) -> Path:
    """Return where the file of public weights lies between its coming and its being installed."""
    published = find(name).url.rpartition("/")[2]
    return places.models_folder() / "downloads" / f"{name}{Path(published).suffix}"


def pointed(url: str, path: Path, remedy: str) -> str:
    """Fetch a Git LFS pointer to path for a moment; return the SHA-256 of what it points to.

    remedy: what a person can do where this cannot; a sentence's end.
    Raises ValueError when it does not come, or is none.  Source: the specification of git-lfs.
    """
    for _ in downloads.fetch(url, path, "", remedy=remedy):
        pass
    found = POINTED.search(path.read_text(errors="replace"))
    path.unlink()
    if not found:
        raise ValueError(f"{url} is no pointer that gives a SHA-256; try again, or {remedy}.")
    return found[1]


def install(name: str, file: Path) -> dict:
    """Install a published file that is here, after checking that it is that one; return its card.

    Where no SHA-256 is in the table, the file's was checked as it came, or a person put it there.
    Raises ValueError for another file.
    """
    public.refuse("Adding a network")
    weights = find(name)
    if weights.sha256 and not store.sha256(file).startswith(weights.sha256):
        raise ValueError(
            f"{file} is not the published file: its SHA-256 does not begin with "
            f"{weights.sha256[:16]}; remove it and try again."
        )
    words = dict(weights.recipe)
    recipe = installing.recipe(words.pop("architecture"), words.pop("input_size"), **words)
    classes = CIFAR10_CLASSES if weights.classes == "cifar10" else imagenet.classes()
    return installing.add(
        name,
        file,
        recipe,
        classes,
        title=weights.title,
        source=weights.url,
    )
