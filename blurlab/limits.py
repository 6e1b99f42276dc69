"""What may come from others, and how much of it: names, class lists, and room on the disk."""

import os
import re
import shutil
import unicodedata
from collections.abc import Sequence
from pathlib import Path

LONGEST_CLASS = 200  # characters; the longest of ImageNet's thousand has about 120
MOST_CLASSES = 25_000  # ImageNet-21k has 21,843
LONGEST_TEXT = 1000  # characters of a text from outside that are shown
SHOWN = 40  # characters of it that a sentence repeats
MOST_MODELS = 200
MODELS_MB = 10_000
ROOM_MB = 1000  # that stays free on the disk
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # categories of Unicode


def unseen(text: str) -> str | None:
    """Return the first character that cannot be seen, or changes how others are seen, or None.

    Those are control characters, bidirectional and zero-width marks, and line separators.
    """
    return next((one for one in text if unicodedata.category(one) in UNSEEN), None)


def legible(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return a text from outside as one line, cut to longest, a box for what cannot be seen."""
    cut = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return "".join(
        " " if one in "\n\r\t" else "\N{WHITE SQUARE}" if unseen(one) else one for one in cut
    )


def check_classes(classes: Sequence[str]) -> None:
    """Refuse class names that are too many, too long, or not to be seen as what they are.

    Raises ValueError naming the first.
    """
    if len(classes) > MOST_CLASSES:
        raise ValueError(
            f"{len(classes):,} classes were given; a model has at most {MOST_CLASSES:,}."
        )
    for name in classes:
        if len(name) > LONGEST_CLASS:
            raise ValueError(
                f"the class {legible(name, SHOWN)!r} has {len(name):,} characters; a name has at "
                f"most {LONGEST_CLASS}."
            )
        if found := unseen(name):
            raise ValueError(
                f"the class {legible(name, SHOWN)!r} holds U+{ord(found):04X}, which cannot be "
                "seen; write it without."
            )


def models_mb() -> int:
    """Return how many megabytes added models may take: $BLURLAB_MODELS_MB, or MODELS_MB.

    Raises ValueError where that is no whole number.
    """
    words = os.environ.get("BLURLAB_MODELS_MB", str(MODELS_MB))
    if not words.isdecimal():
        raise ValueError(f"BLURLAB_MODELS_MB is {words!r}; it is a whole number of megabytes.")
    return int(words)


def check_room(folder: Path, more: int) -> None:
    """Refuse to write more bytes into a folder where the disk would be left without room.

    Raises ValueError saying how much there is.
    """
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free - more < ROOM_MB * 1e6:
        raise ValueError(
            f"{more / 1e6:,.0f} MB more would leave {max(free - more, 0) / 1e6:,.0f} MB free on "
            f"the disk; {ROOM_MB:,} MB stay free."
        )


def check_models(folder: Path, more: int) -> None:
    """Refuse another added model of so many bytes where they are too many, or take too much.

    folder: of added models, in which what is being fetched counts too.
    Raises ValueError naming the number and what is allowed.
    """
    check_room(folder, more)
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    count = sum(path.suffix == ".json" for path in files)
    if count >= MOST_MODELS:
        raise ValueError(
            f"{count} models are added already, as many as there may be; remove one first."
        )
    used = sum(path.stat().st_size for path in files)
    if used + more > models_mb() * 1e6:
        raise ValueError(
            f"{more / 1e6:,.0f} MB more than the {used / 1e6:,.0f} MB of added models are over "
            f"{models_mb():,} MB, which BLURLAB_MODELS_MB sets; remove one first."
        )
