"""Pictures at another size, and their centres."""

import torch.nn.functional as F
from torch import Tensor

INTERPOLATIONS = ("bilinear", "bicubic")  # those that reduce without aliases


def resize(images: Tensor, size: int, interpolation: str = "bilinear") -> Tensor:
    """Resize (N, 3, S, S) pictures in [0, 1] to (N, 3, size, size), antialiased, unless they are.

    interpolation: one of INTERPOLATIONS.
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
