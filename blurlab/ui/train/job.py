"""Two networks that learn in a job of their own, for one visitor."""

import secrets

import streamlit as st

from blurlab import places
from blurlab.training import live
from blurlab.training.live import Lesson, Told
from blurlab.ui import cache, jobs

# In the session: (what tells a job from all others, its lesson); (names of networks, whether they
# stay); why they could not be installed.
KEY, INSTALLED, REFUSED = "lesson_job", "lesson_installed", "lesson_refused"


def start(lesson: Lesson) -> None:
    """Begin anew; what was learned before is forgotten, unless it was kept."""
    stop()
    st.session_state[KEY] = secrets.token_hex(8), lesson
    for each in (INSTALLED, REFUSED):
        st.session_state.pop(each, None)
    again()


def again() -> jobs.Job:
    """Begin what was started, or had stopped."""
    key, lesson = st.session_state[KEY]
    return jobs.poll(("lesson", key), lambda: live.lessons(lesson), queue="lessons")


def find() -> jobs.Job | None:
    """Return this visitor's job, None where nothing was started."""
    return jobs.find(("lesson", st.session_state[KEY][0])) if KEY in st.session_state else None


def lesson() -> Lesson:
    """Return the lesson of this visitor's job."""
    return st.session_state[KEY][1]


def stop() -> None:
    """End where it is."""
    if (job := find()) is not None:
        jobs.cancel(job)


def told(job: jobs.Job) -> list[Told]:
    """Return what was told so far."""
    return list(job.results)


def install(job: jobs.Job, for_good: bool) -> None:
    """Make the networks of a job that has ended two like all others.

    for_good: in the folder of added models, else until the server ends.
    """
    networks = told(job)[-1].networks
    try:
        if for_good:
            names = live.keep(lesson(), networks, places.models_folder())
        else:
            names = live.lend(lesson(), networks)
    except (OSError, ValueError) as error:
        st.session_state[REFUSED] = str(error)
        return
    cache.forget_models()
    st.session_state[INSTALLED] = names, for_good


def installed() -> tuple[list[str], bool] | None:
    """Return the names of this visitor's networks and whether they stay, or None."""
    return st.session_state.get(INSTALLED)


def refused() -> str:
    """Say why networks could not be installed."""
    return st.session_state.get(REFUSED, "")
