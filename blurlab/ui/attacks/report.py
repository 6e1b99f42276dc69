"""An attack told: what models say of its steps, for the frames and files, and its Python lines."""

import math
from collections.abc import Sequence

from blurlab.attacks.norms import NORMS
from blurlab.attacks.table import ATTACKS
from blurlab.ui import asking, cache, files, show
from blurlab.ui.attacks.job import Setting, Step, goal, options
from blurlab.ui.languages import numeral, say

# What is seen of a change up to so many 255ths, by looking at photographs and drawn objects.
SIGHT = (
    (2.01, "too little to see"),
    (6.01, "hard to see except in smooth areas"),
    (math.inf, "visible where the picture is smooth"),
)


def attackers_class(setting: Setting, steps: Sequence[Step | None]) -> str | None:
    """Name the class that the attack leads to: its target, or the best of the others so far."""
    known = [step for step in steps if step]
    if setting.target is not None or not known:
        return setting.target
    own = cache.named_class(setting.model, setting.picture)
    said = known[-1].said[setting.model]
    best = max((p, index) for index, p in enumerate(said) if index != own)
    return cache.card(setting.model)["classes"][best[1]]


def verdict(setting: Setting, step: Step) -> str:
    """Say in Markdown what the attacked model answers at a step, and if one sees the change."""
    said, classes = step.said[setting.model], cache.card(setting.model)["classes"]
    own, best = cache.named_class(setting.model, setting.picture), asking.best(said)
    title, answer = show.plain(cache.title(setting.model)), show.plain(say(classes[best]))
    told = {"title": title, "answer": answer, "share": said[best]}
    if not step.size:
        return say("Not attacked yet: {title} says **{answer}** ({share:.0%}).", **told)
    if best == own:
        words = say("{title} still says **{answer}** ({share:.0%}).", **told)
    else:
        told["own"] = show.plain(say(classes[own]))
        words = say("{title} now says **{answer}** ({share:.0%}) instead of {own}.", **told)
    return f"{words} {sight(setting, step.size)}"


def sight(setting: Setting, size: float) -> str:
    """Say how large a change is and, where a person can tell by that, whether it is seen."""
    norm = NORMS[setting.norm]
    if norm is not NORMS["linf"]:
        return say("The change is {size} long.", size=numeral(norm.written(size)))
    seen = next(words for most, words in SIGHT if size * norm.scale <= most)
    largest = norm.in_unit(size)
    return say("No value changed by more than {size}: {seen}.", size=largest, seen=say(seen))


def feed(setting: Setting, names: Sequence[str], steps: Sequence[Step | None]) -> dict[str, dict]:
    """Lay out what the models say, step by step, for the frames.

    steps: one for each of the slider's positions, None where there is none yet.
    """
    wanted, fed = attackers_class(setting, steps), {}
    for name in names:
        curves = {
            "true": cache.named_class(name, setting.picture),
            "wanted": cache.place(name, wanted),
        }
        fed[name] = asking.laid_out([step and step.said[name] for step in steps], curves)
        fed[name]["note"] = note(name, setting)
    return fed


def said(setting: Setting, names: Sequence[str], steps: Sequence[Step | None], note: str) -> dict:
    """Gather the answers as frames_answers takes them, for the page and for an exported file.

    steps: as for feed.  note: what to see in the curves.
    """
    wanted = attackers_class(setting, steps) or "…"
    return {
        "models": [model(index, name, setting) for index, name in enumerate(names)],
        "answers": feed(setting, names, steps),
        "curve_titles": {
            "true": say("the picture's class"),
            "wanted": say("the attacker's class, {label}", label=say(wanted)),
        },
        "note": note,
    }


def model(index: int, name: str, setting: Setting) -> dict:
    """Describe a model to the frames; which one is attacked is part of its title."""
    title = cache.title(name)
    attacked, transfer = (
        say("{title} (attacked)", title=title),
        say("{title} (transfer)", title=title),
    )
    return asking.model(index, name, attacked if name == setting.model else transfer)


def note(name: str, setting: Setting) -> str:
    """Say what the attack is to this model, and what its true class is where it is a guess."""
    attack = (
        say("The attack follows this model's own gradient.")
        if name == setting.model
        else say("Transfer: the attack was not made for this model.")
    )
    return f"{attack} {asking.guess_note(name, setting.picture)}".strip()


def rows(setting: Setting, found: Sequence[Step]) -> list[dict]:
    """Return one row per step and model, as the files hold them."""
    wanted = attackers_class(setting, found)
    return [
        row(setting, step, name, cache.place(name, wanted)) for step in found for name in step.said
    ]


def row(setting: Setting, step: Step, name: str, wanted: int | None) -> dict:
    """Return what a model says of a step; wanted: the attacker's class, where it has it."""
    said, half = step.said[name], step.half_power
    best = asking.best(said)
    return {
        "step": step.number,
        "model": name,
        "attacked": name == setting.model,
        "size": round(step.size, 6),
        "f_half_cycles_per_image": None if math.isnan(half) else round(half, 4),
        "answer": cache.card(name)["classes"][best],
        "probability": round(said[best], 6),
        "p_true": round(said[cache.named_class(name, setting.picture)], 6),
        "p_attackers": None if wanted is None else said[wanted],
    }


def script(setting: Setting, names: Sequence[str]) -> str:
    """Write the Python lines that make the same attack and the same answers without the app."""
    label = setting.target or cache.card(setting.model)["classes"][goal(setting).item()]
    imports = [
        "import torch",
        "from blurlab.attacks.table import ATTACKS",
        "from blurlab.data import sets",
        "from blurlab.filters import spectrum",
        "from blurlab.networks import worded",
        "from blurlab.networks.classifier import top_k",
        "from blurlab.pictures import images, objects, photographs",
        "from blurlab.pictures.resizing import resize",
    ]
    lines = [
        files.picture_lines("picture", setting.picture),
        f"model = worded.load({setting.model!r})",
        "original = resize(picture[None], model.input_size, model.interpolation)",
        f'label = worded.card({setting.model!r})["classes"].index({label!r})',
        f"*_, adversarial = ATTACKS[{setting.attack!r}].run(",
        "    model, original, torch.tensor([label]),",
        f"    {arguments(setting)},",
        ")",
        'images.save_image(adversarial[0], "attacked.png")',
        "power = spectrum.mean_power(adversarial - original)",
        'print("f_0.5", spectrum.half_power_exact(power), "cycles/pixel of the input")',
        *files.answer_lines(names, "adversarial"),
    ]
    return files.program(imports, lines)


def arguments(setting: Setting) -> str:
    """Write what the attack takes by name as Python does."""
    seed = ATTACKS[setting.attack].seed(dict(setting.values))
    drawn = {"generator": f"torch.Generator().manual_seed({seed})"}
    given = {name: drawn.get(name, repr(value)) for name, value in options(setting).items()}
    return ", ".join(f"{name}={value}" for name, value in given.items())
