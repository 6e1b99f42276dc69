"""Networks beside people on the same task: which filtered pictures do they still name?"""

from collections.abc import Sequence
from typing import NamedTuple

from blurlab.claims import compare
from blurlab.measures import passes
from blurlab.measures.tallies import total
from blurlab.statistics import Interval

DATA, SETTINGS = "imagenet16", {"filter": "human"}


class Beside(NamedTuple):
    """name: of a network, or "people".  low, high: accuracy by the sigmas of passes.HUMANS."""

    name: str
    low: list[Interval]
    high: list[Interval]


def people() -> Beside:
    """Return what people named, with intervals over people."""
    named = {
        kind: [passes.over_people(*right) for right in by_sigma.values()]
        for kind, by_sigma in passes.HUMANS.items()
    }
    return Beside("people", named["low"], named["high"])


def beside_people(models: Sequence[str]) -> list[Beside]:
    """Return people, then each model of which answers to the same filtered pictures are kept.

    Models choose among the sixteen categories too, and every category of several pictures counts
    alike.
    """
    found = [people()]
    for model in models:
        batches = compare.tallied(model, DATA, ("passes",), **SETTINGS).get("passes")
        if batches:
            settings = compare.settings(model, "passes") | SETTINGS
            numbers = passes.estimate(total(batches), settings)
            found.append(Beside(model, numbers["low"], numbers["high"]))
    return found
