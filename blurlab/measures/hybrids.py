"""Which of two pictures a model names in their hybrids, by cutoff, and where that reverses."""

import math
from typing import Any

import torch
from torch import Tensor

from blurlab.filters.hybrid import hybrid
from blurlab.measures.figure import Curves, Mark, Panels, Scale, Series
from blurlab.measures.reversal import (
    PAPERS,
    PERCENTAGES,
    between_rings,
    reverse_frequency,
    zero_crossing,
)
from blurlab.measures.row import EACH, Batch, Measure, Network, Number, Tally, always
from blurlab.statistics import UNDEFINED, difference, share
from blurlab.statistics import mean as average

# Probabilities are rounded to steps, of which sums over thousands of pictures are exact and do not
# hang on the order.
STEPS = 2**20


@torch.no_grad()
def tally(network: Network, batch: Batch, settings: dict[str, Any]) -> Tally:
    """Count the answers to hybrids of every picture, as the low one, with its partner.

    low, high (K,): answers that name its class, by cutoff, and each_low, each_high (N, K) those of
    every pair.  products (K, K): of what each pair adds to low - high at two cutoffs.
    sides: of the pictures, in pixels, so that a sum knows of rings.
    confidence_low, confidence_high (K,): the probabilities of both classes, and squares_low,
    squares_high their squares.
    """
    nyquist = batch.images.shape[-1] / 2
    logits = [
        network(hybrid(batch.images, batch.partners, alpha / 100 * nyquist))
        for alpha in settings["alphas"]
    ]
    probabilities = torch.stack(logits, 1).double().softmax(-1)  # (N, K, classes)
    answers = torch.stack([each.argmax(-1) for each in logits], 1)
    found = {"sides": torch.tensor(2 * nyquist * len(batch.images), dtype=torch.float64)}
    each = {}
    for kind, labels in (("low", batch.labels), ("high", batch.partner_labels)):
        each[f"each_{kind}"] = answers == labels[:, None]
        chosen = labels[:, None, None].expand(-1, len(logits), 1)
        confidence = (probabilities.gather(-1, chosen)[..., 0] * STEPS).round() / STEPS
        found[f"confidence_{kind}"] = confidence.sum(0)
        found[f"squares_{kind}"] = confidence.square().sum(0)
    return sums(each) | found | each


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
    kept, its interval knows that a picture serves in two hybrids, and that of what this version
    kept ends at rings.
    confidence_low, confidence_high: the mean probability of both pictures' classes, by cutoff; not
    there in what earlier versions kept.
    Source: Li et al. 2023, PLOS Comput Biol 19(3): e1010932.
    """
    pairs = int(summed["pictures"])
    cutoffs = torch.tensor(settings["alphas"], dtype=torch.float64) / 100
    mean = (summed["low"] - summed["high"]) / pairs
    covariance = summed["products"] / pairs - mean.outer(mean)
    if f"{EACH}low" in summed:
        covariance = covariance + shared(summed, differences(summed) - mean) / pairs
    generator = torch.Generator().manual_seed(0)
    reversed_at = reverse_frequency(cutoffs, mean, covariance / pairs, generator)
    if "sides" in summed:
        reversed_at = between_rings(reversed_at, summed["sides"].item() / pairs)
    low, high = ([share(int(count), pairs) for count in summed[name]] for name in ("low", "high"))
    confidence = {
        f"confidence_{kind}": [
            average(total, squares, pairs)
            for total, squares in zip(
                summed[f"confidence_{kind}"].tolist(),
                summed[f"squares_{kind}"].tolist(),
                strict=True,
            )
        ]
        for kind in ("low", "high")
        if f"confidence_{kind}" in summed
    }
    return confidence | {
        "f_rev_nyquist": reversed_at,
        "cutoffs_nyquist": cutoffs.tolist(),
        "p_low": low,
        "p_high": high,
        "difference": [difference(*each) for each in zip(low, high, strict=True)],
    }


def differences(each: Tally) -> Tensor:
    """Return low - high of every pair by cutoff, (N, K) float64."""
    return each["each_low"].double() - each["each_high"].double()


def shared(summed: Tally, apart: Tensor) -> Tensor:
    """Add up what pairs have in common because a picture is the low one here, the high one there.

    apart (N, K): of each pair, less the mean.  Returns (K, K), of both orders of every two such
    pairs.
    """
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
    return {
        "cutoffs_nyquist": cutoffs,
        "difference": nothing,
        "f_rev_nyquist": UNDEFINED,
        "confidence_low": nothing,
        "confidence_high": nothing,
    }


def draw(numbers: dict[str, Any]) -> Panels:
    """Draw p_low - p_high against the cutoff, with a mark where it reverses, and confidence."""
    cutoffs, x = numbers["cutoffs_nyquist"], Scale("cutoff", "nyquist")
    curve = Series(cutoffs, numbers["difference"])
    mark = Mark("f_rev", numbers["f_rev_nyquist"], 0)
    y = Scale("p_low − p_high", low=-1.05, high=1.05)
    reversing = Curves(x, y, [curve], [mark], level=0)
    if "confidence_low" not in numbers:
        return (reversing,)
    both = [Series(cutoffs, numbers[f"confidence_{kind}"]) for kind in ("low", "high")]
    return reversing, Curves(x, Scale("mean confidence", "share"), both)


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
        "from the normal distribution of the mean curve, widened to the next rings of Fourier "
        "coefficients."
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
    "more it relies on coarse structure.** Beside it, where it was kept, the mean "
    "confidence: rising with the cutoff in the coarse picture's class, falling in the fine one's.",
    summary=told,
    compared=told,
    knobs=(PERCENTAGES,),
    pairs=True,
    paper={"alphas": list(PAPERS)},
    splits=always,
    blank=blank,
    methods=methods,
)
