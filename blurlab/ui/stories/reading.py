"""Stories as they are written: a file each, among those that ship or in a folder of one's own."""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from blurlab import limits, places

LONGEST = 400  # characters of a sentence
MOST_STEPS, MOST_BYTES = 30, 100_000
ABOUT = {"title": str, "audience": str, "minutes": int, "step": list}
SENTENCES = ("say", "expect", "expert_say", "expert_expect", "look")
PAGES = (
    "home", "hybrid", "camera", "blur", "attacks", "corruptions", "sensitivity", "compare",
    "train", "you", "audience", "learn", "models",
)  # fmt: skip


class Step(NamedTuple):
    """page: one of PAGES.  state: its address, by name.  say: a sentence to say, and expect: what
    is to be seen, for everybody and for experts.  look: at what.
    """

    page: str
    state: dict[str, str]
    say: str
    expect: str
    expert_say: str
    expert_expect: str
    look: str


class Story(NamedTuple):
    """audience: whom it is for.  minutes: that it takes."""

    title: str
    audience: str
    minutes: int
    steps: tuple[Step, ...]


def stories() -> dict[str, Story]:
    """Return every story by the name of its file; one's own take the place of those that ship."""
    return {path.stem: found for path, found in _all() if isinstance(found, Story)}


def broken() -> list[str]:
    """Say what is wrong with each file that is no story."""
    return [found for _, found in _all() if isinstance(found, str)]


def _all() -> list[tuple[Path, Story | str]]:
    paths: list[Path] = []
    for folder in (places.STORIES, places.stories_folder()):
        paths += sorted(folder.glob("*.toml")) if folder.is_dir() else []
    return [(path, _kept(path, path.stat().st_mtime_ns)) for path in paths]


@lru_cache(maxsize=128)
def _kept(path: Path, changed: int) -> Story | str:
    try:
        return read(path)
    except (ValueError, OSError) as error:
        return str(error)


def read(path: Path) -> Story:
    """Read a story.

    Raises ValueError naming the file and the line for what is no story.
    """
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path.name} has over {MOST_BYTES:,} bytes; no story is that long.")
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name} is not TOML: {error}.") from None
    _check(found, ABOUT, f"{path.name}")
    if not 1 <= len(found["step"]) <= MOST_STEPS:
        raise ValueError(f"{path.name} has {len(found['step'])} steps, not 1 to {MOST_STEPS}.")
    heads = [n for n, line in enumerate(text.splitlines(), 1) if line.strip() == "[[step]]"]
    lines = heads if len(heads) == len(found["step"]) else [1] * len(found["step"])
    steps = tuple(
        _step(step, f"{path.name}, step {number} (line {line})")
        for number, (step, line) in enumerate(zip(found["step"], lines, strict=True), 1)
    )
    return Story(found["title"], found["audience"], found["minutes"], steps)


def _step(found: Any, where: str) -> Step:
    if not isinstance(found, dict):
        raise ValueError(f"{where} is no table; a step begins with [[step]].")
    kinds: dict[str, type] = dict.fromkeys(SENTENCES, str)
    kinds |= {"page": str, "state": dict}
    _check({"state": {}} | found, kinds, where)
    if found["page"] not in PAGES:
        raise ValueError(f"{where}: page is {found['page']!r}, not one of {', '.join(PAGES)}.")
    state = found.get("state", {})
    for key, value in state.items():
        if not isinstance(value, str):
            raise ValueError(f'{where}: state.{key} is {value!r}; write it as text, "{value}".')
    return Step(found["page"], state, *(found[each] for each in (*SENTENCES[:4], "look")))


def _check(found: dict[str, Any], kinds: dict[str, type], where: str) -> None:
    """Raise ValueError unless a table has these keys alone, of these kinds."""
    words = {str: "text", int: "a whole number", list: "[[step]] tables", dict: "a table"}
    for key, kind in kinds.items():
        if key not in found:
            raise ValueError(f"{where} has no {key}; it takes {', '.join(kinds)}.")
        if type(found[key]) is not kind or found[key] == "":
            raise ValueError(f"{where}: {key} is {_short(found[key])}, not {words[kind]}.")
        if kind is str and (len(found[key]) > LONGEST or limits.unseen(found[key])):
            raise ValueError(f"{where}: {key} is not a line of at most {LONGEST} characters.")
    for key in found:
        if key not in kinds:
            raise ValueError(f"{where}: {_short(key)} is not known; it takes {', '.join(kinds)}.")


def _short(value: Any) -> str:
    return limits.legible(repr(value), limits.SHOWN)
