"""What pages say, in the visitor's language: one file for each but English, the code's own.

A file CODE.toml in blurlab/languages holds the language's own name and, by the English sentence,
its own. What it lacks is said in English. Beside the glossary, the article and each story may lie a
file of the same name with the code before its ending.
"""

import json
import re
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from numbers import Real
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from blurlab import places
from blurlab.sentence import Sentence
from blurlab.ui import toml

ENGLISH = "en"
POINT = "."
BETWEEN_DIGITS = re.compile(r"(?<=\d)[.,](?=\d)")
SIGMA = re.compile(r"σ = \d+(?:[.,]\d+)?(?: px)?")
MOST_BYTES = 1_000_000
# A text of a script, and one of HTML; data-say marks an element whose text or label is said.
IN_SCRIPT = re.compile(r'\bsay\(\s*("(?:[^"\\]|\\.)*")')
IN_HTML = re.compile(r"<\w+((?:\s[^<>]*)?\sdata-say[^<>]*)>([^<]*)")
LABEL = re.compile(r'aria-label="([^"]*)"')

_speaking: ContextVar[str] = ContextVar("speaking")  # what has no session says which it was


class Beside(NamedTuple):
    """A file of tables [[table]]. key: identifies one.  says: what each says."""

    table: str
    key: str
    says: tuple[str, ...]


BESIDE = {
    places.GLOSSARY: Beside("word", "english", ("term", "says")),
    places.ARTICLE: Beside("section", "figure", ("title", "says")),
}


class Language(NamedTuple):
    """name: in the language itself.  texts: English sentence -> its own.

    decimal: what it writes before the decimals of a number, "." or ",".
    """

    name: str
    texts: Mapping[str, str]
    decimal: str = POINT


class _Filled(string.Formatter):
    """Fills texts in as str.format does, numbers and sentences in the visitor's language."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Real):
            return numeral(format(value, format_spec))
        return format(say(value) if isinstance(value, Sentence) else value, format_spec)


def say(text: str, **filled: Any) -> str:
    """Return an English text in the visitor's language, its {names} filled in, if there are any."""
    if isinstance(text, Sentence):
        return str(text) if current() == ENGLISH else say(text.text, **text.filled)
    said = texts(current()).get(text, text)
    return _Filled().format(said, **filled) if filled else said


def numeral(written: str) -> str:
    """Return numbers that are written in English as the visitor's language writes them."""
    if decimal() == POINT:
        return written
    return BETWEEN_DIGITS.sub(lambda mark: POINT if mark[0] == "," else ",", written)


def unbroken(text: str) -> str:
    """Return a text for where lines are wrapped, which then keep “σ = 2 px” together."""
    return SIGMA.sub(lambda found: found[0].replace(" ", "\u00a0"), text)


def decimal() -> str:
    """Return what stands before the decimals of a number in the visitor's language."""
    found = _all(places.LANGUAGES).get(current())
    return found.decimal if _is_good(found) else POINT


def say_each(found: Iterable[str]) -> list[str]:
    """Return many English texts in the visitor's language, such as all that a network answers."""
    known = texts(current())
    return [known.get(each, each) for each in found]


def current() -> str:
    """Return the code of the visitor's language, which is the address's or else the browser's.

    What runs in no session speaks English.
    """
    if (code := _speaking.get(None)) is not None:
        return code
    if get_script_run_ctx(suppress_warning=True) is None:
        return ENGLISH
    state = st.session_state
    if chosen := state.get("lang"):
        return chosen
    if "lang_browser" not in state:  # which takes longer to ask for
        state["lang_browser"] = best(st.context.locale or "")
    return state["lang_browser"]


def best(asked: str) -> str:
    """Return the first language of a browser's list that there is, or else English.

    asked: such as "de-CH" or "fr, de;q=0.8", the most wanted first, as browsers write it.
    """
    for each in asked.split(","):
        code = each.split(";")[0].split("-")[0].strip().lower()
        if code in names():
            return code
    return ENGLISH


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speak a language until the block ends, with or without a session."""
    token = _speaking.set(code)
    try:
        yield
    finally:
        _speaking.reset(token)


def later(make: Callable[[], Any]) -> Callable[[], Any]:
    """Have a function that is called without a session speak the language of this one."""
    code = current()

    def made() -> Any:
        with speaking(code):
            return make()

    return made


def names() -> dict[str, str]:
    """Return the languages' codes with what they call themselves, English first."""
    return {ENGLISH: "English"} | {
        code: found.name for code, found in _all(places.LANGUAGES).items() if _is_good(found)
    }


def texts(code: str) -> Mapping[str, str]:
    """Return a language's texts by the English ones; none where there is no such language."""
    found = _all(places.LANGUAGES).get(code)
    return found.texts if _is_good(found) else {}


