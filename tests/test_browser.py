"""The app as its server serves it, in a real browser: what a person sees, and what is sent."""

import json
import math
import re
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from io import BytesIO
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from browser import quiet
from PIL import Image

from blurlab.networks import store
from blurlab.pictures import photographs
from blurlab.ui import cache, channel
from blurlab.ui.attacks.controls import DRAWN, OPENING
from blurlab.ui.hybrid import job
from blurlab.ui.learn import figures
from blurlab.ui.stories import reading

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not store.names(), reason="no models are installed"),
]
SECONDS = 120_000  # ms that a page may take before a test gives up; tests of speed have their own
# A number for every picture, so that pictures can be compared without sending them.
PIXELS = """canvas => {
  const { width, height } = canvas;
  const bytes = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  return bytes.reduce((sum, byte, i) => sum + byte * (1 + (i % 997)), 0);
}"""
# The stage's canvas, which lies in a shadow that document.querySelector does not look into.
CANVAS = """[...document.querySelectorAll("*")]
  .map((node) => node.shadowRoot?.querySelector("canvas[data-cutoff]")).find(Boolean)"""


@pytest.fixture(scope="module")
def server(browser, tmp_path_factory):
    """One server for all tests; how long its first picture took is noted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLURLAB_RESULTS", str(tmp_path_factory.mktemp("results")))
        yield from started(browser)


def started(browser):
    with quiet() as running, visiting(browser, running.address) as visit:
        page = visit("/")
        seen(page)
        yield running._replace(started=time.monotonic() - running.started)


@contextmanager
def visiting(browser, address):
    """Yield a function that opens a path; in the end, nothing may have gone wrong or outside."""
    contexts, wrong = [], []

    def visit(path, *, width=1280, height=900, scheme="light", prepared=None, phone=False):
        if phone:
            width, height = 390, 844
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            is_mobile=phone,
            has_touch=phone,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(SECONDS)
        page.frames_sent = []  # to the page's script
        sent = page.frames_sent
        page.on("websocket", lambda socket: listened(socket, sent))
        page.on("pageerror", lambda error: wrong.append(f"{path}: {error}"))
        page.on("console", lambda message: wrong.extend(complaint(path, message)))
        page.on("request", lambda request: wrong.extend(outside(path, request)))
        if prepared:
            prepared(page)
        page.goto(address + path)
        return page

    try:
        yield visit
    finally:
        for context in contexts:
            context.close()
    assert wrong == []


def listened(socket, sent):
    if channel.PATH not in socket.url:
        socket.on("framesent", lambda frame: sent.append(frame))


def complaint(path, message):
    """Give a console error, but for Streamlit's own search for its server under a page's path."""
    if message.type != "error" or "/_stcore/" in message.location["url"]:
        return []
    return [f"{path}: {message.text} ({message.location['url']})"]


def outside(path, request):
    address = urlsplit(request.url)
    inside = address.scheme in ("data", "blob") or address.hostname == "localhost"
    return [] if inside else [f"{path}: asked {request.url}"]


@pytest.fixture
def visit(browser, server):
    with visiting(browser, server.address) as open_path:
        yield open_path


def part(page, name):
    return page.locator(f'[data-part="{name}"]')


def seen(page):
    """Wait until hybrid, bars and curve are on the screen."""
    page.wait_for_selector("canvas[data-cutoff]")
    page.locator(".row .share", has_text="%").first.wait_for()
    page.locator('[data-part="curve"] path.line[stroke-dasharray][d*="L"]').first.wait_for(
        state="attached"
    )


def settled(page):
    """Wait until the whole sweep has come and the page has nothing more to say."""
    seen(page)
    page.locator('[data-part="progress"]:text-is("")').wait_for(state="attached")
    silent(page)


def silent(page):
    """Wait until the page sends nothing for a while."""
    quiet_since = time.monotonic(), len(page.frames_sent)
    while time.monotonic() - quiet_since[0] < 0.7:
        page.wait_for_timeout(50)
        if len(page.frames_sent) != quiet_since[1]:
            quiet_since = time.monotonic(), len(page.frames_sent)


def shown(page):
    """Return everything that should move with the cutoff."""
    return {
        "picture": part(page, "hybrid").evaluate(PIXELS),
        "shares": page.locator(".row .share").all_text_contents(),
        "bars": page.locator(".row .fill").evaluate_all("all => all.map((one) => one.style.width)"),
        "marker": page.locator('[data-part="curve"] .marker').get_attribute("x1"),
        "value": part(page, "cutoff-value").text_content(),
    }


def assert_all_changed(before, after):
    for what, value in before.items():
        assert after[what] != value, what


def state(page):
    """Return the state in the page's address."""
    return {key: value for key, (value,) in parse_qs(urlsplit(page.url).query).items()}


def cutoff_of(page):
    return float(page.get_attribute("canvas[data-cutoff]", "data-cutoff"))


def wait_for_address(page, **expected):
    page.wait_for_url(
        lambda url: all(
            parse_qs(urlsplit(url).query).get(key) == [value] for key, value in expected.items()
        )
    )


# ---- Coming up --------------------------------------------------------------------------------


def test_hybrid_bars_and_curve_are_there_within_15_seconds_of_the_servers_start(server):
    """Or, on a machine that takes long for it, within nine times what the libraries take alone."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import torch, torchvision, streamlit"], check=True)
    assert server.started < max(15, 9 * (time.monotonic() - began))


def test_a_deep_link_is_the_first_request_of_a_cold_server(browser):
    link = "/hybrid?low=object:cup&high=photograph:cat&cutoff=30&filter=ideal&unit=pixel"
    with quiet() as cold, visiting(browser, cold.address) as visit:
        page = visit(link)
        settled(page)
        assert cutoff_of(page) == 30
        assert part(page, "cutoff-value").text_content() == "0.117 cycles/pixel"
        assert part(page, "low-label").text_content() == "cup"
        assert part(page, "high-label").text_content() == photographs.PHOTOGRAPHS["cat"].title
        chosen = page.locator('[data-testid="stButtonGroup"] [aria-checked="true"]')
        assert chosen.text_content() == "Ideal"
        page.get_by_role("heading", name="Hybrid images").wait_for()
        sidebar = page.get_by_test_id("stSidebar")
        for name in ("Home", "Hybrid images", "Models and data"):
            sidebar.get_by_role("link", name=name).wait_for()
        sidebar.get_by_text("Unit of frequency").wait_for()
        assert state(page) == {
            "low": "object:cup", "high": "photograph:cat",
            "cutoff": "30", "filter": "ideal", "unit": "pixel",
        }  # fmt: skip


FAULTS = """
import logging
import streamlit as st
match st.query_params.get("fault"):
    case "uncaught":
        raise KeyError("failed")
    case "caught":
        try:
            raise ValueError("filter is None")
        except ValueError:
            logging.getLogger("blurlab").exception("a job failed")
