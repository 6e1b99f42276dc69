"""What distilling needs: photographs without labels, a teacher, and a student that starts as it.

A student learns to answer to what it is shown as its teacher answers to the same clean picture
(Hinton et al. 2015, "Distilling the knowledge in a neural network"). Both see the same crop, which
Beyer et al. 2022 (CVPR, "Knowledge distillation: A good teacher is patient and consistent") find to
matter.
"""

from collections.abc import Sequence
from dataclasses import asdict

import torch
from torch import nn

from blurlab import places
from blurlab.data import sets
from blurlab.data.sets import Pictures
from blurlab.networks import classifier, store
from blurlab.pictures.images import load_image
from blurlab.training.recipes import Recipe

# Side in pixels that photographs are kept with: no smaller than any is stored, whose shorter sides
# are 160 to 224.
SIDE = 224
UNLABELLED = -1
# timm gives networks from TensorFlow a momentum of 0.01, whose batch statistics come too late for
# so short a training.
MOMENTUM = 0.1


def photographs(names: Sequence[str], classes: Sequence[str], size: int = SIDE) -> Pictures:
    """Load photographs to distil on, centre-cropped to squares, all labelled UNLABELLED.

    names: keys of SETS.  classes: what the teacher names.
    Raises ValueError when a data set is not under data_folder().
    """
    images = torch.cat([SETS[name](size) for name in names])
    return Pictures(images, torch.full((len(images),), UNLABELLED), tuple(classes))


def _imagenette(size: int) -> torch.Tensor:
    return sets.imagenette("train", size).in_memory()


def _caltech101(size: int) -> torch.Tensor:
    root = places.data_folder() / "caltech101"
    files = sorted(root.rglob("*.jpg"))
    if not files:
        raise ValueError(
            f"Caltech-101's pictures are not in {root}; set BLURLAB_DATA to the folder that holds "
            "caltech101."
        )
    images = torch.empty(len(files), 3, size, size, dtype=torch.uint8)
    for index, path in enumerate(files):
        images[index] = sets.to_square(load_image(path), size)
    return images


SETS = {"imagenette": _imagenette, "caltech101": _caltech101}


def written(recipe: Recipe) -> dict:
    """Return a recipe as a card holds it, with what it takes over from the network it starts as."""
    said = asdict(recipe)
    if not recipe.start:
        return said
    start = store.card(recipe.start)["recipe"]
    network = ("stem", "widths", "blocks")
    own = {key: value for key, value in said.items() if key not in network}
    kept = (*network, *classifier.INSIDE, *classifier.AROUND)
    return own | {key: start[key] for key in kept if key in start}


def student(recipe: Recipe) -> classifier.Classifier:
    """Make a recipe's classifier with the weights of the network that it starts as."""
    start = store.load(recipe.start)
    made = classifier.around(start.net.requires_grad_(True), written(recipe))
    for layer in made.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = MOMENTUM
    return made


def teacher(recipe: Recipe) -> classifier.Classifier | None:
    """Load the network that a recipe's student learns from; None where it learns from labels."""
    return store.load(recipe.settings["teacher"]) if "teacher" in recipe.settings else None


def told(recipe: Recipe, pictures: int) -> str:
    """Say on a card what was distilled from what on which pictures; nothing of other recipes."""
    if "teacher" not in recipe.settings:
        return ""
    card = store.card(recipe.settings["teacher"])
    sets = " and ".join(recipe.settings["photographs"])
    return (
        f"distilled from {card['title']} (SHA-256 {card['sha256'][:16]}) on {pictures:,} "
        f"photographs of {sets}, without their labels"
    )
