"""The table of attacks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from blurlab.attacks.descent import fgsm, pgd
from blurlab.attacks.minimum import minimal
from blurlab.knobs import Knob

STEPS = Knob("steps", "Steps", 20, 1, 60, step=1, address="attack_steps", beyond=True)
RANDOM_START = Knob(
    "random_start", "Random start", False, help="Begins anywhere in the ball, not at the picture"
)
SEED = Knob(
    "seed", "Seed", 0, 0, 9999, address="attack_seed", beyond=True, help="Decides every draw"
)
STEP_SIZE = Knob(
    "step_size", "Step size", None, 0.0, kind=float,
    help="Of pictures in [0, 1]; 2.5 epsilon / steps where none is given",
)  # fmt: skip
RESTARTS = Knob(
    "restarts", "Restarts", 1, 1, 20, beyond=True, help="Runs in all, each from a random start"
)


@dataclass(frozen=True)
class Attack:
    """One row of the table.

    name: its key.  title: for people.  explanation: what it does, in a sentence.
    run: called with (model, images, labels, norm=, targeted=, ...); yields (N, 3, S, S) each step.
    knobs: what may be set of it, but for the norm and its epsilon. "seed" stands for a generator,
    which it goes without where it has "random_start" and that is false. One with "steps" yields as
    often, another once.
    more: knobs that commands and calls alone offer.
    has_epsilon: stays within a given epsilon; else it looks for the smallest change.
    """

    name: str
    title: str
    explanation: str
    run: Callable[..., Iterator[Tensor]]
    knobs: tuple[Knob, ...] = ()
    more: tuple[Knob, ...] = ()
    has_epsilon: bool = True

    def takes(self, name: str) -> bool:
        """Tell whether it has the knob of a name."""
        return any(knob.name == name for knob in self.knobs + self.more)

    def seed(self, values: dict[str, Any]) -> int | None:
        """Return what decides its draws where these values are set, None where it draws nothing."""
        draws = values.get("random_start", RANDOM_START.default) or not self.takes("random_start")
        return values.get("seed", SEED.default) if draws and self.takes("seed") else None

    def arguments(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return what run takes by name where knobs are set to these values, by name.

        A seed becomes the generator of its draws.
        """
        drawn = self.seed(values)
        given = {k: v for k, v in values.items() if k not in ("seed", "random_start")}
        if drawn is not None:
            given["generator"] = torch.Generator().manual_seed(drawn)
        return given

    def count(self, values: dict[str, Any]) -> int:
        """Say how many steps it yields, of one run."""
        return values.get("steps", STEPS.default) if self.takes("steps") else 1


FGSM = Attack(
    "fgsm",
    "FGSM",
    "Takes one step of size epsilon along the gradient (Goodfellow et al. 2015).",
    fgsm,
)
PGD = Attack(
    "pgd",
    "PGD",
    "Takes many small steps along the gradient and stays within epsilon of the picture "
    "(Madry et al. 2018).",
    pgd,
    knobs=(STEPS, RANDOM_START, SEED),
    more=(STEP_SIZE, RESTARTS),
)
MINIMAL = Attack(
    "minimal",
    "Minimal",
    "Looks for the smallest change that succeeds, by the fast minimum-norm attack (Pintor et al. "
    "2021); what it finds is an upper bound of the true smallest size.",
    minimal,
    knobs=(STEPS,),
    has_epsilon=False,
)
ATTACKS: dict[str, Attack] = {row.name: row for row in (FGSM, PGD, MINIMAL)}
