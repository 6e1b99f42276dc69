"""A claim about frequencies and robustness, with the verdict of what was measured of it."""

import math
from collections.abc import Callable
from typing import NamedTuple

from blurlab.statistics import LEVEL, Interval

ROBUST = "robust networks rely on lower frequencies than plain ones"
LOWERS = "(a) a blur lowers f_rev"
GOES_WITH = "(b) lower f_rev goes with higher accuracy on high-frequency corruptions"
COARSENS = "(c) a blur lowers f_0.5 and raises minimal epsilon"
TRADES = "(d) a blur trades low-frequency corruptions for high-frequency ones"
# What they are without an effect.
NEUTRAL = {"ratio": 1, "difference": 0, "correlation": 0, "share": 0.5}


class Claim(NamedTuple):
    """A claim and what is measured of it.

    claim, quantity: in words.  kind: of quantity, a key of NEUTRAL; differences are of shares.
    sign: +1 where the claim puts it above its neutral value, -1 below, 0 for a control, of which it
    says nothing.  at: called with a level, returns the quantity with its interval of that level.
    pictures: behind it.  seeds: how many pairs of networks, alike but for their seed, it is of.
    """

    claim: str
    quantity: str
    kind: str
    sign: int
    at: Callable[[float], Interval]
    pictures: int
    seeds: int = 1

    @property
    def found(self) -> Interval:
        """The quantity with its 95 % interval."""
        return self.at(LEVEL)

    @property
    def verdict(self) -> str:
        """Say whether the whole interval lies where the claim puts it."""
        return self.verdict_at(LEVEL)

    def verdict_at(self, level: float) -> str:
        """Say whether the whole interval of a level lies where the claim puts it."""
        found = self.at(level)
        if not self.sign:
            return "control"
        if math.isnan(found.value):
            return "undefined"
        ends = [self.sign * (end - NEUTRAL[self.kind]) for end in found]
        if min(ends) > 0:
            return "holds"
        return "does not hold" if max(ends) < 0 else "open"
