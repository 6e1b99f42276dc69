"""What is claimed over all recipes of a family, rather than of one network beside another."""

import math
from collections.abc import Callable
from functools import partial
from statistics import NormalDist, fmean

from blurlab.claims import compare
from blurlab.claims.claim import GOES_WITH, ROBUST, Claim
from blurlab.measures import corrupted
from blurlab.networks import store
from blurlab.sentence import Sentence
from blurlab.statistics import LEVEL, Interval, correlation, share

BETWEEN = ("hybrids", "corruptions")  # what correlations are between
ACCURACIES: dict[str, Callable[[dict[str, Interval]], float]] = {
    "that accuracy": lambda classes: classes["high"].value,
    "accuracy under all corruptions": lambda classes: corrupted.over_all(classes).value,
}


def robust(plain: str, data: str) -> Claim | None:
    """Count the recipes that are to be robust whose f_rev lies below that of the plain one."""
    f_revs, pictures = _reversals(plain, data)
    usual = f_revs.pop(compare.without_seed(store.card(plain)["recipe"]), None)
    if usual is None or not f_revs:
        return None
    lower = sum(each < usual for each in f_revs.values())
    words = Sentence("recipes with a lower f_rev than the plain one, of {count}", count=len(f_revs))
    return Claim(
        ROBUST,
        words,
        "share",
        1,
        lambda level: share(lower, len(f_revs), _z(level)),
        pictures,
    )


def correlations(plain: str, data: str) -> list[Claim]:
    """Correlate f_rev with the accuracy under corruptions over families of recipes like this."""
    points, pictures = [], []
    for name in alike(plain):
        kept = compare.kept(name, data, BETWEEN)
        if not set(BETWEEN) <= kept.keys():
            continue
        (_, reversed_at), (count, under) = kept["hybrids"], kept["corruptions"]
        f_rev = reversed_at["f_rev_nyquist"].value
        if not math.isnan(f_rev):
            points.append((name, f_rev, under["classes"]))
            pictures.append(count)
    found = []
    for which, of in ACCURACIES.items():
        pairs = compare.by_family([(n, f_rev, of(each)) for n, f_rev, each in points])
        words = Sentence(
            "correlation of f_rev and {which} over {count} families of networks",
            which=Sentence(which),
            count=len(pairs),
        )
        at = partial(_correlated, pairs)
        if not math.isnan(at(LEVEL).value):
            found.append(Claim(GOES_WITH, words, "correlation", -1, at, min(pictures)))
    return found


def _correlated(pairs: list[tuple[float, float]], level: float) -> Interval:
    return correlation([x for x, _ in pairs], [y for _, y in pairs], _z(level))


def _z(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)


def _reversals(plain: str, data: str) -> tuple[dict[str, float], int]:
    """Return the mean f_rev of every recipe of a network's data and input size, and the pictures.

    By the recipe without its seed.
    """
    found: dict[str, list[float]] = {}
    pictures = []
    for name in alike(plain):
        kept = compare.kept(name, data, ("hybrids",))
        if "hybrids" in kept and not math.isnan(kept["hybrids"][1]["f_rev_nyquist"].value):
            recipe = compare.without_seed(store.card(name)["recipe"])
            found.setdefault(recipe, []).append(kept["hybrids"][1]["f_rev_nyquist"].value)
            pictures.append(kept["hybrids"][0])
    return {recipe: fmean(each) for recipe, each in found.items()}, min(pictures, default=0)


def alike(plain: str) -> list[str]:
    """Name the networks that were trained on what this one was, at its input size."""
    like = store.card(plain)["recipe"]
    recipes = {name: store.card(name)["recipe"] for name in store.names()}
    keys = ("data", "input_size")
    return [n for n, each in recipes.items() if all(each.get(k) == like.get(k) for k in keys)]
