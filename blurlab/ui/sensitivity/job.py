"""Measures behind a page: planned from its controls, run in a job, found again in the results."""

import shlex
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from blurlab import limits, places, public
from blurlab.data import sources
from blurlab.measures import keeping, measuring
from blurlab.measures.measuring import Running
from blurlab.measures.tallies import total
from blurlab.measures.work import Work
from blurlab.networks import classifier, store
from blurlab.sentence import why
from blurlab.ui import allowed, cache, jobs, loaded

REMEMBERED = 64  # works, of all sessions
SECONDS = 0.5  # of a step, after which there is more to see
RECENT = 8  # steps of each network, whose pace tells how long the rest will take


class Step(NamedTuple):
    """What a job has found after some more pictures of one network.

    latest: how far the networks are, by the index of their work.  refused: why some could not go
    on, likewise.  index, pictures, seconds: of the network that was at work, how many pictures it
    took, and how long.
    """

    latest: dict[int, Running]
    refused: dict[int, str]
    index: int | None = None  # type: ignore[assignment]  # hides tuple.index
    pictures: int = 0
    seconds: float = 0.0


@lru_cache(maxsize=4)
def source(
    words: str, size: int, seen: int | None = None, interpolation: str | None = None
) -> sources.Source:
    """Return what sources.find finds, once; its pictures are loaded when they are first needed.

    Raises ValueError for a folder that pages may not read.
    """
    return sources.find(allowed.opened(words), size, seen, interpolation, lazily=True)


def plan(
    names: tuple[str, ...], measure: str, words: str, changed: dict, count: int, seed: int
) -> tuple[list[Work], list[str]]:
    """Say what is to be measured of each model, at the model's own input size.

    count: how many pictures; 0 takes all.
    Returns the works of the models that go with the pictures and the settings, and why the others
    do not, in a sentence each.
    """
    works, refused = [], {}
    for name in names:
        try:
            found = source(words, *store.showing(cache.card(name)))
            works.append(
                measuring.plan(name, measure, found, changed, count=count or None, seed=seed)
            )
        except ValueError as error:
            refused[why(error)] = name  # once, where it is the same for all
    return works, list(refused)


def key(works: list[Work]) -> tuple:
    return ("measure", *((work.key.digest, work.count) for work in works))


def start(works: list[Work]) -> jobs.Job:
    """Return the job that measures what is not kept, a few pictures of every model in turn.

    Its results are Steps.
    """
    public.refuse("A measure")

    def steps() -> Iterator[Step]:
        limits.check_room(places.results_folder(), 0)
        device = classifier.best_device()
        going = {index: _measured(work, device) for index, work in enumerate(works)}
        latest: dict[int, Running] = {}
        refused: dict[int, str] = {}
        while going:
            for index, running in list(going.items()):
                before, known = time.perf_counter(), latest.get(index)
                try:
                    found = next(running, None)
                except ValueError as error:
                    if len(refused) == len(works) - 1:
                        raise
                    refused = refused | {index: why(error)}
                    found = None
                if found is None:
                    del going[index]
                    continue
                latest = latest | {index: found}
                # The first step loads the network and the pictures too.
                pictures = found.pictures - known.pictures if known else 0
                took = time.perf_counter() - before
                yield Step(latest, refused, index, pictures, took)
        if refused:
            yield Step(latest, refused)

    return jobs.poll(key(works), steps, queue="measures", last=RECENT * len(works))


def _measured(work: Work, device: str) -> Iterator[Running]:
    """Measure with the shared network, which is loaded when it is first asked."""
    asked = measuring.answering(loaded.model(work.model).in_float32(), work.logits)
    check = jobs.checkpoint
    yield from measuring.measure(work, device, asked, seconds=SECONDS, check=check)


def refused(job: jobs.Job | None) -> list[str]:
    """Return why some networks could not go on, in a sentence each."""
    steps = list(job.results) if job is not None else []
    return list(dict.fromkeys(steps[-1].refused.values())) if steps else []


def seconds_left(works: list[Work], job: jobs.Job) -> float | None:
    """Return about how long a job will still take, by its last steps; None where they do not say.

    Each network goes on at the pace that it had.
    """
    recent = list(job.results)
    left = 0.0
    for index, work in enumerate(works):
        timed = [step for step in recent if step.index == index and step.pictures > 0]
        running = recent[-1].latest.get(index) if recent else None
        missing = work.count - (running or kept(work) or Running(0, 0, {})).pictures
        if missing and index not in (recent[-1].refused if recent else ()):
            if not timed:
                return None
            pictures = sum(step.pictures for step in timed)
            left += missing * sum(step.seconds for step in timed) / pictures
    return left


def kept(work: Work) -> Running | None:
    """Return what the results hold of a work, or None when they hold nothing.

    They are read again only when something was added to them, for pages ask twice a second.
    """
    place, stamp = (work.key.digest, work.count), keeping.stamp(work)
    held = _kept.get(place)
    if held is None or held[0] != stamp:
        found = keeping.begun(work) | keeping.kept(work)
        summed = total(found) if found else None
        running = Running(int(summed["pictures"]), work.count, summed) if summed else None
        held = stamp, running
        _remember(_kept, place, held)
    return held[1]


def estimates(works: list[Work], job: jobs.Job | None) -> dict[str, tuple[Running, dict[str, Any]]]:
    """Return for each model that has any how far it is and what that says.

    job: whose latest results count; without one, what is kept counts.
    """
    steps = list(job.results) if job is not None else []
    latest = steps[-1].latest if steps else {}
    found = {}
    for index, work in enumerate(works):
        running = latest.get(index) or kept(work)
        if running is not None:
            found[work.model] = running, _estimate(work, running)
    return found


def _estimate(work: Work, running: Running) -> dict[str, Any]:
    """Return what a sum says, once for each."""
    place = work.key.digest, work.count
    held = _estimated.get(place)
    if held is None or held[0] is not running:
        held = running, measuring.estimate(work, running.summed)
        _remember(_estimated, place, held)
    return held[1]


def _remember(places: dict, place: tuple, held: tuple) -> None:
    places[place] = held
    for old in list(places)[:-REMEMBERED]:
        places.pop(old, None)  # another session may have been here first


_kept: dict[tuple, tuple[tuple, Running | None]] = {}
_estimated: dict[tuple, tuple[Running, dict[str, Any]]] = {}


def command(
    names: tuple[str, ...], measure: str, words: str, changed: dict, count: int, seed: int
) -> str:
    """Write the command line that measures the same."""
    parts = [f"python -m blurlab measure {measure}", *(f"--model {name}" for name in names)]
    parts.append(f"--data {shlex.quote(words)}")
    parts += [f"-n {count}"] if count else []
    parts += [f"--set {name}={value}" for name, value in changed.items()]
    return " ".join([*parts, f"--seed {seed}", "--json measured.json"])


def script(
    names: tuple[str, ...], measure: str, words: str, changed: dict, count: int, seed: int
) -> str:
    """Write the Python lines that measure the same."""
    lines = [
        "from blurlab.data import sources",
        "from blurlab.measures import measuring",
        "from blurlab.networks import store",
        "",
        f"for name in {list(names)!r}:",
        f"    source = sources.find({words!r}, *store.showing(store.card(name)))",
        f"    work = measuring.plan(name, {measure!r}, source, {changed!r}, "
        f"count={count or None}, seed={seed})",
        "    *_, last = measuring.measure(work)",
        "    print(name, measuring.estimate(work, last.summed))",
    ]
    return "\n".join(lines) + "\n"