def broken() -> list[str]:
    """Say what is wrong with each file of a language: its own, and those of words and sections."""
    found = [each for each in _all(places.LANGUAGES).values() if isinstance(each, str)]
    said = (_beside(path, code) for code in names() for path in BESIDE)
    return found + [each for each in said if isinstance(each, str)]


def _is_good(found: Language | str | None) -> TypeGuard[Language]:
    return isinstance(found, Language)


@lru_cache(maxsize=4)
def _all(folder: Path) -> dict[str, Language | str]:
    """Read all languages of a folder once: code -> the language, or what is wrong with its file."""
    return {path.stem: _tried(read, path) for path in sorted(folder.glob("*.toml"))}


def _tried(reader: Callable[[Path], Any], path: Path) -> Any:
    """Return what a reader finds in a file, or the sentence that says why it found nothing."""
    try:
        return reader(path)
    except (ValueError, OSError) as error:
        return str(error)


def read(path: Path) -> Language:
    """Read a language.

    Raises ValueError naming the file and the line for what is none.
    """
    found, text = toml.read(path, MOST_BYTES)
    found = {"texts": {}, "decimal": POINT} | found
    toml.check(found, {"name": str, "texts": dict, "decimal": str}, path.name)
    if found["decimal"] not in (POINT, ","):
        raise ValueError(f"{path.name}: decimal is {toml.short(found['decimal'])}, not '.' or ','.")
    for english, said in found["texts"].items():
        where = f"{path.name}, line {_line(text, english)}"
        toml.check({"text": said}, {"text": str}, where)
        if (given := _placeholders(said)) != (asked := _placeholders(english)):
            raise ValueError(
                f"{where}: it fills in {given or 'nothing'}, not {asked or 'nothing'}."
            )
    return Language(found["name"], found["texts"], found["decimal"])


def _line(text: str, english: str) -> int:
    """Return the line of a file on which a text's English stands, 1 where it is not found."""
    starts = (json.dumps(english, ensure_ascii=False), f"'{english}'", english)
    lines = enumerate(text.splitlines(), 1)
    return next((n for n, line in lines if line.lstrip().startswith(starts)), 1)


def _placeholders(text: str) -> str:
    """List what a text is to be given, and how it is written, such as "{share:.0%}, {title}"."""
    try:
        parts = [each[1:3] for each in string.Formatter().parse(text) if each[1] is not None]
    except ValueError as error:
        return f"{error} in it"
    return ", ".join(sorted({f"{{{name}{spec and ':'}{spec}}}" for name, spec in parts}))


def beside(path: Path, code: str) -> Path:
    """Return where a file of texts would lie in another language."""
    return path.with_name(f"{path.stem}.{code}.toml")


def entries(path: Path, code: str) -> Mapping[str, dict[str, str]]:
    """Return what a language says of a file's tables, by what identifies each.

    path: one of BESIDE.  Nothing for English, and where the language lacks the file.
    """
    found = _beside(path, code)
    return {} if isinstance(found, str) else found


@lru_cache(maxsize=16)
def _beside(path: Path, code: str) -> dict[str, dict[str, str]] | str:
    other = beside(path, code)
    return _tried(lambda file: _entries(file, BESIDE[path]), other) if other.is_file() else {}


def _entries(path: Path, kind: Beside) -> dict[str, dict[str, str]]:
    found, text = toml.read(path, MOST_BYTES)
    toml.check(found, {kind.table: list}, path.name)
    tables = found[kind.table]
    kinds = dict.fromkeys((kind.key, *kind.says), str)
    for table, where in zip(tables, toml.places(path, text, kind.table, len(tables)), strict=True):
        toml.check(table, kinds, where)
    return {each[kind.key]: {name: each[name] for name in kind.says} for each in tables}


@lru_cache(maxsize=64)
def _shown(code: str, sources: tuple[str, ...], words: frozenset[str]) -> dict[str, Any]:
    known = texts(code)
    asked = words.union(*map(said_by, sources))
    found = {each: known[each] for each in sorted(asked) if each in known}
    if code == ENGLISH:
        return {}
    with speaking(code):
        return {"language": {"code": code, "texts": found, "decimal": decimal()}}


def shown(*sources: str, words: Iterable[str] = ()) -> dict[str, Any]:
    """Return what the data of a view in the browser need to be said in the visitor's language.

    sources: its script and its HTML.  words: what more it is going to say.
    """
    return _shown(current(), sources, frozenset(words))


def said_by(source: str) -> set[str]:
    """Return the English texts that a script, or HTML, says."""
    found = {json.loads(each) for each in IN_SCRIPT.findall(source)}
    for attributes, text in IN_HTML.findall(source):
        found |= {" ".join(each.split()) for each in (text, *LABEL.findall(attributes))}
    return found - {""}
