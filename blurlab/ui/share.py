"""A button that copies the page's address, which restores the page."""

import streamlit as st

from blurlab.ui import languages
from blurlab.ui.feed import source

HTML = """<button type="button" data-say>Share this page</button> <span role="status"></span>"""
CSS = """
:host { display: block; }
button {
  font: inherit; font-size: .875rem; padding: .4rem .75rem; cursor: pointer; color: inherit;
  background: var(--st-background-color); border-radius: var(--st-button-radius, .5rem);
  border: 1px solid color-mix(in srgb, var(--st-text-color) 55%, transparent);
}
button:hover { border-color: var(--st-primary-color); }
@media (pointer: coarse) { button { min-height: 44px; } }
button:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px; }
span { overflow-wrap: anywhere; }
"""

SCRIPT = source("say.js", "share.js")

_share = st.components.v2.component("blurlab_share", html=HTML, css=CSS, js=SCRIPT)


def share() -> None:
    """Draw the button, which says "Copied" once the address is in the clipboard."""
    _share(key="share_page", data=languages.shown(HTML, SCRIPT))
