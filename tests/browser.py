"""A headless Chromium for the tests that need one; they are skipped where there is none."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.serving import Server, served

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="module")
def browser() -> Iterator:
    """A running browser of Playwright's; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no chromium on this machine")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        yield running
        running.close()


@contextmanager
def quiet(app: str | Path = "app.py") -> Iterator[Server]:
    """Run a server until the block ends, by when it must not have logged an error."""
    with served(app) as running:
        yield running
        found = running.errors()
        assert not found, found


# Calls of a view's script as Streamlit makes them when data change while it loads the script: the
# newest are those of time 2, and what it knows to be overtaken it ends at once.
CALLS = {
    "ended late": "const end = call(1); call(2); end();",
    "made late": "call(2); const end = call(1); end?.();",
    "made when its place is gone": "call(2); const end = call(3, gone); end?.();",
}


def overtaken(path, view, calls, older):
    """Have a saved view's script called several times.

    calls: a key of CALLS.  older: what differs in the data of all calls but the newest.
    """
    page, call = path.read_text(encoding="utf-8"), f"\n{view}({{"
    changes = f"...(time !== 2 && {json.dumps(older)}), time"
    head = "\nconst gone = document.querySelector('main').cloneNode(true);"
    head += f"\nconst call = (time, place = document.querySelector('main')) => {view}({{"
    assert page.count(call) == 1
    page = page.replace(call, head)
    page, data = re.subn(r"data: (JSON.*),\n", rf"data: {{ ...\1, {changes} }},\n", page)
    page, places = re.subn(r"parentElement: document.*,\n", "parentElement: place,\n", page)
    assert data == places == 1
    made = f"\n{CALLS[calls]}\n</script>"
    path.write_text(made.join(page.rsplit("</script>", 1)), encoding="utf-8")


def hand_over(page, answers):
    """Give a saved view other answers, as the server does when more are there."""
    page.evaluate(
        """answers => {
          const slot = window.blurlabStages.get("export");
          slot.answers = answers;
          slot.changed?.();
        }""",
        answers,
    )
