"""The critical band: which octave of noise hides pictures best, and how wide that channel is."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from blurlab.filters.spectrum import multiply_spectrum, radial_frequency
from blurlab.knobs import Knob
from blurlab.measures.channel import LOWEST, depths, fit, why_undefined
from blurlab.measures.figure import Curves, Mark, Panels, Scale, Series
from blurlab.measures.row import Batch, Measure, Network, Number, Tally, always
from blurlab.pictures.grey import grey
from blurlab.sentence import Sentence, together
from blurlab.statistics import UNDEFINED, Interval, share

BACKGROUND = 0.449  # the mean of ImageNet's pictures
DRAWS = 500
# The strongest noise at which people still name more than half of the pictures, band by band from
# LOWEST; PEOPLES_LAST is the strongest that they were shown. Of the mean of 14 people, at a
# contrast of 0.2 and 224 pixels, on the same deviations: printed by the authors' analysis
# (analysis/human_analysis.ipynb of ajaysub110/critical-band-masking).
PEOPLE = (0.16, 0.16, 0.16, 0.16, 0.04, 0.04, 0.16)
PEOPLES_LAST = 0.16


def centres(size: int) -> list[float]:
    """List the bands' centres up to Nyquist in cycles/image: seven at 224 pixels, four at 32."""
    return [LOWEST * 2**octave for octave in range(int(math.log2(size / 2 / LOWEST)) + 1)]


def faint(images: Tensor, contrast: float) -> Tensor:
    """Make pictures grey and faint, all of the same mean: (N, 1, S, S)."""
    shown = grey(images)
    return (shown - shown.mean((-1, -2), keepdim=True)) * contrast + BACKGROUND


