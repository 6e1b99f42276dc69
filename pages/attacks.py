"""Attacks: watch a small change of a picture turn a model's answer, and where its power lies."""

import streamlit as st

from blurlab.ui import pictures, shell
from blurlab.ui.attacks import controls, epsilon, view

PARAMETERS = pictures.parameters("picture", controls.OPENING, 22) | controls.parameters()

shell.begin(
    "Attacks",
    PARAMETERS,
    "A small change turns a network's answer. **Hold the attacked picture** to see the original: "
    "can you find the change? Which frequencies does it use, and does it fool other networks too?",
)
shell.stop_without_models()

left, right = st.columns([1, 1], gap="medium", vertical_alignment="bottom")
with left:
    picture = pictures.chooser("picture")
with right:
    if controls.is_compact():
        controls.choose_compactly(picture)
    else:
        controls.choose_goal(picture)
if not controls.is_compact():
    controls.choose()
live = epsilon.live if controls.goes_over_epsilon() else view.live
live(controls.current(picture), controls.asked_models(picture), PARAMETERS)
