"""Commands that show what is kept of measures, and how far their intervals can be trusted."""

import math
from argparse import Namespace

from blurlab.claims import beside_plain, methods
from blurlab.claims.blurs import Best, best, sweep
from blurlab.claims.by_class import by_class
from blurlab.claims.compare import family
from blurlab.claims.coverage import simulate
from blurlab.claims.protocols import both
from blurlab.claims.sentences import together
from blurlab.claims.table import behind, claims, seeds_of
from blurlab.commands.options import Commands, add_models, between, command, output
from blurlab.commands.tables import claimed, markdown, rows_of, spanned
from blurlab.corruptions.row import BANDS
from blurlab.data.sets import DATASETS
from blurlab.networks import store
from blurlab.statistics import Interval, worded

ON_CARDS = "Clean accuracy and f_rev are of the whole validation split where a card has them."


def add(commands: Commands) -> None:
    """Describe these commands to the parser."""
    telling = command(
        commands, "family", print_family, "print the kept results of networks as a Markdown table"
    )
    add_models(telling, "all trained on the data")

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

    besides = command(
        commands, "recipes", print_recipes, "print how far recipes are from the plain one"
    )
    besides.add_argument("--plain", metavar="M", help="the plain network (default: as for claims)")

    sweeping = command(
        commands, "blurs", print_blurs, "print robustness along a sweep of blurs, and its optimum"
    )
    sweeping.add_argument(
        "--plain", metavar="M", help="network that the others differ from by their blur alone"
    )

    classing = command(
        commands, "classes", print_classes, "print the f_rev of every class from kept hybrids"
    )
    classing.add_argument("--model", metavar="M", required=True, help="name of an installed model")

    doubling = command(
        commands,
        "protocols",
        print_protocols,
        "print the smallest changes by the paper's protocol beside ours, from kept results",
    )

    covering = command(
        commands, "coverage", print_coverage, "simulate how often intervals hold the truth"
    )
    covering.add_argument(
        "--runs",
        metavar="N",
        type=between(10, 1_000_000),
        default=1000,
        help="simulations of each kind of interval (default: %(default)s)",
    )

    describing = command(
        commands, "methods", print_methods, "write how what is kept was measured, for a paper"
    )
    add_models(describing)
    describing.add_argument(
        "--paper",
        action="store_true",
        help="of what was measured with the settings of Li et al. 2023 (measure --paper)",
    )

    reporting = command(
        commands, "report", write_report, "write what is kept of networks as one HTML file"
    )
    reporting.add_argument("output", metavar="OUT.html", type=output, help="file to write")
    add_models(reporting, "the plain and the blurred one of the data")

    for parser in (telling, claiming, besides, sweeping, classing, doubling, describing, reporting):
        parser.add_argument(
            "--data", choices=DATASETS, required=True, help="pictures that they were measured on"
        )


def print_family(options: Namespace) -> None:
    """Print a row for every recipe, and how many pictures are behind the numbers."""
    trained = [n for n in store.names() if store.card(n)["recipe"].get("data") == options.data]
    names = options.models or trained
    found = family(names, options.data)
    if not any(kin.numbers for kin in found):
        whose = ", ".join(names) or "any installed network"
        raise ValueError(f"nothing is kept of {whose} on {options.data}.")
    print(*markdown(found), sep="\n")
    alike: dict[str, list[str]] = {}
    for kin in found:
        alike.setdefault(_counts(kin.pictures), []).append(f"`{kin.names[0]}`")
    print("\nBrackets hold 95 % intervals.", ON_CARDS, "Pictures behind the other numbers:\n")
    for counts, names in alike.items():
        print(f"- {', '.join(names)}: {counts}")
    measures = dict.fromkeys(measure for kin in found for measure in kin.pictures)
    every = [name for kin in found for name in kin.names]
    print("\n" + methods.line(dict.fromkeys(measures, every), options.data))


def _counts(pictures: dict[str, list[int]]) -> str:
    """Say how many pictures each measure is of, for models that differ by seed alone."""
    every = (f"{key} {' or '.join(map(str, sorted(set(n))))}" for key, n in pictures.items())
    return ", ".join(every) or "none"


def print_claims(options: Namespace) -> None:
    """Print a row for every claim, as Markdown, and whose numbers they are."""
    usual = shipped_pair(options)
    plain, blurred = options.plain or usual[0], options.blurred or usual[1]
    if plain == blurred:
        raise ValueError(f"--plain and --blurred are both {plain}; they take two networks.")
    alone = bool(options.plain or options.blurred)
    found = claims(plain, blurred, options.data, alone=alone)
    if not found:
        raise ValueError(f"nothing is kept of {plain} and {blurred} on {options.data}.")
    print(*claimed(found), sep="\n")
    pairs = [(plain, blurred)] if alone else seeds_of(plain, blurred)
    told = "; ".join(f"{one} and {other}" for one, other in pairs)
    print(f"\nPlain and blurred: {told}. Brackets hold 95 % intervals.")
    print(together(found))
    print("\n" + methods.line(behind(pairs), options.data))


def shipped_pair(options: Namespace) -> tuple[str, str]:
    """Return the networks that ship for the pictures, which need not be named.

    Raises ValueError where none do, and the plain one is not named.
    """
    usual = store.pair(options.data)
    if not options.plain and usual[0] not in store.names():
        raise ValueError(
            f"no networks ship that were trained on {options.data}; name yours with --plain."
        )
    return usual


