"""Buttons that save a figure of a page as a file for print, which says what it shows and how."""

import streamlit as st
from plotly.graph_objects import Figure

from blurlab.ui import languages, protocol
from blurlab.ui.feed import source, timed
from blurlab.ui.plotly_library import PATH

HEIGHT = 450  # pixels of a figure that has no height of its own, as Plotly draws it
HTML = """<div><span role="status"></span><span data-say>Figure for print</span>
<button type="button" data-format="svg">SVG</button>
<button type="button" data-format="png">PNG</button></div>"""

SCRIPT = source("say.js", "saving.js")

_saving = st.components.v2.component(
    "blurlab_saving", html=HTML, css=source("saving.css"), js=SCRIPT
)


def buttons(figure: Figure, key: str, told: dict[str, str]) -> None:
    """Draw the buttons below a figure.

    key: of the figure on the page.  told: what the file says of itself, by keyword, as
    protocol.told gives it; what lies along the axes is added here, and the date and the page's
    address when it is saved.
    """
    data = {
        "figure": key,
        "name": key.removesuffix("_figure"),
        "height": figure.layout.height or HEIGHT,
        "library": PATH,
        "told": {"Title": told["Title"], "Axes": protocol.axes(figure), **told},
        **languages.shown(HTML, SCRIPT),
    }
    _saving(key=f"{key}_saving", data=timed(f"{key}_saving", data))