st.text("drawn")
"""


@pytest.mark.parametrize(
    ("fault", "said"),
    [("none", []), ("uncaught", ["KeyError: 'failed'"]), ("caught", ["filter is None"])],
)
def test_an_error_in_the_log_of_a_server_fails_its_tests(browser, tmp_path, fault, said):
    script = tmp_path / "faults.py"
    script.write_text(FAULTS)
    try:
        with quiet(script) as running:
            page = browser.new_page()
            page.goto(f"{running.address}/?fault={fault}")
            page.get_by_text("drawn" if fault != "uncaught" else "error").first.wait_for()
            page.close()
        found = ""
    except AssertionError as error:
        found = str(error)
    assert bool(found) == bool(said)
    assert all(words in found for words in said)


def test_a_word_is_explained_to_the_keyboard_and_to_a_hover(visit):
    page = visit("/hybrid")
    word = page.locator(".blurlab-words [tabindex]").filter(has_text="Hybrid image")
    told = page.get_by_role("tooltip").filter(has_text="added: people name")
    word.focus()
    told.wait_for()
    assert told.locator("img").count() == 3
    word.blur()
    told.wait_for(state="hidden")
    word.hover()
    told.wait_for()


# ---- Dragging ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/hybrid"])
def test_dragging_moves_everything_without_the_server_and_release_tells_it_once(visit, path):
    page = visit(path)
    settled(page)
    box = part(page, "cutoff").bounding_box()
    y = box["y"] + box["height"] / 2
    at = [shown(page)]
    page.mouse.move(box["x"] + 3 / 7 * box["width"], y)
    sent = len(page.frames_sent)
    page.mouse.down()
    for share in (0.55, 0.7, 0.85):
        page.mouse.move(box["x"] + share * box["width"], y, steps=4)
        page.wait_for_timeout(150)
        at.append(shown(page))
    assert len(page.frames_sent) == sent
    for before, after in pairwise(at):
        assert after["picture"] != before["picture"]
        assert after["marker"] != before["marker"]
    assert_all_changed(at[0], at[-1])
    page.mouse.up()
    wait_for_address(page, cutoff=f"{cutoff_of(page):g}")
    page.wait_for_timeout(1000)
    assert len(page.frames_sent) == sent + 1
    assert shown(page)["value"] == at[-1]["value"]
    assert shown(page)["picture"] == at[-1]["picture"]


def test_the_answers_while_dragging_are_the_networks_own_at_the_very_cutoff(visit):
    page = visit("/hybrid?low=object:cup&high=object:fish&low_variant=0&high_variant=0")
    settled(page)
    box = part(page, "cutoff").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.4 * box["width"], y)
    page.mouse.down()
    for share in (0.434, 0.511, 0.655):
        before = cutoff_of(page)
        page.mouse.move(box["x"] + share * box["width"], y)
        while cutoff_of(page) == before:
            page.wait_for_timeout(20)
        cards = page.locator('article.model[data-answers="exact"]')
        cards.nth(1).wait_for()
        cutoff = cutoff_of(page)
        assert cutoff not in job.CUTOFFS
        setting = job.Setting(
            cache.Choice("object", "cup"), cache.Choice("object", "fish"), cutoff, None, "gaussian"
        )
        for number, name in enumerate(("objects_base", "objects_blur2")):
            said = cards.nth(number).locator(".share").all_inner_texts()
            answer = job.exact(name, setting)
            expected = [p for _, p in answer.top[:3]] + [answer.p_low, answer.p_high]
            assert said == [f"{math.floor(100 * p + 0.5)} %" for p in expected]
    page.mouse.up()


def test_without_the_channel_dragging_shows_what_lies_between_and_says_so(visit):
    def cut(page):
        page.route_web_socket(re.compile(channel.PATH), lambda socket: socket.close())

    page = visit("/hybrid", prepared=cut)
    settled(page)
    box = part(page, "cutoff").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.4 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.434 * box["width"], y)
    page.locator('article.model[data-answers="between"]').nth(1).wait_for()
    page.wait_for_timeout(500)
    assert page.locator('article.model[data-answers="between"]').count() == 2
    page.mouse.up()
    page.locator('article.model[data-answers="exact"]').nth(1).wait_for()


def test_the_arrow_keys_do_what_dragging_does(visit):
    page = visit("/hybrid")
    settled(page)
    before, sent = shown(page), len(page.frames_sent)
    part(page, "cutoff").focus()
    for _ in range(25):
        page.keyboard.press("ArrowRight")
    end = time.monotonic() + 60
    while state(page).get("cutoff") != f"{cutoff_of(page):g}":  # the last key may not be drawn yet
        assert time.monotonic() < end
        page.wait_for_timeout(50)
    assert_all_changed(before, shown(page))
    assert cutoff_of(page) > 8
    page.wait_for_timeout(1000)
    assert 1 <= len(page.frames_sent) - sent <= 3


def test_the_plain_slider_moves_the_stage(visit):
    page = visit("/hybrid")
    settled(page)
    before = shown(page)
    page.get_by_role("slider", name="exact value").focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    wait_for_address(page, cutoff="10")
    page.wait_for_selector('canvas[data-cutoff="10"]')
    assert_all_changed(before, shown(page))


def test_from_far_the_networks_answer_what_an_eye_resolves_and_the_link_says_so(visit):
    page = visit("/hybrid")
    settled(page)
    before = shown(page)
    part(page, "far").click()
    page.wait_for_selector('canvas[data-far="true"]')
    wait_for_address(page, far="1")
    page.get_by_text("an eye resolves 8.6 cycles/image").wait_for()
    settled(page)
    after = shown(page)
    assert after["picture"] != before["picture"]
    assert after["shares"] != before["shares"]
    assert after["marker"] == before["marker"]


# ---- Files, links, pages ----------------------------------------------------------------------


def test_a_bad_upload_shows_its_sentence_and_the_page_lives(visit):
    page = visit("/hybrid?low=upload")
    settled(page)
    before = shown(page)
    chooser = page.get_by_test_id("stFileUploaderDropzoneInput").first
    words = {"name": "notes.png", "mimeType": "image/png", "buffer": b"only words" * 50}
    chooser.set_input_files(words)
    page.get_by_text("notes.png is not a picture BlurLab reads").wait_for()
    assert shown(page)["picture"] == before["picture"]
    grey = BytesIO()
    Image.new("L", (40, 30), 99).save(grey, "PNG")
    chooser.set_input_files(
        {"name": "grey.png", "mimeType": "image/png", "buffer": grey.getvalue()}
    )
    part(page, "low-label").get_by_text("guess:").wait_for()
    page.get_by_text("notes.png is not a picture").wait_for(state="detached")
    # Not for the sweep, in which networks are asked that know photographs.
    page.wait_for_function(
        f"before => {{ const canvas = {CANVAS}; return canvas && ({PIXELS})(canvas) !== before; }}",
        arg=before["picture"],
        polling=100,
    )


def test_a_photograph_of_ones_own_is_named(visit):
    if "imagenet_lite0" not in store.names() or "coffee" not in photographs.here():
        pytest.skip("no network that knows ImageNet, or no photograph of coffee, is installed")
    cup = BytesIO()
    picture = photographs.photograph("coffee", 400).permute(1, 2, 0).mul(255).byte().numpy()
    Image.fromarray(picture).save(cup, "JPEG")
    page = visit("/hybrid?low=upload&cutoff=128")
    settled(page)
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(
        {"name": "IMG_0042.JPG", "mimeType": "image/jpeg", "buffer": cup.getvalue()}
    )
    part(page, "low-label").get_by_text("guess: espresso").wait_for()
    settled(page)
    page.locator(".row", has_text="espresso").first.wait_for()


def test_a_bad_link_is_explained_and_the_explanation_stays(visit):
    page = visit("/hybrid?cutoff=900&unit=pixel")
    settled(page)
    page.wait_for_timeout(500)
    assert page.get_by_text("The link's cutoff is “900”, not 0 to 128 cycles/image").is_visible()
    assert cutoff_of(page) == 8
    assert state(page) == {"unit": "pixel"}


def test_every_figure_of_the_article_moves(visit):
    page = visit("/learn")
    page.get_by_text("All words").wait_for()
    shown = page.locator(".frames")
    assert shown.count() == len(figures.FIGURES)
    for number in range(shown.count()):
        picture = shown.nth(number).locator("canvas").first
        page.wait_for_function("node => node.dataset.position", arg=picture.element_handle())
        before = picture.get_attribute("data-position")
        shown.nth(number).locator("input").press("ArrowRight")
        page.wait_for_function(
            "([node, before]) => node.dataset.position !== before",
            arg=[picture.element_handle(), before],
        )


def test_the_state_is_kept_while_walking_through_the_pages(visit):
    page = visit("/?cutoff=20&unit=nyquist")
    settled(page)
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_role("link", name="Models and data").click()
    page.get_by_role("heading", name="Installed networks").wait_for()
    sidebar.get_by_role("link", name="Hybrid images").click()
    page.get_by_role("heading", name="Hybrid images").wait_for()
    settled(page)
    assert cutoff_of(page) == 20
    assert part(page, "cutoff-value").text_content() == "0.156 of Nyquist"
    wait_for_address(page, cutoff="20", unit="nyquist")


def test_back_leads_to_the_page_before_with_its_state_however_many_steps_were_made(visit):
    page = visit("/?cutoff=20")
    settled(page)
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_role("link", name="Hybrid images").click()
    page.get_by_role("heading", name="Hybrid images").wait_for()
    settled(page)
    slider = page.get_by_role("slider", name="exact value")
    for cutoff in ("20.25", "20.5", "20.75"):
        slider.focus()
        page.keyboard.press("ArrowRight")
        wait_for_address(page, cutoff=cutoff)
    page.get_by_test_id("stMain").get_by_text("Ideal").click()
    wait_for_address(page, cutoff="20.75", filter="ideal")
    page.go_back()
    page.get_by_role("heading", name="Which spatial frequencies").wait_for()
    settled(page)
    assert cutoff_of(page) == 20.75  # pages share it
    wait_for_address(page, cutoff="20.75", filter="ideal")
    page.go_forward()
    page.get_by_role("heading", name="Hybrid images").wait_for()
    settled(page)
    assert cutoff_of(page) == 20.75
    wait_for_address(page, cutoff="20.75", filter="ideal")


CONTROLS = ("Selectbox", "Multiselect", "ButtonGroup", "Checkbox", "NumberInput")


def test_controls_that_a_browser_loads_late_show_what_the_picture_shows(visit):
    """By then the page was drawn again, for its answers, without their values being sent anew."""
    held, names = [], "|".join(CONTROLS)

    def hold(page):
        page.route(re.compile(rf"/static/js/({names})\."), lambda request: held.append(request))

    page = visit(
        "/hybrid?low=photograph:astronaut&high=object:cup&filter=ideal&separate=1&unit=pixel",
        prepared=hold,
    )
    page.wait_for_selector("canvas[data-cutoff]")
    page.locator('[data-part="progress"]:text-is("")').wait_for(state="attached")
    silent(page)
    assert len(held) >= 4
    for request in held:
        request.continue_()
    boxes = page.get_by_test_id("stSelectbox").locator("input")
    boxes.nth(3).wait_for()
    settled(page)
    shown = [box.input_value() for box in boxes.all()]
    assert shown == [
        "English",
        "cycles/pixel",
        "Photograph: Astronaut Eileen Collins",
        "Object: cup",
    ]
    chosen = page.locator('[data-testid="stButtonGroup"] [aria-checked="true"]')
    assert chosen.all_text_contents() == ["Ideal"]
    assert page.get_by_role("switch", name="Separate cutoffs").is_checked()
    assert part(page, "low-label").text_content() == "Astronaut Eileen Collins"
    assert part(page, "high-label").text_content() == "cup"


SENTENCE_SIZE = (
    "parseFloat(getComputedStyle(document.querySelector('.st-key-story_present p')).fontSize)"
)
KEYS = ("PageDown", "ArrowRight", "Space")  # of which each leads on


@pytest.mark.parametrize("name", reading.stories())
def test_every_story_is_told_to_its_end_by_keyboard_alone(visit, name):
    page = visit(f"/?story={name}&present=1", height=720)
    story = reading.stories()[name]
    for number, step in enumerate(story.steps, 1):
        wait_for_step(page, name, number)
        page.get_by_text(step.say, exact=True).wait_for()
        place = {"story": name, "story_step": str(number)} if number > 1 else {"story": name}
        wait_for_state(page, step.page, place, step.state)
        page.wait_for_function(f"{SENTENCE_SIZE} >= 24")  # pixels, read from the last row
        page.keyboard.press(KEYS[number % len(KEYS)])
    page.locator(".st-key-story_next").wait_for(state="detached")


def wait_for_step(page, name, number):
    """Wait until a step's keys lead on from it."""
    story = reading.stories()[name]
    title = f"{story.title}, {number} of {len(story.steps)}"
    page.wait_for_function("title => window.blurlabStory?.note.title === title", arg=title)


