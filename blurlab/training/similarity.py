"""Brain-like regularisation: pull what a network finds alike toward what a brain does.

The method is that of Li et al. 2019, NeurIPS 32, "Learning from brains how to regularize machines":
pictures were shown to mice, and the similarity of the neurons' answers to any two of them is the
target. Here it is a file, or what the V1 model says as a stand-in that needs no animals.
"""

from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor, nn

from blurlab.data.sets import Decoded
from blurlab.networks.architectures import Block
from blurlab.networks.classifier import Classifier
from blurlab.pictures.grey import grey
from blurlab.pictures.resizing import resize
from blurlab.training import v1

STAND_IN = 2000  # pictures that the V1 model is asked about
INSIDE = 0.99  # similarities are shrunk by it, so that those of equal pictures stay finite
FORMAT = (
    "an .npz file of two arrays: pictures, (K, S, S) grey or (K, 3, S, S) RGB, uint8 or floating "
    "in [0, 1], and similarity, (K, K), symmetric in [-1, 1]"
)


class Stimuli(NamedTuple):
    """Pictures, (K, 3, S, S) in [0, 1], and how alike each two of them are, (K, K) in [-1, 1]."""

    images: Tensor
    similarity: Tensor


def similarity(features: Tensor) -> Tensor:
    """Return how alike the features of each two pictures are, (N, N) in [-1, 1].

    features: (N, D), of at least two pictures.
    It is the cosine of the angle between them once the mean over the pictures is subtracted.
    """
    centred = features - features.mean(0)
    unit = centred / centred.norm(dim=1, keepdim=True).clamp(min=1e-12)
    return unit @ unit.T


def distance(found: Tensor, target: Tensor) -> Tensor:
    """Return how far two similarities are apart: the mean square over all pairs, a scalar.

    found, target: (N, N).  Compared as Fisher's z, which tells 0.98 from 0.9 as well as 0.4 from 0.
    """
    apart = (INSIDE * found).atanh() - (INSIDE * target).atanh()
    pairs = ~torch.eye(len(found), dtype=torch.bool, device=found.device)
    return apart[pairs].square().mean()


def of_network(model: Classifier, images: Tensor, bfloat16: bool = False) -> Tensor:
    """Return how alike a shipped network finds each two pictures, (N, N), float32.

    It is the mean over the blocks; Li et al. learn the weights of a few layers.
    bfloat16: whether the net computes in it; the similarities are of float32.
    """
    features, found = model.prepare(images), []
    for layer in model.net.children():
        if isinstance(layer, nn.Flatten):
            break
        with torch.autocast(images.device.type, torch.bfloat16, enabled=bfloat16):
            features = layer(features)
        if isinstance(layer, Block):
            found.append(similarity(features.float().flatten(1)))
    return torch.stack(found).mean(0)


@torch.no_grad()
def stand_in(images: Tensor | Decoded, size: int, seed: int) -> Stimuli:
    """Ask the V1 model about grey training pictures, as many as STAND_IN that the seed decides.

    images: (N, 3, S, S) uint8.  size: in pixels, to which they are reduced.
    The similarity is that of the square roots of the energies, so that contrast counts once.
    """
    chosen = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))[:STAND_IN]
    shown = grey(resize(images[chosen].float() / 255, size)).repeat(1, 3, 1, 1)
    return Stimuli(shown, similarity(v1.energies(shown).sqrt().flatten(1)))


def read(path: Path) -> Stimuli:
    """Read pictures and their similarity from a file of the FORMAT.

    Raises ValueError when it is not one; nothing in it is executed.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            pictures, target = arrays["pictures"], arrays["similarity"]
    except (BadZipFile, EOFError, KeyError, TypeError, ValueError, AttributeError):
        raise ValueError(f"{path} is not {FORMAT}.") from None
    scale = 255 if pictures.dtype == np.uint8 else 1
    images = torch.from_numpy(pictures.astype(np.float32)) / scale
    if images.ndim == 3:
        images = images[:, None].repeat(1, 3, 1, 1)
    stimuli = Stimuli(images, torch.from_numpy(target.astype(np.float32)))
    if problem := _problem(*stimuli):
        raise ValueError(f"{path} {problem}; it must be {FORMAT}.")
    return stimuli


def _problem(images: Tensor, target: Tensor) -> str | None:
    count, shape = len(images), tuple(images.shape)
    if images.ndim != 4 or shape[1:] != (3, shape[-1], shape[-1]) or count < 2:
        return f"holds pictures of shape {shape}"
    if target.shape != (count, count):
        return f"holds {count} pictures and a similarity of shape {tuple(target.shape)}"
    if not (images.min() >= 0 and images.max() <= 1):  # not-a-number is not in between either
        return f"holds pictures from {images.min():g} to {images.max():g}"
    if not target.abs().max() <= 1 + 1e-6:
        return f"holds similarities from {target.min():g} to {target.max():g}"
    if not torch.allclose(target, target.T, atol=1e-4):
        return "holds a similarity that is not symmetric"
    return None
