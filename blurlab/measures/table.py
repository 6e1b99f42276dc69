"""The table of measures."""

from blurlab.measures.attacked import ATTACKED
from blurlab.measures.corrupted import CORRUPTED
from blurlab.measures.critical_band import CRITICAL_BAND
from blurlab.measures.heatmap import HEATMAP
from blurlab.measures.hybrids import HYBRIDS
from blurlab.measures.passes import PASSES
from blurlab.measures.perturbation import PERTURBATION
from blurlab.measures.tallies import Measure

MEASURES: dict[str, Measure] = {
    "hybrids": HYBRIDS,
    "passes": PASSES,
    "corruptions": CORRUPTED,
    "heatmap": HEATMAP,
    "perturbation": PERTURBATION,
    "critical_band": CRITICAL_BAND,
    "attacks": ATTACKED,
}