def wait_for_state(page, name, place, state):
    """Wait until the address is that of a page, and holds what differs from its defaults."""
    path = "/" if name == "home" else f"/{name}"
    page.wait_for_function(
        """([path, place, state]) => {
          const held = Object.fromEntries(new URLSearchParams(location.search));
          const are = Object.entries(place).every(([key, value]) => held[key] === value);
          const may = Object.entries(state).every(([k, v]) => !(k in held) || held[k] === v);
          return location.pathname === path && are && may;
        }""",
        arg=[path, place, state],
    )


# Presses a key once, while the app starts and nothing of a story is drawn.
HASTY = """new MutationObserver((_, watching) => {
  if (!document.getElementById("blurlab-starting")) return;
  watching.disconnect();
  const { body } = document;
  body.dispatchEvent(new KeyboardEvent("keydown", { key: "PageDown", bubbles: true }));
}).observe(document, { childList: true, subtree: true });"""


def test_a_story_goes_back_blacks_the_screen_and_has_notes(visit):
    page = visit("/?story=squint", prepared=lambda page: page.add_init_script(HASTY))
    wait_for_step(page, "squint", 2)
    settled(page)
    page.keyboard.press("b")
    page.locator("#blurlab-black").wait_for()
    page.keyboard.press("PageDown")  # which only brings the page back
    page.locator("#blurlab-black").wait_for(state="detached")
    with page.expect_popup() as opened:
        page.keyboard.press("n")
    notes = opened.value
    notes.get_by_text("Squint, 2 of 4").wait_for()
    page.keyboard.press("PageUp")
    wait_for_step(page, "squint", 1)
    notes.get_by_text("Squint, 1 of 4").wait_for()
    page.get_by_text("Expert words").click()
    notes.get_by_text(reading.stories()["squint"].steps[0].expert_say).wait_for()


