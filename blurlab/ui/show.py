"""Small pieces that pages share."""

import re

import streamlit as st


def error(message: str, icon: str = ":material/error:") -> None:
    """Show a sentence that may hold a file's name, none of which is taken for Markdown."""
    st.error(re.sub(r"([\\`*_{}\[\]()#+!|<>$~:])", r"\\\1", message), icon=icon)