def print_recipes(options: Namespace) -> None:
    """Print a row for every recipe, as Markdown, with what it changes."""
    plain = options.plain or shipped_pair(options)[0]
    found = beside_plain.recipes(plain, options.data)
    heads = ["network", "f_rev, times", "minimal epsilon, times"]
    heads += [f"{band}, points" for band in (*BANDS, "all corruptions", "PGD 1/255")]
    rows = [
        [f"`{each.name}`", *(_beside(each.numbers.get(key), key) for key in beside_plain.NUMBERS)]
        for each in found
    ]
    print(*rows_of(heads, rows), sep="\n")
    pairs = sorted({each.seeds for each in found})
    print(
        f"\nEach recipe against `{plain}` and its seeds ({pairs[0]}), on the same pictures: f_rev "
        "and the median minimal epsilon as ratios, accuracies as differences. Brackets hold 95 % "
        "intervals over pictures and these seeds."
    )


def _beside(found: Interval | None, key: str) -> str:
    if found is None:
        return ""
    if beside_plain.NUMBERS[key].is_ratio:
        return spanned(found, 1, 2)
    value, low, high = (f"{100 * number:+.1f}" for number in found)
    return f"{value} [{low}, {high}]"


def print_blurs(options: Namespace) -> None:
    """Print a row for every blur, as Markdown, and where parabolas through them are highest."""
    found = sweep(options.plain or shipped_pair(options)[0], options.data)
    heads = ["sigma, px", "seeds", "f_rev, of Nyquist", "clean, %", *BANDS, "all corruptions, %"]
    rows = [
        [
            f"{each.sigma:g}",
            str(each.seeds),
            spanned(each.f_rev, 1, 3),
            *(spanned(number, 100, 1) for number in (each.clean, *each.under.values())),
        ]
        for each in found
    ]
    print(*rows_of(heads, rows), sep="\n")
    print("\nBrackets hold 95 % intervals.")
    for band in (*BANDS, "all"):
        if top := best(found, band):
            print(_highest(band, top))


def print_classes(options: Namespace) -> None:
    """Print a row for every class, as Markdown, the one that goes by the coarsest first."""
    heads = ["class", "pairs", "f_rev, of Nyquist"]
    found = by_class(options.model, options.data)
    rows = [[each.name, str(each.pairs), spanned(each.f_rev, 1, 3)] for each in found]
    print(*rows_of(heads, rows), sep="\n")
    print("\nBrackets hold 95 % intervals.")


def print_protocols(options: Namespace) -> None:
    """Print a row for every network that is kept by both, as Markdown, and what the two are."""
    found = both(options.data)
    numbers = ("f_0.5", "alike", "minimal epsilon")
    heads = ["network", *(f"{whose}: {n}" for whose in ("the paper's", "ours") for n in numbers)]
    rows = [[f"`{each.name}`", *_protocol(each.published), *_protocol(each.ours)] for each in found]
    print(*rows_of(heads, rows), sep="\n")
    counts = sorted({each.pictures for each in found})
    print(
        f"\nThe paper's: {found[0].published['attack']}. Ours: {found[0].ours['attack']}. "
        f"{' or '.join(map(str, counts))} pictures, the same for both. f_0.5 is in cycles/pixel, "
        "alike with every picture's change counting the same; minimal epsilon is the median in "
        "255ths. Brackets hold 95 % intervals."
    )
    print("Effective pictures behind f_0.5, the paper's and ours:", end=" ")
    told = (
        f"`{each.name}` {_effective(each.published)} and {_effective(each.ours)}" for each in found
    )
    print(*told, sep=", ", end=".\n")


def _protocol(numbers: dict) -> list[str]:
    median = spanned(numbers["epsilon"]["median"], 255, 2)
    return [spanned(numbers[name], 1, 3) for name in ("f_half", "f_half_equal")] + [median]


def _effective(numbers: dict) -> str:
    return worded(numbers["effective"], ".0f")


def _highest(band: str, top: Best) -> str:
    words = "all corruptions" if band == "all" else f"{band}-frequency corruptions"
    if math.isnan(top.f_rev.value):
        return f"Accuracy under {words} has no highest point within the sweep."
    low, high = (" or beyond" if is_open else "" for is_open in top.is_open)
    value, *ends = top.f_rev
    return (
        f"A parabola through accuracy under {words} is highest, {100 * top.accuracy:.1f} %, at an "
        f"f_rev of {value:.3f} [{ends[0]:.3f}{low}, {ends[1]:.3f}{high}], nearest to sigma "
        f"{top.sigma:g} px. It misses the accuracy of a blur by up to {100 * top.misses:.1f} "
        "points."
    )


def print_coverage(options: Namespace) -> None:
    """Print how many of the simulated intervals held the truth, as Markdown, one after another."""
    heads = ["interval of", "holds the truth, %", "mean width"]
    print(*rows_of(heads, []), sep="\n")
    for each in simulate(options.runs):
        held = "{:.1f} [{:.1f}, {:.1f}]".format(*(100 * end for end in each.share))
        print(f"| {each.what} | {held} | {each.width:.3g} |", flush=True)


def write_report(options: Namespace) -> None:
    """Write the report, whose figures only the app's libraries draw."""
    from blurlab.ui.written import report

    page = report(options.models or store.pair(options.data), options.data)
    options.output.write_text(page, encoding="utf-8")
    print(f"{options.output}: {len(page) / 1e6:.1f} MB")


def print_methods(options: Namespace) -> None:
    """Print the sentences and the references, a line each."""
    told = methods.paragraph(options.models, options.data, is_paper=options.paper)
    print(*told, sep="\n\n")
