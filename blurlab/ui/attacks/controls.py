"""The controls of an attack, and what they describe."""

from typing import Any

import streamlit as st

from blurlab.attacks.norms import NORMS
from blurlab.attacks.table import ATTACKS, RANDOM_START, SEED, STEPS
from blurlab.networks import store
from blurlab.ui import cache, knobs, link, pictures, show
from blurlab.ui.attacks import job

FITTING, ANY = "fitting", "any"
LAST = -1  # the step shown while nobody has chosen one
DRAGGED = {"step": "Steps", "epsilon": "Epsilon"}
PACES = {"fast": 0.0, "slow": 0.7}  # seconds of rest between two steps
PACE_TITLES = {"fast": "Fast", "slow": "Slow, to watch"}


def goal() -> dict[str, link.Parameter]:
    """Return the state of the goal in an address: models that are installed now, their classes."""
    known = dict.fromkeys(label for name in store.names() for label in cache.card(name)["classes"])
    return {
        "attacked": link.choice([FITTING, *store.names()], FITTING),
        "target": link.choice([ANY, *known], ANY),
    }


def parameters() -> dict[str, link.Parameter]:
    """Return the page's state in its address, of all attacks and norms that there are now."""
    shown = {
        "attack": link.choice(list(ATTACKS), "pgd"),
        "norm": link.choice(list(NORMS), "linf"),
        "pace": link.choice(list(PACES), "fast"),
        "dragged": link.choice(list(DRAGGED), "step"),
        "step": link.number(LAST, STEPS.high, LAST),
    }
    of_attacks = [knob for row in ATTACKS.values() for knob in row.knobs]
    return (
        goal() | shown | knobs.parameters([*of_attacks, *(row.epsilon for row in NORMS.values())])
    )


def attacked_model(choice: cache.Choice) -> str:
    """Return the model under attack: the chosen one, or the first that fits the picture."""
    chosen = st.session_state["attacked"]
    return pictures.suited(choice)[0] if chosen == FITTING else chosen


def asked_models(choice: cache.Choice) -> tuple[str, ...]:
    """Return the attacked model, then the sidebar's or, where none is chosen, those that fit."""
    others = tuple(st.session_state["models"]) or pictures.suited(choice)
    attacked = attacked_model(choice)
    return (attacked, *(name for name in others if name != attacked))


def choose_goal(choice: cache.Choice) -> None:
    """Draw the choice of the attacked model and of what it is to say."""
    state = st.session_state
    model, target = st.columns(2)
    fitting = f"{cache.title(pictures.suited(choice)[0])} (fits)"
    options = [FITTING, *store.names()]
    model.selectbox(
        "Model under attack", options, show.place(options, "attacked"), key="attacked",
        format_func=lambda name: fitting if name == FITTING else cache.title(name),
        help="The one that fits knows pictures like this one, and changes with it",
    )  # fmt: skip
    options = [ANY, *cache.card(attacked_model(choice))["classes"]]
    if state["target"] not in options:
        state["target"] = ANY  # another model's class
    target.selectbox(
        "It is to say", options, show.place(options, "target"), key="target",
        format_func=lambda name: "anything but the truth" if name == ANY else name,
    )  # fmt: skip


def choose() -> None:
    """Draw the choice of the attack, and of how it is run and shown."""
    choose_attack(*st.columns([4, 2, 3, 3], vertical_alignment="bottom", gap="medium"))
    choose_run(*st.columns([3, 2, 3, 4], vertical_alignment="bottom", gap="medium"))


def choose_as_presenter(choice: cache.Choice) -> None:
    """Draw what choose draws and the goal, on demand."""
    with st.popover("Attack", width="stretch"):
        choose_goal(choice)
        choose_attack(st, st, st, st)
        choose_run(st, st, st, st)


def choose_attack(kind: Any, norm: Any, size: Any, steps: Any) -> None:
    """Draw the attack, its size and its number of steps, each in its place."""
    state = st.session_state
    row = ATTACKS[state["attack"]]
    show.one_of(kind, "Attack", {name: each.title for name, each in ATTACKS.items()}, "attack")
    show.one_of(norm, "Norm", {name: each.title for name, each in NORMS.items()}, "norm")
    if not row.has_epsilon:
        size.caption("No budget: it looks for the smallest change that succeeds.")
    elif goes_over_epsilon():
        size.caption("Every epsilon: drag it below.")
    else:
        knobs.draw(size, NORMS[state["norm"]].epsilon)
    if STEPS in row.knobs:
        knobs.draw(steps, STEPS)
    else:
        steps.caption("One step.")


def choose_run(start: Any, seed: Any, dragged: Any, pace: Any) -> None:
    """Draw the random start, what the slider of the pictures goes over, the pace, and what else may
    be set of the attack.
    """
    row = ATTACKS[st.session_state["attack"]]
    knobs.draw(start, RANDOM_START, disabled=RANDOM_START not in row.knobs)
    knobs.draw(seed, SEED, disabled=row.seed(values()) is None)
    show.one_of(
        dragged, "Drag over", DRAGGED, "dragged", disabled=not row.has_epsilon,
        help="The steps of one attack as they come, or its end at every epsilon",
    )  # fmt: skip
    show.one_of(pace, "Pace", PACE_TITLES, "pace", disabled=goes_over_epsilon())
    others = [knob for knob in row.knobs if knob not in (STEPS, RANDOM_START, SEED)]
    for place, knob in zip(st.columns(max(4, len(others))) if others else (), others, strict=False):
        knobs.draw(place, knob)


def values() -> dict[str, Any]:
    """Return what the chosen attack's knobs are set to, by name."""
    state = st.session_state
    return {knob.name: state[knob.key] for knob in ATTACKS[state["attack"]].knobs}


def goes_over_epsilon() -> bool:
    """Tell whether the slider goes over epsilon, which some attacks have none of."""
    state = st.session_state
    return state["dragged"] == "epsilon" and ATTACKS[state["attack"]].has_epsilon


def current(choice: cache.Choice) -> job.Setting:
    """Return the attack that the controls now describe."""
    state = st.session_state
    norm = NORMS[state["norm"]]
    return job.Setting(
        attacked_model(choice),
        choice,
        state["attack"],
        state["norm"],
        state[norm.epsilon.key] / norm.scale if ATTACKS[state["attack"]].has_epsilon else 0.0,
        tuple(values().items()),
        None if state["target"] == ANY else state["target"],
    )