def octave_noise(images: Tensor, centre: float, white: Tensor) -> Tensor:
    """Cut white noise to the octave around a frequency and give each picture's a deviation of 1.

    white: (N, 1, S, S).  centre: in cycles/image, half an octave from either edge.
    """
    size = images.shape[-1]
    frequency = radial_frequency(size, device=images.device)[:, : size // 2 + 1]
    inside = (frequency > centre / math.sqrt(2)) & (frequency <= centre * math.sqrt(2))
    cut = multiply_spectrum(white.to(images), inside.to(images))
    return cut / cut.square().mean((-1, -2), keepdim=True).sqrt()


def masked(batch: Batch, settings: dict[str, Any]) -> Iterator[Tensor]:
    """Yield the faint pictures, then those in each band's noise, every deviation after another.

    One draw of white noise serves all bands and deviations of a picture, which then differ in
    frequency and strength alone. Yields (N, 3, S, S), clipped to [0, 1].
    """
    shown = faint(batch.images, settings["contrast"])
    yield shown.clamp(0, 1).expand(-1, 3, -1, -1)
    white = batch.drawn(lambda count, by: torch.randn(count, *shown.shape[1:], generator=by))
    for centre in centres(shown.shape[-1]):
        noise = octave_noise(shown, centre, white)
        for deviation in settings["deviations"]:
            yield torch.add(shown, noise, alpha=deviation).clamp_(0, 1).expand(-1, 3, -1, -1)


@torch.no_grad()
def tally(network: Network, batch: Batch, settings: dict[str, Any]) -> Tally:
    """Count the right answers: right, to the pictures of masked().

    products: of the right answers to each two of them by the same picture.  each_right: of every
    picture to all of them.
    """
    named = [network(images).argmax(-1) == batch.labels for images in masked(batch, settings)]
    right = torch.stack(named).float()
    each = torch.stack(named, 1)
    return {"right": right.sum(1), "products": right @ right.T, "each_right": each}


def estimate(summed: Tally, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the accuracy in each band's noise, each band's threshold, and the channel.

    thresholds: the deviations that leave half of the answers right, one for each of centres
    (cycles/image); not a number where the strongest noise leaves more.
    centre (cycles/image), bandwidth (octaves): of a Gaussian over log2 frequency fitted to the
    octaves of deviation that a threshold lies below the strongest noise; the bandwidth is its full
    width at half height. peak: the deviation that leaves half right at its centre.
    undefined: null, or why there is no channel.
    Source: Subramanian et al. 2023, NeurIPS. There the noise is a level of a Laplacian pyramid,
    thresholds are steps of the ladder, and pictures are changed where noise would leave [0, 1];
    here it has sharp edges, thresholds are interpolated, and the sum is clipped.
    """
    pictures, deviations = int(summed["pictures"]), settings["deviations"]
    mean = summed["right"] / pictures
    covariance = (summed["products"] / pictures - mean.outer(mean)) / pictures
    drawn = torch.cat([mean[None], _draw(mean, covariance)])
    depth = depths(drawn[:, 1:].unflatten(1, (-1, len(deviations))), drawn[:, :1], deviations)
    thresholds = deviations[-1] / torch.exp2(depth)
    thresholds[(depth <= 0) | (drawn[:, :1] <= 0.5)] = math.nan
    found = torch.stack(fit(depth), 1)
    undefined = why_undefined(mean[0].item(), depth[0], found[0])
    centre, bandwidth, peak = UNDEFINED, UNDEFINED, UNDEFINED
    if undefined is None:
        found[:, 2] = deviations[-1] / torch.exp2(found[:, 2])
        centre, bandwidth, peak = (_around(column) for column in found.T)
    bands = depth.shape[1]
    accuracy = [share(int(count), pictures) for count in summed["right"]]
    return {
        "clean": accuracy[0],
        "centres": [LOWEST * 2**octave for octave in range(bands)],
        "deviations": deviations,
        "accuracy": [accuracy[1 + b * len(deviations) :][: len(deviations)] for b in range(bands)],
        "thresholds": [_around(column) for column in thresholds.T],
        "centre": centre,
        "bandwidth": bandwidth,
        "peak": peak,
        "undefined": undefined,
    }


def _draw(mean: Tensor, covariance: Tensor) -> Tensor:
    """Draw accuracies (DRAWS, K) from the normal distribution of their mean."""
    values, vectors = torch.linalg.eigh(covariance)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(DRAWS, len(mean), dtype=torch.float64, generator=generator)
    return mean + noise @ (vectors * values.clamp(min=0).sqrt()).T


def _around(drawn: Tensor) -> Interval:
    """Return the first of many estimates with the interval that holds 95 % of the others."""
    value, ends = drawn[0].item(), torch.tensor([0.025, 0.975], dtype=torch.float64)
    if math.isnan(value):
        return UNDEFINED
    low, high = drawn.nanquantile(ends).tolist()
    return Interval(value, min(low, value), max(high, value))


def blank(settings: dict[str, Any], size: int) -> dict[str, Any]:
    """Return an estimate without numbers."""
    bands = centres(size)
    return {
        "clean": UNDEFINED,
        "centres": bands,
        "deviations": settings["deviations"],
        "thresholds": [UNDEFINED] * len(bands),
        "centre": UNDEFINED,
    }


def draw(numbers: dict[str, Any]) -> Panels:
    """Draw the noise that each band takes before half of the answers are wrong, over people's."""
    centres, thresholds, deviations = (
        numbers[key] for key in ("centres", "thresholds", "deviations")
    )
    pairs = zip(centres, thresholds, strict=True)
    is_known = not math.isnan(numbers["clean"].value)
    beyond = [centre for centre, found in pairs if is_known and math.isnan(found.value)]
    strongest = Interval(*[deviations[-1]] * 3)
    series = [
        Series(centres, thresholds),
        Series(
            beyond,
            [strongest] * len(beyond),
            "beyond",
            Sentence("more than {most:g}", most=deviations[-1]),
        ),
        people(),
    ]
    shown = max(people().x, centres, key=len)
    x = Scale("centre of the octave of noise", "image", log=True, ticks=shown)
    y = Scale(
        "noise at half correct", "deviation", log=True,
        low=deviations[0] / 2, high=deviations[-1] * 1.25, ticks=deviations,
    )  # fmt: skip
    return (Curves(x, y, series, [Mark("centre", numbers["centre"])]),)


def people() -> Series:
    """Return where people's thresholds lie, between two steps of the noise that they were shown."""
    between = [
        Interval(held, held, held)
        if held == PEOPLES_LAST
        else Interval(math.sqrt(2) * held, held, 2 * held)
        for held in PEOPLE
    ]
    bands = [LOWEST * 2**octave for octave in range(len(PEOPLE))]
    name = Sentence("people (at {last:g}: more than that)", last=PEOPLES_LAST)
    return Series(bands, between, "reference", name)


def note(settings: dict[str, Any], classes: int) -> str:
    """Say how people were tested, whose thresholds stand in the figure."""
    tested = Sentence(
        "People: 14 observers, 16 classes, grey photographs of 224 pixels at a contrast of 0.2, "
        "between the steps of noise that leave more and less than half right (Subramanian et al. "
        "2023, by the analysis that they publish)."
    )
    if settings["contrast"] == 0.2:
        return tested
    return together(
        tested, Sentence("At another contrast compare where the lowest points are, alone.")
    )


def methods(settings: dict[str, Any]) -> str:
    """Say how it is measured, for a paper."""
    deviations = ", ".join(f"{each:g}" for each in settings["deviations"])
    return (
        f"Grey pictures at a contrast of {settings['contrast']:g} were masked by noise of one "
        f"octave with standard deviations of {deviations}, and the critical band was taken as the "
        "centre of a Gaussian over log frequency fitted to the thresholds, which also has a "
        "bandwidth and a threshold at its centre [subramanian2023]."
    )


# The source tests people at a contrast of 0.2, which leaves the networks that ship fewer than half
# of their answers without any noise, and so no threshold.
CRITICAL_BAND = Measure(
    "critical_band",
    "Critical band",
    "Which octave of noise hides faint grey pictures best, and how wide that channel is.",
    tally,
    estimate,
    draw,
    "Faint grey pictures in octaves of noise: the deviation that leaves half of the answers "
    "right. **The lowest point is the octave that the model needs most**, its critical band; the "
    "dotted line is the centre of a Gaussian fitted to it. A triangle at the top: even the "
    "strongest noise leaves half right. Grey: people.",
    summary=lambda numbers: [
        Number("centre", numbers["centre"], "image"),
        Number("bandwidth", numbers["bandwidth"], "octaves"),
        Number("noise at the centre", numbers["peak"], "deviation"),
    ],
    compared=lambda numbers: [
        Number("critical band", numbers["centre"], "image"),
        Number("its bandwidth", numbers["bandwidth"], "octaves"),
        Number("noise at the critical band", numbers["peak"], "deviation"),
    ],
    knobs=(
        Knob(
            "contrast", "Contrast of the pictures", 0.5, low=0, high=1, above=True,
            offered={contrast: f"{contrast:g}" for contrast in (0.2, 0.5, 1.0)},
            address="contrast",
            help="People were tested at 0.2, where small networks fail without any noise",
        ),
        Knob(
            "deviations", "Deviations of the noise", [0.02, 0.04, 0.08, 0.16], low=0, above=True
        ),
    ),
    note=note,
    splits=always,
    blank=blank,
    methods=methods,
)  # fmt: skip
