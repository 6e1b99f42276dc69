"""The stage in a real browser: its pictures equal blurlab.hybrid, and all of it moves together."""

import base64
import json
import re

import numpy as np
import pytest
import torch
from browser import CALLS, hand_over, overtaken

from blurlab.filters import eye
from blurlab.filters.hybrid import hybrid
from blurlab.filters.spectrum import low_pass
from blurlab.pictures.images import data_url
from blurlab.ui.stage import stage_html, stage_settings

pytestmark = pytest.mark.browser
SIZE = 256
CUTOFFS = [float(2**k) for k in range(8)]
CLASSES = ["fish", "house", "tree", "<b>cup</b>"]
# Step curves with a known reversal: p_low - p_high goes from -0.8 at 8 to 0.8 at 16 cycles/image.
P_LOW = [0.1] * 4 + [0.9] * 4
ANSWERS = {
    "net": {
        "p_low": P_LOW,
        "p_high": P_LOW[::-1],
        "classes": [[1, 0, 2]] * 4 + [[0, 1, 3]] * 4,
        "probabilities": [[0.9, 0.1, 0.0]] * 8,
    }
}


@pytest.fixture(scope="module")
def pair():
    generator = torch.Generator().manual_seed(3)
    noise = torch.rand(2, 3, SIZE, SIZE, generator=generator)
    smooth = ((low_pass(noise, 20.0) - 0.5) * 8 + 0.5).clamp(0, 1)
    return ((0.7 * smooth + 0.3 * noise) * 255).round() / 255


def exported(tmp_path, pair, **settings):
    arguments = {
        "low": data_url(pair[0]),
        "high": data_url(pair[1]),
        "labels": ("fish", "<img src=x onerror=alert(1)>"),
        "models": [
            {"key": "net", "title": "A net", "color": 0, "classes": CLASSES, "nyquist": 64.0}
        ],
        "cutoffs": CUTOFFS,
        "cutoff": 16.0,
        "answers": ANSWERS,
    }
    path = tmp_path / "stage.html"
    path.write_text(stage_html(**{**arguments, **settings}), encoding="utf-8")
    return path.as_uri()


def opened(browser, address, width=1280):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(90_000)  # a busy machine may give the browser a tenth of a core
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(address)
    page.wait_for_selector("canvas[data-cutoff]")
    return page


def pixels(page):
    """Return the hybrid that the browser shows, (3, S, S) uint8."""
    coded = page.evaluate(
        """() => {
          const canvas = document.querySelector('[data-part="hybrid"]');
          const { width, height } = canvas;
          const bytes = canvas.getContext("2d").getImageData(0, 0, width, height).data;
          let text = "";
          for (const byte of bytes) text += String.fromCharCode(byte);
          return btoa(text);
        }"""
    )
    rgba = np.frombuffer(base64.b64decode(coded), np.uint8).reshape(SIZE, SIZE, 4)
    return torch.from_numpy(rgba[..., :3].copy()).permute(2, 0, 1)


def moved_to(page, cutoff):
    """Wait until the picture of a cutoff is drawn."""
    page.wait_for_function(
        "cutoff => Number(document.querySelector('canvas[data-cutoff]').dataset.cutoff) === cutoff",
        arg=cutoff,
    )


def state(page):
    """Return what the stage shows: places, texts and lengths of the parts that move."""
    return page.evaluate(
        """() => {
          const part = (name) => document.querySelector(`[data-part="${name}"]`);
          const rows = [...document.querySelectorAll(".row")];
          return {
            value: part("cutoff-value").textContent,
            spoken: part("cutoff").getAttribute("aria-valuetext"),
            marker: Number(part("curve").querySelector(".marker").getAttribute("x1")),
            dot: document.querySelector("[data-dot]").getAttribute("transform"),
            says: document.querySelector(".model h4").textContent,
            names: rows.map((row) => row.querySelector(".name").textContent),
            shares: rows.map((row) => row.querySelector(".share").textContent),
            bars: rows.map((row) => row.querySelector(".fill").style.width),
            gain: part("spectra").querySelector(".gain-low").getAttribute("d"),
            curves: part("names").textContent,
          };
        }"""
    )


