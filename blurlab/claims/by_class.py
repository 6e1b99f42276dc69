"""Which classes lean on coarse structure and which on fine: f_rev class by class."""

import math
from typing import NamedTuple

from torch import Tensor

from blurlab.claims import compare
from blurlab.measures import hybrids
from blurlab.measures.row import EACH, Tally
from blurlab.measures.tallies import total
from blurlab.networks import store
from blurlab.statistics import Interval

FEWEST = 10  # pairs of a class, below which nothing is said of it


class OfClass(NamedTuple):
    """name: of the class.  pairs: whose coarse picture it is.  f_rev: of these, of Nyquist."""

    name: str
    pairs: int
    f_rev: Interval


def by_class(model: str, data: str) -> list[OfClass]:
    """Return the reverse frequency of every class from what is kept, the lowest first.

    data: as compare.kept takes it.  Hybrids are those whose coarse picture is of the class; a class
    with a low f_rev is named by its coarse structure as soon as there is a little of it.
    Raises ValueError where no hybrids are kept that know what each picture said.
    """
    batches = compare.tallied(model, data, ("hybrids",)).get("hybrids", {})
    summed = total(batches) if batches else {}
    if f"{EACH}label" not in summed or f"{EACH}low" not in summed:
        held = "only sums are kept" if batches else "nothing is kept"
        raise ValueError(
            f"{held} of {model} and hybrids of {data}; classes take what each picture gave."
        )
    labels, settings = summed[f"{EACH}label"], compare.settings(model, "hybrids")
    classes = store.card(model)["classes"]
    found = []
    for label in labels.unique().tolist():
        chosen = labels == label
        pairs = int(chosen.sum())
        if pairs >= FEWEST:
            f_rev = hybrids.estimate(_only(summed, chosen), settings)["f_rev_nyquist"]
            found.append(OfClass(classes[label], pairs, f_rev))
    return sorted(found, key=lambda each: (math.isnan(each.f_rev.value), each.f_rev.value))


def _only(summed: Tally, chosen: Tensor) -> Tally:
    each = {name: value[chosen] for name, value in summed.items() if name.startswith(EACH)}
    return hybrids.sums(each) | each
