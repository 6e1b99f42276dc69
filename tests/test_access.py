"""Every page for everybody: on a phone, to who cannot see it well, and to who hears it."""

import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
from browser import quiet

from blurlab import places
from blurlab.networks import store

ENOUGH = 4.5  # contrast of text, by WCAG 2.2, level AA
FADED = 0.6  # share of the text's colour in Streamlit's captions
PRIMARY_INK = {"light": "#ffffff", "dark": "#0e1117"}  # of styles.COLORS
PAGES = [
    "/", "/hybrid", "/blur", "/attacks?attack_steps=1", "/corruptions", "/sensitivity", "/compare",
    "/models", "/camera", "/you", "/you?game_seed=5&trials=mROlNlNl", "/train", "/audience",
    "/learn", "/?story=squint",
]  # fmt: skip
LAPTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
TABLET = {"width": 768, "height": 1024}
COLORS_ALONE = {"runOnly": ["color-contrast"]}  # all that another theme changes
# Of Streamlit's own, which no setting mends: rule -> what it is found in.
NOT_OURS: dict[str, str] = {}


# ---- Colours ----------------------------------------------------------------------------------


def luminance(color):
    """Return the relative luminance of a colour of three numbers, 0 to 255."""
    shares = [value / 255 for value in color]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return sum(
        weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )


def contrast(one, two):
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


def rgb(text):
    return [int(text[start : start + 2], 16) for start in (1, 3, 5)]


