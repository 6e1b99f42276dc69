"""Measures behind a page: planned from its controls, run in a job, found again in the results."""

import shlex
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from torch import Tensor

from blurlab import limits, places
from blurlab.data import sources
from blurlab.measures import measuring
from blurlab.measures.measuring import Running, Work
from blurlab.measures.tallies import total
from blurlab.networks import classifier
from blurlab.ui import allowed, cache, jobs, loaded

REMEMBERED = 64  # works, of all sessions


@lru_cache(maxsize=4)
def source(words: str, size: int) -> sources.Source:
    """Return what sources.find finds, once; its pictures are loaded when they are first needed.

    Raises ValueError for a folder that pages may not read.
    """
    return sources.find(allowed.opened(words), size)


def plan(
    names: tuple[str, ...], measure: str, words: str, changed: dict, count: int, seed: int
) -> list[Work]:
    """Say what is to be measured of each model, at the model's own input size.

    count: how many pictures; 0 takes all.
    Raises ValueError when the models, pictures and settings do not go together.
    """
    return [
        measuring.plan(
            name,
            measure,
            source(words, cache.card(name)["recipe"]["input_size"]),
            changed,
            count=count or None,
            seed=seed,
        )
        for name in names
    ]


def key(works: list[Work]) -> tuple:
    return ("measure", *((work.key.digest, work.count) for work in works))


def start(works: list[Work]) -> jobs.Job:
    """Return the job that measures what is not kept, a batch of every model in turn.

    Its results are (index of the work, Running).
    """

    def steps() -> Iterator[tuple[int, Running]]:
        limits.check_room(places.results_folder(), 0)
        device = classifier.best_device()
        going = {
            index: measuring.measure(work, device, _asked(work)) for index, work in enumerate(works)
        }
        while going:
            for index, running in list(going.items()):
                found = next(running, None)
                if found is None:
                    del going[index]
                else:
                    yield index, found

    return jobs.poll(key(works), steps, queue="measures")


def _asked(work: Work):
    """Return the shared network, which lets the job pause or end at every forward pass."""
    network = measuring.answering(loaded.model(work.model), work.logits)

    def asked(images: Tensor) -> Tensor:
        jobs.checkpoint()
        return network(images)

    return asked


def kept(work: Work) -> Running | None:
    """Return what the results hold of a work, or None when they hold nothing.

    They are read again only when something was added to them, for pages ask twice a second.
    """
    place, stamp = (work.key.digest, work.count), measuring.stamp(work)
    held = _kept.get(place)
    if held is None or held[0] != stamp:
        found = measuring.kept(work)
        summed = total(found) if found else None
        running = summed and Running(int(summed["pictures"]), work.count, summed)
        held = stamp, running
        _remember(_kept, place, held)
    return held[1]


def estimates(works: list[Work], job: jobs.Job | None) -> dict[str, tuple[Running, dict[str, Any]]]:
    """Return for each model that has any how far it is and what that says.

    job: whose latest results count; without one, what is kept counts.
    """
    latest = dict(job.results) if job is not None else {}
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
        '    size = store.card(name)["recipe"]["input_size"]',
        f"    source = sources.find({words!r}, size)",
        f"    work = measuring.plan(name, {measure!r}, source, {changed!r}, "
        f"count={count or None}, seed={seed})",
        "    *_, last = measuring.measure(work)",
        "    print(name, measuring.estimate(work, last.summed))",
    ]
    return "\n".join(lines) + "\n"
