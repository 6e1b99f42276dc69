"""The article: sections with a figure that moves, and then every word with its sentence."""

import tomllib
from functools import lru_cache
from typing import NamedTuple

import streamlit as st

from blurlab import places
from blurlab.ui import link, show
from blurlab.ui.learn import figures
from blurlab.ui.learn.words import words
from blurlab.ui.stories import telling


class Section(NamedTuple):
    """title, says: stand above the figure, a key of FIGURES.

    page, state: where to go on; "" for a section that needs no page.
    """

    title: str
    says: str
    figure: str
    page: str = ""
    state: dict[str, str] = {}  # noqa: RUF012  nobody writes to it


@lru_cache(maxsize=1)
def sections() -> tuple[Section, ...]:
    """Return all sections in the order of the file."""
    found = tomllib.loads(places.ARTICLE.read_text("utf-8"))["section"]
    return tuple(Section(**each) for each in found)


def parameters() -> dict[str, link.Parameter]:
    """Return the page's state in its address: the section that presenters show."""
    known = [section.figure for section in sections()]
    return {"section": link.choice(known, known[0])}


def show_sections() -> None:
    """Draw the article, each figure as soon as it is made."""
    for section in sections():
        st.subheader(section.title, anchor=False)
        st.markdown(section.says)
        show_figure(section.figure)
        try_it(section.figure, section.page, section.state)


def show_one() -> None:
    """Draw the choice of a section, and the figure of it alone."""
    titles = {section.figure: section.title for section in sections()}
    show.one_of(st, "Section", titles, "section", label_visibility="collapsed")
    show_figure(st.session_state["section"])


def show_figure(name: str) -> None:
    """Draw a figure, or why it is not here."""
    if figures.can_be_made(name):
        moving(name)
    else:
        st.caption("The networks of the drawn objects, which this figure asks, are not here.")


@st.fragment
def moving(name: str) -> None:
    """Draw a figure, whose slider moves without the rest of the page."""
    figure, urls = figures.made(name)
    pictures = {
        "label": figure.label,
        "unit": figure.unit,
        "positions": [float(index) for index in range(len(figure.positions))],
        "texts": [f"{each:g}" for each in figure.positions],
        "position": float(figure.positions.index(figure.position)),
        "pictures": [{"title": title, "urls": each} for title, each in urls.items()],
    }
    said = {
        "models": figure.models,
        "answers": figure.answers,
        "curve_titles": figure.curves,
        "note": figure.note,
    }
    show.answered_frames(f"learn-{name}", pictures, said, lambda position: None)


def show_words() -> None:
    """Draw every word of the field with its sentence."""
    for word in words():
        st.markdown(f"**{word.term}**: {word.says}")
        try_it(word.term, word.page, word.state)


def try_it(what: str, page: str, state: dict[str, str]) -> None:
    """Draw the button that leads on, where a page does."""
    if page:
        st.button(
            "Try it", icon=":material/arrow_forward:", key=f"try_{what}",
            on_click=telling.open_page, args=(page, state),
        )  # fmt: skip
