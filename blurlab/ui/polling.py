"""Panels that follow a job: drawn again and again while it works, and left alone after that."""

from collections.abc import Callable
from functools import wraps
from typing import TypeGuard, TypeVar

import streamlit as st

from blurlab.ui import jobs, link

Found = TypeVar("Found", bound=jobs.Job | None)


def follow(
    find: Callable[[], Found],
    draw: Callable[[Found], None],
    *,
    seconds: float,
    restart: Callable[[], Found] | None = None,
) -> None:
    """Draw what a job has found so far, and again every so many seconds while it works.

    find: returns the job that the controls now ask for, or None where nobody has started it.
    draw: draws the panel about this job. Buttons in it that take one another's place need the same
        key: without, Streamlit shows both until all is drawn, and those beside them move away from
        under the pointer.
    restart: starts a job again that find does not start by itself. It is called for one that has
        stopped while it was followed, as those of tabs in the background do.
    """
    was_working = is_working(find())

    @wraps(draw)  # Streamlit tells fragments apart by the names of their functions
    def panel() -> None:
        link.refill()
        job = find()
        if restart and was_working and job is not None and job.state == "stopped":
            job = restart()
        draw(job)
        if is_working(job) is not was_working:
            st.rerun()  # the timer below is set by the whole page, and is now wrong

    st.fragment(panel, run_every=seconds if was_working else None)()


def doing(job: jobs.Job, running: str, waiting: str) -> str:
    """Say what a job is doing; one that has ended meanwhile is said to be running once more."""
    return waiting if job.state == "waiting" else running


def is_working(job: jobs.Job | None) -> TypeGuard[jobs.Job]:
    """Tell whether there will be more of a job without anybody's help."""
    return job is not None and job.state in ("waiting", "running")
