"""What a measure costs beyond the answers of the network that it cannot do without."""

import time
from collections.abc import Iterator
from functools import partial

import torch

from benchmarks import Row, alternate
from blurlab.data.sets import Pictures
from blurlab.measures.table import MEASURES
from blurlab.measures.tallies import tallies
from blurlab.networks import classifier, store

NAME, SIZE, BATCH = "imagenette_base", 128, 8
MEASURED = {"hybrids": {}, "passes": {}, "critical_band": {}, "heatmap": {"cells": 7}}


@torch.no_grad()
def measures_of_a_small_network() -> Iterator[Row]:
    """Compare measures of a network that ships with its forward passes over as many pictures."""
    model = store.load(NAME)
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (BATCH, 3, SIZE, SIZE), generator=generator, dtype=torch.uint8)
    pictures = Pictures(images, torch.arange(BATCH), tuple("abcdefgh"))
    ready = images.float() / 255
    for name, changed in MEASURED.items():
        asked: list[int] = []
        settings = MEASURES[name].settings | changed

        def measure(network, name=name, settings=settings):
            return list(
                tallies(MEASURES[name], network, pictures, settings, numbers=[0], count=BATCH)
            )

        measure(lambda given, asked=asked: asked.append(len(given)) or model(given))
        ours, bare = alternate(
            partial(measure, model),
            partial(lambda asked: [model(ready) for _ in asked], asked),
            rounds=5,
        )
        pace = [sum(asked) / seconds for seconds in (ours, bare)]
        yield Row(
            f"{name}, {NAME}, {SIZE} pixels",
            "the forward passes alone",
            bare / ours,
            at_least=0.9,
            times=f"{pace[0]:.0f} against {pace[1]:.0f} pictures/s",
        )


@torch.no_grad()
def imagenet_grid() -> Iterator[Row]:
    """Estimate what 95 corruption levels of ImageNet's 50,000 pictures cost for 20 networks.

    A ResNet-50 on the fastest device stands for all; its weights, which do not matter, are random.
    """
    from torchvision.models import resnet50

    device = classifier.best_device()
    count = 4 if device == "cpu" else 64
    network = classifier.around(resnet50(), {"input_size": 224, "sigma": 0.0})
    network = network.to(device).to(memory_format=torch.channels_last).eval()
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (count, 3, 224, 224), generator=generator, dtype=torch.uint8)
    pictures = Pictures(images, torch.arange(count) % 2, ("a", "b"))
    row = MEASURES["corruptions"]
    asked: list[torch.Size] = []

    def measure(network):
        return list(
            tallies(row, network, pictures, row.settings, numbers=[0], count=count, device=device)
        )

    def counted(given):
        asked.append(given.shape)
        return network(given)

    def bare():
        ready = images.to(device).float() / 255
        return [network(ready) for _ in asked][-1].cpu()  # waits for the device

    measure(counted)
    ours, floor = alternate(lambda: measure(network), bare, rounds=1, clock=time.perf_counter)
    hours = ours / count * 50_000 * 20 / 3600
    yield Row(
        f"ImageNet-C's 95 levels through a ResNet-50, {device}",
        "the forward passes alone",
        floor / ours,
        times=f"{ours / count:.2f} s a picture: 20 networks x 50,000 pictures take {hours:,.0f} h",
    )


ROWS = [measures_of_a_small_network, imagenet_grid]
