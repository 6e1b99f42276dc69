"""A server that is open to a room: what it does for the presenter's machine, it refuses to all."""

import os

VARIABLE = "BLURLAB_PUBLIC"
ADDRESS = "BLURLAB_ADDRESS"  # where others find this server, where it cannot tell itself
ROOM_KEY = "BLURLAB_ROOM_KEY"  # the presenter's, which the command that serves has made
UPLOAD_MB = 5  # that a visitor may send at once


def is_public() -> bool:
    """Tell whether this process serves a room, as `serve --public` makes it."""
    return os.environ.get(VARIABLE) == "1"


def refuse(what: str) -> None:
    """Raise ValueError on a public server.

    what: that is not to be had there, as the beginning of a sentence.
    """
    if is_public():
        raise ValueError(f"{what} is not possible on a public server; its owner can do it.")
