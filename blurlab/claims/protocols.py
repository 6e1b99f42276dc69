"""The smallest changes by our protocol and by that of Li et al. 2023, on the same pictures."""

from typing import Any, NamedTuple

from blurlab.claims import compare
from blurlab.measures import measuring
from blurlab.measures.table import MEASURES
from blurlab.measures.tallies import total
from blurlab.networks import store

MEASURE = "perturbation"


class Both(NamedTuple):
    """name: of the network.  pictures: how many.  published, ours: estimates of the measure."""

    name: str
    pictures: int
    published: dict[str, Any]
    ours: dict[str, Any]


def both(data: str) -> list[Both]:
    """Return what is kept of every installed network by both protocols, over what both have.

    data: as compare.kept takes it.  The order is that of the store.
    Raises ValueError where nothing is kept by both.
    """
    changed, measure, found = measuring.as_published(MEASURE), MEASURES[MEASURE], []
    for name in store.names():
        theirs = compare.tallied(name, data, (MEASURE,), **changed).get(MEASURE, {})
        ours = compare.tallied(name, data, (MEASURE,)).get(MEASURE, {})
        shared = {
            number
            for number in theirs.keys() & ours.keys()
            if theirs[number]["pictures"] == ours[number]["pictures"]
        }
        if not shared:
            continue
        settings = compare.settings(name, MEASURE)
        summed = [total({n: each[n] for n in shared}) for each in (theirs, ours)]
        estimates = [
            measure.estimate(each, used)
            for each, used in zip(summed, (settings | changed, settings), strict=True)
        ]
        found.append(Both(name, int(summed[0]["pictures"]), *estimates))
    if not found:
        raise ValueError(
            f"nothing is kept of {MEASURE} on {data} by both protocols; see measure --paper."
        )
    return found
