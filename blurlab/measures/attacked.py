"""Accuracy under attacks, made on the network itself or on another one."""

from typing import Any

import torch

from blurlab.attacks import descent
from blurlab.knobs import Knob
from blurlab.measures.figure import Curves, Panels, Scale, Series
from blurlab.measures.row import Batch, Measure, Network, Number, Tally
from blurlab.networks import store
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


def draw(numbers: dict[str, Any]) -> Panels:
    """Draw the accuracy against the size of the attack."""
    curve = Series([0, *numbers["epsilons_of_255"]], [numbers["clean"], *numbers["accuracy"]])
    return (Curves(Scale("epsilon", "255ths", low=0), Scale("accuracy", "share"), [curve]),)


def by_epsilon(numbers: dict[str, Any], clean: str, under: str) -> list[Number]:
    """Tell the accuracy clean and under each attack; clean, under: what each is called."""
    pairs = zip(numbers["epsilons_of_255"], numbers["accuracy"], strict=True)
    return [
        Number(clean, numbers["clean"], "share"),
        *(Number(f"{under} {epsilon}/255", found, "share") for epsilon, found in pairs),
    ]


def sources() -> dict[str | None, str]:
    """List the models that an attack can be made on, by what that makes of it."""
    others = {name: f"{store.card(name)['title']} (transfer)" for name in store.names()}
    return {None: "the model itself (adaptive)"} | others


# source: null for an attack on the network itself, which sees the gradient through its blur layer
# (adaptive), or the name of the model that the attack is made on (transfer).
ATTACKED = Measure(
    "attacks",
    "Attacks",
    "Accuracy under attacks, made on the network itself or on another one.",
    tally,
    estimate,
    draw,
    "Accuracy under untargeted L∞ PGD. Made on the model itself, blur layer included, the attack "
    "is **adaptive**; made on another model and shown to this one, it is a **transfer**, which "
    "says little about security.",
    summary=lambda numbers: by_epsilon(numbers, "clean", "epsilon"),
    compared=lambda numbers: by_epsilon(numbers, "accuracy, clean", "accuracy, attacks of"),
    knobs=(
        Knob("epsilons", "Sizes of the attack", [1, 2, 4], low=0, above=True, unit="255ths"),
        Knob("steps", "Steps", 10, low=1),
        Knob("source", "Attack made on", None, offered=sources, address="made_on"),
    ),
)
