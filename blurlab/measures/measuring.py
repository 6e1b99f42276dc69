"""Measure a network on labelled pictures: what is kept is not measured again, what is new is kept.

The command line, the pages and the sweep over a cluster all measure by these functions.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch

from blurlab.data.sources import Source
from blurlab.measures import results
from blurlab.measures.results import Key
from blurlab.measures.row import Measure, Network, Tally
from blurlab.measures.shared_classes import Answers, answering, share_classes
from blurlab.measures.table import MEASURES
from blurlab.measures.tallies import add, tallies
from blurlab.networks import store
from blurlab.statistics import Interval


class Work(NamedTuple):
    """One network, one set of pictures and one measure.

    model: an installed one's name.  logits: which of its answers count, those of the source's
    classes.  settings: all of the measure's.  count: how many of the source's pictures, in the
    order that the key's seed decides.
    """

    model: str
    logits: Answers
    source: Source
    measure: Measure
    settings: dict[str, Any]
    key: Key
    count: int

    @property
    def numbers(self) -> range:
        """The numbers of its batches."""
        return range(-(-self.count // self.measure.size))

    def pictures(self, number: int, count: int) -> int:
        """How many of the first count pictures are in a batch."""
        return min(self.measure.size, count - number * self.measure.size)


class Running(NamedTuple):
    """How far a measure is: the pictures behind the sum of their tallies, and how many of them."""

    pictures: int
    count: int
    summed: Tally


def plan(
    model: str,
    measure: str,
    source: Source,
    changed: dict[str, Any] | None = None,
    *,
    count: int | None = None,
    seed: int = 0,
) -> Work:
    """Say what is to be measured, and check all of it, without measuring anything.

    measure: a key of MEASURES.  changed: settings that differ from the usual ones.
    count: how many pictures; None takes all.
    Raises ValueError when one of them is not possible, or they do not go together.
    """
    info = store.card(model)
    if measure not in MEASURES:
        raise ValueError(f"no measure {measure!r}; choose from {', '.join(MEASURES)}.")
    kind = MEASURES[measure]
    settings = settings_of(measure, changed or {}, info["recipe"]["input_size"])
    source, logits = share_classes(source, info["classes"], model)
    written = dict(settings)
    if settings.get("source"):
        attacked = store.card(settings["source"])
        if not tuple(attacked["classes"]) == tuple(info["classes"]) == tuple(source.classes):
            raise ValueError(
                f"source is {settings['source']}; attacks carry over between models and pictures "
                f"of the same classes, and those of {model} and {source.name} are not all its own."
            )
        written["source"] = store.identity(attacked)
    count = source.count if count is None else count
    if not 1 <= count <= source.count:
        raise ValueError(f"n is {count}; {source.name} has 1 to {source.count} pictures.")
    key = key_of(store.identity(info), source.name, measure, written, seed)
    return Work(model, logits, source, kind, settings, key, count)


def key_of(model: str, data: str, measure: str, settings: dict[str, Any], seed: int) -> Key:
    """Return the key of a result; settings: all of them, in the key's words."""
    return Key(model, data, measure, MEASURES[measure].written(settings), seed)


def settings_of(measure: str, changed: dict[str, Any], size: int) -> dict[str, Any]:
    """Return all settings of a measure for models of an input size, some of them changed.

    Raises ValueError for a name that it does not have or a value that is not possible.
    """
    knobs = {knob.name: knob for knob in MEASURES[measure].knobs}
    for name in changed:
        if name not in knobs:
            known = ", ".join(knobs) or "none"
            raise ValueError(f"{measure} has no setting {name!r}; it has {known}.")
    checked = {name: knobs[name].check(value) for name, value in changed.items()}
    return MEASURES[measure].usual(size) | checked


def network(work: Work, device: str | torch.device = "cpu") -> Network:
    """Load the model, which then answers with the logits of the source's classes alone."""
    return answering(store.load(work.model, device), work.logits)


def kept(work: Work) -> dict[int, Tally]:
    """Return the tallies of this work that are kept, by the number of the batch."""
    found = results.read(work.key) | results.read(_key(work, work.numbers[-1]))
    return {
        number: found[number]
        for number in work.numbers
        if number in found and int(found[number]["pictures"]) == work.pictures(number, work.count)
    }


def stamp(work: Work) -> tuple[int, ...]:
    """Return what changes whenever something is kept of this work."""
    return results.stamp(work.key) + results.stamp(_key(work, work.numbers[-1]))


def keep(work: Work, number: int, tally: Tally) -> None:
    """Keep the tally of one batch, for this work and any other that has the same batch."""
    results.add(_key(work, number), number, tally)


def _key(work: Work, number: int) -> Key:
    """Keep a batch that the count cuts short apart, since a run over more pictures has it whole."""
    pictures = work.pictures(number, work.count)
    if pictures == work.pictures(number, work.source.count):
        return work.key
    return work.key._replace(settings=work.key.settings | {"pictures": pictures})


def measure(
    work: Work, device: str | torch.device = "cpu", asked: Network | None = None
) -> Iterator[Running]:
    """Measure what is not kept yet, and keep it batch by batch.

    asked: the network(), where it is loaded already.
    Yields the sum so far after every new batch, and at the end; estimate() says what it means.
    Batches are added in the order of their numbers, whoever measured them, so that the same
    batches give the same sum to the last digit. Memory does not grow with new batches.
    """
    done = kept(work)
    missing = [number for number in work.numbers if number not in done]
    # Nothing is loaded when nothing is missing.
    fresh = iter(())
    if missing:
        fresh = fresh_tallies(work, missing, asked or network(work, device), device)
    pictures, summed = 0, None
    for number in work.numbers:
        tally = done.pop(number, None)
        if is_new := tally is None:
            _, tally = next(fresh)
            keep(work, number, tally)
        summed = tally if summed is None else add(summed, tally)
        pictures += int(tally["pictures"])
        if is_new or number == work.numbers[-1]:
            yield Running(pictures, work.count, summed)
    if missing:
        join(work)


def fresh_tallies(
    work: Work, numbers: Sequence[int], asked: Network, device: str | torch.device
) -> Iterator[tuple[int, Tally]]:
    """Tally the batches of these numbers; yield (number, tally) after each."""
    return tallies(
        work.measure,
        asked,
        work.source.load(),
        work.settings,
        numbers=numbers,
        count=work.count,
        seed=work.key.seed,
        device=device,
    )


def join(work: Work) -> None:
    """Put what is kept of a finished work into one file, which is faster to read."""
    if results.read(work.key):
        results.join(work.key)


def estimate(work: Work, summed: Tally) -> dict[str, Any]:
    """Return what a sum of tallies says, with 95 % intervals."""
    return work.measure.estimate(summed, work.settings)


def plain(numbers: Any) -> Any:
    """Return numbers as JSON can hold them: not-a-number becomes None, an interval a list."""
    if isinstance(numbers, dict):
        return {name: plain(value) for name, value in numbers.items()}
    if isinstance(numbers, list | tuple):
        return [plain(value) for value in numbers]
    return None if isinstance(numbers, float) and numbers != numbers else numbers


def rows(estimate: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every interval of an estimate as a row: what, value, low, high."""
    found = []

    def walk(label: str, value: Any) -> None:
        if isinstance(value, Interval):
            found.append({"what": label} | dict(zip(Interval._fields, plain(value), strict=True)))
        elif isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{label} {key}".strip(), inner)
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                walk(f"{label} {index}", inner)

    walk("", estimate)
    return found
