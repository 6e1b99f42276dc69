"""Accuracy under the corruptions of ImageNet-C, by corruption, class and severity."""

import math
from typing import Any

import torch

from blurlab.corruptions.corrupting import SEVERITIES, corrupt, eight_bit
from blurlab.corruptions.table import CORRUPTIONS, STRENGTHS
from blurlab.measures.tallies import Batch, Measure, Network, Tally
from blurlab.statistics import mean, share

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


def mce(found: dict[str, Any], baseline: dict[str, Any]) -> dict[str, Any]:
    """Compare the errors of a model under corruptions with a baseline's on the same pictures.

    found, baseline: what estimate returned of each.
    Returns mce, the mean over the 15 corruptions of the test set of the model's error, summed over
    severities, as a share of the baseline's; ce: that share of each. The baseline's own is 1.
    Source: Hendrycks and Dietterich 2019, ICLR, where the baseline is AlexNet, the unit percent.
    """
    tested = [name for name, row in CORRUPTIONS.items() if row.band]
    wrong, reference = (
        {name: sum(1 - share.value for share in each["accuracy"][name]) for name in tested}
        for each in (found, baseline)
    )
    # A baseline that is never wrong leaves the share undefined.
    ce = {name: wrong[name] / (reference[name] or math.nan) for name in tested}
    return {"mce": sum(ce.values()) / len(tested), "ce": ce}


CORRUPTED = Measure(
    "Accuracy under corruptions",
    {"strengths": "imagenet"},
    tally,
    estimate,
    limits={"strengths": (lambda table: table in STRENGTHS, f"one of {', '.join(STRENGTHS)}")},
)
