"""What a row of the table of corruptions holds, and what part it can play."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from blurlab.knobs import Knob

BANDS = ("low", "medium", "high")  # of frequencies, where a corruption changes the picture

# What part a corruption plays. The first two are published with ImageNet-C and CIFAR-10-C and make
# up every measure of corruptions; the third is there to be seen and used.
ROLES = {
    "test": "of the 15 that networks are tested with, which make up mCE and the classes' averages",
    "validation": "of the four that are kept for tuning",
    "offered": "not published, and so in no measure",
}

SEVERITY = Knob("severity", "Severity", 3, 1, 5, step=1)
SEED = Knob("seed", "Seed", 0, 0, 9999, help="Another one draws other noise or snow")


@dataclass(frozen=True)
class Corruption:
    """One row of the table.

    name: its key.  title: for people.  explanation: what it does, in a sentence.
    apply: called with (images, *strength), or (images, seeds, *strength) where it is random.
    strengths: for each table of STRENGTHS the arguments at the five severities; "imagenet" serves
        for a table that is not there.
    band: of BANDS, where Li et al. 2023 see the power of the change; None for the four that they
        leave out.
    role: a key of ROLES.
    random: draws from the generator.
    """

    name: str
    title: str
    explanation: str
    apply: Callable[..., Tensor]
    strengths: dict[str, tuple]
    band: str | None
    role: str = "test"
    random: bool = False

    @property
    def kind(self) -> str:
        """Say which class or set it belongs to."""
        where = [f"{self.band} frequencies"] if self.band else []
        also = {"validation": ["validation set"], "offered": ["in no measure"]}
        return ", ".join(where + also.get(self.role, []))

    @property
    def knobs(self) -> tuple[Knob, ...]:
        return (SEVERITY, SEED) if self.random else (SEVERITY,)
