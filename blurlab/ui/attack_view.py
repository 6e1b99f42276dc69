"""The controls of an attack, and the live view of its steps."""

import math
from uuid import uuid4

import streamlit as st

from blurlab import data, models, objects
from blurlab.attacks import ATTACKS
from blurlab.norms import NORMS
from blurlab.ui import attacking, cache, files, jobs, link, polling, shell, show, spectra
from blurlab.ui.frames import frames, frames_answers, frames_html

FITTING, ANY = "fitting", "any"
LAST = -1  # the step shown while nobody has chosen one
ATTACK_TITLES = {"fgsm": "FGSM", "pgd": "PGD", "minimal": "Minimal"}
NORM_TITLES = {"linf": "L∞", "l2": "L2"}
DRAGGED = {"step": "Steps", "epsilon": "Epsilon"}
PACES = {"fast": 0.0, "slow": 0.7}  # seconds of rest between two steps
CURVES = {"true": "the picture's class", "wanted": "the attacker's class"}

CHOICES = {
    "attacked": link.choice([FITTING, *models.names()], FITTING),
    "attack": link.choice(list(ATTACKS), "pgd"),
    "norm": link.choice(list(NORMS), "linf"),
    "epsilon": link.number(0.5, 32.0, 8.0, "/255"),
    "radius": link.number(0.25, 20.0, 4.0),
    "attack_steps": link.number(1, 60, 20),
    "target": link.choice([ANY, *objects.CLASSES, *data.IMAGENETTE_CLASSES], ANY),
}
PARAMETERS = CHOICES | {
    "random_start": link.flag(),
    "attack_seed": link.number(0, 9999, 0),
    "pace": link.choice(list(PACES), "fast"),
    "dragged": link.choice(list(DRAGGED), "step"),
    "step": link.number(LAST, 60, LAST),
}


def attacked_model(choice: cache.Choice) -> str:
    """Return the model under attack: the chosen one, or the first that fits the picture."""
    chosen = st.session_state["attacked"]
    return fitting_models(choice)[0] if chosen == FITTING else chosen


def fitting_models(choice: cache.Choice) -> tuple[str, ...]:
    """Return the models trained on pictures like this one, or all."""
    wanted = "objects" if choice.kind == "object" else "imagenette"
    fitting = [name for name in models.names() if cache.card(name)["recipe"]["data"] == wanted]
    return tuple(fitting or models.names())


def asked_models(choice: cache.Choice) -> tuple[str, ...]:
    """Return the attacked model, then the sidebar's or, where none is chosen, those that fit."""
    others = tuple(st.session_state["models"]) or fitting_models(choice)
    attacked = attacked_model(choice)
    return (attacked, *(name for name in others if name != attacked))


def title(name: str) -> str:
    return cache.card(name)["title"]


def goal_controls(choice: cache.Choice) -> None:
    """Draw the choice of the attacked model and of what it is to say."""
    state = st.session_state
    model, target = st.columns(2)
    fitting = title(fitting_models(choice)[0])
    model.selectbox(
        "Model under attack",
        [FITTING, *models.names()],
        key="attacked",
        format_func=lambda name: (
            f"{fitting} (fits the picture)" if name == FITTING else title(name)
        ),
    )
    classes = cache.card(attacked_model(choice))["classes"]
    if state["target"] not in (ANY, *classes):
        state["target"] = ANY  # another model's class
    target.selectbox(
        "It is to say",
        [ANY, *classes],
        key="target",
        format_func=lambda name: "anything but the truth" if name == ANY else name,
    )


