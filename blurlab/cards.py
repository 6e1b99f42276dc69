"""Measure an installed model and write what was found on its card."""

import json
from collections.abc import Iterator

import torch
from torch import Tensor

from blurlab import data, models, objects, sensitivity
from blurlab.models import Classifier

CUE_CONFLICTS = 2000


def measure(name: str, device: str = "cpu") -> Iterator[tuple[str, dict]]:
    """Measure accuracy, f_rev and, for the objects, cue conflicts on the whole validation split.

    Yields (what was measured, its numbers) one by one; the last of each kind is the final one.
    """
    recipe, model = models.card(name)["recipe"], models.load(name, device)
    size = recipe["input_size"]
    pictures = data.DATASETS[recipe["data"]]("val", size)
    yield "accuracy", accuracy(model, pictures)
    generator = torch.Generator().manual_seed(0)
    cutoffs = [alpha / 200 * size for alpha in sensitivity.ALPHAS]
    for curve in sensitivity.hybrid_answers(
        model, pictures.images, pictures.labels, cutoffs=cutoffs, generator=generator
    ):
        yield "hybrids", {"pairs": curve.pairs}
    yield "hybrids", curve_numbers(curve, size)
    if recipe["data"] == "objects":
        yield "cue_conflicts", cue_conflicts(model, size)


@torch.no_grad()
def answers(model: Classifier, images: Tensor, batch: int = 100) -> Tensor:
    """Return the class (N,) that a model gives each of the (N, 3, S, S) uint8 pictures."""
    device = model.mean.device
    parts = [model(part.to(device).float() / 255).argmax(-1).cpu() for part in images.split(batch)]
    return torch.cat(parts)


def accuracy(model: Classifier, pictures: data.Pictures) -> dict:
    right = int((answers(model, pictures.images) == pictures.labels).sum())
    return estimate(sensitivity.share(right, len(pictures.labels)), pictures=len(pictures.labels))


def curve_numbers(curve: sensitivity.Curve, size: int) -> dict:
    """Return a curve and its f_rev, in fractions of the Nyquist frequency of size pixels."""
    found = sensitivity.reverse_frequency(curve, torch.Generator().manual_seed(0))
    nyquist = sensitivity.Interval(*(2 * value / size for value in found))
    return {
        "f_rev_nyquist": estimate(nyquist),
        "pairs": curve.pairs,
        "cutoffs_cycles_per_image": [round(cutoff, 4) for cutoff in curve.cutoffs.tolist()],
        "p_low": [round(share, 4) for share in curve.p_low.tolist()],
        "p_high": [round(share, 4) for share in curve.p_high.tolist()],
        "filter": "ideal",
    }


def cue_conflicts(model: Classifier, size: int) -> dict:
    """Share of answers naming the outline's class and the texture's where the two disagree."""
    generator = torch.Generator().manual_seed(3)
    named = torch.zeros(2, dtype=torch.int64)
    for _ in range(CUE_CONFLICTS // 200):
        images, shapes, textures = objects.cue_conflicts(200, size, generator)
        given = answers(model, images.mul(255).round().byte())
        named += torch.stack([(given == shapes).sum(), (given == textures).sum()])
    shape, texture = (sensitivity.share(int(count), CUE_CONFLICTS) for count in named)
    return {"shape": estimate(shape), "texture": estimate(texture), "pictures": CUE_CONFLICTS}


def estimate(interval: sensitivity.Interval, **context) -> dict:
    """Write an interval as a card does: four digits, and not-a-number as null."""
    rounded = {key: round(number, 4) for key, number in interval._asdict().items()}
    return {key: None if n != n else n for key, n in rounded.items()} | context


def write(name: str, measured: dict) -> None:
    """Put the measured numbers on the model's card."""
    path = models.MODELS_DIR / f"{name}.json"
    path.write_text(json.dumps(models.card(name) | {"measured": measured}, indent=1) + "\n")
