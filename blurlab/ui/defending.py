"""One picture through attack, corruption and defence: what each stage shows, and what models say.

All of it happens at the size that the attacked model takes, so that epsilon, sigma and frequencies
are those of the pixels that the network sees.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab import images, pca, spectrum
from blurlab.blur import gaussian_blur
from blurlab.corruptions import corrupt
from blurlab.sensitivity import coarse_to_fine
from blurlab.ui import attacking, cache, files, jobs

STEPS = 10  # of the attack
PICTURE, ATTACKED, CORRUPTED, DEFENDED = "picture", "attacked", "corrupted", "defended"
TRUE, WANTED, UNTOUCHED = "true", "wanted", "untouched"
SMALLEST_POWER = 1e-12  # what lies below is rounding, and has a logarithm all the same


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

    attack: attacking.Setting
    adaptive: bool
    corruption: str | None
    severity: int
    seed: int
    defence: str


class Frame(NamedTuple):
    """The chain at one strength.

    index: of the strength.  urls: stage -> data URL.  power: stage -> per ring.
    said: stage -> model -> its probabilities; UNTOUCHED is the picture with the defence alone.
    """

    index: int
    urls: dict[str, str]
    power: dict[str, list[float]]
    said: dict[str, dict[str, list[float]]]


@lru_cache(maxsize=1)
def basis() -> pca.Basis:
    return pca.load(pca.SHIPPED)


def projected(pictures: Tensor, count: float) -> Tensor:
    return pca.defend(pictures, basis(), int(count))


DEFENCES = {
    "blur": Defence(
        "Blur", "Blur sigma", "pixels", tuple(step / 4 for step in range(17)), gaussian_blur,
        "gaussian_blur(pictures, {0:g})",
    ),
    "pca": Defence(
        "PCA", "Components kept", "of 3,072", (0, 512, 256, 128, 64, 32, 16), projected,
        "pca.defend(pictures, pca.load(pca.SHIPPED), {0:g})",
    ),
}  # fmt: skip


def position(setting: Setting, strength: float) -> int:
    """Return the index of the strength nearest to the one given."""
    strengths = DEFENCES[setting.defence].strengths
    return min(range(len(strengths)), key=lambda index: abs(strengths[index] - strength))


def texts(setting: Setting) -> list[str]:
    """Write the strengths for people, without their unit."""
    return [f"{each:g}" if each else "off" for each in DEFENCES[setting.defence].strengths]


# ---- The chain ------------------------------------------------------------------------------


def front(defence: str, strength: float) -> Callable[[Tensor], Tensor]:
    """Return what stands before the models; at strength 0, nothing."""
    if not strength:
        return lambda pictures: pictures
    return lambda pictures: DEFENCES[defence].apply(pictures, strength)


def chain(setting: Setting, strength: float) -> dict[str, Tensor]:
    """Return the stages that there are, (1, 3, S, S) each, in their order."""
    last = attacking.model_picture(setting.attack.model, setting.attack.picture)
    stages = {PICTURE: last}
    if setting.attack.epsilon:
        known = strength if setting.adaptive else 0.0
        stages[ATTACKED] = last = attacked(setting.attack, setting.defence, known)
    if setting.corruption:
        generator = torch.Generator().manual_seed(setting.seed)
        stages[CORRUPTED] = last = corrupt(last, setting.corruption, setting.severity, generator)
    return stages | {DEFENDED: front(setting.defence, strength)(last)}


@lru_cache(maxsize=64)
def attacked(setting: attacking.Setting, defence: str, strength: float) -> Tensor:
    """Return the picture attacked through a defence, shared and never written to."""
    *_, adversarial = attacking.attacked(setting, front(defence, strength))
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
            stage: {name: attacking.ask(name, picture) for name in names}
            for stage, picture in asked.items()
        },
    )


# ---- What is shown of it --------------------------------------------------------------------


def curves(setting: Setting) -> tuple[str, ...]:
    """Name the curves that the chain has."""
    return (TRUE, WANTED, UNTOUCHED) if setting.attack.epsilon else (TRUE, UNTOUCHED)


def probabilities(name: str, setting: Setting, said: dict[str, dict]) -> dict[str, float | None]:
    """Return a model's value on each curve, from what it said of one frame's stages.

    TRUE and UNTOUCHED are the picture's own class. WANTED is the target or, when the attacker
    wants anything but the truth, the likeliest other class.
    """
    own = attacking.own_class(name, setting.attack.picture)
    last, target = said[DEFENDED][name], setting.attack.target
    others = max(p for index, p in enumerate(last) if index != own)
    found = {
        TRUE: last[own],
        WANTED: attacking.probability_of(name, target, last) if target else others,
        UNTOUCHED: said[UNTOUCHED][name][own],
    }
    return {curve: found[curve] for curve in curves(setting)}


def by_index(setting: Setting, found: list[Frame]) -> list[Frame | None]:
    """Lay out the frames by strength, None where there is none yet."""
    known = {frame.index: frame for frame in found}
    return [known.get(index) for index in range(len(DEFENCES[setting.defence].strengths))]


def feed(names: tuple[str, ...], setting: Setting, found: list[Frame]) -> dict[str, dict]:
    """Lay out what the models say behind the defence, for the frames' cards and curves."""
    frames = by_index(setting, found)
    fed = {}
    for name in names:
        fed[name] = said_of(DEFENDED, name, frames)
        values = [frame and probabilities(name, setting, frame.said) for frame in frames]
        fed[name]["curves"] = {
            curve: [each and each[curve] for each in values] for curve in curves(setting)
        }
        fed[name]["note"] = note(name, setting)
    return fed


