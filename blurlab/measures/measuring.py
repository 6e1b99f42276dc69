"""Measure a network on labelled pictures: what is kept is not measured again, what is new is kept.

The command line, the pages and the sweep over a cluster all measure by these functions.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch

from blurlab.data.sources import Source
from blurlab.measures import keeping, provenance
from blurlab.measures.provenance import Made
from blurlab.measures.results import Key
from blurlab.measures.row import Network, Tally
from blurlab.measures.shared_classes import answering, share_classes
from blurlab.measures.table import MEASURES
from blurlab.measures.tallies import add, tallying
from blurlab.measures.work import Work
from blurlab.networks import store
from blurlab.statistics import Interval

# Alone, a picture takes another path through some libraries, which changes the last digits of what
# a network answers.
FEWEST = 2  # pictures that are tallied at once where a batch is watched part by part


class Running(NamedTuple):
    """How far a measure is: the pictures behind the sum of their tallies, and how many of them."""

    pictures: int
    count: int  # type: ignore[assignment]  # hides tuple.count
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
    source, logits = share_classes(source, info["classes"], info["title"])
    written = dict(settings)
    if settings.get("source"):
        attacked = store.card(settings["source"])
        if not tuple(attacked["classes"]) == tuple(info["classes"]) == tuple(source.classes):
            raise ValueError(
                f"source is {attacked['title']}; attacks carry over between models and pictures "
                f"of the same classes, and those of {info['title']} and {source.called} are not "
                "all its own."
            )
        written["source"] = store.identity(attacked)
    count = source.count if count is None else count
    if not 1 <= count <= source.count:
        raise ValueError(f"n is {count}; {source.called} has 1 to {source.count} pictures.")
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
    meant = {name: knobs[name].meant(value, size) for name, value in changed.items()}
    checked = {name: knobs[name].check(value) for name, value in meant.items()}
    return MEASURES[measure].usual(size) | checked


def as_published(measure: str) -> dict[str, Any]:
    """Return the settings of a measure that Li et al. 2023 used, where they are not the usual ones.

    Raises ValueError for a measure that they do not have.
    """
    known = {name: row.paper for name, row in MEASURES.items() if row.paper is not None}
    if measure in MEASURES and measure not in known:
        raise ValueError(
            f"measure is {measure!r}; Li et al. 2023 have only {', '.join(known)} of ours."
        )
    return dict(known.get(measure, {}))


def network(work: Work, device: str | torch.device = "cpu") -> Network:
    """Load the model, which then answers with the logits of the source's classes alone.

    It computes in float32 on every device, so that what is kept does not depend on where.
    """
    return answering(store.load(work.model, device).in_float32(), work.logits)


def measure(
    work: Work,
    device: str | torch.device = "cpu",
    asked: Network | None = None,
    *,
    seconds: float | None = None,
    check: Callable[[], None] | None = None,
) -> Iterator[Running]:
    """Measure what is not kept yet, and keep it batch by batch.

    asked: the network(), where it is loaded already.
    seconds: about how long a step may take, for those who watch; the batch is then taken in parts,
    and what is there of it is kept too. Counts stay the same, other sums up to their last digits.
    check: called before every forward pass; what it raises ends the measure there.
    Yields the sum so far after every new batch or part, and at the end; estimate() says what it
    means. Batches are added in the order of their numbers, whoever measured them, so that the same
    batches give the same sum to the last digit. Memory does not grow with new batches.
    """
    done = keeping.kept(work)
    missing = [number for number in work.numbers if number not in done]
    # Nothing is loaded when nothing is missing.
    fresh: Iterator[Tally] = iter(())
    if missing:
        tallied = tallier(work, asked or network(work, device), device, check)
        fresh = _growing(work, missing, tallied, seconds, provenance.made(device))
    summed = None
    for number in work.numbers:
        if number in done:
            summed = _plus(summed, done.pop(number))
            if number == work.numbers[-1]:
                yield _running(work, summed)
            continue
        tally = None
        while tally is None or int(tally["pictures"]) < work.pictures(number, work.count):
            tally = next(fresh)
            yield _running(work, _plus(summed, tally))
        summed = _plus(summed, tally)
    if missing:
        keeping.join(work)


def _plus(summed: Tally | None, tally: Tally) -> Tally:
    return tally if summed is None else add(summed, tally)


def _running(work: Work, summed: Tally) -> Running:
    return Running(int(summed["pictures"]), work.count, summed)


def _growing(
    work: Work,
    numbers: Sequence[int],
    tallied: Callable[[int, int, int], Tally],
    seconds: float | None,
    made: Made,
) -> Iterator[Tally]:
    """Tally batches and keep them; yield the tally of the first pictures of each, then of more.

    What was kept of a batch that is not whole is gone on with.
    """
    started, many = keeping.begun(work), FEWEST
    is_split = seconds is not None and work.measure.splits(work.settings)
    for number in numbers:
        whole, tally = work.pictures(number, work.count), started.pop(number, None)
        done = int(tally["pictures"]) if tally else 0
        while done < whole:
            last = part_end(done, many, whole) if is_split else whole
            before = time.perf_counter()
            tally = _plus(tally, tallied(number, done, last))
            took = time.perf_counter() - before
            many, done = pace(last - done, took, seconds or took), last
            if done < whole:
                keeping.keep_begun(work, number, tally, made)
            else:
                keeping.keep(work, number, tally, made)
            yield tally


def part_end(done: int, many: int, whole: int) -> int:
    """Return where a part of this many pictures ends, of which no picture is left over alone."""
    last = min(done + many, whole)
    return whole if whole - last < FEWEST else last


def pace(pictures: int, took: float, seconds: float) -> int:
    """Return how many pictures to take next so that they take these seconds, at most twice as many.

    pictures, took: how many there were last, and the seconds that they took.
    """
    return max(FEWEST, min(2 * pictures, int(pictures * seconds / max(took, 1e-9))))


def tallier(
    work: Work,
    asked: Network,
    device: str | torch.device = "cpu",
    check: Callable[[], None] | None = None,
) -> Callable[[int, int, int], Tally]:
    """Load the pictures and return what tallies a part of a batch, as tallies.tallying does."""
    return tallying(
        work.measure,
        asked,
        work.source.load(),
        work.settings,
        count=work.count,
        seed=work.key.seed,
        device=device,
        check=check,
    )


def estimate(work: Work, summed: Tally) -> dict[str, Any]:
    """Return what a sum of tallies says, with 95 % intervals."""
    return work.measure.estimate(summed, work.settings)


def written(work: Work, summed: Tally) -> dict[str, Any]:
    """Return all that decides a sum of tallies, and what made it, as JSON holds it."""
    return {
        "name": work.model,
        **work.key._asdict(),
        "settings": work.settings,
        "protocol": protocol(work),
        "pictures": int(summed["pictures"]),
        "fingerprint": provenance.fingerprint(summed),
        "made": keeping.recorded(work),
    }


def protocol(work: Work) -> str:
    """Name the settings of a work: "ours", the usual ones; "paper", those of Li et al. 2023; or
    "own".
    """
    usual = work.measure.usual(store.card(work.model)["recipe"]["input_size"])
    if work.settings == usual:
        return "ours"
    paper = work.measure.paper
    return "paper" if paper and work.settings == usual | dict(paper) else "own"


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
