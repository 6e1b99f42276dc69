"""The table of measures, in the order in which they are offered."""

from blurlab.measures.attacked import ATTACKED
from blurlab.measures.contrast import CONTRAST
from blurlab.measures.corrupted import CORRUPTED
from blurlab.measures.critical_band import CRITICAL_BAND
from blurlab.measures.heatmap import HEATMAP
from blurlab.measures.hybrids import HYBRIDS
from blurlab.measures.mask import MASK
from blurlab.measures.noise import NOISE
from blurlab.measures.passes import PASSES
from blurlab.measures.perturbation import PERTURBATION
from blurlab.measures.row import Measure

MEASURES: dict[str, Measure] = {
    row.name: row
    for row in (
        HYBRIDS, PASSES, CORRUPTED, HEATMAP, MASK, PERTURBATION, CRITICAL_BAND, CONTRAST, NOISE,
        ATTACKED,
    )
}  # fmt: skip
