"""The frames: pictures made before, which one slider leafs through in the browser.

The pictures, the answers and the settings travel apart, so that none is sent again for another.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from blurlab.ui import languages, palette
from blurlab.ui.feed import feed, nothing, page, source, timed

CHUNK = 8  # pictures that travel together; one that is new takes its neighbours along

HTML, CSS = source("frames.html"), source("stage.css", "frames.css")
SCRIPT = palette.script() + source("say.js", "elements.js", "frames.js")

_frames = st.components.v2.component("blurlab_frames", html=HTML, css=CSS, js=SCRIPT)


def frames(
    key: str,
    *,
    label: str,
    unit: str,
    positions: Sequence[float],
    position: float,
    pictures: Sequence[Mapping[str, Any]],
    texts: Sequence[str] | None = None,
    compared: tuple[int, int] | None = None,
    presenter: bool = False,
    on_position_change: Callable[[], None] | None = None,
) -> Any:
    """Show precomputed pictures with a slider over them; dragging it sends nothing.

    label, unit: what the slider sets, and in what; the unit may be empty.
    positions: the ascending values that the pictures were made for.  texts: how they are written,
        without the unit.
    position: where the slider stands; the nearest of positions is shown. It moves there whenever
        Python passes another value than the browser last sent.
    pictures: for each picture shown side by side, one to four of them, its title and urls: a data
        URL per position, None where it is not computed yet.
    compared: of one of the pictures and of another that stands in its place while a person holds
        it, or the button below it, by pointer or key.
    presenter: bigger type.
    Returns the state that the browser sent last: position, on release only.
    Raises ValueError where a list has not one entry per position, or positions do not ascend.
    """
    state = _frames(
        key=key,
        data=timed(
            key, {"stage": key, **_fixed(label, unit, positions, texts, pictures, compared)}
        ),
        default={"position": position},
        on_position_change=on_position_change or nothing,
    )
    for part, content in _parts(positions, position, pictures, presenter).items():
        feed(key, part, content)
    return state


def frames_answers(
    key: str,
    *,
    models: Sequence[Mapping[str, Any]],
    answers: Mapping[str, Mapping[str, Any]],
    curve_titles: Mapping[str, str],
    note: str | None = None,
    stages: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Hand the answers that have been computed so far to the frames of the same key.

    models: as for the stage; key, title, color and classes are used. Optional: true, the index of
        the right class, by which the answers to stages are marked.
    answers: for each model's key the lists classes (indices of the K best), probabilities (theirs)
        and curves (name -> values in [0, 1]), one entry per position and None where there is no
        answer yet. Optional: note, a sentence shown with the model.
    curve_titles: name -> words, in the order of the lines' dashes; the first names the line's end.
    note: a sentence under the curves, saying what to see.
    stages: where the pictures are the stages of a chain, for each of them said (for each model's
        key the lists classes and probabilities as in answers) and spectra (per position the common
        logarithm of its power at 1, 2, ... cycles/image), None where it is not computed yet.
    """
    feed(key, "answers", _said(models, answers, curve_titles, note, stages))


def frames_html(
    *,
    label: str,
    unit: str,
    positions: Sequence[float],
    position: float,
    pictures: Sequence[Mapping[str, Any]],
    models: Sequence[Mapping[str, Any]],
    answers: Mapping[str, Mapping[str, Any]],
    curve_titles: Mapping[str, str],
    texts: Sequence[str] | None = None,
    compared: tuple[int, int] | None = None,
    note: str | None = None,
    stages: Sequence[Mapping[str, Any]] = (),
    presenter: bool = False,
    title: str = "BlurLab",
) -> str:
    """Give the frames as one HTML file that works without a server; arguments as above."""
    parts = _parts(positions, position, pictures, presenter)
    parts["answers"] = _said(models, answers, curve_titles, note, stages)
    fixed = _fixed(label, unit, positions, texts, pictures, compared)
    data = {"stage": "export", "parts": parts, **fixed}
    return page("frames", data, title, body=HTML, css=CSS, script=SCRIPT)


def _fixed(
    label: str,
    unit: str,
    positions: Sequence[float],
    texts: Sequence[str] | None,
    pictures: Sequence[Mapping[str, Any]],
    compared: tuple[int, int] | None,
) -> dict[str, Any]:
    """Gather what stays while the frames are leafed through, as their script expects it."""
    _check(positions, pictures, texts)
    return {
        "label": label,
        "unit": unit,
        "positions": [float(each) for each in positions],
        "texts": list(texts or (languages.numeral(f"{each:.3g}") for each in positions)),
        "titles": [picture["title"] for picture in pictures],
        "compared": compared,
        **languages.shown(HTML, SCRIPT),
    }


def _parts(
    positions: Sequence[float],
    position: float,
    pictures: Sequence[Mapping[str, Any]],
    presenter: bool,
) -> dict[str, Any]:
    """Cut what may change into the parts that travel by themselves."""
    parts = {
        f"pictures-{number}-{start}": list(picture["urls"][start : start + CHUNK])
        for number, picture in enumerate(pictures)
        for start in range(0, len(positions), CHUNK)
    }
    return parts | {"settings": {"position": position, "presenter": presenter}}


def _said(
    models: Sequence[Mapping[str, Any]],
    answers: Mapping[str, Mapping[str, Any]],
    curve_titles: Mapping[str, str],
    note: str | None,
    stages: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    return {
        "models": [dict(model) for model in models],
        "answers": dict(answers),
        "curves": dict(curve_titles),
        "note": note,
        "stages": [dict(stage) for stage in stages],
    }


def _check(
    positions: Sequence[float],
    pictures: Sequence[Mapping[str, Any]],
    texts: Sequence[str] | None,
) -> None:
    if not positions or list(positions) != sorted(set(positions)):
        raise ValueError(f"positions are {list(positions)}; they must ascend, and be at least one.")
    counts = {"texts": texts, **{p["title"]: p["urls"] for p in pictures}}
    for name, entries in counts.items():
        if entries is not None and len(entries) != len(positions):
            raise ValueError(
                f"{name} has {len(entries)} entries; it must have one for each of the "
                f"{len(positions)} positions."
            )
