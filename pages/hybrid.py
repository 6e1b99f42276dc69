"""Hybrid images: one picture's coarse structure, another's fine structure, and who sees which."""

import streamlit as st

from blurlab.ui import pictures, shell
from blurlab.ui.hybrid import controls, view

PARAMETERS = (
    pictures.parameters("low", "object:fish", 22)
    | pictures.parameters("high", "object:house", 50)
    | controls.PARAMETERS
)

shell.begin(
    "Hybrid images",
    PARAMETERS,
    "One picture gives its **coarse structure**, the other its **fine structure**. "
    "Drag the cutoff: which of the two does each model name, and where does it change its mind?",
)
shell.stop_without_models()

left, swap, right = st.columns([10, 1, 10], vertical_alignment="bottom")
with left:
    low = pictures.chooser("low")
swap.button("", icon=":material/swap_horiz:", help="Swap the pictures", on_click=pictures.swap)
with right:
    high = pictures.chooser("high")

names = pictures.fitting_models(low, high)
controls.choose_filter()
view.live("hybrid", names, low, high, PARAMETERS)
