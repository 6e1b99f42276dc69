"""Models and data: what is installed, what each network was trained on and measured to do."""

import streamlit as st

from blurlab import models
from blurlab.ui import inventory, link, shell

link.restore(shell.SHARED | inventory.PARAMETERS)
shell.heading("Models and data")
link.report(shell.SHARED | inventory.PARAMETERS)
names = models.names()
if not names:
    st.error("No models are installed; `python -m blurlab train NAME` makes one.")
    st.stop()

st.subheader("Installed networks")
st.dataframe(inventory.table(names), hide_index=True, column_config=inventory.COLUMNS)
st.caption(
    "Accuracy is on the whole validation split; f_rev is the reverse frequency on pairs of its "
    "pictures, as a fraction of Nyquist. Brackets hold 95 % intervals. "
    "`python -m blurlab card NAME` measures them again."
)
st.plotly_chart(inventory.curves(names), key="measured_curves")
st.caption(
    "Share of answers naming the low picture's class minus the high one's, against the cutoff: "
    "the further left a line crosses zero, the lower the frequencies that the network goes by."
)

st.subheader("One network's card")
st.selectbox("Network", names, key="card", format_func=inventory.title)
inventory.show_card(st.session_state["card"])

st.subheader("Pictures")
inventory.show_data()

st.subheader("This machine")
st.dataframe(inventory.machine(), hide_index=True)
link.write(shell.SHARED | inventory.PARAMETERS)
