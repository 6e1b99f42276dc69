"""The paper's claims about frequencies and robustness, held against networks of ours.

The claims are those of Li et al. 2023, PLOS Comput Biol 19(3): e1010932.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from statistics import NormalDist, fmean
from typing import Any, NamedTuple

from blurlab.claims import compare, paired
from blurlab.claims.paired import Effect
from blurlab.measures import corrupted, half_power, hybrids, perturbation, smallest_sizes
from blurlab.measures.row import Settings, Tally
from blurlab.networks import store
from blurlab.networks.titles import FAMILIES
from blurlab.statistics import LEVEL, Interval, correlation, share

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


class Quantity(NamedTuple):
    """What is compared of two networks for a claim.

    measure: a key of MEASURES.  claim, words, kind, sign: as of Claim.
    of: returns the number of the network that is subtracted or divided by; called with (a sum of
    tallies, settings, sigma of the blur).  of_other: that of the other network, where it differs.
    each: where it is a mean over pictures, what each says.  Both networks are the blurred one minus
    or over the plain one, unless is_plain_over; for a control both are the plain one.
    """

    measure: str
    claim: str
    words: str
    kind: str
    sign: int
    of: Callable[[Tally, Settings, float], float]
    is_plain_over: bool = False
    of_other: Callable[[Tally, Settings, float], float] | None = None
    each: Callable[[Tally], Any] | None = None


def _f_rev(summed: Tally, settings: Settings, sigma: float) -> float:
    return hybrids.reversal(summed, settings)


def _f_half(summed: Tally, settings: Settings, sigma: float) -> float:
    return half_power.half(summed)


def _f_half_behind_blur(summed: Tally, settings: Settings, sigma: float) -> float:
    return half_power.half_behind_blur(summed, sigma)


def _epsilon(summed: Tally, settings: Settings, sigma: float) -> float:
    return smallest_sizes.median(summed)


def _under(band: str, claim: str, sign: int) -> Quantity:
    words = f"accuracy under {band}-frequency corruptions, blurred minus plain"
    return Quantity(
        "corruptions",
        claim,
        words,
        "difference",
        sign,
        lambda summed, settings, sigma: corrupted.band_accuracy(summed, band),
        each=partial(corrupted.each_in_band, band=band),
    )


QUANTITIES = (
    Quantity("hybrids", LOWERS, "f_rev, plain over blurred", "ratio", 1, _f_rev, True),
    _under("high", GOES_WITH, 1),
    Quantity("perturbation", COARSENS, "f_0.5, plain over blurred", "ratio", 1, _f_half, True),
    Quantity(
        "perturbation",
        COARSENS,
        "control: f_0.5, plain over the same changes behind the blur",
        "ratio",
        0,
        _f_half_behind_blur,
        True,
        _f_half,
    ),
    Quantity(
        "perturbation",
        COARSENS,
        "median minimal epsilon, blurred over plain",
        "ratio",
        1,
        _epsilon,
    ),
    _under("low", TRADES, -1),
    _under("high", TRADES, 1),
)


def claims(plain: str, blurred: str, data: str, *, alone: bool = False) -> list[Claim]:
    """Return the claims that enough is kept of, for a network and one trained behind a blur.

    data: as compare.kept takes it.  Both are compared on the same pictures, and where networks are
    installed that differ from them by seed alone, those with the same seed are too: the claim is of
    the two recipes then.  alone: whether it is to be of these two networks only.
    Correlations are over families of recipes of networks that were trained on what the first one
    was, at its size.
    Raises ValueError for a model that is not installed.
    """
    pairs = [(plain, blurred)] if alone else seeds_of(plain, blurred)
    tallied = {name: compare.tallied(name, data, HELD) for pair in pairs for name in pair}
    found = [_robust(plain, data)]
    for quantity in QUANTITIES:
        effects = [_effect(quantity, *pair, tallied) for pair in pairs]
        found.append(_compared(quantity, [each for each in effects if each]))
        if quantity.claim == GOES_WITH:
            found += _correlations(plain, data)
    return [each for each in found if each]


SUMS = {"hybrids": hybrids.sums, "perturbation": perturbation.sums, "corruptions": corrupted.sums}
OVER_RECIPES = ("hybrids", "corruptions")  # what correlations are between
HELD = tuple(dict.fromkeys(quantity.measure for quantity in QUANTITIES))


def seeds_of(plain: str, blurred: str) -> list[tuple[str, str]]:
    """Return these two networks, and the pairs of installed ones that differ by seed alone."""
    kin = [compare.by_seed(name) for name in (plain, blurred)]
    both = sorted(kin[0].keys() & kin[1].keys())
    pairs = [(kin[0][seed], kin[1][seed]) for seed in both]
    return pairs if (plain, blurred) in pairs else [(plain, blurred)]


def behind(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the networks that claims of these pairs take numbers of, by the key of the measure."""
    two = [name for pair in pairs for name in pair]
    alike = list(dict.fromkeys([*two, *_alike(pairs[0][0])]))
    return {measure: alike if measure in OVER_RECIPES else two for measure in HELD}


