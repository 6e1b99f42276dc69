"""The Fourier heatmap: the error rate when one frequency is added to the pictures, for each."""

import math
from typing import Any

import torch
from torch import Tensor

from blurlab.knobs import Knob
from blurlab.measures.figure import Panels, Plane
from blurlab.measures.row import Batch, Measure, Network, Number, Tally, always
from blurlab.statistics import UNDEFINED, share

EPSILON_SIZE = 224


def frequencies(cells: int, size: int) -> Tensor:
    """List the frequencies of one half of the plane, the others being their mirror images.

    cells: to a side, 3, 7, 15, 31, ...: one less than a power of two, so that the cells of a coarse
    map reappear in a finer one.  size: of the pictures, a multiple of cells + 1.
    Returns ((cells^2 + 1) / 2, 2) of (down, across) in cycles/image, the last being (0, 0).
    Raises ValueError when a map of these cells does not fit pictures of this size.
    """
    side = cells + 1
    if cells < 3 or side & cells or size % side:
        raise ValueError(
            f"cells is {cells}; pictures of {size} pixels allow 3, 7, 15, ..., one less than a "
            "power of two that divides their size."
        )
    axis = (torch.arange(1, side) - side // 2) * (size // side)
    plane = torch.cartesian_prod(axis, axis)
    return plane[: len(plane) // 2 + 1]


def wave(down: int, across: int, size: int) -> Tensor:
    """Draw the real Fourier basis picture of one frequency, (S, S), of Euclidean length 1."""
    position = torch.arange(size, dtype=torch.float64)
    # Whole turns are left out first, for cosines of large angles lose digits.
    turns = (down * position[:, None] + across * position) % size / size
    drawn = torch.cos(2 * math.pi * turns)
    return drawn / drawn.norm()


@torch.no_grad()
def tally(network: Network, batch: Batch, settings: dict[str, Any]) -> Tally:
    """Count the wrong answers: wrong, for each of frequencies(); clean.

    each_wrong (N, frequencies), each_clean (N,): of every picture.

    Every channel gets the wave with a random sign, the same at all frequencies, before the result
    is clipped to [0, 1] and the network normalises it.
    """
    size = batch.images.shape[-1]
    length = settings["epsilon"] * size / EPSILON_SIZE
    drawn = batch.drawn(lambda count, by: torch.randint(0, 2, (count, 3, 1, 1), generator=by))
    signs = (2 * drawn - 1).to(batch.images)
    wrong = []
    for down, across in frequencies(settings["cells"], size).tolist():
        added = length * wave(down, across, size).to(batch.images)
        changed = torch.addcmul(batch.images, signs, added).clamp_(0, 1)
        wrong.append(network(changed).argmax(-1) != batch.labels)
    each = torch.stack(wrong, 1)
    clean = network(batch.images).argmax(-1) != batch.labels
    return {"wrong": each.sum(0), "clean": clean.sum(), "each_wrong": each, "each_clean": clean}


def estimate(summed: Tally, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the error rate clean and for each cell, in rows (down) from -Nyquist to Nyquist.

    frequencies_nyquist: of the rows and columns, as fractions of Nyquist.
    Source: Yin et al. 2019, NeurIPS.
    """
    pictures, cells = int(summed["pictures"]), settings["cells"]
    half = [share(int(count), pictures) for count in summed["wrong"]]
    whole = half + half[-2::-1]
    return {
        "clean": share(int(summed["clean"]), pictures),
        "frequencies_nyquist": _axis(cells),
        "error": [whole[row * cells : (row + 1) * cells] for row in range(cells)],
    }


def _axis(cells: int) -> list[float]:
    return [2 * cell / (cells + 1) - 1 for cell in range(1, cells + 1)]


def blank(settings: dict[str, Any], size: int) -> dict[str, Any]:
    """Return an estimate without numbers."""
    cells = settings["cells"]
    return {"frequencies_nyquist": _axis(cells), "error": [[UNDEFINED] * cells] * cells}


def draw(numbers: dict[str, Any]) -> Panels:
    """Draw the error rate in the plane of frequencies."""
    return (Plane(numbers["frequencies_nyquist"], numbers["error"], "wrong"),)


def summary(numbers: dict[str, Any]) -> list[Number]:
    """Tell the error rate without a wave and with the one that does most harm."""
    worst = max((cell for row in numbers["error"] for cell in row), key=lambda cell: cell.value)
    return [
        Number("wrong, clean", numbers["clean"], "share"),
        Number("wrong, most harmful wave", worst, "share"),
    ]


def methods(settings: dict[str, Any]) -> str:
    """Say how it is measured, for a paper."""
    return (
        "A sinusoid of one frequency and direction with a random sign in each channel, of "
        f"Euclidean length {settings['epsilon']:g} at 224 pixels, was added to the pictures, for "
        f"{settings['cells']} x {settings['cells']} frequencies, and the error rate taken "
        "[yin2019]."
    )


# 15.7 is the length of each channel's change that the source uses on ImageNet at 224 pixels. It is
# scaled with the size of the pictures, which keeps the change of a pixel; the source's 4.0 on
# CIFAR-10 at 32 pixels would be 28 in this unit.
HEATMAP = Measure(
    "heatmap",
    "Fourier heatmap",
    "The error rate when a wave of one frequency and direction is added to the pictures, for each.",
    tally,
    estimate,
    draw,
    "One wave of a fixed length is added to every picture; each cell is the error rate for its "
    "frequency and direction, coarse waves in the middle. **Bright cells are frequencies that the "
    "model can be disturbed with.**",
    summary=summary,
    knobs=(
        Knob(
            "cells", "Cells to a side", 15, low=3,
            offered={cells: str(cells) for cells in (7, 15, 31)}, address="cells",
        ),
        Knob(
            "epsilon", "Length of the wave", 15.7, low=0, above=True,
            unit="in each channel of a 224-pixel picture",
        ),
    ),
    splits=always,
    blank=blank,
    methods=methods,
)  # fmt: skip
