"""How soon the app answers a person, measured in a headless Chromium on this machine."""

import math
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks import Row
from benchmarks.serving import served
from blurlab import places
from blurlab.ui import channel

SECONDS = 4  # of dragging
ROUNDS = 25  # steps of each slider
REST = 400  # ms before a step, for all that the one before has set going to end
STARTS = 3  # of the server
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
# The least that a step of any Streamlit page can be: one slider, one text.
TEXT_ONLY = """
import streamlit as st
st.text(f"now at {st.slider('value', 0, 1000, 500)}")
"""
CANVAS = """window.canvas = [...document.querySelectorAll("*")]
  .map((node) => node.shadowRoot?.querySelector("canvas[data-cutoff]")).find(Boolean)"""
# Set the slider 60 times a second, as a moving hand does, and note when the frame that holds the
# picture of the first value not yet shown is finished: the message comes after its painting.
DRAG = """(seconds) => new Promise((done) => {
  const slider = canvas.getRootNode().querySelector('[data-part="cutoff"]');
  const delays = [], painted = new MessageChannel(), start = performance.now();
  let asked = null, step = 0;
  painted.port1.onmessage = ({ data }) => delays.push(performance.now() - data);
  const observer = new MutationObserver(() => {
    if (asked !== null) painted.port2.postMessage(asked);
    asked = null;
  });
  observer.observe(canvas, { attributeFilter: ["data-cutoff"] });
  const hand = setInterval(() => {
    if (performance.now() - start > 1000 * seconds) {
      clearInterval(hand);
      observer.disconnect();
      return done(delays);
    }
    asked ??= performance.now();
    slider.value = Math.round(180 + 150 * Math.sin(step++ / 20));
    slider.dispatchEvent(new Event("input"));
  }, 1000 / 60);
})"""
# Measure from the next event of a kind until a value on the page has changed and the next frame
# begins.
WATCH = """([kind, value]) => {
  const look = new Function(`return ${value}`), before = look();
  window.step = new Promise((done, never) => {
    setTimeout(never, 20000);
    addEventListener(kind, ({ timeStamp }) => {
      const wait = () => look() === before
        ? requestAnimationFrame(wait) : done(performance.now() - timeStamp);
      wait();
    }, { capture: true, once: true });
  });
}"""
PICTURE = "canvas.dataset.cutoff"
# The answers that came last, once they hold the very cutoff that the picture shows.
ANSWERS = """(Object.values(blurlabStages.get("hybrid").answers)
  .every(({ cutoffs }) => cutoffs.includes(Number(canvas.dataset.cutoff)))
  ? canvas.dataset.cutoff : window.answered) ?? null"""
TEXT = "document.querySelector('[data-testid=\"stText\"]').textContent"


@contextmanager
def chromium() -> Iterator:
    """Yield a headless browser, or None where Playwright or Chromium is missing."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        yield None
        return
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def missing(what: str) -> Row:
    return Row(what, "Playwright or Chromium is not installed", math.nan)


def opened(browser: Any, address: str) -> Any:
    """Open a page of the app and wait for its picture and for the end of its sweep."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(120_000)
    sent = page.sent = []  # to the page's script; the channel for exact answers is another one
    page.on(
        "websocket",
        lambda socket: (
            channel.PATH in socket.url or socket.on("framesent", lambda frame: sent.append(frame))
        ),
    )
    page.goto(address)
    page.wait_for_selector("canvas[data-cutoff]")
    page.locator('[data-part="progress"]:text-is("")').wait_for(state="attached")
    page.wait_for_timeout(2000)
    page.evaluate(CANVAS)
    return page


@contextmanager
def hybrid_page() -> Iterator[tuple[str, Any] | None]:
    """Yield the address of an app and its page Hybrid images, or None where there is no browser."""
    with chromium() as browser:
        if browser is None:
            yield None
            return
        with served() as server:
            yield server.address, opened(browser, f"{server.address}/hybrid")


def slider_drag() -> Iterator[Row]:
    """Drag the stage's slider at 60 positions a second, 256-pixel pictures."""
    with hybrid_page() as found:
        if found is None:
            yield missing("slider drag")
            return
        _, page = found
        sent = len(page.sent)
        delays = page.evaluate(DRAG, SECONDS)
        sent = len(page.sent) - sent
    rate, median = len(delays) / SECONDS, statistics.median(delays)
    late = statistics.quantiles(delays, n=20)[-1]
    yield Row("pictures while dragging", "30 a second", rate / 30, 1, times=f"{rate:.0f} / s")
    yield Row("picture while dragging, median", "33 ms", median / 33, at_most=1, times=ms(median))
    yield Row("picture while dragging, p95", "50 ms", late / 50, at_most=1, times=ms(late))
    yield Row("messages to the page's script while dragging", "none", sent, at_most=0)