def attack_controls() -> None:
    """Draw the attack, its size and its number of steps."""
    state = st.session_state
    kind, norm, size, steps = st.columns([4, 2, 3, 3], vertical_alignment="bottom", gap="medium")
    kind.segmented_control(
        "Attack", list(ATTACKS), key="attack", format_func=ATTACK_TITLES.get, required=True
    )
    norm.segmented_control(
        "Norm", list(NORMS), key="norm", format_func=NORM_TITLES.get, required=True
    )
    if state["attack"] == "minimal":
        size.caption("No budget: it looks for the smallest change that succeeds.")
    elif state["norm"] == "linf":
        size.slider("Epsilon, in 255ths", 0.5, 32.0, step=0.5, key="epsilon")
    else:
        size.slider("Epsilon, Euclidean", 0.25, 20.0, step=0.25, key="radius")
    if state["attack"] == "fgsm":
        steps.caption("One step.")
    else:
        steps.slider("Steps", 1, 60, key="attack_steps")


def start_controls() -> None:
    """Draw the random start, what the slider under the pictures goes over, and the pace."""
    state = st.session_state
    start, seed, dragged, pace = st.columns([3, 2, 3, 4], vertical_alignment="bottom", gap="medium")
    is_pgd = state["attack"] == "pgd"
    start.toggle(
        "Random start", key="random_start", disabled=not is_pgd, help="PGD only; else the picture"
    )
    seed.number_input(
        "Seed", 0, 9999, key="attack_seed", disabled=not (is_pgd and state["random_start"])
    )
    dragged.segmented_control(
        "Drag over",
        list(DRAGGED),
        key="dragged",
        format_func=DRAGGED.get,
        required=True,
        disabled=state["attack"] == "minimal",
        help="The steps of one attack as they come, or its end at every epsilon",
    )
    pace.segmented_control(
        "Pace",
        list(PACES),
        key="pace",
        format_func={"fast": "Fast", "slow": "Slow, to watch"}.get,
        required=True,
        disabled=goes_over_epsilon(),
    )


def goes_over_epsilon() -> bool:
    """Tell whether the slider goes over epsilon, which the minimal attack has none of."""
    return st.session_state["dragged"] == "epsilon" and st.session_state["attack"] != "minimal"


def current(choice: cache.Choice) -> attacking.Setting:
    """Return the attack that the controls now describe."""
    state = st.session_state
    attack = state["attack"]
    epsilon = state["epsilon"] / 255 if state["norm"] == "linf" else state["radius"]
    has_seed = attack == "pgd" and state.get("random_start")
    return attacking.Setting(
        attacked_model(choice),
        choice,
        attack,
        state["norm"],
        0.0 if attack == "minimal" else epsilon,
        1 if attack == "fgsm" else state["attack_steps"],
        None if state["target"] == ANY else state["target"],
        state["attack_seed"] if has_seed else None,
    )


def size_text(size: float, norm: str) -> str:
    """Write the size of a change with its unit."""
    return f"{255 * size:.3g}/255 (L∞)" if norm == "linf" else f"{size:.3g} (L2)"


# ---- The live view --------------------------------------------------------------------------


def live(setting: attacking.Setting, names: tuple[str, ...], parameters: dict) -> None:
    """Draw the attack while it runs, and everything that can be done with it."""

    def draw(job: jobs.Job) -> None:
        found = list(job.results)
        buttons(job, setting, names, found)
        if found:
            show_steps(setting, names, found)
            if not st.session_state["present"]:
                details(setting, names, found, job.is_over)
        if job.state == "failed":
            st.error(f"The attack failed: {job.error}.", icon=":material/error:")
        link.write(shell.SHARED | parameters)

    polling.follow(lambda: run(setting, names), draw, seconds=0.25)


def run(setting: attacking.Setting, names: tuple[str, ...]) -> jobs.Job:
    """Return the job of this attack; another attack of this session ends."""
    state = st.session_state
    session = state.setdefault("attack_session", uuid4().hex)
    key = attacking.key(session, setting, names)
    if state.get("attack_run", key) != key:
        jobs.forget(state["attack_run"])
        state["step"] = LAST
    state["attack_run"] = key
    return attacking.poll(session, setting, names, PACES[state["pace"]])


def again() -> None:
    jobs.forget(st.session_state["attack_run"])
    st.session_state["step"] = LAST


