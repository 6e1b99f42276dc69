"""What training makes small: the loss of one batch, by the name that a recipe gives it."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from blurlab.attacks import descent
from blurlab.attacks.norms import each
from blurlab.filters.blur import gaussian_blur
from blurlab.networks.classifier import Classifier
from blurlab.training import similarity
from blurlab.training.similarity import Stimuli


class Shown(NamedTuple):
    """One batch of training.

    images: (N, 3, S, S) in [0, 1].  labels: (N,).  smoothing: share of the labels spread over all
    classes.  generator: draws what is random.  stimuli: with the similarity to reach, where one is.
    bfloat16: whether the net computes in it.  teacher: whose answers are to be given, where one is.
    """

    images: Tensor
    labels: Tensor
    smoothing: float
    generator: torch.Generator
    stimuli: Stimuli | None = None
    bfloat16: bool = False
    teacher: Classifier | None = None


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
    from 0 up to it. By Yin et al. 2019 (NeurIPS) this makes networks rely on low frequencies.
    """
    noised = seen("noisy", shown.images, settings, shown.generator)
    return _cross_entropy(answer(model, noised, shown.bfloat16), shown)


def _noised(images: Tensor, settings: dict[str, Any], generator: torch.Generator) -> Tensor:
    deviations = settings["deviation"] * torch.rand(len(images), generator=generator)
    noise = each(deviations) * torch.randn(images.shape, generator=generator)
    return (images + noise.to(images)).clamp(0, 1)


def blurred(model: Classifier, shown: Shown, settings: dict[str, Any]) -> Tensor:
    """The cross-entropy of the answers to pictures some of which are blurred.

    settings: sigmas, in pixels, of which each picture is blurred by one, drawn evenly. Jang and
    Tong 2024 (Nature Communications, doi 10.1038/s41467-024-45679-0) train on clear and blurry
    pictures, and find networks closer to people.
    """
    softened = seen("blurred", shown.images, settings, shown.generator)
    return _cross_entropy(answer(model, softened, shown.bfloat16), shown)


def _blurred(images: Tensor, settings: dict[str, Any], generator: torch.Generator) -> Tensor:
    sigmas = settings["sigmas"]
    drawn = torch.randint(len(sigmas), (len(images),), generator=generator).to(images.device)
    softened = images.clone()
    for place, sigma in enumerate(sigmas):
        if sigma:
            softened[drawn == place] = gaussian_blur(images[drawn == place], sigma)
    return softened


CHANGES = {"noisy": _noised, "distilled_noisy": _noised, "blurred": _blurred}


def seen(
    objective: str, images: Tensor, settings: dict[str, Any], generator: torch.Generator
) -> Tensor:
    """Return pictures as an objective shows them, where it changes them without the net's help.

    Batch statistics of pictures without the noise that a net has learned under would not fit it:
    under noise it would then name next to nothing.
    """
    change = CHANGES.get(objective)
    return change(images, settings, generator) if change else images


def distilled(model: Classifier, shown: Shown, settings: dict[str, Any]) -> Tensor:
    """How far the answers are from the teacher's to the same pictures, which no blur precedes."""
    return _divergence(model, shown.images, taught(shown), shown)


def distilled_noisy(model: Classifier, shown: Shown, settings: dict[str, Any]) -> Tensor:
    """How far the answers to pictures under noise are from the teacher's to the clean ones.

    settings: deviation, as of noisy.
    """
    noised = seen("distilled_noisy", shown.images, settings, shown.generator)
    return _divergence(model, noised, taught(shown), shown)


@torch.no_grad()
def taught(shown: Shown) -> Tensor:
    """Return the teacher's log-probabilities, (N, classes), of the pictures as they are."""
    assert shown.teacher is not None
    return answer(shown.teacher, shown.images, shown.bfloat16).log_softmax(-1)


def _divergence(model: Classifier, images: Tensor, target: Tensor, shown: Shown) -> Tensor:
    """Kullback and Leibler's divergence of the answers from the target, in nats a picture."""
    found = answer(model, images, shown.bfloat16).log_softmax(-1)
    return F.kl_div(found, target, log_target=True, reduction="batchmean")


def similar(model: Classifier, shown: Shown, settings: dict[str, Any]) -> Tensor:
    """The cross-entropy, and how far the net's similarities of stimuli are from those to reach.

    settings: target, where those are from; weight of the distance; pictures, drawn for each batch.
    """
    stimuli = shown.stimuli
    assert stimuli is not None
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
    "blurred": blurred,
    "distilled": distilled,
    "distilled_noisy": distilled_noisy,
}
