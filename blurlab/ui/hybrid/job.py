"""What networks say of one pair's hybrids: swept over cutoffs, and exactly at one."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab.filters import eye, hybrid, pairs
from blurlab.measures.reversal import zero_crossing
from blurlab.ui import asking, cache, jobs, loaded

CUTOFFS = tuple(2 ** (7 * step / 32) for step in range(33))  # 1 to 128 cycles/image, 33 of them


class Setting(NamedTuple):
    """Everything that decides what is shown.

    cutoff, high_cutoff: cycles/image; None links the two.  far: as an eye resolves it from afar.
    """

    low: cache.Choice
    high: cache.Choice
    cutoff: float
    high_cutoff: float | None
    filter: str
    far: bool = False


class Answer(NamedTuple):
    """One model's answer: probabilities of either picture's class, and its best (class, p)."""

    p_low: float
    p_high: float
    top: tuple[tuple[str, float], ...]


def sweep(names: tuple[str, ...], setting: Setting) -> jobs.Job:
    """Return the job that asks the models about the pair's hybrids at CUTOFFS, coarse to fine."""
    low, high, _, high_cutoff, filter, far = setting

    def steps() -> Iterator:
        networks = [cache.model(name) for name in names]
        device = networks[0].mean.device
        return pairs.pair_answers(
            networks,
            cache.picture(low).to(device),
            cache.picture(high).to(device),
            CUTOFFS,
            high_cutoff=high_cutoff,
            filter=filter,
            seen=eye.seen if far else None,
        )

    return jobs.poll(("sweep", names, low, high, filter, high_cutoff, far), steps)


def can_answer(names: tuple[str, ...], sweep: jobs.Job) -> bool:
    """Tell whether the models answer at once, and need not be loaded by the sweep first."""
    return sweep.is_over or set(names) <= set(loaded.in_memory())


@lru_cache(maxsize=512)
def exact(name: str, setting: Setting) -> Answer:
    """Ask one model about the hybrid at exactly the setting's cutoffs."""
    network = cache.model(name)
    probabilities = network(mixed(setting)[None].to(network.mean.device)).softmax(-1)[0].cpu()
    return _answer(name, setting, probabilities)


@lru_cache(maxsize=32)
def mixed(setting: Setting) -> Tensor:
    """Return the (3, S, S) hybrid of a setting, as it is seen."""
    made = hybrid.hybrid(
        cache.picture(setting.low),
        cache.picture(setting.high),
        setting.cutoff,
        high_cutoff=setting.high_cutoff,
        filter=setting.filter,
    )
    return eye.seen(made) if setting.far else made


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
    names: tuple[str, ...], setting: Setting, sweep: jobs.Job
) -> dict[str, list[Answer | None]]:
    """Lay out what a sweep has found so far: per model one answer per cutoff, None where open."""
    found: dict[str, list[Answer | None]] = {name: [None] * len(CUTOFFS) for name in names}
    for indices, probabilities in list(sweep.results):
        for name, rows in zip(names, probabilities, strict=True):
            for index, row in zip(indices, rows, strict=True):
                found[name][index] = _answer(name, setting, row)
    return found


def reversal(answers: list[Answer | None]) -> float | None:
    """Return the cutoff at which one pair's p_low - p_high crosses zero, or None."""
    known = [(c, a.p_low - a.p_high) for c, a in zip(CUTOFFS, answers, strict=True) if a]
    if len(known) < 2:
        return None
    cutoffs, difference = torch.tensor(known, dtype=torch.float64).T
    return zero_crossing(cutoffs, difference)
