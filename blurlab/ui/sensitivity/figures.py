"""Plotly figures of what measures describe, with 95 % intervals; they draw nothing themselves.

How panels are drawn depends on their kind, and never on the name of their measure.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from blurlab.filters.spectrum import UNITS, convert
from blurlab.measures.figure import FREQUENCIES, Curves, Mark, Plane, Scale, Series
from blurlab.measures.row import Measure
from blurlab.statistics import Interval
from blurlab.ui import charts, palette
from blurlab.ui.languages import numeral, say

HEIGHT = 440
BETWEEN = 0.17  # of the width, where there is room for another axis
REFERENCE = {"color": "#7f7f7f", "symbol": "diamond-open", "size": 9}


class Axis(NamedTuple):
    """How frequencies are shown.

    unit: a key of spectrum.UNITS; degrees: visual angle of a picture's side, for "degree".
    size: side of the pictures in pixels.
    """

    unit: str
    size: int
    degrees: float | None

    def shown(self, value: Any, unit: str) -> Any:
        """Convert a number from one of figure.FREQUENCIES; what has another unit stays as it is."""
        if unit not in FREQUENCIES:
            return value
        cycles = value * {"nyquist": self.size / 2, "image": 1, "pixel": self.size}[unit]
        return convert(cycles, self.unit, size=self.size, degrees=self.degrees)

    def interval(self, found: Interval, unit: str) -> Interval:
        """Convert an estimate, as shown does."""
        return Interval(*(self.shown(end, unit) for end in found))

    def words(self, unit: str) -> str:
        """Say the unit that numbers are shown in."""
        words = UNITS[self.unit] if unit in FREQUENCIES else unit
        return say(words)


def figure(
    measure: Measure,
    found: dict[str, dict[str, Any]],
    axes: dict[str, Axis],
    *,
    whole: bool = True,
) -> go.Figure:
    """Draw a measure of several networks.

    found: estimates by the networks' titles, in the order of their colours.  axes: by the same
    titles how frequencies are shown, which depends on the size of the pictures.
    whole: with the rows of panels below the first one, where there are some.
    """
    drawn = {title: measure.draw(numbers) for title, numbers in found.items()}
    if not whole:
        drawn = {
            title: [panel for panel in panels if type(panel) is type(panels[0])]
            for title, panels in drawn.items()
        }
    first = next(iter(drawn.values()))
    made = DRAWN[type(first[0])](drawn, axes)
    rows = len({type(panel) for panel in first})
    return made.update_layout(
        height=rows * HEIGHT,
        margin={"t": 50, "r": 20},
        legend={"orientation": "h", "y": 1.18 if rows == 1 else 0.5, "yanchor": "bottom"},
        uirevision="keep",
    )


def curves(drawn: dict[str, Sequence[Curves]], axes: dict[str, Axis]) -> go.Figure:
    """Lay the networks' panels over one another, each in its network's colour and dash.

    A network may lack the last panels of others.
    """
    first = max(drawn.values(), key=len)
    is_shared = _are_alike(first)
    made = make_subplots(
        1,
        len(first),
        shared_yaxes=is_shared,
        subplot_titles=[say(panel.title) for panel in first],
        horizontal_spacing=None if is_shared else BETWEEN,
    )
    _add_curves(made, drawn, axes, 1)
    return made


def _are_alike(panels: Sequence[Curves]) -> bool:
    """Tell whether panels have one height, so that one axis serves them all."""
    return all(panel.y == panels[0].y for panel in panels)


def _add_curves(
    made: go.Figure, drawn: dict[str, Sequence[Curves]], axes: dict[str, Axis], row: int
) -> None:
    """Draw the networks' curves into a row of panels."""
    first_title, first = max(drawn.items(), key=lambda each: len(each[1]))
    is_shared = _are_alike(first)
    for index, (title, panels) in enumerate(drawn.items()):
        for column, panel in enumerate(panels, 1):
            shown = column == 1 if len(first) > 1 else None
            for trace in _traces(panel, index, title, axes[title], shown):
                made.add_trace(trace, row=row, col=column)
    for column, panel in enumerate(first, 1):
        place = {"row": row, "col": column}
        beside = {t: panels[column - 1] for t, panels in drawn.items() if len(panels) >= column}
        for series in panel.series:
            if series.style == "reference":
                made.add_trace(_reference(series, panel, axes[first_title], column == 1), **place)
        _add_lines(made, place, beside, axes)
        # Networks of larger pictures have more to label.
        most = max(beside, key=lambda title: len(beside[title].x.ticks))
        made.update_xaxes(_scaled(beside[most].x, axes[most]), **place)
        height = _scaled(panel.y, axes[first_title])
        if is_shared and column > 1:
            height |= {"title": None}
        made.update_yaxes(height, **place)


