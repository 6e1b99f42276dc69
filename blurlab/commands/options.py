"""What the commands share: argparse types, options that several have, squares read from files."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from blurlab.data import sets
from blurlab.knobs import Knob
from blurlab.networks import classifier
from blurlab.pictures import images, objects, photographs

# What add_subparsers returns has no public name.
Commands = argparse._SubParsersAction

MAX_SIZE = 2048  # pixels; uploads are reduced to about as many


def between(low: int, high: int) -> Callable[[str], int]:
    """Make an argparse type that takes whole numbers from low to high."""

    def number(text: str) -> int:
        if not (text.lstrip("-").isdecimal() and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(f"{text} is not a whole number from {low} to {high}")
        return int(text)

    return number


def output(name: str) -> Path:
    """Take a file to write at the end of long work, as an argparse type."""
    path = Path(name)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{path.parent} is not a folder")
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{path} is a folder; it takes a file to write")
    return path


def drawn(name: str, size: int) -> Tensor:
    """Draw an object by CLASS:NUMBER, as the pages do, (3, size, size)."""
    name, _, number = name.partition(":")
    if name not in objects.CLASSES:
        raise ValueError(f"no object is a {name!r}; choose from {', '.join(objects.CLASSES)}.")
    label = torch.tensor([objects.CLASSES.index(name)])
    return objects.draw(label, label, size, torch.Generator().manual_seed(_number(number)))[0]


def imagenette(name: str, size: int) -> Tensor:
    """Read a validation photograph of Imagenette by CLASS:NUMBER, (3, size, size)."""
    name, _, number = name.partition(":")
    if name not in sets.IMAGENETTE_CLASSES:
        raise ValueError(f"no photograph is a {name!r}; {', '.join(sets.IMAGENETTE_CLASSES)} are.")
    found = sets.imagenette_class(name, _number(number) + 1)
    if len(found) <= int(number):
        raise ValueError(f"the picture's number is {number}; of {name} there are {len(found)}.")
    return images.square(found[-1].float() / 255, size)


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**31:
        raise ValueError(f"the picture's number is {text!r}; it must be a whole one below 2^31.")
    return int(text)


DRAWN = 256  # pixels of a picture that is named, without a size
PICTURES: dict[str, Callable[[str, int], Tensor]] = {
    "object": drawn, "photograph": photographs.photograph, "imagenette": imagenette,
}  # fmt: skip
NAMED = "a file, or object:CLASS:NUMBER, photograph:NAME, imagenette:CLASS:NUMBER as on the pages"


def device(name: str) -> str:
    """Take the name of a device that computes here, as an argparse type."""
    try:
        torch.zeros(1, device=name).item()
    except (RuntimeError, AssertionError, ImportError):
        raise argparse.ArgumentTypeError(
            f"{name} does not compute on this machine, {classifier.best_device()} does"
        ) from None
    return name


def command(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], None], help: str
) -> argparse.ArgumentParser:
    """Add a command to the parser's; its function is run with the options."""
    added = commands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")
    added.set_defaults(run=run)
    return added


def add_size(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--size",
        metavar="S",
        type=between(1, MAX_SIZE),
        help=f"crop to a square and resize to S x S pixels first, 1 to {MAX_SIZE}",
    )


def add_models(added: argparse.ArgumentParser, usual: str = "") -> None:
    """usual: which are taken where none is named; without it one has to be."""
    added.add_argument(
        "--model",
        metavar="M",
        dest="models",
        action="append",
        required=not usual,
        help="name of an installed model; repeat it for several"
        + (f" (default: {usual})" if usual else ""),
    )


def add_seed(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--seed",
        metavar="K",
        type=between(0, 2**63 - 1),
        default=0,
        help="whole number that decides every random choice (default: 0)",
    )


def add_knobs(added: argparse.ArgumentParser, rows: Mapping[str, Sequence[Knob]]) -> None:
    """Describe the knobs of all rows of a table, by their titles, as options."""
    for name, knob in {knob.name: knob for of_row in rows.values() for knob in of_row}.items():
        takers = " and ".join(title for title, of_row in rows.items() if knob in of_row)
        words, more = f"{knob.title.lower()} of {takers}", f". {knob.help}" if knob.help else ""
        if knob.type is bool:
            added.add_argument(option(name), action="store_const", const=True, help=words + more)
            continue
        default = "" if knob.default is None else f" (default: {knob.default})"
        words += f", {knob.allowed}{default}{more}"
        added.add_argument(option(name), type=knob.type, metavar="K", help=words)


def read_knobs(
    options: argparse.Namespace, title: str, rows: Mapping[str, Sequence[Knob]]
) -> dict[str, Any]:
    """Return what a row's knobs are set to, by name.

    Raises ValueError for an option that only other rows have, or that is out of range.
    """
    own = {knob.name: knob for knob in rows[title]}
    names = {knob.name for of_row in rows.values() for knob in of_row}
    given = {name: vars(options)[name] for name in names if vars(options)[name] is not None}
    for name in given.keys() - own.keys():
        others = f"; it takes {', '.join(map(option, own))}" if own else ""
        raise ValueError(f"{title} takes no {option(name)}{others}.")
    return {name: knob.check(given.get(name, knob.default)) for name, knob in own.items()}


def option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def add_device(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--device",
        type=device,
        default=classifier.best_device(),
        help="where to compute: cpu, cuda or mps (default: %(default)s)",
    )


def read_square(path: str, size: int | None) -> Tensor:
    """Read a picture that must be square, or is made so when a size is asked for.

    path: of a file, or what NAMED says.
    """
    kind, _, name = path.partition(":")
    if kind in PICTURES and name and not Path(path).exists():
        return PICTURES[kind](name, size or DRAWN)
    picture = images.load_image(path)
    if size is not None:
        return images.square(picture, size)
    height, width = picture.shape[-2:]
    if height != width:
        raise ValueError(f"{path} is {width} x {height} pixels, not square; add --size to crop it.")
    return picture