def test_presenter_mode_hides_the_frame_and_p_leaves_it(visit):
    page = visit("/hybrid")
    settled(page)
    page.get_by_test_id("stSidebar").get_by_text("Presenter mode").click()
    wait_for_address(page, present="1")
    for hidden in ("stHeader", "stSidebar"):
        page.get_by_test_id(hidden).wait_for(state="hidden")
    page.get_by_role("heading", name="Hybrid images").wait_for(state="detached")
    page.locator('[data-part="stage"].presenter').wait_for()
    settled(page)
    page.keyboard.press("p")
    page.get_by_role("heading", name="Hybrid images").wait_for()
    page.get_by_test_id("stSidebar").wait_for()
    page.wait_for_function("!location.search.includes('present')")
    settled(page)
    assert part(page, "stage").evaluate("one => !one.classList.contains('presenter')")


# ---- Nothing is cut ---------------------------------------------------------------------------

OVERHANG = """stage => {
  const frame = stage.getBoundingClientRect(), cut = [];
  const say = (node, what) => cut.push(`${node.tagName} "${node.textContent.trim()}" ${what}`);
  for (const node of stage.querySelectorAll("*:not(defs, defs *)")) {
    const box = node.getBoundingClientRect();
    if (!node.checkVisibility({ opacityProperty: true }) || !box.width || !box.height) continue;
    const over = Math.max(
      frame.left - box.left, box.right - frame.right,
      frame.top - box.top, box.bottom - frame.bottom,
    );
    if (over > 1) say(node, `ends ${over.toFixed(1)} px outside`);
    const hides = node instanceof HTMLElement && getComputedStyle(node).overflowX === "hidden";
    if (hides && node.scrollWidth > node.clientWidth + 1) say(node, "hides a part of itself");
  }
  const texts = [...stage.querySelectorAll("svg text")];
  for (const [i, one] of texts.entries()) {
    for (const two of texts.slice(i + 1)) {
      const [a, b] = [one, two].map((node) => node.getBoundingClientRect());
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      // The boxes of two lines may meet, for letters fill only the middle of theirs.
      const shared = high / Math.min(a.height, b.height);
      if (wide > 3 && shared > 0.4) say(one, `overlaps "${two.textContent}"`);
    }
  }
  return cut;
}"""
WIDER = """() => [document.documentElement, ...document.querySelectorAll('[data-testid="stMain"]')]
  .map((node) => node.scrollWidth - node.clientWidth)"""


LOOKS = [(1280, "light"), (1280, "dark"), (1920, "dark"), (1920, "light")]


@pytest.mark.parametrize(
    ("path", "begin"),
    [
        ("/", 0),
        ("/hybrid?unit=nyquist&separate=1", 2),
        ("/hybrid?present=1&high=photograph:cat", 0),
        ("/attacks?dragged=epsilon&attack_steps=2", 2),
        ("/attacks?present=1&attack_steps=2", 0),
    ],
)
def test_nothing_is_cut(visit, path, begin):
    """Opened narrow and light or wide and dark, and then as window and theme change."""
    for number, (width, scheme) in enumerate(LOOKS[begin:] + LOOKS[:begin]):
        height = width * 9 // 16
        if number == 0:
            page = visit(path, width=width, height=height, scheme=scheme)
            complete(page)
        else:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": height})
            silent(page)
        assert part(page, "stage").evaluate(OVERHANG) == [], (width, scheme)
        assert max(page.evaluate(WIDER)) <= 1, (width, scheme)
        assert_readable(page, scheme)