def test_contrast_is_that_of_the_standard():
    assert contrast(rgb("#ffffff"), rgb("#000000")) == pytest.approx(21)
    assert contrast(rgb("#777777"), rgb("#ffffff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_themes_text_can_be_read(scheme):
    config = tomllib.loads((places.ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    theme = config["theme"][scheme]
    text, primary = rgb(theme["textColor"]), rgb(theme["primaryColor"])
    for name in ("backgroundColor", "secondaryBackgroundColor"):
        paper = rgb(theme[name])
        mixed = [FADED * a + (1 - FADED) * b for a, b in zip(text, paper, strict=True)]
        assert contrast(text, paper) >= ENOUGH
        assert contrast(mixed, paper) >= ENOUGH
        assert contrast(primary, paper) >= ENOUGH
    assert contrast(rgb(PRIMARY_INK[scheme]), primary) >= ENOUGH


# ---- In a browser -----------------------------------------------------------------------------

DRAWN = (
    '[data-part="start"], .row .share:has-text("%"), .js-plotly-plot .xtitle, .network-card, '
    '.strip img, .learn img, [data-testid="stMetricValue"], '
    '[data-testid="stAlert"]'
)
LONGEST = 15_000  # ms that it may take on a busy machine
SETTLING = 300  # ms that a page takes to follow another theme or window

# Text that is cut by its own box, and what leaves the window without a way to scroll to it.
CUT = """() => {
  const inside = (root) => [...root.querySelectorAll("*")].flatMap(
    (node) => [node, ...(node.shadowRoot ? inside(node.shadowRoot) : [])]);
  const main = document.querySelector('[data-testid="stMain"]'), cut = [];
  const header = document.querySelector('[data-testid="stHeader"]').getBoundingClientRect();
  if (main.scrollWidth > main.clientWidth + 1) cut.push(`scrolls to ${main.scrollWidth} px`);
  for (const node of inside(main)) {
    const box = node.getBoundingClientRect(), text = node.textContent.trim().slice(0, 40);
    const words = [...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
    if (!words || !box.width || !node.checkVisibility({ opacityProperty: true })) continue;
    const forTheEar = node.closest('[data-testid="stMarkdownContainer"]')?.clientWidth < 2;
    if (node.closest('[role="tablist"]') || box.width < 2 || forTheEar) continue; // tabs scroll
    if (box.right > innerWidth + 1 || box.left < -1) cut.push(`"${text}" leaves the window`);
    const hides = node instanceof HTMLElement && getComputedStyle(node).overflowX !== "visible";
    if (hides && node.scrollWidth > node.clientWidth + 1) cut.push(`"${text}" is cut`);
    if (node.tagName === "H1" && box.top < header.bottom - 4) cut.push(`"${text}" is covered`);
  }
  return cut;
}"""
PICTURES = """() => [...document.querySelectorAll("*")]
  .flatMap((node) => [...(node.shadowRoot?.querySelectorAll(".frame") ?? [])])
  .map((frame) => frame.getBoundingClientRect().width)"""


@pytest.fixture(scope="module")
def server(browser, tmp_path_factory):
    if not store.names():
        pytest.skip("no models are installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLURLAB_RESULTS", str(tmp_path_factory.mktemp("results")))
        with quiet() as running:
            yield running


def looked_at(page, address):
    """Open a page and wait until what it shows first is there."""
    page.goto(address)
    page.locator(DRAWN).first.wait_for(state="attached", timeout=60_000)
    page.wait_for_timeout(SETTLING)


class Walk(NamedTuple):
    """What was found wrong on the way through all pages, each with its page.

    axe: None where it is not installed.  missing: what the server did not have.
    """

    axe: list[str] | None
    phone: list[str]
    tablet: list[str]
    missing: list[str]


@pytest.fixture(scope="module")
def walk(browser, server):
    """Open every page once: in light, in dark, and as a phone shows it."""
    package = find_spec("axe_playwright_python")
    script = package and Path(package.origin).with_name("axe.min.js").read_text("utf-8")
    page, axe, phone, tablet, missing = browser.new_page(color_scheme="light"), [], [], [], []
    page.on("response", lambda got: missing.append(got.url) if got.status >= 400 else None)
    for path in PAGES:
        page.set_viewport_size(LAPTOP)
        page.emulate_media(color_scheme="light")
        looked_at(page, server.address + path)
        if script:
            page.evaluate(script)
            axe += [f"{path}: {wrong}" for wrong in serious(page, {})]
            page.emulate_media(color_scheme="dark")
            page.wait_for_timeout(SETTLING)
            axe += [f"{path}, dark: {wrong}" for wrong in serious(page, COLORS_ALONE)]
        page.set_viewport_size(TABLET)
        tablet += [f"{path}: {what}" for what in cut(page)]
        page.set_viewport_size(PHONE)
        phone += [f"{path}: {what}" for what in cut(page)]
        least = 150 if path == "/blur" else 340  # a chain has two pictures in a row
        phone += [f"{path}: a picture of {width} px" for width in small(page, least)]
    page.close()
    return Walk(axe if script else None, phone, tablet, missing)


def cut(page):
    """List what the window cuts once everything has followed it, however slow the machine is."""
    return lasting(page, lambda: page.evaluate(CUT))


def small(page, least):
    """List the widths of pictures narrower than so many pixels that stay so."""
    return lasting(page, lambda: [each for each in page.evaluate(PICTURES) if each < least])


def lasting(page, wrong):
    """List what is wrong on a page and stays so while a slow machine draws it."""
    for _ in range(LONGEST // SETTLING):
        page.wait_for_timeout(SETTLING)
        if not (found := wrong()):
            break
    return found


def serious(page, options):
    """List what axe finds serious or critical in an open page, but for what is not ours."""
    found = page.evaluate("options => axe.run(options)", {"resultTypes": ["violations"], **options})
    return [
        f"{rule['id']}: {node['html'][:200]}"
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
        if (part := NOT_OURS.get(rule["id"])) is None or part not in node["html"]
    ]


@pytest.mark.browser
def test_axe_finds_nothing_serious(walk):
    if walk.axe is None:
        pytest.skip("axe-playwright-python is not installed")
    assert not walk.axe, "\n".join(walk.axe)


@pytest.mark.browser
def test_every_page_fits_a_phone(walk):
    assert not walk.phone, "\n".join(walk.phone)


@pytest.mark.browser
def test_every_page_fits_a_tablet(walk):
    assert not walk.tablet, "\n".join(walk.tablet)


@pytest.mark.browser
def test_no_page_asks_for_what_is_not_there(walk):
    assert not walk.missing


STEPS = ["/?story=what_does_it_see&story_step=3", "/hybrid?story=what_does_it_see&story_step=5"]
FITTED = """() => {
  const stage = [...document.querySelectorAll("*")]
    .map((node) => node.shadowRoot?.querySelector('[data-part="stage"]')).find(Boolean);
  return ['.frame', 'input', '.row .share', '[data-part="curve"]'].map((name) =>
    [name, stage.querySelector(name).getBoundingClientRect().bottom]);
}"""


@pytest.mark.browser
@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_step_about_an_attack_shows_the_pictures_without_scrolling(browser, server, step):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    looked_at(page, f"{server.address}/?story=attacks&story_step={step}")
    ends = """() => [...document.querySelectorAll("*")].flatMap((node) =>
        [...(node.shadowRoot?.querySelectorAll("img, canvas") ?? [])])
      .map((node) => node.getBoundingClientRect()).filter((box) => box.width)
      .map((box) => box.bottom)"""
    page.wait_for_function(f"() => ({ends})().length > 1")
    assert max(page.evaluate(ends)[:2]) <= 720
    page.close()


@pytest.mark.browser
def test_a_presenters_screen_and_a_step_hold_picture_slider_verdicts_and_curve(browser, server):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    for path in [f"{each}{'&' if '?' in each else '?'}present=1" for each in PAGES[:5]] + STEPS:
        looked_at(page, f"{server.address}{path}")
        assert page.locator('[role="status"][data-part="spoken"]').count() == 1
        outside = {name: end for name, end in page.evaluate(FITTED) if end > 720}
        assert not outside, (path, outside)
    page.close()
