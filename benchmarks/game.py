"""For how long hybrids are seen in a game, as its page measures it, for docs/people.md."""

import csv
import statistics
from collections.abc import Iterator
from typing import Any

from benchmarks import Row
from benchmarks.serving import served
from benchmarks.ui import chromium, missing, ms

ASKED = (50, 100, 200, 500)  # ms
WHAT = "a hybrid that is to be seen for {} ms"


def shown_times() -> Iterator[Row]:
    """Play a whole number for each duration, always to the left, which takes 40 trials."""
    with chromium() as browser:
        if browser is None:
            yield missing(WHAT.format("some"))
            return
        rows: list[dict[str, str]] = []
        with served() as app:
            for asked in ASKED:
                trials = played(browser, f"{app.address}/you?game=number&shown_ms={asked}")
                shown = [float(each["shown_ms"]) for each in trials]
                dropped = sum(float(each["dropped_frames"]) for each in trials)
                marked = sum(each["marked"] == "True" for each in trials)
                yield Row(
                    WHAT.format(asked),
                    f"{asked} ms",
                    statistics.median(shown) / asked,
                    times=f"median {statistics.median(shown):.1f} ms, standard deviation "
                    f"{statistics.stdev(shown):.2f}, {min(shown):.1f} to {max(shown):.1f}; "
                    f"{len(trials)} trials, {dropped:.0f} late frames, {marked} marked",
                )
                rows += trials
    replies = [float(each["reply_ms"]) for each in rows if float(each["reply_ms"])]
    median, late = statistics.median(replies), statistics.quantiles(replies, n=20)[-1]
    waits = [float(each["waited_ms"]) for each in rows if each["trial"] != "1"]
    waited = sum(wait > 1 for wait in waits)  # ms; the first follows a start, and not an answer
    yield Row(
        "an answer in a game to the server's next word",
        "the mark's 500 ms",
        median / 500,
        times=f"{ms(median)}, 95 % within {ms(late)}; {waited} of {len(waits)} trials waited for "
        f"it, {ms(max(waits))} at most",
    )


def played(browser: Any, address: str) -> list[dict[str, str]]:
    """Play a game and return the rows of its Trials (CSV)."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(120_000)
    page.goto(address)
    start, left = (page.locator(f'[data-part="{name}"]') for name in ("start", "left"))
    start.click()
    start.wait_for(state="hidden")
    save = page.get_by_role("button", name="Trials (CSV)")
    answering = page.locator('[data-part="left"]:not([disabled])')
    while True:
        answering.or_(save).first.wait_for()
        if save.is_visible():
            break
        left.press("ArrowLeft")
    with page.expect_download() as saved:
        save.click()
    found = list(csv.DictReader(saved.value.path().read_text().splitlines()))
    page.close()
    return found


ROWS = [shown_times]
