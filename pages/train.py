"""Train live: two networks learn side by side, one behind a blur, while one watches."""

import streamlit as st

from blurlab.training import live
from blurlab.ui import shell
from blurlab.ui.languages import say
from blurlab.ui.train import controls, view

shell.begin(
    "Train live",
    controls.PARAMETERS,
    "Two networks with the same first weights learn from the same drawn objects; one of them sees "
    "all through a blur. Outline and texture both tell the class. **Start them**: which of the two "
    "does each learn to go by?",
)

lesson = controls.described() if st.session_state["present"] else controls.choose()
view.live(lesson, controls.PARAMETERS)
if not st.session_state["present"]:
    st.caption(
        say(
            "Objects of {size} x {size} pixels, batches of {batch} from up to {most:,} drawn while "
            "they learn. Asked about {asked} new objects, {asked} whose outline and texture "
            "contradict each other, and {hybrids} hybrids at each cutoff, so that shares are good "
            "to about 10 points. f_rev is shown once a network names half of the new objects.",
            size=live.SIZE,
            batch=live.RECIPE.batch,
            most=live.MOST,
            asked=live.ASKED,
            hybrids=live.ASKED // 2,
        )
    )
