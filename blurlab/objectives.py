"""What training makes small: the loss of one batch, by the name that a recipe gives it."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from blurlab import attacks, similarity
from blurlab.augment import augmix
from blurlab.models import Classifier
from blurlab.similarity import Stimuli


class Shown(NamedTuple):
    """One batch of training.

    images: (N, 3, S, S) in [0, 1].  labels: (N,).  smoothing: share of the labels spread over all
    classes.  generator: draws what is random.  stimuli: with the similarity to reach, where one is.
    """

    images: Tensor
    labels: Tensor
    smoothing: float
    generator: torch.Generator
    stimuli: Stimuli | None = None


def answer(model: Classifier, images: Tensor) -> Tensor:
    """Return a model's logits as training takes them: on CUDA the net computes in bfloat16.

    That is for speed. What comes before the net stays in float32, and so do the weights.
    """
    prepared = model.prepare(images)
    with torch.autocast("cuda", torch.bfloat16, enabled=images.is_cuda):
        logits = model.net(prepared)
    return logits.float()


def plain(model: Classifier, shown: Shown, settings: dict[str, Any]) -> Tensor:
    """The cross-entropy of the answers."""
    return _cross_entropy(answer(model, shown.images), shown)


def adversarial(model: Classifier, shown: Shown, settings: dict[str, Any]) -> Tensor:
    """The cross-entropy of the answers to pictures that were first attacked (Madry et al. 2018).

    settings: epsilon of the L-infinity PGD, in 255ths, and its steps, from a random start. Even two
    or three steps keep the net from learning to fool single steps alone (Wong et al. 2020, ICLR).
    """
    *_, attacked = attacks.pgd(
        partial(answer, model),
        shown.images,
        shown.labels,
        epsilon=settings["epsilon"] / 255,
        steps=settings["steps"],
        generator=shown.generator,
    )
    return _cross_entropy(answer(model, attacked), shown)


def consistent(model: Classifier, shown: Shown, settings: dict[str, Any]) -> Tensor:
    """The cross-entropy, and how far apart the answers to two AugMix versions of a picture are.

    settings: consistency, the weight of the Jensen-Shannon divergence of the three answers; 12 is
    that of Hendrycks et al. 2020.
    """
    versions = [augmix(shown.images, shown.generator) for _ in range(2)]
    logits = answer(model, torch.cat([shown.images, *versions])).chunk(3)
    logs = torch.stack([each.log_softmax(-1) for each in logits])
    middle = logs.exp().mean(0).clamp(min=1e-7).log()
    apart = (logs.exp() * (logs - middle)).sum(-1).mean()
    return _cross_entropy(logits[0], shown) + settings["consistency"] * apart


def similar(model: Classifier, shown: Shown, settings: dict[str, Any]) -> Tensor:
    """The cross-entropy, and how far the net's similarities of stimuli are from those to reach.

    settings: target, where those are from; weight of the distance; pictures, drawn for each batch.
    """
    stimuli = shown.stimuli
    drawn = torch.randperm(len(stimuli.images), generator=shown.generator)[: settings["pictures"]]
    drawn = drawn.to(stimuli.images.device)
    found = similarity.of_network(model, stimuli.images[drawn])
    distance = similarity.distance(found, stimuli.similarity[drawn][:, drawn])
    return plain(model, shown, settings) + settings["weight"] * distance


def _cross_entropy(logits: Tensor, shown: Shown) -> Tensor:
    return F.cross_entropy(logits, shown.labels, label_smoothing=shown.smoothing)


OBJECTIVES: dict[str, Callable[[Classifier, Shown, dict[str, Any]], Tensor]] = {
    "plain": plain,
    "adversarial": adversarial,
    "augmix": consistent,
    "similar": similar,
}
