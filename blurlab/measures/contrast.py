"""Contrast sensitivity: how faint a grating a linear read-out of a network still sees."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from blurlab.knobs import Knob
from blurlab.measures.figure import Curves, Panels, Scale, Series
from blurlab.measures.row import Batch, Measure, Network, Number, Tally
from blurlab.sentence import Sentence
from blurlab.statistics import UNDEFINED, Interval, share, t_quantile, worded

STEPS = 10  # of the ladder of contrasts, octaves apart from 1 down
CONTRASTS = tuple(2.0 ** (1 + step - STEPS) for step in range(STEPS))
GREY = 0.5  # the mean of gratings and pictures
CORRECT = 0.75  # share of two-choice trials that is right at threshold
DRAWS = 6  # pairs of contrasts that the read-out learns from, of each picture
APART = 0.05  # least difference of these
SHRINK = 0.01  # of the read-out's weights, in units of the mean square of what it learns from
MISSED = 1.0  # log2 of the contrast that stands for one above the ladder
DEGREES = 8.0  # visual angle of the picture's side, for people


def frequencies(size: int) -> list[float]:
    """List frequencies half an octave apart, from 1 cycle/image to below Nyquist."""
    many = math.ceil(2 * math.log2(size / 2))
    return [2 ** (step / 2) for step in range(many)]


def grating(size: int, frequency: float, contrast: float, angle: Tensor, phase: Tensor) -> Tensor:
    """Draw sine gratings, (N, 3, size, size) in [0, 1].

    frequency: cycles/image.  contrast: Michelson's, 0 to 1.  angle, phase: (N,) radians.
    """
    axis = (torch.arange(size, device=angle.device) + 0.5) / size
    along = axis * angle.cos().view(-1, 1, 1) + axis[:, None] * angle.sin().view(-1, 1, 1)
    wave = torch.sin(2 * math.pi * frequency * along + phase.view(-1, 1, 1))
    return (GREY * (1 + contrast * wave))[:, None].expand(-1, 3, -1, -1)


@torch.no_grad()
def tally(network: Network, batch: Batch, settings: dict[str, Any]) -> Tally:
    """Let a read-out learn from a batch's pictures, and find its thresholds with gratings.

    octaves (F,): log2 of the threshold contrast at frequencies(); MISSED where there is none.
    squares: of these.  missed (F,): whether there is none.  batches: 1.
    told (DRAWS,), each_told (N, DRAWS): the pairs that the read-out learned from and tells right.
    """
    size, device = batch.images.shape[-1], batch.images.device
    weights, told = _read_out(network, batch)
    plain = network(torch.full((1, 3, size, size), GREY, device=device)).double()
    found = []
    for frequency in frequencies(size):
        turn = torch.rand(2, settings["trials"], generator=batch.generator).to(device)
        angle, phase = math.pi * turn[0], 2 * math.pi * turn[1]
        shares = []
        for contrast in CONTRASTS:
            logits = network(grating(size, frequency, contrast, angle, phase)).double()
            shares.append(((logits - plain) @ weights > 0).double().mean().item())
        found.append(threshold(shares))
    octaves = torch.tensor(found, dtype=torch.float64)
    return {
        "octaves": octaves,
        "squares": octaves.square(),
        "missed": (octaves == MISSED).double(),
        "batches": torch.ones((), dtype=torch.float64),
        "told": told.sum(0),
        "each_told": told,
    }


def _read_out(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the weights (classes,) whose product with the logits tells more contrast from less,
    and for which pairs they do (N, DRAWS).

    By ridge regression of the differences between the logits to a picture at two contrasts.
    """
    pictures = batch.images - batch.images.mean((-1, -2), keepdim=True)
    differences = []
    for _ in range(DRAWS):
        draw = torch.rand(2, len(pictures), 1, 1, 1, generator=batch.generator).to(pictures)
        low = (1 - APART) * draw[0]
        high = low + APART + (1 - APART - low) * draw[1]
        more, less = (
            network((GREY + contrast * pictures).clamp(0, 1)).double() for contrast in (high, low)
        )
        differences.append(more - less)
    found = torch.cat(differences)
    shrink = SHRINK * found.square().mean() * len(found)
    square = found.T @ found + shrink * torch.eye(found.shape[1]).to(found)
    weights = torch.linalg.solve(square, found.sum(0))
    return weights, torch.stack([each @ weights > 0 for each in differences], 1)


