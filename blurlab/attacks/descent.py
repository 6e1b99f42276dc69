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

import torch
from torch import Tensor

from blurlab.attacks.goals import (
    Goal,
    Model,
    cross_entropy,
    goal_of,
    loss_and_gradient,
    margin_of,
)
from blurlab.attacks.norms import NORMS, Norm, check


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
    check(epsilon=epsilon, steps=steps, norm=norm, restarts=restarts)
    if step_size is None:
        step_size = 2.5 * epsilon / steps
    elif not 0 < step_size < math.inf:
        raise ValueError(f"step_size is {step_size}; it must be above 0.")
    if restarts > 1 and generator is None:
        raise ValueError(
            f"restarts is {restarts}; without a random start, which takes a generator, all runs "
            "are alike: use 1."
        )
    run = partial(
        _climb, model, norm=NORMS[norm], epsilon=epsilon, step_size=step_size, steps=steps,
        generator=generator,
    )  # fmt: skip
    return _best_of_runs(run, model, images.detach(), goal_of(images, labels, targeted), restarts)


def _climb(
    model: Model,
    images: Tensor,
    goal: Goal,
    *,
    norm: Norm,
    epsilon: float,
    step_size: float,
    steps: int,
    generator: torch.Generator | None,
) -> Iterator[Tensor]:
    adversarial = images
    if generator is not None:
        adversarial = (images + epsilon * norm.draw(images, generator)).clamp_(0, 1)
    for _ in range(steps):
        _, gradient = loss_and_gradient(cross_entropy, model, adversarial, goal)
        moved = norm.steepest(gradient).mul_(step_size).add_(adversarial).sub_(images)
        adversarial = norm.project(moved, epsilon).add_(images).clamp_(0, 1)
        yield adversarial


def _best_of_runs(
    run: Callable[[Tensor, Goal], Iterator[Tensor]],
    model: Model,
    images: Tensor,
    goal: Goal,
    restarts: int,
) -> Iterator[Tensor]:
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
