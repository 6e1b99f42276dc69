"""The figure of two numbers of models against each other, every point with its name."""

import html
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go
import streamlit as st

from blurlab.claims import compare, paper
from blurlab.networks import titles
from blurlab.statistics import UNDEFINED, Interval
from blurlab.ui import cache, charts, palette, shell
from blurlab.ui.compare import labels
from blurlab.ui.compare.report import Row
from blurlab.ui.languages import say, unbroken
from blurlab.ui.sensitivity import report
from blurlab.ui.sensitivity.figures import Axis

HEIGHT, TYPE = 440, 13  # pixels, of the figure and of its names
PRESENTED = 510  # pixels of the figure for presenters, below the sentence on it
MARGINS = {"l": 70, "r": 16, "t": 12, "b": 52}
PRESENTED_MARGINS = MARGINS | {"l": 100, "b": 64}
# Widths of the figure in windows of 1,280 and 1,920 pixels, with and without the sidebar.
WIDTHS = (830, 1150, 1450, 1800)
EDGE = 0.03  # of the figure's height, at which marks stand at its foot
ROOM = 0.08  # of an axis, left free at either end
LOGARITHMIC = 4  # times its least that an axis's largest number is at least, to be so

# A phone has no room for names beside points, and has them below the figure.
NARROW = """<style>
.compare-names { display: none; list-style: none; margin: 0; padding: 0; }
@media (max-width: 640px) {
  .compare-names { display: block; }
  .st-key-compare_figure .annotation { display: none; }
}
</style>"""


class Point(NamedTuple):
    """Two numbers of a model, as the figure shows them against each other.

    title: beside it; "" where another point of the same recipe has it.  words: more about it.
    """

    name: str
    title: str
    words: str
    size: int
    x: Interval
    y: Interval
    marker: dict[str, Any]


class Scale(NamedTuple):
    """An axis: its title, its ends in its own numbers, and whether it is logarithmic."""

    title: str
    low: float
    high: float
    log: bool = False
    percent: bool = False

    def share(self, value: float) -> float:
        """Return how far along the axis a number lies."""
        low, high = self.ends
        return ((math.log10(value) if self.log else value) - low) / (high - low)

    def at(self, share: float) -> float:
        """Return the number that lies this far along the axis, the inverse of share."""
        low, high = self.ends
        value = low + share * (high - low)
        return 10**value if self.log else value

    @property
    def ends(self) -> tuple[float, float]:
        """Its ends as Plotly has them."""
        ends = (self.low, self.high)
        return (math.log10(ends[0]), math.log10(ends[1])) if self.log else ends


def points(rows: list[Row], across: str, up: str) -> list[Point]:
    """Return the rows that have both numbers, frequencies in the sidebar's unit."""
    found: list[tuple[Row, Interval, Interval]] = []
    for row in rows:
        numbers = row.numbers
        if across in numbers and up in numbers:
            x, y = numbers[across], numbers[up].found
            if isinstance(x.found, Interval) and isinstance(y, Interval):
                found.append((row, report.axis(row.name).interval(x.found, x.unit), y))
    found = [each for each in found if not any(math.isnan(n.value) for n in each[1:])]
    recipes = [compare.without_seed(cache.card(row.name)["recipe"]) for row, *_ in found]
    seeds, made = Counter(recipes), []
    for recipe, (row, at, y) in zip(recipes, found, strict=True):
        card = cache.card(row.name)
        title = cache.term(row.name) if recipe in seeds else ""
        if seeds[recipe] > 1:
            title = say("{title} ({count} seeds)", title=title, count=seeds[recipe])
        words = ". ".join(filter(None, (cache.title(row.name), say(titles.plain(card)))))
        size = card["recipe"]["input_size"]
        made.append(Point(row.name, title, words, size, at, y, _marker(card)))
        del seeds[recipe]
    return made


