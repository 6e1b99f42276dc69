"""Hybrid images: one picture's coarse structure, another's fine structure, and who sees which."""

import streamlit as st

from blurlab.ui import pictures, shell
from blurlab.ui.hybrid import controls, view
from blurlab.ui.languages import say

PARAMETERS = (
    pictures.parameters("low", "object:fish", 22)
    | pictures.parameters("high", "object:house", 50)
    | controls.PARAMETERS
)

shell.begin(
    "Hybrid images",
    PARAMETERS,
    "One picture gives its **coarse structure**, the other its **fine structure**. "
    "Drag the cutoff: which of the two does each network name, and where does it change its mind?",
)
shell.stop_without_models()

widths = [10, 1, 10] if shell.is_whole() else [10, 1, 10, 3]
left, swap, right, *more = st.columns(widths, vertical_alignment="bottom")
with left:
    low = pictures.chooser("low")
swap.button(
    say("Swap the pictures"), icon=":material/swap_horiz:", help=say("Swap the pictures"),
    key="swap", on_click=pictures.swap,
)  # fmt: skip
with right:
    high = pictures.chooser("high")

names = pictures.fitting_models(low, high)
with more[0].popover(say("Filter"), width="stretch") if more else st.container():
    controls.choose_filter()
view.live("hybrid", names, low, high, PARAMETERS)
