"""The stage: a hybrid picture whose cutoff is dragged in the browser, without waiting for Python.

The pictures and models travel once. Settings and answers, which change often, travel in a second,
tiny component and meet the stage in the browser; stage_html gives the same stage as one file.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from blurlab.filters.spectrum import FILTERS, UNITS, check_cutoff, convert
from blurlab.ui import languages, palette
from blurlab.ui.feed import feed, nothing, page, source, timed
from blurlab.ui.languages import say

HTML, CSS = source("stage.html"), source("stage.css")
SCRIPT = palette.script() + source(
    "say.js", "elements.js", "fft.js", "sweep.js", "plots.js", "exact.js", "stage.js"
)

_stage = st.components.v2.component("blurlab_stage", html=HTML, css=CSS, js=SCRIPT)


def stage(
    key: str,
    *,
    low: str,
    high: str,
    labels: tuple[str, str],
    models: Sequence[Mapping[str, Any]],
    cutoffs: Sequence[float],
    cutoff: float,
    high_cutoff: float | None = None,
    filter: str = "ideal",
    unit: str = "image",
    degrees: float | None = None,
    size: int = 256,
    presenter: bool = False,
    far: bool = False,
    eye: Mapping[str, Any] | None = None,
    on_cutoff_change: Callable[[], None] | None = None,
    on_high_cutoff_change: Callable[[], None] | None = None,
    on_far_change: Callable[[], None] | None = None,
) -> Any:
    """Show two pictures as a hybrid with everything that moves with its cutoff.

    low, high: data URLs of size x size PNG pictures; labels: what each of them shows.
    models: for each model its key, title, color (index of its colour, dash and shape), classes, and
    nyquist (the highest frequency that its own pixels hold, cycles/image).
    cutoffs: the ascending cutoffs of the sweep that stage_answers reports on, cycles/image.
    cutoff, high_cutoff: cycles/image. A high_cutoff unlinks the two and shows a second slider. The
    stage moves there whenever Python passes another value than the browser last sent.
    filter: a key of spectrum.FILTERS.  unit: a key of spectrum.UNITS; "degree" needs degrees, the
    visual angle of the picture's side.
    presenter: bigger type.  far: start with the picture seen from far; answers are to that one.
    eye: cutoff (cycles/image, of the Gaussian filter) of what is seen from far, and words for it;
    None offers no far picture.
    Returns the state that the browser sent last: cutoff and high_cutoff, on release only, and far.
    Raises ValueError when a value is out of range.
    """
    settings = stage_settings(cutoff, high_cutoff, filter, unit, degrees, size, presenter, far, eye)
    state = _stage(
        key=key,
        data=timed(key, {"stage": key, **stage_data(low, high, labels, models, cutoffs, size)}),
        default={"cutoff": cutoff, "high_cutoff": high_cutoff, "far": far},
        on_cutoff_change=on_cutoff_change or nothing,
        on_high_cutoff_change=on_high_cutoff_change or nothing,
        on_far_change=on_far_change or nothing,
    )
    feed(key, "settings", settings)
    return state


def stage_answers(key: str, answers: Mapping[str, Mapping[str, Any]]) -> None:
    """Hand the answers that have been computed so far to the stage of the same key.

    answers: for each model's key the lists p_low and p_high (probability of the low and of the high
    picture's class), classes (indices of the K best) and probabilities (theirs), one entry per
    cutoff of the sweep and None where there is no answer yet. Optional: cutoffs, where they are not
    the stage's, such as after an exact answer was inserted; note, a sentence shown with the model.
    p_low and p_high all None beside given classes: this model has no class for a picture.
    """
    feed(key, "answers", answers)


def stage_live(key: str, path: str, token: str) -> None:
    """Let the stage of the same key ask for the answers at the very cutoffs while it is dragged.

    path: of the server's channel.  token: as exact.offer returned it; values are cutoff and
    high_cutoff, null where they are linked, and the answers those of stage_answers at that one.
    """
    feed(key, "live", {"path": path, "token": token})


def stage_html(
    *,
    low: str,
    high: str,
    labels: tuple[str, str],
    models: Sequence[Mapping[str, Any]],
    cutoffs: Sequence[float],
    cutoff: float,
    answers: Mapping[str, Mapping[str, Any]],
    high_cutoff: float | None = None,
    filter: str = "ideal",
    unit: str = "image",
    degrees: float | None = None,
    size: int = 256,
    presenter: bool = False,
    far: bool = False,
    eye: Mapping[str, Any] | None = None,
    title: str = "Hybrid picture",
) -> str:
    """Give the stage as one HTML file that works without a server; arguments as in stage."""
    settings = stage_settings(cutoff, high_cutoff, filter, unit, degrees, size, presenter, far, eye)
    data = stage_data(low, high, labels, models, cutoffs, size)
    data |= {"stage": "export", "parts": {"settings": settings, "answers": answers}}
    return page("stage", data, title, body=HTML, css=CSS, script=SCRIPT)


def stage_data(
    low: str,
    high: str,
    labels: tuple[str, str],
    models: Sequence[Mapping[str, Any]],
    cutoffs: Sequence[float],
    size: int,
) -> dict[str, Any]:
    """Gather what stays while the stage is used, as its script expects it."""
    if size < 8 or size & (size - 1):
        raise ValueError(f"size is {size}; the stage takes powers of two from 8.")
    return {
        "low": low,
        "high": high,
        "labels": dict(zip(("low", "high"), labels, strict=True)),
        "models": [dict(model) for model in models],
        "cutoffs": [float(cutoff) for cutoff in cutoffs],
        "size": size,
        **languages.shown(HTML, SCRIPT),
    }


def stage_settings(
    cutoff: float,
    high_cutoff: float | None,
    filter: str,
    unit: str,
    degrees: float | None,
    size: int,
    presenter: bool,
    far: bool,
    eye: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Gather what may change at any time, as the stage's script expects it."""
    if filter not in FILTERS:
        raise ValueError(f"filter is {filter!r}; it must be one of {', '.join(FILTERS)}.")
    check_cutoff(cutoff, size)
    if high_cutoff is not None:
        check_cutoff(high_cutoff, size, "high_cutoff")
    scale = 1 / convert(1.0, unit, size=size, degrees=degrees)
    suffix = say("of Nyquist") if unit == "nyquist" else say(UNITS[unit])
    return {
        "cutoff": cutoff,
        "highCutoff": high_cutoff,
        "filter": filter,
        "unit": {"scale": scale, "label": say(UNITS[unit]), "suffix": suffix},
        "presenter": presenter,
        "far": far,
        "eye": eye and dict(eye),
    }
