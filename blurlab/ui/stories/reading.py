"""Stories as they are written: a file each, among those that ship or in a folder of one's own.

Beside NAME.toml may lie NAME.de.toml, which holds its sentences in German, and so for any language.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from blurlab import places
from blurlab.ui import languages, toml
from blurlab.ui.languages import ENGLISH

MOST_STEPS, MOST_BYTES = 30, 100_000
ABOUT: dict[str, type] = {"title": str, "audience": str, "minutes": int, "step": list}
SENTENCES = ("say", "expect", "expert_say", "expert_expect", "look")
SAID: dict[str, type] = {
    "title": str,
    "audience": str,
    "step": list,
}  # of a story in another language
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


def stories(code: str = ENGLISH) -> dict[str, Story]:
    """Return every story by the name of its file; one's own take the place of those that ship.

    code: of the language; a story that lacks it is in the one that it was written in.
    """
    found = {}
    for path, story in _all():
        said = _said(path, code)
        if isinstance(story, Story):
            found[path.stem] = said if isinstance(said, Story) else story
    return found


def broken(code: str = ENGLISH) -> list[str]:
    """Say what is wrong with each file that is no story, or does not say one in a language."""
    found = ((each, _said(path, code)) for path, each in _all())
    return [each for two in found for each in two if isinstance(each, str)]


def _all() -> list[tuple[Path, Story | str]]:
    paths: list[Path] = []
    for folder in (places.STORIES, places.stories_folder()):
        paths += sorted(folder.glob("*.toml")) if folder.is_dir() else []
    return [(path, _kept(path, _changed(path))) for path in paths if not _is_said(path)]


def _is_said(path: Path) -> bool:
    """Tell whether a file says in another language what the one beside it holds."""
    first = path.with_name(f"{Path(path.stem).stem}.toml")
    return first != path and first.is_file()


def _changed(path: Path) -> int:
    return path.stat().st_mtime_ns


def _said(path: Path, code: str) -> Story | str | None:
    """Return a story in a language, or what is wrong with its file there; None without one."""
    other = languages.beside(path, code)
    return _kept(other, _changed(other), path, _changed(path)) if other.is_file() else None


@lru_cache(maxsize=256)
def _kept(path: Path, changed: int, first: Path | None = None, first_changed: int = 0) -> Any:
    """Return a story, or what first's is in another language, or what is wrong with the file."""
    story = first and _kept(first, first_changed)
    if isinstance(story, str):
        return None  # what is wrong with that one is said of itself
    try:
        return translated(path, story) if story else read(path)
    except (ValueError, OSError) as error:
        return str(error)


def read(path: Path) -> Story:
    """Read a story.

    Raises ValueError naming the file and the line for what is no story.
    """
    found, where = _tables(path, ABOUT)
    steps = tuple(_step(step, at) for step, at in zip(found["step"], where, strict=True))
    return Story(found["title"], found["audience"], found["minutes"], steps)


def translated(path: Path, story: Story) -> Story:
    """Read what a story says in another language.

    Raises ValueError naming the file and the line for what does not fit the story.
    """
    found, where = _tables(path, SAID)
    if len(found["step"]) != len(story.steps):
        raise ValueError(
            f"{path.name} has {len(found['step'])} steps, and the story {len(story.steps)}."
        )
    for step, at in zip(found["step"], where, strict=True):
        toml.check(step, dict.fromkeys(SENTENCES, str), at)
    steps = (step._replace(**said) for step, said in zip(story.steps, found["step"], strict=True))
    return Story(found["title"], found["audience"], story.minutes, tuple(steps))


def _tables(path: Path, kinds: dict[str, type]) -> tuple[dict[str, Any], list[str]]:
    """Read a file of steps, and where each of them stands."""
    found, text = toml.read(path, MOST_BYTES)
    toml.check(found, kinds, path.name)
    count = len(found["step"])
    if not 1 <= count <= MOST_STEPS:
        raise ValueError(f"{path.name} has {count} steps, not 1 to {MOST_STEPS}.")
    return found, toml.places(path, text, "step", count)


def _step(found: Any, where: str) -> Step:
    kinds: dict[str, type] = dict.fromkeys(SENTENCES, str)
    kinds |= {"page": str, "state": dict}
    toml.check({"state": {}} | found if isinstance(found, dict) else found, kinds, where)
    if found["page"] not in PAGES:
        raise ValueError(f"{where}: page is {found['page']!r}, not one of {', '.join(PAGES)}.")
    state = found.get("state", {})
    for key, value in state.items():
        if not isinstance(value, str):
            raise ValueError(f'{where}: state.{key} is {value!r}; write it as text, "{value}".')
    return Step(found["page"], state, *(found[each] for each in (*SENTENCES[:4], "look")))
