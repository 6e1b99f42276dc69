"""The controls of a hybrid, and what they describe."""

import streamlit as st

from blurlab.filters import spectrum
from blurlab.ui import cache, link, show
from blurlab.ui.hybrid.job import Setting
from blurlab.ui.languages import say

NYQUIST = cache.SIZE / 2
FILTERS = {"ideal": "Ideal", "gaussian": "Gaussian", "butterworth": "Butterworth"}

PARAMETERS = {
    "cutoff": link.number(0.0, NYQUIST, 8.0, "cycles/image"),
    "high_cutoff": link.number(0.0, NYQUIST, 16.0, "cycles/image"),
    "separate": link.flag(),
    "filter": link.choice(list(spectrum.FILTERS), "gaussian"),
    "far": link.flag(),
}


def choose_filter() -> None:
    """Draw the choice of filter and of one or two cutoffs."""
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="large")
    show.one_of(
        row, say("Filter"), FILTERS, "filter",
        help=say(
            "Ideal is the paper's: it cuts sharply and rings. The others have gain 1/2 there."
        ),
    )  # fmt: skip
    row.toggle(
        say("Separate cutoffs"), st.session_state["separate"], key="separate",
        help=say("Where low ends and where high begins"),
    )  # fmt: skip


def current(low: cache.Choice, high: cache.Choice) -> Setting:
    """Return the setting that the controls now describe."""
    state = st.session_state
    high_cutoff = state["high_cutoff"] if state["separate"] else None
    return Setting(low, high, state["cutoff"], high_cutoff, state["filter"], state["far"])