def _effect(
    quantity: Quantity, plain: str, blurred: str, tallied: dict[str, dict[str, dict[int, Tally]]]
) -> Effect | None:
    is_control = quantity.of_other is not None
    one, other = (plain, plain) if is_control else (plain, blurred)
    if quantity.is_plain_over and not is_control:
        one, other = other, one
    mine, theirs = (tallied[name].get(quantity.measure, {}) for name in (one, other))
    if quantity.each:
        found = paired.by_pictures(mine, theirs, quantity.each)
        if found:
            return found
    sigma = store.card(blurred)["recipe"]["sigma"]
    if is_control and not sigma:  # it is trained behind something else than a blur
        return None
    settings = [compare.settings(name, quantity.measure) for name in (one, other)]
    form = _log if quantity.kind == "ratio" else float
    subtracted, other_of = quantity.of, quantity.of_other or quantity.of
    return paired.by_groups(
        mine,
        theirs,
        lambda summed: form(subtracted(summed, settings[0], sigma)),
        lambda summed: form(other_of(summed, settings[1], sigma)),
        SUMS[quantity.measure],
    )


def _log(number: float) -> float:
    return math.log(number) if number > 0 else math.nan


def _compared(quantity: Quantity, effects: Sequence[Effect]) -> Claim | None:
    if not effects:
        return None

    def at(level: float) -> Interval:
        value, half = paired.over_seeds(effects, level)
        ends = Interval(value, value - half, value + half)
        return Interval(*map(math.exp, ends)) if quantity.kind == "ratio" else ends

    pictures = min(each.pictures for each in effects)
    about = quantity.claim, quantity.words, quantity.kind, quantity.sign
    return Claim(*about, at, pictures, len(effects))


def _z(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)


def _robust(plain: str, data: str) -> Claim | None:
    """Count the recipes that are to be robust whose f_rev lies below that of the plain one."""
    f_revs, pictures = _reversals(plain, data)
    usual = f_revs.pop(compare.without_seed(store.card(plain)["recipe"]), None)
    if usual is None or not f_revs:
        return None
    lower = sum(each < usual for each in f_revs.values())
    words = f"recipes with a lower f_rev than the plain one, of {len(f_revs)}"
    return Claim(
        ROBUST,
        words,
        "share",
        1,
        lambda level: share(lower, len(f_revs), _z(level)),
        pictures,
    )


def _reversals(plain: str, data: str) -> tuple[dict[str, float], int]:
    """Return the mean f_rev of every recipe of a network's data and input size, and the pictures.

    By the recipe without its seed.
    """
    found: dict[str, list[float]] = {}
    pictures = []
    for name in _alike(plain):
        kept = compare.kept(name, data, ("hybrids",))
        if "hybrids" in kept and not math.isnan(kept["hybrids"][1]["f_rev_nyquist"].value):
            recipe = compare.without_seed(store.card(name)["recipe"])
            found.setdefault(recipe, []).append(kept["hybrids"][1]["f_rev_nyquist"].value)
            pictures.append(kept["hybrids"][0])
    return {recipe: fmean(each) for recipe, each in found.items()}, min(pictures, default=0)


def _alike(plain: str) -> list[str]:
    """Name the networks that were trained on what this one was, at its input size."""
    like = store.card(plain)["recipe"]
    recipes = {name: store.card(name)["recipe"] for name in store.names()}
    keys = ("data", "input_size")
    return [n for n, each in recipes.items() if all(each.get(k) == like.get(k) for k in keys)]


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


def _correlations(plain: str, data: str) -> list[Claim]:
    """Correlate f_rev with the accuracy under corruptions over families of recipes like this."""
    points, pictures = [], []
    for name in _alike(plain):
        kept = compare.kept(name, data, OVER_RECIPES)
        if not set(OVER_RECIPES) <= kept.keys():
            continue
        (_, reversed_at), (count, under) = kept["hybrids"], kept["corruptions"]
        f_rev = reversed_at["f_rev_nyquist"].value
        if not math.isnan(f_rev):
            points.append((name, f_rev, under["classes"]))
            pictures.append(count)
    found = []
    for which, of in ACCURACIES.items():
        pairs = compare.by_family([(n, f_rev, of(each)) for n, f_rev, each in points])
        words = f"correlation of f_rev and {which} over {len(pairs)} families of networks"
        at = partial(_correlated, pairs)
        if not math.isnan(at(LEVEL).value):
            found.append(Claim(GOES_WITH, words, "correlation", -1, at, min(pictures)))
    return found


def _correlated(pairs: list[tuple[float, float]], level: float) -> Interval:
    return correlation([x for x, _ in pairs], [y for _, y in pairs], _z(level))


ACCURACIES: dict[str, Callable[[dict[str, Interval]], float]] = {
    "that accuracy": lambda classes: classes["high"].value,
    "accuracy under all corruptions": lambda classes: corrupted.over_all(classes).value,
}
