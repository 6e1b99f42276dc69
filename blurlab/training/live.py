"""Two small networks that learn side by side while somebody watches: plain, and behind a blur."""

import atexit
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from blurlab import places, public
from blurlab.filters.hybrid import hybrid
from blurlab.measures.reversal import zero_crossing
from blurlab.networks import store
from blurlab.networks.classifier import Classifier, top_k
from blurlab.pictures import objects
from blurlab.training import loop, saving
from blurlab.training.objectives import OBJECTIVES, Shown
from blurlab.training.recipes import Recipe

STEPS = 300
# A network that learns within a minute: its pictures are small, and so is it.
RECIPE = Recipe(
    "Live",
    "objects",
    input_size=64,
    stem=16,
    widths=(24, 48, 96),
    blocks=(1, 1, 1),
    epochs=1,
    crop_size=64,
    min_crop=1.0,
    finish_epochs=0,
    learning_rate=0.004,
    weight_decay=0.01,
    label_smoothing=0.05,
    optimizer="adamw",
    shown=64 * STEPS,
)
SIZE = RECIPE.input_size
SOURCE = "learned from drawn objects on the page Train live"
FIRST, MORE, MOST = 256, 32, 1536  # pictures drawn before the first step, before each, in all
ASKED = 120  # pictures of each kind that tell what a network has learned; half as many hybrids
MOST_LENT = 20  # pairs of networks that are installed until the process ends
KNOWS = 0.5  # accuracy from which on it is told where answers reverse
CUTOFFS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 11.0, 16.0, 23.0, 32.0)  # cycles/image
STRIP, STRIP_SIZE, STRIP_CUTOFF = 6, 128, 8.0  # hybrids that are shown; pixels; cycles/image


class Lesson(NamedTuple):
    """What is to be learned from.

    sigma: of the second network's blur layer, pixels of SIZE.  seed: of weights and pictures.
    outline, texture: share of the pictures whose outline, or texture, is that of their class; in
    the others any class's, drawn evenly, so that at 0 it tells nothing.
    """

    sigma: float = 1.5
    seed: int = 0
    outline: float = 1.0
    texture: float = 1.0


class Learned(NamedTuple):
    """What a network does at a step.

    loss: mean since the step that was told before; None before the first.  accuracy: share named of
    pictures whose cues agree.  outline, texture: shares named by either, of those whose cues
    contradict each other.  difference: p_low - p_high by CUTOFFS.  f_rev: where it crosses zero,
    cycles/image; None where it does not, and until half of the pictures are named.  strip: (class,
    probability) of each hybrid of the strip.
    """

    loss: float | None
    accuracy: float
    outline: float
    texture: float
    difference: tuple[float, ...]
    f_rev: float | None
    strip: tuple[tuple[str, float], ...]


class Told(NamedTuple):
    """A step, how many pictures have been shown, and what the two networks do: plain, blurred.

    networks: they themselves, which go on learning.
    """

    step: int
    shown: int
    learned: tuple[Learned, Learned]
    networks: tuple[Classifier, Classifier]


class Strip(NamedTuple):
    """Hybrids (STRIP, 3, STRIP_SIZE, STRIP_SIZE) at STRIP_CUTOFF, and their classes."""

    hybrids: Tensor
    low: list[str]
    high: list[str]


class Questions(NamedTuple):
    """Pictures that both networks are asked about, none of which they learn from.

    objects, labels: whose cues agree.  conflicts, outlines, textures: whose cues do not.
    hybrids: (K, N, 3, SIZE, SIZE) at CUTOFFS.  low, high: their classes.  strip: hybrids, larger.
    """

    objects: Tensor
    labels: Tensor
    conflicts: Tensor
    outlines: Tensor
    textures: Tensor
    hybrids: Tensor
    low: Tensor
    high: Tensor
    strip: Tensor


def lessons(lesson: Lesson) -> Iterator[Told]:
    """Teach two networks, and tell what they do, before the first step and then every few.

    Both start from the same weights and are shown the same pictures. The same lesson gives the same
    networks on the same machine.
    """
    generator = torch.Generator().manual_seed(lesson.seed)
    asked = questions(lesson.seed)
    recipes = recipes_of(lesson)
    plain, blurred = (loop.untrained(recipe, len(objects.CLASSES)) for recipe in recipes)
    networks = plain, blurred
    optimizers = [
        loop.OPTIMIZERS[recipe.optimizer](network.parameters(), weight_decay=recipe.weight_decay)
        for recipe, network in zip(recipes, networks, strict=True)
    ]
    images, labels = draw(FIRST, lesson, generator)
    losses: list[list[float]] = [[], []]
    for step in range(STEPS + 1):
        if step in (0, STEPS) or step % (10 if step < 100 else 20) == 0:
            learned = [ask(n, asked, each) for n, each in zip(networks, losses, strict=True)]
            losses = [[], []]
            yield Told(step, step * RECIPE.batch, (learned[0], learned[1]), networks)
        if step == STEPS:
            return
        if len(images) < MOST:
            more, theirs = draw(MORE, lesson, generator)
            images, labels = torch.cat([images, more]), torch.cat([labels, theirs])
        chosen = torch.randint(len(images), (RECIPE.batch,), generator=generator)
        batch = images[chosen]
        if torch.rand((), generator=generator) < 0.5:
            batch = batch.flip(-1)
        shown = Shown(batch, labels[chosen], RECIPE.label_smoothing, generator)
        for network, optimizer, found in zip(networks, optimizers, losses, strict=True):
            optimizer.param_groups[0]["lr"] = loop.learning_rate(RECIPE, step / STEPS)
            loss = OBJECTIVES[RECIPE.objective](network.train(), shown, {})
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            found.append(loss.item())


