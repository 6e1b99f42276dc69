"""Plotly figures of what was measured; they draw nothing themselves."""

import plotly.graph_objects as go

from blurlab.filters.spectrum import UNITS, convert
from blurlab.ui import palette

# An axis that says 1, 2, 5, 10, 20 ...; plotly's own writes 20 as a small 2.
LOGARITHMIC = {"type": "log", "dtick": "D2", "tickformat": "~g"}


def measured_curves(
    curves: dict[str, tuple[list[float], list[float], int]], unit: str, *, degrees: float | None
) -> go.Figure:
    """Draw p_low - p_high over many pairs, a line per model.

    curves: model title -> (cutoffs in cycles/image, p_low - p_high, pictures' side in pixels).
    """
    figure = go.Figure()
    for index, (name, (cutoffs, difference, size)) in enumerate(curves.items()):
        figure.add_scatter(
            x=[convert(value, unit, size=size, degrees=degrees) for value in cutoffs],
            y=difference,
            name=name,
            mode="lines+markers",
            line=palette.line(index),
        )
    finish(figure, unit)
    # Beside the axes: above them, as many lines as there may be would cover the curves.
    return figure.update_layout(legend={"orientation": "v", "y": 1, "yanchor": "top"})


def finish(figure: go.Figure, unit: str) -> None:
    """Give a figure of p_low - p_high its axes, zero line and legend."""
    figure.add_hline(y=0, line_width=1, line_color=palette.GREY)
    figure.update_xaxes(title=f"cutoff ({UNITS[unit]})")
    figure.update_yaxes(range=[-1.05, 1.05], title="p_low − p_high")
    figure.update_layout(
        height=420, margin={"t": 20, "r": 20}, legend={"orientation": "h", "y": 1.12}
    )
