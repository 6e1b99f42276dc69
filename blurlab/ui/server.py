"""What happens once, when the server starts: libraries are imported, and models loaded for good.

Meanwhile the server already answers, so that a browser fetches Streamlit's own files at the same
time. Nothing that takes long is imported before that, and no page waits for the models.
"""

import gc
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

_warm = threading.Event()
_warm.set()  # where no server starts, as in a test, nothing need be waited for


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Begin to make ready what pages need for the first visitor."""
    _warm.clear()
    threading.Thread(target=_warm_up, name="blurlab-warm-up", daemon=True).start()
    yield


def wait_until_warm() -> None:
    """Hold a page back until what draws it is imported, or could not be, as the page will say."""
    _warm.wait()


def _warm_up() -> None:
    try:
        import_libraries()
    finally:
        _warm.set()
    load_models()


def import_libraries() -> None:
    """Import what takes seconds, and hide it from the garbage collector.

    Streamlit collects garbage after every step; without the freeze each step of a slider would wait
    about 200 ms for it to walk through torch.
    """
    import pandas  # noqa: F401  Streamlit takes it up with the first component it mounts
    import torch  # noqa: F401

    from blurlab.ui import shell  # noqa: F401

    gc.collect()
    gc.freeze()


def load_models() -> None:
    """Load the models that pages open with, run each once, and hide them from the collector too.

    Those that photographs are shown to come first: Home opens with them.
    """
    import torch

    from blurlab.networks import store
    from blurlab.pictures import objects
    from blurlab.ui import cache, shell

    load([name for name in store.pair("imagenet") if name in store.names()])
    objects.objects(1, cache.SIZE, torch.Generator())  # its outlines are drawn once, and kept
    for data in ("objects", "imagenette"):
        load(shell.fitting(data))
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
