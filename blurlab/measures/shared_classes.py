"""Match pictures and answers by the names of their classes, where a model knows others.

A network that knows ImageNet's classes also knows the sixteen categories of entry_level.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from blurlab import texts
from blurlab.data import entry_level
from blurlab.data.sets import Decoded, Pictures
from blurlab.data.sources import Source
from blurlab.measures.row import Network
from blurlab.sentence import Sentence

Answers = list[int | list[int]]  # all of one kind
FEWEST = 2  # classes that a network must tell apart for its answers to mean something


def indices(
    shown: Sequence[str], known: Sequence[str], numbers: Sequence[int | None] = ()
) -> list[int | list[int] | None]:
    """Say for each class of pictures which of a model's it is, whatever its case and its spaces.

    numbers: the classes' own among ImageNet's thousand, where they have such.
    Returns its index, the indices of all that belong to a category, or None for an unknown class.
    """
    if tuple(shown) == tuple(known):
        return list(range(len(known)))
    if _in_categories(shown, known):
        return [list(entry_level.numbers(name)) for name in shown]
    if numbers and entry_level.knows(known):
        return list(numbers)
    places: dict[str, int] = {}
    for place, name in enumerate(known):
        places.setdefault(texts.spelling(name), place)
    return [places.get(texts.spelling(name)) for name in shown]


def shared_names(
    shown: Sequence[str], known: Sequence[str], numbers: Sequence[int | None] = ()
) -> list[str]:
    """Return the classes of pictures that a model knows, in the order of the pictures' classes."""
    found = indices(shown, known, numbers)
    return [name for name, index in zip(shown, found, strict=True) if index is not None]


def _in_categories(shown: Sequence[str], known: Sequence[str]) -> bool:
    return set(shown) <= set(entry_level.CATEGORIES) and entry_level.knows(known)


def share_classes(source: Source, classes: Sequence[str], model: str) -> tuple[Source, Answers]:
    """Keep the pictures whose class a model knows, and say which of its answers those classes are.

    Returns the source, named differently unless the classes are the model's own, and for every one
    of its classes the index among the model's, or the indices of all that belong to a category. A
    note of the source says what is left out.
    Raises ValueError when they share fewer than two, or most pictures would be left out.
    """
    found = indices(source.classes, classes, source.numbers)
    places = [place for place, index in enumerate(found) if index is not None]
    logits = [index for index in found if index is not None]
    shared = tuple(source.classes[place] for place in places)
    if len(shared) < FEWEST:
        raise ValueError(
            Sentence(
                "{model} knows {known} and {data} shows {shown}; they share {count} classes, and "
                "it takes two.",
                model=model,
                known=_some(classes),
                data=source.called,
                shown=_some(source.classes),
                count=len(shared),
            )
        )
    if shared == source.classes == tuple(classes):
        return source, logits
    digest = hashlib.sha256(json.dumps([shared, logits]).encode()).hexdigest()[:8]
    name = f"{source.name}/shared-{digest}"
    if len(shared) == len(source.classes):
        return source._replace(name=name), logits
    pictures = _only(source.load(), places)
    kept = len(pictures.labels)
    others = [name for name, index in zip(source.classes, found, strict=True) if index is None]
    told = {
        "model": model,
        "shared": len(shared),
        "classes": len(found),
        "data": source.called,
        "left": source.count - kept,
        "pictures": source.count,
    }
    if 2 * kept < source.count:
        raise ValueError(
            Sentence(
                "{model} knows {shared:,} of the {classes:,} classes of {data}, so that {left:,} "
                "of {pictures:,} pictures would be left out, and at most half may be; take a "
                "folder of the classes that it knows.",
                **told,
            )
        )
    note = Sentence(
        "{model} knows {shared:,} of the {classes:,} classes of {data}; {left:,} of {pictures:,} "
        "pictures are left out, those of {others}.",
        **told,
        others=_some(others),
    )
    notes = (*source.notes, note)
    left = source._replace(
        name=name, classes=shared, count=kept, load=lambda: pictures, notes=notes
    )
    return left, logits


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _only(pictures: Pictures, places: Sequence[int]) -> Pictures:
    """Keep the pictures of some classes, which are numbered anew in this order."""
    renumbered = torch.full((len(pictures.classes),), -1)
    renumbered[list(places)] = torch.arange(len(places))
    renumbered, classes = renumbered[pictures.labels], [pictures.classes[n] for n in places]
    chosen = (renumbered >= 0).nonzero().flatten()
    images: Tensor | Decoded
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
    groups = [each for each in logits if isinstance(each, list)]
    if groups:
        return partial(_summed, whole, groups)
    return partial(_part, whole, torch.tensor(logits))


def _summed(whole: Network, groups: list[list[int]], images: Tensor) -> Tensor:
    answered = whole(images)
    return torch.stack([answered[:, group].logsumexp(-1) for group in groups], -1)


def _part(whole: Network, logits: Tensor, images: Tensor) -> Tensor:
    answered = whole(images)
    if logits.tolist() == list(range(answered.shape[-1])):
        return answered
    return answered[:, logits.to(answered.device)]
