"""A small picture of how a network answers to hybrid images, with words for who cannot see it."""

import html
import math
from base64 import b64encode
from collections.abc import Sequence

from blurlab.ui.languages import say

WIDTH, HEIGHT = 240, 96  # of the drawing; it is shown as wide as its card
LEFT, TOP, BOTTOM = 4, 6, 18
LINE, OTHER = "#1f86c7", "#8a8a8a"  # seen on light and on dark


def curve(cutoffs: Sequence[float], low: Sequence[float], high: Sequence[float], f_rev: str) -> str:
    """Draw how often answers name the coarse picture and the fine one, against the cutoff, as HTML.

    cutoffs: in fractions of Nyquist; they lie by their square roots, since most happens at the low
    ones.  low, high: shares of answers.  f_rev: where they cross, in words; "" where they do not.
    """
    words = say(
        "As the cutoff rises, {first:.0%} to {last:.0%} of the answers name the coarse picture of "
        "a hybrid, and {fine_first:.0%} to {fine_last:.0%} the fine one.",
        first=low[0],
        last=low[-1],
        fine_first=high[0],
        fine_last=high[-1],
    )
    if f_rev:
        words += " " + say("They cross at {f_rev}.", f_rev=f_rev)
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" fill="none" '
        f'stroke="{OTHER}"><path d="M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - LEFT}"/>'
        f'<polyline points="{_points(cutoffs, high)}" stroke-width="1.5" stroke-dasharray="4 3"/>'
        f'<polyline points="{_points(cutoffs, low)}" stroke-width="2.4" stroke="{LINE}"/>'
        f'<g fill="{OTHER}" stroke="none" font-size="11" font-family="sans-serif">'
        f'<text x="{LEFT}" y="{HEIGHT - 5}">{say("coarse")}</text>'
        f'<text x="{WIDTH - LEFT}" y="{HEIGHT - 5}" text-anchor="end">{say("fine")}</text>'
        "</g></svg>"
    )
    # Streamlit takes drawings out of HTML, but not pictures.
    content = b64encode(drawing.encode()).decode()
    return f'<img alt="{html.escape(words)}" src="data:image/svg+xml;base64,{content}">'


def _points(cutoffs: Sequence[float], shares: Sequence[float]) -> str:
    return " ".join(
        f"{LEFT + math.sqrt(cutoff) * (WIDTH - 2 * LEFT):.1f},"
        f"{TOP + (1 - share) * (HEIGHT - TOP - BOTTOM):.1f}"
        for cutoff, share in zip(cutoffs, shares, strict=True)
    )
