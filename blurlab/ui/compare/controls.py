"""What is compared with what: the page's controls and its state in the address."""

from typing import Any

import streamlit as st

from blurlab.data import sources
from blurlab.measures.measured_data import data_sets
from blurlab.ui import link, show
from blurlab.ui.compare.figure import Point
from blurlab.ui.compare.report import ACROSS, UP

SHIPPED = ("imagenette", "imagenet", "objects")  # offered though nothing may be kept of them
LONGEST = 100  # characters of a number's name in an address
EXPLAINED = {
    "f_rev": "f_rev (hybrid images)",
    "f_0.5": "f_0.5 (smallest changes)",
    "critical band": "critical band (noise)",
    "median minimal epsilon (FMN, 100 steps)": "smallest change that fools it",
}


def parameters() -> dict[str, link.Parameter]:
    """Return the page's state in its address, which names pictures that something is kept of."""
    return {
        "compared": link.choice(list(offered()), SHIPPED[0]),
        "across": link.text(ACROSS, LONGEST),
        "up": link.text(UP, LONGEST),
        "paper": link.flag(),
    }


def offered() -> dict[str, str]:
    """Return the titles of the pictures that networks can be compared on."""
    measured = {_short(data): each.title for data, each in data_sets().items()}
    return {data: sources.TITLES[data] for data in SHIPPED} | measured


def _short(data: str) -> str:
    """Write a data set as its name alone."""
    return data.removesuffix("/val")


def pictures(place: Any) -> str:
    """Draw the choice of the pictures that networks were measured on, and return it."""
    known = offered()
    if not st.session_state["present"]:
        place.selectbox(
            "Measured on", list(known), show.place(list(known), "compared"), key="compared",
            format_func=known.get,
        )  # fmt: skip
    return st.session_state["compared"]


def axis(place: Any, words: str, options: list[str], key: str) -> str:
    """Draw the choice of an axis, and return the number that lies along it."""
    state = st.session_state
    if state[key] not in options:
        state[key] = options[0]
    if not state["present"]:
        place.selectbox(words, options, show.place(options, key), key=key, format_func=explained)
    return state[key]


def explained(label: str) -> str:
    return EXPLAINED.get(label, label)


def behind(place: Any, data: str, theirs: list[Point]) -> list[Point]:
    """Draw the switch for the paper's points, and return those to show.

    data: what ours are measured on; ImageNet has few of ours and none of it is switched off.
    theirs: those that there are for the pictures and the axes.
    """
    if data == "imagenet":
        return theirs
    if not st.session_state["present"]:
        place.toggle("Paper's points", st.session_state["paper"], key="paper", disabled=not theirs)
    return theirs if st.session_state["paper"] else []
