"""Pictures that would keep a decoder busy: refused from their headers, and no real picture is."""

import struct
import time
import zlib
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from blurlab.pictures import headers
from blurlab.pictures.images import ImageError, read_image

MOST_SECONDS = 1.0
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8))


def encoded(picture, kind, **options):
    stream = BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def chunk(kind, content=b""):
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def resized_jpeg(data, height, width):
    """Write another size into a JPEG's header; what is missing of it is grey."""
    start = data.index(b"\xff\xc2") + 5
    return data[:start] + struct.pack(">HH", height, width) + data[start + 4 :]


def scans():
    small = encoded(NOISE, "JPEG", progressive=True)
    last = small[small.rindex(b"\xff\xda") : -2]
    whole = resized_jpeg(small[:-2] + (last[:14] + b"\0" * 60) * 5000, 6320, 6320)
    return whole + b"\xff\xd9"


def segments():
    small = encoded(NOISE, "JPEG")
    return small[:2] + b"\xff\xfe\0\2" * 2_000_000 + small[2:]


def padding():
    small = encoded(NOISE, "JPEG")
    start = small.index(b"\xff\xdb")
    return small[:start] + b"\0" * 20_000_000 + small[start:]


def png_chunks():
    small = encoded(NOISE, "PNG")
    return small[:33] + chunk(b"abCd") * 1_000_000 + small[33:]


def gif_blocks():
    small = encoded(NOISE.convert("P"), "GIF")
    start = small.index(b",", 13 + 768)
    return small[:start] + b"!\xfe" + b"\1a" * 5_000_000 + b"\0" + small[start:]


def gif_extensions():
    small = encoded(NOISE.convert("P"), "GIF")
    start = small.index(b",", 13 + 768)
    return small[:start] + b"!\xfe\0" * 2_000_000 + small[start:]


def tiff(order, big, count, entries):
    start = b"II" if order == "<" else b"MM"
    if big:
        return start + struct.pack(f"{order}HHHQQ", 43, 8, 0, 16, count) + entries
    return start + struct.pack(f"{order}HLH", 42, 8, count) + entries


def big_tiff_tags():
    return tiff("<", True, 3_000_000, struct.pack("<HHQQ", 256, 3, 1, 4) * 3_000_000)


def tiff_offsets():
    return tiff(">", False, 1, struct.pack(">HHLL", 273, 4, 2**22, 22)) + bytes(2**24)


def tiff_of_progressive():
    inner = scans()
    return tiff("<", False, 1, struct.pack("<HHLL", 259, 3, 1, 7)) + inner


def bmp_runs():
    header = struct.pack(
        "<2sLLLLllHHLLLLLL", b"BM", 0, 0, 1078, 40, 6000, 6000, 1, 8, 1, 0, 0, 0, 0, 0
    )
    return header + bytes(1024) + b"\1\0" * 18_000_000


HOSTILE = [
    scans, segments, padding, png_chunks, gif_blocks, gif_extensions, big_tiff_tags, tiff_offsets,
    tiff_of_progressive, bmp_runs,
]  # fmt: skip


@pytest.mark.parametrize("make", HOSTILE)
def test_a_file_that_would_take_its_decoder_minutes_is_refused_at_once(make):
    data = make()
    started = time.monotonic()
    with pytest.raises(ImageError, match=r"^odd\.bin .*; save it (anew|as)[\w ]*\.$"):
        read_image(data, "odd.bin")
    assert time.monotonic() - started < MOST_SECONDS


def text_bomb(kind):
    squeezed = zlib.compress(bytes(200_000_000), 9)
    before = {b"zTXt": b"a\0\0", b"iTXt": b"a\0\1\0\0\0", b"iCCP": b"a\0\0"}[kind]
    small = encoded(NOISE, "PNG")
    return small[:33] + chunk(kind, before + squeezed) + small[33:]


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_words_and_profiles_that_inflate_are_not_inflated(kind):
    data = text_bomb(kind)
    started = time.monotonic()
    with suppress(ImageError):
        assert read_image(data, "odd.png").shape == (3, 64, 96)
    assert time.monotonic() - started < MOST_SECONDS


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_thousands_of_frames_cost_no_more_than_the_first(kind):
    frames = [Image.new("L", (8, 8), number % 256) for number in range(1000)]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    started = time.monotonic()
    assert read_image(data, "odd").shape == (3, 8, 8)
    assert time.monotonic() - started < MOST_SECONDS


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"comment": b"a" * 60_000, "exif": b"Exif\0\0" + b"\xff\xda" * 20_000}),
        ("PNG", {}),
        ("GIF", {"comment": b"a" * 100_000}),
        ("TIFF", {}),
        ("TIFF", {"compression": "jpeg"}),
        ("TIFF", {"compression": "tiff_lzw", "big_tiff": True}),
        ("BMP", {}),
        ("WEBP", {}),
    ],
)
def test_real_files_ask_for_nothing_unusual(kind, options):
    picture = NOISE.convert("P") if kind == "GIF" else NOISE
    assert headers.excess(encoded(picture, kind, **options)) == ""


def test_a_progressive_picture_of_the_largest_size_is_no_excess():
    data = resized_jpeg(encoded(NOISE, "JPEG", progressive=True), 6320, 6320)
    assert headers.excess(data) == ""


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "BMP"])
def test_a_file_cut_anywhere_raises_nothing_of_its_own(kind):
    data = encoded(NOISE.convert("P") if kind == "GIF" else NOISE, kind)
    for length in range(0, 200):
        headers.excess(data[:length])
