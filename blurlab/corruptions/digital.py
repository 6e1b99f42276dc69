"""Changes of light and color, warping, and what storing a picture does to it."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from blurlab.corruptions.blurs import smooth, smoothing_matrix
from blurlab.corruptions.draws import uniform


def brightness(images: Tensor, amount: float) -> Tensor:
    """Raise each pixel's HSV value by `amount`; hue and saturation stay."""
    value = _largest(images)
    raised = (value + amount).clamp_(max=1)
    # Black has no hue to keep, so it turns grey.
    return torch.where(value > 0, images * (raised / value), raised).clamp_(0, 1)


def saturate(images: Tensor, factor: float, shift: float) -> Tensor:
    """Scale and shift each pixel's HSV saturation; grey counts as red, whose hue is 0."""
    value = _largest(images)
    chroma = value - _smallest(images)
    saturation = (chroma / value).nan_to_num_(0).mul_(factor).add_(shift).clamp_(0, 1)
    depth = saturation.mul_(value)  # how far the smallest channel is to lie below the largest
    below = (value - images).mul_(depth / chroma)
    red = torch.tensor([0.0, 1.0, 1.0], device=images.device).view(3, 1, 1)
    return (value - torch.where(chroma > 0, below, depth * red)).clamp_(0, 1)


def contrast(images: Tensor, factor: float) -> Tensor:
    """Pull each channel towards its mean, keeping the share `factor` of the difference."""
    means = images.mean((2, 3), keepdim=True)
    return torch.lerp(means, images, factor).clamp_(0, 1)


def elastic_transform(
    images: Tensor, seeds: Tensor, affine: float, amplitude: float, sigma: float
) -> Tensor:
    """Warp by a random affine map, then by a random smooth field; the picture is mirrored beyond.

    affine: how far the three points that fix the map may move.  amplitude: the largest move before
    smoothing.  sigma: of the Gaussian that smooths the field. All as fractions of the side S.
    """
    size = images.shape[-1]
    if affine:
        images = shake(images, (2 * uniform(seeds, 3, 2) - 1) * affine * size)
    field = 2 * uniform(seeds, 2, size, size, stream=1, device=images.device) - 1
    return warp(images, field * (amplitude * size), sigma * size)


def shake(images: Tensor, moves: Tensor) -> Tensor:
    """Apply the affine maps that move three points around the middle by moves (N, 3, 2), in pixels.

    The last axis is x, y. Returns the shape of images.
    """
    size = images.shape[-1]
    middle, arm = size // 2, size // 3
    points = torch.tensor([[arm, arm], [arm, -arm], [-arm, -arm]], dtype=torch.float64) + middle
    moved = F.pad(points + moves.double(), (0, 1), value=1)
    back = torch.linalg.solve(moved, points.expand(len(moves), -1, -1)).to(images)
    position = torch.arange(size, device=images.device, dtype=images.dtype)
    x, y = position[None, :, None], position[:, None, None]
    source = x * back[:, None, None, 0] + y * back[:, None, None, 1] + back[:, None, None, 2]
    grid = source * (2 / (size - 1)) - 1
    return F.grid_sample(images, grid, padding_mode="reflection", align_corners=True)


def warp(images: Tensor, field: Tensor, sigma: float) -> Tensor:
    """Move each pixel's source by the smoothed field (N, 2, S, S): x, y, in pixels."""
    size = images.shape[-1]
    matrix = smoothing_matrix(size, sigma, 3, edge="mirror").to(images)
    moves = smooth(field, matrix).mul_(2 / size)
    position = (torch.arange(size, device=images.device, dtype=images.dtype) * 2 + 1) / size - 1
    grid = torch.stack([moves[:, 0] + position, moves[:, 1] + position[:, None]], dim=-1)
    warped = F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    return warped.clamp_(0, 1)


def pixelate(images: Tensor, share: float) -> Tensor:
    """Reduce to the share `share` of the pixels per side by box averages in 8 bits, and back."""
    size = images.shape[-1]
    side = int(size * share)

    def reduced(plane: np.ndarray) -> np.ndarray:
        return np.asarray(Image.fromarray(plane).resize((side, side), Image.Resampling.BOX))

    blocks = _in_bytes(images, lambda planes: [reduced(plane) for plane in planes])
    return F.interpolate(blocks, (size, size), mode="nearest-exact")


def jpeg_compression(images: Tensor, quality: int) -> Tensor:
    """Store as JPEG with halved color resolution (4:2:0), and read back."""

    def store_and_read(planes: np.ndarray) -> Sequence[np.ndarray]:
        _, stored = cv2.imencode(
            ".jpg", cv2.merge(list(planes[::-1])), [cv2.IMWRITE_JPEG_QUALITY, quality]
        )
        read = cv2.imdecode(stored, cv2.IMREAD_COLOR)
        assert read is not None
        return cv2.split(read)[::-1]

    return _in_bytes(images, store_and_read)


def _in_bytes(images: Tensor, change: Callable[[np.ndarray], Sequence[np.ndarray]]) -> Tensor:
    """Apply change, (3, S, S) uint8 to three uint8 planes, to each picture, on the CPU."""
    size = images.shape[-1]
    levels = cv2.convertScaleAbs(images.cpu().reshape(-1, size).numpy(), alpha=255)
    changed = np.stack([np.stack(change(planes)) for planes in levels.reshape(-1, 3, size, size)])
    return torch.from_numpy(changed).to(images).div_(255)


def _largest(images: Tensor) -> Tensor:
    red, green, blue = images.split(1, dim=1)
    return torch.maximum(torch.maximum(red, green), blue)


def _smallest(images: Tensor) -> Tensor:
    red, green, blue = images.split(1, dim=1)
    return torch.minimum(torch.minimum(red, green), blue)
