"""What a GPU gives: every row is of one, and there are none where there is none."""

import math
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial

import cv2
import torch
from torch import Tensor

from benchmarks import Row, alternate
from benchmarks.attacks import all_steps, bare_passes
from benchmarks.core import GENERATOR, check, generated, pictures
from benchmarks.corruptions import SEVERITY, SLOW, published
from benchmarks.references import hybrid_mask
from blurlab.attacks.descent import pgd
from blurlab.corruptions.corrupting import corrupt
from blurlab.corruptions.table import published as published_names
from blurlab.data.sets import Pictures
from blurlab.filters import pairs
from blurlab.filters.hybrid import hybrid
from blurlab.measures.row import Measure
from blurlab.measures.table import MEASURES
from blurlab.measures.tallies import tallies
from blurlab.networks import store
from blurlab.pictures.images import to_uint8
from blurlab.pictures.photographs import photograph

SIZE = 224
NETWORKS = ("imagenette_base", "imagenet_lite0")
CUTOFFS = torch.linspace(1, SIZE / 2, 33).tolist()  # as many as the pages' stage has


def waiting(function: Callable[[], object]) -> Callable[[], None]:
    """Return the same work, until the GPU has done it."""

    def done() -> None:
        function()
        torch.cuda.synchronize()

    return done


timed = partial(alternate, clock=time.perf_counter)


def hybrid_pictures_on_a_gpu() -> Iterator[Row]:
    """Compare 512 pairs on a GPU with 16 pairs on one CPU core, per picture."""
    if not torch.cuda.is_available():
        return
    lows, highs = pictures(32).chunk(2)
    cutoff = 0.11 * SIZE / 2
    many_lows, many_highs = (images.cuda().repeat(32, 1, 1, 1) for images in (lows, highs))
    masks = [hybrid_mask(SIZE, cutoff)] * len(lows)
    check(hybrid(many_lows, many_highs, cutoff)[:16], generated(lows, highs, masks))
    ours, theirs = timed(
        waiting(lambda: hybrid(many_lows, many_highs, cutoff)),
        lambda: list(generated(lows, highs, masks)),
        rounds=9,
    )
    yield Row(
        "hybrid pictures, 512 pairs, on the GPU",
        GENERATOR,
        theirs / 16 / (ours / 512),
        at_least=300,
        times=f"{ours / 512e-3:.4f} against {theirs / 16e-3:.2f} ms a picture",
    )


def corruptions_on_a_gpu() -> Iterator[Row]:
    """Compare 128 pictures on a GPU with one on one CPU core, per picture."""
    peer = published()
    if not torch.cuda.is_available() or peer is None:
        return
    cv2.setNumThreads(1)
    picture = photograph("cat", SIZE)
    levels = to_uint8(picture)
    images = picture.cuda().expand(128, -1, -1, -1).contiguous()
    generator, ratios = torch.Generator().manual_seed(0), []
    for name in published_names():
        ours, theirs = timed(
            waiting(partial(corrupt, images, name, SEVERITY, generator)),
            partial(peer, levels, severity=SEVERITY, corruption_name=name),
            rounds=1 if name in SLOW else 5,
        )
        ratios.append(theirs / (ours / len(images)))
        yield Row(
            f"{name}, on the GPU",
            "imagecorruptions 1.1.2",
            ratios[-1],
            at_least=0.9,
            times=f"{ours / len(images) * 1e3:.3f} against {theirs * 1e3:.2f} ms a picture",
        )
    mean = statistics.geometric_mean(ratios)
    yield Row("19 corruptions, on the GPU, geometric mean", "imagecorruptions 1.1.2", mean, 100)


