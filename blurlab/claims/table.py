"""The paper's claims about frequencies and robustness, held against networks of ours.

The claims are those of Li et al. 2023, PLOS Comput Biol 19(3): e1010932.
"""

import math
from typing import Any, NamedTuple

from blurlab.claims import compare
from blurlab.networks import store
from blurlab.networks.titles import FAMILIES
from blurlab.statistics import UNDEFINED, Interval, gap, ratio

LOWERS = "(a) a blur lowers f_rev"
GOES_WITH = "(b) lower f_rev goes with higher accuracy on high-frequency corruptions"
COARSENS = "(c) a blur lowers f_0.5 and raises minimal epsilon"
TRADES = "(d) a blur trades low-frequency corruptions for high-frequency ones"
NEUTRAL = {"ratio": 1, "difference": 0, "correlation": 0}  # what they are without an effect


class Claim(NamedTuple):
    """A claim and what is measured of it.

    claim, quantity: in words.  found: the quantity with its 95 % interval.
    kind: of quantity, a key of NEUTRAL; differences are of shares.
    sign: +1 where the claim puts it above its neutral value, -1 below.  pictures: behind it.
    """

    claim: str
    quantity: str
    found: Interval
    kind: str
    sign: int
    pictures: int

    @property
    def verdict(self) -> str:
        """Say whether the whole interval lies where the claim puts it."""
        if math.isnan(self.found.value):
            return "undefined"
        ends = [self.sign * (end - NEUTRAL[self.kind]) for end in self.found]
        if min(ends) > 0:
            return "holds"
        return "does not hold" if max(ends) < 0 else "open"


# Of a claim: all but the pictures.
Words = tuple[str, str, Interval, str, int]


def claims(plain: str, blurred: str, data: str) -> list[Claim]:
    """Return the claims that enough is kept of, for a network and one trained behind a blur.

    data: as compare.kept takes it.  Intervals are as for independent pictures, and so too wide
    where both networks saw the same ones; that of the correlation is over all recipes, by the means
    of their seeds, of networks that were trained on what the first one was, at its size.
    Raises ValueError for a model that is not installed.
    """
    kept = [compare.kept(name, data, HELD) for name in (plain, blurred)]
    found = [
        Claim(*words, pictures=min(each[measure][0] for each in kept))
        for measure, held in HELD.items()
        if all(measure in each for each in kept)
        for words in held(*(each[measure][1] for each in kept))
    ]
    found += _correlation(data, store.card(plain)["recipe"])
    return sorted(found, key=lambda each: each.claim)


def pair(data: str) -> tuple[str, str] | None:
    """Name a plain network and one behind a blur of which something is kept on the same pictures.

    data: as compare.kept takes it.  They are the ones of the data or, on others, of the first data
    that has them; None where there are none.
    """
    installed = set(store.names())
    for trained_on in dict.fromkeys((data, *FAMILIES)):
        two = store.pair(trained_on)
        if set(two) <= installed and all(compare.is_kept(name, data) for name in two):
            return two
    return None


def verdict(found: list[Claim]) -> str:
    """Say in one sentence, as Markdown, what claims come to; "" where none of them is known."""
    one = {(each.claim, each.kind): each for each in found if each.verdict != "undefined"}
    words = []
    if lowers := one.get((LOWERS, "ratio")):
        words.append(_BLUR[lowers.verdict].format(lowers.found))
    if gains := one.get((GOES_WITH, "difference")):
        points = abs(100 * gains.found.value)
        words.append(_GAIN[gains.verdict].format(points))
        # The claim comes twice: what it costs is the number that should fall.
        costs = next(each for each in found if (each.claim, each.sign) == (TRADES, -1))
        words.append(_COST[costs.verdict].format(abs(100 * costs.found.value)))
    if not words:
        return ""
    if alike := one.get((GOES_WITH, "correlation")):
        words.append(_ALIKE[alike.verdict].format(alike.found))
    return f"{', '.join(words)}.".replace("-0.", "−0.")


# The parts of the sentence by the verdict on their claim.
_BLUR = {
    "holds": "**The network trained on blurred pictures relies on coarser structure** than the "
    "plain one (its f_rev is {0.value:.2f} times lower)",
    "open": "Whether the network trained on blurred pictures relies on coarser structure is open",
    "does not hold": "The network trained on blurred pictures does not rely on coarser structure",
}
_GAIN = {
    "holds": "**withstands more** high-frequency corruption (+{:.0f} points)",
    "open": "may withstand as much high-frequency corruption as before",
    "does not hold": "withstands less high-frequency corruption (−{:.0f} points)",
}
_COST = {
    "holds": "and pays with {:.0f} points under low-frequency corruption",
    "open": "and loses nothing that shows under low-frequency corruption",
    "does not hold": "and gains {:.0f} points under low-frequency corruption",
}
_ALIKE = {
    "holds": "and over all recipes the two go together (r = {0.value:.2f})",
    "open": "but over all recipes no law shows (r = {0.value:.2f} [{0.low:.2f}, {0.high:.2f}])",
    "does not hold": "but over all recipes it is the other way round (r = {0.value:.2f})",
}


def _reversal(plain: dict[str, Any], blurred: dict[str, Any]) -> list[Words]:
    found = _over(plain["f_rev_nyquist"], blurred["f_rev_nyquist"])
    return [(LOWERS, "f_rev, plain over blurred", found, "ratio", 1)]


def _over(above: Interval, below: Interval) -> Interval:
    """Divide estimates, of which one may be undefined or reach down to zero."""
    return ratio(above, below) if all(end > 0 for end in (*above, *below)) else UNDEFINED


def _perturbation(plain: dict[str, Any], blurred: dict[str, Any]) -> list[Words]:
    lower = _over(plain["f_half"], blurred["f_half"])
    larger = _over(blurred["epsilon"]["median"], plain["epsilon"]["median"])
    return [
        (COARSENS, "f_0.5, plain over blurred", lower, "ratio", 1),
        (COARSENS, "median minimal epsilon, blurred over plain", larger, "ratio", 1),
    ]


def _corruptions(plain: dict[str, Any], blurred: dict[str, Any]) -> list[Words]:
    low, high = (gap(blurred["classes"][k], plain["classes"][k]) for k in ("low", "high"))
    minus = "accuracy under {}-frequency corruptions, blurred minus plain".format
    return [
        (GOES_WITH, minus("high"), high, "difference", 1),
        (TRADES, minus("low"), low, "difference", -1),
        (TRADES, minus("high"), high, "difference", 1),
    ]


def _correlation(data: str, like: dict[str, Any]) -> list[Claim]:
    """Correlate f_rev and accuracy over all recipes of this one's data and input size."""
    points, pictures = [], []
    for name in store.names():
        recipe = store.card(name)["recipe"]
        if any(recipe.get(key) != like.get(key) for key in ("data", "input_size")):
            continue
        kept = compare.kept(name, data, ("hybrids", "corruptions"))
        if not {"hybrids", "corruptions"} <= kept.keys():
            continue
        (_, hybrids), (count, corrupted) = kept["hybrids"], kept["corruptions"]
        reversal = hybrids["f_rev_nyquist"].value
        if not math.isnan(reversal):
            points.append((name, reversal, corrupted["classes"]["high"].value))
            pictures.append(count)
    found, recipes = compare.correlated(points)
    if math.isnan(found.value):
        return []
    words = f"correlation of f_rev and that accuracy over {recipes} recipes"
    return [Claim(GOES_WITH, words, found, "correlation", -1, min(pictures))]


HELD = {"hybrids": _reversal, "perturbation": _perturbation, "corruptions": _corruptions}
