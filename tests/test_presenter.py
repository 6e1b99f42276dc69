"""In presenter mode every figure of every page is larger: its type, its legend and its height."""

import json
from pathlib import Path

import pytest
from opening import fine, needs_models, until

PAGES = sorted(path.stem for path in (Path(__file__).parents[1] / "pages").glob("*.py"))
WITH_FIGURES = {"attacks", "compare", "sensitivity"}  # others draw none for presenters
SMALLEST = 16, 500  # pixels: of type that the last row reads, and of a figure's height

pytestmark = needs_models


def layouts(app):
    return [figure["layout"] for figure in figures(app)]


def figures(app):
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def written(figure):
    """List the sizes of the words that a figure's traces and scales of colour bring themselves."""
    layout = figure["layout"]
    scales = [each.get("colorbar", {}) for key, each in layout.items() if "coloraxis" in key]
    scales += [trace["colorbar"] for trace in figure["data"] if "colorbar" in trace]
    fonts = [scale.get("tickfont", {}) for scale in scales]
    fonts += [trace.get("textfont", {}) for trace in figure["data"]]
    return [font["size"] for font in fonts if "size" in font]


def type_sizes(layout):
    """List the sizes of a figure's type: of all that says nothing else, then of what does."""
    axes = [each for key, each in layout.items() if key.startswith(("xaxis", "yaxis"))]
    parts = [layout, layout.get("legend", {}), *layout.get("annotations", [])]
    parts += [axis.get("title", {}) for axis in axes]
    fonts = [part.get("font", {}) for part in parts] + [axis.get("tickfont", {}) for axis in axes]
    return [layout["font"]["size"]] + [font["size"] for font in fonts if "size" in font]


@pytest.mark.parametrize("page", PAGES)
def test_presenters_get_larger_figures_than_others(opened, page):
    app = opened(page, present="1")
    if page in WITH_FIGURES:
        until(app, lambda: layouts(app))
    type_size, height = SMALLEST
    for layout in layouts(app):
        assert min(type_sizes(layout)) >= type_size
        assert layout["height"] >= height
    assert all(size >= type_size for figure in figures(app) for size in written(figure))


def test_a_figure_is_enlarged_for_presenters_alone(opened):
    app = opened("compare")
    usual = layouts(app)
    assert usual
    fine(app.sidebar.toggle(key="present").set_value(True).run())
    for before, after in zip(usual, layouts(app), strict=True):
        assert before.get("font", {}).get("size", 12) < min(type_sizes(after))
        assert before.get("height", 450) <= after["height"]
