"""Command lessons: what two small networks learn from pictures whose cues tell more or less."""

import argparse
import sys

from blurlab.commands.options import Commands, add_seed, command
from blurlab.commands.tables import rows_of
from blurlab.training import live
from blurlab.training.live import Learned, Lesson

# Shares of the pictures whose outline, and whose texture, is that of their class.
CUES = ((1.0, 1.0), (1.0, 0.4), (1.0, 0.0), (0.4, 1.0))
HEADS = [
    "outline, texture tell",
    "network",
    "names new objects",
    "goes by the outline / the texture",
    "f_rev, cycles/image",
]


def add(commands: Commands) -> None:
    """Describe this command to the parser."""
    added = command(
        commands, "lessons", print_lessons, "teach two networks as Train live does, cue by cue"
    )
    add_seed(added)


def print_lessons(options: argparse.Namespace) -> None:
    rows = []
    for number, (outline, texture) in enumerate(CUES, 1):
        print(f"lesson {number} of {len(CUES)}", file=sys.stderr)
        *_, told = live.lessons(Lesson(seed=options.seed, outline=outline, texture=texture))
        for title, learned in zip(("plain", "behind a blur"), told.learned, strict=True):
            rows.append([f"{percent(outline)}, {percent(texture)}", title, *cells(learned)])
    print(*rows_of(HEADS, rows), sep="\n")


def cells(learned: Learned) -> list[str]:
    """Write what a network has learned, as the table has it."""
    shares = (learned.accuracy, learned.outline, learned.texture)
    names, outline, texture = map(percent, shares)
    if learned.f_rev is not None:
        f_rev = f"{learned.f_rev:.1f}"
    else:
        f_rev = "none" if learned.accuracy >= live.KNOWS else "(names too few)"
    return [names, f"{outline} / {texture}", f_rev]


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"
