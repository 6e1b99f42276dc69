"""Accuracy under noise of growing strength, and the strength that takes half of it away."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from blurlab.corruptions import draws
from blurlab.knobs import Knob
from blurlab.measures.figure import Curves, Mark, Panels, Scale, Series
from blurlab.measures.reversal import zero_crossing
from blurlab.measures.row import Batch, Measure, Network, Number, Tally, always
from blurlab.pictures.grey import BT709, grey
from blurlab.sentence import Sentence
from blurlab.statistics import UNDEFINED, Interval, Z, share

COLOURS = {"colour": "In colour", "grey": "Grey"}


class Kind(NamedTuple):
    """title: for people.  strength: what is written of it.  stream: of its random numbers."""

    title: str
    strength: str
    stream: int


KINDS = {
    "gaussian": Kind("Gaussian", "standard deviation", 0),
    "uniform": Kind("uniform", "half-width", 1),
    "salt_and_pepper": Kind("salt and pepper", "share of pixels", 2),
}


def noisy(images: Tensor, kind: str, strength: float, drawn: Tensor) -> Tensor:
    """Add noise to pictures, clipped to [0, 1].

    images: (N, 3, S, S) in [0, 1].  kind: a key of KINDS.
    strength: the standard deviation of Gaussian noise, the half-width of uniform noise, both of
        values in [0, 1]; the share of pixels that become black or white, as many of each.
    drawn: (N, 1 or 3, S, S), standard normal for Gaussian noise, else from [0, 1).
    """
    if kind == "gaussian":
        return (images + strength * drawn).clamp_(0, 1)
    if kind == "uniform":
        return (images + strength * (2 * drawn - 1)).clamp_(0, 1)
    return torch.where(drawn < strength, (drawn < strength / 2).to(images), images)


def _shown(batch: Batch, settings: dict[str, Any]) -> Iterator[tuple[str, Tensor]]:
    """Yield ("clean", the pictures without noise), then a kind and its pictures at each strength.

    A picture has the same draws at every strength, which then differ in strength alone.
    """
    is_grey = settings["colour"] == "grey"
    images = grey(batch.images, BT709).expand_as(batch.images) if is_grey else batch.images
    images = 0.5 + settings["contrast"] * (images - 0.5)
    yield "clean", images
    seeds = batch.drawn(draws.picture_seeds)
    shape = (1 if is_grey else 3, *images.shape[-2:])
    for name, kind in KINDS.items():
        draw = draws.normal if name == "gaussian" else draws.uniform
        drawn = draw(seeds, *shape, stream=kind.stream, device=images.device)
        for strength in settings[name]:
            yield name, noisy(images, name, strength, drawn)


@torch.no_grad()
def tally(network: Network, batch: Batch, settings: dict[str, Any]) -> Tally:
    """Count the right answers: clean, and gaussian, uniform, salt_and_pepper (K,) by strength.

    each_clean (N,), each_KIND (N, K): of every picture.  both_KIND (K,): how many pictures are
    named right with and without noise.  choices: how many classes the answers are from, added up
    over pictures.
    """
    answers: dict[str, list[Tensor]] = {"clean": [], **{name: [] for name in KINDS}}
    for name, images in _shown(batch, settings):
        logits = network(images)
        answers[name].append(logits.argmax(-1) == batch.labels)
    clean = answers.pop("clean")[0]
    each = {name: torch.stack(right, 1) for name, right in answers.items()}
    return {
        "clean": clean.sum(),
        "choices": torch.tensor(float(logits.numel())),
        **{name: right.sum(0) for name, right in each.items()},
        **{f"both_{name}": (right & clean[:, None]).sum(0) for name, right in each.items()},
        "each_clean": clean,
        **{f"each_{name}": right for name, right in each.items()},
    }


def estimate(summed: Tally, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the accuracy clean and by kind of noise and strength, and the threshold of each kind.

    strengths, accuracy: by kind, from the weakest.  thresholds: the strength at which half of the
    clean accuracy above chance is left, by kind; UNDEFINED where the ladder ends before, or where
    the clean accuracy is not above chance.  half: the accuracy there.  chance: one over the number
    of classes.
    """
    pictures = int(summed["pictures"])
    clean, chance = share(int(summed["clean"]), pictures), pictures / summed["choices"].item()
    return {
        "clean": clean,
        "chance": chance,
        "half": (clean.value + chance) / 2,
        "strengths": {name: settings[name] for name in KINDS},
        "accuracy": {
            name: [share(int(count), pictures) for count in summed[name]] for name in KINDS
        },
        "thresholds": {name: threshold(summed, name, settings[name]) for name in KINDS},
    }


def threshold(summed: Tally, kind: str, strengths: list[float]) -> Interval:
    """Return the first strength at which half of the clean accuracy above chance is left.

    Between strengths the accuracy is interpolated over their logarithm, and below the weakest over
    the strength itself, from 0, where the accuracy is the clean one. Every picture adds its answer
    less half of its clean one: a sum whose error follows from how often both are right. An end of
    the interval beyond the ladder is that of the ladder.
    """
    pictures, clean = summed["pictures"], summed["clean"]
    right = torch.cat([clean[None], summed[kind]])
    both = torch.cat([clean[None], summed[f"both_{kind}"]])
    balance = right - clean / 2  # of which half the chance of all pictures is to be left
    spread = right - both + clean / 4 - balance.square() / pictures
    error = Z * spread.clamp(min=0).sqrt()
    above = balance - pictures.square() / summed["choices"] / 2
    if not above[0] > 0 or (value := _fallen(strengths, above)) is None:
        return UNDEFINED
    low = _fallen(strengths, above - error) if above[0] > error[0] else 0.0
    high = _fallen(strengths, above + error)
    return Interval(value, low or 0.0, strengths[-1] if high is None else high)


