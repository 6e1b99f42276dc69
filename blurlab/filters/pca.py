"""The PCA defence: keep of a picture only what the leading components of training pictures span."""

from functools import reduce
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from blurlab import places
from blurlab.pictures.resizing import resize

CHUNK = 1024
KEYS = ("mean", "components", "variance")


class Basis(NamedTuple):
    """Leading principal components of (3, S, S) pictures, with D = 3 S S numbers each.

    mean: (3, S, S).  components: (K, D), orthonormal rows, strongest first.
    variance: (K,), the share of the pictures' variance along each.
    """

    mean: Tensor
    components: Tensor
    variance: Tensor


def fit(images: Tensor, count: int) -> Basis:
    """Find the leading principal components of pictures, always the same ones.

    images: (N, 3, S, S), in [0, 1] or uint8; read a part at a time, with memory for (D, D) float64.
    count: 1 to the smaller of N and D. Li et al. 2023 keep 512 of the 3,072 of 32-pixel pictures.
    Returns a float32 basis on the pictures' device. The largest entry of a component is positive.
    Raises ValueError when count is out of range.
    """
    most = min(len(images), images[0].numel())
    if not 1 <= count <= most:
        raise ValueError(f"count is {count}; these pictures allow 1 to {most} components.")
    parts = images.split(CHUNK)
    mean = reduce(torch.add, (_numbers(part).sum(0) for part in parts)) / len(images)
    centred = (_numbers(part) - mean for part in parts)
    scatter = reduce(torch.add, (each.T @ each for each in centred))
    values, vectors = torch.linalg.eigh(scatter)
    components = vectors.flip(1)[:, :count].T
    peak = components.gather(1, components.abs().argmax(1, keepdim=True))
    share = values.flip(0)[:count].clamp(min=0) / values.sum().clamp(min=1e-30)
    return Basis(
        mean.view(images[0].shape).float(), (components * peak.sign()).float(), share.float()
    )


def _numbers(images: Tensor) -> Tensor:
    scale = 1 if images.is_floating_point() else 255
    return images.flatten(1).double() / scale


def project(images: Tensor, basis: Basis) -> Tensor:
    """Keep of each picture its part in the span of the components, around the mean picture.

    images: (N, 3, S, S), any range, of the basis's size.
    Returns (N, 3, S, S), differentiable and never clamped, so projecting twice is projecting once.
    Raises ValueError when the sizes differ.
    """
    if images.shape[1:] != basis.mean.shape:
        size, wanted = images.shape[-1], basis.mean.shape[-1]
        raise ValueError(f"pictures are {size} pixels wide; this basis is for {wanted} pixels.")
    mean, components = basis.mean.to(images), basis.components.to(images)
    return mean + ((images - mean).flatten(1) @ components.T @ components).view_as(images)


def defend(images: Tensor, basis: Basis, count: int | None = None) -> Tensor:
    """Put pictures of any size through a basis: reduced to its size, projected, and enlarged again.

    images: (N, 3, S, S).  count: of the leading components to keep, 1 to K; None keeps all.
    Returns (N, 3, S, S), differentiable and never clamped. Whatever the components, detail beyond
    the basis's size is lost.
    Raises ValueError when count is out of range.
    """
    most = len(basis.components)
    if count is not None and not 1 <= count <= most:
        raise ValueError(f"count is {count}; this basis allows 1 to {most} components.")
    kept = basis._replace(components=basis.components[:count])
    return resize(project(resize(images, basis.mean.shape[-1]), kept), images.shape[-1])


def largest_shares(images: Tensor, basis: Basis) -> Tensor:
    """Say how much of each component comes from the one picture that weighs most in it.

    A component is a weighted sum of the pictures it was fitted on; this is the largest of its
    squared weights, which sum to 1. Near 1, the component would be that picture.
    images: those that the basis was fitted on, (N, 3, S, S), in [0, 1] or uint8.
    Returns (K,) in [0, 1].
    """
    mean, components = basis.mean.double().flatten(), basis.components.double().T
    parts = [(_numbers(part) - mean) @ components for part in images.split(CHUNK)]
    weights = torch.cat(parts).square()
    return weights.amax(0) / weights.sum(0)


def save(basis: Basis, path: str | Path) -> None:
    """Write a basis in half precision: 3.1 MB for 512 components at 32 pixels."""
    save_file({key: value.half().contiguous() for key, value in basis._asdict().items()}, path)


def load(path: str | Path, device: str | torch.device = "cpu") -> Basis:
    """Read a basis that save wrote; its rows are made orthonormal again after the rounding.

    Raises ValueError when the file is not one.
    """
    try:
        tensors = load_file(path, device=str(device))
    except SafetensorError:
        raise ValueError(f"{path} is not a safetensors file.") from None
    if set(tensors) != set(KEYS):
        raise ValueError(f"{path} holds {sorted(tensors)}; a basis holds {sorted(KEYS)}.")
    mean, components, variance = (tensors[key].float() for key in KEYS)
    count = len(variance)
    if components.shape != (count, mean.numel()) or mean.shape != (3, *mean.shape[-1:] * 2):
        shapes = {key: tuple(tensors[key].shape) for key in KEYS}
        raise ValueError(f"{path} holds shapes that do not fit together: {shapes}.")
    q, r = torch.linalg.qr(components.T)
    return Basis(mean, (q * r.diagonal().sign()).T.contiguous(), variance)


class Projection(nn.Module):
    """project as a layer, on the leading components of the basis that ships; it saves no state.

    Raises ValueError when count is out of range.
    """

    mean: Tensor
    components: Tensor
    variance: Tensor

    def __init__(self, count: int):
        super().__init__()
        basis = load(places.SHIPPED_BASIS)
        most = len(basis.components)
        if not 1 <= count <= most:
            raise ValueError(f"components is {count}; the basis that ships allows 1 to {most}.")
        self.count = count
        for name, part in basis._replace(components=basis.components[:count])._asdict().items():
            self.register_buffer(name, part, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        return project(images, Basis(self.mean, self.components, self.variance))

    def extra_repr(self) -> str:
        return f"count={self.count}"
