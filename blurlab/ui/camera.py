"""The camera: a moving picture, filtered in the browser, with the networks' answers beside it."""

import base64
import binascii
from collections.abc import Iterable, Sequence
from typing import Any

import streamlit as st

from blurlab.networks import titles
from blurlab.pictures import images, objects
from blurlab.sentence import Sentence, why
from blurlab.ui import asking, cache, channel, languages, link, palette, show
from blurlab.ui.compare import report
from blurlab.ui.feed import source, timed

SHOWN = ("cat", "cup", "fish", "house")  # objects that move where there is no camera
SIDES = {"coarse": "low", "fine": "high"}  # of a hybrid
MOST = 2**20  # characters of a picture that the browser hands over
HEAD = "data:image/png;base64,"

HTML = source("camera.html")
SCRIPT = palette.script() + source(
    "say.js", "elements.js", "fft.js", "sweep.js", "plots.js", "camera.js"
)

_camera = st.components.v2.component(
    "blurlab_camera", html=HTML, css=source("stage.css", "camera.css"), js=SCRIPT
)


def camera(seen: Sequence[str], drawn: Sequence[str]) -> None:
    """Draw the camera with networks beside it, and hand on a picture that was taken.

    seen: networks for what a camera or a file shows.  drawn: those for the objects that move where
    there is neither.
    """
    shown = [name for name in objects.CLASSES if name in SHOWN] or list(objects.CLASSES[:4])
    data = {
        "path": channel.PATH,
        "seen": [_described(index, name) for index, name in enumerate(seen)],
        "drawn": [_described(index, name) for index, name in enumerate(drawn)],
        "objects": [cache.data_url(cache.Choice("object", name, 7)) for name in shown],
        "presenter": st.session_state["present"],
        **languages.shown(HTML, SCRIPT, words=_answers({*seen, *drawn})),
    }
    state = _camera(key="camera", data=timed("camera", data), on_taken_change=lambda: None)
    if state.taken:
        _hand_on(state.taken)


def _answers(names: Iterable[str]) -> set[str]:
    """Return all that these networks can answer."""
    return {answer for name in names for answer in cache.card(name)["classes"]}


def _described(index: int, name: str) -> dict[str, Any]:
    """Describe a network, with what hybrids of many pictures gave of it where that is kept."""
    nyquist = cache.card(name)["recipe"]["input_size"] / 2
    found = report.of(name, titles.family(name)).get("hybrids")
    curve = None
    if found:
        _, numbers = found
        curve = {
            "cutoffs": [nyquist * each for each in numbers["cutoffs_nyquist"]],
            "p_low": [each.value for each in numbers["p_low"]],
            "p_high": [each.value for each in numbers["p_high"]],
        }
    return asking.model(index, name, nyquist=nyquist, hybrids=curve)


def _hand_on(taken: Any) -> None:
    """Let a picture be one half of a hybrid, as an upload would be, and open that page."""
    try:
        side, upload = taken_picture(taken)
    except images.ImageError as error:
        show.error(why(error))
        return
    chosen = cache.Choice("file", "camera.png", upload=upload)
    link.hand_over({side: "upload", f"{side}_good": chosen})
    st.switch_page("pages/hybrid.py")


def taken_picture(taken: Any) -> tuple[str, bytes]:
    """Return which half of a hybrid a picture is to be, "low" or "high", and its PNG bytes.

    taken: what the browser sent, {"side": "coarse" or "fine", "picture": data URL}.
    Raises images.ImageError when it is not that.
    """
    try:
        side, url = SIDES[taken["side"]], taken["picture"]
        if not url.startswith(HEAD) or len(url) > MOST:
            raise ValueError
        upload = base64.b64decode(url[len(HEAD) :], validate=True)
    except (TypeError, KeyError, ValueError, AttributeError, binascii.Error):
        raise images.ImageError(Sentence("The browser sent no picture.")) from None
    cache.picture(cache.Choice("file", "camera.png", upload=upload))
    return side, upload
