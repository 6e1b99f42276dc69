"""Accuracy under attacks, made on the network itself or on another one."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from blurlab.attacks.norms import NORMS, Norm
from blurlab.attacks.table import ATTACKS
from blurlab.knobs import Knob
from blurlab.measures.figure import Curves, Panels, Scale, Series
from blurlab.measures.row import Batch, Measure, Network, Number, Tally
from blurlab.networks import store
from blurlab.sentence import Sentence
from blurlab.statistics import UNDEFINED, Interval, share


def tally(network: Network, batch: Batch, settings: dict[str, Any]) -> Tally:
    """Count the right answers after the untargeted attack: right, by epsilon; clean.

    each_right (N, epsilons), each_clean (N,): of every picture.

    Where the attack draws, it does so from the batch's generator, alike for every epsilon. One
    that looks for the smallest change succeeds at every epsilon that its change lies within.
    """
    norm = NORMS[settings["norm"]]
    epsilons = [epsilon / norm.scale for epsilon in settings["epsilons"]]
    if ATTACKS[settings["attack"]].has_epsilon:
        ends = [_attacked(network, batch, settings, epsilon=epsilon) for epsilon in epsilons]
        right = [_right(network, changed, batch.labels) for changed in ends]
    else:
        changed = _attacked(network, batch, settings)
        size, stays = norm.size(changed - batch.images), _right(network, changed, batch.labels)
        right = [stays | (size > epsilon) for epsilon in epsilons]
    clean = _right(network, batch.images, batch.labels)
    each = torch.stack(right, 1)
    return {"right": each.sum(0), "clean": clean.sum(), "each_right": each, "each_clean": clean}


def _attacked(network: Network, batch: Batch, settings: dict[str, Any], **epsilon: float) -> Tensor:
    """Return the pictures at the end of the attack, (N, 3, S, S)."""
    row = ATTACKS[settings["attack"]]
    steps = {"steps": settings["steps"]} if row.takes("steps") else {}
    drawn = {"generator": _generator(batch)} if row.takes("seed") else {}
    *_, changed = row.run(
        batch.source or network,
        batch.images,
        batch.labels,
        norm=settings["norm"],
        targeted=False,
        **epsilon,
        **steps,
        **drawn,
    )
    return changed


def _generator(batch: Batch) -> torch.Generator:
    """Return a generator that has drawn what PGD in L∞ draws for the pictures before these."""
    generator = batch.generator.clone_state()
    torch.rand(batch.first, *batch.images.shape[1:], generator=generator)
    return generator


def splits(settings: dict[str, Any]) -> bool:
    """Tell whether an attack draws nothing, or its pictures' numbers one picture after another."""
    is_pgd = settings["attack"] == "pgd" and settings["norm"] == "linf"
    return is_pgd or not ATTACKS[settings["attack"]].takes("seed")


@torch.no_grad()
def _right(network, images, labels):
    return network(images).argmax(-1) == labels


