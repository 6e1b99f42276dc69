"""The networks that a classifier can be made of: ours, CIFAR's, torchvision's, timm's."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from blurlab.networks.programs import Program

PROGRAM = "program"  # the architecture of what torch.export wrote; a recipe holds its graph


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut, which averages before it skips a pixel."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
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


class CifarBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut, under the names that torchvision's blocks have.

    padded: a shortcut that skips every other pixel, and adds as many channels of zeros before its
    own as behind them; it has no weights.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, padded: bool):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride, self.added = stride, (outputs - inputs) // 2
        self.downsample = nn.Sequential()
        if stride > 1 and not padded:
            self.downsample.append(nn.Conv2d(inputs, outputs, 1, stride, bias=False))
            self.downsample.append(nn.BatchNorm2d(outputs))

    def forward(self, features: Tensor) -> Tensor:
        residual = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(features)))))
        if len(self.downsample) or self.stride == 1:
            return F.relu(residual + self.downsample(features))
        kept = features[..., :: self.stride, :: self.stride]
        return F.relu(residual + F.pad(kept, (0, 0, 0, 0, self.added, self.added)))


class CifarResNet(nn.Module):
    """The residual networks that He et al. 2016 made for CIFAR, of 6 blocks + 2 layers.

    blocks: of each of the three stages; 3 for ResNet-20.
    padded: whether shortcuts are the paper's option A, without weights, as in those of
    github.com/akamaster/pytorch_resnet_cifar10, and the last layer is called linear; otherwise
    they are convolutions and it is called fc, as in github.com/chenyaofo/pytorch-cifar-models.
    Takes (N, 3, S, S) normalised pictures, S = 32 in CIFAR; returns (N, classes) logits.
    """

    def __init__(self, classes: int, blocks: int, padded: bool = False):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        channels = 16
        for stage, width in enumerate((16, 32, 64), 1):
            made = [CifarBlock(channels, width, 1 if stage == 1 else 2, padded)]
            made += [CifarBlock(width, width, 1, padded) for _ in range(1, blocks)]
            self.add_module(f"layer{stage}", nn.Sequential(*made))
            channels = width
        self.last = "linear" if padded else "fc"
        self.add_module(self.last, nn.Linear(64, classes))

    def forward(self, images: Tensor) -> Tensor:
        features = F.relu(self.bn1(self.conv1(images)))
        for stage in ("layer1", "layer2", "layer3"):
            features = self.get_submodule(stage)(features)
        return self.get_submodule(self.last)(features.mean((-2, -1)))


class Cifar(NamedTuple):
    """Blocks of each stage, and the layout; see CifarResNet."""

    blocks: int
    padded: bool


OPTION_A = "_a"
CIFAR = {
    f"resnet{6 * blocks + 2}{OPTION_A * padded}": Cifar(blocks, padded)
    for padded in (False, True)
    for blocks in (3, 5, 7, 9, 18, 200)
}
CIFAR_LAYOUTS = (
    "cifar's resnet20 to resnet1202 have convolutions in their shortcuts and end in fc, those with "
    f"{OPTION_A} have shortcuts without weights and end in linear"
)


def net(recipe: dict, classes: int) -> nn.Module:
    """Make the untrained network of a recipe; the caller's default device decides where.

    recipe: its architecture is LIBRARY:NAME, of a library in LIBRARIES, or PROGRAM; without one it
    is a ResidualNet.
    Raises ValueError for a name that the library does not have, or a library that is not installed.
    """
    if "architecture" not in recipe:
        return ResidualNet(classes, recipe["stem"], recipe["widths"], recipe["blocks"])
    library, _, name = recipe["architecture"].partition(":")
    if library == PROGRAM:
        return Program(recipe["graph"])
    if library not in LIBRARIES:
        known = ", ".join(f"{each}:NAME" for each in LIBRARIES)
        raise ValueError(f"architecture {recipe['architecture']!r} is none; it is {known}.")
    return LIBRARIES[library](name, classes)


def _cifar(name: str, classes: int) -> nn.Module:
    if name not in CIFAR:
        raise ValueError(f"cifar has no {name!r}; it has {', '.join(CIFAR)}.")
    return CifarResNet(classes, *CIFAR[name])


def cifar_alike(names: Iterable[str]) -> str | None:
    """Name the architecture of CIFAR's whose tensors have these names; None where none has.

    names: as in a file, whatever they begin with; counters of batches do not count.
    """
    held = [name for name in names if not name.endswith("num_batches_tracked")]
    first = "layer1.0.conv1.weight"
    prefix = next((name.removesuffix(first) for name in held if name.endswith(first)), "")
    given = {name.removeprefix(prefix) for name in held if name.startswith(prefix)}
    blocks = sum(bool(re.fullmatch(r"layer1\.\d+\.conv1\.weight", name)) for name in given)
    for name, row in CIFAR.items():
        recipe = {"architecture": f"cifar:{name}"}
        if row.blocks == blocks and given == {
            key for key in shapes(recipe, 2) if not key.endswith("num_batches_tracked")
        }:
            return recipe["architecture"]
    return None


def hint(architecture: str, names: Iterable[str]) -> str:
    """Say what a file is of that does not fit: a sentence's end where CIFAR's networks are in play.

    names: of the file's tensors.
    """
    alike = cifar_alike(names)
    layouts = f"; {CIFAR_LAYOUTS}" if architecture.startswith("cifar:") else ""
    if alike is None:
        return layouts
    return f"{layouts}; the file looks like {alike}" if alike != architecture else ""


def _torchvision(name: str, classes: int) -> nn.Module:
    from torchvision import models  # takes as long to import as torch; few need it

    known = models.list_models(module=models)
    if name not in known:
        alike = [f"cifar:{name}"] if name in CIFAR else _like(name, known)
        raise ValueError(f"torchvision has no classifier {name!r}; there is {', '.join(alike)}.")
    # These two would draw their first weights number by number, for a minute.
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    return models.get_model(name, weights=None, num_classes=classes, **options)


def _timm(name: str, classes: int) -> nn.Module:
    try:
        import timm
    except ImportError:
        raise ValueError("timm is not installed; `pip install timm` adds its models.") from None
    if not timm.is_model(name):
        raise ValueError(f"timm {timm.__version__} has no model {name!r}.")
    try:
        return timm.create_model(name, pretrained=False, num_classes=classes)
    except RuntimeError as error:  # it has no weights of that tag
        raise ValueError(f"timm {timm.__version__} has no {name!r}: {error}") from None


LIBRARIES = {"torchvision": _torchvision, "timm": _timm, "cifar": _cifar}


def fill(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Copy weights under a network's own names into it."""
    # A few of torchvision's networks refuse weights that do not say which version of them they fit,
    # as a state dict does beside what it holds.
    whole = network.state_dict()
    whole.clear()
    whole.update(state)
    network.load_state_dict(whole)


def title(recipe: dict) -> str:
    """Name a recipe's network for people."""
    return recipe.get("architecture", "this residual network").rpartition(":")[2]


def _like(name: str, known: list[str]) -> list[str]:
    """Return the few names most like this one, or the first of all."""
    return get_close_matches(name, known, 5) or [*known[:5], "..."]


def shapes(recipe: dict, classes: int) -> dict[str, torch.Size]:
    """Return the names and shapes of a recipe's weights."""
    try:
        with torch.device("meta"):
            made = net(recipe, classes)
    except NotImplementedError:  # torchvision's RegNets compute their widths with tensors
        made = net(recipe, classes)
    return {key: value.shape for key, value in made.state_dict().items()}
