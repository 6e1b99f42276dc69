"""Small pieces that pages share."""

import re

import streamlit as st


def error(message: str, icon: str = ":material/error:") -> None:
    """Show a sentence that may hold a file's name, none of which is taken for Markdown."""
    st.error(plain(message), icon=icon)


def plain(text: str) -> str:
    """Escape a text from outside so that Markdown shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>$~:])", r"\\\1", text)


def slider(label: str, name: str, low: float, high: float, **options) -> None:
    """Draw a slider for a value in st.session_state that the stage and others set too.

    Were the value's name the slider's key, the browser would hear of others' values in messages
    that Streamlit drops when one step follows closely on another, and would send the old value
    back. So the slider begins anew, under a new key, whenever another has set the value.
    """
    state = st.session_state
    number, own = state.get(f"{name}_slider", (0, None))
    if own != state[name]:
        number += 1
    state[f"{name}_slider"] = number, state[name]
    key = f"{name}_slider_{number}"

    def moved() -> None:
        state[name] = state[key]
        state[f"{name}_slider"] = number, state[key]

    st.slider(label, low, high, float(state[name]), key=key, on_change=moved, **options)
