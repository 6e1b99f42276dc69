"""One network, one set of pictures and one measure."""

from typing import Any, NamedTuple

from blurlab.data.sources import Source
from blurlab.measures.results import Key
from blurlab.measures.row import Measure
from blurlab.measures.shared_classes import Answers


class Work(NamedTuple):
    """What is to be measured, all of which is checked.

    model: an installed one's name.  logits: which of its answers count, those of the source's
    classes.  settings: all of the measure's.  count: how many of the source's pictures, in the
    order that the key's seed decides.
    """

    model: str
    logits: Answers
    source: Source
    measure: Measure
    settings: dict[str, Any]
    key: Key
    count: int  # type: ignore[assignment]  # hides tuple.count

    @property
    def numbers(self) -> range:
        """The numbers of its batches."""
        return range(-(-self.count // self.measure.size))

    def pictures(self, number: int, count: int) -> int:
        """How many of the first count pictures are in a batch."""
        return min(self.measure.size, count - number * self.measure.size)
