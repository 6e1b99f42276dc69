"""What training makes small: the loss of one batch, by the name that a recipe gives it."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from blurlab.attacks import descent
from blurlab.attacks.norms import each
from blurlab.networks.classifier import Classifier
from blurlab.training import similarity
from blurlab.training.similarity import Stimuli


class Shown(NamedTuple):
    """One batch of training.

    images: (N, 3, S, S) in [0, 1].  labels: (N,).  smoothing: share of the labels spread over all
    classes.  generator: draws what is random.  stimuli: with the similarity to reach, where one is.
    bfloat16: whether the net computes in it.
    """

    images: Tensor
    labels: Tensor
    smoothing: float
    generator: torch.Generator
    stimuli: Stimuli | None = None
    bfloat16: bool = False


def answer(model: Classifier, images: Tensor, bfloat16: bool) -> Tensor:
    """Return a model's logits, float32, as training takes them.

    bfloat16: whether the net computes in it, for speed. What comes before the net stays in float32,
    and so do the weights.
    """
    prepared = model.prepare(images)
    with torch.autocast(images.device.type, torch.bfloat16, enabled=bfloat16):
        logits = model.net(prepared)
    return logits.float()


def plain(model: Classifier, shown: Shown, settings: dict[str, Any]) -> Tensor:
    """The cross-entropy of the answers."""
    return _cross_entropy(answer(model, shown.images, shown.bfloat16), shown)


def adversarial(model: Classifier, shown: Shown, settings: dict[str, Any]) -> Tensor:
    """The cross-entropy of the answers to pictures that were first attacked.

    settings: epsilon, in 255ths, of the L-infinity ball in which the attack starts anywhere and
    takes one step of 1.25 epsilon along the gradient's sign. Wong et al. 2020 (ICLR, "Fast is
    better than free") train networks at 2/255 and 4/255 so, and find PGD withstood.
    """
    epsilon = settings["epsilon"] / 255
    *_, attacked = descent.pgd(
        partial(answer, model, bfloat16=shown.bfloat16),
        shown.images,
        shown.labels,
        epsilon=epsilon,
        steps=1,
        step_size=1.25 * epsilon,
        generator=shown.generator,
    )
    return _cross_entropy(answer(model, attacked, shown.bfloat16), shown)


def noisy(model: Classifier, shown: Shown, settings: dict[str, Any]) -> Tensor:
    """The cross-entropy of the answers to pictures under Gaussian noise.

    settings: deviation, the largest, for pictures in [0, 1]; that of each picture is drawn evenly
    from 0 up to it. Yin et al. 2019 (NeurIPS) find that this makes networks go by low frequencies.
    """
    images, generator = shown.images, shown.generator
    deviations = settings["deviation"] * torch.rand(len(images), generator=generator)
    noise = each(deviations) * torch.randn(images.shape, generator=generator)
    noised = (images + noise.to(images)).clamp(0, 1)
    return _cross_entropy(answer(model, noised, shown.bfloat16), shown)


def similar(model: Classifier, shown: Shown, settings: dict[str, Any]) -> Tensor:
    """The cross-entropy, and how far the net's similarities of stimuli are from those to reach.

    settings: target, where those are from; weight of the distance; pictures, drawn for each batch.
    """
    stimuli = shown.stimuli
    drawn = torch.randperm(len(stimuli.images), generator=shown.generator)[: settings["pictures"]]
    drawn = drawn.to(stimuli.images.device)
    # First, for a compiled net writes its batch statistics where the gradient of an earlier, not
    # compiled pass would still look for the old ones.
    loss = plain(model, shown, settings)
    found = similarity.of_network(model, stimuli.images[drawn], shown.bfloat16)
    distance = similarity.distance(found, stimuli.similarity[drawn][:, drawn])
    return loss + settings["weight"] * distance


def _cross_entropy(logits: Tensor, shown: Shown) -> Tensor:
    return F.cross_entropy(logits, shown.labels, label_smoothing=shown.smoothing)


OBJECTIVES: dict[str, Callable[[Classifier, Shown, dict[str, Any]], Tensor]] = {
    "plain": plain,
    "adversarial": adversarial,
    "noisy": noisy,
    "similar": similar,
}
