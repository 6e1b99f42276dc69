"""Accuracy on low-passed and on high-passed pictures, by where the filter cuts."""

import math
from collections.abc import Iterator
from statistics import fmean, stdev
from typing import Any

import torch
from torch import Tensor

from blurlab.filters.spectrum import low_pass
from blurlab.knobs import Knob
from blurlab.measures.figure import Curves, Panels, Scale, Series
from blurlab.measures.reversal import PAPERS, PERCENTAGES
from blurlab.measures.row import EACH, Batch, Measure, Network, Number, Tally, always
from blurlab.pictures.grey import BT709, grey
from blurlab.sentence import Sentence, together
from blurlab.statistics import LEVEL, UNDEFINED, Interval, over_classes, share, t_quantile

# Right answers of each of four people to 160 pictures of 224 pixels and 16 classes (chance 1/16),
# by the standard deviation in pixels of the Gaussian that they were filtered with: model-vs-human's
# raw data (Geirhos et al. 2021, NeurIPS), measured by Geirhos et al. 2018.
HUMANS: dict[str, dict[float, tuple[int, int, int, int]]] = {
    "low": {
        0: (146, 149, 144, 150), 1: (145, 149, 148, 143), 3: (131, 122, 124, 132),
        5: (97, 101, 101, 104), 7: (100, 93, 90, 93), 10: (62, 54, 57, 70),
        15: (42, 29, 24, 33), 40: (9, 9, 8, 13),
    },
    "high": {
        math.inf: (128, 144, 148, 145), 3: (115, 126, 137, 139), 1.5: (105, 124, 117, 127),
        1: (77, 108, 96, 113), 0.7: (31, 67, 63, 65), 0.55: (20, 33, 24, 37),
        0.45: (8, 13, 10, 16), 0.4: (9, 10, 12, 10),
    },
}  # fmt: skip
HUMAN_TRIALS, HUMAN_CHANCE, HUMAN_SIZE = 160, 1 / 16, 224
BACKGROUND = 0.4423  # the grey around their pictures, and the mean of the high-passed ones
FEWEST = 3  # pictures of a class that counts as much as any other
HALF_GAIN = math.sqrt(math.log(2) / 2) / math.pi  # a Gaussian's cutoff times its sigma


def ideal(images: Tensor, alpha: float) -> tuple[Tensor, Tensor]:
    """Return low-passed and high-passed pictures, both with their mean, clipped to [0, 1].

    alpha: the cutoff in percent of Nyquist; what lies on it is low.  Without its mean a high-passed
    picture could not be shown, to a person or to a network that expects [0, 1].
    """
    low = low_pass(images, alpha / 200 * images.shape[-1], "ideal")
    mean = images.mean((-1, -2), keepdim=True)
    return low.clamp(0, 1), (images - low).add_(mean).clamp_(0, 1)


def human_low(images: Tensor, sigma: float) -> Tensor:
    """Blur grey pictures as those shown to people were, (N, 1, S, S) to (N, 3, S, S).

    sigma: in pixels of a picture of 224; a picture of S gets the same gain at the same cycles/image
    as theirs had from a sampled Gaussian of four sigma to either side, with grey all around.
    """
    if not sigma:
        return images.expand(-1, 3, -1, -1)
    spread = _spread(images.shape[-1], sigma).to(images)
    return (spread @ (images - BACKGROUND) @ spread.T + BACKGROUND).expand(-1, 3, -1, -1)


def human_high(images: Tensor, sigma: float) -> Tensor:
    """Take the blurred picture away and bring the mean to the background, clipped to [0, 1].

    An infinite sigma leaves the grey picture as it is.
    """
    if sigma == math.inf:
        return images.expand(-1, 3, -1, -1)
    fine = images - human_low(images, sigma)
    return (fine - fine.mean((-1, -2), keepdim=True) + BACKGROUND).clamp(0, 1)


