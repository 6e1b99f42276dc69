"""The figure of a game: psychometric functions, and where they reverse."""

import math
from collections import Counter
from collections.abc import Sequence

import plotly.graph_objects as go

from blurlab.filters.spectrum import UNITS
from blurlab.people.quest import CUTOFFS
from blurlab.statistics import Interval
from blurlab.ui import charts
from blurlab.ui.languages import say
from blurlab.ui.you.players import BETWEEN, YOU, Played, line, shares

HEIGHT = 430
BAND = "rgba(204, 121, 167, 0.28)"  # of YOU
CROWD = "rgba(127, 127, 127, 0.8)"
PILE = 1 / 12  # octaves within which people are piled up, far fewer than an interval spans
PILED = 0.4  # of the axis, that the highest pile takes at most
LOWEST = -0.03  # of the axis, where nobody is piled up below it


def figure(
    players: Sequence[Played],
    degrees: float | None,
    whose: str = "your answers",
    people: Sequence[Interval] = (),
) -> go.Figure:
    """Draw psychometric functions: the person's first, with its band; then the networks'.

    whose: what the person's answers are called.  degrees: visual angle of the pictures, for an axis
    in cycles/degree; None for none.  people: reverse frequencies of others, cycles/image.
    """
    made = go.Figure()
    you, *others = players
    ends = [each.low for each in you.curve], [each.high for each in you.curve]
    made.add_scatter(
        x=[*BETWEEN, *BETWEEN[::-1]], y=[*ends[1], *ends[0][::-1]], fill="toself", fillcolor=BAND,
        line={"width": 0}, hoverinfo="skip", name=say("95 % band"), showlegend=False,
    )  # fmt: skip
    lowest = _crowd(made, people)
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
        hovertemplate=say("%{x:.3g} cycles/image: %{y:.0%} of %{text}"),
        marker={"color": YOU, "size": [7 + 2 * count**0.5 for count in counts]},
    )  # fmt: skip
    _mark(made, you, YOU, "circle", 0.5)
    span = [CUTOFFS[0], CUTOFFS[-1]]
    made.update_xaxes(charts.LOGARITHMIC, title=say("cutoff (cycles/image)"))
    made.update_xaxes(range=_range(span))
    made.update_yaxes(title=say("names the coarse picture"), tickformat=".0%", range=[lowest, 1.03])
    made.update_yaxes(tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1], zeroline=False)
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
                "title": say(UNITS["degree"]), "showgrid": False,
            }
        )  # fmt: skip
    return made


def _range(span: Sequence[float]) -> list[float]:
    return [math.log10(end) for end in span]


def _crowd(made: go.Figure, people: Sequence[Interval]) -> float:
    """Draw a dot for each of other people, piled up below the axis about its reverse frequency.

    Returns where the axis has to begin.
    """
    if not people:
        return LOWEST
    piles, x, heights = Counter[int](), [], []
    for each in people:
        pile = round(math.log2(each.value) / PILE)
        x.append(2 ** (pile * PILE))
        heights.append(piles[pile])
        piles[pile] += 1
    step = min(0.04, PILED / max(piles.values()))
    floor = 2 * LOWEST - step * max(heights)
    made.add_scatter(
        x=x, y=[floor + step * height for height in heights], customdata=people,
        mode="markers", name=say("people so far"), marker={"color": CROWD, "size": 7},
        hovertemplate="%{customdata[0]:.3g} [%{customdata[1]:.3g}, %{customdata[2]:.3g}]",
    )  # fmt: skip
    return floor + LOWEST


def _mark(made: go.Figure, each: Played, color: str, symbol: str, y: float) -> None:
    """Mark a reverse frequency with its interval."""
    value, low, high = each.f_rev
    made.add_scatter(
        x=[value], y=[y], mode="markers", showlegend=False, name=each.title,
        error_x={"array": [high - value], "arrayminus": [value - low], "thickness": 2},
        marker={"color": color, "size": 12, "symbol": symbol, "line": {"width": 1}},
        hovertemplate=f"{say('reverse frequency')} %{{x:.3g}} "
        + say("[{low:.3g}, {high:.3g}]", low=low, high=high),
    )  # fmt: skip
