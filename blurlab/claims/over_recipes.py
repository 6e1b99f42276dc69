"""What is claimed over all recipes of a family, rather than of one network beside another."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from statistics import NormalDist, fmean

from torch import Tensor

from blurlab.claims import compare, paired
from blurlab.claims.claim import GOES_WITH, ROBUST, Claim
from blurlab.claims.paired import Effect
from blurlab.measures import corrupted
from blurlab.measures.row import Tally
from blurlab.measures.tallies import total
from blurlab.networks import store, titles
from blurlab.sentence import Sentence
from blurlab.statistics import LEVEL, Interval, correlation, share

BETWEEN = ("hybrids", "corruptions")  # what correlations are between
ACCURACIES: dict[str, Callable[[dict[str, Interval]], float]] = {
    "that accuracy": lambda classes: classes["high"].value,
    "accuracy under all corruptions": lambda classes: corrupted.over_all(classes).value,
}


def robust(plain: str, data: str) -> Claim | None:
    """Count the families that are more robust than the plain network whose f_rev lies below its.

    A family is more robust where it names more pictures, on average over its recipes, under all
    corruptions or under PGD of the weakest epsilon. Its f_rev lies below where the mean of the
    logarithms does. Both only where the whole interval over pictures and the plain network's seeds
    says so.
    """
    seeds = [name for _, name in sorted(compare.by_seed(plain).items())]
    tallied = {name: compare.tallied(name, data, WITHSTOOD) for name in {*alike(plain), *seeds}}
    seeds = [name for name in seeds if "hybrids" in tallied[name]]
    others = [name for name in alike(plain) if "hybrids" in tallied[name] and name not in seeds]
    lower, pictures = [], []
    for family in _families(others):
        gains = [_apart(seeds, family, tallied, measure) for measure in EACH_RIGHT]
        f_rev = _apart(seeds, family, tallied, "hybrids")
        if f_rev and any(each and each[0] > 0 for each in gains):
            lower.append(f_rev[1] < 0)
            pictures += [int(total(tallied[name]["hybrids"])["pictures"]) for name in family]
    if not lower:
        return None
    words = Sentence(
        "families that withstand more than the plain one, with a lower f_rev, of {count}",
        count=len(lower),
    )
    return Claim(
        ROBUST,
        words,
        "share",
        1,
        lambda level: share(sum(lower), len(lower), _z(level)),
        min(pictures),
        len(seeds),
    )


# By measure, what each picture says of how much a network withstands.
EACH_RIGHT: dict[str, Callable[[Tally], Tensor]] = {
    "corruptions": corrupted.each_over_all,
    "attacks": lambda tally: tally["each_right"][:, 0].double(),
}
WITHSTOOD = ("hybrids", *EACH_RIGHT)


def _families(names: Sequence[str]) -> list[list[str]]:
    """Put networks of one kind together, of each recipe the one of the lowest seed."""
    found: dict[str, dict[str, str]] = {}
    for name in names:
        card = store.card(name)
        recipe, kind = compare.without_seed(card["recipe"]), titles.kind(card)
        found.setdefault(recipe if kind == "unknown" else kind, {}).setdefault(recipe, name)
    return [list(each.values()) for each in found.values()]


def _apart(
    seeds: Sequence[str],
    family: Sequence[str],
    tallied: dict[str, dict[str, dict[int, Tally]]],
    measure: str,
) -> tuple[float, float] | None:
    """Return the interval of how far the mean of a family is from the plain network's seeds.

    measure: hybrids, for the logarithm of f_rev, or a key of EACH_RIGHT.
    None where something was not kept picture by picture.
    """
    effects = []
    for seed in seeds:
        found = []
        for name in family:
            mine, theirs = (tallied[each].get(measure, {}) for each in (seed, name))
            if measure == "hybrids":
                settings = [compare.settings(each, measure) for each in (seed, name)]
                found.append(paired.by_reversals(mine, theirs, settings))
            else:
                found.append(paired.by_pictures(mine, theirs, EACH_RIGHT[measure]))
        known = [each for each in found if each]
        if len(known) < len(family):
            return None
        # Their pictures are the same, and so much of their errors is.
        error = math.sqrt(fmean(each.error**2 for each in known))
        degrees = min(each.degrees for each in known)
        effects.append(Effect(fmean(each.value for each in known), error, degrees, degrees + 1))
    value, half = paired.over_seeds(effects, LEVEL)
    return value - half, value + half


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


def alike(plain: str) -> list[str]:
    """Name the networks that were trained on what this one was, at its input size."""
    like = store.card(plain)["recipe"]
    recipes = {name: store.card(name)["recipe"] for name in store.names()}
    keys = ("data", "input_size")
    return [n for n, each in recipes.items() if all(each.get(k) == like.get(k) for k in keys)]
