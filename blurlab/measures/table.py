"""The table of measures."""

from blurlab.measures import Measure
from blurlab.measures.corrupted import CORRUPTED
from blurlab.measures.hybrids import HYBRIDS

MEASURES: dict[str, Measure] = {
    "hybrids": HYBRIDS,
    "corruptions": CORRUPTED,
}
