"""Commands that measure: measure, sweep."""

import argparse
import json
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from blurlab import measuring, models, sources, sweep
from blurlab.commands import add_device, add_models, add_seed, between, command
from blurlab.commands.tables import table
from blurlab.measures.table import MEASURES
from blurlab.measuring import Work
from blurlab.sources import Source

BAR = 30  # characters
SHOWN = 5  # skipped files that are named


def add(commands) -> None:
    """Describe these commands to the parser."""
    measuring = command(
        commands, "measure", print_measured, "measure installed models, keeping every batch"
    )
    measuring.add_argument("measure", metavar="MEASURE", help=f"one of {', '.join(MEASURES)}")
    add_models(measuring)
    measuring.add_argument(
        "--data",
        required=True,
        help="objects, imagenette, cifar10, a folder of class folders, or "
        "DIR/CORRUPTION/SEVERITY in the layout of ImageNet-C or CIFAR-10-C",
    )
    measuring.add_argument(
        "-n", type=between(1, 10**9), help="how many pictures, in seeded order (default: all)"
    )
    add_seed(measuring)
    measuring.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="change a setting of the measure, with a value as in JSON; repeat it for several",
    )
    measuring.add_argument(
        "--json", metavar="OUT", type=output, help="file to write the numbers to, with all digits"
    )
    measuring.add_argument(
        "--download", action="store_true", help="fetch imagenette or cifar10 first if it is missing"
    )
    add_device(measuring)

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


def output(name: str) -> Path:
    """Take a file to write at the end of long work, as an argparse type."""
    path = Path(name)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{path.parent} is not a folder")
    return path


def print_measured(options) -> None:
    if options.download:
        sources.download(options.data)
    changed = dict(setting(words) for words in options.set)
    found: dict[int, Source] = {}
    works = []
    for name in options.models:
        size = models.card(name)["recipe"]["input_size"]
        if size not in found:
            found[size] = sources.find(options.data, size)
        work = measuring.plan(
            name, options.measure, found[size], changed, count=options.n, seed=options.seed
        )
        works.append(work)
    print_skipped(next(iter(found.values())))
    for work in works:
        started, before = time.monotonic(), None
        for running in measuring.measure(work, options.device):
            before = running.pictures if before is None else before
            show(work.model, running.pictures, running.count, before, started)
    report(works, options.json)


def setting(words: str) -> tuple[str, Any]:
    """Read NAME=VALUE; a value that is not JSON is a word."""
    name, separator, value = words.partition("=")
    if not separator:
        raise ValueError(f"--set is {words!r}; it takes NAME=VALUE.")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def print_skipped(source: Source) -> None:
    for sentence in source.skipped[:SHOWN]:
        print(f"skipped: {sentence}", file=sys.stderr)
    if len(source.skipped) > SHOWN:
        print(f"skipped: {len(source.skipped) - SHOWN} more files.", file=sys.stderr)


def show(label: str, done: int, count: int, before: int, started: float) -> None:
    """Draw a bar on a terminal, with the time that the rest will take at this pace."""
    if not sys.stderr.isatty():
        return
    full = BAR * done // count
    pace = (time.monotonic() - started) / (done - before) if done > before else 0
    left = f", about {pace * (count - done) / 60:.0f} min left" if pace and done < count else ""
    bar = f"{label} [{'#' * full}{'.' * (BAR - full)}] {done} of {count}{left}"
    print(f"\r{bar:<100}", end="\n" if done == count else "", file=sys.stderr, flush=True)


def report(works: list[Work], out: Path | None) -> None:
    """Print what is kept of finished works, a table for each measure and data, and write it."""
    written, groups = [], {}
    for work in works:
        *_, last = measuring.measure(work)
        estimate = measuring.estimate(work, last.summed)
        key = work.key
        group = (work.measure.title, key.measure, key.data, last.pictures, key.seed)
        groups.setdefault(group, {})[work.model] = estimate
        written.append(
            {"name": work.model, **key._asdict(), "pictures": last.pictures}
            | {"estimate": measuring.plain(estimate)}
        )
    for (title, _, data, pictures, seed), estimates in groups.items():
        print(f"{title}: {data}, {pictures} pictures, seed {seed}")
        print(*table(estimates), sep="\n", end="\n\n")
    if out:
        out.write_text(json.dumps(written, indent=1, allow_nan=False) + "\n")


def print_sweep(options) -> None:
    works = sweep.read_plan(options.plan)
    started, before = time.monotonic(), None
    with redirect_stdout(sys.stderr):  # Ray's notes about its workers are no part of the tables
        for done, count in sweep.run(works, address=options.address, workers=options.workers):
            before = done if before is None else before
            show("batches", done, count, before, started)
    report(works, options.json)
