"""The figure of a game: psychometric functions, and where they reverse."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from blurlab.filters.spectrum import UNITS
from blurlab.people.quest import CUTOFFS
from blurlab.ui import charts
from blurlab.ui.you.players import BETWEEN, YOU, Played, line, shares

HEIGHT = 430
BAND = "rgba(204, 121, 167, 0.28)"  # of YOU


def figure(
    players: Sequence[Played], degrees: float | None, whose: str = "your answers"
) -> go.Figure:
    """Draw psychometric functions: the person's first, with its band; then the networks'.

    whose: what the person's answers are called.  degrees: visual angle of the pictures, for an axis
    in cycles/degree; None for none.
    """
    made = go.Figure()
    you, *others = players
    ends = [each.low for each in you.curve], [each.high for each in you.curve]
    made.add_scatter(
        x=[*BETWEEN, *BETWEEN[::-1]], y=[*ends[1], *ends[0][::-1]], fill="toself", fillcolor=BAND,
        line={"width": 0}, hoverinfo="skip", name="95 % band", showlegend=False,
    )  # fmt: skip
    for index, each in enumerate(others):
        style = line(index)
        made.add_scatter(
            x=BETWEEN, y=[point.value for point in each.curve], mode="lines", line=style,
            name=each.title,
        )  # fmt: skip
        _mark(made, each, style["color"], "diamond", 0.5)
    made.add_scatter(
        x=BETWEEN, y=[point.value for point in you.curve], mode="lines", name=you.title,
        line={"color": YOU, "width": 4},
    )  # fmt: skip
    x, y, counts = shares(you.answers)
    made.add_scatter(
        x=x, y=y, mode="markers", showlegend=False, name=whose, text=counts,
        hovertemplate="%{x:.3g} cycles/image: %{y:.0%} of %{text}",
        marker={"color": YOU, "size": [7 + 2 * count**0.5 for count in counts]},
    )  # fmt: skip
    _mark(made, you, YOU, "circle", 0.5)
    span = [CUTOFFS[0], CUTOFFS[-1]]
    made.update_xaxes(charts.LOGARITHMIC, title=f"cutoff ({UNITS['image']})")
    made.update_xaxes(range=_range(span))
    made.update_yaxes(title="names the coarse picture", tickformat=".0%", range=[-0.03, 1.03])
    made.update_layout(
        height=HEIGHT, margin={"t": 60, "r": 20}, legend={"orientation": "h", "y": -0.22}
    )
    if degrees:
        shown = [end / degrees for end in span]
        made.add_scatter(x=shown, y=[None, None], xaxis="x2", showlegend=False, hoverinfo="skip")
        made.update_layout(
            margin_t=95,  # below the buttons of the figure, on a phone
            xaxis2={
                **charts.LOGARITHMIC, "overlaying": "x", "side": "top", "range": _range(shown),
                "title": UNITS["degree"], "showgrid": False,
            }
        )  # fmt: skip
    return made


def _range(span: Sequence[float]) -> list[float]:
    return [math.log10(end) for end in span]


def _mark(made: go.Figure, each: Played, color: str, symbol: str, y: float) -> None:
    """Mark a reverse frequency with its interval."""
    value, low, high = each.f_rev
    made.add_scatter(
        x=[value], y=[y], mode="markers", showlegend=False, name=each.title,
        error_x={"array": [high - value], "arrayminus": [value - low], "thickness": 2},
        marker={"color": color, "size": 12, "symbol": symbol, "line": {"width": 1}},
        hovertemplate=f"reverse frequency %{{x:.3g}} [{low:.3g}, {high:.3g}]",
    )  # fmt: skip
