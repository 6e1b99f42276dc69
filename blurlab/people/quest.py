"""QUEST+: the cutoff to ask next, and the reverse frequency that the answers so far allow.

An answer to a hybrid is its coarse or its fine picture. The probability of the coarse one grows
with the logarithm of the cutoff as a cumulative normal, from lapse to 1 - lapse: who blinks answers
by chance, which is wrong as often at either end. So its middle, the threshold, is where
p_low - p_high crosses zero: the reverse frequency.
Source: Watson 2017, Journal of Vision 17(3): 10.
"""

import functools
import math
from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab.statistics import Interval

# Cutoffs that can be asked, cycles/image: quarters of an octave.
CUTOFFS = tuple(2 ** (step / 4) for step in range(25))
# What is possible: log2 of the threshold in cycles/image; the spread of the normal, in octaves; the
# share of wrong answers where the picture is plain.
STEP = 1 / 16
THRESHOLDS = torch.arange(0, 6 + STEP, STEP, dtype=torch.float64)
SLOPES = torch.tensor([0.1, 0.18, 0.32, 0.56, 1.0, 1.8], dtype=torch.float64)
LAPSES = torch.tensor([0.0, 0.02, 0.05, 0.1], dtype=torch.float64)
SHAPE = len(THRESHOLDS), len(SLOPES), len(LAPSES)
LEVEL = 0.95  # of every interval


class Game(NamedTuple):
    """When a game ends: after so many trials, or once the interval spans so few octaves."""

    trials: int
    octaves: float


GAMES = {"taste": Game(8, 0.0), "number": Game(40, 0.4)}


def prior() -> Tensor:
    """Return what is believed before the first answer, (G,): everything as much as anything."""
    return torch.full((math.prod(SHAPE),), 1 / math.prod(SHAPE), dtype=torch.float64)


def coarse_probability(
    log_cutoff: Tensor, threshold: Tensor, slope: Tensor, lapse: Tensor
) -> Tensor:
    """Return the psychometric function: the probability of naming the coarse picture.

    log_cutoff, threshold: log2 of cycles/image.  slope: octaves.  They are broadcast.
    """
    return lapse + (1 - 2 * lapse) * torch.special.ndtr((log_cutoff - threshold) / slope)


def on_grid(cutoffs: Iterable[float]) -> Tensor:
    """Return the psychometric functions of all G observers at K cutoffs (cycles/image), (K, G)."""
    logs = torch.tensor(list(cutoffs), dtype=torch.float64).log2().view(-1, 1, 1, 1)
    lapses, slopes = LAPSES, SLOPES[:, None]
    return coarse_probability(logs, THRESHOLDS[:, None, None], slopes, lapses).flatten(1)


@functools.cache
def _asked() -> tuple[Tensor, Tensor]:
    """The observers' probabilities at CUTOFFS, (K, G), and the entropies of their answers."""
    coarse = on_grid(CUTOFFS)
    return coarse, _entropy(coarse)


def _entropy(coarse: Tensor) -> Tensor:
    return torch.special.entr(coarse) + torch.special.entr(1 - coarse)


def updated(posterior: Tensor, index: Tensor, coarse: Tensor) -> Tensor:
    """Take up an answer of each of N people.

    posterior: (..., G).  index: (...) of the cutoff in CUTOFFS.  coarse: (...) bool.
    """
    likelihood = _asked()[0][index]
    found = posterior * torch.where(coarse[..., None], likelihood, 1 - likelihood)
    return found / found.sum(-1, keepdim=True)


def posterior(answers: Iterable[tuple[int, bool]]) -> Tensor:
    """Return what is believed (G,) after answers: (index in CUTOFFS, whether it was coarse)."""
    belief = prior()
    for index, coarse in answers:
        belief = updated(belief, torch.tensor(index), torch.tensor(coarse))
    return belief


def information(posterior: Tensor) -> Tensor:
    """Return by how much an answer at each cutoff lowers the entropy on average, (..., K) nats.

    The entropy of the answer less what remains of it for those who know the observer, which is the
    entropy of the posterior less the one that is expected after the answer.
    """
    coarse, entropy = _asked()
    return _entropy((posterior @ coarse.T).clamp(0, 1)) - posterior @ entropy.T


def next_cutoff(posterior: Tensor) -> Tensor:
    """Return the index (...) in CUTOFFS with the least expected entropy after its answer."""
    return information(posterior).argmax(-1)


def threshold_quantiles(posterior: Tensor, shares: Iterable[float]) -> Tensor:
    """Return quantiles of the threshold's posterior, (..., shares), in log2 cycles/image.

    Each threshold of the grid stands for what lies within half a step of it.
    """
    mass = posterior.unflatten(-1, SHAPE).sum((-1, -2))
    below = mass.cumsum(-1)
    wanted = torch.tensor(list(shares), dtype=torch.float64).expand(*mass.shape[:-1], -1)
    cell = torch.searchsorted(below, wanted.contiguous()).clamp(max=len(THRESHOLDS) - 1)
    inside = mass.gather(-1, cell)
    within = 1 - (below.gather(-1, cell) - wanted) / inside.clamp(min=1e-300)
    return THRESHOLDS[cell] + STEP * (within - 0.5)


def reverse_frequency(posterior: Tensor) -> Interval:
    """Return the median of the reverse frequency, cycles/image, with its 95 % credible interval."""
    tail = (1 - LEVEL) / 2
    value, low, high = (2 ** threshold_quantiles(posterior, (0.5, tail, 1 - tail))).tolist()
    return Interval(value, low, high)


def curve(posterior: Tensor, cutoffs: Iterable[float]) -> list[Interval]:
    """Return the probability of the coarse picture at cutoffs, each with its 95 % band."""
    coarse, order = on_grid(cutoffs).sort(-1)
    below = posterior[order].cumsum(-1)
    tail = (1 - LEVEL) / 2
    ends = torch.tensor([tail, 1 - tail], dtype=torch.float64).expand(len(coarse), 2).contiguous()
    places = torch.searchsorted(below, ends).clamp(max=coarse.shape[-1] - 1)
    means = (coarse * posterior[order]).sum(-1, keepdim=True)
    return [Interval(*row) for row in torch.cat([means, coarse.gather(-1, places)], -1).tolist()]


def octaves(posterior: Tensor) -> Tensor:
    """Return the width of the 95 % interval of the threshold, (...)."""
    tail = (1 - LEVEL) / 2
    low, high = threshold_quantiles(posterior, (tail, 1 - tail)).unbind(-1)
    return high - low


def is_over(posterior: Tensor, answers: int, game: Game) -> bool:
    """Tell whether a game ends after so many answers, which led to a posterior (G,)."""
    return answers >= game.trials or octaves(posterior).item() <= game.octaves