@pytest.fixture(scope="module")
def fed_page(browser, tmp_path_factory, pair):
    page = opened(browser, exported(tmp_path_factory.mktemp("fed"), pair))
    yield page
    assert page.errors == []
    page.close()


def feed(page, cutoff=16.0, high_cutoff=None, filter="ideal", unit="image", far=False, eye=None):
    """Change the settings as the server would and wait until they are drawn."""
    page.evaluate(
        """settings => {
          const slot = window.blurlabStages.get("export");
          slot.settings = settings;
          slot.changed();
          // The stage draws in the next frame.
          return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        }""",
        stage_settings(cutoff, high_cutoff, filter, unit, 8.0, SIZE, False, far, eye),
    )


@pytest.mark.parametrize("filter", ["ideal", "gaussian", "butterworth"])
@pytest.mark.parametrize("cutoffs", [(5.0, None), (16.3, None), (90.0, None), (12.0, 30.0)])
def test_the_browser_draws_the_hybrid_of_the_core(fed_page, pair, filter, cutoffs):
    cutoff, high_cutoff = cutoffs
    feed(fed_page, cutoff, high_cutoff, filter)
    expected = hybrid(pair[0], pair[1], cutoff, high_cutoff=high_cutoff, filter=filter)
    assert (pixels(fed_page).float() - expected * 255).abs().max() <= 1


def test_from_far_the_browser_draws_what_an_eye_resolves(fed_page, pair):
    told = {"cutoff": eye.cutoff(eye.FAR), "words": "from far"}
    feed(fed_page, 16.0, far=True, eye=told)
    expected = 255 * eye.seen(hybrid(pair[0], pair[1], 16.0))
    off = (pixels(fed_page).float() - expected).abs()
    assert off.mean() < 1
    assert off.max() < 6  # drawn at 64 pixels and enlarged
    assert fed_page.locator('[data-part="words"]').is_visible()
    feed(fed_page, 16.0, eye=told)
    assert (pixels(fed_page).float() - 255 * hybrid(pair[0], pair[1], 16.0)).abs().max() <= 1


@pytest.mark.parametrize(
    ("unit", "value"),
    [
        ("image", "16.0 cycles/image"),
        ("pixel", "0.0625 cycles/pixel"),
        ("nyquist", "0.125 of Nyquist"),
        ("degree", "2.00 cycles/degree"),
    ],
)
def test_the_unit_is_named_with_the_value(fed_page, unit, value):
    feed(fed_page, unit=unit)
    assert state(fed_page)["value"] == value


def test_the_reversal_is_interpolated_between_sweep_cutoffs(fed_page):
    feed(fed_page)
    assert "frev 12.0 cycles/image" in state(fed_page)["curves"]


def test_markup_in_names_stays_text(fed_page):
    feed(fed_page)
    assert fed_page.locator("text=<img src=x onerror=alert(1)>").count() > 0
    assert fed_page.locator('img[src="x"]').count() == 0
    assert "<b>cup</b>" in state(fed_page)["names"]


def test_the_picture_answers_marker_and_filter_move_with_the_arrow_keys(browser, tmp_path, pair):
    page = opened(browser, exported(tmp_path, pair))
    before, picture = state(page), pixels(page)
    page.focus('[data-part="cutoff"]')
    for key in ["PageDown"] * 2 + ["ArrowLeft"] * 18:  # 90 of 360 steps: a quarter of the octaves
        page.keyboard.press(key)
    moved_to(page, 4.78)
    after = state(page)
    assert before["value"] == before["spoken"] == "16.0 cycles/image"
    assert after["value"] == after["spoken"] == "4.78 cycles/image"
    assert after["marker"] < before["marker"]
    assert (before["says"], after["says"]) == ("says fish", "says house")
    assert before["shares"][3:] == ["90 %", "10 %"]
    assert after["shares"][3:] == ["10 %", "90 %"]
    assert after["bars"] != before["bars"]
    assert after["dot"] != before["dot"]
    assert after["gain"] != before["gain"]
    assert (pixels(page) != picture).any()
    page.close()


