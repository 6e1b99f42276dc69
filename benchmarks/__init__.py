"""How BlurLab's speed compares with references measured in the same run: python -m benchmarks."""

import time
from collections.abc import Callable
from typing import NamedTuple


class Row(NamedTuple):
    """One line of the table: a ratio and, unless it is only informative, what it should reach."""

    what: str
    against: str
    ratio: float
    at_least: float | None = None
    at_most: float | None = None
    times: str = ""


def alternate(
    candidate: Callable[[], object],
    reference: Callable[[], object],
    rounds: int,
    clock: Callable[[], float] = time.thread_time,
) -> tuple[float, float]:
    """Time two functions in turns, after one turn that is not counted.

    clock: by default the CPU time of this thread, which other programs disturb least.
    Returns the seconds of each one's fastest turn: what else runs on a machine only adds to them.
    """
    times: dict[Callable[[], object], list[float]] = {candidate: [], reference: []}
    for turn in range(rounds + 1):
        for function, seconds in times.items():
            start = clock()
            function()
            if turn:
                seconds.append(clock() - start)
    return min(times[candidate]), min(times[reference])
