"""Commands that measure: measure and sweep."""

import argparse
import json
import sys
import time
from contextlib import redirect_stdout
from itertools import groupby
from pathlib import Path
from typing import Any

from blurlab.claims.compare import compared
from blurlab.commands.options import (
    Commands,
    add_device,
    add_models,
    add_seed,
    between,
    command,
    output,
)
from blurlab.commands.tables import table
from blurlab.data import archives, sources
from blurlab.data.folders import Source
from blurlab.measures import measuring, sweep
from blurlab.measures.corrupted import mce
from blurlab.measures.row import Tally
from blurlab.measures.table import MEASURES
from blurlab.measures.work import Work
from blurlab.networks import store

BAR = 30  # characters
SHOWN = 5  # skipped files that are named
LINE_SECONDS = 30.0  # between two lines about work whose error output is no terminal

_written: dict[str, float] = {}  # when the last such line was, by its label


def add(commands: Commands) -> None:
    """Describe these commands to the parser."""
    parser = command(
        commands, "measure", print_measured, "measure installed models, keeping every batch"
    )
    parser.add_argument("measure", metavar="MEASURE", help=f"one of {', '.join(MEASURES)}")
    parser.add_argument(
        "--list",
        action=Listing,
        nargs=0,
        help="print every measure and its settings as a Markdown table, and exit",
    )
    add_models(parser)
    parser.add_argument(
        "--data",
        required=True,
        help="objects, imagenette, imagenet, imagenet16, cifar10, a folder of class folders, or "
        "DIR/CORRUPTION/SEVERITY in the layout of ImageNet-C or CIFAR-10-C",
    )
    parser.add_argument(
        "-n", type=between(1, 10**9), help="how many pictures, in seeded order (default: all)"
    )
    add_seed(parser)
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="change a setting of the measure, with a value as in JSON; repeat it for several",
    )
    parser.add_argument(
        "--paper",
        action="store_true",
        help="measure as Li et al. 2023 did, where their settings differ from the usual ones",
    )
    parser.add_argument(
        "--json", metavar="OUT", type=output, help="file to write the numbers to, with all digits"
    )
    parser.add_argument(
        "--baseline",
        metavar="M",
        help="one of the models: add every model's mCE, its corruption error over this one's",
    )
    parser.add_argument(
        "--download", action="store_true", help="fetch imagenette or cifar10 first if it is missing"
    )
    add_device(parser)

    sweeping = command(
        commands, "sweep", print_sweep, "measure a grid of models, data and measures with Ray"
    )
    sweeping.add_argument(
        "plan",
        metavar="PLAN.toml",
        type=Path,
        help="models = [...], data = [...], n, seed, and a table [measures.NAME] of settings for "
        "each measure",
    )
    sweeping.add_argument("--address", help="of a running Ray cluster (default: start Ray here)")
    sweeping.add_argument(
        "--workers",
        metavar="K",
        type=between(1, 1024),
        help="processes to start here (default: one per GPU, or per processor)",
    )
    sweeping.add_argument("--json", metavar="OUT", type=output, help="file to write the numbers to")


