"""The screen's size by a bank card, and the eye's distance: what a picture measures in degrees."""

import math
from typing import Any

import streamlit as st

from blurlab.people import blind_spot
from blurlab.sentence import Sentence, why
from blurlab.ui import languages, shell, show
from blurlab.ui.feed import source, timed
from blurlab.ui.languages import say

CARD_CM = 5.398  # the short side of a bank card of 8.56 x 5.398 cm (ISO/IEC 7810, ID-1)
UNKNOWN = 204.0  # pixels of that side on a screen of 96 pixels per inch
LEAST, MOST = 90.0, 450.0  # of them, on any screen
WIDEST = 200.0  # cm of a picture
LONGEST = 1000  # cm on any screen
SIDE = 425.0  # pixels, as CSS counts them, of the game's picture on a wide screen

RULER = source("ruler.html"), source("say.js", "ruler.js")
BLIND_SPOT = source("blindspot.html"), source("say.js", "blindspot.js")

_ruler = st.components.v2.component(
    "blurlab_ruler",
    html=RULER[0],
    css=source("ruler.css"),
    js=RULER[1],
)
_blind_spot = st.components.v2.component(
    "blurlab_blindspot",
    html=BLIND_SPOT[0],
    css=source("blindspot.css"),
    js=BLIND_SPOT[1],
)


def calibrate() -> None:
    """Draw the controls; they set distance, and you_width, how wide the picture is, both in cm."""
    state = st.session_state
    st.markdown(
        say(
            "For cycles/degree, hold a bank card upright to the screen and drag until the frame "
            "is as wide."
        )
    )
    card, senders = state.get("you_card"), "you_senders" in state
    far = state.get("you_far") if senders else state["distance"]
    _ruler(
        key="you_ruler",
        data={
            "pixels": card or UNKNOWN,
            "own": card and {"card": card, "distance": far},
            **languages.shown(*RULER),
        },
        default={"pixels": card or UNKNOWN, "kept": None},
        on_pixels_change=_measured,
        on_kept_change=_kept,
    )
    left, right = st.columns(2, vertical_alignment="bottom")
    if state["unit"] == "degree":
        left.caption(say("Your distance from the screen is set in the sidebar."))
    else:
        left.number_input(
            say("Your distance from the screen (cm)"), 10.0, 2000.0, float(state["distance"]),
            key="distance",
        )  # fmt: skip
    with right:
        _measure_distance()
    _say_distance()
    if state["you_width"] and card and not senders:
        st.caption(
            say(
                "The picture is {width:.1f} cm wide, or {degrees:.1f} degrees.",
                width=state["you_width"],
                degrees=degrees(),
            )
        )


def _measure_distance() -> None:
    """Draw the button that measures the distance, once it is known how large a pixel is."""
    card = st.session_state.get("you_card")
    data = {"pixels": card and card / CARD_CM, "sweeps": blind_spot.SWEEPS}
    data |= languages.shown(*BLIND_SPOT)
    _blind_spot(
        key="you_blindspot",
        data=timed("you_blindspot", data),
        default={"gaps": None},
        on_gaps_change=_vanished,
    )


def _say_distance() -> None:
    """Say what was measured last, or what it needs first."""
    state = st.session_state
    found = state.get("you_vanished")
    if "you_card" not in state:
        st.caption(
            say("Your blind spot tells the distance, once the frame is as wide as your card.")
        )
    elif isinstance(found, str):
        show.error(found)
    elif found is not None:
        st.caption(
            say(
                "By your blind spot: {median:.0f} cm, the median of {sweeps} sweeps ({least:.0f} "
                "to {greatest:.0f}).",
                median=found.median,
                sweeps=blind_spot.SWEEPS,
                least=found.least,
                greatest=found.greatest,
            )
        )


def _vanished() -> None:
    take_up(st.session_state["you_blindspot"]["gaps"])


def take_up(sent: Any) -> None:
    """Take up the distance by where dots vanished, or the sentence that says why not.

    sent: by a browser, so it may be anything; else the gaps of blind_spot.distance.
    """
    state = st.session_state
    try:
        found = blind_spot.distance(_lengths(sent))
    except ValueError as error:
        state["you_vanished"] = why(error)
    else:
        state["you_vanished"], state["distance"] = found, float(round(found.median))


def _lengths(sent: Any) -> list[float]:
    if not isinstance(sent, list) or not all(
        type(each) in (int, float) and abs(each) < LONGEST for each in sent
    ):
        words = "What the browser sent is no list of lengths below {most} cm."
        raise ValueError(Sentence(words, most=LONGEST))
    return [float(each) for each in sent]


def _measured() -> None:
    """Take up the card's width that a person has set."""
    pixels = st.session_state["you_ruler"]["pixels"]
    if isinstance(pixels, (int, float)) and LEAST <= pixels <= MOST:
        st.session_state["you_card"] = float(pixels)
        if "you_senders" not in st.session_state:  # their result was seen on another screen
            measure(st.session_state.get("you_side", SIDE))


def _kept() -> None:
    remember(st.session_state["you_ruler"]["kept"])


def remember(sent: Any) -> None:
    """Take up the card's width, in pixels, and the distance that a browser has kept.

    sent: by a browser, so it may be anything.
    """
    state = st.session_state
    if "you_card" in state or not isinstance(sent, dict):
        return
    card, far = sent.get("card"), sent.get("distance")
    if not isinstance(card, (int, float)) or not LEAST <= card <= MOST:
        return
    state["you_card"] = float(card)
    if far is not None and shell.SHARED["distance"].allows(far):
        state["you_far"] = float(far)
    if not state.get("trials"):
        own()


def meet() -> None:
    """Keep the distance of a result that was played elsewhere: it is not the visitor's."""
    state = st.session_state
    if state.get("you_seed") != state["game_seed"]:
        state.setdefault("you_senders", state["distance"])


def own() -> None:
    """Let the game be seen on one's own screen, and not on that which a link tells of."""
    state = st.session_state
    usual = shell.SHARED["distance"].default
    if state["distance"] in (state.pop("you_senders", usual), usual):
        state["distance"] = state.get("you_far", usual)
    state["you_width"] = 0.0
    measure(state.get("you_side", SIDE))


def measure(side: float) -> None:
    """Take up the side of the game's picture, CSS pixels, where it is known what they measure."""
    state = st.session_state
    state["you_side"] = side
    if "you_card" in state:
        state["you_width"] = min(round(CARD_CM * side / state["you_card"], 2), WIDEST)


def degrees() -> float | None:
    """Return the visual angle of the game's picture, None where the screen is not measured."""
    state = st.session_state
    if not state["you_width"]:
        return None
    distance = state.get("you_senders", state["distance"])
    return math.degrees(2 * math.atan(state["you_width"] / 2 / distance))
