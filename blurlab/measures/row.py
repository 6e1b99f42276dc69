"""What a row of the table of measures carries, from how it is tallied to how it is told.

A measure turns one batch of pictures into a tally: named sums that can be added to those of other
batches, whoever made them. So a measure can be watched, stopped, resumed and shared out among
machines. Beside the sums it holds what each picture said, in few bytes, so that networks can be
compared picture by picture and other sums taken afterwards.
"""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from blurlab.knobs import Knob
from blurlab.measures.figure import Panels
from blurlab.statistics import Interval

# Sums in float64 of any shape; "pictures" is how many went into them. Entries whose name begins
# with EACH have a row for each of these pictures instead, in uint8, int32 or float32.
Tally = dict[str, Tensor]
EACH = "each_"
Network = Callable[[Tensor], Tensor]
Settings = dict[str, Any]
Estimate = dict[str, Any]

WORDS = {"nyquist": "of Nyquist", "image": "cycles/image", "pixel": "cycles/pixel", "share": ""}


class Batch(NamedTuple):
    """What a tally is made from.

    images: (N, 3, S, S) in [0, 1].  labels: (N,).  partners, partner_labels: for every picture one
    which in the whole data set is the partner of no other, of another class wherever the measure
    needs pairs.  number: of the batch.
    generator: draws what is random, the same for the same seed and number.
    source: the network that attacks are made on, where that is another one.
    first, whole: where only some pictures of the batch are here, how many come before them, and how
    many there are in all of it.
    """

    images: Tensor
    labels: Tensor
    partners: Tensor
    partner_labels: Tensor
    generator: torch.Generator
    number: int
    source: Network | None = None
    first: int = 0
    whole: int = 0

    def drawn(self, draw: Callable[[int, torch.Generator], Tensor]) -> Tensor:
        """Return what is drawn for the pictures here, the same as when the whole batch is here.

        draw: called with (pictures, generator); returns a tensor with one entry for each picture.
        """
        count = len(self.images)
        return draw(self.whole or count, self.generator.clone_state())[self.first :][:count]


class Number(NamedTuple):
    """One of the few numbers that sum a measure up.

    found: an estimate, or words.  unit: as of figure.Scale.
    """

    label: str
    found: Interval | str
    unit: str = ""

    @property
    def heading(self) -> str:
        """The label with the number's own unit."""
        words = WORDS.get(self.unit, self.unit)
        return f"{self.label}, {words}" if words else self.label


def _nothing(*_: Any) -> Sequence[Number]:
    return ()


def _no_note(settings: Settings, classes: int) -> str:
    return ""


def _never(settings: Settings) -> bool:
    return False


def always(settings: Settings) -> bool:
    return True


@dataclass(frozen=True)
class Measure:
    """One row of MEASURES.

    name: its key.  title: for people.  explanation: of what it is, in one sentence.
    tally: called with (network, batch, settings). Which pictures there were, their partners and
        labels are added to it.
    estimate: called with (the sum of tallies, settings); returns the numbers as JSON holds them,
        each estimate with its 95 % interval.
    draw: called with one network's estimate; returns its share of the figure.
    seen: what to see in the figure, as Markdown.
    note: called with (settings, classes of the pictures); returns what else is to be known of it.
    summary: called with an estimate; returns the numbers that stand below the figure.
    compared: the same for the numbers that networks are compared by.
    knobs: what may be set. "source", where there is one, is null or the name of an installed model,
        which tallies() loads.
    of_size: settings that networks of an input size in pixels get instead of the usual ones.
    size: pictures in a batch.  pairs: whether it needs every picture's partner.
    revision: one more whenever the same pictures and settings come to give other tallies. Those of
        earlier revisions are kept apart, and never added to later ones.
    splits: called with the settings; tells whether the tallies of a batch's parts add up to that of
        the batch, as they do where whatever is drawn comes from Batch.drawn. Else those who watch
        see whole batches alone.
    blank: called with (settings, input size); returns the estimate of no pictures at all, with
        UNDEFINED for every number that is drawn. With it the figure has its axes from the start.
    methods: called with the settings; returns the sentences of a paper's methods section on it,
        with its sources as keys of methods.REFERENCES in square brackets.
    paper: settings that make it as Li et al. 2023 did, where they differ from the usual ones; None
        where they have no such measure.
    newer: names of settings that came to be when results were kept already. Results at their usual
        values are found under the key that they had without them.
    """

    name: str
    title: str
    explanation: str
    tally: Callable[[Network, Batch, Settings], Tally]
    estimate: Callable[[Tally, Settings], Estimate]
    draw: Callable[[Estimate], Panels]
    seen: str
    summary: Callable[[Estimate], Sequence[Number]]
    compared: Callable[[Estimate], Sequence[Number]] = _nothing
    knobs: tuple[Knob, ...] = ()
    of_size: dict[int, Settings] = field(default_factory=dict)
    note: Callable[[Settings, int], str] = _no_note
    size: int = 50
    pairs: bool = False
    revision: int = 1
    splits: Callable[[Settings], bool] = _never
    blank: Callable[[Settings, int], Estimate] | None = None
    methods: Callable[[Settings], str] = lambda settings: ""
    newer: frozenset[str] = frozenset()
    paper: Settings | None = None

    @property
    def settings(self) -> Settings:
        """The usual settings."""
        return {knob.name: copy(knob.default) for knob in self.knobs}

    def usual(self, size: int) -> Settings:
        """Return the usual settings for networks of an input size in pixels."""
        return self.settings | self.of_size.get(size, {})

    def written(self, settings: Settings) -> Settings:
        """Return settings as the key of a result holds them."""
        usual = self.settings
        held = {
            name: value
            for name, value in settings.items()
            if name not in self.newer or value != usual[name]
        }
        return held | {"revision": self.revision} if self.revision > 1 else held