def buttons(job: jobs.Job, setting, names, found: list[attacking.Step]) -> None:
    """Draw what a person can do with the run, and one line of where it is."""
    job.rest = PACES[st.session_state["pace"]]
    pause, cancel, restart, line = st.columns([2, 2, 2, 7], vertical_alignment="center")
    if job.state == "paused":
        pause.button(
            "Resume", icon=":material/play_arrow:", on_click=jobs.resume, args=(job,),
            width="stretch",
        )  # fmt: skip
    else:
        pause.button(
            "Pause", icon=":material/pause:", on_click=jobs.pause, args=(job,),
            disabled=job.is_over, width="stretch",
        )  # fmt: skip
    cancel.button(
        "Cancel", icon=":material/stop:", on_click=jobs.cancel, args=(job,),
        disabled=job.is_over, width="stretch",
    )  # fmt: skip
    restart.button("Again", icon=":material/replay:", on_click=again, width="stretch")
    line.markdown(status(job, setting, found))


def status(job: jobs.Job, setting: attacking.Setting, found: list[attacking.Step]) -> str:
    """Say in one line where the run is and what it has reached."""
    said = {"waiting": "Waiting for the device", "done": "Done", "failed": "Failed"}
    if not found:
        return f"{said.get(job.state, 'Starting')} …"
    last, total = found[-1], attacking.count_steps(setting)
    classes = cache.card(setting.model)["classes"]
    probabilities = last.said[setting.model]
    answer = max(range(len(classes)), key=probabilities.__getitem__)
    return (
        f"{said.get(job.state, job.state.capitalize())}: step {last.number} of {total} · "
        f"{title(setting.model)} says **{classes[answer]}** ({probabilities[answer]:.0%}) · "
        f"change {size_text(last.size, setting.norm)}"
    )


def shown_step(found: list[attacking.Step]) -> attacking.Step:
    """Return the step that is looked at, the last one unless a person chose another."""
    chosen = st.session_state["step"]
    return found[-1] if chosen == LAST else found[min(int(chosen), len(found) - 1)]


def show_steps(setting, names, found: list[attacking.Step]) -> None:
    """Draw the pictures, the answers and the spectra of the steps so far."""

    def released() -> None:
        st.session_state["step"] = round(st.session_state["attack-frames"]["position"])

    frames(
        "attack-frames",
        **pictures(setting, found),
        presenter=st.session_state["present"],
        on_position_change=released,
    )
    frames_answers("attack-frames", **said(setting, names, found))
    show_spectra(setting, found, shown_step(found))


def pictures(setting: attacking.Setting, found: list[attacking.Step]) -> dict:
    """Gather what the frames on the page and those in an exported file show."""
    total = attacking.count_steps(setting) + 1
    side = cache.card(setting.model)["recipe"]["input_size"]
    open_ = [None] * (total - len(found))
    return {
        "label": "Step",
        "unit": f"of {total - 1}",
        "positions": [float(number) for number in range(total)],
        "texts": [str(number) for number in range(total)],
        "position": float(shown_step(found).number),
        "pictures": [
            {
                "title": f"Attacked picture, {side} pixels as the model takes it",
                "urls": [step.picture for step in found] + open_,
            },
            {
                "title": f"The change, × {attacking.magnification(setting)} about grey",
                "urls": [step.change for step in found] + open_,
            },
        ],
    }


def said(setting: attacking.Setting, names, found: list[attacking.Step]) -> dict:
    """Gather the answers, on the page and in an exported file."""
    wanted = attacking.attackers_class(setting, found)
    return {
        "models": [model(index, name, setting) for index, name in enumerate(names)],
        "answers": attacking.feed(setting, names, found),
        "curve_titles": {"true": CURVES["true"], "wanted": f"{CURVES['wanted']}, {wanted}"},
        "note": "An attack succeeds where the line of the picture's class falls below the "
        "attacker's.",
    }


def model(index: int, name: str, setting: attacking.Setting) -> dict:
    """Describe a model to the frames; which one is attacked is part of its title."""
    suffix = "attacked" if name == setting.model else "transfer"
    return {
        "key": name,
        "title": f"{title(name)} ({suffix})",
        "color": index,
        "classes": cache.card(name)["classes"],
    }


