"""The panel of two networks that learn: its buttons, and what they do so far."""

from typing import Any

import streamlit as st

from blurlab import public
from blurlab.networks import store
from blurlab.training.live import RECIPE, Lesson
from blurlab.ui import jobs, link, polling, shell, show
from blurlab.ui.languages import say
from blurlab.ui.train import job as lesson_job
from blurlab.ui.train import report

SECONDS = 0.5  # between two looks at what there is to see


def live(lesson: Lesson, parameters: dict[str, link.Parameter]) -> None:
    """Draw the panel, again and again while the networks learn.

    lesson: what the controls describe, which the next start takes up.
    """

    def draw(job: jobs.Job | None) -> None:
        buttons(job, lesson)
        shown = lesson if job is None else lesson_job.lesson()
        report.show(shown, lesson_job.told(job) if job else [])
        if job is not None and job.state in ("done", "cancelled", "paused") and job.results:
            take_on(job)
        link.write(shell.SHARED | parameters)

    polling.follow(lesson_job.find, draw, seconds=SECONDS, restart=lesson_job.again)


def buttons(job: jobs.Job | None, lesson: Lesson) -> None:
    """Draw what can be done, and how far the networks are."""
    left, right, rest = st.columns([1, 1, 4], vertical_alignment="center")
    one: dict[str, Any] = {"key": "lesson_button", "width": "stretch"}
    other: dict[str, Any] = {"key": "lesson_stop", "width": "stretch"}
    if polling.is_working(job):
        left.button(
            say("Pause"), on_click=jobs.pause, args=(job,), disabled=job.wish != "run", **one
        )
        right.button(say("Stop"), on_click=jobs.cancel, args=(job,), **other)
    elif job is not None and job.state == "paused":
        left.button(say("Go on"), on_click=jobs.resume, args=(job,), type="primary", **one)
        right.button(say("Stop"), on_click=jobs.cancel, args=(job,), **other)
    else:
        words = say("Start") if job is None else say("Start again")
        left.button(
            words, on_click=lesson_job.start, args=(lesson,), type="primary",
            icon=":material/play_arrow:", **one,
        )  # fmt: skip
    if job is None:
        return
    told = lesson_job.told(job)
    shown = told[-1].shown if told else 0
    words = say("{shown:,} of {all:,} pictures shown", shown=shown, all=RECIPE.shown)
    if job.state == "waiting" and not told:
        words = say("Another visitor's networks are learning; yours are next")
    rest.progress(shown / RECIPE.shown, words)
    if job.state == "failed":
        show.error(say("The networks could not go on: {error}", error=job.error))
    elif job.state in ("done", "cancelled", "paused") and lesson != lesson_job.lesson():
        st.caption(say("What you have changed above holds from the next start on."))


def take_on(job: jobs.Job) -> None:
    """Draw what can be done with the two networks on other pages."""
    if refused := lesson_job.refused():
        show.error(refused)
    if public.is_public():
        return
    if (found := lesson_job.installed()) is None:
        with st.container(horizontal=True):
            st.button(
                say("Use them on all pages"), icon=":material/add:", key="lesson_lend",
                on_click=lesson_job.install, args=(job, False),
                help=say("Until the server ends"),
            )  # fmt: skip
            st.button(
                say("Keep them for good"), icon=":material/save:", key="lesson_keep",
                on_click=lesson_job.install, args=(job, True),
                help=say("In the folder of added models"),
            )  # fmt: skip
        return
    names, for_good = found
    one, other = (show.plain(store.card(name)["title"]) for name in names)
    words = say(
        "**{one}** and **{other}** are now among the models of every page.", one=one, other=other
    )
    st.success(
        f"{words} {say('They stay.') if for_good else say('They stay until the server ends.')}"
    )
    if st.button(say("Show them on hybrid images"), key="lesson_go"):
        link.hand_over({"models": names})
        st.switch_page("pages/hybrid.py")
