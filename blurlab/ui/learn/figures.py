"""The figures of the article: pictures at every position of a slider, and networks' answers.

All of a figure is made once, for all visitors, and then moves in the browser.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from blurlab.attacks.descent import pgd
from blurlab.corruptions.corrupting import SEVERITIES
from blurlab.filters import spectrum
from blurlab.filters.blur import gaussian_blur
from blurlab.filters.hybrid import hybrid
from blurlab.filters.spectrum import high_pass, low_pass
from blurlab.networks import store
from blurlab.pictures import images
from blurlab.pictures.resizing import resize
from blurlab.ui import asking, cache
from blurlab.ui.learn.pictures import CORRUPTED, FISH, HOUSE, both, coarse, corrupted, wave

MIDDLE = 0.5  # the grey that stands for no change
OCTAVES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)  # cycles/image
CUTOFFS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 11.0, 16.0, 23.0, 32.0, 45.0, 64.0)  # cycles/image
EPSILONS = (0.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0)  # 255ths
DECADES = 4  # of power, from white down to black


class Figure(NamedTuple):
    """What frames draws.

    label, unit: of the slider.  positions: where it can stand.  position: where it does first.
    pictures: title -> a picture (3, S, S) for each position.
    models: names of those that are asked, if any.  answers, curves, note: as frames_answers takes
    them.
    """

    label: str
    unit: str
    positions: Sequence[float]
    position: float
    pictures: dict[str, list[Tensor]]
    models: Sequence[str] = ()
    answers: dict[str, dict[str, Any]] = {}  # noqa: RUF012  nobody writes to it
    curves: dict[str, str] = {}  # noqa: RUF012
    note: str = ""


def waves() -> Figure:
    house = cache.picture(HOUSE)
    shown = {
        "one wave": [wave(each) for each in OCTAVES],
        "a house at this frequency": [_octave(house, each) for each in OCTAVES],
    }
    return Figure("Frequency", "cycles/image", OCTAVES, 4.0, shown)


def _octave(picture: Tensor, frequency: float) -> Tensor:
    """Return what a picture has within half an octave of a frequency, on grey, at full contrast."""
    upper, lower = (low_pass(picture, frequency * 2**end, "ideal") for end in (0.5, -0.5))
    band = upper - lower
    return MIDDLE + MIDDLE * band / band.abs().max()


def hybrids() -> Figure:
    shown = {
        "low frequencies of a fish": [coarse(FISH, each) for each in CUTOFFS],
        "high frequencies of a house": _fine(),
        "both, added": [both(each) for each in CUTOFFS],
    }
    return Figure("Cutoff", "cycles/image", CUTOFFS, 8.0, shown)


def filters() -> Figure:
    shown = {"low-pass": [coarse(HOUSE, each) for each in CUTOFFS], "high-pass": _fine()}
    return Figure("Cutoff", "cycles/image", CUTOFFS, 8.0, shown)


def _fine() -> list[Tensor]:
    """Return the high frequencies of a house at each cutoff, on grey."""
    house = cache.picture(HOUSE)
    return [_on_grey(high_pass(house, each)) for each in CUTOFFS]


def _on_grey(change: Tensor) -> Tensor:
    return (MIDDLE + change).clamp(0, 1)


def reversal() -> Figure:
    fish, house = cache.picture(FISH), cache.picture(HOUSE)
    shown = [hybrid(fish, house, each) for each in CUTOFFS]
    curves = {"low": "probability of fish (coarse)", "high": "probability of house (fine)"}
    names = store.pair("objects")
    answers = {}
    for name in names:
        said = [asking.ask(name, each[None]) for each in shown]
        places = {"low": cache.place(name, FISH.name), "high": cache.place(name, HOUSE.name)}
        answers[name] = asking.laid_out(said, places)
    return Figure(
        "Cutoff", "cycles/image", CUTOFFS, 8.0, {"a hybrid": shown},
        names, answers, curves, "Full lines rise: the coarse picture. Broken lines fall.",
    )  # fmt: skip


def corruptions() -> Figure:
    severities = (0, *SEVERITIES)
    shown = {
        words: [corrupted(name, each) for each in severities] for name, words in CORRUPTED.items()
    }
    return Figure("Severity", "", severities, 3.0, shown)


def attacks() -> Figure:
    name, _ = store.pair("objects")
    original = _taken_by(name)
    attacked = [_attacked(name, epsilon) for epsilon in EPSILONS]
    changes = [(each - original)[0] for each in attacked]
    strongest = max(float(each.abs().max()) for each in changes)
    shown = {
        "attacked": [each[0] for each in attacked],
        "the change, magnified": [_on_grey(MIDDLE * each / strongest) for each in changes],
        "its spectrum": [_plane(each) for each in changes],
    }
    said = [asking.ask(name, each) for each in attacked]
    answers = {name: asking.laid_out(said, {"right": _fish(name)})}
    curves = {"right": "probability of fish"}
    return Figure("Epsilon", "/255", EPSILONS, 8.0, shown, [name], answers, curves)


def defence() -> Figure:
    plain, behind = store.pair("objects")
    sigma = cache.card(behind)["recipe"]["sigma"]
    unknowing, knowing = ([_attacked(name, each) for each in EPSILONS] for name in (plain, behind))
    shown = {
        "attacked without knowing of the blur": [each[0] for each in unknowing],
        "the same, behind the blur": [gaussian_blur(each, sigma)[0] for each in unknowing],
        "attacked through the blur": [each[0] for each in knowing],
    }
    answers = {
        name: asking.laid_out(
            [asking.ask(name, each) for each in unknowing], {"right": _fish(name)}
        )
        for name in (plain, behind)
    }
    through = [asking.ask(behind, each)[_fish(behind)] for each in knowing]
    answers[behind]["curves"]["knowing"] = through
    curves = {
        "right": "probability of fish, attacked without knowing of the blur",
        "knowing": "probability of fish, attacked through the blur",
    }
    return Figure("Epsilon", "/255", EPSILONS, 8.0, shown, (plain, behind), answers, curves)


def _taken_by(name: str) -> Tensor:
    """Return the fish as a network takes it, (1, 3, S, S) of its input size."""
    network = cache.model(name)
    shown = cache.picture(FISH)[None].to(network.mean.device)
    return resize(shown, network.input_size, network.interpolation)


@lru_cache(maxsize=2 * len(EPSILONS))
def _attacked(name: str, epsilon: float) -> Tensor:
    """Attack the fish within epsilon 255ths, and through the blur that a network has."""
    original = _taken_by(name)
    label = torch.tensor([_fish(name)], device=original.device)
    if not epsilon:
        return original
    *_, attacked = pgd(cache.model(name), original, label, epsilon=epsilon / 255)
    return attacked


def _plane(change: Tensor) -> Tensor:
    """Draw where a change has power, (3, S, S): zero frequency at the centre, white the most."""
    power = torch.fft.fftshift(spectrum.mean_power(change[None]))
    depth = (power / power.max().clamp_min(1e-30)).clamp_min(1e-30).log10() / DECADES
    return (1 + depth).clamp(0, 1).float().expand(3, -1, -1)


def _fish(name: str) -> int:
    return cache.card(name)["classes"].index(FISH.name)


FIGURES: dict[str, Callable[[], Figure]] = {
    "waves": waves,
    "hybrids": hybrids,
    "filters": filters,
    "reversal": reversal,
    "corruptions": corruptions,
    "attacks": attacks,
    "defence": defence,
}
ASKING = ("reversal", "attacks", "defence")  # those that need the networks of the objects


@lru_cache(maxsize=len(FIGURES))
def made(name: str) -> tuple[Figure, dict[str, list[str]]]:
    """Return a figure, and its pictures as data URLs by their titles."""
    figure = FIGURES[name]()
    urls = {
        title: [images.data_url(each.cpu(), "jpeg") for each in pictures]
        for title, pictures in figure.pictures.items()
    }
    return figure, urls


def can_be_made(name: str) -> bool:
    """Tell whether the networks that a figure asks are here."""
    return name not in ASKING or set(store.pair("objects")) <= set(store.names())
