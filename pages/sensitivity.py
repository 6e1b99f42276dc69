"""Spectral sensitivity: how each model depends on spatial frequency, drawn as it is measured."""

import streamlit as st

from blurlab.ui import link, shell, show
from blurlab.ui.models import folder
from blurlab.ui.sensitivity import controls, job, view

PARAMETERS = controls.parameters()

shell.begin(
    "Spectral sensitivity",
    PARAMETERS,
    "Thousands of pictures instead of one: **which frequencies does each network need**, and "
    "with what certainty? Curves grow and error bars shrink as pictures are measured; what "
    "was measured once is kept.",
)
shell.stop_without_models()
if not st.session_state["present"]:
    controls.controls()

folder.stop_until_checked(st.session_state["data"].strip(), PARAMETERS)
works, refused = job.plan(*controls.asked(controls.fitting_models()))
tell = show.left_out if works else show.error
for sentence in refused:
    tell(show.capital(sentence))
if not works:
    link.write(shell.SHARED | PARAMETERS)
    st.stop()
view.live(works, PARAMETERS)
