"""Models side by side: which numbers are kept of each, in words and as tables."""

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import streamlit as st

from blurlab.claims import compare, methods
from blurlab.claims.claim import Claim
from blurlab.claims.sentences import together, verdict
from blurlab.claims.table import claims, pair
from blurlab.data import sets, sources
from blurlab.measures import corrupted, provenance, results
from blurlab.measures.figure import FREQUENCIES
from blurlab.measures.row import Number
from blurlab.measures.table import MEASURES
from blurlab.networks import store, titles
from blurlab.statistics import Interval
from blurlab.ui import cache, files, protocol, show
from blurlab.ui.languages import numeral, say
from blurlab.ui.sensitivity import report

ACROSS, UP, CLEAN = "f_rev", "accuracy, all corruptions", "accuracy, clean"
ONE = "accuracy, one corruption"


class Row(NamedTuple):
    """What is kept of one model.

    found: pictures and estimate by measure.  numbers: those that it is known by, by their labels.
    """

    name: str
    found: dict[str, tuple[int, dict[str, Any]]]
    numbers: dict[str, Number]


def kept(data: str) -> list[Row]:
    """Return the rows of the sidebar's models, or of all, and of a person's own in any case."""
    chosen = st.session_state["models"] or store.names()
    own = [name for name in store.names() if name not in chosen and titles.is_own(name)]
    rows = [row(name, data) for name in (*chosen, *own)]
    show.damaged_results()
    return [each for each in rows if each.found]


def row(name: str, data: str) -> Row:
    """Return what is kept of one model, with the accuracy on its card where no measure has one."""
    found = of(name, data)
    told = compare.told({measure: estimate for measure, (_, estimate) in found.items()})
    numbers = {number.label: number for number in told.values()}
    if (clean := compare.on_card(name, data).get(CLEAN)) is not None:
        numbers.setdefault(CLEAN, Number(CLEAN, clean, "share"))
    return Row(name, found, numbers)


def chosen(data: str) -> list[str]:
    """Name the networks of a report: those chosen that something is kept of, or the usual two."""
    picked = [name for name in st.session_state["models"] if compare.is_kept(name, data)]
    return picked or [name for name in pair(data) or () if compare.is_kept(name, data)]


def missing(rows: list[Row]) -> list[str]:
    """Name the models that a person chose or added and that nothing is kept of."""
    wanted = [
        name for name in store.names() if name in st.session_state["models"] or titles.is_own(name)
    ]
    found = {row.name for row in rows}
    return [show.plain(cache.title(name)) for name in wanted if name not in found]


def of(name: str, data: str) -> dict[str, tuple[int, dict[str, Any]]]:
    """Return what is kept of one model: pictures and estimate by measure."""
    return _kept(name, data, compare.stamp())


@lru_cache(maxsize=128)
def _kept(name: str, data: str, stamp: tuple) -> dict[str, tuple[int, dict[str, Any]]]:
    return compare.kept(name, data)


def axes(rows: list[Row]) -> tuple[list[str], list[str]]:
    """Return the labels of the numbers that lie across and up: frequencies, and all others."""
    units: dict[str, str] = {}
    for row in rows:
        for label, number in row.numbers.items():
            if isinstance(number.found, Interval) and not math.isnan(number.found.value):
                units.setdefault(label, number.unit)
    across = [label for label, unit in units.items() if unit in FREQUENCIES]
    up = [label for label, unit in units.items() if unit not in FREQUENCIES]
    if any("corruptions" in row.found for row in rows):
        up.append(ONE)
    return across, sorted(up, key=lambda label: label != UP)  # the usual one first


def under(rows: list[Row], corruption: str | None, severity: int | None) -> list[Row]:
    """Give the rows the accuracy under one corruption or all, at one severity or all, as ONE."""
    return [
        row._replace(numbers=row.numbers | {ONE: Number(ONE, found, "share")})
        for row in rows
        if "corruptions" in row.found
        for found in [corrupted.under(row.found["corruptions"][1], corruption, severity)]
    ]


def unit_of(rows: list[Row], label: str) -> str:
    """Return the unit of a number that one of the rows has."""
    return next(row.numbers[label].unit for row in rows if label in row.numbers)


def sentence(data: str) -> str:
    """Say what the paper's claims come to on these pictures, in one sentence."""
    return say(verdict(_claims(data, compare.stamp()))).replace("-0", "−0")


