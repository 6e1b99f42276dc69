"""Who a server belongs to: whoever sits at its machine, or has the presenter's key."""

from hmac import compare_digest

import streamlit as st

from blurlab import public
from blurlab.ui.audience import room

LOCAL = (None, "127.0.0.1", "::1", "localhost")


def is_owner() -> bool:
    """Tell whether this visitor has the presenter's key, or is at the machine of a server that is
    not public, where a proxy's visitors would all seem to be.

    The key stands in the address of Audience, and the session keeps it for the other pages.
    """
    key = st.session_state.get("kept", {}).get("room_key", "")
    return (is_here() and not public.is_public()) or compare_digest(key.encode(), room.KEY.encode())


def is_here() -> bool:
    """Tell whether this visitor's browser runs on the server's machine, by its connection."""
    return st.context.ip_address in LOCAL
