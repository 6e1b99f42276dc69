"""Plotly figures of measures, with their 95 % intervals; they draw nothing themselves.

Every figure takes the estimates by the models' titles, in the order of their colours, and by the
same titles how frequencies are shown, which depends on the size of the pictures.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from blurlab.filters.spectrum import UNITS, convert
from blurlab.measures.passes import HUMAN_TRIALS, HUMANS
from blurlab.statistics import Interval, share
from blurlab.ui import charts

HEIGHT = 440
BANDS = ("low", "medium", "high")
PEOPLE = {"color": "#7f7f7f", "symbol": "diamond-open", "size": 9}


class Axis(NamedTuple):
    """How frequencies are shown.

    unit: a key of spectrum.UNITS; degrees: visual angle of a picture's side, for "degree".
    size: side of the pictures in pixels.
    """

    unit: str
    size: int
    degrees: float | None

    def shown(self, nyquist: float) -> float:
        """Convert from fractions of Nyquist."""
        return self.of_image(nyquist * self.size / 2)

    def of_image(self, cycles: float) -> float:
        """Convert from cycles/image."""
        return convert(cycles, self.unit, size=self.size, degrees=self.degrees)

    @property
    def title(self) -> str:
        return UNITS[self.unit]


def bars(found: Sequence[Interval]) -> dict:
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


def _curve(figure: go.Figure, index: int, title: str, x: list, found: Sequence[Interval]) -> None:
    """Draw a model's estimates as a line, in the colour and dash of its index."""
    figure.add_scatter(
        x=x, **bars(found), name=title, mode="lines+markers", line=charts.line(index)
    )


def _mark(figure: go.Figure, index: int, x: Interval, y: float, words: str) -> None:
    """Put a diamond with its interval on a model's line, where the number is defined."""
    if math.isnan(x.value):
        return
    figure.add_scatter(
        x=[x.value],
        y=[y],
        error_x={"array": [x.high - x.value], "arrayminus": [x.value - x.low], "thickness": 4},
        mode="markers",
        marker={"color": charts.line(index)["color"], "size": 12, "symbol": "diamond"},
        name=words,
        showlegend=False,
    )


def hybrids(found: dict[str, dict], axes: dict[str, Axis]) -> go.Figure:
    """Draw p_low - p_high against the cutoff, with a mark where each model reverses."""
    any_axis = next(iter(axes.values()))
    figure = go.Figure()
    for index, (title, numbers) in enumerate(found.items()):
        axis = axes[title]
        cutoffs = [axis.shown(cutoff) for cutoff in numbers["cutoffs_nyquist"]]
        _curve(figure, index, title, cutoffs, numbers["difference"])
        f_rev = Interval(*map(axis.shown, numbers["f_rev_nyquist"]))
        _mark(figure, index, f_rev, 0, f"f_rev of {title}")
    charts.finish(figure, any_axis.unit)
    return figure.update_layout(height=HEIGHT)


def passes(found: dict[str, dict], axes: dict[str, Axis]) -> go.Figure:
    """Draw accuracy on low-passed and on high-passed pictures, beside people's where they fit."""
    any_axis = next(iter(axes.values()))
    figure = make_subplots(
        1, 2, shared_yaxes=True, subplot_titles=("coarse structure alone", "fine structure alone")
    )
    is_human = any("low_cutoffs" in numbers for numbers in found.values())
    for index, (title, numbers) in enumerate(found.items()):
        axis = axes[title]
        for column, kind in enumerate(("low", "high"), 1):
            cutoffs = _pass_cutoffs(numbers, kind, axis)
            kept = [place for place, cutoff in enumerate(cutoffs) if cutoff is not None]
            figure.add_scatter(
                x=[cutoffs[place] for place in kept],
                **bars([numbers[kind][place] for place in kept]),
                name=title,
                mode="lines+markers",
                line=charts.line(index),
                showlegend=column == 1,
                row=1,
                col=column,
            )
    if is_human:
        _add_people(figure, next(iter(found.values())), any_axis)
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%")
    figure.update_yaxes(title="accuracy", col=1)
    scale = charts.LOGARITHMIC if is_human else {"type": "linear"}
    figure.update_xaxes(title=f"cutoff ({any_axis.title})", **scale)
    return _finished(figure)


