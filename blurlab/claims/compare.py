"""The numbers by which models are compared, out of what several measures say of each."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from blurlab import places
from blurlab.data import sets
from blurlab.measures import results
from blurlab.measures.measured_data import Measured, data_sets
from blurlab.measures.measuring import key_of
from blurlab.measures.row import Number, Settings, Tally
from blurlab.measures.table import MEASURES
from blurlab.measures.tallies import total
from blurlab.networks import store, titles
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


def kept(
    model: str, data: str, measures: Iterable[str] = MEASURES
) -> dict[str, tuple[int, dict[str, Any]]]:
    """Return what is kept of a model: pictures and estimate by the key of the measure.

    data: a key of data.DATASETS, or of measured_data.data_sets(); the pictures need not be at hand.
    Each measure with the usual settings and seed 0; those that nothing is kept of are left out.
    """
    found = {}
    for measure, batches in tallied(model, data, measures).items():
        summed = total(batches)
        estimate = MEASURES[measure].estimate(summed, settings(model, measure))
        found[measure] = int(summed["pictures"]), estimate
    return found


def tallied(
    model: str, data: str, measures: Iterable[str] = MEASURES, **changed: Any
) -> dict[str, dict[int, Tally]]:
    """Return the tallies of what kept sums up, by the key of the measure and the batch.

    changed: settings that are not the usual ones.
    """
    keys = {measure: key(model, data, measure, **changed) for measure in measures}
    found = {measure: results.read(each) for measure, each in keys.items() if each}
    return {measure: batches for measure, batches in found.items() if batches}


def key(model: str, data: str, measure: str, **changed: Any) -> results.Key | None:
    """Return what a model's result is kept under; None where none is.

    changed: settings that are not the usual ones.
    """
    ((_, keys),) = _keys(model, data, (measure,), changed).items()
    return next((each for each in keys if any(results.stamp(each))), None)


def settings(model: str, measure: str) -> Settings:
    """Return a measure's usual settings for a model."""
    return MEASURES[measure].usual(store.card(model)["recipe"]["input_size"])


def is_kept(model: str, data: str) -> bool:
    """Tell whether kept finds anything, without reading it."""
    return any(any(results.stamp(key)) for keys in _keys(model, data).values() for key in keys)


def _keys(
    model: str, data: str, measures: Iterable[str] = MEASURES, changed: Settings | None = None
) -> dict[str, list[results.Key]]:
    """Return the keys that a model's results may be kept under, by measure."""
    info = store.card(model)
    (size, _, interpolation), identity = store.showing(info), store.identity(info)
    whole = sets.named(pictures_of(data), size, sets.way(data, size, interpolation))
    # A model that knows other classes than the pictures show has a name of its own for them.
    names = [whole, *(n for n in _names(pictures_of(data)) if n.startswith(f"{whole}/"))]
    used = {measure: MEASURES[measure].usual(size) | (changed or {}) for measure in measures}
    return {
        measure: [key_of(identity, n, measure, used[measure], 0) for n in names]
        for measure in measures
    }


def pictures_of(data: str) -> str:
    """Return the key of measured_data.data_sets() for one of data.DATASETS or of its own."""
    return data if "/" in data else f"{data}/val"


def stamp() -> tuple[int, ...]:
    """Return what changes whenever something new is kept."""
    folders = (places.SHIPPED_RESULTS, places.results_folder())
    return tuple(folder.stat().st_mtime_ns if folder.is_dir() else 0 for folder in folders)


def _names(pictures: str) -> tuple[str, ...]:
    folders = places.SHIPPED_RESULTS, places.results_folder()
    measured = _data_sets(folders, stamp()).get(pictures)
    return measured.names if measured else ()


@lru_cache(maxsize=2)
def _data_sets(folders: tuple[Path, Path], stamp: tuple[int, ...]) -> dict[str, Measured]:
    return data_sets()


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
            for label, value in (numbers | on_card(name, data)).items():
                kin.numbers.setdefault(label, []).append(value)
            for key, (pictures, _) in measured.items():
                kin.pictures.setdefault(key, []).append(pictures)
        found.append(kin)
    return found


def by_family(points: Sequence[tuple[str, float, float]]) -> list[tuple[float, float]]:
    """Average two numbers over models that differ by seed alone, then over recipes of one kind.

    points: model, number, number; neither is nan.  Recipes of a kind, such as those behind a blur,
    err together and would count as more than they are. A model of no known kind is its own family.
    Returns the means by family.
    """
    families: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for name, x, y in points:
        card = store.card(name)
        recipe, kind = without_seed(card["recipe"]), titles.kind(card)
        family = recipe if kind == "unknown" else kind
        families.setdefault(family, {}).setdefault(recipe, []).append((x, y))
    return [_mean([_mean(seeds) for seeds in each.values()]) for each in families.values()]


def _mean(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return fmean(x for x, _ in points), fmean(y for _, y in points)


def correlated(points: Sequence[tuple[str, float, float]]) -> tuple[Interval, int]:
    """Correlate two numbers over families of models.

    points: as of by_family.  Returns the correlation, undefined for fewer than four families, and
    their number.
    """
    means = by_family(points)
    return correlation([x for x, _ in means], [y for _, y in means]), len(means)


def by_seed(name: str) -> dict[int, str]:
    """Return the installed models that differ from this one by seed alone, by their seed."""
    recipe = without_seed(store.card(name)["recipe"])
    alike = [n for n in store.names() if without_seed(store.card(n)["recipe"]) == recipe]
    return {_seed(other): other for other in [*alike, name]}


def _seed(name: str) -> int:
    return store.card(name)["recipe"].get("seed", 0)


def without_seed(recipe: dict) -> str:
    """Write a card's recipe so that those of models that differ by seed alone are written alike."""
    # Cards of older recipes lack what came to be since.
    whole = asdict(Recipe("", "")) | recipe | {"title": "", "seed": 0}
    return json.dumps(whole, sort_keys=True)


def on_card(name: str, data: str) -> dict[str, Interval]:
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
