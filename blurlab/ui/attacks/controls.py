"""The controls of an attack, and what they describe."""

import streamlit as st

from blurlab.attacks.norms import NORMS
from blurlab.attacks.table import ATTACKS
from blurlab.networks import store
from blurlab.ui import cache, link, shell, show
from blurlab.ui.attacks import job

FITTING, ANY = "fitting", "any"
LAST = -1  # the step shown while nobody has chosen one
ATTACK_TITLES = {"fgsm": "FGSM", "pgd": "PGD", "minimal": "Minimal"}
NORM_TITLES = {"linf": "L∞", "l2": "L2"}
EPSILON_TITLES = {"linf": "Epsilon, in 255ths", "l2": "Epsilon, Euclidean"}
DRAGGED = {"step": "Steps", "epsilon": "Epsilon"}
PACES = {"fast": 0.0, "slow": 0.7}  # seconds of rest between two steps
PACE_TITLES = {"fast": "Fast", "slow": "Slow, to watch"}

PARAMETERS = {
    "attack": link.choice(list(ATTACKS), "pgd"),
    "norm": link.choice(list(NORMS), "linf"),
    "epsilon": link.number(0.0, 32.0, 8.0, "/255"),
    "radius": link.number(0.0, 20.0, 4.0),
    "attack_steps": link.number(1, 60, 20),
    "random_start": link.flag(),
    "attack_seed": link.number(0, 9999, 0),
    "pace": link.choice(list(PACES), "fast"),
    "dragged": link.choice(list(DRAGGED), "step"),
    "step": link.number(LAST, 60, LAST),
}


def goal() -> dict[str, link.Parameter]:
    """Return the state of the goal in an address: models that are installed now, their classes."""
    known = dict.fromkeys(label for name in store.names() for label in cache.card(name)["classes"])
    return {
        "attacked": link.choice([FITTING, *store.names()], FITTING),
        "target": link.choice([ANY, *known], ANY),
    }


def parameters() -> dict[str, link.Parameter]:
    """Return the page's state in its address."""
    return goal() | PARAMETERS


def attacked_model(choice: cache.Choice) -> str:
    """Return the model under attack: the chosen one, or the first that fits the picture."""
    chosen = st.session_state["attacked"]
    return fitting_models(choice)[0] if chosen == FITTING else chosen


def fitting_models(choice: cache.Choice) -> tuple[str, ...]:
    """Return the models to ask about a picture where a person has chosen none."""
    return shell.fitting("objects" if choice.kind == "object" else "imagenette")


def asked_models(choice: cache.Choice) -> tuple[str, ...]:
    """Return the attacked model, then the sidebar's or, where none is chosen, those that fit."""
    others = tuple(st.session_state["models"]) or fitting_models(choice)
    attacked = attacked_model(choice)
    return (attacked, *(name for name in others if name != attacked))


def choose_goal(choice: cache.Choice) -> None:
    """Draw the choice of the attacked model and of what it is to say."""
    state = st.session_state
    model, target = st.columns(2)
    fitting = f"{cache.title(fitting_models(choice)[0])} (fits)"
    options = [FITTING, *store.names()]
    model.selectbox(
        "Model under attack", options, show.place(options, "attacked"), key="attacked",
        format_func=lambda name: fitting if name == FITTING else cache.title(name),
        help="The one that fits was trained on pictures like this one, and changes with it",
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


def choose_attack(kind, norm, size, steps) -> None:
    """Draw the attack, its size and its number of steps, each in its place."""
    state = st.session_state
    show.one_of(kind, "Attack", ATTACK_TITLES, "attack")
    show.one_of(norm, "Norm", NORM_TITLES, "norm")
    if state["attack"] == "minimal":
        size.caption("No budget: it looks for the smallest change that succeeds.")
    elif goes_over_epsilon():
        size.caption("Every epsilon: drag it below.")
    elif state["norm"] == "linf":
        size.slider(EPSILON_TITLES["linf"], 0.0, 32.0, state["epsilon"], step=0.5, key="epsilon")
    else:
        size.slider(EPSILON_TITLES["l2"], 0.0, 20.0, state["radius"], step=0.25, key="radius")
    if state["attack"] == "fgsm":
        steps.caption("One step.")
    else:
        steps.slider("Steps", 1, 60, state["attack_steps"], key="attack_steps")


def choose_run(start, seed, dragged, pace) -> None:
    """Draw the random start, what the slider of the pictures goes over, and the pace."""
    state = st.session_state
    is_pgd = state["attack"] == "pgd"
    start.toggle(
        "Random start", state["random_start"], key="random_start", disabled=not is_pgd,
        help="PGD only; else the picture",
    )  # fmt: skip
    seed.number_input(
        "Seed", 0, 9999, state["attack_seed"], key="attack_seed",
        disabled=not (is_pgd and state["random_start"]),
    )  # fmt: skip
    show.one_of(
        dragged, "Drag over", DRAGGED, "dragged", disabled=state["attack"] == "minimal",
        help="The steps of one attack as they come, or its end at every epsilon",
    )  # fmt: skip
    show.one_of(pace, "Pace", PACE_TITLES, "pace", disabled=goes_over_epsilon())


def goes_over_epsilon() -> bool:
    """Tell whether the slider goes over epsilon, which the minimal attack has none of."""
    return st.session_state["dragged"] == "epsilon" and st.session_state["attack"] != "minimal"


def current(choice: cache.Choice) -> job.Setting:
    """Return the attack that the controls now describe."""
    state = st.session_state
    attack = state["attack"]
    epsilon = state["epsilon"] / 255 if state["norm"] == "linf" else state["radius"]
    has_seed = attack == "pgd" and state.get("random_start")
    return job.Setting(
        attacked_model(choice),
        choice,
        attack,
        state["norm"],
        0.0 if attack == "minimal" else epsilon,
        1 if attack == "fgsm" else state["attack_steps"],
        None if state["target"] == ANY else state["target"],
        state["attack_seed"] if has_seed else None,
    )
