"""How fast networks answer to a moving picture: over the frame channel, and on the page Camera."""

import json
import statistics
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from benchmarks import Row
from benchmarks.serving import joined, routed, served
from benchmarks.ui import chromium, missing, ms
from blurlab.networks import store
from blurlab.ui import cache, channel
from blurlab.ui.hybrid import job, view

FRAMES, CLIENTS, SECONDS = 30, 12, 4.0


@contextmanager
def live() -> Iterator[str]:
    """Serve the channel alone; yield its address."""
    with routed([channel.route()]) as address:
        yield address.replace("http://", "ws://") + channel.PATH


def frame(number: int, picture: Tensor) -> bytes:
    return struct.pack("<I", number) + picture.permute(1, 2, 0).numpy().tobytes()


@torch.no_grad()
def answers_over_the_channel() -> Iterator[Row]:
    """Send frame after frame, each when the one before is answered, beside the bare passes."""
    pictures = torch.randint(256, (FRAMES, 3, 256, 256)).byte()
    several = {"two small networks": store.pair("objects"), "Lite0": ("imagenet_lite0",)}
    with live() as address:
        for what, names in several.items():
            if not set(names) <= set(store.names()):
                continue
            networks = [cache.model(name) for name in names]
            over, bare = [], []
            for _ in range(4):
                with joined(address, *names) as client:
                    started = time.perf_counter()
                    for number, picture in enumerate(pictures):
                        client.send(frame(number, picture))
                        client.recv()
                    over.append(time.perf_counter() - started)
                started = time.perf_counter()
                for picture in pictures:
                    for network in networks:
                        network(picture[None].float() / 255)
                bare.append(time.perf_counter() - started)
            yield Row(
                f"answers a second over the frame channel, {what}, 256-pixel frames",
                "the bare forward passes",
                min(bare) / min(over),
                at_least=0.7,
                times=f"{FRAMES / min(over):.0f} against {FRAMES / min(bare):.0f}",
            )


@torch.no_grad()
def answers_while_dragging() -> Iterator[Row]:
    """Ask for one cutoff after another, as the stage does, beside the bare passes."""
    cutoffs = [2 + 0.37 * step for step in range(FRAMES)]
    with live() as address:
        for what, pair in {
            "two small networks": store.pair("objects"),
            "Lite0": ("imagenet_lite0",),
        }.items():
            if not set(pair) <= set(store.names()):
                continue
            fish, house = (cache.Choice("object", name) for name in ("fish", "house"))
            networks = [cache.model(name) for name in pair]
            made = cache.picture(fish)[None]
            over, bare = [], []
            for turn in range(4):
                setting = job.Setting(fish, house, 8.0, None, "gaussian")
                token = view.offered(pair, setting)
                with joined(address) as client:
                    started = time.perf_counter()
                    for cutoff in cutoffs:
                        client.send(json.dumps({"exact": token, "at": [cutoff + turn / 100, None]}))
                        client.recv()
                    over.append(time.perf_counter() - started)
                started = time.perf_counter()
                for _ in cutoffs:
                    for network in networks:
                        network(made)
                bare.append(time.perf_counter() - started)
            yield Row(
                f"answers a second at the very cutoff while the stage is dragged, {what}",
                "the bare forward passes",
                min(bare) / min(over),
                times=f"{FRAMES / min(over):.0f} against {FRAMES / min(bare):.0f}",
            )


def twelve_clients() -> Iterator[Row]:
    """Let twelve clients ask at once, and compare the one that gets least with a fair share."""
    picture = torch.randint(256, (3, 256, 256)).byte()
    counts = [0] * CLIENTS
    with live() as address:
        end = time.perf_counter() + SECONDS

        def ask(index: int) -> None:
            with joined(address, *store.pair("objects")) as client:
                while time.perf_counter() < end:
                    client.send(frame(counts[index], picture))
                    client.recv()
                    counts[index] += 1

        threads = [threading.Thread(target=ask, args=(index,)) for index in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    fair = sum(counts) / CLIENTS
    yield Row(
        "answers of the slowest of twelve clients",
        "a twelfth of all",
        min(counts) / fair,
        at_least=0.5,
        times=f"{min(counts) / SECONDS:.1f} against {fair / SECONDS:.1f} a second",
    )


def camera() -> Iterator[Row]:
    """Filter moving pictures in Chromium, with the answers of two small networks beside them."""
    with chromium() as browser, served() as server:
        if browser is None:
            yield missing("pictures of the camera")
            return
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{server.address}/camera")
        page.wait_for_selector("[data-part=picture][data-delay]", timeout=120_000)
        page.locator("#strength").fill("200")
        page.wait_for_timeout(2000)
        rates, delays = [], []
        for _ in range(8):
            page.wait_for_timeout(1000)
            rates.append(float(page.get_attribute("[data-part=picture]", "data-rate")))
            delays.append(float(page.get_attribute("[data-part=picture]", "data-delay")))
    rate, delay = statistics.median(rates), statistics.median(delays)
    yield Row(
        "low-passed pictures of a camera, 256 px, in Chromium", "25 a second", rate / 25, 1,
        times=f"{rate:.0f} / s",
    )  # fmt: skip
    yield Row(
        "such a picture to the answers of two small networks drawn", "150 ms", delay / 150,
        at_most=1, times=ms(delay),
    )  # fmt: skip


ROWS = [answers_over_the_channel, answers_while_dragging, twelve_clients, camera]
