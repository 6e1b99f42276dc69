"""The guided story: five steps that set the stage and say what to see in it."""

from typing import NamedTuple

import streamlit as st

from blurlab.ui import link
from blurlab.ui.home import scenes


class Step(NamedTuple):
    """A heading, a few sentences, and the cutoff (cycles/image) and distance they are about."""

    title: str
    text: str
    cutoff: float
    far: bool


STEPS = (
    Step(
        "Two pictures in one",
        "Up close you read the fine lines: a house of bricks. The soft shape behind it is a fish.",
        8.0,
        False,
    ),
    Step(
        "Step back",
        "What an eye resolves of the same picture from far away: the bricks are gone, the fish "
        "remains. Distance removes high spatial frequencies. What do the networks name now?",
        8.0,
        True,
    ),
    Step(
        "Ask the networks",
        "Both were trained on the same pictures; one of them saw everything through a blur. "
        "Compare what they name now.",
        8.0,
        False,
    ),
    Step(
        "Find where they change their minds",
        "Drag the cutoff. Where a network's line crosses zero is its reverse frequency: the lower "
        "it is, the more the network relies on coarse structure.",
        16.0,
        False,
    ),
    Step(
        "Why it matters",
        "Noise and small attacks live in high frequencies. Li et al. (2023) found that networks "
        "with a low reverse frequency withstand them better, and that training behind a fixed blur "
        "is enough to lower it.",
        16.0,
        False,
    ),
)

PARAMETERS = {"story": link.number(0, len(STEPS), 0)}


def told() -> None:
    """Draw the step that the story is at, or the way into it."""
    number = st.session_state["story"]
    if number == 0:
        st.button(
            "Start the guided story",
            type="primary",
            icon=":material/play_arrow:",
            on_click=_go,
            args=(1,),
        )
        return
    step = STEPS[number - 1]
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{number} of {len(STEPS)} · {step.title}.** {step.text}")
        st.button("Back", on_click=_go, args=(number - 1,), shortcut="b")
        last = number == len(STEPS)
        st.button(
            "Finish" if last else "Next",
            key="story_next",
            type="primary",
            on_click=_go,
            args=(0 if last else number + 1,),
            shortcut="n",
        )


def _go(number: int) -> None:
    st.session_state["story"] = number
    if number:
        st.session_state["scene"] = scenes.OBJECTS
        st.session_state["cutoff"] = STEPS[number - 1].cutoff
        st.session_state["far"] = STEPS[number - 1].far