def test_dragging_the_thumb_follows_the_pointer(browser, tmp_path, pair):
    page = opened(browser, exported(tmp_path, pair))
    box = page.locator('[data-part="cutoff"]').bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    drawn = [16.0]
    for share in (0.6, 0.7, 0.8, 0.9):
        page.mouse.move(box["x"] + share * box["width"], y)
        page.wait_for_function(
            "last => Number(document.querySelector('canvas[data-cutoff]').dataset.cutoff) > last",
            arg=drawn[-1],
        )
        drawn.append(float(page.get_attribute("canvas[data-cutoff]", "data-cutoff")))
    page.mouse.up()
    assert drawn[-1] == pytest.approx(128**0.9, rel=0.15)
    page.close()


def test_dragging_on_the_curve_moves_the_cutoff_too(browser, tmp_path, pair):
    page = opened(browser, exported(tmp_path, pair))
    box = page.locator('[data-part="curve"]').bounding_box()
    page.mouse.move(box["x"] + 80, box["y"] + 80)
    page.mouse.down()
    page.mouse.up()
    page.wait_for_function(
        "Number(document.querySelector('canvas[data-cutoff]').dataset.cutoff) < 4"
    )
    x = float(state(page)["marker"])
    assert x == pytest.approx(80, abs=3)
    page.close()


def test_missing_answers_are_marked_as_being_computed(browser, tmp_path, pair):
    holes = {"p_low": [0.1] + [None] * 6 + [0.9], "p_high": [0.9] + [None] * 6 + [0.1]}
    lists = {
        "classes": [[1, 0]] + [None] * 6 + [[0, 1]],
        "probabilities": [[0.9, 0.1]] + [None] * 6 + [[0.9, 0.1]],
    }
    page = opened(browser, exported(tmp_path, pair, answers={"net": {**holes, **lists}}))
    assert state(page)["says"] == "computing …"
    assert page.text_content('[data-part="progress"]') == "computing the answers: 2 of 8"
    page.close()
    page = opened(browser, exported(tmp_path, pair, answers={}))
    assert page.errors == []
    assert state_of_rows(page) == ["", "", "", "", ""]
    page.close()


@pytest.mark.parametrize("calls", CALLS)
def test_an_overtaken_call_neither_stays_nor_cuts_the_stage_off(browser, tmp_path, pair, calls):
    address = exported(tmp_path, pair, answers={})
    older = {"labels": {"low": "older", "high": "older"}}
    overtaken(tmp_path / "stage.html", "stage", calls, older)
    page = opened(browser, address)
    progress = page.locator('[data-part="progress"]')
    progress.filter(has_text="computing the answers: 0 of 8").wait_for(state="attached")
    assert page.get_by_text("older").count() == 0
    hand_over(page, ANSWERS)
    progress.filter(has_text=re.compile("^$")).wait_for(state="attached", timeout=5000)
    page.close()


def state_of_rows(page):
    return page.eval_on_selector_all(".row .share", "nodes => nodes.map((n) => n.textContent)")


@pytest.mark.parametrize("width", [700, 1000, 1600])
def test_nothing_is_wider_than_the_page(browser, tmp_path, pair, width):
    page = opened(browser, exported(tmp_path, pair, presenter=width == 1600), width)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()


def test_the_exported_data_cannot_close_its_script():
    title = "</script><script>alert(1)</script>"
    page = stage_html(
        low="", high="", labels=(title, title), models=[], cutoffs=[1.0], cutoff=1.0, answers={}
    )
    start = page.index('<script type="application/json" id="data">')
    embedded = page[start:].split(">", 1)[1].split("</script", 1)[0]
    assert json.loads(embedded)["labels"]["low"] == title


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"cutoff": -1.0}, "cutoff is -1"),
        ({"high_cutoff": 200.0}, "high_cutoff is 200"),
        ({"filter": "box"}, "filter is 'box'"),
        ({"unit": "degree"}, "degrees is None"),
        ({"size": 200}, "size is 200"),
    ],
)
def test_values_out_of_range_are_refused(tmp_path, pair, wrong, message):
    with pytest.raises(ValueError, match=message):
        exported(tmp_path, pair, **wrong)
