"""Command spectra: where in the plane of frequencies the pictures of a data set are changed."""

import time
from argparse import Namespace
from collections.abc import Iterator

from blurlab.commands.measures import print_skipped, show
from blurlab.commands.options import (
    MAX_SIZE,
    Commands,
    add_device,
    add_seed,
    between,
    command,
    output,
)
from blurlab.commands.tables import rows_of, spanned
from blurlab.corruptions.corrupting import SEVERITIES, SMALLEST_SIZE
from blurlab.corruptions.row import SEVERITY
from blurlab.corruptions.table import CORRUPTIONS, published
from blurlab.data import sources
from blurlab.measures import measuring, perturbation, spectra
from blurlab.measures.row import Tally
from blurlab.measures.spectra import Spectrum
from blurlab.networks import store
from blurlab.statistics import worded

SIZE = 128  # pixels, which the networks that ship see


def add(commands: Commands) -> None:
    """Describe this command to the parser."""
    added = command(
        commands,
        "spectra",
        print_spectra,
        "tell which frequencies corruptions change in a data set",
    )
    added.add_argument(
        "--data", required=True, help="objects, imagenette or what else measure takes"
    )
    added.add_argument(
        "--corruption",
        metavar="NAME",
        dest="corruptions",
        action="append",
        choices=list(CORRUPTIONS),
        help="name of one; repeat it for several (default: all that are published)",
    )
    added.add_argument(
        "--model",
        metavar="M",
        dest="models",
        action="append",
        help="name of an installed model, for the smallest changes that fool it instead of "
        "corruptions; repeat it for several",
    )
    added.add_argument(
        "--paper",
        action="store_true",
        help="search for these changes as Li et al. 2023 did (default: as measure perturbation)",
    )
    added.add_argument(
        "--severity",
        metavar="K",
        type=between(SEVERITIES[0], SEVERITIES[-1]),
        default=int(SEVERITY.default),
        help=f"{SEVERITY.allowed} (default: {SEVERITY.default})",
    )
    added.add_argument(
        "-n", type=between(1, 10**9), help="how many pictures, in seeded order (default: all)"
    )
    added.add_argument(
        "--size",
        metavar="S",
        type=between(SMALLEST_SIZE, MAX_SIZE),
        default=SIZE,
        help=f"side of the pictures in pixels, {SMALLEST_SIZE} to {MAX_SIZE} (default: {SIZE})",
    )
    added.add_argument(
        "--out",
        metavar="OUT.npz",
        type=output,
        help="file for the planes, with zero frequency in the middle, and the curves",
    )
    add_seed(added)
    add_device(added)


def print_spectra(options: Namespace) -> None:
    if options.models and options.corruptions:
        raise ValueError("--model and --corruption are both given; it takes one of them.")
    of = of_networks if options.models else of_corruptions
    found, lines = of(options)
    print(*lines, sep="\n")
    if options.out:
        with options.out.open("wb") as file:  # a path would be given .npz at its end
            spectra.save(found, file)


def of_corruptions(options: Namespace) -> tuple[dict[str, Spectrum], list[str]]:
    """Return the spectrum of each corruption by its name, and what to print of them."""
    source = sources.find(options.data, options.size, lazily=True)
    print_skipped([source])
    count = source.count if options.n is None else options.n
    pictures, found = source.load(), {}
    for name in options.corruptions or published():
        found[name] = last(
            name,
            count,
            spectra.of_corruption(
                pictures, name, options.severity,
                count=count, seed=options.seed, device=options.device,
            ),
        )  # fmt: skip
    words = f"{source.called}, {count:,} pictures of {options.size} pixels"
    words += f", severity {options.severity}, seed {options.seed}"
    bands = {name: CORRUPTIONS[name].band or "" for name in found}
    heads = ["corruption", "class"]
    return found, [words, "", *tabled(heads, bands, found, dict.fromkeys(found, options.size))]


def of_networks(options: Namespace) -> tuple[dict[str, Spectrum], list[str]]:
    """Return the spectrum of each network's smallest changes by its name, and what to print."""
    changed = measuring.as_published("perturbation") if options.paper else {}
    works = []
    for name in options.models:
        source = sources.find(options.data, *store.showing(store.card(name)), lazily=True)
        works.append(
            measuring.plan(
                name, "perturbation", source, changed, count=options.n, seed=options.seed
            )
        )
    print_skipped([work.source for work in works])
    found = {
        work.model: last(work.model, work.count, spectra.of_smallest_changes(work, options.device))
        for work in works
    }
    words = f"{works[0].source.called}, {works[0].count:,} pictures, seed {options.seed}"
    attacks = {work.model: perturbation.ATTACKS[work.settings["attack"]] for work in works}
    sizes = {work.model: store.card(work.model)["recipe"]["input_size"] for work in works}
    return found, [words, "", *tabled(["network", "attack"], attacks, found, sizes)]


def last(label: str, count: int, sums: Iterator[Tally]) -> Spectrum:
    """Follow sums of tallies to their end with a bar, and say what the last one means."""
    started = time.monotonic()
    for summed in sums:
        show(label, int(summed["pictures"]), count, 0, started)
    return spectra.estimate(summed)


def tabled(
    heads: list[str], second: dict[str, str], found: dict[str, Spectrum], sizes: dict[str, int]
) -> list[str]:
    """Lay out f_0.5 by name as a Markdown table.

    heads: of the first two columns; second: what the second one holds.  sizes: of the pictures.
    """
    more = ["f_0.5, cycles/image", "f_0.5, of Nyquist", "pictures of equal power"]
    rows = [
        [
            f"`{name}`",
            second[name],
            spanned(spectrum.f_half, sizes[name], 2),
            spanned(spectrum.f_half, 2, 3),
            worded(spectrum.effective, ".0f"),
        ]
        for name, spectrum in found.items()
    ]
    return rows_of([*heads, *more], rows)
