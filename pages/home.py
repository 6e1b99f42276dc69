"""Home: what BlurLab is, in ten seconds, on a live hybrid; and a story to follow from there."""

import streamlit as st

from blurlab import public
from blurlab.ui import pictures, shell
from blurlab.ui.home import scenes
from blurlab.ui.hybrid import controls, view
from blurlab.ui.languages import say
from blurlab.ui.stories import telling

PARAMETERS = controls.PARAMETERS | scenes.PARAMETERS

shell.begin("Which spatial frequencies does a vision model see with?", PARAMETERS)
shell.stop_without_models()

scene = scenes.shown()
if shell.is_whole():
    st.markdown(say(scene.words))
with st.container(horizontal=True, vertical_alignment="bottom"):
    scenes.choose()
    telling.offer()
names = pictures.fitting_models(scene.low, scene.high)
view.live("home", names, scene.low, scene.high, PARAMETERS, with_details=False)

if not st.session_state["present"]:
    st.page_link("pages/hybrid.py", label=say("Use your own pictures"), icon=":material/blur_on:")
    if not public.is_public():
        st.page_link(
            "pages/models.py", label=say("Meet the networks"), icon=":material/deployed_code:"
        )
    st.caption(
        say(
            "The method is that of Li et al. 2023, Robust deep learning object recognition models "
            "rely on low frequency information in natural images, PLOS Comput Biol 19(3): "
            "e1010932. Computing on {device}.",
            device=shell.device_title(),
        )
    )
