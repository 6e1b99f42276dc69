"""A picture under every corruption: its looks, its answers, and where the change has its power."""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab import images, spectrum
from blurlab.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from blurlab.ui import cache, files, jobs

TOP = 3
THUMBNAIL = 128  # pixels
BANDS = ("low", "medium", "high")
POSITIONS = (0, *SEVERITIES)


class Setting(NamedTuple):
    """Everything that decides a corrupted picture; severity 0 is the picture itself."""

    picture: cache.Choice
    corruption: str
    severity: int
    seed: int


class Frame(NamedTuple):
    """url: of the picture.  said: each model's probabilities.  power, half_power: see change."""

    severity: int
    url: str
    said: dict[str, list[float]]
    power: list[float]
    half_power: float


def title(name: str) -> str:
    """Write a corruption for people, with its class or the set it belongs to."""
    row = CORRUPTIONS[name]
    kind = "validation set" if row.validation else f"{row.band} frequencies"
    return f"{name.replace('_', ' ').replace('jpeg', 'JPEG').capitalize()} ({kind})"


@lru_cache(maxsize=128)
def corrupted(setting: Setting) -> Tensor:
    """Return the (3, S, S) picture of a setting, shared and never written to."""
    picture = cache.picture(setting.picture)
    if setting.severity == 0:
        return picture
    generator = torch.Generator().manual_seed(setting.seed)
    return corrupt(picture[None], setting.corruption, setting.severity, generator)[0]


def change(setting: Setting) -> tuple[list[float], float]:
    """Measure corrupted minus clean: its power per ring, and f_0.5 in cycles/image (or nan)."""
    difference = corrupted(setting) - cache.picture(setting.picture)
    _, power = spectrum.radial_power_spectrum(difference)
    if setting.severity == 0:
        return power.mean(0).tolist(), math.nan
    half = spectrum.half_power_exact(spectrum.mean_power(difference[None]))
    return power.mean(0).tolist(), half * cache.SIZE


def sweep(names: tuple[str, ...], setting: Setting) -> jobs.Job:
    """Return the job that yields a Frame for each severity of the setting's corruption."""

    def steps() -> Iterator[Frame]:
        for severity in POSITIONS:
            at = setting._replace(severity=severity)
            url = images.data_url(corrupted(at), "jpeg")
            yield Frame(severity, url, {name: _ask(name, at) for name in names}, *change(at))

    return jobs.poll(("corruption", names, setting._replace(severity=0)), steps)


@torch.no_grad()
def _ask(name: str, setting: Setting) -> list[float]:
    network = cache.model(name)
    batch = corrupted(setting)[None].to(network.mean.device)
    return network(batch).softmax(-1)[0].tolist()


def gallery(picture: cache.Choice, seed: int) -> jobs.Job:
    """Return the job that yields (corruption, severity, thumbnail's data URL, power) for all 95.

    It rests between two of them, so that answers that somebody waits for come in between.
    """

    def steps() -> Iterator[tuple[str, int, str, list[float]]]:
        for name in CORRUPTIONS:
            for severity in SEVERITIES:
                setting = Setting(picture, name, severity, seed)
                small = images.square(corrupted(setting), THUMBNAIL)
                yield name, severity, images.data_url(small, "jpeg"), change(setting)[0]

    return jobs.poll(("corruption gallery", picture, seed), steps, rest=0.005)


def band_power(results: list[tuple[str, int, str, list[float]]]) -> dict[str, list[float]]:
    """Average the power of the changes over each class's corruptions and their severities."""
    by_band = {
        band: [power for name, _, _, power in results if CORRUPTIONS[name].band == band]
        for band in BANDS
    }
    return {band: torch.tensor(found).mean(0).tolist() for band, found in by_band.items() if found}


def fed(names: tuple[str, ...], setting: Setting, found: list[Frame]) -> dict[str, dict]:
    """Lay out the answers for the frames; None where there is none yet."""
    by_severity = {frame.severity: frame for frame in found}
    fed = {}
    for name in names:
        own = cache.named_class(name, setting.picture)
        said = [(frame := by_severity.get(s)) and frame.said[name] for s in POSITIONS]
        top = [p and sorted(range(len(p)), key=lambda i, p=p: -p[i])[:TOP] for p in said]
        fed[name] = {
            "classes": top,
            "probabilities": [
                p and [p[i] for i in best] for p, best in zip(said, top, strict=True)
            ],
            "curves": {"own": [p and p[own] for p in said]},
            "note": None
            if cache.knows(name, setting.picture)
            else f"It takes the clean picture for {cache.card(name)['classes'][own]}.",
        }
    return fed


def rows(names: tuple[str, ...], setting: Setting, found: list[Frame]) -> list[dict]:
    """Return one row per model and severity, as the files show them."""
    return [
        {
            "model": name,
            "corruption": setting.corruption,
            "severity": frame.severity,
            "answer": cache.card(name)["classes"][max(range(len(p)), key=p.__getitem__)],
            "probability": round(max(p), 6),
            "probability_of_own_class": round(p[cache.named_class(name, setting.picture)], 6),
            "f_0.5_cycles_per_image": None
            if math.isnan(frame.half_power)
            else round(frame.half_power, 3),
        }
        for name in names
        for frame in found
        for p in [frame.said[name]]
    ]


def script(names: tuple[str, ...], setting: Setting) -> str:
    """Write the Python lines that make the same picture and answers without the app."""
    corrupting = f"corrupt(picture[None], {setting.corruption!r}, {setting.severity}, generator)[0]"
    lines = [
        "import torch",
        "from blurlab import data, images, models, objects",
        "from blurlab.corruptions import corrupt",
        "",
        files.picture_lines("picture", setting.picture),
        f"generator = torch.Generator().manual_seed({setting.seed})",
        f"corrupted = {corrupting if setting.severity else 'picture'}",
        'images.save_image(corrupted, "corrupted.png")',
        f"for name in {list(names)!r}:",
        "    logits = models.load(name)(corrupted[None])",
        f"    probabilities, indices = models.top_k(logits, {TOP})",
        '    classes = models.card(name)["classes"]',
        "    print(name, [(classes[i], p) for i, p in zip(indices[0], probabilities[0].tolist())])",
    ]
    return "\n".join(lines) + "\n"