def estimate(summed: Tally, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the accuracy clean and at each epsilon, which is in the norm's unit.

    The list of these is named by the unit: epsilons_of_255, or epsilons.
    """
    pictures, norm = int(summed["pictures"]), NORMS[settings["norm"]]
    return {
        "attack": ATTACKS[settings["attack"]].title,
        "norm": norm.name,
        "clean": share(int(summed["clean"]), pictures),
        _epsilons(norm): settings["epsilons"],
        "accuracy": [share(int(count), pictures) for count in summed["right"]],
    }


def by_epsilon(found: dict[str, Any]) -> dict[str, tuple[float, Interval]]:
    """Return the epsilons of an estimate and the accuracy there by what people call them.

    They are in the norm's unit, which tells the norm; one without a unit is named.
    """
    norm = NORMS[found["norm"]]
    unit = norm.epsilon.unit or f" ({norm.title})"
    pairs = zip(found[_epsilons(norm)], found["accuracy"], strict=True)
    return {f"{epsilon:g}{unit}": (epsilon, accuracy) for epsilon, accuracy in pairs}


def _epsilons(norm: Norm) -> str:
    return "epsilons" + norm.epsilon.unit.replace("/", "_of_")


def draw(numbers: dict[str, Any]) -> Panels:
    """Draw the accuracy against the size of the attack."""
    norm = NORMS[numbers["norm"]]
    sizes, accuracy = zip((0, numbers["clean"]), *by_epsilon(numbers).values(), strict=True)
    title = Sentence("{epsilon} ({norm})", epsilon=Sentence(norm.epsilon.title), norm=norm.title)
    across = Scale(title, low=0)
    return (Curves(across, Scale("accuracy", "share"), [Series(list(sizes), list(accuracy))]),)


def told(numbers: dict[str, Any], clean: str, under: str) -> list[Number]:
    """Tell the accuracy clean and under each attack; clean, under: what each is called."""
    return [
        Number(clean, numbers["clean"], "share"),
        *(
            Number(Sentence("{under} {size}", under=Sentence(under), size=size), found, "share")
            for size, (_, found) in by_epsilon(numbers).items()
        ),
    ]


def sources() -> dict[str | None, str]:
    """List the models that an attack can be made on, by what that makes of it."""
    titles = {name: Sentence(store.card(name)["title"]) for name in store.names()}
    others = {n: Sentence("{title} (transfer)", title=title) for n, title in titles.items()}
    return {None: "the model itself (adaptive)"} | others


def blank(settings: dict[str, Any], size: int) -> dict[str, Any]:
    """Return an estimate without numbers."""
    norm, epsilons = NORMS[settings["norm"]], settings["epsilons"]
    nothing = {"clean": UNDEFINED, "accuracy": [UNDEFINED] * len(epsilons)}
    return {"norm": norm.name, _epsilons(norm): epsilons} | nothing


def _titles(table: Mapping[str, Any]) -> dict[str, str]:
    return {name: row.title for name, row in table.items()}


def methods(settings: dict[str, Any]) -> str:
    """Say how it is measured, for a paper."""
    norm, made_on = NORMS[settings["norm"]], settings["source"]
    sizes = ", ".join(f"{epsilon:g}{norm.epsilon.unit}" for epsilon in settings["epsilons"])
    where = f"made on {made_on} and transferred" if made_on else "made on the network itself"
    attack = ATTACKS[settings["attack"]]
    steps = f" of {settings['steps']} steps" if attack.takes("steps") else ""
    source = {"pgd": " [madry2018]", "minimal": " [pintor2021]"}.get(settings["attack"], "")
    return (
        f"Pictures were attacked by untargeted {attack.title}{source}{steps} in {norm.title} with "
        f"epsilon of {sizes}, {where}, and the accuracy taken with Wilson's 95 % intervals."
    )


# source: null for an attack on the network itself, which sees the gradient through its blur layer
# (adaptive), or the name of the model that the attack is made on (transfer). The epsilons are in
# the norm's unit. What the attack does not take, such as steps, it goes without.
ATTACKED = Measure(
    "attacks",
    "Attacks",
    "Accuracy under attacks, made on the network itself or on another one.",
    tally,
    estimate,
    draw,
    "Accuracy under untargeted attacks, PGD in L∞ unless it is set otherwise. Made on the model "
    "itself, blur layer included, the attack is **adaptive**; made on another model and shown to "
    "this one, it is a **transfer**, which says little about security.",
    summary=lambda numbers: told(numbers, "clean", "epsilon"),
    compared=lambda numbers: told(numbers, "accuracy, clean", "accuracy, attacks of"),
    knobs=(
        Knob("epsilons", "Sizes of the attack", [1, 2, 4], low=0, above=True, unit="the norm's"),
        Knob("steps", "Steps", 10, low=1),
        Knob("source", "Attack made on", None, offered=sources, address="made_on"),
        Knob("attack", "Attack", "pgd", choices=lambda: _titles(ATTACKS)),
        Knob("norm", "Norm", "linf", choices=lambda: _titles(NORMS)),
    ),
    splits=splits,
    blank=blank,
    newer=frozenset({"attack", "norm"}),
    methods=methods,
)
