"""The table of attacks."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from torch import Tensor

from blurlab.attacks.descent import fgsm, pgd
from blurlab.attacks.minimum import minimal


class Attack(NamedTuple):
    """One row of the table.

    run: called with (model, images, labels, norm=, targeted=, ...); yields (N, 3, S, S) each step.
    options: what else it takes by name.
    """

    run: Callable[..., Iterator[Tensor]]
    options: tuple[str, ...]


ATTACKS = {
    "fgsm": Attack(fgsm, ("epsilon",)),
    "pgd": Attack(pgd, ("epsilon", "steps", "step_size", "generator", "restarts")),
    "minimal": Attack(minimal, ("steps",)),
}
