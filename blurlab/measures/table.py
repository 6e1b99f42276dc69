"""The table of measures."""

from blurlab.measures import Measure
from blurlab.measures.attacked import ATTACKED
from blurlab.measures.corrupted import CORRUPTED
from blurlab.measures.critical_band import CRITICAL_BAND
from blurlab.measures.heatmap import HEATMAP
from blurlab.measures.hybrids import HYBRIDS
from blurlab.measures.passes import PASSES
from blurlab.measures.perturbation import PERTURBATION

MEASURES: dict[str, Measure] = {
    "hybrids": HYBRIDS,
    "passes": PASSES,
    "corruptions": CORRUPTED,
    "heatmap": HEATMAP,
    "perturbation": PERTURBATION,
    "critical_band": CRITICAL_BAND,
    "attacks": ATTACKED,
}
