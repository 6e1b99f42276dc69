"""The command line: the core without the app, and the app; `blurlab --help` lists it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from blurlab import __version__
from blurlab.commands import (
    defences,
    films,
    kept,
    lessons,
    measures,
    networks,
    people,
    pictures,
    rows,
    scatter,
    serving,
    spectra,
    training,
)
from blurlab.measures import results


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 2 after one sentence on stderr about what was wrong."""
    options = parser().parse_args(arguments)
    try:
        try:
            options.run(options)
        finally:
            print(*(f"{each}\n" for each in results.damaged()), sep="", end="", file=sys.stderr)
    except OSError as error:
        print(f"blurlab {options.command}: {sentence(error)}", file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"blurlab {options.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"blurlab {options.command}: stopped", file=sys.stderr)
        return 130
    return 0


def sentence(error: OSError) -> str:
    """Say which file the system refused and why; ours say so themselves."""
    if error.filename is None:
        return str(error)
    return f"{error.filename} cannot be used: {error.strerror}."


class Parser(argparse.ArgumentParser):
    """argparse whose errors are one sentence, as ours are; --help stays its own."""

    def error(self, message: str) -> NoReturn:
        command = self.prog.removeprefix("python -m ")
        self.exit(2, f"{command}: {message}; see {self.prog} --help.\n")


def parser() -> argparse.ArgumentParser:
    """Describe every command: its words, its options with units and defaults, its function."""
    whole = Parser(
        prog="blurlab" if Path(sys.argv[0]).stem == "blurlab" else "python -m blurlab",
        description="Which spatial frequencies does a vision model see with? "
        "Pictures are read from PNG, JPEG and other common files or, exactly, from .npy files "
        "holding float32 of shape (3, S, S) in [0, 1]; they are written as .png or .npy.",
    )
    whole.add_argument("--version", action="version", version=f"blurlab {__version__}")
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)
    parts = (
        serving, networks, training, lessons, pictures, films, defences, measures, spectra, kept,
        people, rows, scatter,
    )  # fmt: skip
    for part in parts:
        part.add(commands)
    return whole


if __name__ == "__main__":
    sys.exit(main())
