"""Long work behind the pages: one queue for the device, results as they come, nobody left waiting.

A job drains a generator in the one worker thread. Whoever shows it polls it; a job that nobody has
polled for a while stops, so a closed tab or a new choice frees the device by itself.
"""

import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 5.0  # seconds without a poll after which a job stops
KEPT = 64  # ended jobs that are remembered


@dataclass
class Job:
    """results: what has been yielded.  state: waiting, running, done, stopped or failed."""

    results: list[Any] = field(default_factory=list)
    state: str = "waiting"
    error: str = ""
    polled: float = field(default_factory=time.monotonic)

    @property
    def is_over(self) -> bool:
        return self.state in ("done", "failed")


_jobs: OrderedDict[Hashable, Job] = OrderedDict()
_lock = threading.Lock()
_worker = ThreadPoolExecutor(1, thread_name_prefix="blurlab-jobs")


def poll(key: Hashable, steps: Callable[[], Iterator[Any]]) -> Job:
    """Return the job of this key, starting it if it is new or had stopped.

    steps: makes the generator whose results are kept; called in the worker thread.
    """
    with _lock:
        job = _jobs.get(key)
        if job is None or job.state == "stopped":
            job = _jobs[key] = Job()
            _worker.submit(_drain, job, steps)
        job.polled = time.monotonic()
        _jobs.move_to_end(key)
        ended = ("done", "failed", "stopped")
        for old in [name for name, kept in _jobs.items() if kept.state in ended][:-KEPT]:
            del _jobs[old]
    return job


def _drain(job: Job, steps: Callable[[], Iterator[Any]]) -> None:
    if hasattr(os, "setpriority") and os.uname().sysname == "Linux":
        # On Linux the priority is the thread's own, so sliders stay ahead of long work.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)
    try:
        job.state = "running"
        results = steps()
        while time.monotonic() - job.polled < PATIENCE:
            try:
                job.results.append(next(results))
            except StopIteration:
                job.state = "done"
                return
        job.state = "stopped"
    except Exception as error:
        logging.getLogger(__name__).exception("a job failed")
        job.state, job.error = "failed", str(error)
