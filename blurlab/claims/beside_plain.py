"""How far networks are from the plain one, on the same pictures and over the plain one's seeds."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from statistics import fmean
from typing import NamedTuple

from torch import Tensor

from blurlab.claims import compare, paired
from blurlab.claims.paired import Effect
from blurlab.corruptions.row import BANDS
from blurlab.measures import corrupted, perturbation, smallest_sizes
from blurlab.measures.row import Tally
from blurlab.networks import store
from blurlab.statistics import LEVEL, Interval

Kept = dict[str, dict[str, dict[int, Tally]]]  # by network, measure and batch


class Apart(NamedTuple):
    """A number that is compared: of which measure, and whether as a ratio, else a difference.

    effect: called with (the plain network, another one, the batches of both).
    """

    measure: str
    is_ratio: bool
    effect: Callable[[str, str, dict[int, Tally], dict[int, Tally]], Effect | None]


def _f_rev(
    plain: str, other: str, mine: dict[int, Tally], theirs: dict[int, Tally]
) -> Effect | None:
    settings = [compare.settings(name, "hybrids") for name in (plain, other)]
    return paired.by_reversals(mine, theirs, settings)


def _epsilon(
    plain: str, other: str, mine: dict[int, Tally], theirs: dict[int, Tally]
) -> Effect | None:
    def log(summed: Tally) -> float:
        median = smallest_sizes.median(summed)
        return math.log(median) if median > 0 else math.nan

    return paired.by_groups(mine, theirs, log, log, perturbation.sums)


def _right(of: Callable[[Tally], Tensor]) -> Callable[..., Effect | None]:
    return lambda plain, other, mine, theirs: paired.by_pictures(mine, theirs, of)


NUMBERS = {
    "f_rev": Apart("hybrids", True, _f_rev),
    "minimal epsilon": Apart("perturbation", True, _epsilon),
    **{
        band: Apart("corruptions", False, _right(partial(corrupted.each_in_band, band=band)))
        for band in BANDS
    },
    "all corruptions": Apart("corruptions", False, _right(corrupted.each_over_all)),
    "PGD": Apart("attacks", False, _right(lambda tally: tally["each_right"][:, 0].double())),
}


class Beside(NamedTuple):
    """A recipe beside the plain one.

    name: of its network of the lowest seed.  seeds: pairs behind it.  numbers: by a key of NUMBERS,
    what it gains, or is times the plain one; those that something is kept of.
    """

    name: str
    seeds: int
    numbers: dict[str, Interval]


def recipes(plain: str, data: str) -> list[Beside]:
    """Return every installed recipe of the plain network's data and input size beside it.

    data: as compare.kept takes it.
    Raises ValueError for a model that is not installed, or where nothing is kept of both.
    """
    tallied = kept(plain, data, NUMBERS)
    seeds = seeds_of(plain, tallied)
    found = []
    for name in lowest_seeds([each for each in tallied if each not in seeds]):
        numbers = {key: apart(seeds, [name], tallied, key) for key in NUMBERS}
        known = {key: number for key, number in numbers.items() if number}
        if known:
            found.append(Beside(name, len(seeds), known))
    if not found:
        raise ValueError(f"nothing is kept of {plain} and another network on {data}.")
    return found


def kept(plain: str, data: str, numbers: Iterable[str]) -> Kept:
    """Return what is kept of the networks that are compared with a plain one, and of its seeds."""
    measures = tuple(dict.fromkeys(NUMBERS[key].measure for key in numbers))
    names = dict.fromkeys([*alike(plain), *compare.by_seed(plain).values()])
    found = {name: compare.tallied(name, data, measures) for name in names}
    return {name: tallied for name, tallied in found.items() if tallied}


def seeds_of(plain: str, tallied: Kept) -> list[str]:
    """Return the plain network and those that differ from it by seed alone, of what is kept."""
    return [name for _, name in sorted(compare.by_seed(plain).items()) if name in tallied]


def lowest_seeds(names: Sequence[str]) -> list[str]:
    """Return the network of the lowest seed of every recipe."""
    found: dict[str, str] = {}
    for name in names:
        recipe = store.card(name)["recipe"]
        first = found.setdefault(compare.without_seed(recipe), name)
        if recipe.get("seed", 0) < store.card(first)["recipe"].get("seed", 0):
            found[compare.without_seed(recipe)] = name
    return list(found.values())


def alike(plain: str) -> list[str]:
    """Name the networks that were trained on what this one was, at its input size."""
    like = store.card(plain)["recipe"]
    recipes = {name: store.card(name)["recipe"] for name in store.names()}
    keys = ("data", "input_size")
    return [n for n, each in recipes.items() if all(each.get(k) == like.get(k) for k in keys)]


def apart(seeds: Sequence[str], family: Sequence[str], tallied: Kept, key: str) -> Interval | None:
    """Return how far the mean of a family of recipes is from a plain network, over its seeds.

    seeds: of the plain network; each is compared with the networks of its own seed, or else of the
    family's names.  key: of NUMBERS.  A ratio is that of geometric means.
    None where something was not kept picture by picture.
    """
    row, effects = NUMBERS[key], []
    for plain in seeds:
        seed = store.card(plain)["recipe"].get("seed", 0)
        names = [compare.by_seed(name).get(seed, name) for name in family]
        mine = tallied[plain].get(row.measure, {})
        found = [
            row.effect(plain, name, mine, tallied.get(name, {}).get(row.measure, {}))
            for name in names
        ]
        known = [each for each in found if each]
        if len(known) < len(family):
            return None
        # Their pictures are the same, and so much of their errors is.
        error = math.sqrt(fmean(each.error**2 for each in known))
        degrees = min(each.degrees for each in known)
        pictures = min(each.pictures for each in known)
        effects.append(Effect(fmean(each.value for each in known), error, degrees, pictures))
    if not effects:
        return None
    value, half = paired.over_seeds(effects, LEVEL)
    ends = value, value - half, value + half
    return Interval(*map(math.exp, ends)) if row.is_ratio else Interval(*ends)