def _pass_cutoffs(numbers: dict, kind: str, axis: Axis) -> list[float | None]:
    if "cutoffs_nyquist" in numbers:
        return [axis.shown(cutoff) for cutoff in numbers["cutoffs_nyquist"]]
    return [cutoff and axis.of_image(cutoff) for cutoff in numbers[f"{kind}_cutoffs"]]


def _add_people(figure: go.Figure, numbers: dict, axis: Axis) -> None:
    for column, kind in enumerate(("low", "high"), 1):
        cutoffs = _pass_cutoffs(numbers, kind, axis)
        seen = [share(round(p * HUMAN_TRIALS), HUMAN_TRIALS) for p in HUMANS[kind].values()]
        kept = [place for place, cutoff in enumerate(cutoffs) if cutoff is not None]
        figure.add_scatter(
            x=[cutoffs[place] for place in kept],
            **bars([seen[place] for place in kept]),
            name="four people, 16 classes",
            mode="markers",
            marker=PEOPLE,
            showlegend=column == 1,
            row=1,
            col=column,
        )


def corruptions(found: dict[str, dict], axes: dict[str, Axis]) -> go.Figure:
    """Draw accuracy clean and under each class of corruptions."""
    figure = go.Figure()
    for index, (title, numbers) in enumerate(found.items()):
        classes = ["clean", *(f"{band} frequencies" for band in BANDS)]
        shares = [numbers["clean"], *(numbers["classes"][band] for band in BANDS)]
        _curve(figure, index, title, classes, shares)
    figure.update_yaxes(title="accuracy", range=[0, 1.02], tickformat=".0%")
    figure.update_xaxes(title="where the corruptions change the picture")
    return _finished(figure)


def heatmap(found: dict[str, dict], axes: dict[str, Axis]) -> go.Figure:
    """Draw the error rate in the plane of frequencies, a panel for each model."""
    any_axis = next(iter(axes.values()))
    figure = make_subplots(1, max(1, len(found)), subplot_titles=list(found))
    for column, (title, numbers) in enumerate(found.items(), 1):
        axis = axes[title]
        place = [axis.shown(cell) for cell in numbers["frequencies_nyquist"]]
        figure.add_heatmap(
            x=place,
            y=place,
            z=[[cell.value for cell in row] for row in numbers["error"]],
            customdata=[[(cell.low, cell.high) for cell in row] for row in numbers["error"]],
            hovertemplate="across %{x:.3g}, down %{y:.3g}: wrong %{z:.1%} "
            "[%{customdata[0]:.1%}, %{customdata[1]:.1%}]<extra></extra>",
            coloraxis="coloraxis",
            row=1,
            col=column,
        )
        figure.update_yaxes(scaleanchor=f"x{column if column > 1 else ''}", row=1, col=column)
    figure.update_xaxes(title=f"across ({any_axis.title})", constrain="domain")
    figure.update_yaxes(title=f"down ({any_axis.title})", col=1)
    figure.update_layout(
        coloraxis={
            "colorscale": "Cividis", "cmin": 0, "cmax": 1,
            "colorbar": {"title": "wrong", "tickformat": ".0%"},
        },
    )  # fmt: skip
    return _finished(figure)


