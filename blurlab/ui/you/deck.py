"""Which pictures a trial shows, by the seed of its game and its number; and answers as letters."""

import random
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from blurlab.data import entry_level, sets
from blurlab.people.quest import CUTOFFS
from blurlab.pictures import objects
from blurlab.sentence import Sentence
from blurlab.ui import cache, link
from blurlab.ui.languages import say

DECKS = {
    "objects": "Fresh objects",
    "imagenette": "Photographs",
    "imagenet16": "In everyday words",
}
# An audience shares its pictures, so that they are drawn and fetched once.
CROWDS = {"crowd": "Objects"} | {name: DECKS[name] for name in ("imagenette", "imagenet16")}
ENOUGH = 5  # photographs of a category, with fewer of which it is left out
# How many of each class there are; of ImageNet those that sets.imagenet16 finds.
VARIANTS = {
    "objects": dict.fromkeys(objects.CLASSES, 2**31),
    "crowd": dict.fromkeys(objects.CLASSES, 8),
    "imagenette": dict.fromkeys(sets.IMAGENETTE_CLASSES, 50),
    "imagenet16": {word: n for word, n in entry_level.PICTURES.items() if n >= ENOUGH},
}
CLASSES = {deck: tuple(counts) for deck, counts in VARIANTS.items()}
LEFT_OUT = tuple(word for word in entry_level.PICTURES if word not in CLASSES["imagenet16"])
KINDS = {
    "objects": "object", "crowd": "object", "imagenette": "imagenette", "imagenet16": "imagenet16",
}  # fmt: skip
# The data that a deck's networks are trained on, as store.pair knows them.
DATA = {
    "objects": "objects", "crowd": "objects", "imagenette": "imagenette", "imagenet16": "imagenet",
}  # fmt: skip
IS_HERE = {"imagenette": sets.has_imagenette, "imagenet16": entry_level.has_pictures}

LONGEST = 80  # trials of a game, those that do not count included
COARSE, FINE, UNCOUNTED = "ABCDEFGHIJKLMNOPQRSTUVWXY", "abcdefghijklmnopqrstuvwxy", "-"
LETTERS = re.compile(rf"[A-Ya-y{UNCOUNTED}]{{0,{LONGEST}}}")


class Trial(NamedTuple):
    """A hybrid's two pictures, and whether the coarse one's word stands on the right."""

    coarse: cache.Choice
    fine: cache.Choice
    is_coarse_right: bool


def note(deck: str) -> str:
    """Return what is said below a deck where it is chosen, "" for nothing."""
    if deck != "imagenet16":
        if any(is_here() for is_here in IS_HERE.values()):
            return ""
        return say(
            "With Imagenette or ImageNet's pictures on this machine photographs can be played."
        )
    return say(
        "Of the {count} words that people chose from in Geirhos et al. 2018, those with fewer than "
        "{enough} photographs here are left out: {words}.",
        count=len(entry_level.PICTURES),
        enough=ENOUGH,
        words=", ".join(say(word) for word in LEFT_OUT),
    )


def available(decks: Iterable[str] = DECKS) -> list[str]:
    """List those of the decks whose pictures are here."""
    return [deck for deck in decks if deck not in IS_HERE or IS_HERE[deck]()]


def trial(deck: str, seed: int, number: int) -> Trial:
    """Draw a trial of a game, always the same one; its two pictures are of different classes."""
    draw = random.Random(f"{deck} {seed} {number}")
    names = draw.sample(CLASSES[deck], 2)
    coarse, fine = (
        cache.Choice(KINDS[deck], name, draw.randrange(VARIANTS[deck][name])) for name in names
    )
    return Trial(coarse, fine, draw.random() < 0.5)


def written(answers: Sequence[tuple[int, bool] | None]) -> str:
    """Write answers as an address holds them, a letter for each.

    answers: (index in CUTOFFS, whether the coarse picture was named); None for one that does not
    count. A is the lowest cutoff; capitals are coarse.
    """
    return "".join(
        UNCOUNTED if each is None else (COARSE if each[1] else FINE)[each[0]] for each in answers
    )


def read(letters: str) -> list[tuple[int, bool] | None]:
    """Read answers that written wrote. Raises ValueError for what it never writes."""
    if not LETTERS.fullmatch(letters):
        raise ValueError(f"“{letters}” is not made of the letters of answers.")
    return [
        None if each == UNCOUNTED else (COARSE.index(each.upper()), each.isupper())
        for each in letters
    ]


def _letters(text: str) -> str:
    read(text)
    return text


ANSWERS = link.Parameter(
    "", _letters, Sentence("the letters of up to {count} answers", count=LONGEST)
)
assert len(COARSE) == len(FINE) == len(CUTOFFS)