def assert_readable(page, scheme):
    """Compare the brightness of the stage's ink with the page it lies on."""
    ink, paper = (
        page.locator(where).first.evaluate(
            """(node, what) => {
              const context = new OffscreenCanvas(1, 1).getContext("2d");
              context.fillStyle = getComputedStyle(node)[what];
              context.fillRect(0, 0, 1, 1);
              return context.getImageData(0, 0, 1, 1).data[1];
            }""",
            what,
        )
        for where, what in (('[data-part="stage"]', "color"), (".stApp", "backgroundColor"))
    )
    assert (paper - ink if scheme == "light" else ink - paper) > 150


@pytest.mark.parametrize("width", [1280, 1920])
def test_the_models_page_fits_its_window(visit, width):
    page = visit("/models", width=width)
    page.get_by_role("heading", name="This machine").wait_for()
    page.get_by_text("Recipe and numbers").first.wait_for()
    assert max(page.evaluate(WIDER)) <= 1


@pytest.mark.parametrize("path", ["/sensitivity?data=objects&measure=hybrids", "/compare"])
def test_figures_of_measures_fit_the_window(visit, path):
    page = visit(path)
    page.wait_for_selector(".js-plotly-plot .xtitle")
    assert max(page.evaluate(WIDER)) <= 1
    page.set_viewport_size({"width": 1920, "height": 1080})
    silent(page)
    assert max(page.evaluate(WIDER)) <= 1


# ---- The chain and the files --------------------------------------------------------------------


def complete(page):
    """Wait until every frame or cutoff has its answers and the page has nothing more to say."""
    page.locator("canvas:is([data-cutoff], [data-position]):visible").first.wait_for()
    page.locator(".row .share", has_text="%").first.wait_for()
    page.locator('[data-part="progress"]:text-is("")').wait_for(state="attached")
    silent(page)


def test_dragging_sigma_moves_the_chain_without_the_server_and_release_tells_it_once(visit):
    page = visit("/blur")
    complete(page)

    def looks():
        return {
            "picture": page.locator("canvas[data-position]").last.evaluate(PIXELS),
            "answers": page.locator(".verdict .share").all_text_contents(),
            "spectrum": page.locator(".sketch .kept").last.get_attribute("d"),
            "marker": page.locator('[data-part="curve"] .marker').get_attribute("x1"),
            "value": part(page, "value").text_content(),
        }

    sent = len(page.frames_sent)
    at = dragged(page, looks, 3 / 16, 0.4, 0.7)
    assert len(page.frames_sent) == sent
    for before, after in pairwise(at):
        assert_all_changed(before, after)
    page.mouse.up()
    wait_for_address(page, sigma="2.75")
    assert len(page.frames_sent) == sent + 1


def dragged(page, looks, start, *shares):
    """Drag the frames' slider from one share of its length to others, and hold it there.

    Returns how the page looked before, and at each of them.
    """
    box = part(page, "position").bounding_box()
    y = box["y"] + box["height"] / 2
    at = [looks()]
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    for share in shares:
        page.mouse.move(box["x"] + share * box["width"], y, steps=4)
        page.wait_for_timeout(200)
        at.append(looks())
    return at


def test_dragging_epsilon_moves_the_attack_without_the_server_and_its_end_is_kept(visit):
    drawn = {"picture": "object:fish", "epsilon": "8"} if OPENING != DRAWN else {}
    kept = {key: value for key, value in drawn.items() if key != "epsilon"}
    page = visit("/attacks?dragged=epsilon&attack_steps=2&picture=object:fish&epsilon=8")
    complete(page)

    def looks():
        _, picture, change = page.locator("canvas[data-position]").all()
        return {
            "picture": picture.evaluate(PIXELS),
            "change": change.evaluate(PIXELS),
            "answers": page.locator(".row .share").all_text_contents(),
            "marker": page.locator('[data-part="curve"] .marker').get_attribute("x1"),
            "value": part(page, "value").text_content(),
        }

    sent = len(page.frames_sent)
    at = dragged(page, looks, 8 / 14, 4 / 14, 12 / 14)
    assert len(page.frames_sent) == sent
    for before, after in pairwise(at):
        assert_all_changed(before, after)
    assert [look["value"].split()[0] for look in at] == ["8", "2", "20"]
    page.mouse.up()
    wait_for_address(page, **kept, dragged="epsilon", attack_steps="2", epsilon="20")
    assert len(page.frames_sent) == sent + 1
    page.get_by_text("Where the change of 20/255").wait_for()
    # What the whole page draws anew knows of it too.
    page.get_by_test_id("stPopoverButton").filter(has_text=re.compile("^More")).click()
    page.get_by_role("slider", name="Steps").focus()
    page.keyboard.press("ArrowRight")
    wait_for_address(page, **kept, dragged="epsilon", attack_steps="3", epsilon="20")
    page.keyboard.press("Escape")
    complete(page)
    assert looks()["value"] == at[-1]["value"]
    page.get_by_role("slider", name="exact value").focus()
    page.keyboard.press("ArrowRight")
    wait_for_address(page, **kept, dragged="epsilon", attack_steps="3", epsilon="24")
    complete(page)
    original, attacked, _ = page.locator("canvas[data-position]").all()
    before = attacked.evaluate(PIXELS)
    assert original.evaluate(PIXELS) != before
    page.locator("button.hold").focus()
    page.keyboard.down(" ")
    page.wait_for_timeout(200)
    assert attacked.evaluate(PIXELS) == original.evaluate(PIXELS)
    page.keyboard.up(" ")
    page.wait_for_timeout(200)
    assert attacked.evaluate(PIXELS) == before


def test_a_presenter_drags_what_has_no_control_on_the_page(visit):
    page = visit("/blur")
    complete(page)
    page.get_by_test_id("stSidebar").get_by_text("Presenter mode").click()
    wait_for_address(page, present="1")
    complete(page)
    for sigma in ("1.25", "1.5"):
        part(page, "position").focus()
        page.keyboard.press("ArrowRight")
        wait_for_address(page, present="1", sigma=sigma)
    complete(page)