def perturbation(found: dict[str, dict], axes: dict[str, Axis]) -> go.Figure:
    """Draw the share of the perturbations' power up to a frequency, and mark f_0.5."""
    any_axis = next(iter(axes.values()))
    figure = go.Figure()
    for index, (title, numbers) in enumerate(found.items()):
        axis = axes[title]
        figure.add_scatter(
            x=[axis.of_image(radius * axis.size) for radius in numbers["radii"]],
            y=[each.value for each in numbers["share"]],
            name=title,
            mode="lines",
            line=charts.line(index),
        )
        f_half = Interval(*(axis.of_image(end * axis.size) for end in numbers["f_half"]))
        _mark(figure, index, f_half, 0.5, f"f_0.5 of {title}")
    figure.add_hline(y=0.5, line_width=1, line_color=charts.GREY)
    figure.update_yaxes(title="share of the power below", range=[0, 1.02], tickformat=".0%")
    figure.update_xaxes(title=f"frequency ({any_axis.title})", rangemode="tozero")
    return _finished(figure)


def critical_band(found: dict[str, dict], axes: dict[str, Axis]) -> go.Figure:
    """Draw the noise that each band takes before half of the answers are wrong.

    Where even the strongest leaves half right, an open triangle stands there.
    """
    any_axis = next(iter(axes.values()))
    figure = go.Figure()
    for index, (title, numbers) in enumerate(found.items()):
        axis = axes[title]
        centres = [axis.of_image(centre) for centre in numbers["centres"]]
        _curve(figure, index, title, centres, numbers["thresholds"])
        strongest = numbers["deviations"][-1]
        beyond = [
            centre
            for centre, found_there in zip(numbers["centres"], numbers["thresholds"], strict=True)
            if math.isnan(found_there.value)
        ]
        figure.add_scatter(
            x=[axis.of_image(centre) for centre in beyond],
            y=[strongest] * len(beyond),
            mode="markers",
            marker={"color": charts.line(index)["color"], "size": 10, "symbol": "triangle-up-open"},
            name=f"more than {strongest:g}: {title}",
            showlegend=False,
        )
        centre = numbers["centre"]
        if not math.isnan(centre.value):
            figure.add_vline(
                x=axis.of_image(centre.value), line_dash="dot", line_width=2,
                line_color=charts.line(index)["color"],
            )  # fmt: skip
    deviations = next(iter(found.values()))["deviations"]
    ends = [math.log10(deviations[0] / 2), math.log10(deviations[-1] * 1.25)]
    figure.update_yaxes(
        title="noise at half correct (deviation)", type="log", range=ends, tickvals=deviations
    )
    most = max(found, key=lambda title: len(found[title]["centres"]))
    ticks = [axes[most].of_image(centre) for centre in found[most]["centres"]]
    figure.update_xaxes(
        title=f"centre of the octave of noise ({any_axis.title})", type="log",
        tickvals=ticks, ticktext=[f"{tick:.3g}" for tick in ticks],
    )  # fmt: skip
    return _finished(figure)


def attacks(found: dict[str, dict], axes: dict[str, Axis]) -> go.Figure:
    """Draw accuracy against the size of the attack."""
    figure = go.Figure()
    for index, (title, numbers) in enumerate(found.items()):
        epsilons = [0, *numbers["epsilons_of_255"]]
        _curve(figure, index, title, epsilons, [numbers["clean"], *numbers["accuracy"]])
    figure.update_yaxes(title="accuracy", range=[0, 1.02], tickformat=".0%")
    figure.update_xaxes(title="epsilon (255ths)", rangemode="tozero")
    return _finished(figure)


def _finished(figure: go.Figure) -> go.Figure:
    return figure.update_layout(
        height=HEIGHT,
        margin={"t": 50, "r": 20},
        legend={"orientation": "h", "y": 1.18},
        uirevision="keep",
    )


FIGURES: dict[str, Callable[[dict[str, Any], dict[str, Axis]], go.Figure]] = {
    "hybrids": hybrids,
    "passes": passes,
    "corruptions": corruptions,
    "heatmap": heatmap,
    "perturbation": perturbation,
    "critical_band": critical_band,
    "attacks": attacks,
}
