"""Long work behind the pages: results as they come, nobody left waiting.

A job drains a generator in the worker thread of its queue. Whoever shows it polls it; a job that
nobody has polled for a while stops, so a closed tab or a new choice frees the device by itself. A
job that is paused, or rests between its results, leaves the worker to the others.
"""

import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from streamlit.runtime.scriptrunner import get_script_run_ctx

from blurlab import public
from blurlab.sentence import why

log = logging.getLogger(__name__)

KEPT = 64  # ended jobs that are remembered
MOST_EACH = 4  # jobs of one visitor that wait or run in a queue, the last ones


class Queue(NamedTuple):
    """nice: of its thread, where the system knows that: sliders come before answers, and answers
    before what takes minutes.  patience: seconds without a poll after which a job stops; browsers
    wake a tab in the background once a minute.
    """

    nice: int
    patience: float


QUEUES = {
    "answers": Queue(5, 5.0),
    "measures": Queue(10, 90.0),
    "checks": Queue(10, 90.0),
    "downloads": Queue(10, 90.0),
    "lessons": Queue(10, 90.0),
}


class Interrupted(Exception):
    """Raised by checkpoint() within a job that is to pause or end."""


@dataclass
class Job:
    """Results as they come, and what becomes of the work.

    steps: makes the generator.  rest: seconds between two results.  queue: a key of QUEUES.
    visitor: whose session began it, "" where none did.
    results: what was yielded.  last: how many of them are kept, the last ones; None keeps all.
    state: waiting, running, paused, done, cancelled, stopped or failed. The worker may change it
        between any two looks, so whoever draws by it looks once.
    wish: what a person asked for last; acted on after the result now in the making.
    """

    steps: Callable[[], Iterator[Any]]
    rest: float = 0.0
    queue: str = "answers"
    last: int | None = None
    visitor: str = ""
    results: list[Any] = field(default_factory=list)
    state: str = "waiting"
    error: str = ""
    wish: str = "run"
    polled: float = field(default_factory=time.monotonic)
    generator: Iterator[Any] | None = None

    @property
    def is_over(self) -> bool:
        return self.state in ("done", "cancelled", "failed")


_jobs: OrderedDict[Hashable, Job] = OrderedDict()
_lock = threading.Lock()
_workers = {name: ThreadPoolExecutor(1, thread_name_prefix=f"blurlab-{name}") for name in QUEUES}
_current = threading.local()


def poll(
    key: Hashable,
    steps: Callable[[], Iterator[Any]],
    *,
    rest: float = 0.0,
    queue: str = "answers",
    last: int | None = None,
) -> Job:
    """Return the job of this key, starting it if it is new or had stopped.

    steps: makes the generator whose results are kept; called in the worker thread.
    rest: seconds to leave between two results, for work that a person wants to follow.
    queue: a key of QUEUES, each with one worker.
    last: how many results to keep, of work that yields very many.
    """
    with _lock:
        job = _jobs.get(key)
        if job is None or job.state == "stopped":
            job = _jobs[key] = Job(steps, rest, queue, last, _visitor())
            _make_room(job)
            _workers[queue].submit(_drain, job)
        job.polled = time.monotonic()
        _jobs.move_to_end(key)
        inactive = ("done", "failed", "stopped", "cancelled", "paused")
        for old in [name for name, kept in _jobs.items() if kept.state in inactive][:-KEPT]:
            del _jobs[old]
    return job


def _visitor() -> str:
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else ""


def _make_room(job: Job) -> None:
    """Stop the oldest of a visitor's jobs; one that is still polled then starts again."""
    active = [
        each
        for each in _jobs.values()
        if (each.visitor, each.queue) == (job.visitor, job.queue)
        and each.state in ("waiting", "running")
    ]
    for old in active[:-MOST_EACH] if job.visitor else ():
        old.wish = "stop"


def find(key: Hashable) -> Job | None:
    """Return the job of this key without starting it, and count that as a poll."""
    with _lock:
        job = _jobs.get(key)
        if job is not None:
            job.polled = time.monotonic()
    return job


def pause(job: Job) -> None:
    """Stop after the result now in the making, until resume."""
    with _lock:
        if job.state in ("waiting", "running"):
            job.wish = "pause"


def resume(job: Job) -> None:
    """Go on where pause stopped."""
    with _lock:
        job.polled = time.monotonic()
        job.wish = "run"
        if job.state == "paused":
            job.state = "waiting"
            _workers[job.queue].submit(_drain, job)


def cancel(job: Job) -> None:
    """End after the result now in the making; its results stay and it does not start again."""
    with _lock:
        job.wish = "cancel"
        if job.state == "paused":
            job.state, job.generator = "cancelled", None


def forget(key: Hashable) -> None:
    """Cancel the job of this key and drop its results; the next poll starts it anew."""
    with _lock:
        job = _jobs.pop(key, None)
    if job is not None:
        cancel(job)


def checkpoint() -> None:
    """Let the job that is calling pause or end here, in the midst of a result that takes long.

    Its generator is made anew when it goes on, so what it has done must be kept elsewhere. Outside
    of jobs this does nothing.
    """
    job = getattr(_current, "job", None)
    if job is not None and not _may_go_on(job):
        raise Interrupted


def _drain(job: Job) -> None:
    _current.job = job
    if hasattr(os, "setpriority") and os.uname().sysname == "Linux":
        # On Linux the priority is the thread's own, so sliders stay ahead of long work.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), QUEUES[job.queue].nice)
    try:
        while _may_go_on(job):
            job.generator = job.generator or job.steps()
            job.results.append(next(job.generator))
            if job.last:
                del job.results[: -job.last]
            if job.rest:
                again = threading.Timer(job.rest, _go_on, (job,))
                again.daemon = True
                again.start()
                return
    except StopIteration:
        job.state = "done"
    except Interrupted:
        job.generator = None
    except Exception as error:
        # Visitors of a public server could fill its log with what they are refused.
        if public.is_public() and isinstance(error, ValueError):
            log.warning("a job was refused: %s", error)
        else:
            log.exception("a job failed")
        job.error = why(error) or type(error).__name__  # there before anybody sees the state
        job.state = "failed"
    if job.state != "paused":
        job.generator = None


def _go_on(job: Job) -> None:
    with suppress(RuntimeError):  # the server is stopping
        _workers[job.queue].submit(_drain, job)


def _may_go_on(job: Job) -> bool:
    with _lock:
        if job.wish != "run":
            job.state = {"pause": "paused", "cancel": "cancelled", "stop": "stopped"}[job.wish]
        elif time.monotonic() - job.polled >= QUEUES[job.queue].patience:
            job.state = "stopped"
        else:
            job.state = "running"
        return job.state == "running"