@pytest.mark.parametrize(
    ("path", "which", "values"),
    [
        (
            "/blur?present=1&attack_size=6&then=contrast&then_severity=4&target=house",
            -1,
            ["6", "Contrast (low frequencies)", "4", "Objects, base (fits)", "house"],
        ),
        ("/hybrid?low_x=0.25&low_scale=1.5", 0, ["0.25", "0", "1.5"]),
    ],
)
def test_controls_that_open_show_the_values_they_have(visit, path, which, values):
    page = visit(path)
    complete(page)
    main = page.get_by_test_id("stMain")
    main.get_by_test_id("stPopoverButton").nth(which).press("Enter")
    inputs = page.get_by_test_id("stPopoverBody").locator("input")
    controls = inputs.and_(page.locator("[type=range], [type=text], :not([type])"))
    controls.nth(len(values) - 1).wait_for(state="attached")
    assert [control.input_value() for control in controls.all()] == values


def test_a_click_on_the_arrow_of_controls_opens_them_on_a_slow_machine_too(visit):
    page = visit("/attacks")
    complete(page)
    openers = page.get_by_test_id("stMain").get_by_test_id("stPopoverButton")
    more = openers.filter(has_text="More").and_(page.locator(":visible"))
    arrow = more.get_by_test_id("stIconMaterial").last.bounding_box()
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 8})
    page.mouse.click(arrow["x"] + arrow["width"] / 2, arrow["y"] + arrow["height"] / 2)
    page.wait_for_timeout(3000)
    assert page.get_by_test_id("stPopoverBody").is_visible()


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/hybrid", "This stage (HTML)"),
        ("/blur?sigma=2", "This chain (HTML)"),
        ("/attacks?attack_steps=3", "This view (HTML)"),
        ("/corruptions", "This view (HTML)"),
    ],
)
def test_a_saved_view_shows_the_same_without_the_server(browser, visit, tmp_path, path, label):
    page = visit(path)
    complete(page)
    page.get_by_role("tab", name="Save").click()
    with page.expect_download() as saving:
        page.get_by_text(label).click()
    saving.value.save_as(tmp_path / "view.html")
    file = browser.new_page()
    file.goto((tmp_path / "view.html").as_uri())
    file.locator(".row .share", has_text="%").first.wait_for()
    assert part(file, "position").or_(part(file, "cutoff")).count() == 1
    for shown_in_both in (".dial output", ".model h4", ".row .share"):
        expected = page.locator(shown_in_both).all_text_contents()
        assert file.locator(shown_in_both).all_text_contents() == expected
    file.close()


def test_a_figure_is_saved_for_print_and_says_what_it_shows(visit, tmp_path):
    page = visit("/sensitivity?data=objects&measure=hybrids&unit=nyquist", scheme="dark")
    page.wait_for_selector(".js-plotly-plot .xtitle")
    saved = {}
    for kind in ("svg", "png"):
        with page.expect_download() as saving:
            page.get_by_role("button", name=f"Save as {kind.upper()}: Hybrids").click()
        assert saving.value.suggested_filename == f"measured_hybrids.{kind}"
        saved[kind] = tmp_path / f"figure.{kind}"
        saving.value.save_as(saved[kind])
    with Image.open(saved["png"]) as image:
        assert image.width == round(180 / 25.4 * 300)
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.01)
        assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)  # on a dark page too
        told = image.text
    svg = ElementTree.parse(saved["svg"]).getroot()
    title, description, facts = (
        svg.findtext(f"{{http://www.w3.org/2000/svg}}{tag}")
        for tag in ("title", "desc", "metadata")
    )
    assert svg.attrib["width"] == "180mm"
    assert json.loads(facts) | {"Creation Time": ""} == told | {"Creation Time": ""}
    assert title == told["Title"] == "Hybrids"
    axes = "across: cutoff (fraction of Nyquist); up: p_low − p_high, mean confidence"
    assert told["Axes"] == axes
    assert f"Axes: {told['Axes']}" in description
    assert store.card("objects_base")["sha256"][:16] in told["Networks"]
    assert (told["Pictures"], told["Seed"]) == ("Objects: 2,000", "0")
    assert "joined with a partner of another class" in told["Methods"]
    assert told["Address"] == page.url


@pytest.mark.parametrize(
    ("path", "working"),
    [
        ("/sensitivity?data=objects&measure=passes&measure_seed=8", "measuring: [1-9]"),
        ("/attacks?attack_steps=60&pace=slow", "step [1-9]"),
    ],
)
def test_pausing_moves_no_button_from_under_the_pointer(visit, path, working):
    page = visit(path)
    if "sensitivity" in path:
        page.get_by_role("button", name="Measure", exact=True).click()
    page.get_by_text(re.compile(working)).first.wait_for()
    cancel = page.get_by_role("button", name=re.compile("Cancel$"))
    cancel.evaluate(
        """button => {
          window.heights = new Set();
          const look = () => window.heights.add(button.getBoundingClientRect().top);
          new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
          look();
        }"""
    )
    for name, then in (("Pause", "paused:"), ("Resume", working)):
        page.get_by_role("button", name=re.compile(f"{name}$")).click()
        page.get_by_text(re.compile(then, re.IGNORECASE)).first.wait_for()
    assert page.evaluate("window.heights.size") == 1
    cancel.click()
    page.get_by_role("button", name=re.compile("Continue|Again")).wait_for()


# ---- Others are measuring ---------------------------------------------------------------------


def test_sliders_stay_live_while_another_session_measures_and_its_measure_obeys(visit):
    other = visit("/sensitivity?data=objects&measure=passes&measure_seed=7")
    other.get_by_role("button", name="Measure", exact=True).click()
    other.get_by_text(re.compile("measuring: [1-9]")).wait_for()
    page = visit("/hybrid?low=object:key&high=object:tree")
    settled(page)
    slider = page.locator('[data-testid="stSlider"] input').last
    for _ in range(3):
        before = cutoff_of(page)
        slider.focus()
        start = time.monotonic()
        page.keyboard.press("ArrowRight")
        page.wait_for_function(
            """before => {
              const cutoff = Number(blurlabCanvas()?.dataset.cutoff);
              const answers = Object.values(blurlabStages.get("hybrid").answers);
              return cutoff !== before && answers.every((one) => one.cutoffs.includes(cutoff));
            }""".replace("blurlabCanvas()", CANVAS),
            arg=before,
        )
        assert time.monotonic() - start < 3  # without the measure about 0.2 s
    other.get_by_text("measuring:").wait_for()
    for name, then in (("Pause", "paused:"), ("Resume", "measuring:")):
        other.get_by_role("button", name=name, exact=True).click()
        other.get_by_text(then).wait_for(timeout=5000)
    other.get_by_role("button", name="Cancel", exact=True).click()
    other.get_by_role("button", name=re.compile("Measure|Continue"), exact=True).wait_for(
        timeout=5000
    )


