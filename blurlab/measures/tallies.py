"""Tally pictures batch by batch, and add the tallies up."""

from collections.abc import Callable, Container, Iterable, Iterator
from functools import reduce

import torch
from torch import Tensor

from blurlab.data.sets import Pictures
from blurlab.measures.provenance import CHECKSUM, checksums
from blurlab.measures.row import EACH, Batch, Measure, Network, Settings, Tally
from blurlab.networks import store


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
    settings: Settings,
    *,
    numbers: Iterable[int],
    count: int,
    seed: int = 0,
    done: Container[int] = (),
    device: str | torch.device = "cpu",
) -> Iterator[tuple[int, Tally]]:
    """Tally the batches of these numbers but those done; yield (number, tally) after each.

    count: how many pictures there are to be; the last batch is cut short there.
    """
    tally = tallying(measure, network, pictures, settings, count=count, seed=seed, device=device)
    for number in numbers:
        if number not in done and number * measure.size < count:
            yield number, tally(number, 0, measure.size)


def tallying(
    measure: Measure,
    network: Network,
    pictures: Pictures,
    settings: Settings,
    *,
    count: int,
    seed: int = 0,
    device: str | torch.device = "cpu",
    check: Callable[[], None] | None = None,
) -> Callable[[int, int, int], Tally]:
    """Return what tallies a part of a batch: called with (number of the batch, first, last).

    The part is of the batch's pictures from first on and before last.
    count, seed, device: as for tallies.
    check: called before every forward pass; what it raises ends the tally.
    The order of the pictures and their partners depend on the seed alone, so that a run over more
    pictures begins with the batches of a run over fewer.
    """
    generator = torch.Generator().manual_seed(seed)
    if measure.pairs or has_pairs(pictures.labels):
        partners = derangement(pictures.labels, generator)
    else:
        partners = torch.randperm(len(pictures.labels), generator=generator)
    order = torch.randperm(len(pictures.labels), generator=generator)[:count]
    source: Network | None = None
    if settings.get("source"):
        source = store.load(settings["source"], device).in_float32()
    if check:
        network, source = _checked(network, check), source and _checked(source, check)

    def tally(number: int, first: int, last: int) -> Tally:
        whole = order[number * measure.size : (number + 1) * measure.size]
        chosen = whole[first:last]
        images = pictures.images[chosen]
        batch = Batch(
            images.to(device).float() / 255,
            pictures.labels[chosen].to(device),
            pictures.images[partners[chosen]].to(device).float() / 255,
            pictures.labels[partners[chosen]].to(device),
            torch.Generator().manual_seed(1_000_003 * seed + number),
            number,
            source,
            first,
            len(whole),
        )
        found = measure.tally(network, batch, settings)
        said = {
            "pictures": torch.tensor(float(len(chosen))),
            f"{EACH}picture": chosen,
            f"{EACH}partner": partners[chosen],
            f"{EACH}label": pictures.labels[chosen],
            CHECKSUM: checksums(images),
        }
        return {name: _compact(name, value.cpu()) for name, value in (said | found).items()}

    return tally


def _compact(name: str, value: Tensor) -> Tensor:
    """Return an entry of a tally in the type that it is kept in."""
    if not name.startswith(EACH):
        return value.double()
    if value.is_floating_point():
        return value.float()
    return value.to(torch.uint8 if value.dtype == torch.bool else torch.int32)


def _checked(network: Network, check: Callable[[], None]) -> Network:
    def asked(images: Tensor) -> Tensor:
        check()
        return network(images)

    return asked


def add(one: Tally, other: Tally) -> Tally:
    """Add two tallies, or sums of tallies, of one measure.

    What each picture said is joined, in order; an entry that one of them lacks is left out.
    """
    return {
        name: torch.cat([value, other[name]]) if name.startswith(EACH) else value + other[name]
        for name, value in one.items()
        if name in other
    }


def total(found: dict[int, Tally]) -> Tally:
    """Add tallies in the order of their numbers, so that the sum does not depend on who came first.

    found: at least one tally by the number of its batch.
    """
    return reduce(add, (found[number] for number in sorted(found)))


def has_pairs(labels: Tensor) -> bool:
    """Tell whether every picture can have a partner of another class; labels: (N,)."""
    return 2 * int(labels.bincount().max()) <= len(labels)


def derangement(labels: Tensor, generator: torch.Generator) -> Tensor:
    """Give every picture a partner of another class, each picture being a partner once.

    labels: (N,).  Returns (N,) indices.
    Raises ValueError when one class holds more than half of the pictures, for then there is none.
    """
    if not has_pairs(labels):
        largest = int(labels.bincount().max())
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
