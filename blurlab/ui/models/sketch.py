"""A small picture of how a network answers to hybrid images, with words for who cannot see it."""

import html
import math
from base64 import b64encode
from collections.abc import Sequence

WIDTH, HEIGHT = 240, 96  # of the drawing; it is shown as wide as its card
LEFT, TOP, BOTTOM = 4, 6, 18
LINE, OTHER = "#1f86c7", "#8a8a8a"  # seen on light and on dark


def curve(cutoffs: Sequence[float], low: Sequence[float], high: Sequence[float], f_rev: str) -> str:
    """Draw how often answers name the coarse picture and the fine one, against the cutoff, as HTML.

    cutoffs: in fractions of Nyquist; they lie by their square roots, since most happens at the low
    ones.  low, high: shares of answers.  f_rev: where they cross, in words; "" where they do not.
    """
    crosses = f"; they cross at {f_rev}" if f_rev else ""
    words = (
        f"As the cutoff rises, {low[0]:.0%} to {low[-1]:.0%} of the answers name the coarse "
        f"picture of a hybrid, and {high[0]:.0%} to {high[-1]:.0%} the fine one{crosses}."
    )
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" fill="none" '
        f'stroke="{OTHER}"><path d="M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - LEFT}"/>'
        f'<polyline points="{_points(cutoffs, high)}" stroke-width="1.5" stroke-dasharray="4 3"/>'
        f'<polyline points="{_points(cutoffs, low)}" stroke-width="2.4" stroke="{LINE}"/>'
        f'<g fill="{OTHER}" stroke="none" font-size="11" font-family="sans-serif">'
        f'<text x="{LEFT}" y="{HEIGHT - 5}">coarse</text>'
        f'<text x="{WIDTH - LEFT}" y="{HEIGHT - 5}" text-anchor="end">fine</text></g></svg>'
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