# ---- You vs the models ------------------------------------------------------------------------


GAME = """[...document.querySelectorAll("*")]
  .map((node) => node.shadowRoot?.querySelector('[data-part="game"]')).find(Boolean)"""


# Holds up the browser for 80 ms while a hybrid is seen, once.
LATE = f"""() => {{
  const watch = () => {{
    if (({GAME})?.dataset.state !== "hybrid") return requestAnimationFrame(watch);
    const end = performance.now() + 80;
    while (performance.now() < end);
  }};
  watch();
}}"""


def answered(page, number, by):
    """Answer a trial: the coarse picture, and for every second one the fine one.

    Returns False where the game is over.  by: called with the side of the answer.
    """
    state = f"({GAME})?.dataset.state"
    page.wait_for_function(f'() => ["answer", "over", undefined].includes({state})')
    if page.evaluate(state) != "answer":
        return False
    right = page.evaluate(
        "n => window.blurlabStages.get('you_game')[`trial${n % 4}`].coarseRight", number
    )
    by("right" if right == (number % 2 == 0) else "left")
    page.wait_for_function(f'() => {state} !== "answer"')
    return True


def played(page, by):
    """Play a whole game, and check that its result has every answer as it was given."""
    number = 0
    while answered(page, number, by):
        number += 1
    page.locator(".js-plotly-plot .xtitle").first.wait_for()
    trials = parse_qs(urlsplit(page.url).query)["trials"][0]
    assert len(trials) == number == 8 + trials.count("-")  # seen for too long
    said = {place: letter.isupper() for place, letter in enumerate(trials) if letter != "-"}
    assert said == {place: place % 2 == 0 for place in said}


def test_a_taste_is_played_by_keyboard(visit):
    page = visit("/you")
    part(page, "start").wait_for()
    page.evaluate(LATE)
    page.keyboard.press(" ")
    played(page, lambda side: page.keyboard.press(f"Arrow{side.title()}"))
    marked = re.search(r"(\d+) of \d+ trials are marked", page.content())
    assert int(marked[1]) >= 1


def taste(page):
    """Return the choice of a taste's length, which a page begins with."""
    return page.get_by_role("radio", name="Taste: 8 trials")


@pytest.mark.parametrize(
    ("choose", "changed"),
    [
        (lambda page: page.get_by_role("radio", name="Number: about 40").click(), "game=number"),
        (lambda page: taste(page).click(), ""),  # which is chosen already
        (lambda page: page.get_by_text("Time and screen").click(), ""),
    ],
    ids=["another", "same", "expander"],
)
def test_space_starts_after_a_choice_by_mouse(visit, choose, changed):
    page = visit("/you")
    part(page, "start").wait_for()
    choose(page)
    page.wait_for_function("words => location.search.includes(words)", arg=changed)
    silent(page)
    page.keyboard.press(" ")
    page.wait_for_function(f'() => !["ready", undefined].includes(({GAME})?.dataset.state)')


def test_space_works_what_the_keyboard_has_come_to(visit):
    page = visit("/you")
    part(page, "start").wait_for()
    taste(page).focus()
    while not page.evaluate("document.activeElement.matches('summary')"):
        page.keyboard.press("Tab")
    page.keyboard.press(" ")
    page.get_by_label("How long a picture is seen (ms)").wait_for()
    assert page.evaluate(f"({GAME}).dataset.state") == "ready"


def answer_left(page, count):
    for _ in range(count):
        page.wait_for_function(f'() => ({GAME})?.dataset.state === "answer"')
        page.keyboard.press("ArrowLeft")
        page.wait_for_function(f'() => ({GAME})?.dataset.state !== "answer"')


def test_a_game_goes_on_after_a_reload_and_another_page_and_choices_rest_meanwhile(visit):
    page = visit("/you")
    part(page, "start").wait_for()
    page.keyboard.press(" ")
    answer_left(page, 3)
    page.get_by_role("button", name="Begin anew").wait_for()
    assert taste(page).is_disabled()
    page.get_by_text("Time and screen").click()
    assert page.get_by_label("How long a picture is seen (ms)").is_disabled()
    seed = page.evaluate("JSON.parse(sessionStorage['blurlab-game']).game")
    page.reload()
    page.get_by_text("3 answered so far").wait_for()
    page.get_by_role("button", name="Begin anew").wait_for()
    page.keyboard.press(" ")
    answer_left(page, 1)
    page.get_by_role("link", name="Learn").click()
    page.get_by_role("heading", name="Learn").wait_for()
    page.get_by_role("link", name="You vs the models").click()
    page.get_by_text("4 answered so far").wait_for()
    part(page, "start").click()
    while page.evaluate(f"Boolean({GAME})"):
        if page.evaluate(f'({GAME})?.dataset.state === "answer"'):
            page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(50)
    page.get_by_role("button", name="Play again").wait_for()
    found = state(page)
    assert int(found["game_seed"]) == seed
    assert len(found["trials"].replace("-", "")) == 8
    page.get_by_role("button", name="Play again").click()
    page.get_by_text("Space or a tap starts. Answer").wait_for()
    assert taste(page).is_enabled()


def test_begin_anew_ends_a_game_in_the_middle_of_a_trial(visit):
    page = visit("/you")
    part(page, "start").wait_for()
    page.keyboard.press(" ")
    answer_left(page, 1)
    page.get_by_role("button", name="Begin anew").click()
    page.get_by_text("Space or a tap starts. Answer").wait_for()
    page.wait_for_timeout(1200)  # longer than the trial would have gone on
    assert page.evaluate(f"({GAME}).dataset.state") == "ready"
    assert page.evaluate("sessionStorage['blurlab-game']") is None
    page.reload()
    page.get_by_text("Space or a tap starts. Answer").wait_for()