class Listing(argparse.Action):
    """Print the table of measures instead of measuring."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        print(*listed(), sep="\n")
        parser.exit()


def listed() -> list[str]:
    """Lay out the measures and their settings as a Markdown table."""
    rows = [
        [
            f"`{row.name}`",
            row.title,
            row.explanation,
            "<br>".join(f"`{knob.name}={json.dumps(knob.default)}`" for knob in row.knobs),
            "<br>".join(f"{knob.title}: {knob.allowed}" for knob in row.knobs),
        ]
        for row in MEASURES.values()
    ]
    heads = ["measure", "title", "what it tells", "settings, and what is usual", "what is allowed"]
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)]


def print_measured(options: argparse.Namespace) -> None:
    if options.download:
        download(options.data)
    changed = dict(setting(words) for words in options.set)
    if options.paper:
        changed = measuring.as_published(options.measure) | changed
    found: dict[tuple[int, int, str], Source] = {}
    works = []
    for name in options.models:
        way = store.showing(store.card(name))
        if way not in found:
            found[way] = sources.find(options.data, *way)
        work = measuring.plan(
            name, options.measure, found[way], changed, count=options.n, seed=options.seed
        )
        works.append(work)
    check_baseline(options.baseline, works)
    print_skipped([work.source for work in works])
    summed = []
    for work in works:
        started, before = time.monotonic(), None
        for last in measuring.measure(work, options.device):
            before = last.pictures if before is None else before
            show(work.model, last.pictures, last.count, before, started)
        summed.append(last.summed)
    print_tables(works, estimates_of(works, summed, options.json, options.baseline))


def download(name: str) -> None:
    """Fetch a published data set unless it is here, with a bar for each part of the work."""
    for doing, steps in groupby(archives.download(name), lambda step: step.doing):
        started, before, last = time.monotonic(), None, None
        for step in steps:
            count = step.total // 10**6 if step.total else archives.ARCHIVES[name].megabytes
            done = step.done // 10**6
            before = done if before is None else before
            if done != last:
                show(f"{name}, {doing}, MB", done, max(count, 1), before, started)
            last = done


def check_baseline(name: str | None, works: list[Work]) -> None:
    if name is None:
        return
    if name not in (work.model for work in works) or works[0].key.measure != "corruptions":
        raise ValueError(f"--baseline is {name!r}; it takes one of the models, and corruptions.")
    if len({work.key.data for work in works}) > 1:
        raise ValueError(f"--baseline is {name!r}; the models see pictures of different sizes.")


def setting(words: str) -> tuple[str, Any]:
    """Read NAME=VALUE; a value that is not JSON is a word."""
    name, separator, value = words.partition("=")
    if not separator:
        raise ValueError(f"--set is {words!r}; it takes NAME=VALUE.")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def print_skipped(shown: list[Source]) -> None:
    """Say what of folders is not as it might be thought, and which pictures go.

    Of the files that are no pictures the first are named, and the others counted.
    """
    for sentence in dict.fromkeys(words for source in shown for words in source.notes):
        print(f"note: {sentence}", file=sys.stderr)
    skipped = list(dict.fromkeys(words for source in shown for words in source.skipped))
    for sentence in skipped[:SHOWN]:
        print(f"skipped: {sentence}", file=sys.stderr)
    if len(skipped) > SHOWN:
        print(f"skipped: {len(skipped) - SHOWN} more files.", file=sys.stderr)


def show(label: str, done: int, count: int, before: int, started: float) -> None:
    """Draw a bar on a terminal, with the time that the rest will take at this pace.

    Elsewhere a line is written every LINE_SECONDS and at the end.
    """
    now, is_terminal = time.monotonic(), sys.stderr.isatty()
    if not is_terminal and done < count and now - _written.get(label, started) < LINE_SECONDS:
        return
    full = BAR * done // count
    pace = (now - started) / (done - before) if done > before else 0
    left = pace * (count - done)
    words = f", about {left:.0f} s left" if left < 100 else f", about {left / 60:.0f} min left"
    bar = f"{label} [{'#' * full}{'.' * (BAR - full)}] {done} of {count}{words * (left > 0)}"
    if is_terminal:
        print(f"\r{bar:<100}", end="\n" if done == count else "", file=sys.stderr, flush=True)
    elif done < count or label in _written:
        print(bar, file=sys.stderr, flush=True)
        _written[label] = now


def print_tables(works: list[Work], estimates: list[dict[str, Any]]) -> None:
    """Print all numbers of works of one measure, a table for all models that saw the same."""
    groups: dict[tuple[str, int], dict[str, dict[str, Any]]] = {}
    for work, estimate in zip(works, estimates, strict=True):
        groups.setdefault((work.key.data, work.count), {})[work.model] = estimate
    for (data, pictures), found in groups.items():
        print(f"{works[0].measure.title}: {data}, {pictures} pictures, seed {works[0].key.seed}")
        print(*table(found), sep="\n")


def print_compared(works: list[Work], estimates: list[dict[str, Any]]) -> None:
    """Print the numbers by which models are compared, a table for each data set or folder."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    counts: dict[str, set[int]] = {}
    for work, estimate in zip(works, estimates, strict=True):
        name = "/".join(work.key.data.split("/")[:2])  # at any size
        found.setdefault(name, {}).setdefault(work.model, {})[work.key.measure] = estimate
        counts.setdefault(name, set()).add(work.count)
    for name, by_model in found.items():
        pictures = " or ".join(map(str, sorted(counts[name])))
        print(f"{name}, {pictures} pictures, seed {works[0].key.seed}")
        rows = {model: compared(measured) for model, measured in by_model.items()}
        print(*table(rows), sep="\n", end="\n\n")


def estimates_of(
    works: list[Work], summed: list[Tally], out: Path | None, baseline: str | None = None
) -> list[dict[str, Any]]:
    """Return what finished works say, and write it as JSON, with their keys, where asked to.

    summed: the sum of each work's tallies.
    baseline: the model that corruption errors are compared with.
    """
    estimates = [measuring.estimate(*each) for each in zip(works, summed, strict=True)]
    if baseline:
        reference = estimates[[work.model for work in works].index(baseline)]
        estimates = [estimate | mce(estimate, reference) for estimate in estimates]
    if out:
        written = [
            measuring.written(work, total) | {"estimate": measuring.plain(estimate)}
            for work, total, estimate in zip(works, summed, estimates, strict=True)
        ]
        out.write_text(json.dumps(written, indent=1, allow_nan=False) + "\n")
    return estimates


def print_sweep(options: argparse.Namespace) -> None:
    works = sweep.read_plan(options.plan)
    print_skipped([work.source for work in works])
    started, before = time.monotonic(), None
    with redirect_stdout(sys.stderr):  # Ray's notes about its workers are no part of the tables
        for done, count in sweep.run(works, address=options.address, workers=options.workers):
            before = done if before is None else before
            show("batches", done, count, before, started)
    summed = [last.summed for work in works for *_, last in [measuring.measure(work)]]
    print_compared(works, estimates_of(works, summed, options.json))
