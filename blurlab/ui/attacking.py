"""An attack on one picture: its steps as they come, what every model says, and where its power is.

The attack is made on the picture as the attacked model takes it, resized to its input size, so that
epsilon, distances and frequencies are those of the pixels that the network sees.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab import images, spectrum
from blurlab.attacks import ATTACKS, through
from blurlab.goals import Model
from blurlab.models import resize
from blurlab.norms import NORMS
from blurlab.ui import cache, files, jobs

TOP = 3
MIDDLE = 0.5  # the grey that stands for no change


class Setting(NamedTuple):
    """Everything that decides an attack.

    model: the attacked one.  epsilon: radius of the ball in [0, 1], or Euclidean; minimal has none.
    target: the class to be answered, or None for any but the picture's own.
    seed: of the random start in the ball; None starts at the picture.
    """

    model: str
    picture: cache.Choice
    attack: str
    norm: str
    epsilon: float
    steps: int
    target: str | None
    seed: int | None


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
    return resize(cache.picture(choice)[None].to(network.mean.device), network.input_size)


@lru_cache(maxsize=256)
def own_class(name: str, choice: cache.Choice) -> int:
    """Return the class to lead away from: the picture's, or the model's own answer to it."""
    return cache.named_class(name, choice)


def goal(setting: Setting) -> Tensor:
    """Return the label (1,) that the attack is given."""
    classes = cache.card(setting.model)["classes"]
    named = own_class(setting.model, setting.picture)
    label = named if setting.target is None else classes.index(setting.target)
    return torch.tensor([label], device=cache.model(setting.model).mean.device)


def options(setting: Setting) -> dict:
    """Return what the attack takes by name, less what its row of the table does not know."""
    given = {"epsilon": setting.epsilon, "steps": setting.steps}
    if setting.seed is not None:
        given["generator"] = torch.Generator().manual_seed(setting.seed)
    known = ATTACKS[setting.attack].options
    return {
        "norm": setting.norm,
        "targeted": setting.target is not None,
        **{key: value for key, value in given.items() if key in known},
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
    return 1 if setting.attack == "fgsm" else setting.steps


def magnification(setting: Setting) -> int:
    """Say by how much the change is multiplied to be seen, the same for every step."""
    if setting.attack == "minimal":
        return 16 if setting.norm == "linf" else 8
    pixels = cache.card(setting.model)["recipe"]["input_size"] ** 2 * 3
    # In "l2" a few pixels change several times more than they would if all changed alike.
    largest = setting.epsilon if setting.norm == "linf" else 5 * setting.epsilon / pixels**0.5
    return max(1, min(256, round(MIDDLE / max(largest, 1e-6))))


def steps(setting: Setting, names: tuple[str, ...]) -> Iterator[Step]:
    """Run an attack and describe each of its steps, the picture itself first."""
    factor, original = magnification(setting), None
    for number, adversarial in enumerate(attacked(setting)):
        original = adversarial if number == 0 else original
        yield described(number, original, adversarial, factor, setting.norm, names)


@torch.no_grad()
def described(
    number: int, original: Tensor, adversarial: Tensor, factor: int, norm: str, names: tuple
) -> Step:
    change = adversarial - original
    _, power = spectrum.radial_power_spectrum(change[0])
    half = spectrum.half_power_exact(spectrum.mean_power(change)) * change.shape[-1]
    magnified = (MIDDLE + factor * change[0]).clamp(0, 1)
    return Step(
        number,
        images.data_url(adversarial[0].cpu(), "jpeg"),
        images.data_url(magnified.cpu()),
        NORMS[norm].size(change).item(),
        half,
        power.mean(0).tolist(),
        {name: ask(name, adversarial) for name in names},
    )


@torch.no_grad()
def ask(name: str, pictures: Tensor) -> list[float]:
    """Return a model's probabilities for one picture, (1, 3, S, S)."""
    network = cache.model(name)
    return network(pictures.to(network.mean.device)).softmax(-1)[0].tolist()


def poll(session: str, setting: Setting, names: tuple[str, ...], rest: float) -> jobs.Job:
    """Return this session's job for an attack; it is nobody else's to pause or cancel."""
    return jobs.poll(key(session, setting, names), lambda: steps(setting, names), rest=rest)


def key(session: str, setting: Setting, names: tuple[str, ...]) -> tuple:
    return ("attack", session, setting, names)


