"""Estimates as lines of text, each with its 95 % interval: plain, or Markdown for a README."""

from collections.abc import Iterator
from typing import Any

from blurlab.claims.claim import Claim
from blurlab.claims.compare import Kin
from blurlab.statistics import Interval, worded

LONGEST = 20  # numbers shown of a list
# Columns of a family's table: what compare calls the number, the head, what it is multiplied by and
# the digits after the point.
COLUMNS = (
    ("accuracy, clean", "clean, %", 100, 1),
    ("accuracy, low-frequency corruptions", "corruptions: low, %", 100, 1),
    ("accuracy, medium-frequency corruptions", "medium, %", 100, 1),
    ("accuracy, high-frequency corruptions", "high, %", 100, 1),
    ("accuracy, attacks of 1/255", "PGD 1/255, %", 100, 1),
    ("accuracy, attacks of 4/255", "PGD 4/255, %", 100, 1),
    ("f_rev, of Nyquist", "f_rev, of Nyquist", 1, 3),
    ("f_0.5, cycles/pixel", "f_0.5, cycles/pixel", 1, 3),
    ("median minimal epsilon (FMN, 100 steps), 255ths", "median minimal epsilon, 255ths", 1, 2),
    ("critical band, cycles/image", "critical band, cycles/image", 1, 1),
)


def table(found: dict[str, dict[str, Any]]) -> list[str]:
    """Lay out estimates by model, each as a measure returns it; what all share is printed once."""
    by_model = {model: dict(cells(numbers)) for model, numbers in found.items()}
    labels = dict.fromkeys(label for written in by_model.values() for label in written)
    lines = [("", "model", "value [95 % interval]")]
    for label in labels:
        held = {model: written.get(label, "-") for model, written in by_model.items()}
        if len(held) > 1 and len(set(held.values())) == 1 and "[" not in held[next(iter(held))]:
            held = {"all": next(iter(held.values()))}
        for index, (model, text) in enumerate(held.items()):
            lines.append((label if index == 0 else "", model, text))
    widths = [max(len(line[column]) for line in lines) for column in (0, 1)]
    return [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in lines]


def markdown(found: list[Kin]) -> list[str]:
    """Lay out a family as a Markdown table, one row for models that differ by seed alone.

    A cell holds the estimate of the first of them and, where there are others, the range of all.
    """
    heads = ["network", *(head for _, head, _, _ in COLUMNS)]
    rows = [
        [f"`{kin.names[0]}`", *(_cell(kin.numbers.get(k, []), by, d) for k, _, by, d in COLUMNS)]
        for kin in found
    ]
    return rows_of(heads, rows)


def claimed(found: list[Claim]) -> list[str]:
    """Lay out claims as a Markdown table, accuracies in points of percent."""
    rows = [
        [
            each.claim,
            each.quantity,
            _found(each),
            f"{each.pictures:,}",
            str(each.seeds),
            each.verdict,
        ]
        for each in found
    ]
    heads = ["claim", "measured", "value [95 % interval]", "pictures", "seeds", "verdict"]
    return rows_of(heads, rows)


def rows_of(heads: list[str], rows: list[list[str]]) -> list[str]:
    """Lay out cells as the lines of a Markdown table."""
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)]


def _found(claim: Claim) -> str:
    if claim.kind == "difference":
        return "{:+.1f} [{:+.1f}, {:+.1f}] points".format(*(100 * end for end in claim.found))
    if claim.kind == "share":
        return "{:.0f} % [{:.0f}, {:.0f}]".format(*(100 * end for end in claim.found))
    return "{:.2f} [{:.2f}, {:.2f}]".format(*claim.found)


def _cell(values: list[Interval], factor: int, digits: int) -> str:
    if not values:
        return ""
    text = spanned(values[0], factor, digits)
    defined = [factor * each.value for each in values if each.value == each.value]
    if len(values) == 1 or not defined:
        return text
    ends = f"{min(defined):.{digits}f} to {max(defined):.{digits}f}"
    return f"{text}; {len(values)} seeds: {ends}"


def spanned(found: Interval, factor: int, digits: int) -> str:
    """Write an estimate, times a factor, with its interval."""
    value, low, high = (worded(factor * number, f".{digits}f") for number in found)
    return value if value == "undefined" else f"{value} [{low}, {high}]"


def cells(numbers: Any, label: str = "") -> Iterator[tuple[str, str]]:
    """Write every quantity of an estimate: yield (its name, its text)."""
    if isinstance(numbers, dict):
        for name, value in numbers.items():
            yield from cells(value, f"{label} {name}".strip())
    elif isinstance(numbers, list) and numbers and isinstance(numbers[0], list):
        yield label, f"{len(numbers)} lists of {len(numbers[0])}; --json has them"
    elif isinstance(numbers, list):
        shown = " ".join(_number(getattr(value, "value", value)) for value in numbers[:LONGEST])
        rest = len(numbers) - LONGEST
        yield label, shown if rest <= 0 else f"{shown} and {rest} more; --json has them"
    elif isinstance(numbers, Interval):
        value, low, high = (_number(number, "#.3g").rstrip(".") for number in numbers)
        yield label, value if value == "undefined" else f"{value} [{low}, {high}]"
    else:
        yield label, _number(numbers)


def _number(value: Any, form: str = ".3g") -> str:
    if isinstance(value, float):
        return worded(value, form)
    return "-" if value is None else str(value)
