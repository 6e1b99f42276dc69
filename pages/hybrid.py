"""Hybrid images: one picture's coarse structure, another's fine structure, and who sees which."""

import streamlit as st

from blurlab.ui import hybrids, link, pictures, shell

PARAMETERS = (
    pictures.parameters("low", "object:fish", 22)
    | pictures.parameters("high", "object:house", 50)
    | hybrids.PARAMETERS
)

link.restore(shell.SHARED | PARAMETERS)
shell.heading("Hybrid images")
link.report(shell.SHARED | PARAMETERS)
if not st.session_state["present"]:
    st.markdown(
        "One picture gives its **coarse structure**, the other its **fine structure**. "
        "Drag the cutoff: which of the two does each model name, and where does it change its mind?"
    )

left, swap, right = st.columns([10, 1, 10], vertical_alignment="bottom")
with left:
    low = pictures.chooser("low")
swap.button("", icon=":material/swap_horiz:", help="Swap the pictures", on_click=pictures.swap)
with right:
    high = pictures.chooser("high")

names = hybrids.fitting_models(low, high)
if not names:
    st.error("No models are installed; `python -m blurlab train NAME` makes one.")
    st.stop()
hybrids.filter_controls()
hybrids.live("hybrid", names, low, high, PARAMETERS)
