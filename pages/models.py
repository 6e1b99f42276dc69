"""Models and data: what is installed, what it can do, what can be fetched, and one's own."""

import streamlit as st

from blurlab.networks import store
from blurlab.ui import link, shell
from blurlab.ui.languages import say
from blurlab.ui.models import data, folder, inventory, own, public

PARAMETERS = public.PARAMETERS | folder.PARAMETERS

shell.begin("Models and data", PARAMETERS)
if st.session_state["present"] and store.names():
    two = [*shell.fitting("imagenette"), *shell.fitting("objects")]
    inventory.presented(st.session_state["models"] or two)
    link.write(shell.SHARED | PARAMETERS)
    st.stop()
st.subheader(say("Installed networks"))
if store.names():
    st.caption(
        say(
            "Each curve shows how often a network names the coarse picture of a hybrid (solid) and "
            "the fine one (dashed), as the cutoff between them goes from coarse to fine. **The "
            "further left they cross, at f_rev, the more it relies on coarse structure.** Accuracy "
            "is on the whole validation split; `python -m blurlab card NAME` measures both again."
        )
    )
    inventory.networks()
    inventory.code()
else:
    st.error(say(shell.NO_MODELS))

st.subheader(say("Public weights"))
public.public()

st.subheader(say("Your own network"))
own.form()

st.subheader(say("Pictures"))
data.pictures()
folder.own()

st.subheader(say("This machine"))
left, right = st.columns(2)
left.dataframe(inventory.machine(), hide_index=True, column_config=inventory.machine_columns())
right.dataframe(inventory.in_memory(), hide_index=True, column_config=inventory.columns())
right.caption(
    say(
        "All sessions share one copy of each network. When memory runs short, the least recently "
        "used one leaves. One picture is a single forward pass, timed when the network was loaded."
    )
)
link.write(shell.SHARED | PARAMETERS)