def show_spectra(setting, found: list[attacking.Step], shown: attacking.Step) -> None:
    """Draw where in frequency the change lies, at the step shown and over all steps."""
    unit, degrees = st.session_state["unit"], shell.degrees()
    now, course = st.columns([3, 2])
    marks = {} if math.isnan(shown.half_power) else {"f_0.5": shown.half_power}
    now.markdown(f"**Where the change of step {shown.number} lies**")
    now.plotly_chart(
        spectra.power_spectra(
            {"the change": shown.power}, marks, unit, size=cache.SIZE, degrees=degrees
        ),
        key="attack_spectrum",
    )
    now.caption(half_power_text(setting, shown))
    halves = [step.half_power for step in found]
    course.markdown("**f_0.5, step by step**")
    course.plotly_chart(
        spectra.half_power_course(
            halves, unit, size=cache.SIZE, degrees=degrees, position=shown.number
        ),
        key="attack_course",
    )
    course.caption(
        "It moves to where the attacked model is sensitive: low for networks trained behind a "
        "blur, high for others."
    )


def half_power_text(setting: attacking.Setting, step: attacking.Step) -> str:
    """Say in a sentence what f_0.5 is at a step, in the app's unit and in the paper's."""
    if math.isnan(step.half_power):
        return "Nothing has changed yet, so there is no power to place."
    side = cache.card(setting.model)["recipe"]["input_size"]
    return (
        f"Half of the change's power lies below f_0.5 = "
        f"{shell.frequency(step.half_power, cache.SIZE)}, that is {step.half_power / side:.3f} "
        f"cycles/pixel of the model's {side}-pixel input, the paper's unit. "
        f"Its pixels end at {shell.frequency(side / 2, cache.SIZE)}."
    )


def details(setting, names, found: list[attacking.Step], is_over: bool) -> None:
    """Draw the plain slider, the numbers, everything to take away, and what this shows."""
    if is_over and len(found) > 1:
        show.slider(
            "Step, by keyboard or exactly", "step", 0.0, len(found) - 1.0,
            shown=shown_step(found).number, step=1.0, format="%d",
        )  # fmt: skip
    table = attacking.rows(setting, found)
    numbers, saving, code, about = st.tabs(["Numbers", "Save", "Python", "What this shows"])
    numbers.dataframe(table, hide_index=True, height=280)
    number, shown = shown_step(found).number, pictures(setting, found)
    offered = {  # each is made without the session
        "Attacked picture (PNG)": ("attacked.png", lambda: attacking.png(setting, number)),
        "Numbers (CSV)": ("attack.csv", lambda: files.as_csv(table)),
        "Numbers (JSON)": ("attack.json", lambda: files.as_json(setting, table)),
        "This view (HTML)": (
            "attack.html",
            lambda: frames_html(**shown, **said(setting, names, found), title="Attacks"),
        ),
    }
    files.offer(offered, saving)
    saving.caption(
        "The attacked picture is the step shown, rounded to 8 bits, which small changes may not "
        "survive. The address of this page restores it, but for uploaded pictures."
    )
    code.code(attacking.script(setting, names), language="python")
    about.markdown(ABOUT)


ABOUT = """
- **FGSM** takes one step of size epsilon along the gradient (Goodfellow et al. 2015). **PGD** takes
  many small ones and stays within epsilon of the picture (Madry et al. 2018). **Minimal** looks for
  the smallest change that succeeds, by the fast minimum-norm attack (Pintor et al. 2021): what it
  finds is an upper bound of the true smallest size.
- The attack works on the picture at the size that the model takes, and **through** its blur layer
  if it was trained with one, so it is *adaptive* for the attacked model. For every other model the
  same picture is a *transfer*: that it fails there does not make that model robust.
- One picture is an anecdote. For how robust a network is, see the numbers of many pictures.
"""
