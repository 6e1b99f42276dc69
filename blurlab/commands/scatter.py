"""The command scatter: where networks reverse, beside what they name under a corruption."""

import math
from argparse import Namespace

from blurlab.claims import methods, scatter
from blurlab.commands.kept import shipped_pair
from blurlab.commands.options import Commands, command
from blurlab.commands.tables import rows_of, spanned
from blurlab.corruptions.table import CORRUPTIONS, published
from blurlab.data.sets import DATASETS


def add(commands: Commands) -> None:
    """Describe the command to the parser."""
    added = command(
        commands,
        "scatter",
        print_scatter,
        "print f_rev beside the accuracy under a corruption, and how they go together",
    )
    added.add_argument(
        "--corruption", choices=published(), help="which one (default: the 15 of ImageNet-C)"
    )
    added.add_argument(
        "--plain", metavar="M", help="a network of the input size (default: as for claims)"
    )
    added.add_argument(
        "--data", choices=DATASETS, required=True, help="pictures that they were measured on"
    )


def print_scatter(options: Namespace) -> None:
    """Print a row for every network, as Markdown, and a last one of correlations."""
    plain = options.plain or shipped_pair(options)[0]
    found, pictures = scatter.points(plain, options.data, options.corruption)
    heads = ["network", "f_rev, of Nyquist"]
    heads += [f"severity {step}, %" if step else "all five, %" for step in scatter.STEPS]
    rows = [
        [f"`{p.name}`", spanned(p.f_rev, 1, 3), *(spanned(each, 100, 1) for each in p.accuracy)]
        for p in found
    ]
    together, families = scatter.correlations(found)
    is_known = not any(math.isnan(each.value) for each in together)
    if is_known:
        rows.append(["correlation with f_rev", "", *(spanned(each, 1, 2) for each in together)])
    print(*rows_of(heads, rows), sep="\n")
    row = CORRUPTIONS.get(options.corruption)
    print(
        f"\n{row.title if row else 'The 15 corruptions of ImageNet-C'}: accuracy on the "
        f"{pictures:,} pictures that all of these networks were shown. Brackets hold 95 % "
        "intervals; those of several severities or corruptions together are on the safe side."
    )
    print(
        f"Correlations are over {families} families of networks, each by its mean."
        if is_known
        else f"A correlation takes four families of networks, and these are of {families}."
    )
    names = [point.name for point in found]
    print("\n" + methods.line(dict.fromkeys(scatter.MEASURES, names), options.data))
