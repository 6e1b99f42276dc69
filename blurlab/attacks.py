"""Adversarial attacks: small changes of pictures that change a model's answers, step by step.

A model is any callable from (N, 3, S, S) pictures in [0, 1] to (N, classes) logits, and is only
read: gradients are taken with respect to the pictures alone. Every attack is a generator, so
whoever listens shows each step, pauses by waiting and cancels by not asking again;
`*_, final = pgd(...)` keeps only the end.

Adaptive or transfer: an attack made on `through(partial(gaussian_blur, sigma=2), model)` sees the
gradient through the defence and is adaptive. An attack made on `model` and then shown to the same
composition is a transfer. A network that was trained with its blur layer has no version without it;
a transfer to such a network is made on the base network, so more than the layer differs. An attack
on a Classifier that contains its layer is adaptive already.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab.goals import Model, cross_entropy, goal_of, loss_and_gradient, margin, margin_of
from blurlab.norms import NORMS, Norm, each


def through(defence: Model, model: Model) -> Model:
    """Put a differentiable defence, pictures to pictures, in front of a model."""
    return lambda images: model(defence(images))


def parse_epsilon(text: str) -> float:
    """Read an epsilon as people write it, "8/255" or "0.03".

    Raises ValueError unless it is one finite number, 0 or above, or two joined by a slash.
    """
    try:
        above, _, below = text.partition("/")
        epsilon = float(above) / float(below or 1)
    except (ValueError, ZeroDivisionError):
        epsilon = math.nan
    if not 0 <= epsilon < math.inf or text.strip().endswith("/"):
        raise ValueError(f"epsilon is {text!r}; it must be 0 or above, such as 8/255 or 0.03.")
    return epsilon


def fgsm(
    model: Model,
    images: Tensor,
    labels: Tensor,
    *,
    epsilon: float,
    norm: str = "linf",
    targeted: bool = False,
) -> Iterator[Tensor]:
    """Take one step of size epsilon along the gradient (Goodfellow et al. 2015); else as pgd."""
    whole = epsilon or 1.0  # a step is positive; a ball of size 0 takes it back
    return pgd(
        model, images, labels,
        epsilon=epsilon, norm=norm, targeted=targeted, steps=1, step_size=whole,
    )  # fmt: skip


def pgd(
    model: Model,
    images: Tensor,
    labels: Tensor,
    *,
    epsilon: float,
    norm: str = "linf",
    targeted: bool = False,
    steps: int = 10,
    step_size: float | None = None,
    generator: torch.Generator | None = None,
    restarts: int = 1,
) -> Iterator[Tensor]:
    """Raise the loss by projected gradient steps in a ball around each picture (Madry et al. 2018).

    images: (N, 3, S, S) in [0, 1].  labels: (N,) classes to lead away from or, if targeted, to.
    epsilon: radius of the ball; 8 / 255 means eight grey levels in "linf", a key of NORMS.
    step_size: in the same unit; by default 2.5 epsilon / steps.
    generator: draws a random start in the ball; without one the start is the picture itself.
    restarts: runs in all, each from its own start. A run after the first moves only the pictures
    that none has fooled and ends with one more yield, the best of each picture so far.
    Yields (N, 3, S, S) in [0, 1] and in the ball, after each step.
    Raises ValueError, at once, when an argument is out of range; for labels beyond the model's
    classes, at the first step.
    """
    _check(epsilon=epsilon, steps=steps, norm=norm, restarts=restarts)
    if step_size is None:
        step_size = 2.5 * epsilon / steps
    elif not 0 < step_size < math.inf:
        raise ValueError(f"step_size is {step_size}; it must be above 0.")
    if restarts > 1 and generator is None:
        raise ValueError(f"restarts is {restarts}; without a generator all runs are alike: use 1.")
    run = partial(
        _climb, model, norm=NORMS[norm], epsilon=epsilon, step_size=step_size, steps=steps,
        generator=generator,
    )  # fmt: skip
    return _best_of_runs(run, model, images.detach(), goal_of(images, labels, targeted), restarts)


def _climb(model, images, goal, *, norm: Norm, epsilon, step_size, steps, generator):
    adversarial = images
    if generator is not None:
        adversarial = (images + epsilon * norm.draw(images, generator)).clamp_(0, 1)
    for _ in range(steps):
        _, gradient = loss_and_gradient(cross_entropy, model, adversarial, goal)
        moved = norm.steepest(gradient).mul_(step_size).add_(adversarial).sub_(images)
        adversarial = norm.project(moved, epsilon).add_(images).clamp_(0, 1)
        yield adversarial


def _best_of_runs(run, model, images, goal, restarts):
    for best in run(images, goal):
        yield best
    for _ in range(restarts - 1):
        lead = margin_of(model, best, goal)
        left = (lead <= 0).nonzero().flatten()
        if not len(left):
            return
        subset = goal._replace(labels=goal.labels[left])
        for current in run(images[left], subset):
            yield best.index_copy(0, left, current)
        better = margin_of(model, current, subset) > lead[left]
        best = best.index_copy(0, left[better], current[better])
        yield best


class Smallest(NamedTuple):
    """The nearest adversarial pictures found so far.

    images: (N, 3, S, S); the picture itself where none has been found.
    epsilon: (N,) their distances; infinite where none has been found.
    """

    images: Tensor
    epsilon: Tensor


def minimal_epsilon(
    model: Model,
    images: Tensor,
    labels: Tensor,
    *,
    norm: str = "linf",
    targeted: bool = False,
    steps: int = 100,
) -> Iterator[Smallest]:
    """Search for each picture's smallest change that succeeds, by the fast minimum-norm attack.

    Each picture has a radius of its own, which shrinks while the attack succeeds and grows while it
    fails, ever more slowly (FMN, Pintor et al. 2021). Steps are measured in radii here, so that the
    number of pixels does not matter. What is found is an upper bound of the true smallest size.
    images: (N, 3, S, S) in [0, 1].  labels: (N,) classes to lead away from or, if targeted, to.
    Yields the best so far after each step; its sizes never grow. A picture whose answer is already
    as wanted has size 0.
    Raises ValueError as pgd does.
    """
    _check(epsilon=0, steps=steps, norm=norm)
    goal = goal_of(images, labels, targeted)
    return _shrink(model, images.detach(), goal, NORMS[norm], steps)


def _shrink(model, images, goal, norm: Norm, steps):
    best, found = images, images.new_full((len(images),), math.inf)
    adversarial, radius = images, found
    for step in range(steps):
        anneal = (1 + math.cos(math.pi * step / steps)) / 2
        lead, gradient = loss_and_gradient(margin, model, adversarial, goal)
        size, success = norm.size(adversarial - images), lead > 0
        better = success & (size < found)
        best = torch.where(each(better), adversarial, best)
        found = torch.where(better, size, found)
        yield Smallest(best, found)
        rate = 0.001 + 0.049 * anneal
        # The first radius lies a little beyond where a linear model's answer would change. To aim
        # so after every failure would drive some radii on until nothing is left of the picture.
        ahead = size - lead / norm.dual(gradient).clamp(min=1e-12)
        outward = torch.where(radius < math.inf, radius, ahead) * (1 + rate)
        radius = torch.where(success, torch.minimum(radius * (1 - rate), found), outward)
        # Until the first success, longer steps leap to and fro and find no way out.
        share = torch.where(found < math.inf, 0.5, 0.25) * (0.01 + 0.99 * anneal)
        move = norm.along(gradient) * each(radius * share)
        change = norm.project(adversarial + move - images, each(radius))
        adversarial = (images + change).clamp_(0, 1)


def minimal(model: Model, images: Tensor, labels: Tensor, **options) -> Iterator[Tensor]:
    """Yield only the pictures of minimal_epsilon."""
    return (smallest.images for smallest in minimal_epsilon(model, images, labels, **options))


def _check(*, epsilon: float, steps: int, norm: str, restarts: int = 1) -> None:
    if norm not in NORMS:
        raise ValueError(f"norm is {norm!r}; it must be one of {', '.join(NORMS)}.")
    if not 0 <= epsilon < math.inf:
        raise ValueError(f"epsilon is {epsilon}; it must be a finite number, 0 or above.")
    for name, count in {"steps": steps, "restarts": restarts}.items():
        if count < 1:
            raise ValueError(f"{name} is {count}; it must be 1 or more.")


class Attack(NamedTuple):
    """One row of the table.

    run: called with (model, images, labels, norm=, targeted=, ...); yields (N, 3, S, S) each step.
    options: what else it takes by name.
    """

    run: Callable[..., Iterator[Tensor]]
    options: tuple[str, ...]


ATTACKS = {
    "fgsm": Attack(fgsm, ("epsilon",)),
    "pgd": Attack(pgd, ("epsilon", "steps", "step_size", "generator", "restarts")),
    "minimal": Attack(minimal, ("steps",)),
}
