"""Commands about defences: pca."""

from argparse import Namespace
from pathlib import Path

from blurlab.commands.options import Commands, between, command
from blurlab.data import sets
from blurlab.training import fit_pca


def add(commands: Commands) -> None:
    """Describe this command to the parser."""
    fitting = command(
        commands, "pca", write_basis, "fit the PCA defence to training pictures and save it"
    )
    fitting.add_argument(
        "output",
        metavar="OUT",
        type=Path,
        help=".safetensors file to write; its card is written beside it as .json",
    )
    fitting.add_argument(
        "--data", choices=list(sets.DATASETS), default="imagenette", help="default: imagenette"
    )
    fitting.add_argument(
        "--size",
        metavar="S",
        type=between(8, 64),
        default=32,
        help="side in pixels that pictures are reduced to, 8 to 64 (default: 32)",
    )
    fitting.add_argument(
        "--count",
        metavar="K",
        type=between(1, 3 * 64 * 64),
        default=512,
        help="how many components to keep, strongest first (default: 512)",
    )


def write_basis(options: Namespace) -> None:
    if options.output.suffix != ".safetensors":
        raise ValueError(f"{options.output} must end in .safetensors.")
    card = fit_pca.fit(options.data, options.size, options.count, options.output)
    print(
        f"{options.output}: {card['components']} of {card['of']} components of "
        f"{card['pictures']} pictures hold {card['explained_variance']:.1%} of their variance"
    )
