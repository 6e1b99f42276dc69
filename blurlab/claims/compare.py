"""The numbers by which models are compared, out of what several measures say of each."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from statistics import fmean
from typing import Any, NamedTuple

from blurlab.corruptions.table import in_class
from blurlab.measures import results
from blurlab.measures.measuring import key_of
from blurlab.measures.row import Number
from blurlab.measures.table import MEASURES
from blurlab.measures.tallies import total
from blurlab.networks import store
from blurlab.statistics import Interval, correlation
from blurlab.training.recipes import Recipe


def told(found: dict[str, dict[str, Any]]) -> dict[str, Number]:
    """Return the numbers that a model is known by, by their names with their units.

    found: estimates of one model, by the key of their measure. A number that several measures tell
    is that of the first of them in the table.
    """
    numbers: dict[str, Number] = {}
    for measure, row in MEASURES.items():
        for number in row.compared(found[measure]) if measure in found else ():
            numbers.setdefault(number.heading, number)
    return numbers


def compared(found: dict[str, dict[str, Any]]) -> dict[str, Interval]:
    """Return the estimates of told, without what is told in words."""
    numbers = {name: number.found for name, number in told(found).items()}
    return {name: found for name, found in numbers.items() if isinstance(found, Interval)}


def over_all(classes: dict[str, Interval]) -> Interval:
    """Average the accuracy over ImageNet-C's 15 corruptions, of which each class has its share.

    classes: of a corruption estimate. The interval is on the safe side: it is right if the classes'
    errors go up and down together.
    """
    counts = {band: len(in_class(band)) for band in classes}
    ends = (sum(counts[band] * found[i] for band, found in classes.items()) for i in range(3))
    return Interval(*(end / sum(counts.values()) for end in ends))


def kept(model: str, data: str) -> dict[str, tuple[int, dict[str, Any]]]:
    """Return what is kept of a model: pictures and estimate by the key of the measure.

    data: a key of data.DATASETS, whose validation split need not be at hand. Each measure with the
    usual settings and seed 0; those that nothing is kept of are left out.
    """
    info = store.card(model)
    size = info["recipe"]["input_size"]
    found = {}
    for measure, row in MEASURES.items():
        settings = row.usual(size)
        key = key_of(store.identity(info), f"{data}/val/{size}", measure, settings, 0)
        if tallied := results.read(key):
            summed = total(tallied)
            found[measure] = int(summed["pictures"]), row.estimate(summed, settings)
    return found


class Kin(NamedTuple):
    """Models of one recipe but for the seed, and what is kept of them.

    names: the lowest seed first.  numbers: by what they are of, the estimate of each model that has
    one.  pictures: behind them, by the key of the measure.
    """

    names: list[str]
    numbers: dict[str, list[Interval]]
    pictures: dict[str, list[int]]


def family(names: Sequence[str], data: str) -> list[Kin]:
    """Gather what is kept of models on a key of data.DATASETS, those that differ by seed together.

    The order is that of the first of each. The accuracy and f_rev on a card, which are of the whole
    validation split, stand before those of measures of fewer pictures.
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(without_seed(store.card(name)["recipe"]), []).append(name)
    found = []
    for members in groups.values():
        kin = Kin(sorted(members, key=_seed), {}, {})
        for name in kin.names:
            measured = kept(name, data)
            numbers = compared({key: estimate for key, (_, estimate) in measured.items()})
            for label, value in (numbers | _written(name, data)).items():
                kin.numbers.setdefault(label, []).append(value)
            for key, (pictures, _) in measured.items():
                kin.pictures.setdefault(key, []).append(pictures)
        found.append(kin)
    return found


def correlated(points: Sequence[tuple[str, float, float]]) -> tuple[Interval, int]:
    """Correlate two numbers over recipes: models that differ by seed alone count once, by means.

    points: model, number, number; neither is nan.  Returns the correlation, undefined for fewer
    than four recipes, and their number.
    """
    groups: dict[str, list[tuple[float, float]]] = {}
    for name, x, y in points:
        groups.setdefault(without_seed(store.card(name)["recipe"]), []).append((x, y))
    means = [[fmean(each) for each in zip(*group, strict=True)] for group in groups.values()]
    return correlation([x for x, _ in means], [y for _, y in means]), len(means)


def _seed(name: str) -> int:
    return store.card(name)["recipe"].get("seed", 0)


def without_seed(recipe: dict) -> str:
    """Write a card's recipe so that those of models that differ by seed alone are written alike."""
    # Cards of older recipes lack what came to be since.
    whole = asdict(Recipe("", "")) | recipe | {"title": "", "seed": 0}
    return json.dumps(whole, sort_keys=True)


def _written(name: str, data: str) -> dict[str, Interval]:
    """Return the accuracy and f_rev on a model's card, if they are of these pictures."""
    info = store.card(name)
    measured = info.get("measured", {})
    if info["recipe"].get("data") != data:
        return {}
    found = {
        "accuracy, clean": measured.get("accuracy"),
        "f_rev, of Nyquist": measured.get("hybrids", {}).get("f_rev_nyquist"),
    }
    return {
        label: Interval(*(numbers[key] for key in Interval._fields))
        for label, numbers in found.items()
        if numbers and numbers["value"] is not None
    }
