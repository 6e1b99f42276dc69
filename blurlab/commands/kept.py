"""Commands that show what is kept of measures: family and claims."""

from argparse import Namespace

from blurlab.claims.compare import family
from blurlab.claims.table import claims
from blurlab.commands.options import Commands, command
from blurlab.commands.tables import claimed, markdown
from blurlab.data.sets import DATASETS
from blurlab.networks import store

ON_CARDS = "Clean accuracy and f_rev are of the whole validation split where a card has them."


def add(commands: Commands) -> None:
    """Describe these commands to the parser."""
    telling = command(
        commands, "family", print_family, "print the kept results of networks as a Markdown table"
    )
    telling.add_argument(
        "--model",
        metavar="M",
        dest="models",
        action="append",
        help="name of an installed model; repeat it for several (default: all trained on the data)",
    )

    claiming = command(
        commands, "claims", print_claims, "test the paper's claims on the kept results"
    )
    claiming.add_argument(
        "--plain", metavar="M", help="without blur (default: DATA_base, or imagenet_lite0)"
    )
    claiming.add_argument(
        "--blurred",
        metavar="M",
        help="trained behind a blur (default: DATA_blur2, or imagenet_blur3)",
    )

    for parser in (telling, claiming):
        parser.add_argument(
            "--data", choices=DATASETS, required=True, help="pictures that they were measured on"
        )


def print_family(options: Namespace) -> None:
    """Print a row for every recipe, and how many pictures are behind the numbers."""
    trained = [n for n in store.names() if store.card(n)["recipe"].get("data") == options.data]
    found = family(options.models or trained, options.data)
    print(*markdown(found), sep="\n")
    alike: dict[str, list[str]] = {}
    for kin in found:
        alike.setdefault(_counts(kin.pictures), []).append(f"`{kin.names[0]}`")
    print("\nBrackets hold 95 % intervals.", ON_CARDS, "Pictures behind the other numbers:\n")
    for counts, names in alike.items():
        print(f"- {', '.join(names)}: {counts}")


def _counts(pictures: dict[str, list[int]]) -> str:
    """Say how many pictures each measure is of, for models that differ by seed alone."""
    every = (f"{key} {' or '.join(map(str, sorted(set(n))))}" for key, n in pictures.items())
    return ", ".join(every) or "none"


def print_claims(options: Namespace) -> None:
    """Print a row for every claim, as Markdown, and whose numbers they are."""
    usual = store.pair(options.data)
    plain, blurred = options.plain or usual[0], options.blurred or usual[1]
    print(*claimed(claims(plain, blurred, options.data)), sep="\n")
    print(f"\nPlain: {plain}; blurred: {blurred}. Brackets hold 95 % intervals.")
