"""Commands that make the networks that ship, and measure them: train, card."""

import json
import os
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from blurlab import places
from blurlab.commands.options import Commands, add_device, between, command
from blurlab.data.sets import Pictures
from blurlab.networks import installing, packaged, store
from blurlab.training import cards, similarity
from blurlab.training.recipes import RECIPES, Recipe


def add(commands: Commands) -> None:
    """Describe these commands to the parser."""
    learning = command(
        commands, "train", train_models, "train models that ship, measure them, write their cards"
    )
    learning.add_argument(
        "names", metavar="NAME", nargs="+", help=f"one or more of {', '.join(RECIPES)}"
    )
    learning.add_argument("--runs", type=Path, default=Path("runs"), help="folder for checkpoints")
    learning.add_argument(
        "--fast",
        action="store_true",
        help="compile the network (needs a C++ compiler) and let it compute in bfloat16 where the "
        "processor has instructions for it",
    )
    learning.add_argument(
        "--similarity",
        metavar="FILE",
        type=Path,
        help=f"what imagenette_neural is to find alike: {similarity.FORMAT}",
    )
    add_device(learning)

    measuring = command(
        commands, "card", measure_card, "measure an installed model again and write its card"
    )
    measuring.add_argument("name", metavar="NAME", help="name of an installed model")
    measuring.add_argument(
        "--robustness",
        metavar="N",
        type=between(1, 1_000_000),
        help="measure it under corruptions and attacks instead, on N pictures",
    )
    measuring.add_argument(
        "--source", metavar="M", help="model that transfer attacks are made on (default: none)"
    )
    add_device(measuring)


def train_models(options: Namespace) -> None:
    from blurlab.training import loop  # with torchvision, whose import takes as long as torch's

    for name in options.names:
        if name not in RECIPES:
            raise ValueError(f"no recipe {name!r}; choose from {', '.join(RECIPES)}.")
    if not os.access(places.SHIPPED_MODELS, os.W_OK):
        raise ValueError(f"{places.SHIPPED_MODELS} cannot be written; train in a checkout.")
    loaded = {}
    for name in options.names:
        recipe = RECIPES[name]
        wanted = recipe.data, recipe.input_size
        if wanted not in loaded:
            loaded[wanted] = loop.training_pictures(recipe)
        train_model(name, recipe, loaded[wanted], options)


def train_model(name: str, recipe: Recipe, pictures: Pictures, options: Namespace) -> None:
    from blurlab.training import distilling, loop, saving

    recipe, stimuli = loop.aimed(recipe, pictures, options.similarity)
    checkpoint = options.runs / name / "checkpoint.pt"
    print(f"{recipe.title}: {len(pictures.labels)} pictures, checkpoints in {checkpoint.parent}")
    model = loop.untrained(recipe, len(pictures.classes)).to(options.device)
    start, first = time.monotonic(), None
    run = loop.train(model, recipe, pictures, checkpoint, stimuli=stimuli, fast=options.fast)
    for epoch in run:
        first = epoch.number if first is None else first
        pace = (time.monotonic() - start) / (epoch.number - first + 1)
        left = pace * (epoch.epochs - epoch.number) / 60
        print(
            f"epoch {epoch.number}/{epoch.epochs}  loss {epoch.loss:.3f}  "
            f"about {left:.0f} min left",
            flush=True,
        )
    source = distilling.told(recipe, len(pictures.labels))
    saving.export(name, recipe, model, pictures.classes, places.SHIPPED_MODELS, source)
    write_measured(name, cards.measure(name, options.device))


def measure_card(options: Namespace) -> None:
    if options.name in packaged.PACKAGED and options.name not in store.names():
        installing.write_packaged(options.name)
    if options.robustness is None:
        found = cards.measure(options.name, options.device)
    else:
        found = cards.measure_robustness(
            options.name, options.source or options.name, options.robustness, options.device
        )
    write_measured(options.name, found)


def write_measured(name: str, found: Iterator[tuple[str, dict]]) -> None:
    """Put on a card what comes last of each kind, and print it; on a terminal, show the count."""
    measured = {}
    for kind, numbers in found:
        measured[kind] = numbers
        if sys.stderr.isatty():
            seen = numbers.get("pictures", numbers.get("pairs"))
            print(f"\r{kind}: {seen}", end="", file=sys.stderr)
    cards.write(name, measured)
    print(json.dumps(measured, indent=1))
