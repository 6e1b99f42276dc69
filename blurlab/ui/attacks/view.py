"""The live view of an attack, step by step."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from blurlab.attacks.table import ATTACKS
from blurlab.ui import asking, cache, files, jobs, link, polling, shell, show
from blurlab.ui.attacks import controls, report, spectra
from blurlab.ui.attacks import job as attacking
from blurlab.ui.attacks.controls import LAST, PACES
from blurlab.ui.attacks.job import Setting, Step
from blurlab.ui.frames import frames_html
from blurlab.ui.languages import say

KEY = "attack-frames"
BUTTON = 125  # pixels, so that none moves when another word stands on it
COMPARED = (1, 0)  # while it is held, the attacked picture shows the original
SAID = {
    "waiting": "Waiting for the device", "running": "Running", "paused": "Paused",
    "cancelled": "Cancelled", "stopped": "Stopped", "done": "Done", "failed": "Failed",
}  # fmt: skip
NOTE = "An attack succeeds where the line of the picture's class falls below the attacker's."


def live(setting: Setting, names: tuple[str, ...], parameters: dict) -> None:
    """Draw the attack while it runs, and everything that can be done with it."""

    def draw(job: jobs.Job) -> None:
        found = list(job.results)
        buttons(job, setting, found)
        if found:
            show_steps(setting, names, found)
            if not controls.is_compact():
                details(setting, names, found, job.is_over)
        if job.state == "failed":
            show.error(say("The attack failed: {error}.", error=job.error))
        link.write(shell.SHARED | parameters)

    polling.follow(lambda: run(setting, names), draw, seconds=0.25)


def run(setting: Setting, names: tuple[str, ...]) -> jobs.Job:
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


def buttons(job: jobs.Job, setting: Setting, found: list[Step]) -> None:
    """Draw what a person can do with the run, and one line of where it is."""
    job.rest = PACES[st.session_state["pace"]]
    row = st.container(horizontal=True, vertical_alignment="center")

    def button(
        label: str,
        icon: str,
        click: Callable[..., None],
        *args: Any,
        disabled: bool = False,
        key: str | None = None,
    ) -> None:
        row.button(
            label, icon=f":material/{icon}:", on_click=click, args=args, disabled=disabled, key=key,
            width=BUTTON,
        )  # fmt: skip

    if job.state == "paused":
        button(say("Resume"), "play_arrow", jobs.resume, job, key="attack_pause")
    else:
        button(say("Pause"), "pause", jobs.pause, job, disabled=job.is_over, key="attack_pause")
    button(say("Cancel"), "stop", jobs.cancel, job, disabled=job.is_over)
    button(say("Again"), "replay", again)
    row.markdown(status(job, setting, found))


def status(job: jobs.Job, setting: Setting, found: list[Step]) -> str:
    """Say in one line where the run is."""
    state = job.state  # which may change while this is written
    if not found:
        return f"{say(SAID.get(state, 'Starting'))} …"
    last, total = found[-1], attacking.count_steps(setting)
    where = say("step {number} of {total}", number=last.number, total=total)
    return f"{say(SAID.get(state, state.capitalize()))}: {where}"


def shown_step(found: list[Step]) -> Step:
    """Return the step that is looked at, the last one unless a person chose another."""
    chosen = st.session_state["step"]
    return found[-1] if chosen == LAST else found[min(int(chosen), len(found) - 1)]


def show_steps(setting: Setting, names: tuple[str, ...], found: list[Step]) -> None:
    """Draw the pictures, the answers and the spectra of the steps so far."""

    def released(position: float) -> None:
        st.session_state["step"] = round(position)

    shown = shown_step(found)
    if not controls.is_compact():
        st.markdown(report.verdict(setting, shown))
    if controls.sees("pictures"):
        show.answered_frames(KEY, pictures(setting, found), said(setting, names, found), released)
    if not controls.sees("spectrum"):
        return
    now, course = st.columns([3, 2])
    with now:
        spectra.draw(
            setting, shown, say("step {number}", number=shown.number), key="attack_spectrum"
        )
    with course:
        spectra.draw_course(setting, found, shown.number)


def by_step(setting: Setting, found: list[Step]) -> list[Step | None]:
    return asking.in_order(found, attacking.count_steps(setting) + 1)


def pictures(setting: Setting, found: list[Step]) -> dict:
    """Gather what the frames on the page and those in an exported file show."""
    steps = by_step(setting, found)
    side = cache.card(setting.model)["recipe"]["input_size"]
    return {
        "label": say("Step"),
        "unit": say("of {count}", count=len(steps) - 1),
        "positions": [float(number) for number in range(len(steps))],
        "texts": [str(number) for number in range(len(steps))],
        "position": float(shown_step(found).number),
        "pictures": [
            {
                "title": say("Original, {side} pixels as the model takes it", side=side),
                "urls": [attacking.original_url(setting.model, setting.picture)] * len(steps),
            },
            {"title": say("Attacked"), "urls": [step and step.picture for step in steps]},
            {
                "title": say(
                    "The change, × {times} about grey", times=attacking.magnification(setting)
                ),
                "urls": [step and step.change for step in steps],
            },
        ],
        "compared": COMPARED,
    }


def said(setting: Setting, names: tuple[str, ...], found: list[Step]) -> dict:
    return report.said(setting, names, by_step(setting, found), say(NOTE))


def details(setting: Setting, names: tuple[str, ...], found: list[Step], is_over: bool) -> None:
    """Draw the plain slider, the numbers, everything to take away, and what this shows."""
    if is_over and len(found) > 1:
        show.slider(
            say("Step, exact value"), "step", 0.0, len(found) - 1.0,
            shown=shown_step(found).number, step=1.0, format="%d",
        )  # fmt: skip
    table = report.rows(setting, found)
    number, shown = shown_step(found).number, pictures(setting, found)
    offered: files.Offered = {  # each is made without the session
        "Attacked picture (PNG)": ("attacked.png", lambda: attacking.png(setting, number)),
        "Numbers (CSV)": ("attack.csv", lambda: files.as_csv(table)),
        "Numbers (JSON)": ("attack.json", lambda: files.as_json(setting, table)),
        "This view (HTML)": (
            "attack.html",
            lambda: frames_html(**shown, **said(setting, names, found), title="Attacks"),
        ),
    }
    take_away(setting, names, table, offered).caption(
        say(
            "The attacked picture is the step shown, rounded to 8 bits, which small changes may "
            "not survive. The address of this page restores it, but for uploaded pictures."
        )
    )


def take_away(
    setting: Setting, names: tuple[str, ...], table: list[dict], offered: files.Offered
) -> DeltaGenerator:
    """Draw the numbers, the files that are offered, the Python lines, and what this shows.

    Returns the place of the files.
    """
    numbers, saving, code, about = st.tabs(
        [say("Numbers"), say("Save"), say(files.CODE), say("What this shows")]
    )
    numbers.dataframe(table, hide_index=True, height=280)
    files.offer(offered, saving)
    files.code(code, report.script(setting, names))
    told = [f"- **{say(row.title)}**: {say(row.explanation)}" for row in ATTACKS.values()]
    about.markdown("\n".join([*told, *(f"- {say(each)}" for each in ABOUT)]))
    return saving


ABOUT = (
    "The attack works on the picture at the size that the model takes, and **through** its blur "
    "layer if it was trained with one, so it is *adaptive* for the attacked model. For every other "
    "model the same picture is a *transfer*: that it fails there does not make that model robust.",
    "One picture is an anecdote. For how robust a network is, see the numbers of many pictures.",
)
