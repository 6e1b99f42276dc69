"""A hybrid, what networks say of it and their curves, as one figure for a slide."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from math import log

from blurlab.filters.spectrum import UNITS, convert
from blurlab.ui import cache, palette
from blurlab.ui.languages import numeral, say

WIDTH, HEIGHT = 1920, 1080
PICTURE = 840  # side of the picture
LEFT, RIGHT, TOP, BOTTOM = 1130, 1840, 560, 960  # of the curves' axes
LEAST, MOST = 1.0, cache.SIZE / 2  # cycles/image on the axis, which is logarithmic
TICKS = (1, 2, 5, 10, 20, 50, 100)


def svg(
    picture: str,
    labels: Sequence[str],
    drawn: Mapping[str, tuple[tuple[str, float], Sequence[tuple[float, float]]]],
    cutoff: float,
    unit: str,
    degrees: float | None,
) -> str:
    """Draw the figure, 1920 x 1080.

    picture: the hybrid as a data URL.  labels: of the low and the high picture.
    drawn: a network's title -> its best answer (class, probability), and its curve of
    (cutoff in cycles/image, p_low - p_high).
    cutoff: of the hybrid, cycles/image.  unit, degrees: of the frequencies that are written.
    """
    low, high = (escape(label) for label in labels)
    shown = convert(cutoff, unit, size=cache.SIZE, degrees=degrees)
    whole = say(
        "Hybrid picture: coarse structure of {low}, fine structure of {high}", low=low, high=high
    )
    told = say(
        "coarse: {low}; fine: {high}; cutoff {cutoff:.3g} {unit}",
        low=low,
        high=high,
        cutoff=shown,
        unit=say(UNITS[unit]),
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" fill="#1b1f24">',
        f"<title>{whole}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<image href="{picture}" x="80" y="80" width="{PICTURE}" height="{PICTURE}"/>',
        _text(80, 985, told, 34),
    ]
    for index, (title, ((label, probability), _)) in enumerate(drawn.items()):
        color, y = palette.line(index)["color"], 130 + index * min(110, 380 // len(drawn))
        parts += [
            f'<rect x="1000" y="{y - 42}" width="14" height="56" fill="{color}"/>',
            _text(1036, y - 14, escape(title), 28),
            _text(1036, y + 24, f"{escape(label)}, {probability:.0%}", 40, weight=700),
        ]
    return "\n".join([*parts, *_axes(low, high, unit, degrees), *_curves(drawn, cutoff), "</svg>"])


def _text(
    x: float, y: float, words: str, size: int, *, anchor: str = "start", weight: int = 400
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}">{words}</text>'
    )


def _across(frequency: float) -> float:
    """Place a frequency in cycles/image on the axis."""
    return LEFT + (RIGHT - LEFT) * log(frequency / LEAST) / log(MOST / LEAST)


def _up(difference: float) -> float:
    return (TOP + BOTTOM) / 2 - difference * (BOTTOM - TOP) / 2


def _axes(low: str, high: str, unit: str, degrees: float | None) -> list[str]:
    box = f'x="{LEFT}" y="{TOP}" width="{RIGHT - LEFT}" height="{BOTTOM - TOP}"'
    ticks = [
        _text(
            _across(tick),
            BOTTOM + 36,
            numeral(f"{_shown(tick, unit, degrees):.3g}"),
            26,
            anchor="middle",
        )
        for tick in TICKS
    ]
    title = say("cutoff ({unit})", unit=say(UNITS[unit]))
    zero = _up(0)
    return [
        f'<rect {box} fill="none" stroke="{palette.GREY}" stroke-width="2"/>',
        f'<path d="M{LEFT} {zero:.1f}H{RIGHT}" stroke="{palette.GREY}" stroke-width="2"/>',
        _text(LEFT - 14, TOP + 24, say("names {label}", label=low), 26, anchor="end"),
        _text(LEFT - 14, BOTTOM - 6, say("names {label}", label=high), 26, anchor="end"),
        _text((LEFT + RIGHT) / 2, BOTTOM + 80, title, 28, anchor="middle"),
        *ticks,
    ]


def _shown(frequency: float, unit: str, degrees: float | None) -> float:
    return convert(frequency, unit, size=cache.SIZE, degrees=degrees)


def _curves(drawn: Mapping, cutoff: float) -> list[str]:
    x = _across(min(max(cutoff, LEAST), MOST))
    lines = [f'<path d="M{x:.1f} {TOP}V{BOTTOM}" stroke="{palette.GREY}" stroke-dasharray="6 8"/>']
    for index, (_, curve) in enumerate(drawn.values()):
        style = palette.line(index)
        points = " ".join(f"{_across(f):.1f},{_up(difference):.1f}" for f, difference in curve)
        dashes = re.sub(
            r"\d+", lambda length: f"{2 * int(length[0])}", palette.DASHES[style["dash"]]
        )
        lines.append(
            f'<polyline points="{points}" fill="none" stroke="{style["color"]}" stroke-width="6" '
            f'stroke-dasharray="{dashes}"/>'
        )
    return lines
