"""The networks BlurLab looks through: what ships, how it is loaded, what it answers."""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from blurlab import architectures, objects, pca
from blurlab.blur import GaussianBlur
from blurlab.recipes import RECIPES

MODELS_DIR = Path(__file__).parents[1] / "assets" / "models"  # those that ship
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, kept by all our networks
# What a recipe may add to the input size and the blur layer, and so tells its model from others.
PREPROCESSING = ("mean", "std", "crop", "interpolation", "components")
# What a recipe says of a network that is not ours.
INSIDE = ("architecture", "graph")
# By how much float16 may change a probability.  It rounds to the eleven digits of TF32, in which
# CUDA convolves float32.
HALF_TOLERANCE = 0.002


class Classifier(nn.Module):
    """A network with everything it needs before it: resize, the blur layer, normalisation.

    net: (N, 3, S, S) normalised -> (N, classes) logits.
    input_size: side in pixels that pictures are resized to (antialiased) before anything else.
    sigma: of the blur layer in pixels of the resized picture; 0 leaves it out.
    mean, std: of the three colours, which the net expects to be subtracted and divided by.
    crop: side in pixels of the centre of the resized picture, which is all that the net sees; None
    shows it the whole.  interpolation: of the resizing, "bilinear" or "bicubic".
    components: how many of the leading ones of the basis that ships the resized picture is
    projected on, which must have the basis's size; 0 leaves it as it is.
    Takes (N, 3, S, S) in [0, 1], any S; returns (N, classes) logits. Pictures that do not fit the
    device's memory together are answered in halves, unless the net is in training.
    Raises ValueError when not even one fits.
    With half_precision set, the net computes as autocast to float16 does wherever no gradient is
    wanted.
    """

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
    ):
        super().__init__()
        self.half_precision = False
        self.net, self.input_size = net, input_size
        self.crop, self.interpolation = crop, interpolation
        self.projection = pca.Projection(components) if components else nn.Identity()
        self.blur = GaussianBlur(sigma) if sigma else nn.Identity()
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        try:
            return self._whole(images)
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
        if not self.half_precision or torch.is_grad_enabled():
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
        blurred = self.blur(self.projection(resized))
        return (center(blurred, self.crop) - self.mean) / self.std


def resize(images: Tensor, size: int, interpolation: str = "bilinear") -> Tensor:
    """Resize (N, 3, S, S) pictures in [0, 1] to (N, 3, size, size), antialiased, unless they are.

    interpolation: "bilinear" or "bicubic".
    """
    if images.shape[-1] == size:
        return images
    resized = F.interpolate(images, (size, size), mode=interpolation, antialias=True)
    return resized if interpolation == "bilinear" else resized.clamp(0, 1)


def center(images: Tensor, crop: int | None) -> Tensor:
    """Cut the centre of side crop out of (N, 3, S, S) pictures; None leaves them whole."""
    if crop is None or crop == images.shape[-1]:
        return images
    first = round((images.shape[-1] - crop) / 2)
    return images[..., first : first + crop, first : first + crop]


def best_device() -> str:
    """Name the fastest device here: "cuda", "mps" or "cpu"."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def own_folder() -> Path:
    """Return where added models lie: $BLURLAB_MODELS, or the user's cache."""
    return Path(os.environ.get("BLURLAB_MODELS", Path.home() / ".cache" / "blurlab" / "models"))


def names() -> list[str]:
    """List the installed models: those that ship as the recipes stand, then the others by name."""
    found = {path.stem for folder in folders() for path in folder.glob("*.json")}
    return [name for name in RECIPES if name in found] + sorted(found - RECIPES.keys())


def pair(data: str) -> tuple[str, str]:
    """Name the plain network trained on a data set, and the one behind a blur of 2 pixels."""
    return f"{data}_base", f"{data}_blur2"


def folders() -> tuple[Path, Path]:
    """Return where models are looked for, the first one first."""
    return MODELS_DIR, own_folder()


def card_path(name: str) -> Path:
    """Return where an installed model's card lies.

    Raises ValueError for a name that is not installed.
    """
    known = names()
    if name not in known:
        remedy = f"choose from {', '.join(known)}" if known else f"{MODELS_DIR} holds no model"
        raise ValueError(f"model {name!r} is not installed; {remedy}.")
    paths = [folder / f"{name}.json" for folder in folders()]
    return next(path for path in paths if path.is_file())


def card(name: str) -> dict:
    """Return the model's card: data, recipe, classes and everything measured of it.

    Raises ValueError for a name that is not installed.
    """
    return json.loads(card_path(name).read_text())


def write_card(path: Path, info: dict) -> None:
    """Write a card so that a kill at any moment leaves the old one or the new."""
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(info, indent=1) + "\n")
    os.replace(unfinished, path)


def build(recipe: dict, classes: int) -> Classifier:
    """Make the untrained classifier that a card's or a recipe's architecture describes."""
    return classifier(architectures.net(recipe, classes), recipe)


def classifier(net: nn.Module, recipe: dict) -> Classifier:
    """Put in front of a network what its recipe says must come before it."""
    given = {key: recipe[key] for key in PREPROCESSING if key in recipe}
    return Classifier(net, input_size=recipe["input_size"], sigma=recipe["sigma"], **given)


def load(name: str, device: str | torch.device = "cpu") -> Classifier:
    """Load an installed model, frozen and in evaluation mode; its weights are float32 on device.

    On CUDA it answers in float16 if it passes `survives_half_precision`; gradients are float32.
    Raises ValueError for a name that is not installed or weights that are not the card's.
    """
    info, path = card(name), card_path(name).with_suffix(".safetensors")
    if not path.is_file():
        raise ValueError(f"the weights {path.name} are missing; install the model again.")
    if sha256(path) != info["sha256"]:
        raise ValueError(f"the weights {path.name} do not match the sha256 on their card.")
    model = build(info["recipe"], len(info["classes"]))
    architectures.fill(model.net, load_file(path))
    model = model.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)
    model.half_precision = model.mean.is_cuda and survives_half_precision(model)
    return model


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


def identity(info: dict) -> str:
    """Return what tells a model from every other by its card: its weights and how they are used.

    16 hexadecimal digits.
    """
    recipe = info["recipe"]
    parts = [info["sha256"], recipe["input_size"], recipe["sigma"]]
    # Those that ship have none of these, and keep the identity that their results are kept under.
    parts += [[key, recipe[key]] for key in (*INSIDE, *PREPROCESSING) if recipe.get(key)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def sha256(path: Path) -> str:
    """Return a file's SHA-256 as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def top_k(logits: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k most probable answers, best first.

    logits: (N, classes).  k: 1 to the number of classes.
    Returns (N, k) probabilities and (N, k) class indices.
    """
    return logits.softmax(-1).topk(k, -1)
