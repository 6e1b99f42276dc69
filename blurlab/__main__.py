"""The command line: the same core without the app; `python -m blurlab --help` lists it."""

import argparse
import csv
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from blurlab import (
    attacks,
    blur,
    cards,
    corruptions,
    hybrid,
    images,
    models,
    objects,
    spectrum,
    training,
)

MAX_SIZE = 2048  # pixels; uploads are reduced to about as many


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 2 after one sentence on stderr about what was wrong."""
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except OSError as error:
        print(f"blurlab {options.command}: {sentence(error)}", file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"blurlab {options.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"blurlab {options.command}: stopped", file=sys.stderr)
        return 130
    return 0


def sentence(error: OSError) -> str:
    """Say which file the system refused and why; ours say so themselves."""
    if error.filename is None:
        return str(error)
    return f"{error.filename} cannot be used: {error.strerror}."


class Parser(argparse.ArgumentParser):
    """argparse whose errors are one sentence, as ours are; --help stays its own."""

    def error(self, message: str) -> None:
        command = self.prog.removeprefix("python -m ")
        self.exit(2, f"{command}: {message}; see {self.prog} --help.\n")


def between(low: int, high: int) -> Callable[[str], int]:
    """Make an argparse type that takes whole numbers from low to high."""

    def number(text: str) -> int:
        if not (text.lstrip("-").isdecimal() and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(f"{text} is not a whole number from {low} to {high}")
        return int(text)

    return number


def device(name: str) -> str:
    """Take the name of a device that computes here, as an argparse type."""
    try:
        torch.zeros(1, device=name).item()
    except (RuntimeError, AssertionError, ImportError):
        raise argparse.ArgumentTypeError(
            f"{name} does not compute on this machine, {models.best_device()} does"
        ) from None
    return name


def parser() -> argparse.ArgumentParser:
    """Describe every command: its words, its options with units and defaults, its function."""
    whole = Parser(
        prog="python -m blurlab",
        description="Which spatial frequencies does a vision model see with? "
        "Pictures are read from PNG, JPEG and other common files or, exactly, from .npy files "
        "holding float32 of shape (3, S, S) in [0, 1]; they are written as .png or .npy.",
        epilog="The app itself starts with: make app.",
    )
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)

    listing = command(commands, "models", list_models, "list the installed models")
    listing.add_argument("--json", action="store_true", help="print the whole cards as JSON")

    mixing = command(
        commands,
        "hybrid",
        write_hybrid,
        "join the coarse structure of one picture to the fine structure of another",
    )
    mixing.add_argument("low", metavar="LOW", help="picture that gives the low frequencies")
    mixing.add_argument("high", metavar="HIGH", help="picture that gives the high frequencies")
    mixing.add_argument("out", metavar="OUT", help="file to write, .png or .npy")
    mixing.add_argument("--cutoff", type=float, required=True, help="where LOW ends, in --unit")
    mixing.add_argument(
        "--high-cutoff", type=float, help="where HIGH begins, in --unit (default: --cutoff)"
    )
    mixing.add_argument(
        "--unit",
        choices=["image", "pixel", "nyquist"],
        default="image",
        help="of the cutoffs: cycles/image (0 to S/2 on S x S pixels), cycles/pixel (0 to 0.5) or "
        "fraction of Nyquist (0 to 1) (default: image)",
    )
    mixing.add_argument(
        "--filter",
        choices=list(spectrum.FILTERS),
        default="ideal",
        help="shape of the filter; all but ideal have gain 1/2 at the cutoff (default: ideal)",
    )
    add_size(mixing)

    blurring = command(commands, "blur", write_blur, "blur a picture as the blur defence does")
    blurring.add_argument("image", metavar="IN", help="picture to blur")
    blurring.add_argument("out", metavar="OUT", help="file to write, .png or .npy")
    blurring.add_argument(
        "--sigma",
        type=float,
        required=True,
        help="standard deviation of the Gaussian in pixels, above 0",
    )
    add_size(blurring)

    harming = command(commands, "corrupt", write_corrupted, "corrupt a picture as ImageNet-C does")
    harming.add_argument("image", metavar="IN", help="picture to corrupt, at least 32 pixels wide")
    harming.add_argument("out", metavar="OUT", help="file to write, .png or .npy")
    harming.add_argument(
        "--corruption",
        metavar="NAME",
        required=True,
        help=f"one of {', '.join(corruptions.CORRUPTIONS)}",
    )
    harming.add_argument("--severity", metavar="K", type=int, required=True, help="1 to 5")
    add_seed(harming)
    add_size(harming)

    attacking = command(
        commands, "attack", write_attacked, "change a picture slightly so that a model misnames it"
    )
    attacking.add_argument("image", metavar="IN", help="picture to attack")
    attacking.add_argument(
        "out", metavar="OUT", help="file to write; .npy keeps the change exactly"
    )
    attacking.add_argument("--model", metavar="M", required=True, help="name of an installed model")
    attacking.add_argument(
        "--norm", choices=["linf", "l2"], default="linf", help="of the change (default: linf)"
    )
    attacking.add_argument(
        "--epsilon",
        default="8/255",
        help="largest norm of the change, of a picture in [0, 1] (default: 8/255)",
    )
    attacking.add_argument(
        "--steps", metavar="N", type=int, default=10, help="of projected gradient (default: 10)"
    )
    attacking.add_argument("--target", metavar="CLASS", help="class to be named instead of any")
    attacking.add_argument(
        "--sigma",
        type=float,
        help="put a blur of sigma pixels in front of the model (default: none)",
    )
    attacking.add_argument(
        "--adaptive",
        action="store_true",
        help="attack through that blur; without it the attack is made on the bare model (transfer)",
    )
    add_size(attacking)
    add_device(attacking)

    asking = command(commands, "predict", print_answers, "ask models what a picture shows")
    asking.add_argument(
        "image", metavar="IN", help="picture; its centered square is resized to the model's input"
    )
    asking.add_argument(
        "--model",
        metavar="M",
        dest="models",
        action="append",
        required=True,
        help="name of an installed model; repeat it for several",
    )
    asking.add_argument(
        "--top", metavar="K", type=int, default=3, help="how many answers to print (default: 3)"
    )
    asking.add_argument("--json", action="store_true", help="print JSON, with exact probabilities")
    add_device(asking)

    drawing = command(commands, "objects", write_objects, "draw procedural objects")
    drawing.add_argument("folder", metavar="OUT_DIR", help="folder for the pictures and labels.csv")
    drawing.add_argument(
        "-n", type=between(1, 100_000), default=12, help="how many pictures (default: 12)"
    )
    drawing.add_argument(
        "--size",
        metavar="S",
        type=between(32, MAX_SIZE),
        default=256,
        help=f"side in pixels, 32 to {MAX_SIZE} (default: 256)",
    )
    add_seed(drawing)

    learning = command(
        commands, "train", train_model, "train a model that ships, measure it and write its card"
    )
    learning.add_argument("name", metavar="NAME", help=f"one of {', '.join(training.RECIPES)}")
    learning.add_argument("--runs", type=Path, default=Path("runs"), help="folder for checkpoints")
    learning.add_argument(
        "--fast", action="store_true", help="compile the network first (needs a C++ compiler)"
    )
    add_device(learning)

    measuring = command(
        commands, "card", measure_card, "measure an installed model again and write its card"
    )
    measuring.add_argument("name", metavar="NAME", help="name of an installed model")
    add_device(measuring)
    testing = command(
        commands,
        "robustness",
        measure_robustness,
        "measure a model under corruptions and attacks and add it to its card",
    )
    testing.add_argument("name", metavar="NAME", help="name of an installed model")
    testing.add_argument("-n", type=int, default=1000, help="pictures (default: 1000)")
    testing.add_argument(
        "--source", metavar="M", help="model that transfer attacks are made on (default: none)"
    )
    add_device(testing)
    return whole


def command(commands, name: str, run, help: str) -> argparse.ArgumentParser:
    added = commands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")
    added.set_defaults(run=run)
    return added


def add_size(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--size",
        metavar="S",
        type=between(1, MAX_SIZE),
        help=f"crop to a square and resize to S x S pixels first, 1 to {MAX_SIZE}",
    )


def add_seed(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--seed",
        metavar="K",
        type=between(0, 2**63 - 1),
        default=0,
        help="whole number that decides every random choice (default: 0)",
    )


def add_device(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--device",
        type=device,
        default=models.best_device(),
        help="where to compute: cpu, cuda or mps (default: %(default)s)",
    )


def list_models(options) -> None:
    found = [models.card(name) for name in models.names()]
    if options.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{'name':<20} {'accuracy':>9} {'f_rev':>6}  title (f_rev in fractions of Nyquist)")
    for info in found:
        accuracy = reversal = "-"
        if measured := info.get("measured"):  # a model is not measured before its training ends
            accuracy = f"{measured['accuracy']['value']:.1%}"
            f_rev = measured["hybrids"]["f_rev_nyquist"]["value"]
            reversal = "none" if f_rev is None else f"{f_rev:.3f}"
        print(f"{info['name']:<20} {accuracy:>9} {reversal:>6}  {info['title']}")
    for base, blurred, ratio in cards.f_rev_ratios(found):
        print(
            f"f_rev of {base} over {blurred}: "
            f"{ratio.value:.2f} [{ratio.low:.2f}, {ratio.high:.2f}] (95 % interval)"
        )


def write_hybrid(options) -> None:
    low, high = read_square(options.low, options.size), read_square(options.high, options.size)
    if low.shape != high.shape:
        raise ValueError(
            f"{options.low} is {low.shape[-1]} and {options.high} is {high.shape[-1]} pixels wide; "
            "add --size to bring both to one size."
        )
    size = low.shape[-1]
    cutoff = read_cutoff("--cutoff", options.cutoff, options.unit, size)
    high_cutoff = None
    if options.high_cutoff is not None:
        high_cutoff = read_cutoff("--high-cutoff", options.high_cutoff, options.unit, size)
    joined = hybrid.hybrid(low, high, cutoff, high_cutoff=high_cutoff, filter=options.filter)
    images.save_image(joined, options.out)


def read_cutoff(name: str, value: float, unit: str, size: int) -> float:
    """Convert a cutoff to cycles/image; one that is out of range is named in its own unit."""
    limit = spectrum.convert(size / 2, unit, size=size)
    if not 0 <= value <= limit:
        raise ValueError(
            f"{name} is {value:g} {spectrum.UNITS[unit]}; pictures of {size} pixels allow 0 to "
            f"{limit:g}."
        )
    return spectrum.to_image(value, unit, size=size)


def write_blur(options) -> None:
    picture = read_square(options.image, options.size)
    images.save_image(blur.gaussian_blur(picture, options.sigma), options.out)


def write_corrupted(options) -> None:
    picture = read_square(options.image, options.size)
    generator = torch.Generator().manual_seed(options.seed)
    corrupted = corruptions.corrupt(picture[None], options.corruption, options.severity, generator)
    images.save_image(corrupted[0], options.out)


def write_attacked(options) -> None:
    picture = read_square(options.image, options.size)[None].to(options.device)
    classes = models.card(options.model)["classes"]
    bare = models.load(options.model, options.device)
    if options.adaptive and options.sigma is None:
        raise ValueError("--adaptive attacks through a blur; give its --sigma.")
    if options.target is not None and options.target not in classes:
        raise ValueError(f"--target is {options.target!r}; choose from {', '.join(classes)}.")
    asked = bare
    if options.sigma is not None:
        asked = attacks.through(blur.GaussianBlur(options.sigma), bare)
    attacked = asked if options.adaptive else bare
    targeted = options.target is not None
    label = classes.index(options.target) if targeted else int(asked(picture).argmax())
    *_, changed = attacks.pgd(
        attacked,
        picture,
        torch.tensor([label], device=options.device),
        epsilon=attacks.parse_epsilon(options.epsilon),
        norm=options.norm,
        targeted=targeted,
        steps=options.steps,
    )
    images.save_image(changed[0], options.out)
    for words, shown in (("before", picture), ("after", changed)):
        probabilities, indices = models.top_k(asked(shown), 1)
        print(f"{words}: {classes[int(indices)]} {float(probabilities):.1%}")


def print_answers(options) -> None:
    picture = images.load_image(options.image)
    side = min(picture.shape[-2:])
    given = {}
    for name in options.models:
        classes = models.card(name)["classes"]
        if not 1 <= options.top <= len(classes):
            raise ValueError(f"--top is {options.top}; {name} allows 1 to {len(classes)}.")
        model = models.load(name, options.device)
        logits = model(images.square(picture, side)[None].to(options.device))
        probabilities, indices = models.top_k(logits, options.top)
        given[name] = [
            {"class": classes[index], "probability": probability}
            for probability, index in zip(
                probabilities[0].tolist(), indices[0].tolist(), strict=True
            )
        ]
    if options.json:
        print(json.dumps(given, indent=1))
        return
    for name, answers in given.items():
        words = ", ".join(f"{a['class']} {a['probability']:.1%}" for a in answers)
        print(f"{name}: {words}")


def write_objects(options) -> None:
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(options.seed)
    with (folder / "labels.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "class"])
        for index in range(options.n):
            drawn, labels = objects.objects(1, options.size, generator)
            name = objects.CLASSES[int(labels)]
            images.save_image(drawn[0], folder / f"{index:05d}_{name}.png")
            rows.writerow([f"{index:05d}_{name}.png", name])


def train_model(options) -> None:
    if options.name not in training.RECIPES:
        raise ValueError(f"no recipe {options.name!r}; choose from {', '.join(training.RECIPES)}.")
    recipe = training.RECIPES[options.name]
    pictures = training.training_pictures(recipe)
    checkpoint = options.runs / options.name / "checkpoint.pt"
    print(f"{recipe.title}: {len(pictures.labels)} pictures, checkpoints in {checkpoint.parent}")
    model = training.untrained(recipe, len(pictures.classes)).to(options.device)
    start, first = time.monotonic(), None
    for epoch in training.train(model, recipe, pictures, checkpoint, fast=options.fast):
        first = epoch.number if first is None else first
        pace = (time.monotonic() - start) / (epoch.number - first + 1)
        left = pace * (epoch.epochs - epoch.number) / 60
        print(
            f"epoch {epoch.number}/{epoch.epochs}  loss {epoch.loss:.3f}  "
            f"about {left:.0f} min left",
            flush=True,
        )
    training.export(options.name, recipe, model, pictures.classes, models.MODELS_DIR)
    measure_card(options)


def measure_card(options) -> None:
    write_measured(options.name, cards.measure(options.name, options.device))


def measure_robustness(options) -> None:
    source = options.source or options.name
    write_measured(
        options.name, cards.measure_robustness(options.name, source, options.n, options.device)
    )


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


def read_square(path: str, size: int | None) -> Tensor:
    """Read a picture that must be square, or is made so when a size is asked for."""
    picture = images.load_image(path)
    if size is not None:
        return images.square(picture, size)
    height, width = picture.shape[-2:]
    if height != width:
        raise ValueError(f"{path} is {width} x {height} pixels, not square; add --size to crop it.")
    return picture


if __name__ == "__main__":
    sys.exit(main())
