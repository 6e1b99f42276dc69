"""The words that a page uses, below its title, each explained to a hover, a tap or the Tab key."""

import html
from functools import lru_cache

import streamlit as st

from blurlab.ui import languages
from blurlab.ui.learn.words import Word, used_on

STYLE = """<style>
.blurlab-words { position: relative; display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; }
.blurlab-words [tabindex] {
  color: inherit; opacity: 0.8; cursor: help; font-size: 0.875rem;
  text-decoration: underline dotted; text-underline-offset: 0.2em;
}
.blurlab-words [role="tooltip"] { display: none; }
.blurlab-words [tabindex]:is(:hover, :focus) { opacity: 1; }
.blurlab-words [tabindex]:is(:hover, :focus) + [role="tooltip"] {
  display: block; position: absolute; z-index: 20; left: 0; top: calc(100% + 0.2rem);
  width: min(34rem, 100%); padding: 0.7rem 0.9rem; border-radius: 0.5rem; font-size: 1rem;
  color: light-dark(#31333f, #fafafa); background: light-dark(#fff, #262730);
  box-shadow: 0 2px 12px rgb(0 0 0 / 35%);
}
.blurlab-words img { height: 5.5rem; margin: 0.5rem 0.5rem 0 0; border-radius: 0.3rem; }
</style>"""


def explain(title: str) -> None:
    """Draw the words of the page of this English title; nothing where it uses none."""
    if text := _written(title, languages.current()):
        st.html(text)


@lru_cache(maxsize=64)
def _written(title: str, code: str) -> str:
    found = used_on(title, code)
    said = "".join(_word(number, each) for number, each in enumerate(found))
    return f'{STYLE}<div class="blurlab-words">{said}</div>' if found else ""


def _word(number: int, word: Word) -> str:
    name = f"blurlab-word-{number}"
    shown = "".join(
        f'<img src="{url}" alt="{html.escape(f"{word.term}: {languages.say(what)}")}">'
        for what, url in _pictures(word)
    )
    return (
        f'<span tabindex="0" aria-describedby="{name}">{html.escape(word.term)}</span>'
        f'<span role="tooltip" id="{name}">{html.escape(word.says)}<br>{shown}</span>'
    )


def _pictures(word: Word) -> list[tuple[str, str]]:
    if not word.picture:
        return []
    from blurlab.ui.learn import pictures  # of corruptions and more, for which no page waits

    return pictures.small(word.picture)
