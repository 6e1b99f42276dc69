"""What an attack is after, how far a model is from it, and which way leads there."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

Model = Callable[[Tensor], Tensor]
WIDEST = 12.0  # lead of a label's logit at which float32 still holds a hundredth of the gradient
NO_GRADIENT = (
    "the network gives no gradient to attack it by (it is zero for every picture): it may round "
    "its pictures or turn them into whole numbers, which proves no robustness."
)


class Goal(NamedTuple):
    """Any answers but the labels, (N,), or, if targeted, the labels themselves.

    largest: the largest label, read once so that no step has to wait for it on a GPU.
    """

    labels: Tensor
    targeted: bool
    largest: int


def goal_of(images: Tensor, labels: Tensor, targeted: bool) -> Goal:
    """State the goal for these pictures; ValueError unless each has one label, 0 or above."""
    if labels.shape != images.shape[:1]:
        raise ValueError(f"{len(images)} pictures need as many labels, not {tuple(labels.shape)}.")
    lowest, largest = (int(bound) for bound in labels.aminmax())
    if lowest < 0:
        raise ValueError(f"class is {lowest}; classes are 0 and above.")
    return Goal(labels.to(images.device), targeted, largest)


def cross_entropy(logits: Tensor, goal: Goal) -> Tensor:
    """The cross-entropy (N,) that an attack raises: towards the labels it counts negative.

    Where a label leads by more than WIDEST, the picture's logits are first scaled to that lead.
    Beyond it the loss has no gradient left in float32, and a network whose logits are large, though
    its decisions are any other's, would look robust (Croce and Hein 2020, ICML).
    """
    lead = _lead(logits.detach(), goal.labels)
    scaled = logits / (lead / WIDEST).clamp(min=1)[:, None]
    loss = F.cross_entropy(scaled, goal.labels, reduction="none")
    return -loss if goal.targeted else loss


def margin(logits: Tensor, goal: Goal) -> Tensor:
    """By how much the wanted answer leads, (N,); above 0 where the attack has succeeded."""
    lead = _lead(logits, goal.labels)
    return lead if goal.targeted else -lead


def majority(logits: Tensor, goal: Goal) -> Tensor:
    """The log odds of the wanted answer, (N,); above 0 where its probability is above a half.

    Where any answer but the label is wanted, that is the probability of all others together.
    """
    label = goal.labels[:, None]
    others = logits.scatter(1, label, -math.inf).logsumexp(1)
    odds = logits.gather(1, label)[:, 0] - others
    return odds if goal.targeted else -odds


# When an attack that looks for the smallest change has succeeded.
CRITERIA: dict[str, Callable[[Tensor, Goal], Tensor]] = {"boundary": margin, "half": majority}


def _lead(logits: Tensor, labels: Tensor) -> Tensor:
    """By how much the labels' logits exceed the largest others, (N,)."""
    label = labels[:, None]
    return logits.gather(1, label)[:, 0] - logits.scatter(1, label, -math.inf).amax(1)


def margin_of(model: Model, images: Tensor, goal: Goal) -> Tensor:
    """The margin (N,) of a model's answers to pictures."""
    with torch.no_grad():
        return margin(model(images), goal)


def loss_and_gradient(
    loss: Callable[[Tensor, Goal], Tensor], model: Model, images: Tensor, goal: Goal
) -> tuple[Tensor, Tensor]:
    """Return the loss of each picture (N,) and its gradient there, (N, 3, S, S).

    loss: cross_entropy or margin.  The model's parameters keep the gradients they had.
    Raises ValueError when the model has no class for a label, or its gradient is none, zero for
    every picture, or not finite.
    """
    images = images.detach().requires_grad_()
    with torch.enable_grad():
        logits = model(images)
        if goal.largest >= logits.shape[1]:
            raise ValueError(
                f"class is {goal.largest}; this model's classes are 0 to {logits.shape[1] - 1}."
            )
        values = loss(logits, goal)
        if not values.requires_grad:
            raise ValueError(NO_GRADIENT)
        (gradient,) = torch.autograd.grad(values.sum(), images, allow_unused=True)
    if gradient is None:
        raise ValueError(NO_GRADIENT)
    size = float(gradient.abs().sum())  # read once, for a step on a GPU waits for it
    if size == 0:
        raise ValueError(NO_GRADIENT)
    if not math.isfinite(size):
        raise ValueError(f"the network's gradient is {size}; an attack needs finite numbers.")
    return values.detach(), gradient


def through(defence: Model, model: Model) -> Model:
    """Put a differentiable defence, pictures to pictures, in front of a model."""
    return lambda images: model(defence(images))
