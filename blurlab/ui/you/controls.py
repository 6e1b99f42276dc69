"""What there is to choose before a game: pictures, length, and for how long hybrids are seen."""

from typing import Any

import streamlit as st

from blurlab.ui import link, show
from blurlab.ui.languages import say
from blurlab.ui.you import deck, game, screen

GAMES = {"taste": "Taste: 8 trials, 20 s", "number": "Number: about 40, 2 min"}
ASKED = 200  # ms that a hybrid is seen
LEAST, MOST = 30, 2000  # ms

PARAMETERS = {
    "deck": link.choice(list(deck.DECKS), "objects"),
    "game": link.choice(list(GAMES), "taste"),
    "shown_ms": link.number(LEAST, MOST, ASKED, "ms"),
    "game_seed": link.number(0, 2**31 - 1, 0),
    "trials": deck.ANSWERS,
    "you_width": link.number(0.0, screen.WIDEST, 0.0, "cm"),
}


def choose() -> None:
    """Draw the choices; another one begins another game."""
    state = st.session_state
    rests: dict[str, Any] = {"on_change": game.anew, "disabled": game.is_under_way()}
    row = st.container(horizontal=True, gap="large")
    show.one_of(row, say("How long"), GAMES, "game", **rests)
    if state["deck"] in (here := deck.available()):
        decks = {each: deck.DECKS[each] for each in here}
        show.one_of(row, say("Pictures"), decks, "deck", **rests)
    if note := deck.note(state["deck"]):
        st.caption(note)
    if game.is_under_way():
        row = st.container(horizontal=True, vertical_alignment="center")
        row.caption(
            say("These choices rest while a game is under way. It is kept if you reload the page.")
        )
        row.button(
            say("Begin anew"), on_click=game.anew, icon=":material/replay:",
            help=say("Forgets the answers of this game"),
        )  # fmt: skip
    with st.expander(say("Time and screen"), icon=":material/straighten:"):
        st.number_input(
            say("How long a picture is seen (ms)"), LEAST, MOST, int(state["shown_ms"]), 10,
            key="shown_ms", **rests,
        )  # fmt: skip
        screen.calibrate()