@torch.no_grad()
def answers_on_a_gpu() -> Iterator[Row]:
    """Compare a network's answers on a GPU, as the pages ask for them, with those on one core."""
    if not torch.cuda.is_available():
        return
    for name in NETWORKS:
        there, here = store.load(name, "cuda"), store.load(name)
        precision = "float16" if there.half_precision else "float32"
        for count in (1, 64):
            images = torch.rand(count, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
            on_gpu = images.cuda()
            ours, theirs = timed(
                waiting(partial(there, on_gpu)), partial(here, images[:16]), rounds=5
            )
            ours, theirs = ours / count, theirs / min(count, 16)
            yield Row(
                f"answers of {name} in {precision}, batch of {count}",
                "one CPU core",
                theirs / ours,
                times=f"{1 / ours:,.0f} against {1 / theirs:,.0f} pictures/s",
            )


@torch.no_grad()
def sweep_on_a_gpu() -> Iterator[Row]:
    """Time the hybrids of one pair at 33 cutoffs through two networks."""
    if not torch.cuda.is_available():
        return
    networks = [store.load(name, "cuda") for name in store.pair("imagenet")]
    low, high = torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(0)).cuda()
    seconds = math.inf
    for _ in range(4):
        started = time.perf_counter()
        for _ in pairs.pair_answers(networks, low, high, CUTOFFS):
            pass
        torch.cuda.synchronize()
        seconds = min(seconds, time.perf_counter() - started)
    yield Row(
        "all answers of a sweep of 33 cutoffs, two networks that know ImageNet, on the GPU",
        "4 s",
        seconds / 4,
        at_most=1.0,
        times=f"{seconds * 1e3:.0f} ms",
    )


def attacks_on_a_gpu() -> Iterator[Row]:
    """Compare PGD on a GPU with the passes that it cannot do without."""
    if not torch.cuda.is_available():
        return
    for name in NETWORKS:
        model = store.load(name, "cuda")
        images = torch.rand(64, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0)).cuda()
        labels = torch.arange(64, device="cuda") % 10
        attack = partial(pgd, model, images, labels, epsilon=1 / 255, steps=5)
        ours, bare = timed(
            waiting(partial(all_steps, attack)),
            waiting(partial(bare_passes, model, images, labels)),
            rounds=5,
        )
        yield Row(
            f"PGD, 5 steps, {name}, 64 pictures, on the GPU",
            "the forward and backward-to-input passes alone",
            ours / bare,
            at_most=1.05,
            times=f"{ours / 5e-3:.1f} against {bare / 5e-3:.1f} ms a step",
        )


@torch.no_grad()
def measures_on_a_gpu() -> Iterator[Row]:
    """Compare measures on a GPU with the forward passes over as many pictures in float32."""
    if not torch.cuda.is_available():
        return
    model = store.load("imagenet_lite0", "cuda").in_float32()
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (50, 3, 256, 256), generator=generator, dtype=torch.uint8)
    shown = Pictures(images, torch.arange(50), tuple(map(str, range(50))))
    ready = images.cuda().float() / 255
    for name in ("hybrids", "passes", "corruptions", "noise"):
        row = MEASURES[name]
        asked: list[int] = []

        def measure(network: Callable[[Tensor], Tensor], row: Measure = row) -> list:
            return list(
                tallies(row, network, shown, row.settings, numbers=[0], count=50, device="cuda")
            )

        def bare(asked: list[int] = asked) -> None:
            for count in asked:
                model(ready[:1].expand(count, -1, -1, -1))

        def counted(given: Tensor, asked: list[int] = asked) -> Tensor:
            asked.append(len(given))
            return model(given)

        measure(counted)
        ours, floor = timed(waiting(partial(measure, model)), waiting(bare), rounds=1)
        pace = [sum(asked) / seconds for seconds in (ours, floor)]
        yield Row(
            f"{name}, imagenet_lite0, on the GPU",
            "the forward passes alone",
            floor / ours,
            at_least=0.9,
            times=f"{pace[0]:,.0f} against {pace[1]:,.0f} pictures/s",
        )


ROWS = [
    hybrid_pictures_on_a_gpu,
    corruptions_on_a_gpu,
    answers_on_a_gpu,
    sweep_on_a_gpu,
    attacks_on_a_gpu,
    measures_on_a_gpu,
]
