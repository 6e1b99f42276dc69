"""The chain told: what models say behind the defence and at each stage, and its Python lines."""

from collections.abc import Sequence

import torch

from blurlab.ui import asking, cache, files, show
from blurlab.ui.attacks import job
from blurlab.ui.attacks.report import arguments as attack_arguments
from blurlab.ui.blur.job import DEFENCES, DEFENDED, UNTOUCHED, Frame, Setting, kinds
from blurlab.ui.languages import say

TRUE, WANTED = "true", "wanted"
SMALLEST_POWER = 1e-12  # what lies below is rounding, and has a logarithm all the same


def curves(setting: Setting) -> tuple[str, ...]:
    """Name the curves that the chain has."""
    return (TRUE, WANTED, UNTOUCHED) if setting.attack.epsilon else (TRUE, UNTOUCHED)


def probabilities(name: str, setting: Setting, said: dict[str, dict]) -> dict[str, float | None]:
    """Return a model's value on each curve, from what it said of one frame's stages.

    TRUE and UNTOUCHED are the picture's own class. WANTED is the target or, when the attacker
    wants any wrong class, the likeliest of them.
    """
    own, target = cache.named_class(name, setting.attack.picture), setting.attack.target
    last, wanted = said[DEFENDED][name], cache.place(name, target)
    if target is None:
        wanted = max((index for index in range(len(last)) if index != own), key=last.__getitem__)
    found = {
        TRUE: last[own],
        WANTED: None if wanted is None else last[wanted],
        UNTOUCHED: said[UNTOUCHED][name][own],
    }
    return {curve: found[curve] for curve in curves(setting)}


def said(names: Sequence[str], setting: Setting, found: Sequence[Frame]) -> dict:
    """Gather the answers as frames_answers takes them, for the page and for an exported file."""
    return {
        "models": [model(index, name, setting) for index, name in enumerate(names)],
        "answers": feed(names, setting, found),
        "curve_titles": {curve: curve_title(curve, setting) for curve in curves(setting)},
        "note": reading(setting),
        "stages": stages(names, setting, found),
    }


def model(index: int, name: str, setting: Setting) -> dict:
    """Describe a model to the frames; the attacked one's title says so."""
    is_attacked = setting.attack.epsilon and name == setting.attack.model
    title = say("{title} (attacked)", title=cache.title(name)) if is_attacked else None
    return asking.model(index, name, title, true=cache.named_class(name, setting.attack.picture))


def curve_title(curve: str, setting: Setting) -> str:
    wanted = setting.attack.target
    return {
        TRUE: say("probability of the true class"),
        WANTED: say("the attacker's class, {label}", label=say(wanted))
        if wanted
        else say("the likeliest other"),
        UNTOUCHED: say("true class, without attack"),
    }[curve]


def reading(setting: Setting) -> str:
    """Say what to see in the curves."""
    if not setting.attack.epsilon:
        return say(
            "Where the defence lifts the full line, it helps; where the dotted one falls, it costs."
        )
    if setting.adaptive:
        return say(
            "The attacker has seen this defence at every strength: wherever the full line stays "
            "low, it does not protect. The dotted line is what the defence alone costs."
        )
    return say(
        "The attacker has not seen the defence: where the full line rises, it removes the attack. "
        "Now let the attacker know of it."
    )


def verdict(setting: Setting, strength: float, frame: Frame | None) -> str:
    """Say in Markdown what the defence does against the attack at the strength looked at."""
    if frame is None:
        return say("Computing …")
    name = setting.attack.model
    title, classes = show.plain(cache.title(name)), cache.card(name)["classes"]
    own = cache.named_class(name, setting.attack.picture)
    answer = asking.best(frame.said[DEFENDED][name])
    is_right = answer == own
    if not setting.attack.epsilon:
        told = say("nobody attacks")
    elif not strength:
        told = say("the attack meets no defence")
        if not is_right:
            told = say("the attack meets no defence. Drag the defence")
    elif setting.adaptive:
        told = say("this attacker knows of the defence, and gets through it")
        if is_right:
            told = say("even an attacker who knows of this defence does not get through")
    else:
        told = say("the defence does not undo this attack")
        if is_right:
            told = say("the defence undoes the attack. Now let the attacker know of it")
    answered = show.plain(say(classes[answer]))
    return say("{title} says **{answer}**: {told}.", title=title, answer=answered, told=told)


def in_order(setting: Setting, found: Sequence[Frame]) -> list[Frame | None]:
    """Lay out the frames by strength, None where there is none yet."""
    return asking.in_order(found, len(DEFENCES[setting.defence].strengths))


def feed(names: Sequence[str], setting: Setting, found: Sequence[Frame]) -> dict[str, dict]:
    """Lay out what the models say behind the defence, for the frames' cards and curves."""
    frames = in_order(setting, found)
    fed = {}
    for name in names:
        values = [frame and probabilities(name, setting, frame.said) for frame in frames]
        fed[name] = said_of(DEFENDED, name, frames) | {
            "curves": {curve: [v and v[curve] for v in values] for curve in curves(setting)},
            "note": note(name, setting),
        }
    return fed


