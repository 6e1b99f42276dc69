"""What is claimed over all recipes of a family, rather than of one network beside another."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from statistics import NormalDist

from blurlab.claims import beside_plain, compare
from blurlab.claims.claim import GOES_WITH, ROBUST, Claim
from blurlab.measures import corrupted
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
    tallied = beside_plain.kept(plain, data, WITHSTOOD)
    seeds = beside_plain.seeds_of(plain, tallied)
    lower, pictures = [], []
    for family in _families([name for name in tallied if name not in seeds]):
        f_rev, *gains = (beside_plain.apart(seeds, family, tallied, key) for key in WITHSTOOD)
        if f_rev and any(each and each.low > 0 for each in gains):
            lower.append(f_rev.high < 1)
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


WITHSTOOD = ("f_rev", "all corruptions", "PGD")


def _families(names: Sequence[str]) -> list[list[str]]:
    """Put networks of one kind together, of each recipe the one of the lowest seed."""
    found: dict[str, list[str]] = {}
    for name in beside_plain.lowest_seeds(names):
        kind = titles.kind(store.card(name))
        found.setdefault(name if kind == "unknown" else kind, []).append(name)
    return list(found.values())


def correlations(plain: str, data: str) -> list[Claim]:
    """Correlate f_rev with the accuracy under corruptions over families of recipes like this."""
    points, pictures = [], []
    for name in beside_plain.alike(plain):
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
