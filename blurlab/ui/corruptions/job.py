"""A picture under every corruption: its looks, its answers, and where the change has its power."""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab.corruptions.corrupting import SEVERITIES, corrupt
from blurlab.corruptions.row import BANDS
from blurlab.corruptions.table import CORRUPTIONS, in_class
from blurlab.filters import spectrum
from blurlab.pictures import images
from blurlab.ui import asking, cache, files, jobs
from blurlab.ui.languages import say

THUMBNAIL = 128  # pixels
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
    return f"{say(row.title)} ({say(row.kind)})"


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
            picture = corrupted(at)
            said = {name: asking.ask(name, picture[None]) for name in names}
            yield Frame(severity, images.data_url(picture, "jpeg"), said, *change(at))

    return jobs.poll(("corruption", names, setting._replace(severity=0)), steps)


def gallery(picture: cache.Choice, seed: int) -> jobs.Job:
    """Return the job that yields (corruption, severity, thumbnail's data URL, power) for all.

    It rests between two of them, so that answers that somebody waits for come in between.
    """

    names = tuple(CORRUPTIONS)

    def steps() -> Iterator[tuple[str, int, str, list[float]]]:
        for name in names:
            for severity in SEVERITIES:
                setting = Setting(picture, name, severity, seed)
                small = images.square(corrupted(setting), THUMBNAIL)
                yield name, severity, images.data_url(small, "jpeg"), change(setting)[0]

    return jobs.poll(("corruption gallery", names, picture, seed), steps, rest=0.005)


def band_power(results: list[tuple[str, int, str, list[float]]]) -> dict[str, list[float]]:
    """Average the power of the changes over each class's corruptions and their severities."""
    by_band = {
        band: [power for name, _, _, power in results if name in in_class(band)] for band in BANDS
    }
    return {band: torch.tensor(found).mean(0).tolist() for band, found in by_band.items() if found}


def in_order(found: list[Frame]) -> list[Frame | None]:
    """Lay out the frames by severity, None where there is none yet."""
    return asking.in_order(found, len(POSITIONS))


def feed(names: tuple[str, ...], setting: Setting, found: list[Frame]) -> dict[str, dict]:
    """Lay out the answers for the frames; None where there is none yet."""
    frames, fed = in_order(found), {}
    for name in names:
        own = cache.named_class(name, setting.picture)
        fed[name] = asking.laid_out([frame and frame.said[name] for frame in frames], {"own": own})
        guess = asking.guess(name, setting.picture)
        fed[name]["note"] = guess and say("It takes the clean picture for {label}.", label=guess)
    return fed


def rows(names: tuple[str, ...], setting: Setting, found: list[Frame]) -> list[dict]:
    """Return one row per model and severity, as the files show them."""
    return [
        {
            "model": name,
            "corruption": setting.corruption,
            "severity": frame.severity,
            "answer": cache.card(name)["classes"][asking.best(p)],
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


def command(names: tuple[str, ...], setting: Setting) -> str:
    """Write the commands that do the same, "" for what only Python does."""
    picture = files.picture_words(setting.picture)
    if not picture or not setting.severity:
        return ""
    made = (
        f"{picture} corrupted.npy --size {cache.SIZE} --corruption {setting.corruption} "
        f"--severity {setting.severity} --seed {setting.seed}"
    )
    return f"python -m blurlab corrupt {made}\n{files.asking_line(names, 'corrupted.npy')}"


def script(names: tuple[str, ...], setting: Setting) -> str:
    """Write the Python lines that make the same picture and answers without the app."""
    corrupting = f"corrupt(picture[None], {setting.corruption!r}, {setting.severity}, generator)[0]"
    imports = [
        "import torch",
        "from blurlab.corruptions.corrupting import corrupt",
        "from blurlab.data import sets",
        "from blurlab.networks import worded",
        "from blurlab.networks.classifier import top_k",
        "from blurlab.pictures import images, objects, photographs",
    ]
    lines = [
        files.picture_lines("picture", setting.picture),
        f"generator = torch.Generator().manual_seed({setting.seed})",
        f"corrupted = {corrupting if setting.severity else 'picture'}",
        'images.save_image(corrupted, "corrupted.png")',
        *files.answer_lines(names, "corrupted[None]"),
    ]
    return files.program(imports, lines)