def _marker(card: dict[str, Any]) -> dict[str, Any]:
    """Return how a network's point looks: its colour tells what sets its recipe apart."""
    color = palette.line(list(titles.PLAIN).index(titles.kind(card)))["color"]
    is_own = titles.is_own(card["name"])
    return {"color": color, "size": 16 if is_own else 12, "symbol": "star" if is_own else "circle"}


def papers(data: str, across: str, up: str, unit: str) -> list[Point]:
    """Return the paper's points of two numbers, the first in the sidebar's unit.

    data: what ours are measured on; ImageNet's stand behind ImageNet alone.
    unit: of the first number among ours.  One without the second number has UNDEFINED for it.
    """
    known = ["ImageNet"] if data == "imagenet" else list(paper.SIZES)
    if across not in paper.FIELDS:
        return []
    made = []
    for each in paper.POINTS:
        x = getattr(each, paper.FIELDS[across])
        y = getattr(each, paper.FIELDS[up]) if up in paper.FIELDS else None
        if each.data in known and x:
            made.append(_of_paper(f"{each.data}, {say(each.title)}", each.data, x, y, unit))
    if (across, up) == ("f_rev", "accuracy, all corruptions") and "CIFAR-10" in known:
        for number, (x, y) in enumerate(paper.BLUR_SWEEP):
            title = "" if number else say("CIFAR-10, blur σ = 3 to 1")
            made.append(_of_paper(title, "CIFAR-10", (x, x), (y, y), unit, size=6))
    return made


Ends = tuple[float, float]


def _of_paper(title: str, data: str, x: Ends, y: Ends | None, unit: str, size: int = 9) -> Point:
    axis = Axis(st.session_state["unit"], paper.SIZES[data], shell.degrees())
    symbol = "square-open" if data == "ImageNet" else "circle-open"
    marker = {"color": palette.GREY, "size": size, "symbol": symbol if y else "line-ns-open"}
    words = f"Li et al. (2023), {title or say('CIFAR-10, behind a blur')}"
    shown = axis.interval(_middle(x), unit)
    found = _middle(y) if y else UNDEFINED
    return Point("", title, words, paper.SIZES[data], shown, found, marker)


def _middle(ends: Ends) -> Interval:
    return Interval(sum(ends) / 2, *ends)


def figure(ours: list[Point], theirs: list[Point], across: Scale, up: Scale) -> go.Figure:
    """Draw one number against another, every point with its name beside it.

    Points of the paper that lack the second number are marks at the foot of the figure.
    """
    made = go.Figure()
    edge = up.at(EDGE)
    shown = [
        point._replace(y=Interval(edge, edge, edge)) if math.isnan(point.y.value) else point
        for point in (*ours, *theirs)
    ]
    for point in reversed(shown):  # ours above theirs
        words = "%{y:.1%}" if up.percent else "%{y:.3g}"
        made.add_scatter(
            x=[point.x.value],
            y=[point.y.value],
            error_x=_bar(point.x),
            error_y=_bar(point.y),
            mode="markers",
            marker=point.marker,
            name=point.words,
            hovertemplate=f"%{{x:.3g}}, {words}<extra>{point.words}</extra>",
            showlegend=False,
        )
    for point, place in zip(shown, placed(shown, across, up), strict=True):
        if place is not None:
            made.add_annotation(_name(point, place, up))
    made.update_xaxes(_axis(across))
    made.update_yaxes(_axis(up), automargin=False)
    margin = PRESENTED_MARGINS if st.session_state["present"] else MARGINS
    kept = f"{across.title}, {up.title}"
    return made.update_layout(height=HEIGHT, margin=margin, uirevision=kept)


