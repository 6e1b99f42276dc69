"""Blur defence: a picture through attack, corruption and blur, and what helps against whom."""

import streamlit as st

from blurlab.ui import pictures, shell
from blurlab.ui.attacks import controls as attack_controls
from blurlab.ui.blur import controls as defence_controls
from blurlab.ui.blur import view

PARAMETERS = pictures.parameters("picture", "object:umbrella", 22) | defence_controls.parameters()

shell.begin(
    "Blur defence",
    PARAMETERS,
    "Does a blur undo an attack? **Drag it.** Then let the attacker **know** of the blur. And "
    "what of a network that was **trained** behind one?",
)
shell.stop_without_models()

left, right = st.columns([1, 1], gap="medium", vertical_alignment="bottom")
with left:
    picture = pictures.chooser("picture")
if shell.is_whole():
    with right:
        defence_controls.choose_corruption()
    defence_controls.choose_chain(picture)
else:
    with right:
        defence_controls.choose_as_presenter(picture)
view.live(attack_controls.asked_models(picture), picture, PARAMETERS)
