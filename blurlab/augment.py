"""Training pictures are cropped, mirrored and, where a recipe asks for it, mixed with changes."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.transforms.v2 import functional as TF

CHAINS, STEPS = 3, 3  # of AugMix: chains, and changes in each at most


def crop(images: Tensor, size: int, min_crop: float, generator: torch.Generator) -> Tensor:
    """Crop at random, resize (antialiased) and mirror every second picture or so.

    images: (N, 3, S, S) uint8.  min_crop: smallest share of the area kept; shapes 3:4 to 4:3.
    Returns (N, 3, size, size) float32 in [0, 1], on the pictures' device.
    """
    side = images.shape[-1]
    draws = torch.rand(len(images), 5, generator=generator)
    area = min_crop + (1 - min_crop) * draws[:, 0]
    aspect = (0.75 + (1 / 0.75 - 0.75) * draws[:, 1]).sqrt()
    heights = (side * area.sqrt() * aspect).round().clamp(max=side).int()
    widths = (side * area.sqrt() / aspect).round().clamp(max=side).int()
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


def augmix(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mix every picture with changed versions of itself, none of them a corruption of ImageNet-C.

    images: (N, 3, S, S) in [0, 1].
    Returns the same. Each of three chains makes one to three CHANGES one after the other; chains
    and picture are mixed by weights drawn evenly (Dirichlet and beta distributions of 1). The
    strengths are those of severity 3.
    Source: Hendrycks et al. 2020, ICLR, "AugMix".
    """
    count = len(images)
    depths = torch.randint(1, STEPS + 1, (CHAINS, count), generator=generator)
    kinds = torch.randint(len(CHANGES), (CHAINS, STEPS, count), generator=generator)
    levels = 0.03 + 0.97 * torch.rand(CHAINS, STEPS, count, generator=generator)
    levels *= 2 * torch.randint(2, levels.shape, generator=generator) - 1
    # Exponential draws, divided by their sum, are those of a Dirichlet distribution of 1.
    weights = -torch.log1p(-torch.rand(CHAINS, count, generator=generator)).clamp(min=1e-6)
    weights = weights / weights.sum(0) * torch.rand(count, generator=generator)
    mixed = images * _each(1 - weights.sum(0), images)
    for chain in range(CHAINS):
        changed = images
        for step in range(STEPS):
            kind = torch.where(step < depths[chain], kinds[chain, step], -1)
            changed = change(changed, kind, levels[chain, step])
        mixed = mixed + changed * _each(weights[chain], images)
    return mixed.clamp(0, 1)  # the weights add up to 1 but for their last digit


def change(images: Tensor, kinds: Tensor, levels: Tensor) -> Tensor:
    """Change each picture in its own way.

    kinds: (N,) positions in CHANGES, or -1 for none.  levels: (N,) strengths in [-1, 1].
    """
    changed = images.clone()
    for index, run in enumerate(CHANGES.values()):
        members = (kinds == index).nonzero().flatten()
        if len(members):
            chosen = members.to(images.device)
            changed[chosen] = run(images[chosen], levels[members].to(images.device))
    return changed


def _each(numbers: Tensor, images: Tensor) -> Tensor:
    return numbers.to(images).view(-1, 1, 1, 1)


def autocontrast(images: Tensor, levels: Tensor) -> Tensor:
    """Stretch every channel to the whole range."""
    return TF.autocontrast(images)


def equalize(images: Tensor, levels: Tensor) -> Tensor:
    """Make the grey levels of every channel about equally frequent."""
    return TF.equalize(images)


def posterize(images: Tensor, levels: Tensor) -> Tensor:
    """Keep 4 bits of 8, or 3 at the higher levels."""
    width = torch.exp2(4 + (levels.abs() > 0.83).float()).view(-1, 1, 1, 1)
    return (images * 255 / width).floor() * width / 255


def solarize(images: Tensor, levels: Tensor) -> Tensor:
    """Invert what is brighter than 1, or than 0.7 at the highest level."""
    threshold = (1 - 0.3 * levels.abs()).view(-1, 1, 1, 1)
    return torch.where(images >= threshold, 1 - images, images)


def rotate(images: Tensor, levels: Tensor) -> Tensor:
    """Turn by up to 9 degrees."""
    angles = levels * math.radians(9)
    return _moved(images, xx=angles.cos(), xy=-angles.sin(), yx=angles.sin(), yy=angles.cos())


def shear_x(images: Tensor, levels: Tensor) -> Tensor:
    """Slant sideways by up to 0.09 of the side over the height."""
    return _moved(images, xy=0.09 * levels)


def shear_y(images: Tensor, levels: Tensor) -> Tensor:
    """Slant up or down by up to 0.09 of the side over the width."""
    return _moved(images, yx=0.09 * levels)


def translate_x(images: Tensor, levels: Tensor) -> Tensor:
    """Shift sideways by up to a tenth of the side."""
    return _moved(images, x=0.2 * levels)  # sides run from -1 to 1


def translate_y(images: Tensor, levels: Tensor) -> Tensor:
    """Shift up or down by up to a tenth of the side."""
    return _moved(images, y=0.2 * levels)


def _moved(images: Tensor, *, xx=1.0, xy=0.0, x=0.0, yx=0.0, yy=1.0, y=0.0) -> Tensor:
    """Look each picture up at affine places; what lies outside is its mirror image."""
    places = torch.zeros(len(images), 6, device=images.device)
    for index, value in enumerate((xx, xy, x, yx, yy, y)):
        places[:, index] = value
    grid = F.affine_grid(places.view(-1, 2, 3), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


CHANGES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    row.__name__: row
    for row in (
        autocontrast, equalize, posterize, rotate, solarize,
        shear_x, shear_y, translate_x, translate_y,
    )
}  # fmt: skip
