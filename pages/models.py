"""Models and data: what is installed, what it can do, what can be fetched, and one's own."""

import streamlit as st

from blurlab.networks import store
from blurlab.ui import cache, link, shell, show
from blurlab.ui.models import data, folder, inventory, own, public

PARAMETERS = inventory.parameters() | public.PARAMETERS | folder.PARAMETERS

shell.begin("Models and data", PARAMETERS)
names = store.names()
if names:
    st.subheader("Installed networks")
    st.dataframe(inventory.table(names), hide_index=True, column_config=inventory.COLUMNS)
    st.caption(
        "Accuracy is on the whole validation split; f_rev is the reverse frequency on pairs of its "
        "pictures, as a fraction of Nyquist. Brackets hold 95 % intervals. "
        "`python -m blurlab card NAME` measures them again."
    )
    shell.chart(inventory.curves(names), "measured_curves")
    st.caption(
        "Share of answers naming the low picture's class minus the high one's, against the cutoff: "
        "the further left a line crosses zero, the lower the frequencies that the network goes by."
    )

    st.subheader("One network's card")
    if st.session_state["card"] not in names:  # it was removed
        st.session_state["card"] = names[0]
    st.selectbox("Network", names, show.place(names, "card"), key="card", format_func=cache.title)
    inventory.show_card(st.session_state["card"])
    own.removing(st.session_state["card"])
else:
    st.error(shell.NO_MODELS)

st.subheader("Public weights")
public.public()

st.subheader("Your own network")
own.form()

st.subheader("Pictures")
data.pictures()
folder.own()

st.subheader("This machine")
left, right = st.columns(2)
left.dataframe(inventory.machine(), hide_index=True)
right.dataframe(inventory.in_memory(), hide_index=True, column_config=inventory.COLUMNS)
right.caption(
    "Of each model one copy, which all sessions share; the least recently used leaves when they "
    "would take more than they may. One picture is a single forward pass, timed as it was loaded."
)
link.write(shell.SHARED | PARAMETERS)
