"""The paper's claims about a blur in front of a network, held against two networks of ours.

The claims are those of Li et al. 2023, PLOS Comput Biol 19(3): e1010932.
"""

import math
from typing import Any, NamedTuple

from blurlab import compare
from blurlab.sensitivity import UNDEFINED, Interval, gap, ratio

LOWERS = "(a) a blur lowers f_rev"
GOES_WITH = "(b) lower f_rev goes with higher accuracy on high-frequency corruptions"
COARSENS = "(c) a blur lowers f_0.5 and raises minimal epsilon"
TRADES = "(d) a blur trades low-frequency corruptions for high-frequency ones"


class Claim(NamedTuple):
    """A claim and what is measured of it.

    claim, quantity: in words.  found: the quantity with its 95 % interval.
    neutral: what it would be without an effect, 1 of a ratio and 0 of a difference.
    sign: +1 where the claim puts it above, -1 below.  pictures: behind it.
    """

    claim: str
    quantity: str
    found: Interval
    neutral: float
    sign: int
    pictures: int

    @property
    def verdict(self) -> str:
        """Say whether the whole interval lies where the claim puts it."""
        if math.isnan(self.found.value):
            return "undefined"
        ends = [self.sign * (end - self.neutral) for end in self.found]
        if min(ends) > 0:
            return "holds"
        return "does not hold" if max(ends) < 0 else "open"


def claims(plain: str, blurred: str, data: str) -> list[Claim]:
    """Return the claims that enough is kept of, for a network and one trained behind a blur.

    data: a key of data.DATASETS.  Intervals are as for independent pictures, and so too wide where
    both networks saw the same ones.
    Raises ValueError for a model that is not installed.
    """
    kept = [compare.kept(name, data) for name in (plain, blurred)]
    found = [
        Claim(*words, min(each[measure][0] for each in kept))
        for measure, held in HELD.items()
        if all(measure in each for each in kept)
        for words in held(*(each[measure][1] for each in kept))
    ]
    return sorted(found, key=lambda each: each.claim)


def _reversal(plain: dict[str, Any], blurred: dict[str, Any]) -> list[tuple]:
    found = _over(plain["f_rev_nyquist"], blurred["f_rev_nyquist"])
    return [(LOWERS, "f_rev, plain over blurred", found, 1, 1)]


def _over(above: Interval, below: Interval) -> Interval:
    """Divide estimates, of which one may be undefined or reach down to zero."""
    return ratio(above, below) if all(end > 0 for end in (*above, *below)) else UNDEFINED


def _perturbation(plain: dict[str, Any], blurred: dict[str, Any]) -> list[tuple]:
    lower = _over(plain["f_half"], blurred["f_half"])
    larger = _over(blurred["epsilon"]["median"], plain["epsilon"]["median"])
    return [
        (COARSENS, "f_0.5, plain over blurred", lower, 1, 1),
        (COARSENS, "median minimal epsilon, blurred over plain", larger, 1, 1),
    ]


def _corruptions(plain: dict[str, Any], blurred: dict[str, Any]) -> list[tuple]:
    low, high = (gap(blurred["classes"][k], plain["classes"][k]) for k in ("low", "high"))
    minus = "accuracy under {}-frequency corruptions, blurred minus plain".format
    return [
        (GOES_WITH, minus("high"), high, 0, 1),
        (TRADES, minus("low"), low, 0, -1),
        (TRADES, minus("high"), high, 0, 1),
    ]


HELD = {"hybrids": _reversal, "perturbation": _perturbation, "corruptions": _corruptions}
