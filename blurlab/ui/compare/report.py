"""Models side by side: which numbers are kept of each, as figures and a table."""

import math
from collections import Counter
from functools import lru_cache
from typing import Any, NamedTuple

import plotly.graph_objects as go
import streamlit as st

from blurlab import places
from blurlab.claims import compare, paper
from blurlab.claims.table import Claim, claims
from blurlab.corruptions.row import BANDS
from blurlab.networks import store
from blurlab.statistics import Interval
from blurlab.ui import cache, files, link, palette, show
from blurlab.ui.sensitivity import report

ALL = "all"
CLASSES = {ALL: "all 15"} | {band: f"{band} frequencies" for band in BANDS}
DATA = {"imagenette": "Imagenette", "objects": "objects"}
PAPER_SYMBOLS = {"CIFAR-10": "circle-open", "ImageNet": "square-open"}

PARAMETERS = {
    "compared": link.choice(list(DATA), "imagenette"),
    "band": link.choice(list(CLASSES), ALL),
    "paper": link.flag(True),
}


class Row(NamedTuple):
    """What is kept of one model.

    color: index that models of one recipe but for the seed share.  size: side in pixels of what the
    model sees.  found: pictures and estimate by measure.
    """

    name: str
    color: int
    size: int
    found: dict[str, tuple[int, dict[str, Any]]]

    def estimate(self, measure: str) -> dict[str, Any] | None:
        return self.found[measure][1] if measure in self.found else None


class Point(NamedTuple):
    """Two numbers of a model, as a figure shows them against each other."""

    row: Row
    x: Interval
    y: Interval

    @property
    def is_defined(self) -> bool:
        return not (math.isnan(self.x.value) or math.isnan(self.y.value))


def kept(data: str) -> list[Row]:
    """Return the rows of the sidebar's models or, where none is chosen, of all trained on data."""
    chosen = st.session_state["models"] or [
        name for name in store.names() if cache.card(name)["recipe"]["data"] == data
    ]
    rows: list[Row] = []
    colors: dict[str, int] = {}
    for name in chosen:
        recipe = cache.card(name)["recipe"]
        color = colors.setdefault(compare.without_seed(recipe), len(colors))
        rows.append(Row(name, color, recipe["input_size"], of(name, data)))
    show.damaged_results()
    return [row for row in rows if row.found]


def of(name: str, data: str) -> dict[str, tuple[int, dict[str, Any]]]:
    """Return what is kept of one model: pictures and estimate by measure."""
    return _kept(name, data, _stamp())


def _stamp() -> tuple:
    """Return what changes whenever results are added."""
    folders = (places.SHIPPED_RESULTS, places.results_folder())
    return tuple(folder.stat().st_mtime_ns if folder.is_dir() else 0 for folder in folders)


@lru_cache(maxsize=64)
def _kept(name: str, data: str, stamp: tuple) -> dict[str, tuple[int, dict[str, Any]]]:
    return compare.kept(name, data)


def reversal_points(rows: list[Row], band: str) -> list[Point]:
    """Return f_rev and the accuracy under corruptions of the rows that have both."""
    found = []
    for row in rows:
        hybrids, corruptions = row.estimate("hybrids"), row.estimate("corruptions")
        if hybrids and corruptions:
            classes = corruptions["classes"]
            accuracy = compare.over_all(classes) if band == ALL else classes[band]
            found.append(Point(row, hybrids["f_rev_nyquist"], accuracy))
    return [point for point in found if point.is_defined]


def attack_points(rows: list[Row]) -> list[Point]:
    """Return f_0.5 and the smallest change that succeeds, in 255ths, of the rows that have both."""
    found = []
    for row in rows:
        if attacked := row.estimate("perturbation"):
            median = Interval(*(255 * end for end in attacked["epsilon"]["median"]))
            found.append(Point(row, attacked["f_half"], median))
    return [point for point in found if point.is_defined and point.y.value > 0]


def correlated(points: list[Point], *, logarithmic: bool = False) -> str:
    """Say how far the two numbers of a figure go together, if there are recipes enough.

    It is over models of the one size that most have.
    logarithmic: the second number counts by its logarithm, as it is drawn.
    """
    if not points:
        return ""
    [(size, _)] = Counter(point.row.size for point in points).most_common(1)
    alike = [point for point in points if point.row.size == size]
    y = [math.log(point.y.value) if logarithmic else point.y.value for point in alike]
    pairs = zip(alike, y, strict=True)
    found, count = compare.correlated([(each.row.name, each.x.value, at) for each, at in pairs])
    if math.isnan(found.value):
        return ""
    over = f"Correlation over these {count} recipes of {size} px: "
    return over + "r = {:.2f} [{:.2f}, {:.2f}].".format(*found)


