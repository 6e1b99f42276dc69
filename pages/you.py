"""You vs the models: a game that measures the viewer's reverse frequency beside the networks'."""

import streamlit as st

from blurlab.ui import link, shell
from blurlab.ui.languages import say
from blurlab.ui.you import controls, game, people, result

shell.begin(
    "You vs the models",
    controls.PARAMETERS,
    "A picture flashes: **which of the two did you see?** Each is a coarse and a fine picture in "
    "one; your answers tell which of them you see by, and then the networks play the same trials.",
)
shell.stop_without_models()

if st.session_state["trials"]:
    result.live()
    st.button(say("Play again"), type="primary", icon=":material/replay:", on_click=game.anew)
else:
    game.play()
if not st.session_state["present"]:
    controls.choose()
    people.manage()
link.write(shell.SHARED | controls.PARAMETERS)
