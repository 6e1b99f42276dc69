"""What a measure costs beyond the answers of the network that it cannot do without."""

from collections.abc import Iterator

import torch

from benchmarks import Row, alternate
from blurlab import models
from blurlab.data import Pictures
from blurlab.measures import tallies
from blurlab.measures.table import MEASURES

NAME, SIZE, BATCH = "imagenette_base", 128, 8
MEASURED = {"hybrids": {}, "passes": {}, "critical_band": {}, "heatmap": {"cells": 7}}


@torch.no_grad()
def measures_of_a_small_network() -> Iterator[Row]:
    """Compare measures of a network that ships with its forward passes over as many pictures."""
    model = models.load(NAME)
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (BATCH, 3, SIZE, SIZE), generator=generator, dtype=torch.uint8)
    pictures = Pictures(images, torch.arange(BATCH), tuple("abcdefgh"))
    ready = images.float() / 255
    for name, changed in MEASURED.items():
        asked = []
        settings = MEASURES[name].settings | changed

        def measure(network, name=name, settings=settings):
            return list(
                tallies(MEASURES[name], network, pictures, settings, numbers=[0], count=BATCH)
            )

        measure(lambda given, asked=asked: asked.append(len(given)) or model(given))
        ours, bare = alternate(
            lambda measure=measure: measure(model),
            lambda asked=asked: [model(ready) for _ in asked],
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


ROWS = [measures_of_a_small_network]
