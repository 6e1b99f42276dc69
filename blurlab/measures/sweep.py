"""Measure a grid of models, data and measures with Ray, on this machine or on a cluster.

A task is one batch of one measure; its tally comes back to this process, which keeps it. So a
worker that dies loses a batch at most, which Ray gives to another, and no disk need be shared.
"""

import functools
import os
import tomllib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from blurlab import places, texts
from blurlab.data import sources
from blurlab.measures import keeping, measuring, provenance
from blurlab.measures.provenance import Made
from blurlab.measures.row import Measure, Tally
from blurlab.measures.shared_classes import Answers, answering
from blurlab.measures.tallies import tallies
from blurlab.measures.work import Work
from blurlab.networks import classifier, store

RETRIES = 5  # of a batch whose worker died


def read_plan(path: Path) -> list[Work]:
    """Read which works a plan asks for: by data, then measure, then model.

    The file is TOML: models and data are lists, n (all) and seed (0) may be left out, and a table
    [measures.NAME] holds the settings that differ from the measure's.
    Raises ValueError for anything else in it.
    """
    try:
        asked = tomllib.loads(texts.read(path))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is not TOML: {error}.") from None
    for name, kind in {"models": list, "data": list, "measures": dict}.items():
        if not isinstance(asked.get(name), kind) or not asked[name]:
            raise ValueError(f"{path} has no {name}; it takes models, data and [measures.NAME].")
    for name in ("n", "seed"):
        if name in asked and type(asked[name]) is not int:
            raise ValueError(f"{name} is {asked[name]!r} in {path}; it takes a whole number.")
    if unknown := set(asked) - {"models", "data", "measures", "n", "seed"}:
        raise ValueError(f"{path} has {min(unknown)!r}; it takes models, data, measures, n, seed.")
    ways = {name: store.showing(store.card(name)) for name in asked["models"]}
    found = {
        (words, each): sources.find(words, *each)
        for words in asked["data"]
        for each in dict.fromkeys(ways.values())
    }
    return [
        measuring.plan(
            model,
            measure,
            found[words, ways[model]],
            changed,
            count=asked.get("n"),
            seed=asked.get("seed", 0),
        )
        for words in asked["data"]
        for measure, changed in asked["measures"].items()
        for model in asked["models"]
    ]


def run(
    works: list[Work], *, address: str | None = None, workers: int | None = None
) -> Iterator[tuple[int, int]]:
    """Measure with Ray what is not kept yet, and keep it as it comes.

    address: of a running cluster; None starts Ray on this machine for as long as it takes.
    workers: processes of a Ray that is started; None takes as many as there are processors.
    Each task has one GPU where there are GPUs, and one processor where there are none.
    Yields (batches done, batches in all) at the start and after every batch.
    Raises ValueError where Ray is not installed, or a batch failed.
    """
    done = [set(keeping.kept(work)) for work in works]
    missing = [
        (work, number)
        for work, numbers in zip(works, done, strict=True)
        for number in work.numbers
        if number not in numbers
    ]
    count = sum(len(work.numbers) for work in works)
    yield count - len(missing), count
    if not missing:
        return
    ray = start(address, workers)
    try:
        for finished, (work, number, found) in enumerate(_results(ray, missing), 1):
            keeping.keep(work, number, *found)
            yield count - len(missing) + finished, count
    finally:
        ray.shutdown()
    for work in works:
        keeping.join(work)


def start(address: str | None, workers: int | None) -> Any:
    """Start Ray, or connect to one that runs, and return its module; it sends no statistics.

    Workers run the same code: a cluster's are sent it, and need only its requirements installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise ValueError("a sweep needs Ray; install it with: pip install ray.") from None
    started: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False}
    ours: dict[str, Any]
    if address is None:
        ours = {"env_vars": {"PYTHONPATH": str(places.PACKAGE.parent)}}
        started |= {"num_cpus": workers, "include_dashboard": False}
    elif places.INSTALLED:
        ours = {"py_modules": [str(places.PACKAGE)]}
    else:
        # What git ignores is not sent either.
        ours = {"working_dir": str(places.ROOT), "excludes": [".git"]}
    try:
        ray.init(address or "local", runtime_env=ours, **started)
    except (RuntimeError, ray.exceptions.RayError) as error:
        raise ValueError(f"Ray does not start: {str(error).strip().splitlines()[0]}") from None
    return ray


def _results(
    ray: Any, missing: list[tuple[Work, int]]
) -> Iterator[tuple[Work, int, tuple[Tally, Made]]]:
    """Keep every worker busy with a batch and one more waiting; yield as they are done."""
    there = ray.cluster_resources()
    needs = {"num_gpus": 1} if there.get("GPU") else {"num_cpus": 1}
    slots = int(there.get("GPU") or there["CPU"])
    task = ray.remote(max_retries=RETRIES, **needs)(_tally)
    put = functools.cache(lambda make: ray.put(make()))
    networks = {work.model: functools.partial(store.load, work.model) for work, _ in missing}
    waiting, pending = iter(missing), dict[Any, tuple[Work, int]]()
    while True:
        for work, number in islice(waiting, 2 * slots - len(pending)):
            held = [put(networks[work.model]), put(work.source.load)]
            ask = task.remote(
                held, work.logits, work.measure, work.settings, number, work.count, work.key.seed
            )
            pending[ask] = work, number
        if not pending:
            return
        (ready,), _ = ray.wait(list(pending), num_returns=1)
        work, number = pending.pop(ready)
        try:
            yield work, number, ray.get(ready)
        except ray.exceptions.RayError as error:
            reason = str(error).strip().splitlines()[-1]
            raise ValueError(
                f"batch {number} of {work.key.measure} of {work.model} failed on a worker: {reason}"
            ) from None


def _tally(
    held: list[Any],
    logits: Answers,
    measure: Measure,
    settings: dict[str, Any],
    number: int,
    count: int,
    seed: int,
) -> tuple[Tally, Made]:
    """Tally one batch on the worker's own device, and say what made it.

    held: what Ray holds of the network and of the pictures; a worker fetches each once.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    asked = answering(_network(held[0], device), logits)
    found = tallies(
        measure,
        asked,
        _pictures(held[1]),
        settings,
        numbers=[number],
        count=count,
        seed=seed,
        device=device,
    )
    return next(found)[1], provenance.made(device)


@functools.lru_cache(maxsize=1)
def _network(held: Any, device: str) -> classifier.Classifier:
    import ray

    return ray.get(held).to(device)


@functools.lru_cache(maxsize=1)
def _pictures(held: Any) -> Any:
    import ray

    return ray.get(held)
