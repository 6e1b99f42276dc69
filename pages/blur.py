"""Blur defence: a picture through attack, corruption and blur, and what helps against whom."""

import streamlit as st

from blurlab.ui import attack_view, defence_view, pictures, shell

PARAMETERS = pictures.parameters("picture", "object:fish", 22) | defence_view.PARAMETERS

shell.begin(
    "Blur defence",
    PARAMETERS,
    "Does a blur undo an attack? **Drag it.** What if the attacker **knows** of it? And "
    "what if a network was **trained** behind a blur?",
)
shell.stop_without_models()

left, right = st.columns([1, 1], gap="medium", vertical_alignment="bottom")
with left:
    picture = pictures.chooser("picture")
with right:
    if st.session_state["present"]:
        defence_view.controls(picture)
    else:
        defence_view.corruption_controls()
if not st.session_state["present"]:
    defence_view.controls(picture)
defence_view.live(attack_view.asked_models(picture), picture, PARAMETERS)
