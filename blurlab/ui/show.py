"""Small pieces that pages share."""

import re

import streamlit as st


def error(message: str, icon: str = ":material/error:") -> None:
    """Show a sentence that may hold a file's name, none of which is taken for Markdown."""
    st.error(plain(message), icon=icon)


def plain(text: str) -> str:
    """Escape a text from outside so that Markdown shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>$~:])", r"\\\1", text)