def test_the_card_on_the_screen_is_remembered_and_a_links_screen_is_not(visit):
    page = visit("/you?game_seed=960968180&trials=mruwwXVU&you_width=10.72&distance=38")
    page.get_by_text("For your eye it is").wait_for()
    page.get_by_text("Time and screen").click()
    page.get_by_role("slider", name="Width of the drawn card").press("ArrowRight")
    page.get_by_role("button", name="Measure it", disabled=False).wait_for()
    assert state(page)["you_width"] == "10.72"  # of the result that the link shows
    page.get_by_role("button", name="Play again").click()
    told = "The picture is 11.2 cm wide, or 11.2 degrees"
    page.get_by_text(told).wait_for(state="attached")
    page.get_by_text("Time and screen").click()
    page.get_by_label("Your distance from the screen (cm)").fill("61")
    page.keyboard.press("Enter")
    wait_for_address(page, distance="61")
    page.reload()
    page.get_by_text("The picture is 11.2 cm wide").wait_for(state="attached")
    page.get_by_text("Time and screen").click()
    page.get_by_role("button", name="Measure it", disabled=False).wait_for()


@pytest.mark.parametrize(("phone", "width", "height"), [(True, 844, 390), (False, 1280, 650)])
def test_both_answers_are_seen_on_a_low_screen_without_scrolling(visit, phone, width, height):
    page = visit("/you", phone=phone)
    page.set_viewport_size({"width": width, "height": height})
    part(page, "start").click()
    page.wait_for_function(f'() => ({GAME})?.dataset.state === "answer"')
    boxes = [part(page, name).bounding_box() for name in ("canvas", "left", "right")]
    assert min(box["y"] for box in boxes) >= 0
    assert max(box["y"] + box["height"] for box in boxes) <= height


# What a finger would miss of a page's own targets: what they say, and how large they are.
SMALL = """() => {
  const inside = (root) => [...root.querySelectorAll("*")].flatMap(
    (node) => [node, ...(node.shadowRoot ? inside(node.shadowRoot) : [])]);
  return inside(document.querySelector('[data-testid="stMain"]'))
    .filter((node) => node.matches("button, summary") && node.checkVisibility())
    .filter((node) => !node.closest('.modebar, [data-testid="stElementToolbar"]'))
    .filter((node) => !node.ariaLabel?.startsWith("Help for "))
    .map((node) => [node.textContent, node.getBoundingClientRect()])
    .filter(([, box]) => box.width && Math.min(box.width, box.height) < 43.5)
    .map(([words, box]) => `${words}: ${box.width} x ${box.height}`);
}"""


def test_a_taste_is_played_by_touch_on_a_phone(visit):
    page, borders = visit("/you", phone=True), []
    part(page, "start").tap()

    def touch(side):
        both = [part(page, name) for name in ("left", "right")]
        borders.append({each.evaluate("b => getComputedStyle(b).borderColor") for each in both})
        boxes = [each.bounding_box() for each in both]
        assert max(box["y"] + box["height"] for box in boxes) <= 844  # without scrolling
        part(page, side).tap()

    page.wait_for_function(f'() => ({GAME})?.dataset.state === "answer"')
    assert page.evaluate(SMALL) == []
    played(page, touch)
    assert {len(each) for each in borders} == {1}  # nothing tells which was touched last
    part(page, "start").wait_for(state="detached")
    assert page.evaluate(SMALL) == []
    # Chromium zooms into no page of this kind; other browsers go by this.
    page.get_by_role("button", name="Play again").tap()
    part(page, "start").wait_for()
    assert page.evaluate(f"getComputedStyle({GAME}).touchAction") == "manipulation"
    assert page.evaluate("[visualViewport.scale, document.documentElement.scrollWidth]") == [1, 390]


# The gap between the middles of square and dot, in pixels.
GAP = """dialog => {
  const [square, dot] = ["square", "dot"].map((name) =>
    dialog.querySelector(`[data-part="${name}"]`).getBoundingClientRect());
  return dot.width && square.x + square.width / 2 - dot.x - dot.width / 2;
}"""


def test_the_blind_spot_is_measured_by_keyboard_where_the_dot_stands(visit):
    page = visit(
        "/you",  # each sweep begins 4 cm from the square
        prepared=lambda page: page.add_init_script("Math.random = () => 0.9999"),
    )
    part(page, "start").wait_for()
    page.get_by_text("Time and screen").click()
    page.get_by_role("slider", name="Width of the drawn card").press("ArrowRight")
    page.get_by_role("button", name="Measure it", disabled=False).click()
    dialog, per_cm, gaps = part(page, "dialog"), 205 / 5.398, []
    for number in range(5):
        page.get_by_text(f"{number + 1} of 5. {'Again' if number else 'Space'}").wait_for()
        page.keyboard.press(" ")
        while (gap := dialog.evaluate(GAP)) < 4.9 * per_cm:
            page.wait_for_timeout(10)
        page.keyboard.press(" ")
        gaps.append(gap / per_cm)
    told = page.get_by_text("the median of 5 sweeps").text_content()
    expected = statistics.median(gaps) / math.tan(math.radians(13.5))
    # The dot moves on until the key is there.
    field = page.get_by_label("Your distance from the screen (cm)")
    assert float(field.input_value()) == pytest.approx(expected, abs=1.5)
    assert f"{float(field.input_value()):.0f} cm" in told
    assert part(page, "game").get_attribute("data-state") == "ready"  # space did not begin it


# ---- An audience ----------------------------------------------------------------------------


def test_five_phones_play_and_the_presenters_page_shows_it(visit):
    presenter = visit("/audience")
    presenter.get_by_role("button", name="Start").wait_for()
    phones = [visit("/join", phone=True) for _ in range(5)]
    for phone in phones:
        phone.get_by_text("You are in").wait_for()
    presenter.get_by_test_id("stMetricValue").get_by_text("5").wait_for()
    presenter.get_by_role("button", name="Start").click()
    for phone in phones:
        phone.get_by_role("button", name="Begin").tap()
    gone = phones.pop()  # before its first answer
    gone.close()
    for number in range(8):
        for phone in phones:
            phone.get_by_text(f"{number + 1} / 8").wait_for()
            phone.locator("[data-part=left]:not([disabled])").tap()
    for phone in phones:
        phone.get_by_text("Thank you!").wait_for()
    presenter.get_by_text("32 answers").wait_for()
    presenter.get_by_text("Everybody").first.wait_for()
    with presenter.expect_download() as saved:
        presenter.get_by_role("button", name="Answers (CSV)").click()
    rows = saved.value.path().read_text().splitlines()
    assert len(rows) == 33
