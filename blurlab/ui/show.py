"""Small pieces that pages share."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from blurlab import limits, places
from blurlab.measures import results
from blurlab.ui import frames
from blurlab.ui.languages import numeral, say, unbroken


def error(message: str, icon: str = ":material/error:") -> None:
    """Show a sentence that may hold a file's name, none of which is taken for Markdown."""
    st.error(plain(say(message)), icon=icon)


def left_out(sentence: str) -> None:
    """Show why one of several networks is left out, above what the others say."""
    st.warning(plain(say(sentence)), icon=":material/block:")


def damaged_results() -> None:
    """Show a sentence for each file of results that was found damaged and left out."""
    for sentence in results.damaged():
        st.warning(plain(capital(sentence)), icon=":material/healing:")


def capital(sentence: str) -> str:
    """Return a sentence in the visitor's language with a capital at its begin."""
    said = say(sentence)
    return f"{said[:1].upper()}{said[1:]}"


def plain(text: str) -> str:
    """Escape a text from outside so that Markdown shows it as it is, in one line, and not all of it
    where it is very long.
    """
    shown = unbroken(limits.legible(placeless(text)))
    return re.sub(r"([\\`*_{}\[\]()#+!|<>$~:&])", r"\\\1", shown)


def placeless(text: str) -> str:
    """Say of BlurLab's folders what they are for, since nobody at a page needs to know where."""
    known = {
        places.data_folder(): "the data folder",
        places.models_folder(): "the folder of added models",
        places.results_folder(): "the results folder",
        places.ROOT: "BlurLab's folder",
    }
    for path in sorted(known, key=lambda path: -len(str(path))):  # one may lie in another
        if path.is_absolute() and len(path.parts) > 2:  # "." and "/" stand in other words too
            text = text.replace(str(path), known[path])
    return text


def place(options: Sequence[Any], key: str) -> int:
    """Return the index of the session's value of this key, as the default of a select box."""
    value = st.session_state[key]
    return options.index(value) if value in options else 0


def time_left(seconds: float) -> str:
    """Say how long something is still going to take."""
    if seconds < 55:
        return say("about {count} s left", count=max(10, 10 * math.ceil(seconds / 10)))
    if seconds < 90 * 60:
        return say("about {count} min left", count=math.ceil(seconds / 60))
    return say("about {hours:.0f} h left", hours=seconds / 3600)


def one_of(place: Any, label: str, titles: Mapping[Any, str], key: str, **options: Any) -> None:
    """Draw a choice of one of a few; titles: value -> what is said of it."""
    said = {value: say(title) for value, title in titles.items()}
    place.segmented_control(
        label, list(titles), default=st.session_state[key], key=key,
        format_func=said.get, required=True, **options,
    )  # fmt: skip


def slider(
    label: str, name: str, low: float, high: float, *, shown: float | None = None, **options: Any
) -> None:
    """Draw a slider for a value in st.session_state that the stage and others set too.

    shown: where it stands, where that is not the value itself.
    """
    value = st.session_state[name] if shown is None else shown
    key, moved = _begun_anew(name, value)
    st.slider(label, low, high, float(value), key=key, on_change=moved, **options)


def select_slider(label: str, name: str, values: Sequence[float], *, shown: float) -> None:
    """Draw a slider over a few values, as slider does."""
    key, moved = _begun_anew(name, shown)
    st.select_slider(
        label,
        values,
        shown,
        key=key,
        on_change=moved,
        format_func=lambda each: numeral(f"{each:g}"),
    )


def _begun_anew(name: str, value: float) -> tuple[str, Callable[[], None]]:
    """Return a slider's key, and what is to be called when it is moved.

    Were the value's name the slider's key, the browser would hear of others' values in messages
    that Streamlit drops when one step follows closely on another, and would send the old value
    back. So the slider begins anew, under a new key, whenever another has set the value.
    """
    state = st.session_state
    number, own = state.get(f"{name}_slider", (0, None))
    if own != value:
        number += 1
    state[f"{name}_slider"] = number, value
    key = f"{name}_slider_{number}"

    def moved() -> None:
        state[name] = state[key]
        state[f"{name}_slider"] = number, state[key]

    return key, moved


def answered_frames(
    key: str, pictures: dict[str, Any], said: dict[str, Any], released: Callable[[float], None]
) -> None:
    """Draw frames, and the answers to them.

    pictures, said: what frames and frames_answers take.
    released: is handed the position at which a person lets go of the slider.
    """
    frames.frames(
        key,
        **pictures,
        presenter=st.session_state["present"],
        on_position_change=lambda: released(st.session_state[key]["position"]),
    )
    frames.frames_answers(key, **said)
