"""Command rows: what a table of the package holds, as Markdown for its documentation."""

from argparse import Namespace

from blurlab.attacks.norms import NORMS
from blurlab.attacks.table import ATTACKS
from blurlab.commands.options import Commands, command, option
from blurlab.commands.tables import rows_of
from blurlab.corruptions.table import CORRUPTIONS
from blurlab.knobs import Knob


def add(commands: Commands) -> None:
    """Describe this command to the parser."""
    added = command(
        commands, "rows", print_rows, "print all corruptions, attacks or norms as a Markdown table"
    )
    added.add_argument("table", choices=list(TABLES), help="which table")


def print_rows(options: Namespace) -> None:
    print(*TABLES[options.table](), sep="\n")


def corruptions() -> list[str]:
    """Lay out the corruptions, a line for each."""
    heads = ["corruption", "name", "what it does", "frequencies", "role", "random"]
    return rows_of(
        heads,
        [
            [
                row.title,
                f"`{row.name}`",
                row.explanation,
                row.band or "",
                row.role,
                "yes" if row.random else "",
            ]
            for row in CORRUPTIONS.values()
        ],
    )


def attacks() -> list[str]:
    """Lay out the attacks, a line for each."""
    heads = ["attack", "name", "what it does", "epsilon", "what may be set"]
    return rows_of(
        heads,
        [
            [
                row.title,
                f"`{row.name}`",
                row.explanation,
                "stays within it" if row.has_epsilon else "finds the smallest",
                ", ".join(map(_knob, row.knobs + row.more)) or "nothing more",
            ]
            for row in ATTACKS.values()
        ],
    )


def norms() -> list[str]:
    """Lay out the norms, a line for each."""
    heads = ["norm", "name", "what it measures", "epsilon is written", "the page's range"]
    return rows_of(
        heads,
        [
            [
                row.title,
                f"`{row.name}`",
                row.explanation,
                f"{row.in_unit(row.epsilon.default / row.scale)}, the default",
                f"{row.epsilon.low:g} to {row.epsilon.high:g}{row.epsilon.unit}",
            ]
            for row in NORMS.values()
        ],
    )


def _knob(knob: Knob) -> str:
    """Write a knob as its option, with what is allowed and its default."""
    if knob.type is bool:
        return f"`{option(knob.name)}`"
    default = "" if knob.default is None else f", by default {knob.default}"
    return f"`{option(knob.name)}` ({knob.allowed}{default})"


TABLES = {"corruptions": corruptions, "attacks": attacks, "norms": norms}
