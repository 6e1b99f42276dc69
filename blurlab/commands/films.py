"""The command film: hybrids of two pictures from a coarse cutoff to a fine one."""

from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from blurlab.commands.options import (
    NAMED,
    Commands,
    add_size,
    between,
    command,
    output,
    read_square,
)
from blurlab.filters import spectrum
from blurlab.filters.hybrid import hybrid
from blurlab.networks import worded
from blurlab.networks.classifier import top_k
from blurlab.pictures import films
from blurlab.ui import palette

FRAMES, ANSWERS = 33, 3


def add(commands: Commands) -> None:
    """Describe this command to the parser."""
    added = command(commands, "film", write_film, "film hybrids from a coarse cutoff to a fine one")
    added.add_argument("low", metavar="LOW", help=f"gives the low frequencies: {NAMED}")
    added.add_argument("high", metavar="HIGH", help=f"gives the high frequencies: {NAMED}")
    added.add_argument("out", metavar="OUT", type=named, help="file to write, .gif or .mp4")
    added.add_argument(
        "--from", dest="first", type=float, default=1.0,
        help="first cutoff, cycles/image, above 0 (default: 1)",
    )  # fmt: skip
    added.add_argument(
        "--to", dest="last", type=float, help="last cutoff, cycles/image (default: Nyquist, S/2)"
    )
    added.add_argument(
        "--frames", metavar="N", type=between(2, films.MOST), default=FRAMES,
        help=f"how many cutoffs, 2 to {films.MOST}, evenly apart in octaves (default: {FRAMES})",
    )  # fmt: skip
    added.add_argument(
        "--filter", choices=list(spectrum.FILTERS), default="gaussian",
        help="shape of the filter (default: gaussian, as on the page)",
    )  # fmt: skip
    added.add_argument(
        "--model", metavar="M", dest="models", action="append", default=[],
        help="name of an installed model whose best answers are written; repeat it for several",
    )  # fmt: skip
    add_size(added)


def named(text: str) -> Path:
    """Take the file of a film, as an argparse type."""
    if Path(text).suffix not in films.KINDS:
        raise ArgumentTypeError(f"{text} must end in {' or '.join(films.KINDS)}")
    return output(text)


def write_film(options: Namespace) -> None:
    about = f"coarse: {options.low}; fine: {options.high}; filter: {options.filter}"
    film = films.film(options.out.suffix, frames(options), about)
    options.out.write_bytes(film)
    print(f"{options.out}: {options.frames} frames, {len(film) / 1e6:.1f} MB")


@torch.no_grad()
def frames(options: Namespace) -> Iterator[np.ndarray]:
    """Yield the frames that the options describe."""
    low, high = (read_square(each, options.size) for each in (options.low, options.high))
    if low.shape != high.shape:
        raise ValueError(
            f"{options.low} is {low.shape[-1]} and {options.high} is {high.shape[-1]} pixels wide; "
            "add --size to bring both to one size."
        )
    first, last = options.first, low.shape[-1] / 2 if options.last is None else options.last
    if not 0 < first < last <= low.shape[-1] / 2:
        raise ValueError(
            f"--from is {first:g} and --to is {last:g}; pictures of {low.shape[-1]} pixels allow "
            f"above 0 to {low.shape[-1] / 2:g} cycles/image, the first below the last."
        )
    asked = [(worded.card(name), worded.load(name)) for name in options.models]
    for share in torch.linspace(0, 1, options.frames, dtype=torch.float64).tolist():
        cutoff = first * (last / first) ** share
        picture = hybrid(low, high, cutoff, filter=options.filter)
        said = []
        for place, (card, network) in enumerate(asked):
            classes = card["classes"]
            best, indices = top_k(network(picture[None]), min(ANSWERS, len(classes)))
            answers = zip(indices[0].tolist(), best[0].tolist(), strict=True)
            known = [(classes[index], probability) for index, probability in answers]
            said.append(films.Said(card["title"], known, palette.line(place)["color"]))
        yield films.frame(picture, f"cutoff {cutoff:.3g} cycles/image", share, said)
