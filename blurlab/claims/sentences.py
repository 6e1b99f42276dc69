"""What claims come to, in a sentence."""

from blurlab.claims.claim import GOES_WITH, LOWERS, TRADES, Claim
from blurlab.sentence import Sentence, listed
from blurlab.statistics import LEVEL


def verdict(found: list[Claim]) -> str:
    """Say in one sentence, as Markdown, what claims come to; "" where none of them is known."""
    known = [each for each in found if each.verdict not in ("undefined", "control")]
    one = {(each.claim, each.kind): each for each in reversed(known)}  # the first of each kind
    words: list[Sentence] = []
    if lowers := one.get((LOWERS, "ratio")):
        words.append(_said(_BLUR, lowers))
    if gains := one.get((GOES_WITH, "difference")):
        words.append(_said(_GAIN, gains))
        # The claim comes twice: what it costs is the number that should fall.
        costs = next(each for each in found if (each.claim, each.sign) == (TRADES, -1))
        words.append(_said(_COST, costs))
    if not words:
        return ""
    if alike := one.get((GOES_WITH, "correlation")):
        words.append(_said(_ALIKE, alike))
    return Sentence("{words}.", words=listed(words))


def _said(parts: dict[str, str], claim: Claim) -> Sentence:
    found = claim.found
    return Sentence(parts[claim.verdict], points=abs(100 * found.value), **found._asdict())


def together(found: list[Claim]) -> str:
    """Say how many comparisons stand in a table, and what is left when they share one 5 %."""
    told = {each.quantity: each for each in found if each.verdict in ("holds", "does not hold")}
    tried = {each.quantity: each for each in found if each.verdict not in ("control", "undefined")}
    level = 1 - (1 - LEVEL) / max(len(tried), 1)
    left = sum(each.verdict_at(level) == each.verdict for each in told.values())
    return Sentence(
        "{tried} quantities were tried, each at 95 %, so that {missed:.1f} would be expected to "
        "miss by chance. Of the {told} that are not open, {left} stay so at {percent:.1f} %, where "
        "all of them together have 5 % (Bonferroni).",
        tried=len(tried),
        missed=0.05 * len(tried),
        told=len(told),
        left=left,
        percent=100 * level,
    )


# The parts of the sentence by the verdict on their claim.
_BLUR = {
    "holds": "**The network trained on blurred pictures relies on coarser structure** than the "
    "plain one (its f_rev is {value:.2f} times lower)",
    "open": "Whether the network trained on blurred pictures relies on coarser structure is open",
    "does not hold": "The network trained on blurred pictures does not rely on coarser structure",
}
_GAIN = {
    "holds": "**withstands more** high-frequency corruption (+{points:.0f} points)",
    "open": "may withstand as much high-frequency corruption as before",
    "does not hold": "withstands less high-frequency corruption (−{points:.0f} points)",
}
_COST = {
    "holds": "and pays with {points:.0f} points under low-frequency corruption",
    "open": "and loses nothing that shows under low-frequency corruption",
    "does not hold": "and gains {points:.0f} points under low-frequency corruption",
}
_ALIKE = {
    "holds": "and over families of networks the two go together (r = {value:.2f})",
    "open": "but over families of networks no law shows (r = {value:.2f} [{low:.2f}, {high:.2f}])",
    "does not hold": "but over families of networks it is the other way round (r = {value:.2f})",
}
