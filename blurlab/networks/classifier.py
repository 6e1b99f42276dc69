"""A network with everything it needs before it: resize, the blur layer, normalisation."""

from collections.abc import Callable, Sequence
from copy import copy

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from blurlab.filters import pca
from blurlab.filters.blur import GaussianBlur
from blurlab.networks import architectures
from blurlab.pictures import objects
from blurlab.pictures.grey import grey
from blurlab.pictures.resizing import center, resize

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, kept by all our networks


# What a recipe may add to the input size and the blur layer, and so tells its model from others.
AROUND = ("mean", "std", "crop", "interpolation", "components", "grey", "probabilities")


# What a recipe says of a network that is not ours.
INSIDE = ("architecture", "graph")


# By how much the sum of probabilities may differ from 1, in float16 too.
SUM_TOLERANCE = 1e-3


# By how much float16 may change a probability.
HALF_TOLERANCE = 0.002


# Else CUDA convolves float32 in TF32, which rounds to the eleven digits of float16: behind a blur
# of 3 pixels that changes probabilities by a tenth. For all threads at once, for they share it.
torch.backends.cudnn.allow_tf32 = False


class Classifier(nn.Module):
    """A network with everything it needs before it: resize, the blur layer, normalisation.

    net: (N, 3, S, S) normalised -> (N, classes) logits, or probabilities.
    input_size: side in pixels that pictures are resized to (antialiased) before anything else.
    sigma: of the blur layer in pixels of the resized picture; 0 leaves it out.
    mean, std: of the three colours, which the net expects to be subtracted and divided by.
    crop: side in pixels of the centre of the resized picture, which is all that the net sees; None
    shows it the whole.  interpolation: of the resizing, "bilinear" or "bicubic".
    components: how many of the leading ones of the basis that ships the resized picture is
    projected on, which must have the basis's size; 0 leaves it as it is.
    grey: whether the net sees pictures in grey, by BT.601, whatever their colours.
    probabilities: whether the net ends in a softmax; their logarithms are the logits then.
    Takes (N, 3, S, S) in [0, 1], any S; returns (N, classes) logits. Pictures that do not fit the
    device's memory together are answered in halves, unless the net is in training.
    Raises ValueError when not even one fits.
    With half_precision set, the net computes as autocast to float16 does wherever no gradient is
    wanted. Where quick is set, it answers in the net's place there: prepared pictures -> logits.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        net: nn.Module,
        *,
        input_size: int,
        sigma: float = 0.0,
        mean: Sequence[float] = MEAN,
        std: Sequence[float] = STD,
        crop: int | None = None,
        interpolation: str = "bilinear",
        components: int = 0,
        grey: bool = False,
        probabilities: bool = False,
    ):
        super().__init__()
        self.half_precision = False
        self.quick: Callable[[Tensor], Tensor] | None = None
        self.net, self.input_size = net, input_size
        self.crop, self.interpolation, self.grey = crop, interpolation, grey
        self.probabilities = probabilities
        self.projection = pca.Projection(components) if components else nn.Identity()
        self.blur = GaussianBlur(sigma) if sigma else nn.Identity()
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)

    def in_float32(self) -> "Classifier":
        """Return this network, with the same weights, as one that answers in float32 alone."""
        whole = copy(self)
        whole.half_precision = False
        return whole

    def forward(self, images: Tensor) -> Tensor:
        try:
            answers = self._whole(images)
            return as_logits(answers) if self.probabilities else answers
        except torch.OutOfMemoryError:
            if self.training:  # batch statistics of halves would be others
                raise
        # Out of the handler, whose error holds on to what was computed.
        if len(images) == 1:
            raise ValueError(
                f"one picture of {images.shape[-1]} pixels does not fit the memory left on "
                f"{images.device}; free some of it, or take a smaller network."
            )
        return torch.cat([self._half(half) for half in images.chunk(2)])

    def _whole(self, images: Tensor) -> Tensor:
        prepared = self.prepare(images)
        if torch.is_grad_enabled() or self.training:
            return self.net(prepared)
        if self.quick and prepared.device.type == "cpu":
            return self.quick(prepared)
        if not self.half_precision:
            return self.net(prepared)
        with torch.autocast(images.device.type, torch.float16):
            return self.net(prepared).float()

    def _half(self, images: Tensor) -> Tensor:
        """Answer without keeping what the gradient needs, which is computed again when it does."""
        if torch.is_grad_enabled():
            return checkpoint(self, images, use_reentrant=False)
        return self(images)

    def prepare(self, images: Tensor) -> Tensor:
        """Return what the net is shown of pictures."""
        resized = resize(images, self.input_size, self.interpolation)
        if self.grey:
            resized = grey(resized).expand_as(resized)
        blurred = self.blur(self.projection(resized))
        return (center(blurred, self.crop) - self.mean) / self.std


def are_probabilities(answers: Tensor) -> bool:
    """Tell whether (N, classes) answers are what a softmax gives, and so no logits."""
    sums = answers.sum(-1)
    return bool((answers >= 0).all() and ((sums - 1).abs() <= SUM_TOLERANCE).all())


def as_logits(probabilities: Tensor) -> Tensor:
    """Return logits whose softmax the probabilities are, finite ones where one is 0."""
    return probabilities.clamp(min=torch.finfo(probabilities.dtype).tiny).log()


def best_device() -> str:
    """Name the fastest device here: "cuda", "mps" or "cpu"."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def build(recipe: dict, classes: int) -> Classifier:
    """Make the untrained classifier that a card's or a recipe's architecture describes."""
    return around(architectures.net(recipe, classes), recipe)


def around(net: nn.Module, recipe: dict) -> Classifier:
    """Put around a network what its recipe says must come before it and after."""
    given = {key: recipe[key] for key in AROUND if key in recipe}
    return Classifier(net, input_size=recipe["input_size"], sigma=recipe["sigma"], **given)


@torch.no_grad()
def survives_half_precision(model: Classifier) -> bool:
    """Tell whether float16 changes no probability by more than HALF_TOLERANCE on 16 objects."""
    pictures, _ = objects.objects(16, 128, torch.Generator().manual_seed(0))
    pictures = pictures.to(model.mean.device)
    try:
        with torch.autocast(pictures.device.type, torch.float16):
            half = model(pictures).float().softmax(-1)
    except RuntimeError:  # operations of its graph do not take mixed types
        return False
    # Not-a-number, where a net leaves float16's range, is no small change either.
    return bool((half - model(pictures).softmax(-1)).abs().max() <= HALF_TOLERANCE)


def top_k(logits: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k most probable answers, best first.

    logits: (N, classes).  k: 1 to the number of classes.
    Returns (N, k) probabilities and (N, k) class indices.
    """
    return logits.softmax(-1).topk(k, -1)
