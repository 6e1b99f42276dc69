"""The paper's claims about frequencies and robustness, held against networks of ours.

The claims are those of Li et al. 2023, PLOS Comput Biol 19(3): e1010932.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from statistics import fmean
from typing import Any, NamedTuple

from blurlab.claims import beside_plain, compare, over_recipes, paired
from blurlab.claims.claim import COARSENS, GOES_WITH, LOWERS, TRADES, Claim
from blurlab.claims.paired import Effect
from blurlab.measures import corrupted, half_power, hybrids, perturbation, smallest_sizes
from blurlab.measures.row import Settings, Tally
from blurlab.networks import store
from blurlab.networks.titles import FAMILIES
from blurlab.sentence import Sentence
from blurlab.statistics import Interval


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
    words = Sentence(
        "accuracy under {band}-frequency corruptions, blurred minus plain", band=Sentence(band)
    )
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
    found = [over_recipes.robust(plain, data)]
    for quantity in QUANTITIES:
        effects = [_effect(quantity, *pair, tallied) for pair in pairs]
        found.append(_compared(quantity, [each for each in effects if each]))
        if quantity.claim == GOES_WITH:
            found += over_recipes.correlations(plain, data)
    return [each for each in found if each]


SUMS = {"hybrids": hybrids.sums, "perturbation": perturbation.sums, "corruptions": corrupted.sums}
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
    alike = list(dict.fromkeys([*two, *beside_plain.alike(pairs[0][0])]))
    return {measure: alike if measure in over_recipes.BETWEEN else two for measure in HELD}


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
    if quantity.of is _f_rev:
        found = paired.by_reversals(mine, theirs, settings)
        if found:
            return found
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
        below = max(half, fmean(each.below for each in effects))
        above = max(half, fmean(each.above for each in effects))
        ends = Interval(value, value - below, value + above)
        return Interval(*map(math.exp, ends)) if quantity.kind == "ratio" else ends

    pictures = min(each.pictures for each in effects)
    about = quantity.claim, quantity.words, quantity.kind, quantity.sign
    return Claim(*about, at, pictures, len(effects))


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
