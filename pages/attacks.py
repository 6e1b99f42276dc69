"""Attacks: watch a small change of a picture turn a model's answer, and where its power lies."""

import streamlit as st

from blurlab.ui import attack_controls, attack_view, epsilon_view, pictures, shell

PARAMETERS = pictures.parameters("picture", "object:fish", 22) | attack_controls.parameters()

shell.begin(
    "Attacks",
    PARAMETERS,
    "A change too small to notice turns a network's answer. Watch it **form step by step**: "
    "which frequencies does it use against this network, and does it fool the others too?",
)
shell.stop_without_models()

left, right = st.columns([1, 1], gap="medium", vertical_alignment="bottom")
with left:
    picture = pictures.chooser("picture")
with right:
    if st.session_state["present"]:
        attack_controls.choose_as_presenter(picture)
    else:
        attack_controls.choose_goal(picture)
if not st.session_state["present"]:
    attack_controls.choose()
live = epsilon_view.live if attack_controls.goes_over_epsilon() else attack_view.live
live(attack_controls.current(picture), attack_controls.asked_models(picture), PARAMETERS)
