"""The people so far, as the page shows them: who asks to be among them is, and nobody else."""

import statistics
from collections.abc import Sequence

import streamlit as st

from blurlab.people.finished import MOST, PEOPLE, Finished
from blurlab.statistics import Interval
from blurlab.ui import files, owner
from blurlab.ui.languages import say
from blurlab.ui.you import deck, players
from blurlab.ui.you.players import Played


def so_far(name: str) -> list[Interval]:
    """Return the reverse frequencies, cycles/image, of the people who saw a deck's pictures."""
    return [each.f_rev for each in PEOPLE.so_far() if each.deck == name]


def ask(you: Played) -> None:
    """Say where the people so far lie, and ask whoever has just played to be one of them."""
    state = st.session_state
    others = so_far(state["deck"])
    if others:
        middle = statistics.median(each.value for each in others)
        st.caption(
            say(
                "Each grey dot is one of {count:,} people who saw such pictures here and added "
                "theirs; the median is {middle:.2g} cycles/image.",
                count=len(others),
                middle=middle,
            )
            if len(others) > 1
            else say(
                "The grey dot is a person who saw such pictures here and added theirs, "
                "{middle:.2g} cycles/image.",
                middle=middle,
            )
        )
    if not _has_played() or players.end(you):  # half a result is no dot
        return
    if state.get("you_added") == state["you_seed"]:
        st.caption(say("Yours is among them."))
        return
    st.button(
        say("Add mine to the people so far"), on_click=_add, args=(you,),
        icon=":material/group_add:",
        help=say(
            "This server then remembers your reverse frequency, its interval and the kind of "
            "pictures, without a name, until it ends."
        ),
    )  # fmt: skip


def _has_played() -> bool:
    """Tell whether the result on the page is of a game that was played in this session."""
    state = st.session_state
    return bool(
        state.get("you_records")
        and state.get("you_seed") == state["game_seed"]
        and len(state["you_records"]) == len(deck.read(state["trials"]))
    )


def _add(you: Played) -> None:
    state = st.session_state
    PEOPLE.add(Finished(state["deck"], you.f_rev))
    state["you_added"] = state["you_seed"]


def manage() -> None:
    """Let the server's owner save and clear the results."""
    found = PEOPLE.so_far()
    if not found or not owner.is_owner():
        return
    with st.expander(say("People so far ({count:,})", count=len(found)), icon=":material/groups:"):
        st.markdown(
            say(
                "They have added their results without a name. The newest {most:,} are in the "
                "server's memory until it ends, or until you clear them.",
                most=MOST,
            )
        )
        left, right = st.columns(2)
        left.download_button(
            say("Results (CSV)"), files.as_csv(rows(found)), "people.csv", "text/csv",
            key="people_csv", on_click="ignore", width="stretch",
        )  # fmt: skip
        with right.popover(say("Clear"), width="stretch"):
            st.button(say("Forget {count:,} for good", count=len(found)), on_click=PEOPLE.forget)


def rows(found: Sequence[Finished]) -> list[dict]:
    """Return one row for each person."""
    return [
        {
            "deck": each.deck,
            "f_rev_cycles_per_image": f"{each.f_rev.value:.4g}",
            "low_95": f"{each.f_rev.low:.4g}",
            "high_95": f"{each.f_rev.high:.4g}",
        }
        for each in found
    ]
