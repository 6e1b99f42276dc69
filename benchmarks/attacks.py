"""What an attack costs beyond the passes through the model that it cannot do without."""

from collections.abc import Callable, Iterator
from functools import partial

import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor

from benchmarks import Row, alternate
from blurlab.attacks.descent import pgd
from blurlab.attacks.minimum import minimal_epsilon
from blurlab.attacks.norms import NORMS

STEPS = 5
BATCH = {64: 16, 224: 4}  # pictures of each size


def bare_passes(model: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor) -> None:
    """Go forward, and backward to the pictures, STEPS times."""
    for _ in range(STEPS):
        leaf = images.detach().requires_grad_()
        torch.autograd.grad(F.cross_entropy(model(leaf), labels, reduction="sum"), leaf)


def all_steps(attack: Callable[[], Iterator]) -> None:
    """Attack to the end, and keep nothing."""
    for _ in attack():
        pass


def attacks_on_resnet18() -> Iterator[Row]:
    """Compare the attacks on a frozen ResNet-18 with its passes alone, at 64 and 224 pixels."""
    model = torchvision.models.resnet18(weights=None).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    attacks: dict[str, Callable[..., Iterator]] = {
        "PGD": partial(pgd, epsilon=8 / 255, steps=STEPS),
        "minimal size": partial(minimal_epsilon, steps=STEPS),
    }
    cases = [("PGD", norm, size) for norm in NORMS for size in (64, 224)]
    for name, norm, size in [*cases, ("minimal size", "linf", 64)]:
        images = torch.rand(BATCH[size], 3, size, size, generator=generator)
        labels = torch.arange(len(images))
        attack = partial(attacks[name], model, images, labels, norm=norm)
        ours, bare = alternate(
            partial(all_steps, attack), partial(bare_passes, model, images, labels), rounds=7
        )
        yield Row(
            f"{name}, {norm}, {STEPS} steps, ResNet-18, {BATCH[size]} pictures of {size} pixels",
            "the forward and backward-to-input passes alone",
            ours / bare,
            at_most=1.05 if name == "PGD" else None,
            times=f"{ours / STEPS * 1e3:.0f} against {bare / STEPS * 1e3:.0f} ms a step",
        )


ROWS = [attacks_on_resnet18]
