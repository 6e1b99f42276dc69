"""The command about people: observers."""

from argparse import Namespace

import torch

from blurlab.commands.options import Commands, add_seed, between, command
from blurlab.commands.tables import rows_of
from blurlab.people import observers
from blurlab.people.quest import GAMES


def add(commands: Commands) -> None:
    """Describe this command to the parser."""
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