def _spread(size: int, sigma: float) -> Tensor:
    """Build the (S, S) matrix that blurs each column as a picture of 224 was blurred by sigma."""
    steps = torch.arange(1, int(4 * sigma + 0.5) + 1, dtype=torch.float64)
    weights = torch.exp(-((steps / sigma) ** 2) / 2)
    total = 1 + 2 * weights.sum()
    around = 4 * size  # far enough for the widest Gaussian not to come round
    # Frequencies finer than theirs could be are treated as their finest.
    frequency = torch.arange(around // 2 + 1, dtype=torch.float64) / around * size / HUMAN_SIZE
    waves = torch.cos(2 * math.pi * frequency.clamp(max=0.5)[:, None] * steps)
    response = torch.fft.irfft((1 + 2 * waves @ weights) / total + 0j, n=around)
    distance = torch.arange(size)
    return response[(distance[:, None] - distance).abs()]


def _filtered(images: Tensor, settings: dict[str, Any]) -> Iterator[tuple[str, Tensor]]:
    """Yield "low" or "high" and the pictures to ask about, in the order of the tally."""
    if settings["filter"] == "ideal":
        for alpha in settings["alphas"]:
            yield from zip(("low", "high"), ideal(images, alpha), strict=True)
        return
    shown = grey(images, BT709)
    for sigma in HUMANS["low"]:
        yield "low", human_low(shown, sigma)
    for sigma in HUMANS["high"]:
        yield "high", human_high(shown, sigma)


@torch.no_grad()
def tally(network: Network, batch: Batch, settings: dict[str, Any]) -> Tally:
    """Count the right answers: low (K,) and high (K,), by cutoff; clean.

    each_low, each_high (N, K), each_clean (N,): of every picture.
    """
    named: dict[str, list[Tensor]] = {"low": [], "high": []}
    for kind, images in _filtered(batch.images, settings):
        named[kind].append(network(images).argmax(-1) == batch.labels)
    each = {kind: torch.stack(right, 1) for kind, right in named.items()}
    each["clean"] = network(batch.images).argmax(-1) == batch.labels
    counted = {kind: right.sum(0) for kind, right in each.items()}
    return counted | {f"each_{kind}": right for kind, right in each.items()}


def estimate(summed: Tally, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the accuracy clean, low-passed and high-passed, with where the filter cuts.

    With the filter that people were tested with, every class of at least FEWEST pictures counts
    alike, for people saw each as often; classes says how many there are.
    The ideal filter's cutoffs are fractions of Nyquist. Those of the filter that people were tested
    with are its sigmas in pixels of a 224-pixel picture, and the cycles/image, the same at any
    size, where a Gaussian of that sigma has gain 1/2; null where nothing is cut.
    """
    alike = _over_classes(summed) if settings["filter"] == "human" else None
    return (alike or _over_pictures(summed)) | _places(settings)


def _over_pictures(summed: Tally) -> dict[str, Any]:
    pictures = int(summed["pictures"])
    accuracy = {kind: [share(int(count), pictures) for count in summed[kind]] for kind in HUMANS}
    return {**accuracy, "clean": share(int(summed["clean"]), pictures)}


def _over_classes(summed: Tally) -> dict[str, Any] | None:
    """Let every class count alike, as people saw each as often; None where labels are not kept."""
    if f"{EACH}label" not in summed or f"{EACH}low" not in summed:
        return None
    labels = summed[f"{EACH}label"].long()
    counts = labels.bincount()
    shown = (counts >= FEWEST).nonzero().flatten()
    if not len(shown):
        return None

    def accuracy(right: Tensor) -> Interval:
        hits = labels.bincount(right.double(), len(counts))[shown]
        return over_classes(hits.int().tolist(), counts[shown].tolist())

    found: dict[str, Any] = {
        kind: [accuracy(right) for right in summed[f"{EACH}{kind}"].T] for kind in HUMANS
    }
    return found | {"clean": accuracy(summed[f"{EACH}clean"]), "classes": len(shown)}


def _places(settings: dict[str, Any]) -> dict[str, Any]:
    """Say where the filter cuts, as estimate returns it."""
    if settings["filter"] == "ideal":
        return {"cutoffs_nyquist": [alpha / 100 for alpha in settings["alphas"]]}
    finite = {k: [s if 0 < s < math.inf else None for s in each] for k, each in HUMANS.items()}
    found = {}
    for kind, sigmas in finite.items():
        found[f"{kind}_sigmas_of_224"] = sigmas
        found[f"{kind}_cutoffs"] = [s and HALF_GAIN * HUMAN_SIZE / s for s in sigmas]
    return found


def over_people(*right: int) -> Interval:
    """Return people's mean accuracy with its 95 % interval over people, cut to [0, 1].

    right: answers of each to HUMAN_TRIALS pictures.
    """
    each = [count / HUMAN_TRIALS for count in right]
    half = t_quantile((1 + LEVEL) / 2, len(each) - 1) * stdev(each) / math.sqrt(len(each))
    return Interval(fmean(each), max(0.0, fmean(each) - half), min(1.0, fmean(each) + half))


def blank(settings: dict[str, Any], size: int) -> dict[str, Any]:
    """Return an estimate without numbers."""
    is_ideal = settings["filter"] == "ideal"
    counts = {kind: len(settings["alphas"] if is_ideal else HUMANS[kind]) for kind in HUMANS}
    return {kind: [UNDEFINED] * count for kind, count in counts.items()} | _places(settings)


def draw(numbers: dict[str, Any]) -> Panels:
    """Draw the accuracy against the cutoff, low beside high, with people's where they fit."""
    is_human = "low_cutoffs" in numbers
    titles = {"low": "coarse structure alone", "high": "fine structure alone"}
    panels = []
    for kind, title in titles.items():
        x = numbers[f"{kind}_cutoffs"] if is_human else numbers["cutoffs_nyquist"]
        series = [Series(x, numbers[kind])]
        if is_human:
            people = [over_people(*right) for right in HUMANS[kind].values()]
            series.append(Series(x, people, "reference", "four people, 16 classes"))
        scale = Scale("cutoff", "image" if is_human else "nyquist", log=is_human)
        panels.append(Curves(scale, Scale("accuracy", "share"), series, title=title))
    return panels


def note(settings: dict[str, Any], classes: int) -> str:
    """Say how people were tested, where they stand in the figure."""
    if settings["filter"] != "human":
        return ""
    tested = Sentence(
        "People: 16 classes, chance 6 %, 224-pixel grey photographs shown for 200 ms, four people "
        "with 160 trials a point each, and intervals over people (Geirhos et al. 2018, by "
        "model-vs-human's raw data). The models choose among {classes} classes, chance "
        "{chance:.0%}, and take their time. Every class of at least {fewest} pictures counts "
        "alike, as it did for people.",
        classes=classes,
        chance=1 / classes,
        fewest=FEWEST,
    )
    if classes == 16:
        return tested
    return together(tested, Sentence("Compare where the lines fall, not how high they are."))


FILTERS = {"ideal": "Ideal", "human": "As people saw it"}


def methods(settings: dict[str, Any]) -> str:
    """Say how it is measured, for a paper."""
    filtered = (
        f"by an ideal filter at {len(settings['alphas'])} cutoffs"
        if settings["filter"] == "ideal"
        else "in grey, by the Gaussian filters that people were shown [geirhos2018]"
    )
    return (
        f"Pictures were low-passed and high-passed {filtered}, and the accuracy on each was taken, "
        + (
            "with Wilson's 95 % intervals."
            if settings["filter"] == "ideal"
            else "every class counting alike, with normal 95 % intervals."
        )
    )


PASSES = Measure(
    "passes",
    "Low- and high-pass",
    "Accuracy on low-passed and on high-passed pictures, by where the filter cuts.",
    tally,
    estimate,
    draw,
    "How many pictures are still named when only their coarse, or only their fine, structure is "
    "left. **A model that relies on coarse structure rises early on the left and falls early on "
    "the right.** High-passed pictures keep their mean, so that they can be shown.",
    summary=lambda numbers: [Number("clean", numbers["clean"], "share")],
    compared=lambda numbers: [Number("accuracy, clean", numbers["clean"], "share")],
    knobs=(
        Knob("filter", "Filter", "ideal", choices=FILTERS, offered=FILTERS, address="pass_filter"),
        PERCENTAGES,
    ),
    note=note,
    paper={"alphas": list(PAPERS)},
    splits=always,
    blank=blank,
    methods=methods,
)