def reversal_figure(points: list[Point], band: str, *, with_paper: bool) -> go.Figure:
    """Draw accuracy under corruptions against f_rev."""
    figure = go.Figure()
    if with_paper and band == ALL:
        steps = list(zip(*paper.BLUR_SWEEP, strict=True))
        figure.add_scatter(
            x=steps[0], y=steps[1], mode="lines+markers", name="paper, CIFAR-10, blur σ = 3 to 1",
            line={"color": palette.GREY, "width": 1}, marker={"symbol": "circle-open"},
        )  # fmt: skip
        _add_paper(figure, "f_rev", "accuracy")
    _add_models(figure, points)
    figure.update_xaxes(title="reverse frequency f_rev (fraction of Nyquist)", rangemode="tozero")
    figure.update_yaxes(title=f"accuracy under corruptions ({CLASSES[band]})", tickformat=".0%")
    return _finished(figure)


def attack_figure(points: list[Point], *, with_paper: bool) -> go.Figure:
    """Draw the smallest change that succeeds against f_0.5."""
    figure = go.Figure()
    if with_paper:
        _add_paper(figure, "f_half", "epsilon")
    _add_models(figure, points)
    figure.update_xaxes(title="f_0.5 of minimal perturbations (cycles/pixel)", rangemode="tozero")
    ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20]
    figure.update_yaxes(title="median smallest epsilon (255ths)", type="log", tickvals=ticks)
    return _finished(figure)


def _add_models(figure: go.Figure, points: list[Point]) -> None:
    """Draw models as points; those that differ by seed alone are one line of the legend."""
    bars = {"thickness": 2, "width": 4}
    seeds = Counter(point.row.color for point in points)
    named = set()
    for row, x, y in points:
        many = f" ({seeds[row.color]} seeds)" if seeds[row.color] > 1 else ""
        figure.add_scatter(
            x=[x.value],
            y=[y.value],
            error_x={"array": [x.high - x.value], "arrayminus": [x.value - x.low], **bars},
            error_y={"array": [y.high - y.value], "arrayminus": [y.value - y.low], **bars},
            mode="markers",
            marker={"size": 14, "color": palette.line(row.color)["color"], "symbol": row.color},
            name=cache.title(row.name) + many,
            legendgroup=row.color,
            showlegend=row.color not in named,
        )
        named.add(row.color)


def _add_paper(figure: go.Figure, x: str, y: str) -> None:
    """Draw the paper's points in grey, with the range of several models as bars."""
    for data, symbol in PAPER_SYMBOLS.items():
        points = [p for p in paper.POINTS if p.data == data and getattr(p, x) and getattr(p, y)]
        place = {
            axis: [(sum(getattr(p, name)) / 2, getattr(p, name)) for p in points]
            for axis, name in (("x", x), ("y", y))
        }
        figure.add_scatter(
            **{axis: [middle for middle, _ in each] for axis, each in place.items()},
            **{
                f"error_{axis}": {
                    "array": [(high - low) / 2 for _, (low, high) in each],
                    "thickness": 1,
                    "width": 0,
                }
                for axis, each in place.items()
            },
            text=[p.title for p in points],
            textposition=[p.beside for p in points],
            textfont={"color": palette.GREY, "size": 11},
            mode="markers+text",
            marker={"size": 9, "color": palette.GREY, "symbol": symbol},
            name=f"paper, {data}",
        )


def _finished(figure: go.Figure) -> go.Figure:
    entries = sum(trace.showlegend is not False for trace in figure.data)
    return figure.update_layout(
        height=500 + 10 * entries,  # two of them share a line below the axes
        margin={"t": 20, "r": 20},
        legend={"orientation": "h", "y": -0.22, "yanchor": "top", "tracegroupgap": 0},
        uirevision="keep",
    )


def table(rows: list[Row]) -> list[dict[str, str]]:
    """Return one row per model and a column per number, each with its 95 % interval."""
    found = {row.name: _numbers(row) for row in rows}
    labels = dict.fromkeys(label for numbers in found.values() for label in numbers)
    return [
        {"network": cache.title(name)}
        | {label: numbers.get(label, "not measured") for label in labels}
        for name, numbers in found.items()
    ]


def _numbers(row: Row) -> dict[str, str]:
    measured = compare.told({measure: found for measure, (_, found) in row.found.items()})
    return {
        name: number.found
        if isinstance(number.found, str)
        else report.written(number.found, percent=number.unit == "share")
        for name, number in measured.items()
    }


def claimed(data: str) -> list[dict[str, str]]:
    """Return one row per claim of the paper, held against the plain and the blurred network."""
    return [
        {
            "the paper's claim": each.claim,
            "verdict": each.verdict,
            "value": report.written(each.found, points=each.kind == "difference"),
            "of": each.quantity,
            "pictures": f"{each.pictures:,}",
        }
        for each in _claims(data, _stamp())
    ]


@lru_cache(maxsize=8)
def _claims(data: str, stamp: tuple) -> list[Claim]:
    return claims(*store.pair(data), data) if set(store.pair(data)) <= set(store.names()) else []


def as_csv(rows: list[Row]) -> str:
    """Write every number of every model as a line: model, number, value, low, high, pictures."""
    lines = []
    for row in rows:
        for measure, (pictures, found) in row.found.items():
            for label, value in compare.compared({measure: found}).items():
                ends = dict(zip(("value", "low", "high"), value, strict=True))
                lines.append(
                    {"model": row.name, "measure": measure, "number": label, "pictures": pictures}
                    | ends
                )
    return files.as_csv(lines)
