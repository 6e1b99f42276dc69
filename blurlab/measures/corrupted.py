"""Accuracy under the corruptions of ImageNet-C, by corruption, class and severity."""

from typing import Any

import torch

from blurlab.corruptions import CORRUPTIONS, SEVERITIES, corrupt, eight_bit
from blurlab.measures import Batch, Measure, Network, Tally
from blurlab.sensitivity import mean, share

BANDS = ("low", "medium", "high")


@torch.no_grad()
def tally(network: Network, batch: Batch, settings: dict[str, Any]) -> Tally:
    """Count the right answers: right_NAME (5,) of every corruption, by severity; clean.

    band_BAND (2,): the sum, and of the squares, of every picture's share of right answers under the
    corruptions of a class (Li et al. 2023) at all severities.
    """
    right = {}
    for name in CORRUPTIONS:
        answers = []
        for severity in SEVERITIES:
            # The same draws at every severity and corruption, which then differ in strength alone.
            generator = batch.generator.clone_state()
            changed = corrupt(batch.images, name, severity, generator, table=settings["strengths"])
            answers.append(network(eight_bit(changed)).argmax(-1) == batch.labels)
        right[name] = torch.stack(answers).double()  # (5, N)
    counted = {f"right_{name}": answers.sum(1) for name, answers in right.items()}
    for band in BANDS:
        members = [right[name] for name, row in CORRUPTIONS.items() if row.band == band]
        each = torch.cat(members).mean(0)
        counted[f"band_{band}"] = torch.stack([each.sum(), each.square().sum()])
    counted["clean"] = (network(batch.images).argmax(-1) == batch.labels).sum()
    return counted


def estimate(summed: Tally, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the accuracy clean, of each class of corruptions, and by corruption and severity."""
    pictures = int(summed["pictures"])
    return {
        "clean": share(int(summed["clean"]), pictures),
        "classes": {band: mean(*summed[f"band_{band}"].tolist(), pictures) for band in BANDS},
        "accuracy": {
            name: [share(int(count), pictures) for count in summed[f"right_{name}"]]
            for name in CORRUPTIONS
        },
    }


CORRUPTED = Measure("Accuracy under corruptions", {"strengths": "imagenet"}, tally, estimate)
