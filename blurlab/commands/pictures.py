"""Commands that write pictures: hybrid, blur, corrupt, attack, objects."""

import csv
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import torch

from blurlab.attacks import goals
from blurlab.attacks.norms import NORMS, Norm, parse_epsilon
from blurlab.attacks.table import ATTACKS
from blurlab.commands.options import (
    MAX_SIZE,
    NAMED,
    Commands,
    add_device,
    add_knobs,
    add_seed,
    add_size,
    between,
    command,
    read_knobs,
    read_square,
)
from blurlab.corruptions import corrupting
from blurlab.corruptions.row import SEVERITY
from blurlab.corruptions.table import CORRUPTIONS
from blurlab.filters import blur, hybrid, spectrum
from blurlab.knobs import Knob
from blurlab.networks import classifier, store
from blurlab.pictures import images, objects


def add(commands: Commands) -> None:
    """Describe these commands to the parser."""
    add_hybrid(commands)
    add_blur(commands)
    add_corrupt(commands)
    add_attack(commands)
    add_objects(commands)


def add_hybrid(commands: Commands) -> None:
    added = command(
        commands,
        "hybrid",
        write_hybrid,
        "join the coarse structure of one picture to the fine structure of another",
    )
    added.add_argument("low", metavar="LOW", help=f"gives the low frequencies: {NAMED}")
    added.add_argument("high", metavar="HIGH", help=f"gives the high frequencies: {NAMED}")
    added.add_argument("out", metavar="OUT", help="file to write, .png or .npy")
    added.add_argument("--cutoff", type=float, required=True, help="where LOW ends, in --unit")
    added.add_argument(
        "--high-cutoff", type=float, help="where HIGH begins, in --unit (default: --cutoff)"
    )
    added.add_argument(
        "--unit",
        choices=["image", "pixel", "nyquist"],
        default="image",
        help="of the cutoffs: cycles/image (0 to S/2 on S x S pixels), cycles/pixel (0 to 0.5) or "
        "fraction of Nyquist (0 to 1) (default: image)",
    )
    added.add_argument(
        "--filter",
        choices=list(spectrum.FILTERS),
        default="ideal",
        help="shape of the filter; all but ideal have gain 1/2 at the cutoff (default: ideal)",
    )
    add_size(added)


def add_blur(commands: Commands) -> None:
    added = command(commands, "blur", write_blur, "blur a picture as the blur defence does")
    added.add_argument("image", metavar="IN", help=f"picture to blur: {NAMED}")
    added.add_argument("out", metavar="OUT", help="file to write, .png or .npy")
    added.add_argument(
        "--sigma",
        type=float,
        required=True,
        help="standard deviation of the Gaussian in pixels, above 0",
    )
    add_size(added)


def add_corrupt(commands: Commands) -> None:
    added = command(commands, "corrupt", write_corrupted, "corrupt a picture as ImageNet-C does")
    added.add_argument("image", metavar="IN", help=f"picture of at least 32 pixels: {NAMED}")
    added.add_argument("out", metavar="OUT", help="file to write, .png or .npy")
    added.add_argument(
        "--corruption",
        metavar="NAME",
        required=True,
        help=f"one of {', '.join(CORRUPTIONS)}",
    )
    added.add_argument("--severity", metavar="K", type=int, required=True, help=SEVERITY.allowed)
    add_seed(added)
    add_size(added)


def add_attack(commands: Commands) -> None:
    added = command(
        commands, "attack", write_attacked, "change a picture slightly so that a model misnames it"
    )
    added.add_argument("image", metavar="IN", help=f"picture to attack: {NAMED}")
    added.add_argument("out", metavar="OUT", help="file to write; .npy keeps the change exactly")
    added.add_argument("--model", metavar="M", required=True, help="name of an installed model")
    told = "; ".join(f"{row.title}: {row.explanation.rstrip('.')}" for row in ATTACKS.values())
    added.add_argument(
        "--attack", choices=list(ATTACKS), default="pgd", help=f"{told} (default: pgd)"
    )
    added.add_argument(
        "--norm", choices=list(NORMS), default="linf", help="of the change (default: linf)"
    )
    usual = ", ".join(f"{usual_epsilon(row)} in {row.title}" for row in NORMS.values())
    added.add_argument(
        "--epsilon", help=f"largest norm of the change, of a picture in [0, 1] (default: {usual})"
    )
    add_knobs(added, knobs_of_attacks())
    added.add_argument(
        "--target",
        metavar="CLASS",
        help="class that the model should name (default: any wrong one)",
    )
    added.add_argument(
        "--sigma",
        type=float,
        help="put a blur of sigma pixels in front of the model (default: none)",
    )
    added.add_argument(
        "--adaptive",
        action="store_true",
        help="attack through that blur; without it the attack is made on the bare model (transfer)",
    )
    add_size(added)
    add_device(added)