def said_of(stage: str, name: str, frames: Sequence[Frame | None]) -> dict:
    return asking.laid_out([frame and frame.said[stage][name] for frame in frames], {})


def stages(names: Sequence[str], setting: Setting, found: Sequence[Frame]) -> list[dict]:
    """Lay out what each stage shows, for the frames."""
    frames = in_order(setting, found)
    return [
        {
            "said": {name: said_of(stage, name, frames) for name in names},
            "spectra": [frame and logarithms(frame.power[stage]) for frame in frames],
        }
        for stage in kinds(setting)
    ]


def logarithms(power: list[float]) -> list[float]:
    rings = torch.tensor(power[1:]).clamp(min=SMALLEST_POWER).log10()
    return [round(value, 2) for value in rings.tolist()]


def note(name: str, setting: Setting) -> str:
    """Say which experiment this model is, what the attack is to it, and whose class counts."""
    sigma = cache.card(name)["recipe"]["sigma"]
    added = {"blur": say("blur"), "pca": say("projection")}[setting.defence]
    experiment = (
        say(
            "Trained behind a blur layer of {sigma:g} pixels, which stays; this {added} comes "
            "before it.",
            sigma=sigma,
            added=added,
        )
        if sigma
        else say("Trained without a defence; this {added} is only put in front of it.", added=added)
    )
    guess = asking.guess_note(name, setting.attack.picture)
    return " ".join(filter(None, (experiment, attack_note(name, setting, added), guess)))


def attack_note(name: str, setting: Setting, added: str) -> str:
    if not setting.attack.epsilon:
        return ""
    if name != setting.attack.model:
        return say("The attack was made for another network.")
    if setting.adaptive:
        return say("Adaptive attack: made through this {added}.", added=added)
    return say("Transfer: the attack was made without this {added}.", added=added)


def rows(names: Sequence[str], setting: Setting, found: Sequence[Frame]) -> list[dict]:
    """Return one row per strength and model, as the files hold them."""
    return [row(name, setting, frame) for frame in sorted(found) for name in names]


def row(name: str, setting: Setting, frame: Frame) -> dict:
    classes = cache.card(name)["classes"]
    values = probabilities(name, setting, frame.said)
    return {
        setting.defence: DEFENCES[setting.defence].strengths[frame.index],
        "model": name,
        "attacked": bool(setting.attack.epsilon) and name == setting.attack.model,
        "adaptive": setting.adaptive,
        **{f"answer_{s}": classes[asking.best(said[name])] for s, said in frame.said.items()},
        "probability": round(max(frame.said[DEFENDED][name]), 6),
        **{f"p_{key}": v if v is None else round(v, 6) for key, v in values.items()},
    }


def script(names: Sequence[str], setting: Setting, strength: float) -> str:
    """Write the Python lines that make the same chain and the same answers without the app."""
    defence = DEFENCES[setting.defence].line.format(strength) if strength else "pictures"
    imports = [
        "import torch",
        "from blurlab import places",
        "from blurlab.attacks.goals import through",
        "from blurlab.attacks.table import ATTACKS",
        "from blurlab.corruptions.corrupting import corrupt",
        "from blurlab.data import sets",
        "from blurlab.filters import pca",
        "from blurlab.filters.blur import gaussian_blur",
        "from blurlab.networks import worded",
        "from blurlab.pictures import images, objects, photographs",
        "from blurlab.pictures.resizing import resize",
    ]
    lines = [
        files.picture_lines("picture", setting.attack.picture),
        f"model = worded.load({setting.attack.model!r})",
        "stages = [resize(picture[None], model.input_size, model.interpolation)]",
        f"defence = lambda pictures: {defence}",
        *(attack_lines(setting.attack, setting.adaptive) if setting.attack.epsilon else []),
        *(corruption_lines(setting) if setting.corruption else []),
        "stages.append(defence(stages[-1]))",
        f"for name in {list(names)!r}:",
        "    network = worded.load(name)",
        '    classes = worded.card(name)["classes"]',
        "    for stage in stages:",
        "        probability, index = network(stage).softmax(-1)[0].max(0)",
        "        print(name, classes[index], probability.item())",
    ]
    return files.program(imports, lines)


def attack_lines(attack: job.Setting, adaptive: bool) -> list[str]:
    """Write the lines that add the attacked picture to the stages."""
    label = cache.card(attack.model)["classes"][job.goal(attack).item()]
    return [
        f'label = worded.card({attack.model!r})["classes"].index({label!r})',
        f"*_, attacked = ATTACKS[{attack.attack!r}].run(",
        f"    {'through(defence, model)' if adaptive else 'model'}, stages[-1], "
        "torch.tensor([label]),",
        f"    {attack_arguments(attack)},",
        ")",
        "stages.append(attacked)",
    ]


def corruption_lines(setting: Setting) -> list[str]:
    """Write the lines that add the corrupted picture to the stages."""
    corrupted = f"corrupt(stages[-1], {setting.corruption!r}, {setting.severity}, generator)"
    return [
        f"generator = torch.Generator().manual_seed({setting.seed})",
        f"stages.append({corrupted})",
    ]
