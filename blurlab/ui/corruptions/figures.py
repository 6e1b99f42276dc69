"""Plotly figures of the power of corruptions over a data set; they draw nothing themselves."""

import math

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from blurlab.measures import spectra
from blurlab.measures.spectra import Spectrum
from blurlab.ui import charts, palette
from blurlab.ui.languages import say
from blurlab.ui.sensitivity.figures import Axis

# From cividis, which stays ordered with any colour vision, bright enough for both themes.
SEVERITY_COLORS = ("#5b6a8f", "#7c7b78", "#a08f67", "#c9ab4f", "#f0d637")
HEIGHT = 480
TURN = np.linspace(0, 2 * np.pi, 181)


def plane(spectrum: Spectrum, axis: Axis) -> go.Figure:
    """Draw the logarithm of the power in the plane, and the circle that holds half of it."""
    frequencies, power = (held.numpy() for held in spectra.centred(spectrum.plane))
    place = [axis.shown(frequency, "image") for frequency in frequencies.tolist()]
    with np.errstate(divide="ignore"):
        height = np.log10(np.where(power > 0, power, np.nan)).astype(np.float32)
    figure = go.Figure()
    figure.add_heatmap(
        x=place, y=place, z=height, colorscale="Cividis", colorbar=_powers_of_ten(height),
        hovertemplate=f"{say('across')} %{{x:.3g}}, {say('down')} %{{y:.3g}}: {say('power')} "
        "10^%{z:.2f}<extra></extra>",
    )  # fmt: skip
    if not math.isnan(spectrum.f_half.value):
        radius = axis.shown(spectrum.f_half.value, "pixel")
        figure.add_scatter(
            x=radius * np.cos(TURN), y=radius * np.sin(TURN), mode="lines", hoverinfo="skip",
            line={"color": palette.COLORS[1], "width": 2}, name="f_0.5",
        )  # fmt: skip
    words, half = axis.words("image"), (place[1] - place[0]) / 2
    ends = [place[0] - half, place[-1] + half]
    figure.update_xaxes(title=say("across ({unit})", unit=words), range=ends, constrain="domain")
    # Down is down, as in the picture.
    figure.update_yaxes(
        title=say("down ({unit})", unit=words),
        range=ends[::-1],
        scaleanchor="x",
        constrain="domain",
    )
    return figure.update_layout(
        height=HEIGHT, margin={"t": 90, "r": 10}, showlegend=False, uirevision="keep"
    )


def _powers_of_ten(height: np.ndarray) -> dict:
    """Label a colour bar of logarithms with the powers themselves."""
    known = height[np.isfinite(height)]
    low, high = (known.min(), known.max()) if known.size else (0, 0)
    ticks = list(range(math.ceil(low), math.floor(high) + 1))
    return {
        "title": {"text": say("mean power"), "side": "top"},
        "orientation": "h",
        "y": 1.02,
        "yanchor": "bottom",
        "thickness": 12,
        "tickvals": ticks,
        "ticktext": [f"10<sup>{tick}</sup>" for tick in ticks],
    }


def radial_and_share(found: dict[int, Spectrum], axis: Axis) -> go.Figure:
    """Draw the mean power of rings above the share of power up to a frequency, by severity."""
    figure = make_subplots(2, 1, shared_xaxes=True, vertical_spacing=0.06)
    for severity, spectrum in found.items():
        color = SEVERITY_COLORS[severity - 1]
        own = {
            "name": say("severity {severity}", severity=severity),
            "line": {"color": color, "width": 3},
        }
        radial = spectrum.radial.tolist()
        rings = [ring for ring in range(1, len(radial)) if radial[ring] > 0]
        x = [axis.shown(ring, "image") for ring in rings]
        figure.add_scatter(
            x=x, y=[radial[ring] for ring in rings], mode="lines", row=1, col=1, **own
        )
        within = zip(spectrum.radii, spectrum.share, strict=True)
        held = [(radius, share.value) for radius, share in within if share.value > 0]
        figure.add_scatter(
            x=[axis.shown(radius, "pixel") for radius, _ in held],
            y=[share for _, share in held],
            mode="lines", showlegend=False, row=2, col=1, **own,
        )  # fmt: skip
        half = axis.interval(spectrum.f_half, "pixel")
        figure.add_scatter(
            x=[half.value], y=[0.5], mode="markers", name=f"f_0.5, {own['name']}",
            error_x={"array": [half.high - half.value], "arrayminus": [half.value - half.low]},
            marker={"color": color, "size": 11, "symbol": "diamond"},
            showlegend=False, row=2, col=1,
        )  # fmt: skip
    figure.add_hline(y=0.5, line_width=1, line_color=palette.GREY, row=2, col=1)
    figure.update_xaxes(**charts.LOGARITHMIC)
    figure.update_xaxes(title=say("frequency ({unit})", unit=axis.words("image")), row=2, col=1)
    figure.update_yaxes(
        type="log", title=say("mean power"), exponentformat="power", dtick=1, row=1, col=1
    )
    figure.update_yaxes(
        title=say("share of power"), range=[0, 1.02], tickformat=".0%", row=2, col=1
    )
    return figure.update_layout(
        height=HEIGHT, margin={"t": 20, "r": 10}, uirevision="keep",
        legend={"orientation": "h", "y": 1.12, "yanchor": "bottom"},
    )  # fmt: skip
