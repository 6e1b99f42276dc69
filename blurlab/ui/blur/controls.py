"""The controls of the chain of attack, corruption and defence, and what they describe."""

import streamlit as st

from blurlab.corruptions.table import CORRUPTIONS
from blurlab.ui import cache, link, show
from blurlab.ui.attacks import controls
from blurlab.ui.attacks import job as attacking
from blurlab.ui.blur import job as defending
from blurlab.ui.blur.job import DEFENCES
from blurlab.ui.corruptions import job as corrupting

NONE = "none"
KNOWLEDGE = {"adaptive": "Yes (adaptive)", "transfer": "No (transfer)"}
STATE = {"blur": "sigma", "pca": "components"}  # where a defence's strength is kept

PARAMETERS = {
    "attack_size": link.number(0.0, 32.0, 12.0, "/255"),
    "attacker": link.choice(list(KNOWLEDGE), "adaptive"),
    "then": link.choice([NONE, *CORRUPTIONS], "gaussian_noise"),
    "then_severity": link.number(1, 5, 1),
    "then_seed": link.number(0, 9999, 0),
    "defence": link.choice(list(DEFENCES), "blur"),
    "sigma": link.number(0.0, 4.0, 0.75, "pixels"),
    "components": link.number(0, 512, 512),
}


def parameters() -> dict[str, link.Parameter]:
    """Return the page's state in its address."""
    return controls.goal() | PARAMETERS


def choose_chain(picture: cache.Choice) -> None:
    """Draw the chain's controls, but for the corruption's."""
    size, attacker, more, defence = st.columns(
        [3, 6, 2, 3], vertical_alignment="bottom", gap="medium"
    )
    attack_size(size)
    choose_attacker(attacker)
    with more.popover("Details", width="stretch"):
        controls.choose_goal(picture)
        seed = st.session_state["then_seed"]
        st.number_input("Seed of the corruption", 0, 9999, seed, key="then_seed")
    choose_defence(defence)


def choose_as_presenter(picture: cache.Choice) -> None:
    """Draw the choice of the attacker, and the rest of the chain's controls on demand."""
    attacker, more = st.columns([3, 1], vertical_alignment="bottom", gap="medium")
    choose_attacker(attacker)
    with more.popover("Chain", width="stretch"):
        attack_size(st)
        choose_corruption()
        choose_defence(st)
        controls.choose_goal(picture)


def choose_corruption() -> None:
    """Draw the choice of the corruption and of its severity."""
    then, severity = st.columns([3, 2], vertical_alignment="bottom", gap="medium")
    state, options = st.session_state, [NONE, *CORRUPTIONS]
    then.selectbox(
        "Then a corruption", options, show.place(options, "then"), key="then",
        format_func=lambda name: "None" if name == NONE else corrupting.title(name),
    )  # fmt: skip
    severity.slider(
        "Severity", 1, 5, state["then_severity"], key="then_severity",
        disabled=state["then"] == NONE,
    )  # fmt: skip


def attack_size(place) -> None:
    place.slider(
        "Attack, in 255ths", 0.0, 32.0, st.session_state["attack_size"], step=1.0, format="%g",
        key="attack_size", help="The most that it changes a pixel; at 0 there is none",
    )  # fmt: skip


def choose_attacker(place) -> None:
    show.one_of(
        place, "Does the attacker know the defence?", KNOWLEDGE, "attacker",
        disabled=not st.session_state["attack_size"], width="stretch",
    )  # fmt: skip


def choose_defence(place) -> None:
    titles = {name: defence.title for name, defence in DEFENCES.items()}
    show.one_of(place, "Defence", titles, "defence", width="stretch")


def current(picture: cache.Choice) -> defending.Setting:
    """Return the chain that the controls now describe."""
    state = st.session_state
    target = None if state["target"] == controls.ANY else state["target"]
    attack = attacking.Setting(
        controls.attacked_model(picture), picture, "pgd", "linf",
        state["attack_size"] / 255, defending.STEPS, target, None,
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