def slider_step() -> Iterator[Row]:
    """Step the page's plain slider and release the stage's, beside the slider of a text-only page.

    The plain slider's picture comes through the server; the stage's is there before the release.
    """
    with ExitStack() as stack:
        browser = stack.enter_context(chromium())
        if browser is None:
            yield missing("slider step")
            return
        script = Path(stack.enter_context(tempfile.TemporaryDirectory()), "text_only.py")
        script.write_text(TEXT_ONLY)
        app, text_app = (stack.enter_context(served(path)) for path in ("app.py", script))
        page = opened(browser, f"{app.address}/hybrid")
        text_page = browser.new_page()
        text_page.goto(text_app.address)
        text_page.wait_for_selector('[data-testid="stText"]')
        steps = {
            "picture": lambda: key_step(page, PICTURE),
            "answers": lambda: key_step(page, ANSWERS),
            "released": lambda: release(page),
            "text": lambda: key_step(text_page, TEXT),
        }
        times: dict[str, list[float]] = {name: [] for name in steps}
        for number in range(ROUNDS + 1):
            for name, step in steps.items():
                milliseconds = step()
                times[name] += [milliseconds] if number else []
    median = {name: statistics.median(found) for name, found in times.items()}
    for what, name, goal in (
        ("slider step to picture", "picture", 80),
        ("slider step to the exact answers of two models", "answers", 150),
        ("release on the stage to the exact answers of two models", "released", 150),
    ):
        ratio, took = median[name] / goal, ms(median[name])
        yield Row(what, f"{goal} ms", ratio, at_most=1, times=took)
    yield Row(
        "slider step to picture",
        "a step of a text-only page",
        median["picture"] / median["text"],
        at_most=2.5,
        times=f"{ms(median['picture'])} / {ms(median['text'])}",
    )


def key_step(page: Any, value: str) -> float:
    """Press an arrow key on the page's slider; return the ms until a value has changed."""
    page.wait_for_timeout(REST)
    page.locator('[data-testid="stSlider"] input').last.focus()
    page.evaluate("window.answered = window.canvas?.dataset.cutoff")
    page.evaluate(WATCH, ["keydown", value])
    page.keyboard.press("ArrowRight")
    return page.evaluate("step")


def release(page: Any) -> float:
    """Drag the stage's slider a little and let go; return the ms from then to the exact answers."""
    page.wait_for_timeout(REST)
    dial = page.locator('[data-part="cutoff"]')
    dial.scroll_into_view_if_needed()
    box, share = dial.bounding_box(), dial.evaluate("dial => dial.value / dial.max")
    x, y = box["x"] + share * box["width"], box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + (20 if share < 0.5 else -20), y, steps=4)
    page.wait_for_timeout(REST)
    page.evaluate("window.answered = null")
    page.evaluate(WATCH, ["pointerup", ANSWERS])
    page.mouse.up()
    return page.evaluate("step")


def release_beside_a_lesson() -> Iterator[Row]:
    """Release the stage's slider while two networks learn on Train live, and while none do."""
    with hybrid_page() as found:
        if found is None:
            yield missing("release beside a lesson")
            return
        address, page = found
        alone = [release(page) for _ in range(ROUNDS + 1)][1:]
        lesson = page.context.browser.new_page()
        lesson.goto(f"{address}/train")
        lesson.get_by_text("Start", exact=True).click(timeout=120_000)
        lesson.get_by_text("Stop", exact=True).wait_for(timeout=120_000)
        beside = [release(page) for _ in range(ROUNDS + 1)][1:]
        if not lesson.get_by_text("Stop", exact=True).count():
            raise RuntimeError("the lesson ended before the releases did")
    during, without = statistics.median(beside), statistics.median(alone)
    yield Row(
        "release on the stage to the exact answers, while two networks learn",
        "while none do",
        during / without,
        times=f"{ms(during)} / {ms(without)}",
    )


def first_picture() -> Iterator[Row]:
    """Start the server, and wait for the first visitor's first picture and answers."""
    with chromium() as browser:
        if browser is None:
            yield missing("first picture after the server's start")
            return
        pictures, answers = [], []
        for _ in range(STARTS):
            with served() as server, browser.new_page() as page:
                page.goto(server.address)
                page.wait_for_selector("canvas[data-cutoff]", timeout=120_000)
                pictures.append(time.monotonic() - server.started)
                page.get_by_text(re.compile(r"^says ")).first.wait_for(timeout=120_000)
                answers.append(time.monotonic() - server.started)
    first, answered = statistics.median(pictures), statistics.median(answers)
    start = time.monotonic()
    subprocess.run([sys.executable, "-c", "import torch"], cwd=places.ROOT, check=True)
    torch_alone = time.monotonic() - start
    yield Row(
        "first picture after the server's start",
        "5 s",
        first / 5,
        at_most=1,
        times=f"{first:.1f} s, of which importing torch {torch_alone:.1f} s; "
        f"first answers after {answered:.1f} s",
    )


def ms(value: float) -> str:
    return f"{value:.0f} ms"


ROWS = [slider_drag, slider_step, release_beside_a_lesson, first_picture]
