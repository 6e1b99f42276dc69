"""Pages of the app in a session without a browser: opening one, waiting for it, reading it."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.message import Message
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from blurlab.networks import store
from blurlab.ui import jobs

APP = Path(__file__).parents[1] / "app.py"
needs_models = pytest.mark.skipif(not store.names(), reason="no models are installed")


class Launched(PagesManager):
    """Pages as app.py leaves them when it launches the server: the folder pages/ has no meaning."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        PagesManager.uses_pages_directory = False


@pytest.fixture
def opened(monkeypatch):
    """Open a page of a fresh session at an address, as a browser's first request does."""
    monkeypatch.setattr("streamlit.testing.v1.app_test.PagesManager", Launched)
    # Nobody moves a slider meanwhile, and what comes last would wait for all other tests.
    for name, queue in jobs.QUEUES.items():
        monkeypatch.setitem(jobs.QUEUES, name, queue._replace(nice=0))
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)

    def open_page(page="home", **address):
        app = AppTest.from_file(APP, default_timeout=120)
        if page != "home":
            app.switch_page(f"pages/{page}.py")
        app.query_params.update(address)
        return fine(app.run())

    yield open_page
    # What nobody looks at any more would hold up the next test until its patience is over.
    for key in [key for key, job in jobs._jobs.items() if not job.is_over]:
        jobs.forget(key)


def fine(app):
    """Return the page, in which nothing may have been raised."""
    assert [error.message for error in app.exception] == []
    return app


def until(app, condition, seconds=120):
    """Run the page until a condition holds, as its timer does.

    As long as a run takes, the page then leaves the machine to the work that it waits for.
    """
    end = time.monotonic() + seconds
    took = 0.05
    while not condition():
        assert time.monotonic() < end
        time.sleep(took)
        began = time.monotonic()
        fine(app.run())
        took = max(0.05, time.monotonic() - began)
    return app


def components(app, name):
    found = [c.proto for c in app.get("bidi_component") if c.proto.component_name == name]
    return [json.loads(proto.json) for proto in found]


def fed(app, part):
    """Return what the stage or the frames were told: settings, answers or pictures."""
    (found,) = [c["content"] for c in components(app, "blurlab_feed") if c["part"] == part]
    return found


def slider(app, name):
    """Return the slider of a value that the stage sets too."""
    (found,) = [one for one in app.slider if one.key.startswith(f"{name}_slider")]
    return found


def button(app, label):
    (found,) = [each for each in app.button if each.label == label]
    return found


def labels(app):
    """Return what the buttons of a page say."""
    return [each.label for each in app.button]


def said(app):
    """Return the warnings and errors of a page as Markdown shows them."""
    return [note.value.replace("\\", "") for note in (*app.warning, *app.error)]


def ended(app):
    """Run a page until its attack has ended."""
    return until(app, lambda: any(text.value.startswith("Done") for text in app.markdown))


# Fields of what a page is made of that hold text a visitor reads.
TEXTS = {
    "alt", "body", "caption", "content", "help", "label", "options", "placeholder", "text", "title",
}  # fmt: skip
OF_FIGURES = {"hovertemplate", "name", "text", "ticktext", "title"}


def texts(app):
    """Return every text of a page, but for code, what its views draw, and heads of tables."""
    return list(dict.fromkeys(text for node in nodes(app._tree) for text in texts_of(node)))


def nodes(tree):
    for child in tree.children.values():
        yield child
        if hasattr(child, "children"):
            yield from nodes(child)


def texts_of(node) -> Iterator[str]:
    if node.type in ("code", "bidi_component", "html"):
        return
    if node.type == "plotly_chart":
        yield from of_figure(json.loads(node.proto.spec))
    elif node.type in ("arrow_data_frame", "arrow_table"):
        yield from (each for each in node.value.to_numpy().flat if isinstance(each, str))
    elif isinstance(node.proto, Message):
        yield from of_message(node.proto)


def of_message(message: Message) -> Iterator[str]:
    for field, value in message.ListFields():
        values = [value] if isinstance(value, str | Message) else value
        if field.type == field.TYPE_MESSAGE and not field.message_type.GetOptions().map_entry:
            yield from (text for each in values for text in of_message(each))
        elif field.type == field.TYPE_STRING and field.name in TEXTS:
            yield from values


def of_figure(spec) -> Iterator[str]:
    for key, value in spec.items() if isinstance(spec, dict) else enumerate(spec):
        if isinstance(value, str) and (key in OF_FIGURES or isinstance(key, int)):
            yield value
        elif isinstance(value, dict | list) and key not in ("template", "x", "y", "z"):
            yield from of_figure(value)
