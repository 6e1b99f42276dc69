"""The people so far: reverse frequencies that those who finished a game have added to a server's.

Everything is in memory. Nothing is kept of who they are, or of when and in what order they came.
"""

import threading
from collections import deque
from typing import NamedTuple

from blurlab.statistics import Interval

MOST = 1000  # results that are kept; of more, the newest


class Finished(NamedTuple):
    """What is kept of one person. deck: of the pictures.  f_rev: cycles/image."""

    deck: str
    f_rev: Interval


class People:
    """The results of a server. All that changes them is done under their lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._finished: deque[Finished] = deque(maxlen=MOST)

    def add(self, finished: Finished) -> None:
        with self._lock:
            self._finished.append(finished)

    def forget(self) -> None:
        """Forget all results."""
        with self._lock:
            self._finished.clear()

    def so_far(self) -> list[Finished]:
        """Return the results by deck and reverse frequency, which hides who came after whom."""
        with self._lock:
            return sorted(self._finished)


PEOPLE = People()