def _traces(
    panel: Curves, index: int, title: str, axis: Axis, shown: bool | None
) -> Iterator[go.Scatter]:
    """Draw a network's series and the numbers that stand on them.

    shown: in the legend; None leaves it to Plotly, which has none for a single line.
    """
    line = palette.line(index)
    own = {"name": title, "line": line, "showlegend": shown}
    for series in panel.series:
        x, y = _placed(series, panel.x, axis)
        if series.style == "curve":
            yield go.Scatter(x=x, **_bars(y), mode="lines+markers", **own)
        elif series.style == "line":
            yield go.Scatter(x=x, y=[each.value for each in y], mode="lines", **own)
        elif series.style == "beyond":
            yield go.Scatter(
                x=x,
                y=[each.value for each in y],
                mode="markers",
                marker={"color": line["color"], "size": 10, "symbol": "triangle-up-open"},
                name=f"{say(series.name)}: {title}",
                showlegend=False,
            )
    for mark in panel.marks:
        if mark.y is not None and not math.isnan(mark.x.value):
            yield _diamond(mark, axis.interval(mark.x, panel.x.unit), title, line["color"])


def _diamond(mark: Mark, x: Interval, title: str, color: str) -> go.Scatter:
    return go.Scatter(
        x=[x.value],
        y=[mark.y],
        error_x={"array": [x.high - x.value], "arrayminus": [x.value - x.low], "thickness": 4},
        mode="markers",
        marker={"color": color, "size": 12, "symbol": "diamond"},
        name=say("{name} of {title}", name=say(mark.name), title=title),
        showlegend=False,
    )


def _reference(series: Series, panel: Curves, axis: Axis, is_first: bool) -> go.Scatter:
    x, y = _placed(series, panel.x, axis)
    marks = {"mode": "markers", "marker": REFERENCE}
    return go.Scatter(x=x, **_bars(y), name=say(series.name), showlegend=is_first, **marks)


def _add_lines(
    made: go.Figure, place: dict[str, int], panels: dict[str, Curves], axes: dict[str, Axis]
) -> None:
    """Draw the level across a panel, and the numbers that stand at no height.

    place: the panel's row and column.
    """
    level = next(iter(panels.values())).level
    if level is not None:
        made.add_hline(y=level, line_width=1, line_color=palette.GREY, **place)
    for index, (title, panel) in enumerate(panels.items()):
        for mark in panel.marks:
            if mark.y is None and not math.isnan(mark.x.value):
                made.add_vline(
                    x=axes[title].shown(mark.x.value, panel.x.unit),
                    line_dash="dot",
                    line_width=2,
                    line_color=palette.line(index)["color"],
                    **place,
                )


def _placed(series: Series, scale: Scale, axis: Axis) -> tuple[list, list[Interval]]:
    """Convert the places of a series; return them and the estimates that have one."""
    pairs = [each for each in zip(series.x, series.y, strict=True) if each[0] is not None]
    places = [say(x) if isinstance(x, str) else axis.shown(x, scale.unit) for x, _ in pairs]
    return places, [y for _, y in pairs]


def _bars(found: Sequence[Interval]) -> dict:
    """Write intervals as Plotly's y and error bars."""
    return {
        "y": [each.value for each in found],
        "error_y": {
            "array": [each.high - each.value for each in found],
            "arrayminus": [each.value - each.low for each in found],
            "width": 3,
            "thickness": 1.2,
        },
    }


