"""Accuracy under the corruptions of ImageNet-C, by corruption, class and severity."""

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from blurlab.corruptions.corrupting import SEVERITIES, corrupt, eight_bit
from blurlab.corruptions.draws import picture_seeds
from blurlab.corruptions.row import BANDS
from blurlab.corruptions.table import STRENGTHS, in_class, published
from blurlab.knobs import Knob
from blurlab.measures.figure import Curves, Panels, Scale, Series
from blurlab.measures.row import Batch, Measure, Network, Number, Tally, always
from blurlab.sentence import Sentence
from blurlab.statistics import UNDEFINED, Interval, mean, share


@torch.no_grad()
def tally(network: Network, batch: Batch, settings: dict[str, Any]) -> Tally:
    """Count the right answers: right_NAME (5,) of every published one, by severity; clean.

    each_right_NAME (N, 5), each_clean (N,): of every picture.
    band_BAND (2,): the sum, and of the squares, of every picture's share of right answers under the
    corruptions of a class (Li et al. 2023) at all severities.
    """
    right = {}
    for name in published():
        answers = []
        for severity in SEVERITIES:
            # The same draws at every severity and corruption, which then differ in strength alone.
            generator = batch.generator.clone_state()
            picture_seeds(batch.first, generator)  # which the pictures before these have drawn
            changed = corrupt(batch.images, name, severity, generator, table=settings["strengths"])
            answers.append(network(eight_bit(changed)).argmax(-1) == batch.labels)
        right[name] = torch.stack(answers, 1)  # (N, 5)
    each = {f"each_right_{name}": answers for name, answers in right.items()}
    each["each_clean"] = network(batch.images).argmax(-1) == batch.labels
    return sums(each) | each


def sums(each: Tally) -> Tally:
    """Add up what each picture said: the sums of a tally, and how many pictures there are."""
    count = torch.tensor(float(len(each["each_clean"])), dtype=torch.float64)
    summed = {"pictures": count, "clean": each["each_clean"].sum()}
    summed |= {f"right_{name}": each[f"each_right_{name}"].sum(0) for name in published()}
    for band in BANDS:
        shares = each_in_band(each, band)
        summed[f"band_{band}"] = torch.stack([shares.sum(), shares.square().sum()])
    return summed


