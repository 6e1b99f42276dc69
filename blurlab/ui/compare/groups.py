"""Networks in groups: the means of one kind, and how far two numbers go together over families."""

import math
from collections import Counter
from statistics import fmean

from blurlab.claims import compare
from blurlab.networks import titles
from blurlab.statistics import Interval
from blurlab.ui import cache, palette
from blurlab.ui.compare.figure import Point, Scale
from blurlab.ui.languages import say

SIZE = 22  # pixels, of a mean's mark
NAMES = {
    "sharp": "plain",
    "blurred": "blurred",
    "attacked": "adversarial",
    "noisy": "noise",
    "brain": "V1",
    "components": "components",
    "mixed": "sharp and blurred",
    "grey": "grey",
}


def means(points: list[Point]) -> list[Point]:
    """Return a point for every kind that has several recipes: the mean of these.

    points: as of figure.points.  Networks that differ by seed alone count as one, and those of
    other sizes as another kind.
    """
    groups: dict[tuple[str, int], dict[str, list[Point]]] = {}
    for point in points:
        card = cache.card(point.name)
        if (kind := titles.kind(card)) in NAMES:
            recipes = groups.setdefault((kind, point.size), {})
            recipes.setdefault(compare.without_seed(card["recipe"]), []).append(point)
    return [_mean(*group, recipes) for group, recipes in groups.items() if len(recipes) > 1]


def _mean(kind: str, size: int, recipes: dict[str, list[Point]]) -> Point:
    x, y = (
        fmean(fmean(getattr(p, along).value for p in seeds) for seeds in recipes.values())
        for along in ("x", "y")
    )
    title = say("mean, {kind}", kind=say(NAMES[kind]))
    words = say(
        "Mean of the {count} recipes of this kind, {kind}",
        count=len(recipes),
        kind=say(NAMES[kind]),
    )
    color = palette.line(list(titles.PLAIN).index(kind))["color"]
    marker = {"color": color, "size": SIZE, "symbol": "diamond-open", "line": {"width": 3}}
    return Point("", title, words, size, Interval(x, x, x), Interval(y, y, y), marker)


def correlated(points: list[Point], up: Scale) -> str:
    """Say how far the two numbers of the figure go together, if there are families enough.

    It is over models of the one size that most have; a number counts as it is drawn.
    """
    if not points:
        return ""
    [(size, _)] = Counter(point.size for point in points).most_common(1)
    alike = [point for point in points if point.size == size]
    found, count = compare.correlated([(p.name, p.x.value, up.share(p.y.value)) for p in alike])
    if math.isnan(found.value):
        return ""
    return say(
        "Correlation over these {count} families of networks of {size} px: r = {value:.2f} "
        "[{low:.2f}, {high:.2f}].",
        count=count, size=size, value=found.value, low=found.low, high=found.high,
    )  # fmt: skip
