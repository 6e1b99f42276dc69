"""Measure an installed model and write what was found on its card."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from blurlab import statistics
from blurlab.data import sets, sources
from blurlab.data.folders import Source
from blurlab.measures import measuring
from blurlab.measures.attacked import by_epsilon
from blurlab.measures.table import MEASURES
from blurlab.networks import store
from blurlab.networks.classifier import Classifier
from blurlab.pictures import objects

CUE_CONFLICTS = 2000
MANY = 100  # classes, from which on the first five answers are counted too


def measure(name: str, device: str = "cpu") -> Iterator[tuple[str, dict]]:
    """Measure accuracy, f_rev and, for the objects, cue conflicts on the whole validation split.

    Yields (what was measured, its numbers) one by one; the last of each kind is the final one.
    """
    model, pictures = store.load(name, device), validation(name)
    yield "accuracy", accuracy(model, pictures.load())
    for numbers in running(name, "hybrids", pictures, {}, None, device):
        yield "hybrids", curve_numbers(numbers, model.input_size)
    if store.card(name)["recipe"]["data"] == "objects":
        yield "cue_conflicts", cue_conflicts(model, model.input_size)


def validation(name: str) -> Source:
    """Return the validation split of what a model was trained on, at the size that it takes."""
    card = store.card(name)
    return sources.find(card["recipe"]["data"], *store.showing(card))


def running(
    name: str, measure: str, pictures: Source, changed: dict, count: int | None, device: str
) -> Iterator[dict]:
    """Yield a measure's estimates, and how many pictures they are from, batch by batch.

    changed: settings that differ from the measure's.  count: of pictures; None takes all.
    What is kept is not measured again.
    """
    work = measuring.plan(name, measure, pictures, changed, count=count)
    for part in measuring.measure(work, device):
        yield measuring.estimate(work, part.summed) | {"pictures": part.pictures}


def measure_robustness(
    name: str, attacked: str, count: int, device: str = "cpu"
) -> Iterator[tuple[str, dict]]:
    """Measure accuracy under corruptions and attacks, and what minimal attacks change.

    count: of pictures, the first in shuffled order.
    attacked: the model that transfer attacks are made on, or this one for none.
    Yields (what was measured, its numbers so far); the last of each kind is the final one.
    Raises ValueError when count is not between 1 and the number of validation pictures.
    """
    pictures = validation(name)
    for numbers in running(name, "corruptions", pictures, {}, count, device):
        yield "corruptions", corruption_numbers(numbers)
    scores = {}
    for kind, source in {"adaptive": None, "transfer": attacked}.items():
        if source == name:
            continue
        for numbers in running(name, "attacks", pictures, {"source": source}, count, device):
            steps = MEASURES["attacks"].settings["steps"]
            scores[kind] = attack_numbers(numbers)
            about = {"pictures": numbers["pictures"], "steps": steps, "source": attacked}
            yield "attacks", about | scores
    for numbers in running(name, "perturbation", pictures, {}, count, device):
        yield "perturbation", perturbation_numbers(numbers)


def corruption_numbers(numbers: dict) -> dict:
    """Return a card's account of the accuracy under corruptions."""
    return {
        "pictures": numbers["pictures"],
        "accuracy": {
            name: [round(share.value, 4) for share in by_severity]
            for name, by_severity in numbers["accuracy"].items()
        },
        "classes": {band: estimate(share) for band, share in numbers["classes"].items()},
    }


def attack_numbers(numbers: dict) -> dict:
    """Return a card's account of the accuracy under attacks, by epsilon."""
    return {epsilon: estimate(share) for epsilon, (_, share) in by_epsilon(numbers).items()}


def perturbation_numbers(numbers: dict) -> dict:
    """Return a card's account of the smallest changes that fool a model."""
    return {
        "f_half_cycles_per_pixel": estimate(numbers["f_half"]),
        "median_epsilon": estimate(numbers["epsilon"]["median"]),
        "attack": numbers["attack"],
        "pictures": numbers["pictures"],
    }


def answers(model: Classifier, images: Tensor | sets.Decoded, batch: int = 100) -> Tensor:
    """Return the class (N,) that a model gives each of the (N, 3, S, S) uint8 pictures."""
    return first_answers(model, images, 1, batch)[:, 0]


@torch.no_grad()
def first_answers(
    model: Classifier, images: Tensor | sets.Decoded, k: int, batch: int = 100
) -> Tensor:
    """Return the k most probable classes (N, k) of (N, 3, S, S) uint8 pictures, best first.

    The model answers in float32, as it does in measures.
    """
    device, asked = model.mean.device, model.in_float32()
    parts = [
        asked(images[chosen].to(device).float() / 255).topk(k, -1).indices.cpu()
        for chosen in torch.arange(len(images)).split(batch)
    ]
    return torch.cat(parts)


def accuracy(model: Classifier, pictures: sets.Pictures) -> dict:
    """Return a card's account of the first answers, and where classes are many of the first five.

    pictures: labelled by the model's classes.
    """
    many = len(pictures.classes) >= MANY
    right = first_answers(model, pictures.images, 5 if many else 1) == pictures.labels[:, None]
    count = len(pictures.labels)
    found = estimate(statistics.share(int(right[:, 0].sum()), count), pictures=count)
    if not many:
        return found
    return found | {"top5": estimate(statistics.share(int(right.sum()), count))}


def curve_numbers(numbers: dict, size: int) -> dict:
    """Return a card's account of a curve: its cutoffs in cycles/image of size pixels."""
    return {
        "f_rev_nyquist": estimate(numbers["f_rev_nyquist"]),
        "pairs": numbers["pictures"],
        "cutoffs_cycles_per_image": [round(c * size / 2, 4) for c in numbers["cutoffs_nyquist"]],
        "p_low": [round(share.value, 4) for share in numbers["p_low"]],
        "p_high": [round(share.value, 4) for share in numbers["p_high"]],
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
    shape, texture = (statistics.share(int(count), CUE_CONFLICTS) for count in named)
    return {"shape": estimate(shape), "texture": estimate(texture), "pictures": CUE_CONFLICTS}


def estimate(interval: statistics.Interval, **context: Any) -> dict:
    """Write an interval as a card does: four digits, and not-a-number as null."""
    rounded = {key: round(number, 4) for key, number in interval._asdict().items()}
    return {key: None if n != n else n for key, n in rounded.items()} | context


def write(name: str, measured: dict) -> None:
    """Put the measured numbers on the model's card, beside those of other kinds."""
    card = store.card(name)
    card["measured"] = card.get("measured", {}) | measured
    store.write_card(store.card_path(name), card)


def f_rev_ratios(found: list[dict]) -> list[tuple[str, str, statistics.Interval]]:
    """Compare every measured model behind a blur with the base model of the same data.

    found: cards.  Returns (base's name, the other's, f_rev of base over that of the other).
    """
    measured = {info["name"]: info for info in found if "hybrids" in info.get("measured", {})}
    ratios = []
    for info in measured.values():
        base = measured.get(store.pair(info["recipe"]["data"])[0])
        if base is None or not info["recipe"]["sigma"]:
            continue
        above, below = f_rev(base), f_rev(info)
        if above is not None and below is not None:
            ratios.append((base["name"], info["name"], statistics.ratio(above, below)))
    return ratios


def f_rev(info: dict) -> statistics.Interval | None:
    """Read a card's f_rev, in fractions of Nyquist; None where its curve does not cross zero."""
    written = info["measured"]["hybrids"]["f_rev_nyquist"]
    interval = statistics.Interval(*(written[key] for key in ("value", "low", "high")))
    return None if None in interval else interval