def estimate(summed: Tally, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the accuracy clean, of each class of corruptions, and by corruption and severity.

    severities: clean and over all 15 corruptions at each severity, 0 to 5.
    """
    pictures = int(summed["pictures"])
    sums = {band: summed[f"band_{band}"].tolist() for band in BANDS}
    return {
        "clean": share(int(summed["clean"]), pictures),
        "classes": {
            band: mean(total, squares, pictures) for band, (total, squares) in sums.items()
        },
        "accuracy": {
            name: [share(int(count), pictures) for count in summed[f"right_{name}"]]
            for name in published()
        },
        "severities": _by_severity(summed, pictures),
    }


def _by_severity(summed: Tally, pictures: int) -> list[Interval]:
    """Return the accuracy clean and at each severity, over ImageNet-C's 15 corruptions."""
    found = [share(int(summed["clean"]), pictures)]
    for place in range(len(SEVERITIES)):
        found.append(
            _over([share(int(summed[f"right_{name}"][place]), pictures) for name in in_class()])
        )
    return found


def _over(shares: Sequence[Interval]) -> Interval:
    """Average shares; the interval is right if their errors go up and down together, or safe."""
    return Interval(*(fmean(ends) for ends in zip(*shares, strict=True)))


def under(numbers: dict[str, Any], name: str | None, severity: int | None) -> Interval:
    """Return the accuracy under one corruption, or None for the 15 of the classes, at one severity
    or None for all five.

    numbers: an estimate.  The interval is on the safe side where several are averaged.
    """
    names = in_class() if name is None else [name]
    places = range(len(SEVERITIES)) if severity is None else [SEVERITIES.index(severity)]
    return _over([numbers["accuracy"][each][place] for each in names for place in places])


def mce(found: dict[str, Any], baseline: dict[str, Any]) -> dict[str, Any]:
    """Compare the errors of a model under corruptions with a baseline's on the same pictures.

    found, baseline: what estimate returned of each.
    Returns mce, the mean over the 15 corruptions of the test set of the model's error, summed over
    severities, as a share of the baseline's; ce: that share of each. The baseline's own is 1.
    Source: Hendrycks and Dietterich 2019, ICLR, where the baseline is AlexNet, the unit percent.
    """
    tested = in_class()
    wrong, reference = (
        {name: sum(1 - share.value for share in each["accuracy"][name]) for name in tested}
        for each in (found, baseline)
    )
    # A baseline that is never wrong leaves the share undefined.
    ce = {name: wrong[name] / (reference[name] or math.nan) for name in tested}
    return {"mce": sum(ce.values()) / len(tested), "ce": ce}


def band_accuracy(summed: Tally, band: str) -> float:
    """Return the accuracy under a class of corruptions alone."""
    return (summed[f"band_{band}"][0] / summed["pictures"]).item()


def each_in_band(tally: Tally, band: str) -> Tensor:
    """Return every picture's share of right answers under a class of corruptions, (N,) float64."""
    right = [tally[f"each_right_{name}"] for name in in_class(band)]
    return torch.cat(right, 1).double().mean(1)


def each_over_all(tally: Tally) -> Tensor:
    """Return every picture's share of right answers under all of ImageNet-C's corruptions, (N,)."""
    names = [name for band in BANDS for name in in_class(band)]
    return torch.cat([tally[f"each_right_{name}"] for name in names], 1).double().mean(1)


def blank(settings: dict[str, Any], size: int) -> dict[str, Any]:
    """Return an estimate without numbers."""
    severities = [UNDEFINED] * (1 + len(SEVERITIES))
    return {
        "clean": UNDEFINED,
        "classes": dict.fromkeys(BANDS, UNDEFINED),
        "severities": severities,
    }


def draw(numbers: dict[str, Any]) -> Panels:
    """Draw the accuracy clean and under each class of corruptions, and against their severity."""
    x = ["clean", *numbers["classes"]]
    shares = [numbers["clean"], *numbers["classes"].values()]
    scale = Scale("frequencies that the corruptions change")
    severities = list(range(len(numbers["severities"])))
    accuracy = Scale("accuracy", "share")
    return (
        Curves(scale, accuracy, [Series(x, shares)], title="by their frequencies"),
        Curves(
            Scale("severity of all 15"),
            accuracy,
            [Series(severities, numbers["severities"])],
            title="by their severity",
        ),
    )


def summary(numbers: dict[str, Any]) -> list[Number]:
    """Tell the accuracy clean and under each class."""
    shown = {"clean": numbers["clean"], **numbers["classes"]}
    return [Number(label, found, "share") for label, found in shown.items()]


def over_all(classes: dict[str, Interval]) -> Interval:
    """Average the accuracy over ImageNet-C's 15 corruptions, of which each class has its share.

    classes: of an estimate. The interval is on the safe side: it is right if the classes' errors go
    up and down together.
    """
    counts = {band: len(in_class(band)) for band in classes}
    ends = (sum(counts[band] * found[i] for band, found in classes.items()) for i in range(3))
    return Interval(*(end / sum(counts.values()) for end in ends))


def compared(numbers: dict[str, Any]) -> list[Number]:
    """Tell the same, and the accuracy over all, in words that stand beside other measures'."""
    classes = numbers["classes"]
    shown = {"accuracy, clean": numbers["clean"]}
    if classes:
        shown["accuracy, all corruptions"] = over_all(classes)
    for band, found in classes.items():
        name = Sentence("accuracy, {band}-frequency corruptions", band=Sentence(band))
        shown[name] = found
    return [Number(label, found, "share") for label, found in shown.items()]


def methods(settings: dict[str, Any]) -> str:
    """Say how it is measured, for a paper."""
    table = "CIFAR-10-C" if settings["strengths"] == "cifar" else "ImageNet-C"
    return (
        f"Pictures were corrupted at five severities with the strengths of {table} [hendrycks2019] "
        "and rounded to 8 bits. Accuracy was averaged over the corruptions whose power Li et al. "
        "see at low, medium and high frequencies [li2023], with normal 95 % intervals over "
        "pictures."
    )


# ImageNet-C's blurs, made for 224 pixels, would leave little of pictures of 32, which CIFAR-10-C's
# are.
CORRUPTED = Measure(
    "corruptions",
    "Corruptions",
    "Accuracy under ImageNet-C's corruptions, by corruption, severity and class of frequencies.",
    tally,
    estimate,
    draw,
    "Accuracy under ImageNet-C's corruptions at five severities, by where Li et al. (2023) see "
    "their power; networks of 32 pixels meet CIFAR-10-C's strengths. **A blur should cost on the "
    "left and pay on the right.** Intervals are over pictures.",
    summary=summary,
    compared=compared,
    knobs=(Knob("strengths", "Table of strengths", "imagenet", choices=STRENGTHS),),
    paper={},
    of_size={32: {"strengths": "cifar"}},
    splits=always,
    blank=blank,
    methods=methods,
)