def knobs_of_attacks() -> dict[str, tuple[Knob, ...]]:
    return {row.title: row.knobs + row.more for row in ATTACKS.values()}


def usual_epsilon(norm: Norm) -> str:
    return norm.in_unit(norm.epsilon.default / norm.scale)


def add_objects(commands: Commands) -> None:
    added = command(commands, "objects", write_objects, "draw procedural objects")
    added.add_argument("folder", metavar="OUT_DIR", help="folder for the pictures and labels.csv")
    added.add_argument(
        "-n", type=between(1, 100_000), default=12, help="how many pictures (default: 12)"
    )
    added.add_argument(
        "--size",
        metavar="S",
        type=between(32, MAX_SIZE),
        default=256,
        help=f"side in pixels, 32 to {MAX_SIZE} (default: 256)",
    )
    add_seed(added)


def write_hybrid(options: Namespace) -> None:
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


def write_blur(options: Namespace) -> None:
    picture = read_square(options.image, options.size)
    images.save_image(blur.gaussian_blur(picture, options.sigma), options.out)


def write_corrupted(options: Namespace) -> None:
    picture = read_square(options.image, options.size)
    generator = torch.Generator().manual_seed(options.seed)
    corrupted = corrupting.corrupt(picture[None], options.corruption, options.severity, generator)
    images.save_image(corrupted[0], options.out)


def write_attacked(options: Namespace) -> None:
    picture = read_square(options.image, options.size)[None].to(options.device)
    classes = store.card(options.model)["classes"]
    bare = store.load(options.model, options.device)
    values, epsilon = read_attack(options)
    if options.adaptive and options.sigma is None:
        raise ValueError("--adaptive attacks through a blur; give its --sigma.")
    if options.target is not None and options.target not in classes:
        raise ValueError(f"--target is {options.target!r}; choose from {', '.join(classes)}.")
    asked: goals.Model = bare
    if options.sigma is not None:
        asked = goals.through(blur.GaussianBlur(options.sigma), bare)
    attacked = asked if options.adaptive else bare
    targeted = options.target is not None
    label = classes.index(options.target) if targeted else int(asked(picture).argmax())
    *_, changed = ATTACKS[options.attack].run(
        attacked,
        picture,
        torch.tensor([label], device=options.device),
        norm=options.norm,
        targeted=targeted,
        **epsilon,
        **ATTACKS[options.attack].arguments(values),
    )
    images.save_image(changed[0], options.out)
    # What the file says, which in 8 bits is not quite what the attack found.
    written = images.load_image(options.out)[None].to(options.device)
    said = {}
    for words, shown in {"before": picture, "attack": changed, "after": written}.items():
        probabilities, indices = classifier.top_k(asked(shown), 1)
        said[words] = classes[int(indices)], f"{float(probabilities):.1%}"
    print("before: {} {}".format(*said["before"]))
    print("after: {} {}".format(*said["after"]))
    levels = (written.mul(255).round(), picture.mul(255).round())
    is_rounded = Path(options.out).suffix != ".npy"
    if is_rounded and torch.equal(*levels) and not torch.equal(changed, picture):
        print(
            f"{options.out} holds no change at all: in 8 bits each value is rounded to a 255th, "
            "and every change was smaller than half of one; an .npy file keeps it.",
            file=sys.stderr,
        )
    elif said["attack"] != said["after"]:
        print(
            "{} holds the change rounded to 8 bits; unrounded, the answer is {} {}, and an .npy "
            "file keeps that.".format(options.out, *said["attack"]),
            file=sys.stderr,
        )


def read_attack(options: Namespace) -> tuple[dict[str, Any], dict[str, float]]:
    """Return what the attack's knobs are set to and its epsilon, by name, where it has one."""
    row = ATTACKS[options.attack]
    values = read_knobs(options, row.title, knobs_of_attacks())
    if options.seed is not None and row.seed(values) is None:
        raise ValueError("--seed decides where a random start begins; add --random-start.")
    if row.has_epsilon:
        usual = usual_epsilon(NORMS[options.norm])
        text = usual if options.epsilon is None else options.epsilon
        return values, {"epsilon": parse_epsilon(text)}
    if options.epsilon is not None:
        raise ValueError(
            f"--epsilon is {options.epsilon}; {row.title} takes none, it looks for the smallest "
            "change that succeeds."
        )
    return values, {}


def write_objects(options: Namespace) -> None:
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
