"""A headless Chromium for the tests that need one; they are skipped where there is none."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def chromium() -> Iterator:
    """Yield a running browser of Playwright's, or skip the test and say what is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no chromium on this machine")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


def overtake(path, view):
    """Have a saved view's script called twice, the first call ending after the second began.

    Streamlit does so when its data changes while it still loads the script.
    """
    page, call = path.read_text(encoding="utf-8"), f"\n{view}({{"
    assert page.count(call) == 1
    called = page.replace(call, f"\nconst call = () => {view}({{")
    twice = "\nconst end = call();\ncall();\nend();\n</script>"
    path.write_text(twice.join(called.rsplit("</script>", 1)), encoding="utf-8")


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