def _fallen(strengths: list[float], above: Tensor) -> float | None:
    """Find the strength at which what was above zero at 0 first reaches it, or None."""
    octaves = (torch.tensor(strengths, dtype=torch.float64) / strengths[0]).log2()
    place = zero_crossing(torch.cat([octaves.new_zeros(1), 1 + octaves]), above)
    if place is None:
        return None
    return strengths[0] * (place if place < 1 else 2 ** (place - 1))


def blank(settings: dict[str, Any], size: int) -> dict[str, Any]:
    """Return an estimate without numbers."""
    return {
        "clean": UNDEFINED,
        "half": math.nan,
        "strengths": {name: settings[name] for name in KINDS},
        "accuracy": {name: [UNDEFINED] * len(settings[name]) for name in KINDS},
        "thresholds": dict.fromkeys(KINDS, UNDEFINED),
    }


def draw(numbers: dict[str, Any]) -> Panels:
    """Draw the accuracy against the strength of each kind of noise, with its threshold."""
    return [
        Curves(
            Scale(kind.strength, log=True),
            Scale("accuracy", "share"),
            [Series(numbers["strengths"][name], numbers["accuracy"][name])],
            [Mark("threshold", numbers["thresholds"][name], numbers["half"])],
            title=kind.title,
        )
        for name, kind in KINDS.items()
    ]


def summary(numbers: dict[str, Any]) -> list[Number]:
    """Tell the accuracy clean, and the thresholds or what they lie beyond."""
    found = [Number("clean", numbers["clean"], "share")]
    for name, kind in KINDS.items():
        threshold: Interval | str = numbers["thresholds"][name]
        ends_above = numbers["accuracy"][name][-1].value > numbers["half"]
        if ends_above and numbers["clean"].value > numbers["chance"]:
            threshold = Sentence("above {most:g}", most=numbers["strengths"][name][-1])
        name = Sentence("threshold, {kind}", kind=Sentence(kind.title))
        found.append(Number(name, threshold, kind.strength))
    return found


def compared(numbers: dict[str, Any]) -> list[Number]:
    """Tell the thresholds, in words that stand beside other measures'."""
    return [
        Number(
            Sentence("threshold of {kind} noise", kind=Sentence(kind.title)),
            numbers["thresholds"][name],
            kind.strength,
        )
        for name, kind in KINDS.items()
    ]


def note(settings: dict[str, Any], classes: int) -> str:
    """Say what the pictures were without noise, where they were not as they are."""
    contrast, is_grey = settings["contrast"], settings["colour"] == "grey"
    if contrast == 1:
        return Sentence("The pictures are grey, and so is the noise.") if is_grey else ""
    if is_grey:
        return Sentence(
            "The pictures are of {contrast:.0%} contrast and grey, and so is the noise.",
            contrast=contrast,
        )
    return Sentence("The pictures are of {contrast:.0%} contrast.", contrast=contrast)


def methods(settings: dict[str, Any]) -> str:
    """Say how it is measured, for a paper."""
    shown = "grey pictures" if settings["colour"] == "grey" else "pictures"
    if settings["contrast"] < 1:
        shown += f" of {settings['contrast']:.0%} contrast"
    ends = {name: f"{settings[name][0]:g} to {settings[name][-1]:g}" for name in KINDS}
    return (
        f"To {shown} Gaussian noise (standard deviation {ends['gaussian']}), uniform noise "
        f"[geirhos2018] (half-width {ends['uniform']}) and salt-and-pepper noise (share of pixels "
        f"{ends['salt_and_pepper']}) were added, the accuracy taken with Wilson's 95 % intervals, "
        "and the strength found that leaves half of the clean accuracy above chance."
    )


def _ladder(name: str, strengths: list[float], high: float = math.inf) -> Knob:
    kind = KINDS[name]
    title = f"{kind.title[0].upper()}{kind.title[1:]}"
    return Knob(name, title, strengths, low=0, high=high, above=True, unit=kind.strength)


NOISE = Measure(
    "noise",
    "Noise",
    "Accuracy under noise of growing strength, and the strength that takes half of it away.",
    tally,
    estimate,
    draw,
    "How many pictures are still named as noise grows. The diamond is the strength at which half "
    "of the clean accuracy above chance is left. **The further right it lies, the more noise the "
    "model withstands.** White noise has as much power at every frequency, most of it fine.",
    summary=summary,
    compared=compared,
    knobs=(
        _ladder("gaussian", [0.02, 0.04, 0.08, 0.16, 0.32, 0.64]),
        _ladder("uniform", [0.03, 0.05, 0.1, 0.2, 0.35, 0.6, 0.9]),
        _ladder("salt_and_pepper", [0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.65], high=1),
        Knob("colour", "Pictures and noise", "colour", choices=COLOURS, offered=COLOURS),
        Knob("contrast", "Contrast of the pictures", 1.0, low=0, high=1, above=True),
    ),
    note=note,
    splits=always,
    blank=blank,
    methods=methods,
)