def threshold(shares: Sequence[float]) -> float:
    """Return log2 of the contrast from which on enough is right, whatever the contrast above it.

    shares: right at CONTRASTS, between which they are joined by straight lines over log contrast.
    MISSED where not enough is right at the highest contrast.
    """
    octaves = [math.log2(contrast) for contrast in CONTRASTS]
    if shares[-1] < CORRECT:
        return MISSED
    for place in range(len(shares) - 1, 0, -1):
        below = shares[place - 1]
        if below < CORRECT:
            return octaves[place] - (shares[place] - CORRECT) / (shares[place] - below)
    return octaves[0]


def estimate(summed: Tally, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the contrast sensitivity by frequency, and the frequency at which it is highest.

    frequencies: cycles/image.  sensitivity: 1 over the threshold contrast, the geometric mean over
    batches, each with a read-out and gratings of its own, and its interval by Student's t; not a
    number where fewer than two batches, or half of them, have a threshold.  peak: cycles/image.
    read_out: share of the pairs of contrasts that the read-out learned from and tells right.
    Source: Akbarinia, Morgenstern and Gegenfurtner 2023, Neural Networks 164: 228. They read out
    features of many layers; here it is the logits, which every network has.
    """
    batches = int(summed["batches"])
    many = len(summed["octaves"])
    found = []
    for place in range(many):
        mean = summed["octaves"][place].item() / batches
        if batches < 2 or summed["missed"][place] > batches / 2:
            found.append(UNDEFINED)
            continue
        spread = max(0.0, summed["squares"][place].item() / batches - mean**2)
        half = t_quantile(0.975, batches - 1) * math.sqrt(spread / (batches - 1))
        found.append(Interval(*(2**-octave for octave in (mean, mean + half, mean - half))))
    known = [place for place in range(many) if not math.isnan(found[place].value)]
    shown = [2 ** (place / 2) for place in range(many)]
    peak = max(known, key=lambda place: found[place].value, default=None)
    return {
        "frequencies": shown,
        "sensitivity": found,
        "peak": math.nan if peak is None else shown[peak],
        "read_out": share(int(summed["told"].sum()), int(summed["pictures"]) * DRAWS),
    }


def person(frequency: float) -> float:
    """Return the contrast sensitivity of people at a frequency in cycles/degree.

    Source: Watson and Ahumada 2005, Journal of Vision 5(9): 6, the fit of their standard observer.
    """
    gain, high, low, loss, power = 373.08, 4.1726, 1.3625, 0.8493, 0.7786
    return gain * (_sech((frequency / high) ** power) - loss * _sech(frequency / low))


def _sech(x: float) -> float:
    return 1 / math.cosh(min(x, 300.0))


def blank(settings: dict[str, Any], size: int) -> dict[str, Any]:
    """Return an estimate without numbers."""
    shown = frequencies(size)
    return {"frequencies": shown, "sensitivity": [UNDEFINED] * len(shown), "peak": math.nan}


def draw(numbers: dict[str, Any]) -> Panels:
    """Draw sensitivity against frequency, over that of people."""
    shown = numbers["frequencies"]
    people = [Interval(*[person(frequency / DEGREES)] * 3) for frequency in shown]
    name = Sentence("people, of a picture {degrees:g}° wide", degrees=DEGREES)
    series = [Series(shown, numbers["sensitivity"]), Series(shown, people, "reference", name)]
    x = Scale("frequency of the grating", "image", log=True)
    return (Curves(x, Scale("sensitivity (1 / threshold contrast)", log=True), series),)


def methods(settings: dict[str, Any]) -> str:
    """Say how it is measured, for a paper."""
    return (
        "Contrast sensitivity was measured after [akbarinia2023]: a linear read-out of the logits "
        "learned from pictures at two contrasts which has more, and was then asked which of a "
        f"uniform grey and a sine grating has more, with {settings['trials']} gratings of random "
        f"phase and orientation at each of {STEPS} contrasts an octave apart. The threshold is the "
        "contrast from which on 75 % are right. People's curve is that of the standard observer "
        "[watson2005]."
    )


CONTRAST = Measure(
    "contrast",
    "Contrast sensitivity",
    "How faint a grating a read-out of the network's answers still sees, by its frequency.",
    tally,
    estimate,
    draw,
    "A read-out learns from pictures which has more contrast, and then looks for gratings. **Where "
    "the curve is high, the network's answers change with little contrast**; where it ends, no "
    "contrast is enough. Grey: people, whose curve hangs on how wide the picture is to them.",
    summary=lambda numbers: [
        Number("most sensitive at, cycles/image", worded(numbers["peak"], ".3g")),
        Number("contrasts that the read-out tells", numbers["read_out"], "share"),
    ],
    knobs=(
        Knob("trials", "Gratings at each contrast", 16, low=2, help="of random phase and angle"),
    ),
    blank=blank,
    methods=methods,
)
