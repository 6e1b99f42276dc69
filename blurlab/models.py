"""The networks BlurLab looks through: what ships, how it is loaded, what it answers."""

import hashlib
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from blurlab.blur import GaussianBlur

MODELS_DIR = Path(__file__).parents[1] / "assets" / "models"
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, kept by all our networks


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut, which averages before it skips a pixel."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity()
        if stride > 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride, ceil_mode=True) if stride > 1 else nn.Identity(),
                nn.Conv2d(inputs, outputs, 1, bias=False),
                nn.BatchNorm2d(outputs),
            )

    def forward(self, features: Tensor) -> Tensor:
        residual = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(features)))))
        return F.relu(residual + self.shortcut(features))


class ResidualNet(nn.Sequential):
    """A small residual network: a 3x3 stem of stride 2, then one stage per width, each of stride 2.

    stem: channels after the stem.  widths, blocks: channels and blocks of each stage.
    Takes (N, 3, S, S) normalised pictures of any S from 16 up; returns (N, classes) logits.
    """

    def __init__(self, classes: int, stem: int, widths: list[int], blocks: list[int]):
        layers = [nn.Conv2d(3, stem, 3, 2, 1, bias=False), nn.BatchNorm2d(stem), nn.ReLU()]
        channels = stem
        for width, count in zip(widths, blocks, strict=True):
            for index in range(count):
                layers.append(Block(channels, width, stride=2 if index == 0 else 1))
                channels = width
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)]
        super().__init__(*layers)


class Classifier(nn.Module):
    """A network with everything it needs before it: resize, the blur layer, normalisation.

    net: (N, 3, S, S) normalised -> (N, classes) logits.
    input_size: side in pixels that pictures are resized to (antialiased) before anything else.
    sigma: of the blur layer in pixels of the resized picture; 0 leaves it out.
    Takes (N, 3, S, S) in [0, 1], any S; returns (N, classes) logits.
    """

    def __init__(self, net: nn.Module, *, input_size: int, sigma: float = 0.0):
        super().__init__()
        self.net, self.input_size = net, input_size
        self.blur = GaussianBlur(sigma) if sigma else nn.Identity()
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        blurred = self.blur(resize(images, self.input_size))
        return self.net((blurred - self.mean) / self.std)


def resize(images: Tensor, size: int) -> Tensor:
    """Resize (N, 3, S, S) pictures to (N, 3, size, size), antialiased, unless they have it."""
    if images.shape[-1] == size:
        return images
    return F.interpolate(images, (size, size), mode="bilinear", antialias=True)


def best_device() -> str:
    """Name the fastest device here: "cuda", "mps" or "cpu"."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def names() -> list[str]:
    """List the installed models by name."""
    return sorted(path.stem for path in MODELS_DIR.glob("*.json"))


def card(name: str) -> dict:
    """Return the model's card: data, recipe, classes and everything measured of it.

    Raises ValueError for a name that is not installed.
    """
    known = names()
    if name not in known:
        remedy = f"choose from {', '.join(known)}" if known else f"{MODELS_DIR} holds no model"
        raise ValueError(f"model {name!r} is not installed; {remedy}.")
    return json.loads((MODELS_DIR / f"{name}.json").read_text())


def build(recipe: dict, classes: int) -> Classifier:
    """Make the untrained classifier that a card's or a recipe's architecture describes."""
    net = ResidualNet(classes, recipe["stem"], recipe["widths"], recipe["blocks"])
    return Classifier(net, input_size=recipe["input_size"], sigma=recipe["sigma"])


def load(name: str, device: str | torch.device = "cpu") -> Classifier:
    """Load an installed model, frozen and in evaluation mode; its weights are float32 on device.

    Raises ValueError for a name that is not installed or weights that are not the card's.
    """
    info, path = card(name), MODELS_DIR / f"{name}.safetensors"
    if not path.is_file():
        raise ValueError(f"the weights {path.name} are missing; install the model again.")
    if sha256(path) != info["sha256"]:
        raise ValueError(f"the weights {path.name} do not match the sha256 on their card.")
    model = build(info["recipe"], len(info["classes"]))
    model.net.load_state_dict({key: value.float() for key, value in load_file(path).items()})
    return model.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)


def identity(info: dict) -> str:
    """Return what tells a model from every other by its card: weights, input size and blur layer.

    16 hexadecimal digits.
    """
    parts = [info["sha256"], info["recipe"]["input_size"], info["recipe"]["sigma"]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def sha256(path: Path) -> str:
    """Return a file's SHA-256 as 64 hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def top_k(logits: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k most probable answers, best first.

    logits: (N, classes).  k: 1 to the number of classes.
    Returns (N, k) probabilities and (N, k) class indices.
    """
    return logits.softmax(-1).topk(k, -1)
