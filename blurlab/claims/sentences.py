"""What claims come to, in a sentence."""

from blurlab.claims.claim import GOES_WITH, LOWERS, TRADES, Claim
from blurlab.statistics import LEVEL


def verdict(found: list[Claim]) -> str:
    """Say in one sentence, as Markdown, what claims come to; "" where none of them is known."""
    known = [each for each in found if each.verdict not in ("undefined", "control")]
    one = {(each.claim, each.kind): each for each in reversed(known)}  # the first of each kind
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


def together(found: list[Claim]) -> str:
    """Say how many comparisons stand in a table, and what is left when they share one 5 %."""
    told = {each.quantity: each for each in found if each.verdict in ("holds", "does not hold")}
    tried = {each.quantity: each for each in found if each.verdict not in ("control", "undefined")}
    level = 1 - (1 - LEVEL) / max(len(tried), 1)
    left = sum(each.verdict_at(level) == each.verdict for each in told.values())
    return (
        f"{len(tried)} quantities were tried, each at 95 %, so that {0.05 * len(tried):.1f} would "
        f"be expected to miss by chance. Of the {len(told)} that are not open, {left} stay so at "
        f"{100 * level:.1f} %, where all of them together have 5 % (Bonferroni)."
    )


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
    "holds": "and over families of networks the two go together (r = {0.value:.2f})",
    "open": "but over families of networks no law shows "
    "(r = {0.value:.2f} [{0.low:.2f}, {0.high:.2f}])",
    "does not hold": "but over families of networks it is the other way round (r = {0.value:.2f})",
}
