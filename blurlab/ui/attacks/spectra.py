"""Where in frequency the change of an attack lies, drawn and said."""

import math
from collections.abc import Sequence

import streamlit as st
from plotly.graph_objects import Figure

from blurlab.ui import cache, files, protocol, shell, spectra
from blurlab.ui.attacks.job import Setting, Step
from blurlab.ui.languages import say

PRESENTED = 500  # pixels of a figure for presenters, below two rows of buttons


def draw(setting: Setting, step: Step, title: str, key: str) -> None:
    """Draw the spectrum of one step's change with f_0.5, and say it; title: whose change it is."""
    marks = {} if math.isnan(step.half_power) else {"f_0.5": step.half_power}
    figure = spectra.power_spectra(
        {say("the change"): step.power}, marks, st.session_state["unit"],
        size=cache.SIZE, degrees=shell.degrees(),
    )  # fmt: skip
    about = _told(f"Power spectrum of the change of an attack, {title}", setting)
    words = half_power_text(setting, step)
    _show(figure, key, about, say("Where the change of {title} lies", title=title), words)


def draw_course(setting: Setting, found: Sequence[Step], position: int) -> None:
    """Draw f_0.5 over the steps so far; position: the step that is marked."""
    figure = spectra.half_power_course(
        [step.half_power for step in found], st.session_state["unit"],
        size=cache.SIZE, degrees=shell.degrees(), position=position,
    )  # fmt: skip
    about = _told("f_0.5 of an attack, step by step", setting)
    words = say(
        "It moves to where the attacked network is sensitive: low for one trained behind a "
        "blur, high for others."
    )
    _show(figure, "attack_course", about, say("f_0.5, step by step"), words)


def _show(figure: Figure, key: str, about: dict[str, str], title: str, words: str) -> None:
    """Show a figure with a title above it and what to see in it below, which presenters say."""
    present = st.session_state["present"]
    if not present:
        st.markdown(f"**{title}**")
    shell.chart(figure, key, about, presented=PRESENTED)
    if not present:
        st.caption(words)


def _told(title: str, setting: Setting) -> dict[str, str]:
    return protocol.told(
        title,
        [setting.model],
        pictures=protocol.picture(setting.picture),
        settings=files.described(setting),
    )


def half_power_text(setting: Setting, step: Step) -> str:
    """Say in a sentence what f_0.5 is at a step, in the app's unit and in the paper's."""
    if math.isnan(step.half_power):
        return say("Nothing has changed yet.")
    side = cache.card(setting.model)["recipe"]["input_size"]
    return say(
        "Half of the change's power lies below f_0.5 = {half}, that is {pixel:.3f} cycles/pixel of "
        "the model's {side}-pixel input, the paper's unit. Its pixels end at {end}.",
        half=shell.frequency(step.half_power, cache.SIZE),
        pixel=step.half_power / side,
        side=side,
        end=shell.frequency(side / 2, cache.SIZE),
    )
