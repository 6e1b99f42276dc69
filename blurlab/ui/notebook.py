"""Figures for a notebook, drawn as the pages draw them; a user calls them as blurlab.figure."""

from typing import Any

import plotly.graph_objects as go

from blurlab.measures.table import MEASURES
from blurlab.ui.sensitivity import figures


def figure(
    name: str, estimates: dict[str, dict[str, Any]], size: int, unit: str = "nyquist"
) -> go.Figure:
    """Draw what a measure found of networks, as the page does.

    name: a key of MEASURES.  estimates: what measure() returned, by the networks' titles.
    size: side in pixels of the pictures that they were shown.  unit: of frequencies.
    """
    axes = {title: figures.Axis(unit, size, None) for title in estimates}
    return figures.figure(MEASURES[name], estimates, axes)
