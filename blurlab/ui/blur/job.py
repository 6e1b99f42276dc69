"""One picture through attack, corruption and defence, at every strength of the defence.

All of it happens at the size that the attacked model takes, so that epsilon, sigma and frequencies
are those of the pixels that the network sees.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab import places
from blurlab.corruptions.corrupting import corrupt
from blurlab.filters import pca, spectrum
from blurlab.filters.blur import gaussian_blur
from blurlab.filters.pairs import coarse_to_fine
from blurlab.pictures import images
from blurlab.ui import asking, jobs
from blurlab.ui.attacks import job
from blurlab.ui.languages import numeral, say

ATTACK, NORM, STEPS = "pgd", "linf", 10  # the attack of every chain
PICTURE, ATTACKED, CORRUPTED, DEFENDED = "picture", "attacked", "corrupted", "defended"
UNTOUCHED = "untouched"  # the picture with the defence alone, which is asked about too


class Defence(NamedTuple):
    """A defence and the strengths it is swept over.

    label, unit: what the strength is.  strengths: the first, 0, stands for no defence.
    apply: (images, strength) -> images.  line: the same as Python.
    """

    title: str
    label: str
    unit: str
    strengths: tuple[float, ...]
    apply: Callable[[Tensor, float], Tensor]
    line: str


class Setting(NamedTuple):
    """Everything that decides a chain but the strength of its defence.

    attack: with the picture and the attacked model; of epsilon 0, there is none.
    adaptive: the attack is made through the defence; else without it.
    corruption: a key of CORRUPTIONS, or None.  defence: a key of DEFENCES.
    """

    attack: job.Setting
    adaptive: bool
    corruption: str | None
    severity: int
    seed: int
    defence: str


class Frame(NamedTuple):
    """The chain at one strength.

    index: of the strength.  urls: stage -> data URL.  power: stage -> per ring.
    said: stage, or UNTOUCHED -> model -> its probabilities.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index
    urls: dict[str, str]
    power: dict[str, list[float]]
    said: dict[str, dict[str, list[float]]]


@lru_cache(maxsize=1)
def basis() -> pca.Basis:
    return pca.load(places.SHIPPED_BASIS)


def projected(pictures: Tensor, count: float) -> Tensor:
    return pca.defend(pictures, basis(), int(count))


DEFENCES = {
    "blur": Defence(
        "Blur", "Blur sigma", "pixels", tuple(step / 4 for step in range(17)), gaussian_blur,
        "gaussian_blur(pictures, {0:g})",
    ),
    "pca": Defence(
        "PCA", "Components kept", "of 3,072", (0, 512, 256, 128, 64, 32, 16), projected,
        "pca.defend(pictures, pca.load(places.SHIPPED_BASIS), {0:g})",
    ),
}  # fmt: skip


def position(setting: Setting, strength: float) -> int:
    """Return the index of the strength nearest to the one given."""
    strengths = DEFENCES[setting.defence].strengths
    return min(range(len(strengths)), key=lambda index: abs(strengths[index] - strength))


def texts(setting: Setting) -> list[str]:
    """Write the strengths for people, without their unit."""
    return [
        numeral(f"{each:g}") if each else say("off") for each in DEFENCES[setting.defence].strengths
    ]


def front(defence: str, strength: float) -> Callable[[Tensor], Tensor]:
    """Return what stands before the models; at strength 0, nothing."""
    if not strength:
        return lambda pictures: pictures
    return lambda pictures: DEFENCES[defence].apply(pictures, strength)


def kinds(setting: Setting) -> list[str]:
    """Name the stages that the chain has."""
    there = {ATTACKED: setting.attack.epsilon, CORRUPTED: setting.corruption}
    return [s for s in (PICTURE, ATTACKED, CORRUPTED, DEFENDED) if there.get(s, True)]


def chain(setting: Setting, strength: float) -> dict[str, Tensor]:
    """Return the stages that there are, (1, 3, S, S) each, in their order."""
    last = job.model_picture(setting.attack.model, setting.attack.picture)
    stages = {PICTURE: last}
    if setting.attack.epsilon:
        known = strength if setting.adaptive else 0.0
        stages[ATTACKED] = last = attacked(setting.attack, setting.defence, known)
    if setting.corruption:
        generator = torch.Generator().manual_seed(setting.seed)
        stages[CORRUPTED] = last = corrupt(last, setting.corruption, setting.severity, generator)
    return stages | {DEFENDED: front(setting.defence, strength)(last)}


@lru_cache(maxsize=64)
def attacked(setting: job.Setting, defence: str, strength: float) -> Tensor:
    """Return the picture attacked through a defence, shared and never written to."""
    *_, adversarial = job.attacked(setting, front(defence, strength))
    return adversarial


def sweep(names: tuple[str, ...], setting: Setting, first: int) -> jobs.Job:
    """Return the job that yields a Frame for each strength: first this index, then coarse to fine.

    Without a strength of its own in its key, the job is found again wherever the slider stands.
    """
    count = len(DEFENCES[setting.defence].strengths)
    finer = [index for stage in coarse_to_fine(count) for index in stage if index != first]

    def steps() -> Iterator[Frame]:
        return (described(names, setting, index) for index in [first, *finer])

    return jobs.poll(("defence", names, setting), steps)


def described(names: tuple[str, ...], setting: Setting, index: int) -> Frame:
    """Compute the chain at the strength of an index, and ask every model about each stage."""
    strength = DEFENCES[setting.defence].strengths[index]
    stages = chain(setting, strength)
    asked = stages | {UNTOUCHED: front(setting.defence, strength)(stages[PICTURE])}
    return Frame(
        index,
        {stage: images.data_url(picture[0], "jpeg") for stage, picture in stages.items()},
        {
            stage: spectrum.radial_power_spectrum(picture[0])[1].mean(0).tolist()
            for stage, picture in stages.items()
        },
        {
            stage: {name: asking.ask(name, picture) for name in names}
            for stage, picture in asked.items()
        },
    )
