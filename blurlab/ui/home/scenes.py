"""The pairs of pictures that Home shows: drawn objects, and photographs."""

from typing import NamedTuple

import streamlit as st

from blurlab.pictures import photographs
from blurlab.ui import cache, link, pictures, show
from blurlab.ui.hybrid import controls
from blurlab.ui.languages import say

OBJECTS, PHOTOGRAPHS = "objects", "photographs"


class Scene(NamedTuple):
    """title: on its button.  low, high: its pictures.  words: say what is in them, as Markdown."""

    title: str
    low: cache.Choice
    high: cache.Choice
    words: str


SCENES = {
    PHOTOGRAPHS: Scene(
        "Photographs",
        cache.Choice("photograph", "coffee"),
        cache.Choice("photograph", "cat"),
        "This picture is a **cup of espresso** in its coarse structure and a **cat** in its fine "
        "structure. Both networks know a thousand things; one saw them all through a blur. Drag "
        "the cutoff: when does each stop seeing the cat?",
    ),
    OBJECTS: Scene(
        "Drawn objects",
        cache.Choice("object", "fish", 22),
        cache.Choice("object", "house", 50),
        "This picture is a **fish** in its coarse structure and a **house** in its fine structure. "
        "The networks learned from objects whose outline and texture agreed; here the two "
        "contradict each other. Drag the cutoff: which of them does each network go by?",
    ),
}


def has_photographs() -> bool:
    """Tell whether the photographs are here, and a network that can name them."""
    return {"coffee", "cat"} <= set(photographs.here()) and pictures.can_name_photographs()


# Where Home opens, between the cutoffs at which the networks change from one picture to the other.
CUTOFF = 16.0  # cycles/image
PARAMETERS = {
    "scene": link.choice(list(SCENES), PHOTOGRAPHS if has_photographs() else OBJECTS),
    "cutoff": controls.PARAMETERS["cutoff"]._replace(default=CUTOFF),
}


def shown() -> Scene:
    """Return the scene that is chosen, or that of the objects where photographs are not named."""
    return SCENES[st.session_state["scene"] if has_photographs() else OBJECTS]


def choose() -> None:
    """Draw the choice of the scene, where there is one; a story that is presented has made it."""
    is_presented = st.session_state["present"] and st.session_state["story"]
    if has_photographs() and not is_presented:
        show.one_of(
            st, say("Pictures"), {name: each.title for name, each in SCENES.items()}, "scene"
        )