def _scaled(scale: Scale, axis: Axis) -> dict[str, Any]:
    """Write a scale as Plotly's axis."""
    if scale.unit == "share":
        return {"title": say(scale.title), "range": [0, 1.02], "tickformat": ".0%"}
    title, words = say(scale.title), axis.words(scale.unit)
    written: dict[str, Any] = {"title": f"{title} ({words})" if words else title}
    if scale.log:
        written |= {"type": "log"} if scale.ticks else charts.LOGARITHMIC
    elif scale.unit in FREQUENCIES:
        written["type"] = "linear"  # also where the same figure had another before
    if scale.high is not None:
        ends = [axis.shown(end, scale.unit) for end in (scale.low, scale.high)]
        written["range"] = [math.log10(end) for end in ends] if scale.log else ends
    elif scale.low == 0:
        written["rangemode"] = "tozero"
    if scale.ticks:
        ticks = [axis.shown(tick, scale.unit) for tick in scale.ticks]
        written |= {"tickvals": ticks, "ticktext": [numeral(f"{tick:.3g}") for tick in ticks]}
    return written


def planes(drawn: dict[str, Sequence[Plane | Curves]], axes: dict[str, Axis]) -> go.Figure:
    """Draw shares in the plane of frequencies, a panel for each network, and curves below them."""
    shown = {t: next(p for p in panels if isinstance(p, Plane)) for t, panels in drawn.items()}
    below: dict[str, Sequence[Curves]] = {
        title: [p for p in panels if isinstance(p, Curves)] for title, panels in drawn.items()
    }
    first = next(iter(below.values()))
    wide = max(len(drawn), len(first))
    numbers = [len(drawn), *([len(first)] if first else [])]
    made = make_subplots(
        len(numbers),
        wide,
        specs=[[{} if column < many else None for column in range(wide)] for many in numbers],
        subplot_titles=[*drawn, *(say(panel.title) for panel in first)],
        horizontal_spacing=BETWEEN if first else None,
    )
    for column, (title, plane) in enumerate(shown.items(), 1):
        _add_plane(made, column, plane, axes[title])
    words = next(iter(axes.values())).words("nyquist")
    made.update_xaxes(title=say("across ({unit})", unit=words), constrain="domain", row=1)
    made.update_yaxes(title=say("down ({unit})", unit=words), row=1, col=1)
    if first:
        _add_curves(made, below, axes, 2)
    label = say(next(iter(shown.values())).label)
    bar = {"len": 0.45, "y": 0.8} if first else {}
    return made.update_layout(
        coloraxis={
            "colorscale": "Cividis", "cmin": 0, "cmax": 1,
            "colorbar": {"title": label, "tickformat": ".0%"} | bar,
        },
    )  # fmt: skip


def _add_plane(made: go.Figure, column: int, plane: Plane, axis: Axis) -> None:
    """Draw a network's plane into the first row of panels."""
    place = [axis.shown(cell, "nyquist") for cell in plane.frequencies]
    made.add_heatmap(
        x=place,
        y=place,
        z=[[cell.value for cell in row] for row in plane.shares],
        customdata=[[(cell.low, cell.high) for cell in row] for row in plane.shares],
        hovertemplate=f"{say('across')} %{{x:.3g}}, {say('down')} %{{y:.3g}}: {say(plane.label)} "
        "%{z:.1%} "
        "[%{customdata[0]:.1%}, %{customdata[1]:.1%}]<extra></extra>",
        coloraxis="coloraxis",
        row=1,
        col=column,
    )
    half = (place[1] - place[0]) / 2
    ends = [place[0] - half, place[-1] + half]  # Plotly finds none where all cells are empty
    anchor = f"x{column if column > 1 else ''}"
    made.update_xaxes(range=ends, row=1, col=column)
    made.update_yaxes(range=ends, scaleanchor=anchor, row=1, col=column)


DRAWN: dict[type, Callable[[Any, dict[str, Axis]], go.Figure]] = {Curves: curves, Plane: planes}
