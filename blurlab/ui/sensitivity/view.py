"""A measure while it runs: how far it is, what can be done about it, and what it finds."""

from typing import Any

import streamlit as st

from blurlab import public
from blurlab.measures.work import Work
from blurlab.ui import jobs, link, polling, shell, show
from blurlab.ui.languages import numeral, say
from blurlab.ui.sensitivity import job as measures_job
from blurlab.ui.sensitivity import report

STATES = {
    "waiting": "waiting for the device",
    "running": "measuring",
    "pausing": "pausing",
    "paused": "paused",
}
ACTIVE = ("waiting", "running", "pausing")


def live(works: list[Work], parameters: dict) -> None:
    """Draw the buttons, the figure and the numbers, polling the job while it runs."""

    def draw(job: jobs.Job | None) -> None:
        found = measures_job.estimates(works, job)
        buttons(works, job, found)
        show.damaged_results()
        for note in dict.fromkeys(note for work in works for note in work.source.notes):
            st.caption(show.plain(show.capital(note)))
        is_begun = state_of(job) in (*ACTIVE, "paused")
        if found or is_begun:
            report.show_figure(works, found, with_others=is_begun)
        if found and not st.session_state["present"]:
            report.take_away(works, found)
        link.write(shell.SHARED | parameters)

    polling.follow(
        lambda: jobs.find(measures_job.key(works)),
        draw,
        seconds=0.5,
        restart=lambda: measures_job.start(works),
    )


def state_of(job: jobs.Job | None) -> str:
    """Return the job's state, or what it is on the way to once a person has asked for it."""
    if job is None:
        return "new"
    state, wish = job.state, job.wish
    if state in ("waiting", "running"):
        return {"pause": "pausing", "cancel": "cancelled"}.get(wish, state)
    return state


def buttons(works: list[Work], job: jobs.Job | None, found: dict) -> None:
    """Draw how far the measure is, and what can be done about it."""
    done = [found[work.model][0].pictures if work.model in found else 0 for work in works]
    counts = [work.count for work in works]
    state = state_of(job)
    is_active = state in (*ACTIVE, "paused")
    can_begin = sum(done) < sum(counts) and not public.is_public()
    widths = [1, 1, 4] if is_active else [1, 5] if can_begin else [1]
    *places, rest = st.columns(widths, vertical_alignment="center")
    one: dict[str, Any] = {"key": "measure_button", "width": "stretch"}
    if state in ACTIVE:
        is_off = state == "pausing"  # that takes a forward pass, or until the pictures are loaded
        places[0].button(say("Pause"), disabled=is_off, on_click=jobs.pause, args=(job,), **one)
    elif state == "paused":
        places[0].button(say("Resume"), on_click=jobs.resume, args=(job,), type="primary", **one)
    elif can_begin:
        words = say("Continue") if any(done) else say("Measure")
        places[0].button(words, on_click=begin, args=(works,), type="primary", **one)
    if is_active:
        places[1].button(say("Cancel"), on_click=jobs.cancel, args=(job,), width="stretch")
    progress = say("{done} of {counts} pictures", done=_span(done), counts=_span(counts))
    if len(works) > 1:
        progress += say(" for each of {count} models", count=len(works))
    if state in STATES:
        progress = f"{say(STATES[state])}: {progress}"
    if job is not None and state == "running":
        seconds = measures_job.seconds_left(works, job)
        is_new = not job.results
        progress += f", {show.time_left(seconds)}" if seconds else say(", getting ready") * is_new
    rest.progress(sum(done) / sum(counts), progress)
    if job is not None and state == "failed":
        show.error(say("The measure could not go on: {error}", error=job.error))
    for sentence in measures_job.refused(job):
        show.left_out(show.capital(sentence))


def _span(counts: list[int]) -> str:
    least, most = min(counts), max(counts)
    if least == most:
        return numeral(f"{most:,}")
    return say("{least:,} to {most:,}", least=least, most=most)


def begin(works: list[Work]) -> None:
    """Start the job, anew if it was cancelled or has failed; what is kept stays."""
    jobs.forget(measures_job.key(works))
    measures_job.start(works)
