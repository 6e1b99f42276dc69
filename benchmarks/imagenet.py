"""How fast networks that know ImageNet answer on a CPU."""

import time
from collections.abc import Iterator
from functools import partial

import torch

from benchmarks import Row, alternate
from blurlab.filters import pairs
from blurlab.networks import store
from blurlab.ui.hybrid.job import CUTOFFS


@torch.no_grad()
def answers_of_lite0() -> Iterator[Row]:
    """Compare ONNX Runtime with torch over the same pictures, one by one and sixteen together."""
    model = store.load("imagenet_lite0")
    if model.quick is None:
        return
    net, quick = model.net, model.quick
    for count in (1, 16):
        images = torch.rand(count, 3, 224, 224, generator=torch.Generator().manual_seed(0))
        ours, bare = alternate(partial(quick, images), partial(net, images), rounds=7)
        yield Row(
            f"answers of imagenet_lite0, 224 pixels, batch of {count}",
            "torch",
            bare / ours,
            at_least=1.5,
            times=f"{1e3 * ours / count:.1f} against {1e3 * bare / count:.1f} ms a picture",
        )


@torch.no_grad()
def sweep_of_two_imagenet_networks() -> Iterator[Row]:
    """Time the hybrids of one pair at the pages' 33 cutoffs through two networks."""
    networks = [store.load(name) for name in store.pair("imagenet")]
    low, high = torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    first, whole = [], []
    for _ in range(3):
        started = time.perf_counter()
        for indices, _ in pairs.pair_answers(networks, low, high, CUTOFFS):
            if 0 in indices:
                first.append(time.perf_counter() - started)
        whole.append(time.perf_counter() - started)
    for what, seconds, goal in (("first answers", first, 0.5), ("all answers", whole, 4.0)):
        yield Row(
            f"{what} of a sweep of 33 cutoffs, two networks that know ImageNet",
            f"{goal:g} s",
            min(seconds) / goal,
            at_most=1.0,
            times=f"{min(seconds):.2f} s",
        )


ROWS = [answers_of_lite0, sweep_of_two_imagenet_networks]
