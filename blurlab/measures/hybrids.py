"""Which of two pictures a model names in their hybrids, by cutoff, and where that reverses."""

import math
from typing import Any

import torch
from torch import Tensor

from blurlab.filters.hybrid import hybrid
from blurlab.measures.figure import Curves, Mark, Panels, Scale, Series
from blurlab.measures.reversal import PAPERS, PERCENTAGES, reverse_frequency, zero_crossing
from blurlab.measures.row import EACH, Batch, Measure, Network, Number, Tally, always
from blurlab.statistics import UNDEFINED, difference, share


@torch.no_grad()
def tally(network: Network, batch: Batch, settings: dict[str, Any]) -> Tally:
    """Count the answers to hybrids of every picture, as the low one, with its partner.

    low, high (K,): answers that name its class, by cutoff, and each_low, each_high (N, K) those of
    every pair.  products (K, K): of what each pair adds to low - high at two cutoffs.
    """
    nyquist = batch.images.shape[-1] / 2
    named = [
        network(hybrid(batch.images, batch.partners, alpha / 100 * nyquist)).argmax(-1)
        for alpha in settings["alphas"]
    ]
    answers = torch.stack(named, 1)  # (N, K)
    each = {
        "each_low": answers == batch.labels[:, None],
        "each_high": answers == batch.partner_labels[:, None],
    }
    return sums(each) | each


def sums(each: Tally) -> Tally:
    """Add up what each pair said: the sums of a tally, and how many pairs there are."""
    low, high = each["each_low"].double(), each["each_high"].double()
    apart = low - high
    return {
        "pictures": torch.tensor(float(len(low)), dtype=torch.float64),
        "low": low.sum(0),
        "high": high.sum(0),
        "products": apart.T @ apart,
    }


def estimate(summed: Tally, settings: dict[str, Any]) -> dict[str, Any]:
    """Return f_rev, in fractions of Nyquist, and p_low, p_high and their difference by cutoff.

    f_rev is not a number where the difference does not cross zero. Where what each picture said was
    kept, its interval knows that a picture serves in two hybrids.
    Source: Li et al. 2023, PLOS Comput Biol 19(3): e1010932.
    """
    pairs = int(summed["pictures"])
    cutoffs = torch.tensor(settings["alphas"], dtype=torch.float64) / 100
    mean = (summed["low"] - summed["high"]) / pairs
    covariance = summed["products"] / pairs - mean.outer(mean)
    if f"{EACH}low" in summed:
        covariance = covariance + _shared(summed, mean) / pairs
    generator = torch.Generator().manual_seed(0)
    low, high = ([share(int(count), pairs) for count in summed[name]] for name in ("low", "high"))
    return {
        "f_rev_nyquist": reverse_frequency(cutoffs, mean, covariance / pairs, generator),
        "cutoffs_nyquist": cutoffs.tolist(),
        "p_low": low,
        "p_high": high,
        "difference": [difference(*each) for each in zip(low, high, strict=True)],
    }


def _shared(summed: Tally, mean: Tensor) -> Tensor:
    """Add up what pairs have in common because a picture is the low one here, the high one there.

    mean (K,): of low - high.  Returns (K, K), of both orders of every two such pairs.
    """
    apart = summed["each_low"].double() - summed["each_high"].double() - mean
    place = {picture: row for row, picture in enumerate(summed["each_picture"].tolist())}
    others = [place.get(partner, -1) for partner in summed["each_partner"].tolist()]
    there = torch.tensor([other >= 0 for other in others])
    products = apart[there].T @ apart[torch.tensor(others)[there]]
    return products + products.T


def reversal(summed: Tally, settings: dict[str, Any]) -> float:
    """Return f_rev alone, a fraction of Nyquist; not a number where there is none."""
    cutoffs = torch.tensor(settings["alphas"], dtype=torch.float64) / 100
    found = zero_crossing(cutoffs, summed["low"] - summed["high"])
    return math.nan if found is None else found


def blank(settings: dict[str, Any], size: int) -> dict[str, Any]:
    """Return an estimate without numbers."""
    cutoffs = [alpha / 100 for alpha in settings["alphas"]]
    nothing = [UNDEFINED] * len(cutoffs)
    return {"cutoffs_nyquist": cutoffs, "difference": nothing, "f_rev_nyquist": UNDEFINED}


def draw(numbers: dict[str, Any]) -> Panels:
    """Draw p_low - p_high against the cutoff, with a mark where it reverses."""
    curve = Series(numbers["cutoffs_nyquist"], numbers["difference"])
    mark = Mark("f_rev", numbers["f_rev_nyquist"], 0)
    y = Scale("p_low − p_high", low=-1.05, high=1.05)
    return (Curves(Scale("cutoff", "nyquist"), y, [curve], [mark], level=0),)


def told(numbers: dict[str, Any]) -> list[Number]:
    """Tell where the answers reverse."""
    return [Number("f_rev", numbers["f_rev_nyquist"], "nyquist")]


def methods(settings: dict[str, Any]) -> str:
    """Say how it is measured, for a paper."""
    return (
        "Each picture was joined with a partner of another class to a hybrid image [oliva2006]: "
        "all spatial frequencies up to a cutoff came from the picture and the rest from the "
        f"partner, by an ideal filter at {len(settings['alphas'])} cutoffs from "
        f"{min(settings['alphas']):g} to {max(settings['alphas']):g} % of the Nyquist frequency. "
        "The reverse frequency f_rev is the cutoff at which the share of answers that name the "
        "low-frequency picture equals that of answers that name its partner, by linear "
        "interpolation [li2023]. Its 95 % interval is that of the crossings of 2,000 curves drawn "
        "from the normal distribution of the mean curve."
    )


HYBRIDS = Measure(
    "hybrids",
    "Hybrids",
    "Which of two pictures a network names in their hybrids, by cutoff, and where that reverses.",
    tally,
    estimate,
    draw,
    "Every hybrid joins two pictures of different classes. Above zero the model names the coarse "
    "one, below zero the fine one; it reverses at f_rev, the diamond. **The further left, the "
    "more it relies on coarse structure.**",
    summary=told,
    compared=told,
    knobs=(PERCENTAGES,),
    pairs=True,
    paper={"alphas": list(PAPERS)},
    splits=always,
    blank=blank,
    methods=methods,
)