def attackers_class(setting: Setting, found: list[Step]) -> str | None:
    """Name the class that the attack leads to: its target, or the best of the others so far."""
    if setting.target is not None or not found:
        return setting.target
    own = own_class(setting.model, setting.picture)
    said = found[-1].said[setting.model]
    best = max((p, index) for index, p in enumerate(said) if index != own)
    return cache.card(setting.model)["classes"][best[1]]


def probability_of(name: str, label: str | None, said: list[float]) -> float | None:
    """Return a model's probability of a class by name; None where it has no such class."""
    classes = cache.card(name)["classes"]
    return said[classes.index(label)] if label in classes else None


def feed(setting: Setting, names: tuple[str, ...], found: list[Step]) -> dict[str, dict]:
    """Lay out what the models say, step by step, for the frames."""
    wanted, total = attackers_class(setting, found), count_steps(setting) + 1
    fed = {}
    for name in names:
        own = cache.card(name)["classes"][own_class(name, setting.picture)]
        said = [step.said[name] for step in found]
        fed[name] = laid_out(name, said, {"true": own, "wanted": wanted}, total)
        fed[name]["note"] = note(name, setting)
    return fed


def laid_out(name: str, said: list, curves: dict[str, str | None], total: int) -> dict:
    """Give one model's answers as frames_answers takes them, None where they are not there yet.

    said: probabilities, or None, of the first positions.  curves: name -> the class it follows.
    """
    said = said + [None] * (total - len(said))
    best = [p and sorted(range(len(p)), key=lambda i, p=p: -p[i])[:TOP] for p in said]
    return {
        "classes": best,
        "probabilities": [p and [p[i] for i in top] for p, top in zip(said, best, strict=True)],
        "curves": {
            curve: [p and probability_of(name, label, p) for p in said]
            for curve, label in curves.items()
        },
    }


def note(name: str, setting: Setting) -> str:
    """Say what the attack is to this model, and what its true class is where it is a guess."""
    attack = (
        "The attack follows this model's own gradient."
        if name == setting.model
        else "Transfer: the attack was not made for this model."
    )
    if cache.knows(name, setting.picture):
        return attack
    guess = cache.card(name)["classes"][own_class(name, setting.picture)]
    return f"{attack} It takes the untouched picture for {guess}, which counts as true here."


def rows(setting: Setting, found: list[Step]) -> list[dict]:
    """Return one row per step and model, as the files hold them."""
    wanted = attackers_class(setting, found)
    table = []
    for step in found:
        for name, said in step.said.items():
            classes = cache.card(name)["classes"]
            best = max(range(len(said)), key=said.__getitem__)
            half = step.half_power
            table.append(
                {
                    "step": step.number,
                    "model": name,
                    "attacked": name == setting.model,
                    "size": round(step.size, 6),
                    "f_half_cycles_per_image": None if half != half else round(half, 4),
                    "answer": classes[best],
                    "probability": round(said[best], 6),
                    "p_true": round(said[own_class(name, setting.picture)], 6),
                    "p_attackers": probability_of(name, wanted, said),
                }
            )
    return table


def script(setting: Setting, names: tuple[str, ...]) -> str:
    """Write the Python lines that make the same attack and the same answers without the app."""
    known = ATTACKS[setting.attack].options
    given = {"epsilon": repr(setting.epsilon), "steps": repr(setting.steps)}
    if setting.seed is not None:
        given["generator"] = f"torch.Generator().manual_seed({setting.seed})"
    arguments = "".join(f", {name}={given[name]}" for name in known if name in given)
    label = setting.target or cache.card(setting.model)["classes"][goal(setting).item()]
    return "\n".join(
        [
            "import torch",
            "from blurlab import attacks, data, images, models, objects, spectrum",
            "",
            files.picture_lines("picture", setting.picture),
            f"model = models.load({setting.model!r})",
            "original = models.resize(picture[None], model.input_size)",
            f'label = models.card({setting.model!r})["classes"].index({label!r})',
            f"*_, adversarial = attacks.ATTACKS[{setting.attack!r}].run(",
            "    model, original, torch.tensor([label]),",
            f"    norm={setting.norm!r}, targeted={setting.target is not None}{arguments},",
            ")",
            'images.save_image(adversarial[0], "attacked.png")',
            "power = spectrum.mean_power(adversarial - original)",
            'print("f_0.5", spectrum.half_power_exact(power), "cycles/pixel of the input")',
            f"for name in {list(names)!r}:",
            f"    probabilities, indices = models.top_k(models.load(name)(adversarial), {TOP})",
            '    classes = models.card(name)["classes"]',
            "    print(name, [classes[i] for i in indices[0]], probabilities[0].tolist())",
        ]
    )
