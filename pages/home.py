"""Home: what BlurLab is, in ten seconds, on a live hybrid; and a story to follow from there."""

import streamlit as st

from blurlab.ui import cache, pictures, shell
from blurlab.ui.home import story
from blurlab.ui.hybrid import controls, view

PARAMETERS = story.PARAMETERS | controls.PARAMETERS

shell.begin(
    "Which spatial frequencies does a vision model see with?",
    PARAMETERS,
    "This picture is a **fish** in its coarse structure and a **house** in its fine structure. "
    "Drag the cutoff and watch which of the two each network names.",
)
shell.stop_without_models()

low, high = cache.Choice("object", "fish", 22), cache.Choice("object", "house", 50)
names = pictures.fitting_models(low, high)
story.told()
view.live("home", names, low, high, PARAMETERS, with_details=False)

if not st.session_state["present"]:
    st.page_link("pages/hybrid.py", label="Use your own pictures", icon=":material/blur_on:")
    st.page_link("pages/models.py", label="Meet the networks", icon=":material/deployed_code:")
    st.caption(
        "The method is that of Li et al. 2023, Robust deep learning object recognition models rely "
        "on low frequency information in natural images, PLOS Comput Biol 19(3): e1010932. "
        f"Computing on {shell.device_title()}."
    )
