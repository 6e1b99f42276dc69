"""What clients send over the channel: frames, and which networks or which offers they ask."""

import io
import json
import struct
from typing import NamedTuple

import numpy as np

from blurlab.ui import exact

SIDES = (16, 256)  # pixels, the least and the most of a frame
MOST_BYTES = 4 + 3 * SIDES[1] ** 2  # of a message: a number and the frame
JPEG = b"\xff\xd8\xff"  # how such a file begins
MOST_NAMES = 6  # networks that one client may ask
# Of WebSocket's own: what a client did that closes its connection.
BREACH, TOO_LARGE = 1008, 1009


class Refusal(Exception):
    """Why a client's connection is closed: code, one of WebSocket's, and words."""

    def __init__(self, code: int, words: str):
        super().__init__(words)
        self.code, self.words = code, words


class Frame(NamedTuple):
    """A picture that waits for its answers.

    number: the client's, which the answer carries.  image: (S, S, 3) uint8.  names: of the networks
    to ask.  since: time.perf_counter() when it came.
    """

    number: int
    image: np.ndarray
    names: tuple[str, ...]
    since: float


def asked(words: str, now: float) -> tuple[str, ...] | exact.Question:
    """Read which networks a client asks from {"models": [names]}, or a question as exact.read does.

    Raises Refusal unless they are installed, and not too many.
    """
    from blurlab.networks import store

    if len(words) > MOST_BYTES:
        raise Refusal(
            TOO_LARGE, f"a message has {len(words):,} characters; at most {MOST_BYTES:,} go."
        )
    try:
        said = json.loads(words)
        if isinstance(said, dict) and "exact" in said:
            return exact.read(said, now)
        names = said["models"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refusal(
            BREACH, 'text must be {"models": [names of networks]} or {"exact": token, "at": []}.'
        ) from None
    if not isinstance(names, list) or len(names) > MOST_NAMES:
        raise Refusal(BREACH, f"models must be a list of at most {MOST_NAMES} names.")
    installed = set(store.names())
    for name in names:
        if not isinstance(name, str) or name not in installed:
            raise Refusal(BREACH, f"{str(name)[:40]!r} is no installed network.")
    return tuple(dict.fromkeys(names))


def read(message: bytes, names: tuple[str, ...], now: float) -> Frame:
    """Read a frame: its number in four bytes, the lowest first, then red, green, blue by pixel, or
    a JPEG.

    Raises Refusal unless it is a square of a size within SIDES.
    """
    if len(message) > MOST_BYTES:
        raise Refusal(
            TOO_LARGE, f"a message has {len(message):,} bytes; at most {MOST_BYTES:,} go."
        )
    is_jpeg = message[4:].startswith(JPEG)
    image = _decoded(message[4:]) if is_jpeg else _pixels(message)
    (number,) = struct.unpack("<I", message[:4])
    return Frame(number, image, names, now)


def _pixels(message: bytes) -> np.ndarray:
    side = round(max(0, (len(message) - 4) / 3) ** 0.5)
    if not SIDES[0] <= side <= SIDES[1] or len(message) != 4 + 3 * side**2:
        raise Refusal(
            BREACH,
            f"a frame has {len(message):,} bytes; it takes 4 and 3 for each pixel of a square of "
            f"{SIDES[0]} to {SIDES[1]} pixels.",
        )
    return np.frombuffer(message, np.uint8, offset=4).reshape(side, side, 3)


def _decoded(jpeg: bytes) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as opened:
            width, height = opened.size  # of its header, before anything is decoded
            if width != height or not SIDES[0] <= width <= SIDES[1]:
                raise Refusal(
                    BREACH,
                    f"a frame has {width} x {height} pixels; it takes a square of {SIDES[0]} to "
                    f"{SIDES[1]}.",
                )
            return np.asarray(opened.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise Refusal(BREACH, "a frame is a damaged JPEG.") from None
