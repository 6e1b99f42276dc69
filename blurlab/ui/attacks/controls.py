"""The controls of an attack, and what they describe."""

from dataclasses import replace
from typing import Any

import streamlit as st

from blurlab.attacks.norms import NORMS, Norm
from blurlab.attacks.table import ATTACKS, RANDOM_START, SEED, STEPS
from blurlab.knobs import Knob
from blurlab.networks import store
from blurlab.ui import cache, jobs, knobs, link, pictures, show
from blurlab.ui.attacks import job
from blurlab.ui.languages import say, say_each

FITTING, ANY = "fitting", "any"
LAST = -1  # the step shown while nobody has chosen one
DRAGGED = {"step": "Step", "epsilon": "Attack size"}
PACES = {"fast": 0.0, "slow": 0.7}  # seconds of rest between two steps
PACE_TITLES = {"fast": "Fast", "slow": "Slow, to watch"}
SEEN = {"pictures": "Pictures", "spectrum": "Spectrum"}  # where there is room for one of them
DRAWN = "object:fish"
OPENING = pictures.opening("coffee", DRAWN)
UNSEEN = 1.0  # epsilon in 255ths, at which the opening photograph is misnamed and looks the same


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
        "seen": link.choice(list(SEEN), "pictures"),
    }
    of_attacks = [knob for row in ATTACKS.values() for knob in row.knobs]
    return (
        goal() | shown | knobs.parameters([*of_attacks, *(epsilon(row) for row in NORMS.values())])
    )


def epsilon(norm: Norm) -> Knob:
    """Return a norm's epsilon as it begins on this page."""
    if OPENING != DRAWN and norm is NORMS["linf"]:
        return replace(norm.epsilon, default=UNSEEN)
    return norm.epsilon


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
    """Draw the choice of the attacked model, and of the answer that the attack leads to."""
    state = st.session_state
    model, target = st.columns(2)
    fitting = say("{title} (fits)", title=cache.title(pictures.suited(choice)[0]))
    options = [FITTING, *store.names()]
    models = {name: fitting if name == FITTING else cache.title(name) for name in options}
    model.selectbox(
        say("Model under attack"), options, show.place(options, "attacked"), key="attacked",
        format_func=models.__getitem__,
        help=say("The suggested one knows pictures like this one, and changes with the picture"),
    )  # fmt: skip
    options = [ANY, *cache.card(attacked_model(choice))["classes"]]
    if state["target"] not in options:
        state["target"] = ANY  # another model's class
    titles = dict(zip(options, say_each(options), strict=True)) | {ANY: say("any wrong class")}
    target.selectbox(
        say("Target answer"), options, show.place(options, "target"), key="target",
        format_func=titles.__getitem__,
    )  # fmt: skip


def choose() -> None:
    """Draw the choice of the attack, of its size and pace, and the rest on demand."""
    kind, size, pace, more = st.columns([6, 3, 5, 3], vertical_alignment="bottom", gap="medium")
    choose_attack(kind, size)
    choose_pace(pace)
    with more.popover(say("More"), width="stretch"):
        choose_more()


def is_compact() -> bool:
    """Tell whether the page is to fit a screen: a presenter's, or below the step of a story."""
    return bool(st.session_state["present"] or st.session_state["story"])


def choose_compactly(choice: cache.Choice) -> None:
    """Draw what is seen of the attack and, on demand, what choose draws and the goal."""
    seen, more = st.columns([3, 2], vertical_alignment="bottom", gap="medium")
    show.one_of(seen, say("What is shown"), SEEN, "seen", width="stretch")
    with more.popover(say("Attack"), width="stretch"):
        choose_goal(choice)
        choose_attack(st, st)
        choose_pace(st)
        choose_more()


def choose_attack(kind: Any, size: Any) -> None:
    """Draw the attack and its size, each in its place."""
    state = st.session_state
    row = ATTACKS[state["attack"]]
    show.one_of(kind, say("Attack"), {name: each.title for name, each in ATTACKS.items()}, "attack")
    if not row.has_epsilon:
        size.caption(say("It finds the smallest change that succeeds."))
    elif goes_over_epsilon():
        size.caption(say("Every epsilon; drag the slider below."))
    else:
        knobs.draw(size, epsilon(NORMS[state["norm"]]))


def choose_pace(place: Any) -> None:
    """Draw the pace of the steps; an attack that has ended begins again to be watched slowly."""
    show.one_of(
        place, say("Pace"), PACE_TITLES, "pace", disabled=goes_over_epsilon(), on_change=_watch
    )


def _watch() -> None:
    state = st.session_state
    if state["pace"] == "slow" and "attack_run" in state:
        jobs.forget(state["attack_run"])
        state["step"] = LAST


def choose_more() -> None:
    """Draw what the slider of the pictures shows, the norm, and what else the attack takes."""
    row = ATTACKS[st.session_state["attack"]]
    show.one_of(
        st, say("Slider shows"), DRAGGED, "dragged", disabled=not row.has_epsilon,
        help=say("Each step of one attack as it comes, or the end of the attack at every epsilon"),
    )  # fmt: skip
    show.one_of(st, say("Norm"), {name: each.title for name, each in NORMS.items()}, "norm")
    if STEPS in row.knobs:
        knobs.draw(st, STEPS)
    knobs.draw(st, RANDOM_START, disabled=RANDOM_START not in row.knobs)
    knobs.draw(st, SEED, disabled=row.seed(values()) is None)
    for knob in row.knobs:
        if knob not in (STEPS, RANDOM_START, SEED):
            knobs.draw(st, knob)


def values() -> dict[str, Any]:
    """Return what the chosen attack's knobs are set to, by name."""
    state = st.session_state
    return {knob.name: state[knob.key] for knob in ATTACKS[state["attack"]].knobs}


def sees(what: str) -> bool:
    """Tell whether one of SEEN is on the screen, as all are where there is room."""
    return not is_compact() or st.session_state["seen"] == what


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