def recipes_of(lesson: Lesson) -> tuple[Recipe, Recipe]:
    """Return the recipes of the plain and the blurred network, as their cards are to hold them."""
    settings = {"outline": lesson.outline, "texture": lesson.texture}
    plain = replace(RECIPE, seed=lesson.seed, settings=settings, title="Live, plain")
    title = f"Live, blur σ = {lesson.sigma:g} px"
    return plain, replace(plain, sigma=lesson.sigma, title=title)


def draw(n: int, lesson: Lesson, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw n pictures to learn from, (n, 3, SIZE, SIZE) in [0, 1], and their labels (n,)."""
    labels = torch.randint(len(objects.CLASSES), (n,), generator=generator)
    outlines = _cue(labels, lesson.outline, generator)
    textures = _cue(labels, lesson.texture, generator)
    return objects.draw(outlines, textures, SIZE, generator), labels


def _cue(labels: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Return the classes (n,) of a cue that goes with the labels in a share of the pictures."""
    any_class = torch.randint(len(objects.CLASSES), labels.shape, generator=generator)
    is_told = torch.rand(labels.shape, generator=generator) < share
    return torch.where(is_told, labels, any_class)


def questions(seed: int) -> Questions:
    """Draw what both networks are asked."""
    generator = torch.Generator().manual_seed(seed + 1)
    known, labels = objects.objects(ASKED, SIZE, generator)
    conflicts, outlines, textures = objects.cue_conflicts(ASKED, SIZE, generator)
    low, high = _apart(ASKED // 2, generator)
    coarse = objects.draw(low, low, SIZE, generator)
    fine = objects.draw(high, high, SIZE, generator)
    hybrids = torch.stack([hybrid(coarse, fine, cutoff) for cutoff in CUTOFFS])
    shown = strip(seed).hybrids
    return Questions(known, labels, conflicts, outlines, textures, hybrids, low, high, shown)


def strip(seed: int) -> Strip:
    """Draw the hybrids whose answers are shown as they change."""
    generator = torch.Generator().manual_seed(seed + 2)
    low, high = _apart(STRIP, generator)
    coarse, fine = (objects.draw(each, each, STRIP_SIZE, generator) for each in (low, high))
    shown = hybrid(coarse, fine, STRIP_CUTOFF, filter="gaussian")
    return Strip(shown, *([objects.CLASSES[each] for each in two] for two in (low, high)))


def _apart(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw n pairs of different classes."""
    many = len(objects.CLASSES)
    first = torch.randint(many, (n,), generator=generator)
    return first, (first + torch.randint(1, many, (n,), generator=generator)) % many


def lend(lesson: Lesson, networks: tuple[Classifier, Classifier]) -> list[str]:
    """Install both networks until this process ends; return their names.

    Raises ValueError when there are MOST_LENT pairs of them already, and on a public server.
    """
    public.refuse("Lending a network")
    folder = places.PASSING_MODELS
    if not folder.exists():
        folder.mkdir(mode=0o700)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    elif len(list(folder.glob("*_plain.json"))) >= MOST_LENT:
        raise ValueError(
            f"{MOST_LENT} pairs of networks are lent already, and no more are; keep one for good, "
            "or start the server again."
        )
    return keep(lesson, networks, folder)


def keep(lesson: Lesson, networks: tuple[Classifier, Classifier], folder: Path) -> list[str]:
    """Write both networks and their cards under names that are free; return the names."""
    public.refuse("Keeping a network")
    folder.mkdir(parents=True, exist_ok=True)
    taken, number = set(store.names()), 1
    while f"live{number}_plain" in taken:
        number += 1
    names = [f"live{number}_plain", f"live{number}_blur"]
    for name, recipe, network in zip(names, recipes_of(lesson), networks, strict=True):
        titled = replace(recipe, title=recipe.title.replace("Live", f"Live {number}"))
        saving.export(name, titled, network, objects.CLASSES, folder, SOURCE)
    return names


@torch.no_grad()
def ask(network: Classifier, asked: Questions, losses: list[float]) -> Learned:
    """Ask a network all questions; losses: of its steps since the last time."""
    network.eval()
    conflicts = network(asked.conflicts).argmax(-1)
    named = torch.stack([network(each).argmax(-1) for each in asked.hybrids])
    difference = _shares(named == asked.low) - _shares(named == asked.high)
    shares, places = top_k(network(asked.strip), 1)
    strip = zip(places[:, 0].tolist(), shares[:, 0].tolist(), strict=True)
    accuracy = _shares(network(asked.objects).argmax(-1) == asked.labels).item()
    crossing = zero_crossing(torch.tensor(CUTOFFS, dtype=torch.float64), difference)
    return Learned(
        sum(losses) / len(losses) if losses else None,
        accuracy,
        _shares(conflicts == asked.outlines).item(),
        _shares(conflicts == asked.textures).item(),
        tuple(difference.tolist()),
        crossing if accuracy >= KNOWS else None,
        tuple((objects.CLASSES[place], share) for place, share in strip),
    )


def _shares(named: Tensor) -> Tensor:
    return named.double().mean(-1)
