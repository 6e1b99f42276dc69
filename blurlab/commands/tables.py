"""Estimates as lines of text: one quantity of one model a line, with its 95 % interval."""

from collections.abc import Iterator
from typing import Any

from blurlab.sensitivity import Interval

LONGEST = 20  # numbers shown of a list


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
        return "undefined" if value != value else format(value, form)
    return "-" if value is None else str(value)
