"""What happens once, when the server starts: the models are loaded, tried and kept for good."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import torch

from blurlab import models
from blurlab.ui import cache


@asynccontextmanager
async def lifespan(app) -> AsyncIterator[None]:
    """Have every model that ships ready before the first visitor comes."""
    warm_up()
    yield


def warm_up() -> None:
    """Load the models that ship, run each, and hide all that exists from the garbage collector.

    Streamlit collects garbage after every step; without the freeze each step of a slider would wait
    about 200 ms for it to walk through torch.
    """
    for name in models.names():
        if models.card_path(name).parent != models.MODELS_DIR:
            continue  # an added one may be large, and is loaded when it is asked for
        model = cache.model(name)
        model(torch.zeros(1, 3, cache.SIZE, cache.SIZE, device=model.mean.device))
    gc.collect()
    gc.freeze()
