"""Accuracy under attacks, made on the network itself or on another one."""

from typing import Any

import torch

from blurlab.attacks import descent
from blurlab.measures.tallies import COUNT, POSITIVES, Batch, Measure, Network, Tally
from blurlab.statistics import share


def tally(network: Network, batch: Batch, settings: dict[str, Any]) -> Tally:
    """Count the right answers after untargeted L-infinity PGD: right, by epsilon; clean.

    The attack starts at a random place of the ball, which is the same share of every epsilon.
    """
    right = []
    for epsilon in settings["epsilons"]:
        *_, changed = descent.pgd(
            batch.source or network,
            batch.images,
            batch.labels,
            epsilon=epsilon / 255,
            steps=settings["steps"],
            generator=batch.generator.clone_state(),
        )
        right.append(_right(network, changed, batch.labels))
    return {"right": torch.stack(right), "clean": _right(network, batch.images, batch.labels)}


@torch.no_grad()
def _right(network, images, labels):
    return (network(images).argmax(-1) == labels).sum()


def estimate(summed: Tally, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the accuracy clean and at each epsilon, which is in 255ths."""
    pictures = int(summed["pictures"])
    return {
        "clean": share(int(summed["clean"]), pictures),
        "epsilons_of_255": settings["epsilons"],
        "accuracy": [share(int(count), pictures) for count in summed["right"]],
    }


# source: null for an attack on the network itself, which sees the gradient through its blur layer
# (adaptive), or the name of the model that the attack is made on (transfer).
ATTACKED = Measure(
    "Accuracy under attacks",
    {"epsilons": [1, 2, 4], "steps": 10, "source": None},
    tally,
    estimate,
    limits={"epsilons": POSITIVES, "steps": COUNT},
)
