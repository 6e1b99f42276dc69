"""What happens once, when the server starts: the models are loaded, tried and kept for good.

Meanwhile the server already answers, so that a browser fetches Streamlit's own files at the same
time. Nothing that takes long is imported before that.
"""

import gc
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

SETTLE = 8.0  # seconds that the first visitor's page has for itself

_warm = threading.Event()
_warm.set()  # where no server starts, as in a test, nothing need be waited for


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Begin to make the models that pages open with ready for the first visitor."""
    _warm.clear()
    threading.Thread(target=_warm_up_and_say_so, name="blurlab-warm-up", daemon=True).start()
    yield


def wait_until_warm() -> None:
    """Hold a page back until the models are ready, or could not be loaded, as the page will say."""
    _warm.wait()


def _warm_up_and_say_so() -> None:
    try:
        warm_up()
    finally:
        _warm.set()
    time.sleep(SETTLE)
    warm_up_for_photographs()


def warm_up_for_photographs() -> None:
    """Load the models that photographs are shown to, whose libraries take seconds to import."""
    from blurlab.networks import store

    load([name for name in store.pair("imagenet") if name in store.names()])
    gc.freeze()


def warm_up() -> None:
    """Load the models that pages open with, run each, and hide all from the garbage collector.

    Streamlit collects garbage after every step; without the freeze each step of a slider would wait
    about 200 ms for it to walk through torch.
    """
    import pandas  # noqa: F401  Streamlit takes it up with the first component it mounts
    import torch

    from blurlab.pictures import objects
    from blurlab.ui import cache, shell

    objects.objects(1, cache.SIZE, torch.Generator())  # its outlines are drawn once, and kept
    for data in ("objects", "imagenette"):
        load(shell.fitting(data))
    gc.collect()
    gc.freeze()


def load(names: Sequence[str]) -> None:
    """Load those of the models that ship; an added one, which may be large, waits to be asked."""
    import torch

    from blurlab import places
    from blurlab.networks import store
    from blurlab.ui import cache

    for name in names:
        if store.card_path(name).parent == places.SHIPPED_MODELS:
            model = cache.model(name)
            with torch.no_grad():
                model(torch.zeros(1, 3, cache.SIZE, cache.SIZE, device=model.mean.device))
