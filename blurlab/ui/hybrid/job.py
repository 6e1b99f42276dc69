"""What the models say of one pair's hybrids, in the forms that the stage, tables and files need."""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab.filters import hybrid
from blurlab.measures.reversal import zero_crossing
from blurlab.ui import asking, cache, files, jobs


class Setting(NamedTuple):
    """Everything that decides a hybrid. cutoff, high_cutoff: cycles/image; None links the two."""

    low: cache.Choice
    high: cache.Choice
    cutoff: float
    high_cutoff: float | None
    filter: str


class Answer(NamedTuple):
    """One model's answer: probabilities of either picture's class, and its best (class, p)."""

    p_low: float
    p_high: float
    top: tuple[tuple[str, float], ...]


@lru_cache(maxsize=512)
def exact(name: str, setting: Setting) -> Answer:
    """Ask one model about the hybrid at exactly the setting's cutoffs."""
    network = cache.model(name)
    probabilities = network(mixed(setting)[None].to(network.mean.device)).softmax(-1)[0].cpu()
    return _answer(name, setting, probabilities)


@lru_cache(maxsize=32)
def mixed(setting: Setting) -> Tensor:
    """Return the (3, S, S) hybrid of a setting."""
    return hybrid.hybrid(
        cache.picture(setting.low),
        cache.picture(setting.high),
        setting.cutoff,
        high_cutoff=setting.high_cutoff,
        filter=setting.filter,
    )


def _answer(name: str, setting: Setting, probabilities: Tensor) -> Answer:
    classes = cache.card(name)["classes"]
    values, indices = probabilities.topk(asking.TOP)
    top = zip(indices.tolist(), values.tolist(), strict=True)
    return Answer(
        probabilities[cache.named_class(name, setting.low)].item(),
        probabilities[cache.named_class(name, setting.high)].item(),
        tuple((classes[index], value) for index, value in top),
    )


def swept(
    names: tuple[str, ...], setting: Setting, job: jobs.Job
) -> dict[str, list[Answer | None]]:
    """Lay out what a sweep has found so far: per model one answer per cutoff, None where open."""
    found = {name: [None] * len(cache.CUTOFFS) for name in names}
    for indices, probabilities in list(job.results):
        for name, rows in zip(names, probabilities, strict=True):
            for index, row in zip(indices, rows, strict=True):
                found[name][index] = _answer(name, setting, row)
    return found


def reversal(answers: list[Answer | None]) -> float | None:
    """Return the cutoff at which one pair's p_low - p_high crosses zero, or None."""
    known = [(c, a.p_low - a.p_high) for c, a in zip(cache.CUTOFFS, answers, strict=True) if a]
    if len(known) < 2:
        return None
    cutoffs, difference = torch.tensor(known, dtype=torch.float64).T
    return zero_crossing(cutoffs, difference)


def rows(swept: dict[str, list[Answer | None]]) -> list[dict]:
    """Return one row per model and cutoff, as the tables and files show them."""
    return [
        {
            "model": name,
            "cutoff_cycles_per_image": round(cutoff, 4),
            "p_low": round(answer.p_low, 6),
            "p_high": round(answer.p_high, 6),
            "p_low_minus_p_high": round(answer.p_low - answer.p_high, 6),
            "answer": answer.top[0][0],
            "probability": round(answer.top[0][1], 6),
        }
        for name, answers in swept.items()
        for cutoff, answer in zip(cache.CUTOFFS, answers, strict=True)
        if answer
    ]


def as_json(setting: Setting, table: list[dict]) -> str:
    return files.as_json(setting, table, size_pixels=cache.SIZE)


def script(names: tuple[str, ...], setting: Setting) -> str:
    """Write the Python lines that make the same hybrid and the same answers without the app."""
    lines = [
        "import torch",
        "from blurlab.data import sets",
        "from blurlab.filters.hybrid import hybrid",
        "from blurlab.networks import store",
        "from blurlab.networks.classifier import top_k",
        "from blurlab.pictures import images, objects",
        "",
        files.picture_lines("low", setting.low),
        files.picture_lines("high", setting.high),
        f"cutoff, high_cutoff = {setting.cutoff!r}, {setting.high_cutoff!r}  # cycles/image",
        "picture = hybrid(",
        f"    low, high, cutoff, high_cutoff=high_cutoff, filter={setting.filter!r}",
        ")",
        'images.save_image(picture, "hybrid.png")',
        *files.answer_lines(names, "picture[None]"),
    ]
    return "\n".join(lines) + "\n"
