"""Corruptions: a picture under the 19 corruptions of ImageNet-C, and who still names it."""

import streamlit as st

from blurlab.ui import pictures, shell
from blurlab.ui.corruptions import many, report
from blurlab.ui.corruptions import view as corruption_view
from blurlab.ui.languages import say

PARAMETERS = (
    pictures.parameters("picture", "object:fish", 22)
    | corruption_view.parameters()
    | many.PARAMETERS
)

shell.begin(
    "Corruptions",
    PARAMETERS,
    "Noise, blur, weather and compression change different frequencies. "
    "**Drag the severity**: which network loses the picture first, and to which of them?",
)
shell.stop_without_models()

left, right = st.columns(2, gap="large", vertical_alignment="bottom")
with left:
    picture = pictures.chooser("picture")
with right:
    corruption_view.controls()

names = pictures.fitting_models(picture)
corruption_view.live(names, picture, PARAMETERS)
if not st.session_state["present"]:
    report.show(names, picture)
    many.show_section(PARAMETERS)
    report.accuracy(names)
    st.caption(
        say(
            "The corruptions and their strengths are those of ImageNet-C (Hendrycks & Dietterich "
            "2019), made for pictures of 224 pixels and applied here to 256; the networks then "
            "resize the corrupted picture, which takes some fine noise away."
        )
        + " "
        + say(
            "The classes are those of Li et al. (2023); speckle noise, Gaussian blur, spatter and "
            "saturate are the validation set and belong to none. The ice of frost is drawn by us; "
            "the published set used photographs."
        )
    )
