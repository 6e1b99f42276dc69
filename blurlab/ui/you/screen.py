"""The screen's size by a bank card, and the eye's distance: what a picture measures in degrees."""

import math

import streamlit as st

from blurlab.ui.feed import source

CARD_CM = 5.398  # the short side of a bank card of 8.56 x 5.398 cm (ISO/IEC 7810, ID-1)
UNKNOWN = 204.0  # pixels of that side on a screen of 96 pixels per inch
LEAST, MOST = 90.0, 450.0  # of them, on any screen
WIDEST = 200.0  # cm of a picture
SIDE = 425.0  # pixels, as CSS counts them, of the game's picture on a wide screen

_ruler = st.components.v2.component(
    "blurlab_ruler",
    html=source("ruler.html"),
    css=source("ruler.css"),
    js=source("ruler.js"),
)


def calibrate() -> None:
    """Draw the controls; they set you_width, the width of the game's picture in cm."""
    state = st.session_state
    st.markdown(
        "For cycles/degree, hold a bank card upright to the screen and drag until the frame "
        "is as wide."
    )
    _ruler(
        key="you_ruler",
        data={"pixels": state.get("you_card", UNKNOWN)},
        default={"pixels": state.get("you_card", UNKNOWN)},
        on_pixels_change=_measured,
    )
    if state["unit"] == "degree":
        st.caption("Your distance from the screen is set in the sidebar.")
    else:
        st.number_input(
            "Your distance from the screen (cm)", 10.0, 2000.0, float(state["distance"]),
            key="distance",
        )  # fmt: skip
    if state["you_width"]:
        st.caption(f"The picture is {state['you_width']:.1f} cm wide, or {degrees():.1f} degrees.")


def _measured() -> None:
    """Take up the card's width that a person has set."""
    pixels = st.session_state["you_ruler"]["pixels"]
    if isinstance(pixels, (int, float)) and LEAST <= pixels <= MOST:
        st.session_state["you_card"] = float(pixels)
        measure(st.session_state.get("you_side", SIDE))


def measure(side: float) -> None:
    """Take up the side of the game's picture, CSS pixels, where it is known what they measure."""
    state = st.session_state
    state["you_side"] = side
    if "you_card" in state:
        state["you_width"] = min(round(CARD_CM * side / state["you_card"], 2), WIDEST)


def degrees() -> float | None:
    """Return the visual angle of the game's picture, None where the screen is not measured."""
    width = st.session_state["you_width"]
    if not width:
        return None
    return math.degrees(2 * math.atan(width / 2 / st.session_state["distance"]))
