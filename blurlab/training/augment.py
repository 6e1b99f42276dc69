"""Training pictures are cropped and mirrored at random."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def crop(
    images: Tensor,
    size: int,
    min_crop: float,
    max_crop: float,
    generator: torch.Generator,
) -> Tensor:
    """Crop at random, resize (antialiased) and mirror every second picture or so.

    images: (N, 3, S, S) uint8.  min_crop, max_crop: smallest and largest share of the area that a
    crop shows; shapes 3:4 to 4:3. One of more than the picture shows its mirrored edges too.
    Returns (N, 3, size, size) float32 in [0, 1], on the pictures' device.
    """
    import torchvision  # noqa: F401  whole before a part: another thread may be importing it
    from torchvision.transforms.v2 import functional as TF

    whole = images.shape[-1]
    edge = math.ceil(whole * (math.sqrt(max(max_crop, 1.0)) - 1) / 2)
    if edge:
        images = F.pad(images.float(), (edge,) * 4, "reflect").byte()
    side = images.shape[-1]
    draws = torch.rand(len(images), 5, generator=generator)
    area = min_crop + (max_crop - min_crop) * draws[:, 0]
    aspect = (0.75 + (1 / 0.75 - 0.75) * draws[:, 1]).sqrt()
    heights = (whole * area.sqrt() * aspect).round().clamp(max=side).int()
    widths = (whole * area.sqrt() / aspect).round().clamp(max=side).int()
    tops = (draws[:, 2] * (side - heights + 1)).int()
    lefts = (draws[:, 3] * (side - widths + 1)).int()
    boxes = torch.stack((tops, lefts, heights, widths), 1).tolist()
    crops = torch.stack(
        [
            TF.resized_crop(image, *box, [size, size], antialias=True)
            for image, box in zip(images, boxes, strict=True)
        ]
    )
    mirrors = (draws[:, 4] < 0.5).view(-1, 1, 1, 1).to(crops.device)
    return torch.where(mirrors, crops.flip(-1), crops).float() / 255
