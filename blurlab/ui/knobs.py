"""A knob as a control of a page, and as a value in its address."""

from typing import Any

import streamlit as st

from blurlab.knobs import Knob
from blurlab.ui import link, show
from blurlab.ui.languages import say


def parameter(knob: Knob) -> link.Parameter:
    """Return what an address holds of a knob; a number ends where its slider does."""
    if knob.options:
        return link.choice(list(knob.options), knob.default)
    if knob.type is bool:
        return link.flag(knob.default)
    return link.number(knob.low, knob.high, knob.default, knob.unit)


def parameters(knobs: list[Knob]) -> dict[str, link.Parameter]:
    return {knob.key: parameter(knob) for knob in knobs}


def draw(place: Any, knob: Knob, **options: Any) -> None:
    """Draw a knob's control in its place: a choice, a switch, a slider where it has steps, or a
    field for a number.
    """
    value, options = st.session_state[knob.key], {"key": knob.key} | options
    if knob.help:
        options = {"help": say(knob.help)} | options
    if knob.options:
        show.one_of(place, say(knob.title), knob.options, **options)
    elif knob.type is bool:
        place.toggle(say(knob.title), value, **options)
    elif knob.step:
        place.slider(say(knob.title), knob.low, knob.high, value, step=knob.step, **options)
    else:
        place.number_input(say(knob.title), knob.low, knob.high, value, **options)
