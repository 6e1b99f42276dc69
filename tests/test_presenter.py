"""In presenter mode every figure of every page is larger: its type, its legend and its height."""

import json
from pathlib import Path

import pytest
from browser import quiet
from opening import fine, needs_models, until

PAGES = sorted(path.stem for path in (Path(__file__).parents[1] / "pages").glob("*.py"))
WITH_FIGURES = {"attacks", "compare", "sensitivity"}  # others draw none for presenters
FIGURES = {"attacks": {"seen": "spectrum"}}  # where a page shows its figures alone
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
    app = opened(page, present="1", **FIGURES.get(page, {}))
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


# ---- In a browser -----------------------------------------------------------------------------

PROJECTOR = {"width": 1280, "height": 720}
SHOWN = (
    '[data-part="start"], .row .share:has-text("%"), .js-plotly-plot .xtitle, .network-card, '
    '.strip img, [data-testid="stMetricValue"], .frame canvas[data-position]'
)
HEIGHT = """() => document.querySelector('[data-testid="stMain"]').scrollHeight"""
OTHERS = [  # what a page shows when something has been done there
    "you?game_seed=5&trials=mROlNlNl",
    "attacks?attack_steps=1&seen=spectrum",
    "attacks?attack_steps=1&dragged=epsilon",
    "sensitivity?measure=heatmap",
    "learn?section=defence",
    "hybrid?separate=1",
    "?story=what_does_it_see",
    "compare?story=shield&story_step=4&up=accuracy, high-frequency corruptions",
    "sensitivity?story=learn&story_step=2&measure=hybrids",
]
SETTLING = 500  # ms for which a page must not change its height


@pytest.fixture(scope="module")
def server(browser, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLURLAB_RESULTS", str(tmp_path_factory.mktemp("results")))
        with quiet() as running:
            yield running


@pytest.mark.browser
@pytest.mark.parametrize("path", ["" if page == "home" else page for page in PAGES] + OTHERS)
def test_a_projector_shows_a_whole_page_without_scrolling(browser, server, path):
    page = browser.new_page(viewport=PROJECTOR)
    page.goto(f"{server.address}/{path}{'&' if '?' in path else '?'}present=1")
    page.locator(SHOWN).first.wait_for(state="attached", timeout=60_000)
    heights = [0, page.evaluate(HEIGHT)]
    while heights[-1] != heights[-2] or len(heights) < 4:
        page.wait_for_timeout(SETTLING)
        heights.append(page.evaluate(HEIGHT))
    page.close()
    assert heights[-1] <= PROJECTOR["height"]


@pytest.mark.browser
def test_a_projector_shows_two_networks_while_they_learn(browser, server):
    page = browser.new_page(viewport=PROJECTOR)
    page.goto(f"{server.address}/train?present=1")
    page.get_by_role("button", name="Start").click()
    page.locator(".js-plotly-plot .xtitle").first.wait_for(timeout=60_000)
    page.wait_for_timeout(SETTLING)
    height = page.evaluate(HEIGHT)
    page.get_by_role("button", name="Stop").click()
    page.close()
    assert height <= PROJECTOR["height"]