def claimed(data: str) -> list[dict[str, str]]:
    """Return one row per claim of the paper, held against the plain and the blurred network."""
    return [
        {
            say("the paper's claim"): say(each.claim),
            say("verdict"): say(each.verdict),
            say("value"): report.written(
                each.found, percent=each.kind == "share", points=each.kind == "difference"
            ),
            say("of"): say(each.quantity),
            say("pictures"): numeral(f"{each.pictures:,}"),
            say("seeds"): str(each.seeds),
        }
        for each in _claims(data, compare.stamp())
    ]


def counted(data: str) -> str:
    """Say how many comparisons the claims hold, and what that leaves of them."""
    return say(together(_claims(data, compare.stamp())))


@lru_cache(maxsize=8)
def _claims(data: str, stamp: tuple) -> list[Claim]:
    two = pair(data)
    return claims(*two, data) if two else []


def table(rows: list[Row]) -> list[dict[str, str]]:
    """Return one row per model and a column per number, each with its 95 % interval."""
    found = {row.name: _written(row) for row in rows}
    heads = dict.fromkeys(head for numbers in found.values() for head in numbers)
    return [
        {"network": cache.title(name)}
        | {head: numbers.get(head, say("not measured")) for head in heads}
        for name, numbers in found.items()
    ]


def _written(row: Row) -> dict[str, str]:
    axis = report.axis(row.name)
    return {
        report.label(number, axis): report.summed_up(number, axis)
        for number in row.numbers.values()
    }


def as_csv(rows: list[Row], data: str) -> str:
    """Write every number of every model as a line, with the protocol that it was measured by."""
    lines = []
    for row in rows:
        for measure, (pictures, found) in row.found.items():
            about = _protocol(row.name, data, measure)
            for label, value in compare.compared({measure: found}).items():
                ends = dict(zip(("value", "low", "high"), value, strict=True))
                lines.append(
                    {"model": row.name, "measure": measure, "number": label, "pictures": pictures}
                    | ends
                    | about
                )
    return files.as_csv(lines)


def command(rows: list[Row], data: str) -> str:
    """Write the commands that print a figure's numbers and claims, "" for one's own pictures."""
    if data not in sets.DATASETS:
        return ""
    named = " ".join(f"--model {row.name}" for row in rows)
    return f"python -m blurlab family --data {data} {named}\npython -m blurlab claims --data {data}"


def script(
    rows: list[Row], data: str, corrupting: tuple[str | None, int | None] | None = None
) -> str:
    """Write the Python lines that print the numbers of every network.

    corrupting: the corruption and the severity of ONE, where that is among them.
    """
    added = [
        '    if "corruptions" in found:',
        f'        one = corrupted.under(found["corruptions"], *{corrupting!r})',
        f"        numbers[{ONE!r}] = one",
    ]
    lines = [
        "from blurlab.claims import compare",
        *(["from blurlab.measures import corrupted"] if corrupting else []),
        "",
        f"for name in {[row.name for row in rows]!r}:",
        f"    kept = compare.kept(name, {data!r})",
        "    found = {measure: estimate for measure, (pictures, estimate) in kept.items()}",
        f"    numbers = compare.on_card(name, {data!r}) | compare.compared(found)",
        *(added if corrupting else []),
        "    for label, (value, low, high) in numbers.items():",
        '        print(f"{name}: {label} {value:.6g} [{low:.6g}, {high:.6g}]")',
    ]
    return "\n".join(lines) + "\n"


def protocol_of(
    rows: list[Row], shown: list[str], across: str, up: str, title: str, data: str
) -> dict[str, str]:
    """Say how the two numbers of a figure were measured.

    shown: the networks that it has.  title: what the figure calls the number that lies up.
    """
    found = {row.name: _behind(row, (across, up)) for row in rows if row.name in shown}
    pictures = sources.TITLES.get(data, data)
    return protocol.kept(f"{title}, against {across}", pictures, found)


def _behind(row: Row, labels: Sequence[str]) -> dict[str, int]:
    """Return the measures that tell these numbers of a model, and of how many pictures."""
    found = {}
    for label in labels:
        for measure, (pictures, estimate) in row.found.items():
            told = [number.label for number in MEASURES[measure].compared(estimate)]
            if label in told or (label, measure) == (ONE, "corruptions"):
                found[measure] = pictures
                break  # the first measure's number is the one that is shown
    return found


def _protocol(name: str, data: str, measure: str) -> dict[str, Any]:
    key = compare.key(name, data, measure)
    made = provenance.told(results.provenance(key).values()) if key else []
    return {
        "data": data,
        "settings": json.dumps(compare.settings(name, measure)),
        "seed": 0,
        "model_hash": store.identity(store.card(name)),
        "protocol": "ours",
        "made": methods.ways(made),
    }
