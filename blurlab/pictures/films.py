"""Films: pictures one after another, each with a line of words and what networks say of it."""

import tempfile
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image
from torch import Tensor

from blurlab.pictures.images import to_uint8

MOST = 60  # frames
RATE = 8  # frames a second
LAST = 1000  # ms for which a GIF shows its last frame before it begins again
SIDE = 512  # pixels of the picture in a frame
EDGE, HEAD, ROW = 16, 64, 60  # pixels: left and right, of the words, and of each network
INK, QUIET, TRACK = (27, 31, 36), (91, 100, 112), (201, 206, 214)
KEPT = 15  # colours of a GIF that are those of the words and the networks
KINDS = (".gif", ".mp4")


class Said(NamedTuple):
    """A network's answers. answers: (class, probability), the best first.  color: #rrggbb."""

    title: str
    answers: Sequence[tuple[str, float]]
    color: str


def frame(picture: Tensor, words: str, share: float, said: Sequence[Said]) -> np.ndarray:
    """Lay out a frame, (H, SIDE, 3) uint8 with an even H.

    picture: (3, S, S) in [0, 1].  words: of the setting that changes, and share: how far it is
    between its ends, 0 to 1.  said: of the networks, below one another.
    """
    made = np.full((SIDE + HEAD + ROW * len(said), SIDE, 3), 255, np.uint8)
    made[:SIDE] = cv2.resize(to_uint8(picture), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    left, right, track = EDGE, SIDE - EDGE, SIDE + 16
    knob = round(left + share * (right - left))
    cv2.line(made, (left, track), (right, track), TRACK, 4, cv2.LINE_AA)
    cv2.circle(made, (knob, track), 8, INK, -1, cv2.LINE_AA)
    _write(made, (left, SIDE + 50), words, INK, 21, 600)
    for row, each in enumerate(said):
        top = SIDE + HEAD + ROW * row
        cv2.rectangle(made, (left, top + 4), (left + 8, top + ROW - 8), _rgb(each.color), -1)
        _write(made, (left + 20, top + 20), each.title, QUIET, 16, 400)
        answers = ", ".join(f"{word} {share:.0%}" for word, share in each.answers)
        _write(made, (left + 20, top + 46), answers, INK, 20, 500)
    return made


def _write(
    made: np.ndarray, at: tuple[int, int], words: str, color: Sequence[int], size: int, weight: int
) -> None:
    # OpenCV's own font has the letters of our titles, such as σ; that of Pillow has not.
    font, shown, kept = cv2.FontFace("sans"), words, len(words)
    while at[0] + _width(shown, font, size, weight) > SIDE - EDGE:
        kept = int(0.95 * kept)
        shown = f"{words[:kept]}…"
    cv2.putText(made, shown, at, color, font, size, weight)


def _width(words: str, font: cv2.FontFace, size: int, weight: int) -> int:
    return cv2.getTextSize((SIDE, SIDE), words, (0, 0), font, size, weight)[2]


def _rgb(color: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(color.removeprefix("#")))


def film(kind: str, frames: Iterable[np.ndarray], about: str = "") -> bytes:
    """Make a film of frames, (H, W, 3) uint8 of one even size.

    kind: ".gif", which begins anew after its end, or ".mp4", of VP9, which browsers play.
    about: what a GIF says of itself, as a comment.
    Raises ValueError for another kind, or another number of frames than 2 to MOST.
    """
    if kind not in KINDS:
        raise ValueError(f"a film ends in {kind!r}; it must end in {' or '.join(KINDS)}.")
    shown = list(frames)
    if not 2 <= len(shown) <= MOST:
        raise ValueError(f"there are {len(shown)} frames; a film has 2 to {MOST}.")
    return _gif(shown, about) if kind == ".gif" else _mp4(shown)


def _gif(frames: list[np.ndarray], about: str) -> bytes:
    palette = _palette(frames)
    first, *others = (Image.fromarray(each).quantize(palette=palette) for each in frames)
    durations = [1000 // RATE] * len(others) + [LAST]
    made = BytesIO()
    first.save(
        made, "GIF", save_all=True, append_images=others, duration=durations, loop=0,
        comment=about.encode(),
    )  # fmt: skip
    return made.getvalue()


def _palette(frames: list[np.ndarray]) -> Image.Image:
    """Return colours for all frames: with a palette of its own for each, pictures would flicker.

    The commonest colours below the picture, which are those of the networks, stay as they are.
    """
    some = [cv2.resize(each, (128, 128)) for each in frames[:: -(-len(frames) // 8)]]
    found = Image.fromarray(np.concatenate(some)).quantize(255 - KEPT)
    below, counts = np.unique(frames[0][SIDE:].reshape(-1, 3), axis=0, return_counts=True)
    kept = below[counts.argsort()[-KEPT:]].flatten().tolist()
    found.putpalette((found.getpalette() or [])[: 3 * (255 - KEPT)] + kept)
    return found


def _mp4(frames: list[np.ndarray]) -> bytes:
    height, width = frames[0].shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        code = cv2.VideoWriter.fourcc(*"vp09")
        written = cv2.VideoWriter(str(path), code, RATE, (width, height))
        if not written.isOpened():
            raise ValueError("OpenCV on this machine writes no MP4 of VP9; take a .gif.")
        for each in frames:
            written.write(np.ascontiguousarray(each[..., ::-1]))
        written.release()
        return path.read_bytes()
