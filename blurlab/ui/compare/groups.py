"""Means of the networks of one kind, such as all that were trained behind a blur."""

from statistics import fmean

from blurlab.claims import compare
from blurlab.networks import titles
from blurlab.statistics import Interval
from blurlab.ui import cache, palette
from blurlab.ui.compare.figure import Point

SIZE = 22  # pixels, of a mean's mark
NAMES = {
    "sharp": "plain",
    "blurred": "blurred",
    "attacked": "adversarial",
    "noisy": "noise",
    "brain": "V1",
    "components": "components",
    "mixed": "sharp and blurred",
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
    title = f"mean, {NAMES[kind]}"
    words = f"Mean of the {len(recipes)} recipes of this kind, {NAMES[kind]}"
    color = palette.line(list(titles.PLAIN).index(kind))["color"]
    marker = {"color": color, "size": SIZE, "symbol": "diamond-open", "line": {"width": 3}}
    return Point("", title, words, size, Interval(x, x, x), Interval(y, y, y), marker)
