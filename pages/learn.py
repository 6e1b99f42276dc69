"""Learn: an article whose figures move, and the words of the field."""

import streamlit as st

from blurlab.ui import link, shell
from blurlab.ui.languages import say
from blurlab.ui.learn import article

shell.begin("Learn", {}, "How to ask a network which spatial frequencies it sees with.")
article.show_sections()
st.header(say("All words"), anchor=False)
article.show_words()
link.write(shell.SHARED)
