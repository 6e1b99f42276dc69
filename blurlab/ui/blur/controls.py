"""The controls of the chain of attack, corruption and defence, and what they describe."""

from dataclasses import replace
from typing import Any

import streamlit as st

from blurlab.attacks.norms import NORMS
from blurlab.corruptions.row import SEED, SEVERITY
from blurlab.corruptions.table import CORRUPTIONS
from blurlab.ui import cache, knobs, link, show
from blurlab.ui.attacks import controls
from blurlab.ui.attacks import job as attacking
from blurlab.ui.blur import job as defending
from blurlab.ui.blur.job import DEFENCES
from blurlab.ui.corruptions import job as corrupting
from blurlab.ui.languages import say

NONE = "none"
KNOWLEDGE = {"adaptive": "Yes (adaptive)", "transfer": "No (transfer)"}
STATE = {"blur": "sigma", "pca": "components"}  # where a defence's strength is kept

# The knobs of the attack and of the corruption, as they begin on this page.
EPSILON = replace(
    NORMS[defending.NORM].epsilon, address="attack_size", title="Attack, in 255ths", default=8.0,
    step=1.0, help="The largest change of a pixel; 0 is no attack",
)  # fmt: skip
HARDNESS = replace(SEVERITY, address="then_severity", default=1)
DRAW = replace(SEED, address="then_seed", title="Seed of the corruption")
STRENGTHS = {
    "sigma": link.number(0.0, 4.0, 1.0, "pixels"),
    "components": link.number(0, 512, 512),
}


def parameters() -> dict[str, link.Parameter]:
    """Return the page's state in its address."""
    chain = {
        "attacker": link.choice(list(KNOWLEDGE), "transfer"),
        "then": link.choice([NONE, *CORRUPTIONS], NONE),
        "defence": link.choice(list(DEFENCES), "blur"),
    }
    return controls.goal() | knobs.parameters([EPSILON, HARDNESS, DRAW]) | chain | STRENGTHS


def choose_chain(picture: cache.Choice) -> None:
    """Draw the chain's controls, but for the corruption's."""
    size, attacker, more, defence = st.columns(
        [3, 6, 2, 3], vertical_alignment="bottom", gap="medium"
    )
    attack_size(size)
    choose_attacker(attacker)
    with more.popover(say("Details"), width="stretch"):
        controls.choose_goal(picture)
        knobs.draw(st, DRAW)
    choose_defence(defence)


def choose_as_presenter(picture: cache.Choice) -> None:
    """Draw the choice of the attacker, and the rest of the chain's controls on demand."""
    attacker, more = st.columns([3, 1], vertical_alignment="bottom", gap="medium")
    choose_attacker(attacker)
    with more.popover(say("Chain"), width="stretch"):
        attack_size(st)
        choose_corruption()
        choose_defence(st)
        controls.choose_goal(picture)


def choose_corruption() -> None:
    """Draw the choice of the corruption and, where there is one, of its severity."""
    then, severity = st.columns([3, 2], vertical_alignment="bottom", gap="medium")
    state, options = st.session_state, [NONE, *CORRUPTIONS]
    titles = {name: say("None") if name == NONE else corrupting.title(name) for name in options}
    then.selectbox(
        say("Then a corruption"), options, show.place(options, "then"), key="then",
        format_func=titles.__getitem__,
    )  # fmt: skip
    if state["then"] != NONE:
        knobs.draw(severity, HARDNESS)


def attack_size(place: Any) -> None:
    knobs.draw(place, EPSILON, format="%g")


def choose_attacker(place: Any) -> None:
    show.one_of(
        place, say("Does the attacker know the defence?"), KNOWLEDGE, "attacker",
        disabled=not st.session_state["attack_size"], width="stretch",
    )  # fmt: skip


def choose_defence(place: Any) -> None:
    titles = {name: defence.title for name, defence in DEFENCES.items()}
    show.one_of(place, say("Defence"), titles, "defence", width="stretch")


def current(picture: cache.Choice) -> defending.Setting:
    """Return the chain that the controls now describe."""
    state = st.session_state
    target = None if state["target"] == controls.ANY else state["target"]
    attack = attacking.Setting(
        controls.attacked_model(picture), picture, defending.ATTACK, defending.NORM,
        state["attack_size"] / NORMS[defending.NORM].scale, (("steps", defending.STEPS),), target,
    )  # fmt: skip
    return defending.Setting(
        attack,
        state["attacker"] == "adaptive",
        None if state["then"] == NONE else state["then"],
        int(state["then_severity"]),
        int(state["then_seed"]),
        state["defence"],
    )


def position(setting: defending.Setting) -> int:
    """Return the index of the strength that is looked at."""
    return defending.position(setting, st.session_state[STATE[setting.defence]])


def strength(setting: defending.Setting) -> float:
    """Return the strength that is looked at, one of those swept over."""
    return DEFENCES[setting.defence].strengths[position(setting)]
