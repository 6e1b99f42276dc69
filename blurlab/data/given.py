"""Pictures and labels as people have them become the tensors that all of BlurLab takes."""

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from blurlab.data import sources
from blurlab.data.sets import Pictures
from blurlab.pictures import images

Given = str | PathLike | np.ndarray | Tensor  # pictures as people have them
Labelled = str | PathLike | tuple[Any, Any] | Iterable
ACCEPTED = (
    "a path, (H, W, 3) uint8, or (3, S, S) or (N, 3, S, S) that are uint8 or floating in [0, 1]"
)


def as_pictures(given: Given, size: int | None = None, interpolation: str = "bicubic") -> Tensor:
    """Return pictures as all of BlurLab takes them, (N, 3, S, S) floating in [0, 1].

    given: a path; an array or tensor (H, W, 3) of uint8; or (3, S, S) or (N, 3, S, S), of uint8 or
    floating in [0, 1].  size: S in pixels; None keeps it, or the shorter side of what is no square,
    of which the centre is cut out.  interpolation: of the resizing, "bilinear" or "bicubic".
    Raises ValueError saying what was given, where it is none of these.
    """
    if isinstance(given, str | PathLike):
        found = images.load_image(Path(given))[None]
    else:
        found = _batch(given)
    side = size or min(found.shape[-2:])
    if found.shape[-2:] == (side, side):
        return found
    return torch.stack([images.square(each, side, interpolation) for each in found])


def _batch(given: Any) -> Tensor:
    array = torch.as_tensor(np.ascontiguousarray(given) if isinstance(given, np.ndarray) else given)
    shape = f"{tuple(array.shape)} {str(array.dtype).removeprefix('torch.')}"
    if array.ndim == 3 and array.shape[-1] == 3 and array.dtype == torch.uint8:
        array = array.permute(2, 0, 1)
    if array.ndim == 3:
        array = array[None]
    if array.ndim != 4 or array.shape[1] != 3:
        raise ValueError(f"pictures are {shape}; they must be {ACCEPTED}.")
    if array.dtype == torch.uint8:
        return array.float() / 255
    if not array.is_floating_point():
        raise ValueError(f"pictures are {shape}; they must be {ACCEPTED}.")
    low, high = (float(end) for end in array.aminmax()) if array.numel() else (0.0, 0.0)
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"pictures are {low:.3g} to {high:.3g}; they must be in [0, 1]: leave Normalize out of "
            "the loader and give its mean and std to blurlab.network."
        )
    return array.float()


def labelled(of: Labelled, size: int | None = None, interpolation: str | None = None) -> Pictures:
    """Gather labelled pictures as measures take them, 8-bit and in memory.

    of, size: as in library.measure.  interpolation: as in sources.find.
    """
    if isinstance(of, str | PathLike):
        if size is None:
            raise ValueError(f"size is None; say at how many pixels {of} is to be read.")
        return sources.find(str(of), size, interpolation=interpolation).load()
    pairs = [of] if isinstance(of, tuple) else list(of)
    shown = [
        (as_pictures(shots, size, interpolation or "bicubic"), torch.as_tensor(labels).flatten())
        for shots, labels in pairs
    ]
    if not shown:
        raise ValueError("the loader yields nothing; it must yield pictures with their labels.")
    shots, labels = (torch.cat(each) for each in zip(*shown, strict=True))
    if len(shots) != len(labels):
        raise ValueError(f"{len(shots)} pictures have {len(labels)} labels; each needs one.")
    classes = tuple(str(label) for label in range(int(labels.max()) + 1))
    return Pictures(shots.mul(255).round().byte(), labels.long(), classes)
