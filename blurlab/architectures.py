"""The networks that a classifier can be made of: ours, and torchvision's and timm's by name."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LIBRARIES = ("torchvision", "timm")


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


def net(recipe: dict, classes: int) -> nn.Module:
    """Make the untrained network of a recipe; the caller's default device decides where.

    recipe: its architecture is "torchvision:NAME" or "timm:NAME"; without one it is a ResidualNet.
    Raises ValueError for a name that the library does not have, or a library that is not installed.
    """
    if "architecture" not in recipe:
        return ResidualNet(classes, recipe["stem"], recipe["widths"], recipe["blocks"])
    library, _, name = recipe["architecture"].partition(":")
    if library == "timm":
        return _timm(name, classes)
    if library == "torchvision":
        return _torchvision(name, classes)
    raise ValueError(
        f"architecture {recipe['architecture']!r} is none; it is torchvision:NAME or timm:NAME."
    )


def _torchvision(name: str, classes: int) -> nn.Module:
    from torchvision import models  # takes as long to import as torch; few need it

    known = models.list_models(module=models)
    if name not in known:
        raise ValueError(
            f"torchvision has no classifier {name!r}; it has {', '.join(_like(name, known))}."
        )
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
    return timm.create_model(name, pretrained=False, num_classes=classes)


def _like(name: str, known: list[str]) -> list[str]:
    """Return the few names most like this one, or the first of all."""
    import difflib

    return difflib.get_close_matches(name, known, 5) or [*known[:5], "..."]


def shapes(recipe: dict, classes: int) -> dict[str, torch.Size]:
    """Return the names and shapes of a recipe's weights."""
    try:
        with torch.device("meta"):
            made = net(recipe, classes)
    except NotImplementedError:  # torchvision's RegNets compute their widths with tensors
        made = net(recipe, classes)
    return {key: value.shape for key, value in made.state_dict().items()}
