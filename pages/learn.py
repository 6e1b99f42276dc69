"""Learn: an article whose figures move, and the words of the field."""

import streamlit as st

from blurlab.ui import link, shell
from blurlab.ui.languages import say
from blurlab.ui.learn import article

PARAMETERS = article.parameters()

shell.begin("Learn", PARAMETERS, "How to ask a network which spatial frequencies it sees with.")
if st.session_state["present"]:
    article.show_one()
else:
    article.show_sections()
    st.header(say("All words"), anchor=False)
    article.show_words()
link.write(shell.SHARED | PARAMETERS)
