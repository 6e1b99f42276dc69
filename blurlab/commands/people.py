"""The commands about people: observers, people."""

import math
from argparse import Namespace

import torch

from blurlab.claims.beside_people import beside_people
from blurlab.commands.options import Commands, add_seed, between, command
from blurlab.commands.tables import rows_of, spanned
from blurlab.measures import passes
from blurlab.networks import store
from blurlab.people import observers
from blurlab.people.quest import GAMES


def add(commands: Commands) -> None:
    """Describe these commands to the parser."""
    command(
        commands,
        "people",
        print_people,
        "print what people and networks name of filtered pictures, from kept results",
    )
    added = command(
        commands,
        "observers",
        print_observers,
        "simulate observers of known reverse frequency and print how well a game finds it",
    )
    added.add_argument(
        "--game", choices=list(GAMES), default="number", help="which game (default: number)"
    )
    added.add_argument(
        "-n",
        metavar="N",
        type=between(1, 2000),
        default=100,
        help="observers of each slope and lapse, 1 to 2000 (default: 100)",
    )
    add_seed(added)


def print_people(options: Namespace) -> None:
    """Print a table of low-passed and one of high-passed pictures, as Markdown."""
    found = beside_people(store.names())
    for kind, word in {"low": "low-passed", "high": "high-passed"}.items():
        sigmas = ["none" if s in (0, math.inf) else f"{s:g}" for s in passes.HUMANS[kind]]
        rows = [
            [name_of(each.name), *(spanned(share, 100, 0) for share in getattr(each, kind))]
            for each in found
        ]
        print(*rows_of([f"{word}, sigma in px of 224", *sigmas], rows), "", sep="\n")
    print("Numbers are percent right of sixteen categories; brackets hold 95 % intervals.")


def name_of(name: str) -> str:
    return name if name == "people" else f"`{name}`"


def print_observers(options: Namespace) -> None:
    generator = torch.Generator().manual_seed(options.seed)
    found = observers.simulate(options.n, GAMES[options.game], generator)
    print(*table(found), sep="\n")


def table(found: list[observers.Found]) -> list[str]:
    """Lay out simulated observers as the lines of a Markdown table."""
    heads = [
        *("slope, octaves", "lapse, %", "observers", "truth in the interval, % [95 % interval]"),
        *("median bias, %", "width of the interval, octaves", "trials"),
    ]
    return rows_of(heads, [_cells(each) for each in found])


def _cells(found: observers.Found) -> list[str]:
    is_all = found.slope != found.slope
    held, low, high = (100 * number for number in found.coverage)
    return [
        "all" if is_all else f"{found.slope:g}",
        "" if is_all else f"{100 * found.lapse:g}",
        f"{found.observers:,}",
        f"{held:.1f} [{low:.1f}, {high:.1f}]",
        f"{100 * found.bias:+.1f}",
        f"{found.octaves:.2f}",
        f"{found.trials:g}",
    ]
