"""What models say of pictures one after another, asked and laid out for the frames."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from blurlab.ui import cache
from blurlab.ui.languages import say, say_each, unbroken

TOP = 3
FEW = 20  # classes that are named


@torch.no_grad()
def ask(name: str, pictures: Tensor) -> list[float]:
    """Return a model's probabilities for one picture, (1, 3, S, S)."""
    network = cache.model(name)
    return network(pictures.to(network.mean.device)).softmax(-1)[0].tolist()


def best(said: Sequence[float]) -> int:
    """Return the class with the highest probability."""
    return max(range(len(said)), key=said.__getitem__)


def guess(name: str, choice: cache.Choice) -> str | None:
    """Return what a model takes a picture for, where that stands in for a class it cannot know."""
    if cache.knows(name, choice):
        return None
    return say(cache.card(name)["classes"][cache.named_class(name, choice)])


def guess_note(name: str, choice: cache.Choice) -> str:
    """Say what a model takes the untouched picture for where that counts as true, else nothing."""
    found = guess(name, choice)
    if not found:
        return ""
    told = say(
        "It takes the untouched picture for {label}, which counts as true here.", label=found
    )
    return f"{told} {knows_only(name)}".strip()


def knows_only(name: str) -> str:
    """Say what a network knows, where that is so little that most pictures show something else."""
    classes = cache.card(name)["classes"]
    if len(classes) > FEW:
        return ""
    *most, last = say_each(classes)
    return say("It knows only {most} and {last}.", most=", ".join(most), last=last)


def in_order(found: Iterable[tuple], count: int) -> list[Any]:
    """Lay results out by the index that each begins with, None where there is none yet."""
    known = {each[0]: each for each in found}
    return [known.get(index) for index in range(count)]


def laid_out(said: Sequence[list[float] | None], curves: dict[str, int | None]) -> dict[str, Any]:
    """Give one model's answers as frames_answers takes them.

    said: its probabilities at every position, None where they are not there yet.
    curves: name -> the class that it follows, None where the model has no such class.
    """
    top = [None if p is None else {i: p[i] for i in _best_few(p)} for p in said]
    return {
        "classes": [None if few is None else list(few) for few in top],
        "probabilities": [None if few is None else list(few.values()) for few in top],
        "curves": {
            curve: [None if p is None or label is None else p[label] for p in said]
            for curve, label in curves.items()
        },
    }


def _best_few(said: Sequence[float]) -> list[int]:
    return sorted(range(len(said)), key=said.__getitem__, reverse=True)[:TOP]


def model(index: int, name: str, title: str | None = None, **more: Any) -> dict[str, Any]:
    """Describe a model to the frames or the stage; index decides its colour."""
    card = cache.card(name)
    described = {"key": name, "title": unbroken(title or say(card["title"])), "color": index}
    return described | {"classes": say_each(card["classes"]), **more}