def placed(shown: list[Point], across: Scale, up: Scale) -> list[labels.Place | None]:
    """Find a place for the name of every point, in windows of all the usual widths."""
    is_large = st.session_state["present"]
    height, margins = (PRESENTED, PRESENTED_MARGINS) if is_large else (HEIGHT, MARGINS)
    inner = height - margins["t"] - margins["b"]
    sizes = [(width - margins["l"] - margins["r"], inner) for width in WIDTHS]
    at = [
        labels.Spot(
            across.share(point.x.value),
            1 - up.share(point.y.value),
            (across.share(point.x.low), across.share(point.x.high)),
            (1 - up.share(point.y.low), 1 - up.share(point.y.high)),
            _reach(point),
        )
        for point in shown
    ]
    type_size = shell.PRESENTER_TYPE if is_large else TYPE
    return labels.spread(at, [point.title for point in shown], sizes, type_size)


def scales(shown: list[Point], across: str, up: str, unit: str) -> tuple[Scale, Scale]:
    """Return both axes of a figure; unit: of the number that lies up."""
    words = shell.unit_title(st.session_state["unit"])
    furthest = max(point.x.high for point in shown)
    title = f"{say(up)} ({say(unit)})" if unit not in ("share", "") else say(up)
    heights = [point.y for point in shown if not math.isnan(point.y.value)]
    return (
        Scale(f"{say(across)} ({words})", 0, (1 + ROOM) * furthest),
        upright(title, heights, percent=unit == "share"),
    )


def upright(title: str, found: Sequence[Interval], *, percent: bool) -> Scale:
    """Return the axis that holds estimates with some room, in logarithms where they differ much."""
    low, high = min(each.low for each in found), max(each.high for each in found)
    if not percent and low > 0 and high > LOGARITHMIC * low:
        room = (high / low) ** ROOM
        return Scale(title, low / room, high * room, log=True)
    room = ROOM * (high - low or 1)
    return Scale(title, low - room, high + room, percent=percent)


def _axis(scale: Scale) -> dict[str, Any]:
    written = {"title": scale.title, "range": scale.ends, "zeroline": False}
    written["type"] = "log" if scale.log else "linear"
    if scale.log:
        written |= charts.LOGARITHMIC
    return written | ({"tickformat": ".0%"} if scale.percent else {})


def _bar(found: Interval) -> dict[str, Any]:
    return {
        "array": [found.high - found.value],
        "arrayminus": [found.value - found.low],
        "thickness": 1.2,
        "width": 0,
    }


def _reach(point: Point) -> float:
    """Return how far a mark reaches from its middle, in pixels; a mean's, a diamond, furthest."""
    return max(labels.MARKER, 0.75 * point.marker["size"])


def _name(point: Point, place: labels.Place, up: Scale) -> dict[str, Any]:
    """Write the name of a point as Plotly's annotation, with a line to it where it is far off."""
    is_near = place.gap == labels.GAPS[0]
    return {
        "x": point.x.value,
        # Plotly places a note on a logarithmic axis by the logarithm, unlike a point.
        "y": math.log10(point.y.value) if up.log else point.y.value,
        "ax": place.right,
        "ay": place.below,
        "text": f"<b>{point.title}</b>" if point.name else f"<i>{point.title}</i>",
        "font": {"size": TYPE},
        "showarrow": True,
        "arrowhead": 0,
        "arrowwidth": 1,
        "arrowcolor": "rgba(0,0,0,0)" if is_near else palette.GREY,
        "standoff": _reach(point),
        "borderpad": 0,
    }


def key(shown: list[Point]) -> str:
    """Write the points' names as a list, for windows in which they have no room beside them."""
    rows = "".join(
        f'<li><span style="color:{point.marker["color"]}">{_sign(point)}</span> '
        f"{html.escape(unbroken(point.title))}</li>"
        for point in shown
        if point.title
    )
    return f'{NARROW}<ul class="compare-names">{rows}</ul>'


def _sign(point: Point) -> str:
    signs = {"star": "★", "circle": "●", "circle-open": "○", "square-open": "□"}
    return signs.get(point.marker["symbol"], "|")
