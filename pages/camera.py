"""Camera: hold something into it and drag the blur until a network stops seeing it."""

import streamlit as st

from blurlab.ui import pictures, shell
from blurlab.ui.camera import camera

shell.begin(
    "Camera",
    {},
    "Hold something into the camera and take its fine structure away, or its coarse one. "
    "**When does each network stop seeing it?** Frames are answered and forgotten: "
    "none is stored or logged.",
)
shell.stop_without_models()
chosen = tuple(st.session_state["models"])
known = "imagenet" if pictures.can_name_photographs() else "imagenette"
camera(chosen or shell.fitting(known), chosen or shell.fitting("objects"))
