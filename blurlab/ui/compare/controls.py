"""What is compared with what: the page's controls and its state in the address."""

from typing import Any

import streamlit as st

from blurlab.corruptions import table
from blurlab.corruptions.corrupting import SEVERITIES
from blurlab.data import sources
from blurlab.measures.measured_data import data_sets
from blurlab.sentence import Sentence
from blurlab.ui import link, show
from blurlab.ui.compare.figure import Point
from blurlab.ui.compare.report import ACROSS, UP
from blurlab.ui.languages import say

SHIPPED = ("imagenette", "imagenet", "objects")  # offered though nothing may be kept of them
LONGEST = 100  # characters of a number's name in an address
ALL = "all"
CORRUPTIONS = {ALL: "All 15 of ImageNet-C"} | {
    name: table.CORRUPTIONS[name].title for name in table.published()
}
STRENGTHS = {ALL: "All five"} | {str(each): str(each) for each in SEVERITIES}
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
        "means": link.flag(),
        "under": link.choice(list(CORRUPTIONS), "fog"),
        "under_severity": link.choice(list(STRENGTHS), ALL),
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
        _one_of(place, say("Measured on"), known, "compared")
    return st.session_state["compared"]


def axis(place: Any, words: str, options: list[str], key: str) -> str:
    """Draw the choice of an axis, and return the number that lies along it."""
    state = st.session_state
    if state[key] not in options:
        state[key] = options[0]
    if not state["present"]:
        titles = {each: say(explained(each)) for each in options}
        place.selectbox(
            words, options, show.place(options, key), key=key, format_func=titles.__getitem__
        )
    return next(each for each in options if each == state[key])  # as a Sentence, where it is one


def corruption() -> tuple[str | None, int | None]:
    """Draw the choice of a corruption and a severity, and return them, None for all."""
    state = st.session_state
    if not state["present"]:
        _, left, right = st.columns([5, 3, 2], vertical_alignment="bottom")
        _one_of(left, say("Corruption"), CORRUPTIONS, "under")
        _one_of(right, say("Severity"), STRENGTHS, "under_severity")
    name, severity = state["under"], state["under_severity"]
    return (None if name == ALL else name), (None if severity == ALL else int(severity))


def _one_of(place: Any, words: str, known: dict[str, str], key: str) -> None:
    place.selectbox(
        words,
        list(known),
        show.place(list(known), key),
        key=key,
        format_func={each: say(title) for each, title in known.items()}.__getitem__,
    )


def named(name: str | None, severity: int | None) -> str:
    """Say what the accuracy is under, as the title of its axis."""
    if not name:
        if not severity:
            return UP
        return Sentence("accuracy, all corruptions, severity {severity}", severity=severity)
    what = Sentence(table.CORRUPTIONS[name].title.lower())
    what.text = table.CORRUPTIONS[name].title  # as other languages have it
    if not severity:
        return Sentence("accuracy, {corruption}", corruption=what)
    words = "accuracy, {corruption}, severity {severity}"
    return Sentence(words, corruption=what, severity=severity)


def explained(label: str) -> str:
    return EXPLAINED.get(label, label)


def averaged(place: Any) -> bool:
    """Draw the switch for the means of the networks of a kind, and tell whether it is on."""
    if not st.session_state["present"]:
        place.toggle(
            say("Means of kinds"), st.session_state["means"], key="means",
            help=say("The mean of each kind of network of which there are several recipes"),
        )  # fmt: skip
    return bool(st.session_state["means"])


def behind(place: Any, data: str, theirs: list[Point]) -> list[Point]:
    """Draw the switch for the paper's points, and return those to show.

    data: what ours are measured on; ImageNet has few of ours and none of it is switched off.
    theirs: those that there are for the pictures and the axes.
    """
    if data == "imagenet":
        return theirs
    if not st.session_state["present"]:
        place.toggle(
            say("Paper's points"), st.session_state["paper"], key="paper", disabled=not theirs
        )
    return theirs if st.session_state["paper"] else []