def said_of(stage: str, name: str, frames: list[Frame | None]) -> dict:
    said = [frame and frame.said[stage][name] for frame in frames]
    return attacking.laid_out(name, said, {}, len(frames))


def stages(names: tuple[str, ...], setting: Setting, found: list[Frame]) -> list[dict]:
    """Lay out what each stage shows, for the frames."""
    frames = by_index(setting, found)
    return [
        {
            "said": {name: said_of(stage, name, frames) for name in names},
            "spectra": [frame and logarithms(frame.power[stage]) for frame in frames],
        }
        for stage in kinds(setting)
    ]


def kinds(setting: Setting) -> list[str]:
    """Name the stages that the chain has."""
    there = {ATTACKED: setting.attack.epsilon, CORRUPTED: setting.corruption}
    return [s for s in (PICTURE, ATTACKED, CORRUPTED, DEFENDED) if there.get(s, True)]


def logarithms(power: list[float]) -> list[float]:
    rings = torch.tensor(power[1:]).clamp(min=SMALLEST_POWER).log10()
    return [round(value, 2) for value in rings.tolist()]


def note(name: str, setting: Setting) -> str:
    """Say which experiment this model is, what the attack is to it, and whose class counts."""
    sigma = cache.card(name)["recipe"]["sigma"]
    added = {"blur": "blur", "pca": "projection"}[setting.defence]
    said = [
        f"Trained behind a blur layer of {sigma:g} pixels, which stays; this {added} comes before "
        "it."
        if sigma
        else f"Trained without a defence; this {added} is only put in front of it."
    ]
    if setting.attack.epsilon:
        said.append(attack_note(name, setting, added))
    if not cache.knows(name, setting.attack.picture):
        own = attacking.own_class(name, setting.attack.picture)
        guess = cache.card(name)["classes"][own]
        said.append(f"It takes the untouched picture for {guess}, which counts as true here.")
    return " ".join(said)


def attack_note(name: str, setting: Setting, added: str) -> str:
    if name != setting.attack.model:
        return "The attack was made for another network."
    if setting.adaptive:
        return f"Adaptive attack: made through this {added}."
    return f"Transfer: the attack was made without this {added}."


def rows(names: tuple[str, ...], setting: Setting, found: list[Frame]) -> list[dict]:
    """Return one row per strength and model, as the files hold them."""
    defence = DEFENCES[setting.defence]
    table = []
    for frame in sorted(found):
        for name in names:
            classes, p = cache.card(name)["classes"], frame.said[DEFENDED][name]
            answers_by_stage = {
                f"answer_{stage}": classes[max(range(len(classes)), key=said[name].__getitem__)]
                for stage, said in frame.said.items()
            }
            values = probabilities(name, setting, frame.said)
            table.append(
                {
                    setting.defence: defence.strengths[frame.index],
                    "model": name,
                    "attacked": bool(setting.attack.epsilon) and name == setting.attack.model,
                    "adaptive": setting.adaptive,
                    **answers_by_stage,
                    "probability": round(max(p), 6),
                    **{f"p_{key}": v if v is None else round(v, 6) for key, v in values.items()},
                }
            )
    return table


def script(names: tuple[str, ...], setting: Setting, strength: float) -> str:
    """Write the Python lines that make the same chain and the same answers without the app."""
    attack, defence = setting.attack, DEFENCES[setting.defence]
    behind = defence.line.format(strength) if strength else "pictures"
    known = "attacks.through(defence, model)" if setting.adaptive else "model"
    label = cache.card(attack.model)["classes"][attacking.goal(attack).item()]
    lines = [
        "import torch",
        "from blurlab import attacks, data, images, models, objects, pca",
        "from blurlab.blur import gaussian_blur",
        "from blurlab.corruptions import corrupt",
        "",
        files.picture_lines("picture", attack.picture),
        f"model = models.load({attack.model!r})",
        "stages = [models.resize(picture[None], model.input_size)]",
        f"defence = lambda pictures: {behind}",
    ]
    if attack.epsilon:
        lines += [
            f'label = models.card({attack.model!r})["classes"].index({label!r})',
            "*_, attacked = attacks.pgd(",
            f"    {known}, stages[-1], torch.tensor([label]),",
            f"    epsilon={attack.epsilon!r}, steps={attack.steps}, "
            f"targeted={attack.target is not None},",
            ")",
            "stages.append(attacked)",
        ]
    if setting.corruption:
        lines += [
            f"generator = torch.Generator().manual_seed({setting.seed})",
            f"stages.append(corrupt(stages[-1], {setting.corruption!r}, {setting.severity}, "
            "generator))",
        ]
    lines += [
        "stages.append(defence(stages[-1]))",
        f"for name in {list(names)!r}:",
        "    network = models.load(name)",
        '    classes = models.card(name)["classes"]',
        "    for stage in stages:",
        "        probability, index = network(stage).softmax(-1)[0].max(0)",
        "        print(name, classes[index], probability.item())",
    ]
    return "\n".join(lines) + "\n"
