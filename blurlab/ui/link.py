"""A page's state in its address: read once when a session meets it, written after every step."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import streamlit as st

from blurlab.ui import show


class Parameter(NamedTuple):
    """One value of the state: its default, its text in an address, and back.

    read: text -> value; raises ValueError.  allowed: what is accepted, for the message.
    """

    default: Any
    read: Callable[[str], Any]
    allowed: str
    write: Callable[[Any], str] = str


def choice(options: Sequence[str], default: str) -> Parameter:
    def read(text: str) -> str:
        if text not in options:
            raise ValueError
        return text

    return Parameter(default, read, f"one of {', '.join(options)}")


def choices(options: Sequence[str], default: Sequence[str]) -> Parameter:
    def read(text: str) -> list[str]:
        chosen = [part for part in text.split(",") if part]
        if not set(chosen) <= set(options):
            raise ValueError
        return chosen

    allowed = f"some of {', '.join(options)}, with commas between them"
    return Parameter(list(default), read, allowed, ",".join)


def number(low: float, high: float, default: float, unit: str = "") -> Parameter:
    def read(text: str) -> float:
        value = type(default)(text)
        if not low <= value <= high:
            raise ValueError
        return value

    return Parameter(
        default, read, f"{low:g} to {high:g}{unit and ' '}{unit}", lambda value: f"{value:g}"
    )


def text(default: str, longest: int = 300) -> Parameter:
    def read(words: str) -> str:
        if not words.strip() or len(words) > longest:
            raise ValueError
        return words

    return Parameter(default, read, f"a text of up to {longest} characters")


def flag(default: bool = False) -> Parameter:
    def read(text: str) -> bool:
        if text not in ("0", "1"):
            raise ValueError
        return text == "1"

    return Parameter(default, read, "0 or 1", lambda value: str(int(value)))


def restore(parameters: dict[str, Parameter]) -> None:
    """Fill st.session_state for widgets with these keys, before they are drawn.

    What the session has seen before stays; else the address decides; else the default. A value in
    the address that is not allowed falls back alone, and report says so.
    """
    kept = st.session_state.setdefault("kept", {})
    for key, parameter in parameters.items():
        if key in st.session_state:
            continue
        if key not in kept:
            kept[key] = _from_address(key, parameter)
        st.session_state[key] = kept[key]


def refill() -> None:
    """Give back to a fragment what Streamlit dropped when the page drew no widget for it."""
    for key, value in st.session_state.get("kept", {}).items():
        if key not in st.session_state:
            st.session_state[key] = value


def _from_address(key: str, parameter: Parameter) -> Any:
    text = st.query_params.get(key)
    if text is None:
        return parameter.default
    try:
        return parameter.read(text)
    except ValueError:
        shown = parameter.write(parameter.default)
        _problems().append(
            f"The link's {key} is “{text[:40]}”, not {parameter.allowed}: {shown} is used."
        )
        return parameter.default


def _problems() -> list[str]:
    return st.session_state.setdefault("link_problems", [])


def report(parameters: dict[str, Parameter]) -> None:
    """Say what in the address was not understood, until the page or its state changes."""
    first = "link_read_by" not in st.session_state
    if st.session_state.setdefault("link_read_by", list(parameters)) != list(parameters):
        _problems().clear()
    if first:
        unknown = [key for key in st.query_params if key not in parameters]
        _problems().extend(f"The link's “{key[:40]}” is not known here." for key in unknown)
    for problem in _problems():
        st.warning(show.plain(problem), icon=":material/link_off:")


def write(parameters: dict[str, Parameter]) -> None:
    """Keep the state for other pages and put what differs from its default into the address."""
    kept = st.session_state.setdefault("kept", {})
    kept.update({key: st.session_state[key] for key in parameters if key in st.session_state})
    state = {
        key: parameter.write(kept[key])
        for key, parameter in parameters.items()
        if key in kept and kept[key] is not None and kept[key] != parameter.default
    }
    if st.query_params.to_dict() != state:
        if st.session_state.get("link_written"):
            _problems().clear()
        st.query_params.from_dict(state)
    st.session_state["link_written"] = True
