"""An attack on one picture: its steps as they come, each with its answers and its spectrum.

The attack is made on the picture as the attacked model takes it, resized to its input size, so that
epsilon, distances and frequencies are those of the pixels that the network sees.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, islice
from typing import Any, NamedTuple

import torch
from torch import Tensor

from blurlab.attacks.goals import Model, through
from blurlab.attacks.norms import NORMS
from blurlab.attacks.table import ATTACKS
from blurlab.filters import spectrum
from blurlab.pictures import images
from blurlab.pictures.resizing import resize
from blurlab.ui import asking, cache, jobs

MIDDLE = 0.5  # the grey that stands for no change


class Setting(NamedTuple):
    """Everything that decides an attack.

    model: the attacked one.  attack, norm: keys of their tables.
    epsilon: radius of the ball around a picture in [0, 1]; 0 for an attack that has none.
    values: pairs of a knob of the attack, by name, and what it is set to.
    target: the class to be answered, or None for any but the picture's own.
    """

    model: str
    picture: cache.Choice
    attack: str
    norm: str
    epsilon: float
    values: tuple[tuple[str, Any], ...]
    target: str | None


class Step(NamedTuple):
    """What is kept of one step; number 0 is the picture itself.

    picture, change: data URLs; the change is magnified about a middle grey.
    size: of the change in the setting's norm.  half_power: f_0.5 in cycles/image.
    power: of the change, per ring.  said: each model's probabilities.
    """

    number: int
    picture: str
    change: str
    size: float
    half_power: float
    power: list[float]
    said: dict[str, list[float]]


@lru_cache(maxsize=64)
def model_picture(name: str, choice: cache.Choice) -> Tensor:
    """Return the picture as a model takes it, (1, 3, S, S) of its input size, on its device."""
    network = cache.model(name)
    shown = cache.picture(choice)[None].to(network.mean.device)
    return resize(shown, network.input_size, network.interpolation)


@lru_cache(maxsize=64)
def original_url(name: str, choice: cache.Choice) -> str:
    """Return the picture as a model takes it, as a data URL."""
    return images.data_url(model_picture(name, choice)[0].cpu(), "jpeg")


def goal(setting: Setting) -> Tensor:
    """Return the label (1,) that the attack is given."""
    classes = cache.card(setting.model)["classes"]
    named = cache.named_class(setting.model, setting.picture)
    label = named if setting.target is None else classes.index(setting.target)
    return torch.tensor([label], device=cache.model(setting.model).mean.device)


def options(setting: Setting) -> dict:
    """Return what the attack takes by name."""
    row = ATTACKS[setting.attack]
    epsilon = {"epsilon": setting.epsilon} if row.has_epsilon else {}
    return {
        "norm": setting.norm,
        "targeted": setting.target is not None,
        **epsilon,
        **row.arguments(dict(setting.values)),
    }


def attacked(setting: Setting, defence: Model | None = None) -> Iterator[Tensor]:
    """Yield the picture, then the attacked picture after each step, (1, 3, S, S).

    defence: pictures to pictures, which the attack is made through.
    """
    original, model = model_picture(setting.model, setting.picture), cache.model(setting.model)
    seen = through(defence, model) if defence else model
    run = ATTACKS[setting.attack].run(seen, original, goal(setting), **options(setting))
    return chain([original], run)


def png(setting: Setting, number: int) -> bytes:
    """Make the attacked picture of a step again, as an 8-bit PNG file."""
    adversarial = next(islice(attacked(setting), number, None))
    return images.png_bytes(adversarial[0].cpu())


def count_steps(setting: Setting) -> int:
    """Say how many steps the attack takes, the picture itself not counted."""
    return ATTACKS[setting.attack].count(dict(setting.values))


def magnification(setting: Setting) -> int:
    """Say by how much the change is multiplied to be seen, the same for every step."""
    norm, count = NORMS[setting.norm], 3 * cache.card(setting.model)["recipe"]["input_size"] ** 2
    is_given = ATTACKS[setting.attack].has_epsilon
    largest = norm.peak(setting.epsilon if is_given else norm.epsilon.default / norm.scale, count)
    return max(1, min(256, round(MIDDLE / max(largest, 1e-6))))


def steps(setting: Setting, names: tuple[str, ...]) -> Iterator[Step]:
    """Run an attack and describe each of its steps, the picture itself first."""
    original = model_picture(setting.model, setting.picture)
    for number, adversarial in enumerate(attacked(setting)):
        yield described(setting, number, adversarial - original, adversarial, names)


@torch.no_grad()
def described(
    setting: Setting, number: int, change: Tensor, adversarial: Tensor, names: tuple[str, ...]
) -> Step:
    """Describe one step: the change so far and the attacked picture, (1, 3, S, S) each."""
    _, power = spectrum.radial_power_spectrum(change[0])
    half = spectrum.half_power_exact(spectrum.mean_power(change)) * change.shape[-1]
    magnified = (MIDDLE + magnification(setting) * change[0]).clamp(0, 1)
    return Step(
        number,
        images.data_url(adversarial[0].cpu(), "jpeg"),
        images.data_url(magnified.cpu()),
        NORMS[setting.norm].size(change).item(),
        half,
        power.mean(0).tolist(),
        {name: asking.ask(name, adversarial) for name in names},
    )


def poll(session: str, setting: Setting, names: tuple[str, ...], rest: float) -> jobs.Job:
    """Return this session's job for an attack; it is nobody else's to pause or cancel."""
    return jobs.poll(key(session, setting, names), lambda: steps(setting, names), rest=rest)


def key(session: str, setting: Setting, names: tuple[str, ...]) -> tuple:
    return ("attack", session, setting, names)
