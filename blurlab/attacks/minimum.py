"""The smallest change of each picture that succeeds."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from blurlab.attacks.goals import (
    CRITERIA,
    Goal,
    Model,
    goal_of,
    loss_and_gradient,
)
from blurlab.attacks.norms import NORMS, Norm, check, each


class Smallest(NamedTuple):
    """The nearest adversarial pictures found so far.

    images: (N, 3, S, S); the picture itself where none has been found.
    epsilon: (N,) their distances; infinite where none has been found.
    """

    images: Tensor
    epsilon: Tensor

    def or_nearer(self, images: Tensor, epsilon: Tensor, success: Tensor) -> "Smallest":
        """Return these, but other pictures where they succeed and are nearer."""
        better = success & (epsilon < self.epsilon)
        return Smallest(
            torch.where(each(better), images, self.images),
            torch.where(better, epsilon, self.epsilon),
        )


class Sought(NamedTuple):
    """What a search is given, all of which is checked.

    model, images, steps: as of Search.  goal: which answers are sought.  norm: of a change's size.
    met: called with logits and the goal; returns how far they are beyond it (N,), above 0 where a
    change has succeeded.
    """

    model: Model
    images: Tensor
    goal: Goal
    norm: Norm
    steps: int
    met: Callable[[Tensor, Goal], Tensor]


@dataclass(frozen=True)
class Search:
    """A way to search for each picture's smallest change that succeeds.

    run: yields the nearest found so far.  usual: how many steps it takes where none are given.
    """

    run: Callable[[Sought], Iterator[Smallest]]
    usual: int

    def __call__(
        self,
        model: Model,
        images: Tensor,
        labels: Tensor,
        *,
        norm: str = "linf",
        targeted: bool = False,
        steps: int | None = None,
        criterion: str = "boundary",
    ) -> Iterator[Smallest]:
        """Search, and yield the best so far; its sizes never grow.

        images: (N, 3, S, S) in [0, 1].  labels: (N,) classes to lead away from or, if targeted, to.
        criterion: a key of CRITERIA: "boundary" where the answer is to change, "half" where the
        wanted one is to have a probability of 0.5.
        A picture whose answer is already as wanted has size 0.
        Raises ValueError as pgd does.
        """
        steps = self.usual if steps is None else steps
        check(epsilon=0, steps=steps, norm=norm)
        goal, row = goal_of(images, labels, targeted), NORMS[norm]
        return self.run(Sought(model, images.detach(), goal, row, steps, CRITERIA[criterion]))


def _shrink(sought: Sought) -> Iterator[Smallest]:
    """Search by the fast minimum-norm attack, and yield the nearest found after each step.

    Each picture has a radius of its own, which shrinks while the attack succeeds and grows while it
    fails, ever more slowly (FMN, Pintor et al. 2021). Steps are measured in radii here, so that the
    number of pixels does not matter. What is found is an upper bound of the true smallest size.
    """
    model, images, goal, norm, steps, met = sought
    best = Smallest(images, images.new_full((len(images),), math.inf))
    adversarial, radius = images, best.epsilon
    for step in range(steps):
        anneal = (1 + math.cos(math.pi * step / steps)) / 2
        lead, gradient = loss_and_gradient(met, model, adversarial, goal)
        size, success = norm.size(adversarial - images), lead > 0
        best = best.or_nearer(adversarial, size, success)
        yield best
        rate = 0.001 + 0.049 * anneal
        # The first radius lies a little beyond where a linear model's answer would change. To aim
        # so after every failure would drive some radii on until nothing is left of the picture.
        ahead = size - lead / norm.dual(gradient).clamp(min=1e-12)
        outward = torch.where(radius < math.inf, radius, ahead) * (1 + rate)
        radius = torch.where(success, torch.minimum(radius * (1 - rate), best.epsilon), outward)
        # Until the first success, longer steps leap to and fro and find no way out.
        share = torch.where(best.epsilon < math.inf, 0.5, 0.25) * (0.01 + 0.99 * anneal)
        move = norm.along(gradient) * each(radius * share)
        change = norm.project(adversarial + move - images, each(radius))
        adversarial = (images + change).clamp_(0, 1)


minimal_epsilon = Search(_shrink, usual=100)


def minimal(model: Model, images: Tensor, labels: Tensor, **options: Any) -> Iterator[Tensor]:
    """Yield only the pictures of minimal_epsilon."""
    return (smallest.images for smallest in minimal_epsilon(model, images, labels, **options))
