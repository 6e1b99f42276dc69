"""The frames in a real browser: one slider moves the pictures, the answers and the curves."""

import itertools
import re

import pytest
import torch
from browser import CALLS, hand_over, overtaken

from blurlab.pictures import images
from blurlab.ui.frames import frames_html

pytestmark = pytest.mark.browser
POSITIONS = [0.0, 1.0, 2.0, 4.0]
ANSWERS = {
    "net": {
        "classes": [[0, 1], [0, 1], [1, 0], [1, 0]],
        "probabilities": [[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.8, 0.2]],
        "curves": {"own": [0.9, 0.6, 0.3, 0.2]},
    }
}
# Spies on what would be sent to Python.
SPY = "setStateValue(name, value) { (window.sent ??= []).push([name, value]); }"


def exported(tmp_path, **changes):
    urls = [images.data_url(torch.full((3, 8, 8), level)) for level in (0.0, 0.2, 0.5, 0.9)]
    arguments = {
        "label": "Blur sigma",
        "unit": "pixels",
        "positions": POSITIONS,
        "position": 1.0,
        "pictures": [{"title": "<b>blurred</b>", "urls": urls}],
        "models": [{"key": "net", "title": "A net", "color": 0, "classes": ["fish", "house"]}],
        "answers": ANSWERS,
        "curve_titles": {"own": "probability of fish"},
    }
    page = frames_html(**{**arguments, **changes})
    assert "setStateValue() {}" in page
    path = tmp_path / "frames.html"
    path.write_text(page.replace("setStateValue() {}", SPY), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def opened(browser, tmp_path):
    pages = []

    def open_page(**changes):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(60_000)
        pages.append(page)
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.goto(exported(tmp_path, **changes))
        page.wait_for_selector("canvas[data-position]")
        return page

    yield open_page
    for page in pages:
        assert page.errors == []
        page.close()


def shown(page):
    return page.evaluate(
        """() => {
          const part = (name) => document.querySelector(`[data-part="${name}"]`);
          const all = (selector) => [...document.querySelectorAll(selector)];
          const canvas = part("picture");
          return {
            position: Number(canvas.dataset.position),
            red: canvas.getContext("2d").getImageData(0, 0, 1, 1).data[0],
            value: part("value").textContent,
            says: document.querySelector(".model h4").textContent,
            shares: all(".row .share").map((node) => node.textContent),
            marker: part("curve").querySelector(".marker").getAttribute("x1"),
            sent: window.sent ?? [],
          };
        }"""
    )


def moved_to(page, position):
    page.wait_for_selector(f'canvas[data-position="{position:g}"]')
    return shown(page)


def test_dragging_moves_picture_answers_and_curve_and_only_release_is_sent(opened):
    page = opened()
    box = page.locator('[data-part="position"]').bounding_box()
    y = box["y"] + box["height"] / 2
    before = moved_to(page, 1)
    assert (before["value"], before["says"], before["red"]) == ("1 pixels", "says fish", 51)
    page.mouse.move(box["x"] + box["width"] / 3, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.66 * box["width"], y, steps=3)
    between = moved_to(page, 2)
    page.mouse.move(box["x"] + box["width"] - 2, y, steps=3)
    after = moved_to(page, 4)
    assert between["sent"] == after["sent"] == []
    assert (after["value"], after["says"], after["red"]) == ("4 pixels", "says house", 230)
    assert after["shares"] == ["80 %", "20 %", "", "20 %"]
    assert float(before["marker"]) < float(between["marker"]) < float(after["marker"])
    page.mouse.up()
    page.wait_for_function("window.sent?.length")
    assert shown(page)["sent"] == [["position", 4]]


def test_the_arrow_keys_step_through_the_frames(opened):
    page = opened()
    page.focus('[data-part="position"]')
    page.keyboard.press("ArrowRight")
    assert moved_to(page, 2)["says"] == "says house"
    page.wait_for_function("window.sent?.length")
    assert shown(page)["sent"] == [["position", 2]]


def test_what_is_missing_is_marked_as_being_computed(opened):
    url = images.data_url(torch.zeros(3, 8, 8))
    page = opened(pictures=[{"title": "p", "urls": [url, None, None, None]}], answers={})
    assert shown(page)["position"] == 0
    assert shown(page)["says"] == "computing …"
    assert page.locator(".frame.old .waiting").is_visible()
    assert page.text_content('[data-part="progress"]') == "computing the answers: 0 of 4"


@pytest.mark.parametrize("calls", CALLS)
def test_an_overtaken_call_neither_stays_nor_cuts_the_frames_off(browser, tmp_path, calls):
    address = exported(tmp_path, answers={})
    overtaken(tmp_path / "frames.html", "frames", calls, {"titles": ["older"]})
    page = browser.new_page()
    page.goto(address)
    progress = page.locator('[data-part="progress"]')
    progress.filter(has_text="computing the answers: 0 of 4").wait_for(state="attached")
    assert page.text_content("figcaption") == "<b>blurred</b>"
    said = page.evaluate("window.blurlabStages.get('export').answers")
    hand_over(page, said | {"answers": ANSWERS})
    progress.filter(has_text=re.compile("^$")).wait_for(state="attached", timeout=5000)
    page.close()


def test_markup_in_titles_stays_text(opened):
    assert opened().locator("figcaption", has_text="<b>blurred</b>").count() == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"positions": [1.0, 0.0, 2.0, 3.0]}, "must ascend"),
        ({"positions": [0.0, 1.0]}, "must have one for each of the 2"),
        ({"texts": ["a"]}, "texts has 1 entries"),
    ],
)
def test_lists_that_do_not_fit_are_refused(tmp_path, wrong, message):
    with pytest.raises(ValueError, match=message):
        exported(tmp_path, **wrong)


def test_the_last_position_is_labelled_where_not_all_are(opened):
    count = 101
    texts = [str(1000 + each) for each in range(count)]
    answers = {"net": {each: [None] * count for each in ("classes", "probabilities")}}
    answers["net"]["curves"] = {"own": [0.5] * count}
    page = opened(
        positions=[float(each) for each in range(count)], texts=texts, answers=answers,
        pictures=[{"title": "one", "urls": [images.data_url(torch.zeros(3, 8, 8))] * count}],
    )  # fmt: skip
    page.wait_for_selector('[data-part="ticks"] span')
    shown = page.locator('[data-part="ticks"] span').all_text_contents()
    assert 2 < len(shown) < count
    assert [shown[0], shown[-1]] == [texts[0], texts[-1]]
    boxes = [each.bounding_box() for each in page.locator('[data-part="ticks"] span').all()]
    for one, other in itertools.pairwise(boxes):
        assert one["x"] + one["width"] < other["x"]
