"""The models in memory: one copy for all sessions, the least recently used leaving first."""

import os
import threading
import time
from collections import OrderedDict
from typing import NamedTuple

import torch

from blurlab.networks import classifier, store

SHARE = 0.25  # of the device's memory that models may take


class Loaded(NamedTuple):
    """A model in memory, its bytes there, and the seconds that it took over one picture."""

    model: classifier.Classifier
    bytes: int
    seconds: float


_loaded: OrderedDict[str, Loaded] = OrderedDict()
_found, _loading = threading.Lock(), threading.Lock()


def model(name: str) -> classifier.Classifier:
    """Return the one copy of a model that all sessions share; nobody writes to it.

    Raises ValueError for a model that is not installed, or is damaged.
    """
    found = _known(name)
    if found is None:
        with _loading:  # who waited here may find what another has loaded meanwhile
            found = _known(name) or _load(name)
            _keep(name, found)
    return found.model


def _known(name: str) -> Loaded | None:
    with _found:
        if name in _loaded:
            _loaded.move_to_end(name)
        return _loaded.get(name)


def _load(name: str) -> Loaded:
    network = store.load(name, classifier.best_device())
    tensors = [*network.parameters(), *network.buffers()]
    used = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    return Loaded(network, used, forward_seconds(network))


@torch.no_grad()
def forward_seconds(network: classifier.Classifier) -> float:
    """Time a model over one picture of its input size, after one that warms it up."""
    size = network.input_size
    picture = torch.zeros(1, 3, size, size, device=network.mean.device)
    network(picture).cpu()
    started = time.perf_counter()
    network(picture).cpu()
    return time.perf_counter() - started


def _keep(name: str, found: Loaded) -> None:
    """Put a model among those in memory, and let go of others until all fit the budget."""
    with _found:
        _loaded[name] = found
        _loaded.move_to_end(name)
        while len(_loaded) > 1 and sum(each.bytes for each in _loaded.values()) > budget():
            _loaded.popitem(last=False)


def budget() -> int:
    """Return how many bytes models may take; one that alone takes more is kept alone."""
    if classifier.best_device() == "cuda":
        return int(SHARE * torch.cuda.get_device_properties(0).total_memory)
    return int(SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))


def in_memory() -> dict[str, Loaded]:
    """Return the models in memory by name, the most recently used last."""
    with _found:
        return dict(_loaded)


def forget() -> None:
    """Let go of every model; who uses one keeps it for as long."""
    with _found:
        _loaded.clear()
