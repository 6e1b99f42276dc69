"""What a picture's file would cost its decoder, told from its headers before anything is decoded.

A small file can ask for minutes: by scans that all go over the whole picture, or by pieces without
end that Pillow takes one by one. Real files stay far below each limit.
"""

import re
import struct
from collections.abc import Callable

MOST_PIECES = 50_000  # chunks, segments, blocks; the largest pictures come in some ten thousand
MOST_SCANNED = 800_000_000  # pixels over all scans of a JPEG; a progressive one has about ten
MOST_OFFSETS = 2**18  # strips or tiles of a TIFF
MOST_TAGS = 4096
MOST_RUNS = 4_000_000  # pixels, or bytes, of a run-length encoded BMP, which Python decodes
MOST_PADDING = 2**16  # bytes between a JPEG's segments

MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers that give the size
# A frame of more than one scan, as JPEG strips within a TIFF never have.
PROGRESSIVE = re.compile(rb"\xff[\xc2\xc6\xca\xce]\x00[\x0b\x0e\x11\x14]\x08")

MANY_SCANS = "takes more passes over its pixels than any decoder should; save it anew as a JPEG"
MANY_PIECES = "comes in more pieces than any picture has; save it anew"


def excess(data: bytes) -> str:
    """Say in what a picture's file asks for too much, as a sentence's end; nothing if it does not.

    Only what begins as one of the formats in CHECKS is looked at.
    """
    check = next((row for magic, row in CHECKS.items() if data.startswith(magic)), None)
    try:
        return check(data) if check else ""
    except (struct.error, IndexError):  # cut short, which the decoder tells
        return ""


def _jpeg(data: bytes) -> str:
    at, pixels, scans, padding = 2, 0, 0, 0
    for _ in range(MOST_PIECES):
        found = MARKER.search(data, at)
        if not found or data[found.start() + 1] == 0xD9:
            return ""
        marker, start = data[found.start() + 1], found.end()
        if not scans:
            padding += found.start() - at
        (length,) = struct.unpack_from(">H", data, start)
        if marker in FRAMES:
            height, width = struct.unpack_from(">HH", data, start + 3)
            pixels = max(pixels, height * width)
        scans += marker == 0xDA
        if scans * pixels > MOST_SCANNED:
            return MANY_SCANS
        if padding > MOST_PADDING:
            return MANY_PIECES
        at = start if marker in (0x01, 0xD8) else start + max(length, 2)
    return MANY_PIECES


def _png(data: bytes) -> str:
    at = 8
    for _ in range(MOST_PIECES):
        if at + 8 > len(data) or data[at + 4 : at + 8] == b"IEND":
            return ""
        at += 12 + struct.unpack_from(">I", data, at)[0]
    return MANY_PIECES


def _gif(data: bytes) -> str:
    """Count the blocks before the first frame."""
    flags = data[10]
    at = 13 + (3 << (flags & 7) + 1 if flags & 128 else 0)
    inside = False  # an extension's blocks
    for _ in range(MOST_PIECES):
        if inside:
            inside = data[at] != 0
            at += 1 + data[at]
        elif data[at] == 0x21:
            inside, at = True, at + 2
        elif data[at] in (0x2C, 0x3B):
            return ""
        else:
            at += 1
    return MANY_PIECES


def _tiff(data: bytes) -> str:
    order = "<" if data[:2] == b"II" else ">"
    if data[2:4] in (b"\x2b\0", b"\0\x2b"):
        (at,) = struct.unpack_from(f"{order}Q", data, 8)
        (count,), at, entry = struct.unpack_from(f"{order}Q", data, at), at + 8, f"{order}HHQ8s"
    else:
        (at,) = struct.unpack_from(f"{order}L", data, 4)
        (count,), at, entry = struct.unpack_from(f"{order}H", data, at), at + 2, f"{order}HHL4s"
    if count > MOST_TAGS:
        return "has more tags than any picture; save it anew as a TIFF or PNG"
    for index in range(count):
        tag, _, numbers, value = struct.unpack_from(
            entry, data, at + index * struct.calcsize(entry)
        )
        if tag in (273, 279, 324, 325) and numbers > MOST_OFFSETS:
            return MANY_PIECES
        compression = int.from_bytes(value[:2], "little" if order == "<" else "big")
        if tag == 259 and compression in (6, 7) and PROGRESSIVE.search(data):
            return MANY_SCANS
    return ""


def _bmp(data: bytes) -> str:
    (size,) = struct.unpack_from("<L", data, 14)
    if size < 40:
        return ""
    width, height = struct.unpack_from("<ll", data, 18)
    is_run_length = struct.unpack_from("<L", data, 30)[0] in (1, 2)
    if is_run_length and max(abs(width * height), len(data)) > MOST_RUNS:
        return (
            f"is a run-length encoded BMP of over {MOST_RUNS // 10**6} megapixels; save it as PNG"
        )
    return ""


CHECKS: dict[bytes, Callable[[bytes], str]] = {
    b"\xff\xd8\xff": _jpeg,
    b"\x89PNG": _png,
    b"GIF8": _gif,
    b"II": _tiff,
    b"MM": _tiff,
    b"BM": _bmp,
}
