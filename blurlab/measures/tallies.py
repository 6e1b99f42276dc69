"""Measures of many pictures, batch by batch: what each batch adds up to, and what that says.

A measure turns one batch of pictures into a tally: named sums that can be added to those of other
batches, whoever made them. So a measure can be watched, stopped, resumed and shared out among
machines, and its memory does not grow with the number of pictures.
"""

from collections.abc import Callable, Container, Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor

from blurlab.data.sets import Pictures
from blurlab.networks import store

Tally = dict[str, Tensor]  # sums in float64 of any shape; "pictures" is how many went into them
Network = Callable[[Tensor], Tensor]


class Batch(NamedTuple):
    """What a tally is made from.

    images: (N, 3, S, S) in [0, 1].  labels: (N,).  partners, partner_labels: for every picture one
    of another class, which in the whole data set is the partner of no other.  number: of the batch.
    generator: draws what is random, the same for the same seed and number.
    source: the network that attacks are made on, where that is another one.
    """

    images: Tensor
    labels: Tensor
    partners: Tensor
    partner_labels: Tensor
    generator: torch.Generator
    number: int
    source: Network | None = None


class Measure(NamedTuple):
    """One row of MEASURES.

    title: for people.  settings: what may be set, with its default; "source", where there is one,
    is null or the name of an installed model, which tallies() loads.
    tally: called with (network, batch, settings); estimate: with (the sum of tallies, settings),
    returns the numbers as JSON holds them, each estimate with its 95 % interval.
    limits: what must hold of a setting beyond its type, and the same in words.
    size: pictures in a batch.
    revision: one more whenever the same pictures and settings come to give other tallies. Those of
    earlier revisions are kept apart, and never added to later ones.
    """

    title: str
    settings: dict[str, Any]
    tally: Callable[[Network, Batch, dict[str, Any]], Tally]
    estimate: Callable[[Tally, dict[str, Any]], dict[str, Any]]
    limits: dict[str, tuple[Callable[[Any], bool], str]]
    size: int = 50
    revision: int = 1


def ascend(numbers: list[float]) -> bool:
    """Tell whether every number is larger than the one before."""
    return all(a < b for a, b in pairwise(numbers))


# Limits that several measures have.
PERCENTAGES = (lambda alphas: alphas[0] >= 0 and ascend(alphas), "of Nyquist in percent, ascending")
POSITIVES = (lambda numbers: numbers[0] > 0 and ascend(numbers), "above 0 and ascending")
COUNT = (lambda count: count > 0, "1 or more")


def batches(pictures: Pictures, count: int, size: int) -> range:
    """Number the batches that hold the first count pictures in shuffled order.

    Raises ValueError when count is not between 1 and the number of pictures.
    """
    there = len(pictures.labels)
    if not 1 <= count <= there:
        raise ValueError(f"n is {count}; there are 1 to {there} pictures.")
    return range(-(-count // size))


def tallies(
    measure: Measure,
    network: Network,
    pictures: Pictures,
    settings: dict[str, Any],
    *,
    numbers: Iterable[int],
    count: int,
    seed: int = 0,
    done: Container[int] = (),
    device: str | torch.device = "cpu",
) -> Iterator[tuple[int, Tally]]:
    """Tally the batches of these numbers but those done; yield (number, tally) after each.

    count: how many pictures there are to be; the last batch is cut short there.
    The order of the pictures and their partners depend on the seed alone, so that a run over more
    pictures begins with the batches of a run over fewer.
    """
    generator = torch.Generator().manual_seed(seed)
    partners = derangement(pictures.labels, generator)
    order = torch.randperm(len(pictures.labels), generator=generator)[:count]
    source = store.load(settings["source"], device) if settings.get("source") else None
    for number in numbers:
        chosen = order[number * measure.size : (number + 1) * measure.size]
        if number in done or not len(chosen):
            continue
        batch = Batch(
            pictures.images[chosen].to(device).float() / 255,
            pictures.labels[chosen].to(device),
            pictures.images[partners[chosen]].to(device).float() / 255,
            pictures.labels[partners[chosen]].to(device),
            torch.Generator().manual_seed(1_000_003 * seed + number),
            number,
            source,
        )
        found = measure.tally(network, batch, settings)
        count_of = torch.tensor(float(len(chosen)), dtype=torch.float64)
        yield number, {"pictures": count_of} | {k: v.double().cpu() for k, v in found.items()}


def total(found: dict[int, Tally]) -> Tally:
    """Add tallies in the order of their numbers, so that the sum does not depend on who came first.

    found: at least one tally by the number of its batch.
    """
    first, *others = (found[number] for number in sorted(found))
    summed = {name: value.clone() for name, value in first.items()}
    for tally in others:
        for name, value in tally.items():
            summed[name] += value
    return summed


def derangement(labels: Tensor, generator: torch.Generator) -> Tensor:
    """Give every picture a partner of another class, each picture being a partner once.

    labels: (N,).  Returns (N,) indices.
    Raises ValueError when one class holds more than half of the pictures, for then there is none.
    """
    largest = int(labels.bincount().max())
    if 2 * largest > len(labels):
        raise ValueError(
            f"one class holds {largest} of {len(labels)} pictures; pairs need at most half."
        )
    partners = torch.randperm(len(labels), generator=generator)
    while len(same := (labels == labels[partners]).nonzero().flatten()):
        others = torch.randint(len(labels), (len(same),), generator=generator)
        for index, other in zip(same.tolist(), others.tolist(), strict=True):
            swapped = partners[[other, index]]
            if labels[index] != labels[swapped[0]] and labels[other] != labels[swapped[1]]:
                partners[[index, other]] = swapped
    return partners
