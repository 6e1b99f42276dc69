"""The words of the field, from one file, with a sentence each."""

import tomllib
from functools import lru_cache
from typing import Any, NamedTuple

import streamlit as st

from blurlab import places
from blurlab.ui import languages
from blurlab.ui.languages import ENGLISH, say


class Word(NamedTuple):
    """says: what it means, in one sentence.  on: titles of the pages that use it.
    picture: a key of PICTURES, or "".

    page, state: where to try it; "" for a word that needs no page.
    """

    term: str
    says: str
    on: tuple[str, ...] = ()
    picture: str = ""
    page: str = ""
    state: dict[str, str] = {}  # noqa: RUF012  nobody writes to it


@lru_cache(maxsize=8)
def words(code: str = ENGLISH) -> tuple[Word, ...]:
    """Return all words in the order of the file, in the language of a code."""
    found: list[dict[str, Any]] = tomllib.loads(places.GLOSSARY.read_text("utf-8"))["word"]
    said = languages.entries(places.GLOSSARY, code)
    return tuple(Word(**each | said.get(each["term"], {})) for each in found)


def used_on(title: str, code: str = ENGLISH) -> list[Word]:
    """Return the words that the page of an English title uses, in the language of a code."""
    return [each for each in words(code) if title in each.on]


def offer() -> None:
    """Draw the list of words, for a hover, a tap or the keyboard, on any page."""
    with st.popover(say("Words"), icon=":material/dictionary:"):
        known = words(languages.current())
        st.markdown("\n".join(f"- **{each.term}**: {each.says}" for each in known))
