"""English sentences that remember what they were made of, so that a page can say them otherwise."""

from collections.abc import Sequence
from typing import Any


class Sentence(str):
    """A text with its {names} filled in, by which languages.say finds it in another language.

    filled: what stands in for the names; a Sentence among them is said in that language too.
    """

    text: str
    filled: dict[str, Any]

    def __new__(cls, text: str, **filled: Any) -> "Sentence":
        made = super().__new__(cls, text.format(**filled) if filled else text)
        made.text, made.filled = text, filled
        return made


def listed(parts: Sequence[str]) -> Sentence:
    """Return texts with commas between them, each of which is said as itself."""
    named = {f"part{number}": part for number, part in enumerate(parts)}
    return Sentence(", ".join(f"{{{name}}}" for name in named), **named)


def why(error: Exception) -> str:
    """Return what an error says, as a Sentence where it was raised with one."""
    said = error.args[0] if error.args else ""
    return said if isinstance(said, Sentence) else str(error)


def together(*sentences: Sentence) -> Sentence:
    """Return sentences one after another."""
    named = {f"part{number}": each for number, each in enumerate(sentences)}
    return Sentence(" ".join(f"{{{name}}}" for name in named), **named)
