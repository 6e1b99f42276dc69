"""Every picture that can be chosen by name, as thumbnails to choose from."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import streamlit as st

from blurlab.pictures import images
from blurlab.ui import cache
from blurlab.ui.feed import source
from blurlab.ui.languages import say

SIDE = 112  # of a thumbnail, pixels
KINDS = {"object": "Objects", "photograph": "Photographs", "imagenette": "Imagenette"}
VARIANT = 22  # of an object; the one that pages open with

HTML = '<div class="gallery"></div>'

_gallery = st.components.v2.component(
    "blurlab_gallery", html=HTML, css=source("gallery.css"), js=source("gallery.js")
)


def opener(place: Any, side: str, options: Sequence[str], title: Callable[[str], str]) -> None:
    """Draw a button that opens the gallery, where a click chooses the picture of a side.

    options, title: as the side's select box has them; those of other kinds have no thumbnail.
    """
    if place.button(
        say("Gallery: {side}", side=say(side)), icon=":material/grid_view:",
        help=say("Choose by sight"), key=f"{side}_gallery", width="stretch",
    ):  # fmt: skip
        st.dialog(say("Choose a picture"), width="large")(_opened)(side, list(options), title)


def _opened(side: str, options: list[str], title: Callable[[str], str]) -> None:
    def choose() -> None:
        chosen = st.session_state[f"{side}_shelf"].chosen
        if chosen in options:
            st.session_state[side] = chosen

    state = _gallery(
        key=f"{side}_shelf",
        data={"groups": groups(options, title), "chosen": st.session_state[side]},
        on_chosen_change=choose,
    )
    if state.chosen:
        st.rerun()


def groups(options: Sequence[str], title: Callable[[str], str]) -> list[dict[str, Any]]:
    """Sort the options that have a thumbnail by kind, each with its name and picture."""
    found: dict[str, list[dict[str, str]]] = {}
    for option in options:
        kind = option.partition(":")[0]
        if kind in KINDS:
            shown = {"option": option, "title": title(option), "url": thumbnail(option)}
            found.setdefault(kind, []).append(shown)
    return [{"title": say(KINDS[kind]), "pictures": shown} for kind, shown in found.items()]


@lru_cache(maxsize=128)
def thumbnail(option: str) -> str:
    """Return a small picture of an option, kind:name, as a data URL."""
    kind, _, name = option.partition(":")
    choice = cache.Choice(kind, name, VARIANT if kind == "object" else 0)
    return images.data_url(images.square(cache.picture(choice), SIDE), "jpeg")
