"""What sessions share: pictures, models and sweeps, found again by names and numbers."""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab.data import sets
from blurlab.networks import store, titles, worded
from blurlab.networks.classifier import Classifier
from blurlab.pictures import images, objects, photographs
from blurlab.ui import loaded
from blurlab.ui.languages import say

SIZE = 256  # side in pixels of every picture on the pages
LABELLED = ("object", "imagenette", "imagenet16")  # kinds of pictures whose names are their classes


class Choice(NamedTuple):
    """A picture as the controls describe it.

    kind: "object", "photograph", "imagenette", "imagenet16" or "file".  name: class, photograph or
    file name.
    variant: which of many.  upload: the file's bytes, or none.  word: what a person says that a
    file shows, or "".  The rest: see images.align.
    """

    kind: str
    name: str
    variant: int = 0
    upload: bytes = b""
    shift_x: float = 0.0
    shift_y: float = 0.0
    scale: float = 1.0
    flip: bool = False
    word: str = ""


@lru_cache(maxsize=64)
def card(name: str) -> dict:
    """Return a model's card, its classes in the words that model answers in."""
    return worded.card(name)


def model(name: str) -> Classifier | worded.Worded:
    """Return the model that all sessions share, answering in words; nobody writes to it.

    Raises ValueError for a model that is not installed, or is damaged.
    """
    return worded.around(loaded.model(name), store.card(name)["classes"])


def title(name: str) -> str:
    """Return a model's title in the visitor's language."""
    return say(card(name)["title"])


def term(name: str) -> str:
    """Return it without the data that the model was trained on, which others share."""
    family = titles.FAMILIES.get(card(name)["recipe"].get("data", ""), "")
    return title(name).removeprefix(f"{say(family)}, ") or title(name)


def forget_models() -> None:
    """Let go of the shared models and cards, one of which has left the disk."""
    loaded.forget()
    card.cache_clear()


@lru_cache(maxsize=128)
def picture(choice: Choice) -> Tensor:
    """Return the (3, SIZE, SIZE) picture of a choice, shared and never written to.

    Raises images.ImageError for a file that is not a picture.
    """
    found = _unaligned(choice.kind, choice.name, choice.variant, choice.upload)
    return images.align(
        found,
        shift_x=choice.shift_x,
        shift_y=choice.shift_y,
        scale=choice.scale,
        flip=choice.flip,
    )


@lru_cache(maxsize=64)
def _unaligned(kind: str, name: str, variant: int, upload: bytes) -> Tensor:
    if kind == "object":
        generator = torch.Generator().manual_seed(variant)
        label = torch.tensor([objects.CLASSES.index(name)])
        return objects.draw(label, label, SIZE, generator)[0]
    if kind == "photograph":
        return photographs.photograph(name, SIZE)
    if kind == "imagenette":
        return images.square(imagenette(name)[variant].float() / 255, SIZE)
    if kind == "imagenet16":
        return imagenet16_picture(name, variant)
    return images.square(images.read_image(upload, name), SIZE)


@lru_cache(maxsize=128)
def data_url(choice: Choice) -> str:
    return images.data_url(picture(choice))


@lru_cache(maxsize=10)
def imagenette(name: str) -> Tensor:
    """Return the first validation photographs of an Imagenette class, (N, 3, 160, 160) uint8."""
    return sets.imagenette_class(name, count=50)


@lru_cache(maxsize=1)
def imagenet16() -> sets.Pictures:
    """Return ImageNet's photographs of the sixteen categories, read when they are shown."""
    return sets.imagenet16("val", SIZE)


def imagenet16_picture(category: str, variant: int) -> Tensor:
    """Return a category's photograph of this number, (3, SIZE, SIZE)."""
    found = imagenet16()
    (indices,) = (found.labels == found.classes.index(category)).nonzero(as_tuple=True)
    return found.images[indices[variant : variant + 1]][0].float() / 255


def place(name: str, label: str | None) -> int | None:
    """Return the index of a label among a model's answers, None where it has no such answer."""
    if label is None:
        return None
    return worded.place(label, card(name)["classes"], store.card(name)["classes"])


def shown(choice: Choice) -> str | None:
    """Return what a picture is known to show, None where nobody has said."""
    return choice.name if choice.kind in LABELLED else choice.word or None


def knows(name: str, choice: Choice) -> bool:
    """Tell whether it is known what a picture shows, and a model has an answer for that."""
    return place(name, shown(choice)) is not None


@lru_cache(maxsize=256)
def named_class(name: str, choice: Choice) -> int:
    """Return the answer that is right for a picture, or else the model's own."""
    known = place(name, shown(choice))
    return int(answers(name, choice).argmax()) if known is None else known


@torch.no_grad()
def answers(name: str, choice: Choice) -> Tensor:
    """Return the probabilities (classes,) that a model gives the unfiltered picture."""
    network = model(name)
    return network(picture(choice)[None].to(network.mean.device)).softmax(-1)[0].cpu()
