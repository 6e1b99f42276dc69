"""Commands about networks: models, predict, add, download, remove."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from pathlib import Path

from blurlab import places
from blurlab.commands.options import Commands, add_device, add_models, between, command
from blurlab.data import entry_level, sets
from blurlab.networks import (
    class_names,
    classifier,
    installing,
    preparing,
    published,
    store,
    worded,
    zoo,
)
from blurlab.pictures import images
from blurlab.pictures.resizing import INTERPOLATIONS
from blurlab.training import cards


def add(commands: Commands) -> None:
    """Describe these commands to the parser."""
    listing = command(commands, "models", list_models, "list the installed models")
    listing.add_argument("--json", action="store_true", help="print the whole cards as JSON")

    asking = command(commands, "predict", print_answers, "ask models what a picture shows")
    asking.add_argument(
        "image", metavar="IN", help="picture; its centered square is resized to the model's input"
    )
    add_models(asking)
    asking.add_argument(
        "--top", metavar="K", type=int, default=3, help="how many answers to print (default: 3)"
    )
    asking.add_argument("--json", action="store_true", help="print JSON, with exact probabilities")
    add_device(asking)

    adding = command(commands, "add", add_model, "install a model of your own from its weights")
    adding.add_argument("name", metavar="NAME", help="the name that every other command uses")
    describe_weights(adding)

    fetching = command(
        commands, "download", download_model, "fetch public weights and install them"
    )
    fetching.add_argument(
        "name", metavar="NAME", nargs="?", help="which; without one they are listed with their size"
    )

    removing = command(commands, "remove", remove_model, "remove a model that was added")
    removing.add_argument("name", metavar="NAME", help="name of an added model")


def describe_weights(added: ArgumentParser) -> None:
    """Add the options that say what a checkpoint is of, and what comes before the network."""
    added.add_argument(
        "--checkpoint",
        metavar="FILE",
        type=Path,
        required=True,
        help="safetensors, a state dict of torch.save, or a .pt2; nothing in it is run",
    )
    added.add_argument(
        "--architecture",
        metavar="A",
        required=True,
        help="a name of torchvision's (resnet18), timm:NAME, cifar:resnet20 (cifar:resnet20_a if "
        "its shortcuts have no weights and it ends in linear), the name of an "
        "installed model that is built alike, or a file of torch.export.save (.pt2)",
    )
    added.add_argument(
        "--classes",
        metavar="C",
        required=True,
        help="file with one name a line, or names with commas between them, or imagenet, cifar10, "
        "imagenette or objects; in the order of the logits",
    )
    added.add_argument(
        "--input-size",
        metavar="S",
        type=between(*installing.SIZES),
        help="side in pixels that pictures are resized to",
    )
    added.add_argument(
        "--crop",
        metavar="S",
        type=between(*installing.SIZES),
        help="side in pixels of the centre that the network sees (all, if --input-size is given)",
    )
    added.add_argument(
        "--interpolation", choices=INTERPOLATIONS, help="of the resizing, always antialiased"
    )
    for what in ("mean", "std"):
        added.add_argument(
            f"--{what}",
            metavar=("R", "G", "B"),
            nargs=3,
            type=float,
            help="of the three colours in [0, 1]",
        )
    added.add_argument("--prefix", help='what the names in the file begin with, such as "module."')
    added.add_argument(
        "--key", help="which network of a training run to take, such as state_dict_ema"
    )
    added.add_argument("--title", help="the name that the pages show (default: NAME)")


def add_model(options: Namespace) -> None:
    given = {key: vars(options)[key] for key in preparing.WORDS}
    words, taken = preparing.completed(options.architecture, given)
    recipe = installing.recipe(options.architecture, words.pop("input_size"), **words)
    card = installing.add(
        options.name,
        options.checkpoint,
        recipe,
        class_names.read(options.classes),
        title=options.title or "",
        source=options.checkpoint.name,
        prefix=options.prefix,
        key=options.key,
        notes=[taken] if taken else [],
    )
    print(*card.get("notes", ()), sep="\n", end="\n" * ("notes" in card), file=sys.stderr)
    print(
        f"{card['name']}: {card['parameters']:,} parameters, {len(card['classes'])} classes, "
        f"sha256 {card['sha256'][:16]}..., in {places.models_folder()}"
    )


def download_model(options: Namespace) -> None:
    if options.name is None:
        for name, weights in published.table().items():
            size = f"{weights.megabytes:8.1f} MB" if weights.megabytes else " " * 11
            print(f"{name:<40} {size}  {weights.title}")
        return
    for progress in zoo.download(options.name):
        if sys.stderr.isatty():
            of = f" of {progress.total / 1e6:.1f}" if progress.total else ""
            print(f"\r{options.name}: {progress.done / 1e6:.1f}{of} MB", end="", file=sys.stderr)
    print(f"{options.name}: installed in {places.models_folder()}")


def remove_model(options: Namespace) -> None:
    installing.remove(options.name)


def list_models(options: Namespace) -> None:
    found = [store.card(name) for name in store.names()]
    if options.json:
        print(json.dumps(found, indent=1))
        return
    width = max([20, *(len(info["name"]) for info in found)])
    print(f"{'name':<{width}} {'accuracy':>9} {'f_rev':>6}  title (f_rev in fractions of Nyquist)")
    for info in found:
        accuracy = reversal = "-"
        measured = info.get("measured", {})  # a model is not measured before its training ends
        if "accuracy" in measured:
            accuracy = f"{measured['accuracy']['value']:.1%}"
        if "hybrids" in measured:
            f_rev = measured["hybrids"]["f_rev_nyquist"]["value"]
            reversal = "none" if f_rev is None else f"{f_rev:.3f}"
        print(f"{info['name']:<{width}} {accuracy:>9} {reversal:>6}  {info['title']}")
    for base, blurred, ratio in cards.f_rev_ratios(found):
        print(
            f"f_rev of {base} over {blurred}: "
            f"{ratio.value:.2f} [{ratio.low:.2f}, {ratio.high:.2f}] (95 % interval)"
        )


def print_answers(options: Namespace) -> None:
    picture = images.load_image(options.image)
    given, words = {}, {}
    for name in options.models:
        card = store.card(name)
        classes = card["classes"]
        if not 1 <= options.top <= len(classes):
            raise ValueError(f"--top is {options.top}; {name} allows 1 to {len(classes)}.")
        model = store.load(name, options.device)
        size, seen, interpolation = store.showing(card)
        if sets.is_ready(picture.shape[-2:], size, seen):
            print(
                f"{options.image} has the {seen} x {seen} pixels that {name} sees, and is shown as "
                "it is.",
                file=sys.stderr,
            )
        shown = sets.as_measured(picture, size, seen, interpolation)
        logits = model(shown[None].to(options.device))
        probabilities, indices = classifier.top_k(logits, options.top)
        named = [classes[index] for index in indices[0].tolist()]
        given[name] = _answers(zip(named, probabilities[0].tolist(), strict=True))
        if entry_level.knows(classes):
            answered = worded.words(classes)
            probabilities, indices = classifier.top_k(
                worded.summed(logits, tuple(classes)), min(options.top, len(answered))
            )
            named = [answered[index] for index in indices[0].tolist()]
            words[name] = _answers(zip(named, probabilities[0].tolist(), strict=True))
    if options.json:
        print(json.dumps(given, indent=1))
        return
    for name, answers in given.items():
        listed, summed = _listed(answers), _listed(words.get(name, answers))
        print(f"{name}: {listed}")
        if summed != listed:
            print(f"{name}, kinds summed: {summed}")


def _answers(named: Iterable[tuple[str, float]]) -> list[dict]:
    return [{"class": word, "probability": probability} for word, probability in named]


def _listed(answers: list[dict]) -> str:
    return ", ".join(f"{each['class']} {each['probability']:.1%}" for each in answers)
