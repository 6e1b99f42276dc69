"""A page's state in its address: read once when a session meets it, written after every step."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

import streamlit as st

from blurlab import limits
from blurlab.sentence import Sentence
from blurlab.ui import show
from blurlab.ui.languages import say

LONGEST = 10_000  # characters of one value in an address that are read at all
SHOWN = 40  # characters of it, and of a name, that a sentence repeats
LISTED = 6  # options that the sentence about a bad value names
UNKNOWN = 5  # names that are not known here, of which as many are named
ALIKE = 0.8  # share of a bad value's letters that such a one has in common with it
NEAR = 3  # of more options, those that it names for being alike


class Parameter(NamedTuple):
    """One value of the state: its default, its text in an address, and back.

    read: text -> value; raises ValueError.  allowed: what is accepted, for the message.
    options: what a choice is from.
    """

    default: Any
    read: Callable[[str], Any]
    allowed: str
    write: Callable[[Any], str] = str
    options: tuple[str, ...] = ()

    def allows(self, value: Any) -> bool:
        """Tell whether a value could stand in an address, whatever a browser has sent."""
        try:
            return value == self.default or self.read(self.write(value)) == value
        except (ValueError, TypeError, AttributeError, OverflowError):
            return False


def choice(options: Sequence[str], default: str) -> Parameter:
    def read(text: str) -> str:
        if text not in options:
            raise ValueError
        return text

    return Parameter(
        default,
        read,
        _listed("one of {options}", "one of the {count} choices here", options),
        options=tuple(options),
    )


def choices(options: Sequence[str], default: Sequence[str]) -> Parameter:
    def read(text: str) -> list[str]:
        chosen = list(dict.fromkeys(part for part in text.split(",") if part))
        if not set(chosen) <= set(options):
            raise ValueError
        return chosen

    allowed = _listed(
        "some of {options}, with commas between them",
        "some of the {count} choices here, with commas between them",
        options,
    )
    return Parameter(list(default), read, allowed, ",".join, tuple(options))


def _listed(named: str, counted: str, options: Sequence[str]) -> Sentence:
    """Say what is allowed, by name or, of more options than are listed, by their number."""
    if len(options) > LISTED:
        return Sentence(counted, count=len(options))
    return Sentence(named, options=", ".join(options))


def number(low: float, high: float, default: float, unit: str = "") -> Parameter:
    """Describe a number in [low, high]; where default is whole, it takes whole ones alone."""
    kind = type(default)

    def read(text: str) -> float:
        value = kind(text)
        if not low <= value <= high:
            raise ValueError
        return value

    def write(value: float) -> str:
        # With all its digits, and without an exponent for as long as repr has none.
        return repr(kind(value)).removesuffix(".0")

    ends = {"low": write(low), "high": write(high)}
    allowed = Sentence("{low} to {high}", **ends)
    if unit:
        allowed = Sentence("{low} to {high} {unit}", **ends, unit=Sentence(unit))
    return Parameter(default, read, allowed, write)


def text(default: str, longest: int = 1000) -> Parameter:
    def read(words: str) -> str:
        if not words.strip() or len(words) > longest or limits.CONTROL.search(words):
            raise ValueError
        return words

    return Parameter(default, read, Sentence("a text of up to {count} characters", count=longest))


def flag(default: bool = False) -> Parameter:
    def read(text: str) -> bool:
        if text not in ("0", "1"):
            raise ValueError
        return text == "1"

    return Parameter(default, read, Sentence("0 or 1"), lambda value: str(int(value)))


def restore(parameters: dict[str, Parameter]) -> None:
    """Fill st.session_state for widgets with these keys, before they are drawn.

    What the session has seen before stays; else the address decides; else the default. A value in
    the address that is not allowed falls back alone, and report says so.
    """
    kept = st.session_state.setdefault("kept", {})
    for key, parameter in parameters.items():
        if key not in kept and key not in st.session_state:
            kept[key] = _from_address(key, parameter)
    st.session_state["link_parameters"] = parameters
    refill()


def arrive(parameters: dict[str, Parameter]) -> None:
    """Take up what the session has kept on a page that it comes to from another one.

    Of a value that one page shows a control for and another only uses, Streamlit gives the second
    what it had before.
    """
    state = st.session_state
    if state.get("link_page") != list(parameters):
        kept = state.get("kept", {})
        state.update({key: kept[key] for key in parameters if key in kept})
        state["link_page"] = list(parameters)


def turn_to(state: dict[str, str]) -> None:
    """Let the page that is drawn next be as an address with this state would open it.

    What the session has seen before does not count; what state does not name gets its default.
    """
    st.session_state["link_turned"] = dict(state)


def turn(parameters: dict[str, Parameter], known: Sequence[str] | None = None) -> None:
    """Take up what turn_to was given, for these parameters.

    known: all that it may name, where these are the last that it is taken up for.
    """
    asked = st.session_state.get("link_turned")
    if asked is None:
        return
    for key, parameter in parameters.items():
        value = _read(key, parameter, asked[key]) if key in asked else parameter.default
        hand_over({key: value})
    if known is not None:
        del st.session_state["link_turned"]
        _problems().extend(_unknown(key) for key in asked if key not in known)


def hand_over(values: dict[str, Any]) -> None:
    """Set values for the page that comes next."""
    st.session_state.setdefault("kept", {}).update(values)
    st.session_state.update(values)


def refill() -> None:
    """Give a value back where there is none, or one that its parameter does not allow.

    Streamlit drops the values of widgets that a page does not draw, a widget may have been drawn
    without its value having arrived, and a browser can send anything.
    """
    kept = st.session_state.get("kept", {})
    for key, parameter in st.session_state.get("link_parameters", {}).items():
        if key in st.session_state and parameter.allows(st.session_state[key]):
            continue
        last = kept.get(key)
        st.session_state[key] = last if parameter.allows(last) else parameter.default


def _from_address(key: str, parameter: Parameter) -> Any:
    text = st.query_params.get(key)
    return parameter.default if text is None else _read(key, parameter, text)


def _read(key: str, parameter: Parameter, text: str) -> Any:
    """Read a value; one that is not allowed gives the default, and a sentence to be shown."""
    try:
        if len(text) > LONGEST:
            raise ValueError
        return parameter.read(text)
    except ValueError:
        shown = parameter.write(parameter.default) or Sentence("none")
        near: str = ""
        if len(parameter.options) > LISTED:
            alike = get_close_matches(text[:SHOWN], parameter.options, NEAR, ALIKE)
            if alike:
                near = Sentence(" (close to it: {names})", names=", ".join(alike))
        _problems().append(
            Sentence(
                "The link's {key} is “{value}”, not {allowed}{near}: {used} is used.",
                key=key,
                value=text[:SHOWN],
                allowed=parameter.allowed,
                near=near,
                used=shown,
            )
        )
        return parameter.default


def _unknown(key: str) -> str:
    return Sentence("The link's “{key}” is not known here.", key=key[:SHOWN])


def _problems() -> list[str]:
    return st.session_state.setdefault("link_problems", [])


def report(parameters: dict[str, Parameter]) -> None:
    """Say what in the address was not understood, until the page or its state changes."""
    first = "link_read_by" not in st.session_state
    if st.session_state.setdefault("link_read_by", list(parameters)) != list(parameters):
        _problems().clear()
    if first:
        unknown = [key for key in st.query_params if key not in parameters]
        named = [_unknown(key) for key in unknown[:UNKNOWN]]
        more = len(unknown) - UNKNOWN
        others = [Sentence("Nor are {count:,} others.", count=more)] if more > 0 else []
        _problems().extend([*named, *others])
    for problem in _problems():
        st.warning(show.plain(say(problem)), icon=":material/link_off:")


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
