"""Files of texts in TOML: read within bounds, and refused in a sentence that names the line."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blurlab import limits

LONGEST = 400  # characters of a sentence


def read(path: Path, most_bytes: int) -> tuple[dict[str, Any], str]:
    """Read a file: what it holds, and its text.

    Raises ValueError naming the file, and the line for what is no TOML.
    """
    if path.stat().st_size > most_bytes:
        raise ValueError(f"{path.name} has over {most_bytes:,} bytes; none is that long.")
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        return tomllib.loads(text), text
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name} is not TOML: {error}.") from None


def places(path: Path, text: str, table: str, count: int) -> list[str]:
    """Name each of a file's tables [[table]], of which there are count, with its line."""
    heads = [n for n, line in enumerate(text.splitlines(), 1) if line.strip() == f"[[{table}]]"]
    lines = heads if len(heads) == count else [1] * count
    return [f"{path.name}, {table} {n} (line {line})" for n, line in enumerate(lines, 1)]


def check(found: Any, kinds: Mapping[str, type], where: str) -> None:
    """Raise ValueError unless a table has these keys alone, of these kinds.

    kinds: str, int, list of tables, or dict, by key.  where: what a sentence names it.
    """
    if not isinstance(found, dict):
        raise ValueError(f"{where} is no table; it takes {', '.join(kinds)}.")
    words = {str: "text", int: "a whole number", list: "a list of tables", dict: "a table"}
    for key, kind in kinds.items():
        if key not in found:
            raise ValueError(f"{where} has no {key}; it takes {', '.join(kinds)}.")
        if type(found[key]) is not kind or found[key] == "":
            raise ValueError(f"{where}: {key} is {short(found[key])}, not {words[kind]}.")
        if kind is str:
            check_line(found[key], f"{where}: {key}")
    for key in found:
        if key not in kinds:
            raise ValueError(f"{where}: {short(key)} is not known; it takes {', '.join(kinds)}.")


def check_line(text: str, where: str) -> None:
    """Raise ValueError for a text that is too long, or holds what nobody sees."""
    if len(text) > LONGEST or limits.unseen(text):
        raise ValueError(f"{where} is not a line of at most {LONGEST} characters.")


def short(value: Any) -> str:
    """Write a value as a sentence quotes it."""
    return limits.legible(repr(value), limits.SHOWN)
