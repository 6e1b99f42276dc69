"""Accuracy under corruptions and attacks, estimated as the pictures come, with 95 % intervals."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab import attacks
from blurlab.corruptions import CORRUPTIONS, SEVERITIES, corrupt, eight_bit
from blurlab.sensitivity import Interval, share

BANDS = ("low", "medium", "high")


class Corrupted(NamedTuple):
    """Accuracies so far. accuracy: name -> (5,) by severity.  bands: low, medium, high -> mean."""

    accuracy: dict[str, Tensor]
    bands: dict[str, Interval]
    pictures: int


@torch.no_grad()
def corruption_accuracy(
    model: Callable[[Tensor], Tensor],
    images: Tensor,
    labels: Tensor,
    *,
    seed: int = 0,
    batch: int = 50,
) -> Iterator[Corrupted]:
    """Ask a model about corrupted pictures: every corruption at every severity.

    images: (N, 3, S, S) uint8, S at least 32.  labels: (N,).
    The strengths are ImageNet-C's, in 8 bits as it was published. A band is the mean over the
    corruptions of that class (Li et al. 2023) and severities; its interval is over pictures.
    Yields the estimates after every batch; memory does not grow with N.
    """
    right = {name: torch.zeros(len(SEVERITIES)) for name in CORRUPTIONS}
    sums = {band: torch.zeros(2, dtype=torch.float64) for band in BANDS}
    pictures = 0
    for number, chosen in enumerate(torch.arange(len(labels)).split(batch)):
        clean = images[chosen].float() / 255
        answered = {}
        for name in CORRUPTIONS:
            answered[name] = torch.stack(
                [
                    model(eight_bit(corrupt(clean, name, severity, _generator(seed, number))))
                    .argmax(-1)
                    .eq(labels[chosen])
                    for severity in SEVERITIES
                ]
            ).float()  # (5, batch)
            right[name] += answered[name].sum(1)
        for band, total in sums.items():
            members = [answered[name] for name, row in CORRUPTIONS.items() if row.band == band]
            each = torch.cat(members).double().mean(0)  # (batch,) share right of each picture
            total += torch.stack([each.sum(), each.square().sum()])
        pictures += len(chosen)
        yield Corrupted(
            {name: count / pictures for name, count in right.items()},
            {band: _mean(*total.tolist(), pictures) for band, total in sums.items()},
            pictures,
        )


def _generator(seed: int, batch: int) -> torch.Generator:
    """Draw alike for every corruption and severity of a batch, so that they differ in strength."""
    return torch.Generator().manual_seed(1_000_003 * seed + batch)


def _mean(total: float, squares: float, count: int) -> Interval:
    mean = total / count
    spread = 1.959964 * math.sqrt(max(0.0, squares / count - mean**2) / count)
    return Interval(mean, max(0.0, mean - spread), min(1.0, mean + spread))


def attack_accuracy(
    attacked: Callable[[Tensor], Tensor],
    asked: Callable[[Tensor], Tensor],
    images: Tensor,
    labels: Tensor,
    *,
    epsilon: float,
    steps: int = 10,
    seed: int = 0,
    batch: int = 50,
) -> Iterator[tuple[Interval, int]]:
    """Ask one model about pictures attacked on another, by untargeted L-infinity PGD.

    attacked and asked are the same model in an adaptive attack; in a transfer they differ.
    images: (N, 3, S, S) uint8.  labels: (N,).  epsilon: radius, of pictures in [0, 1].
    Yields the accuracy with its interval, and the count of pictures, after every batch.
    """
    generator = torch.Generator().manual_seed(seed)
    right = pictures = 0
    for chosen in torch.arange(len(labels)).split(batch):
        *_, changed = attacks.pgd(
            attacked,
            images[chosen].float() / 255,
            labels[chosen],
            epsilon=epsilon,
            steps=steps,
            generator=generator,
        )
        with torch.no_grad():
            right += int((asked(changed).argmax(-1) == labels[chosen]).sum())
        pictures += len(chosen)
        yield share(right, pictures), pictures
