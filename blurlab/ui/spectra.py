"""Plotly figures of radial power spectra, on the frequency axis of the app; they draw nothing."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from blurlab.filters.spectrum import UNITS, convert
from blurlab.ui import charts, palette
from blurlab.ui.languages import say

HEIGHT = 340
FLOOR = 1e-12  # of the largest power; what lies below is rounding


def power_spectra(
    spectra: dict[str, Sequence[float]],
    marks: dict[str, float],
    unit: str,
    *,
    size: int,
    degrees: float | None,
) -> go.Figure:
    """Draw power against frequency, a line per spectrum, on two logarithmic axes.

    spectra: title -> power in the rings 0, 1, ... cycles/image; the mean is left out.
    marks: title -> a frequency to point at, cycles/image.
    unit, degrees: of the axis; size: side in pixels that cycles/pixel and Nyquist refer to.
    """

    def shown(frequency: float) -> float:
        return convert(frequency, unit, size=size, degrees=degrees)

    figure = go.Figure()
    top = max((max(power[1:], default=0) for power in spectra.values()), default=0)
    for index, (title, power) in enumerate(spectra.items()):
        known = [(ring, p) for ring, p in enumerate(power) if ring and p > FLOOR * top]
        figure.add_scatter(
            x=[shown(ring) for ring, _ in known],
            y=[p for _, p in known],
            name=title,
            mode="lines",
            line=palette.line(index),
        )
    for title, frequency in marks.items():
        figure.add_vline(x=shown(frequency), line_dash="dot", line_width=2, line_color=palette.GREY)
        # Plotly places an annotation on a logarithmic axis by the logarithm, unlike a line.
        figure.add_annotation(
            x=math.log10(shown(frequency)), y=1, yref="paper", yanchor="bottom",
            text=title, showarrow=False,
        )  # fmt: skip
    figure.update_xaxes(
        title=say("frequency ({unit})", unit=say(UNITS[unit])), **charts.LOGARITHMIC
    )
    figure.update_yaxes(type="log", title=say("mean power"), exponentformat="power", dtick=1)
    return _laid_out(figure)


def half_power_course(
    frequencies: Sequence[float], unit: str, *, size: int, degrees: float | None, position: int
) -> go.Figure:
    """Draw f_0.5 (cycles/image) against the step of an attack; position is marked."""
    figure = go.Figure()
    figure.add_scatter(
        x=list(range(len(frequencies))),
        y=[convert(value, unit, size=size, degrees=degrees) for value in frequencies],
        mode="lines+markers",
        line=palette.line(0),
        name="f_0.5",
    )
    figure.add_vline(x=position, line_dash="dot", line_width=2, line_color=palette.GREY)
    figure.update_xaxes(title=say("step"), rangemode="tozero")
    figure.update_yaxes(title=f"f_0.5 ({say(UNITS[unit])})", rangemode="tozero")
    return _laid_out(figure)


def _laid_out(figure: go.Figure) -> go.Figure:
    return figure.update_layout(
        height=HEIGHT,
        margin={"t": 30, "r": 20, "b": 40},
        legend={"orientation": "h", "y": 1.08, "yanchor": "bottom"},
        showlegend=len(figure.data) > 1,
        uirevision="keep",
    )
