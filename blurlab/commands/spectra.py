"""Command spectra: where in the plane of frequencies corruptions change a data set."""

import math
import time
from argparse import Namespace

from blurlab.commands.measures import output, print_skipped, show
from blurlab.commands.options import MAX_SIZE, Commands, add_device, add_seed, between, command
from blurlab.commands.tables import rows_of, spanned
from blurlab.corruptions.corrupting import SEVERITIES, SMALLEST_SIZE
from blurlab.corruptions.row import SEVERITY
from blurlab.corruptions.table import CORRUPTIONS, published
from blurlab.data import sources
from blurlab.measures import spectra
from blurlab.measures.spectra import Spectrum

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
    source = sources.find(options.data, options.size, lazily=True)
    print_skipped([source])
    count = source.count if options.n is None else options.n
    pictures, found = source.load(), {}
    for name in options.corruptions or published():
        started = time.monotonic()
        for summed in spectra.of_corruption(
            pictures, name, options.severity, count=count, seed=options.seed, device=options.device
        ):
            show(name, int(summed["pictures"]), count, 0, started)
        found[name] = spectra.estimate(summed)
    words = f"{source.called}, {count:,} pictures of {options.size} pixels"
    print(f"{words}, severity {options.severity}, seed {options.seed}\n")
    print(*tabled(found, options.size), sep="\n")
    if options.out:
        with options.out.open("wb") as file:  # a path would be given .npz at its end
            spectra.save(found, file)


def tabled(found: dict[str, Spectrum], size: int) -> list[str]:
    """Lay out the f_0.5 of corruptions with their classes as a Markdown table."""
    heads = ["corruption", "class", "f_0.5, cycles/image", "f_0.5, of Nyquist", "equal power"]
    rows = [
        [
            f"`{name}`",
            CORRUPTIONS[name].band or "",
            spanned(spectrum.f_half, size, 2),
            spanned(spectrum.f_half, 2, 3),
            "undefined" if math.isnan(spectrum.effective) else f"{spectrum.effective:.0f}",
        ]
        for name, spectrum in found.items()
    ]
    return rows_of(heads, rows)
