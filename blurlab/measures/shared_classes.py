"""Match pictures and answers by the names of their classes, where a model knows others.

A network that knows ImageNet's classes also knows the sixteen categories of entry_level.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from blurlab.data import entry_level
from blurlab.data.sets import Decoded, Pictures
from blurlab.data.sources import Source
from blurlab.measures.row import Network

Answers = list[int] | list[list[int]]
FEWEST = 2  # classes that a network must tell apart for its answers to mean something


def shared_names(shown: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return the classes of pictures that a model knows, in the order of the pictures' classes."""
    if _in_categories(shown, known):
        return list(shown)
    known = set(known)
    return [name for name in shown if name in known]


def _in_categories(shown: Sequence[str], known: Sequence[str]) -> bool:
    return set(shown) <= set(entry_level.CATEGORIES) and entry_level.knows(known)


def share_classes(source: Source, classes: Sequence[str], model: str) -> tuple[Source, Answers]:
    """Keep the pictures whose class a model knows, and say which of its answers those classes are.

    Returns the source, named differently unless the classes are the model's own, and for every one
    of its classes the index among the model's, or the indices of all that belong to a category.
    Raises ValueError when they share fewer than two.
    """
    shared = shared_names(source.classes, classes)
    if len(shared) < FEWEST:
        raise ValueError(
            f"{model} knows {_some(classes)} and {source.called} shows {_some(source.classes)}; "
            f"they share {len(shared)} classes, and it takes two."
        )
    if _in_categories(shared, classes):
        logits = [list(entry_level.numbers(name)) for name in shared]
    else:
        logits = [list(classes).index(name) for name in shared]
    if tuple(shared) == tuple(classes) == tuple(source.classes):
        return source, logits
    digest = hashlib.sha256(json.dumps([shared, logits]).encode()).hexdigest()[:8]
    name = f"{source.name}/shared-{digest}"
    if tuple(shared) == tuple(source.classes):
        return source._replace(name=name), logits
    pictures = _only(source.load(), shared)
    known = {"classes": tuple(shared), "count": len(pictures.labels), "load": lambda: pictures}
    return source._replace(name=name, **known), logits


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _only(pictures: Pictures, classes: Sequence[str]) -> Pictures:
    renumbered = torch.tensor(
        [classes.index(name) if name in classes else -1 for name in pictures.classes]
    )[pictures.labels]
    chosen = (renumbered >= 0).nonzero().flatten()
    if isinstance(pictures.images, Tensor):
        images = pictures.images[chosen]
    else:
        images = Decoded(partial(_nth, pictures.images, chosen), len(chosen), most=0)
    return Pictures(images, renumbered[chosen], tuple(classes))


def _nth(images: Decoded, chosen: Tensor, index: int) -> Tensor:
    return images[chosen[index, None]][0]


def answering(whole: Network, logits: Answers) -> Network:
    """Let a network answer with some of its logits, in the order of these indices.

    Several indices become one logit, whose probability is the sum of theirs.
    """
    if isinstance(logits[0], list):
        return partial(_summed, whole, logits)
    return partial(_part, whole, torch.tensor(logits))


def _summed(whole: Network, groups: list[list[int]], images: Tensor) -> Tensor:
    answered = whole(images)
    return torch.stack([answered[:, group].logsumexp(-1) for group in groups], -1)


def _part(whole: Network, logits: Tensor, images: Tensor) -> Tensor:
    answered = whole(images)
    if logits.tolist() == list(range(answered.shape[-1])):
        return answered
    return answered[:, logits.to(answered.device)]
