import base64
import pickle
import struct
import subprocess
import sys
import warnings
import zlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image, ImageCms, features
from torch.testing import assert_close

from blurlab import places
from blurlab.pictures import images
from blurlab.pictures.images import ImageError, align, load_image, read_image, save_image, square


def encoded(picture, kind, **options):
    stream = BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def tensor(picture):
    return torch.from_numpy(np.array(picture.convert("RGB"))).permute(2, 0, 1) / 255


def flat(*color, size=(4, 4)):
    """What a picture of one 8-bit color becomes."""
    return torch.tensor(color).view(3, 1, 1).expand(3, size[1], size[0]) / 255


def npy(values):
    stream = BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def png_of_zeros(width, height, depth=8, color_type=0, rows=None):
    """A PNG whose header claims width x height and which holds that many rows, or fewer."""

    def chunk(kind, content):
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    channels = {0: 1, 2: 3, 6: 4}[color_type]
    row = bytes(1 + (width * depth * channels + 7) // 8)
    squeeze = zlib.compressobj(1)
    count = height if rows is None else rows
    content = b"".join(squeeze.compress(row) for _ in range(count)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", content) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def run_python(program, *arguments):
    """What a program prints in a fresh process that shows no warnings."""
    command = [sys.executable, "-W", "ignore", "-c", program, *map(str, arguments)]
    told = subprocess.PIPE
    return subprocess.run(command, stdout=told, text=True, check=True, cwd=places.ROOT).stdout


@pytest.fixture
def scene():
    """A smooth 48 x 32 picture without any symmetry, so that a wrong turn shows."""
    y, x = np.mgrid[0:32, 0:48]
    return Image.fromarray(np.stack([5 * x, 7 * y, 2 * x + 3 * y], 2).astype(np.uint8))


# What is refused


def is_one_plain_sentence(message, name):
    inner = message.replace(name, "")[:-1].replace(".npy", "").replace(".png", "")
    return name in message and message.endswith(".") and ". " not in inner and "\n" not in inner


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
HTML = b"<!doctype html><title>404 Not Found</title><p>The picture has moved.</p>"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.png", b"", "is empty"),
        ("holiday.svg", SVG, "not a picture"),
        ("page.png", HTML, "not a picture"),
        ("noise.jpg", np.random.default_rng(0).bytes(5000), "not a picture"),
        ("paper.pdf", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj", "not a picture"),
        ("figure.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
        ("grey.pgm", b"P5 2 2 255\n\x00\x10\x20\x30", "not a picture"),
        ("model.pkl", pickle.dumps({"weights": [1.0]}), "not a picture"),
    ],
)
def test_what_is_not_a_picture_is_refused_with_the_name_and_what_is_accepted(name, data, reason):
    with pytest.raises(ImageError, match=reason) as refusal:
        read_image(data, name)
    message = str(refusal.value)
    assert is_one_plain_sentence(message, name)
    assert "send a PNG, JPEG, WebP, GIF, BMP, TIFF" in message
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_file_cut_in_half_is_refused(kind):
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(ImageError) as refusal:
        read_image(data[: len(data) // 2], "cut.file")
    assert is_one_plain_sentence(str(refusal.value), "cut.file")
    assert "truncated" not in str(refusal.value)


def test_no_damage_to_a_file_escapes_as_another_error(scene):
    generator = np.random.default_rng(2)
    for kind in images.FORMATS:
        data = encoded(scene, kind)
        for _ in range(40):
            damaged = bytearray(data)
            for place in generator.integers(0, len(data), 8):
                damaged[place] = generator.integers(256)
            with suppress(ImageError):
                image = read_image(bytes(damaged), "damaged.file")
                assert 0 <= image.min() <= image.max() <= 1


@pytest.mark.parametrize("action", ["error", "ignore"])
@pytest.mark.parametrize("side", [10_000, 60_000])
def test_a_decompression_bomb_is_refused_with_the_limit(side, action):
    bomb = png_of_zeros(side, side, depth=1, rows=10_000 if side == 10_000 else 1)
    assert len(bomb) < 300_000
    with warnings.catch_warnings():
        warnings.simplefilter(action)
        with pytest.raises(ImageError) as refusal:
            read_image(bomb, "bomb.png")
    assert is_one_plain_sentence(str(refusal.value), "bomb.png")
    assert "40 megapixels" in str(refusal.value)


MEASURE_PEAK_MEMORY = """
import re, sys
from pathlib import Path
from blurlab.pictures import images, photographs

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

photographs.photograph("cat", 64)
for path in sys.argv[1:]:
    before = peak()
    try:
        outcome = "{1}x{2}".format(*images.load_image(path).shape)
    except images.ImageError:
        outcome = "refused"
    print(outcome, peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_refusing_a_bomb_takes_no_memory_and_the_largest_picture_a_bounded_amount(tmp_path):
    bomb, largest = tmp_path / "bomb.png", tmp_path / "largest.png"
    bomb.write_bytes(png_of_zeros(10_000, 10_000, depth=1))
    largest.write_bytes(png_of_zeros(8_000, 5_000, color_type=6))
    output = run_python(MEASURE_PEAK_MEMORY, bomb, largest).split()
    assert output[0::2] == ["refused", "1619x2591"]
    assert float(output[1]) < 4
    assert 150 < float(output[3]) < 450


@pytest.mark.parametrize(
    ("mode", "kind", "reason"),
    [("F", "TIFF", "fractional"), ("I", "TIFF", "32-bit"), ("LAB", "TIFF", "Lab")],
)
def test_pixels_without_a_known_white_are_refused_with_the_reason(mode, kind, reason):
    with pytest.raises(ImageError, match=reason):
        read_image(encoded(Image.new(mode, (4, 4)), kind), "scan.tif")


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (10, 201)])
def test_an_extreme_aspect_is_refused_with_its_size(size):
    with pytest.raises(ImageError, match=f"strip.png is {size[0]} x {size[1]} pixels") as refusal:
        read_image(encoded(Image.new("RGB", size), "PNG"), "strip.png")
    assert is_one_plain_sentence(str(refusal.value), "strip.png")


# What is shown


@pytest.mark.parametrize("name", ["right.png", "lying.jpg", "lying.svg", "no extension"])
def test_the_content_decides_whatever_the_name_says(scene, name):
    assert_close(read_image(encoded(scene, "PNG"), name), tensor(scene), rtol=0, atol=0)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_lossless_formats_are_read_exactly(scene, kind):
    image = read_image(encoded(scene, kind), "scene")
    assert image.dtype == torch.float32
    assert image.is_contiguous()
    assert_close(image, tensor(scene), rtol=0, atol=0)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_lossy_formats_are_read_closely(scene, kind):
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    image = read_image(encoded(scene, kind, quality=95), "scene")
    assert (image - tensor(scene)).abs().mean() < 0.02


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_tagged_as_turned_is_read_upright(scene, kind, orientation):
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = scene.transpose(undo[orientation]) if orientation in undo else scene
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    options = {"lossless": True} if kind == "WEBP" else options
    image = read_image(encoded(stored, kind, exif=exif, **options), "phone.jpg")
    tolerance = 3 / 255 if kind == "JPEG" else 0
    assert_close(image, tensor(scene), rtol=0, atol=tolerance)


def test_a_broken_tag_leaves_a_picture_as_it_is_stored(scene):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 1, "Maker"
    whole = exif.tobytes()
    for broken in [whole[:20], whole[:6] + b"MM??" + whole[10:], whole[:-8], b"Exif\0\0"]:
        data = encoded(scene, "PNG", exif=broken)
        assert_close(read_image(data, "phone.png"), tensor(scene), rtol=0, atol=0)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_is_read_in_its_colours(kind):
    inks = {(0, 0, 0, 0): (255, 255, 255), (0, 0, 0, 255): (0, 0, 0), (0, 255, 255, 0): (255, 0, 0)}
    for ink, color in inks.items():
        image = read_image(encoded(Image.new("CMYK", (4, 4), ink), kind), "print.jpg")
        assert_close(image, flat(*color), rtol=0, atol=2 / 255)


@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
def test_16_bit_greys_keep_their_levels(mode):
    levels = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    kind = "PNG" if mode == "I;16" else "TIFF"
    values = levels.astype("<u2" if mode == "I;16" else ">u2")
    picture = Image.frombytes(mode, (16, 16), values.tobytes())
    image = read_image(encoded(picture, kind), "microscope")
    expected = torch.from_numpy(levels / 65535).float().expand(3, 16, 16)
    assert_close(image, expected, rtol=0, atol=1 / 255)
    assert image.unique().numel() == 256
    assert (image.min(), image.max()) == (0, 1)


def test_12_bit_greys_keep_their_levels():
    tags = [
        (256, 2),
        (257, 1),
        (258, 12),
        (259, 1),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, 1),
        (279, 3),
    ]
    entries = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in tags)
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    white_and_black = b"\xff\xf0\x00\x00"
    data = b"II*\x00" + struct.pack("<I", 12) + white_and_black + directory
    assert read_image(data, "camera.tif")[0].tolist() == [[1, 0]]


def grey_tiff(values, bits=16, **tags):
    """An uncompressed little-endian TIFF of one row of 16-bit greys."""
    content = np.asarray(values, "<u2").tobytes()
    rows = {256: len(values), 257: 1, 258: bits, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1}
    rows |= {279: len(content)} | {int(tag[1:]): value for tag, value in tags.items()}
    entries = [struct.pack("<HHIHH", tag, 3, 1, rows[tag], 0) for tag in sorted(rows)]
    directory = struct.pack("<H", len(rows)) + b"".join(entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(content)) + content + directory


def test_greys_of_which_zero_is_white_are_turned_round():
    image = read_image(grey_tiff([0, 65535, 32768], t262=0), "scan.tif")
    assert_close(image[0], torch.tensor([[1, 0, 0.5]]), rtol=0, atol=1 / 255)


def test_greys_whose_white_a_tag_gives_reach_white():
    image = read_image(grey_tiff([0, 4095, 2048], t281=4095), "camera.tif")
    assert_close(image[0], torch.tensor([[0, 1, 0.5]]), rtol=0, atol=1 / 255)
    image = read_image(grey_tiff([0, 4095, 2048], t281=4095, t262=0), "camera.tif")
    assert_close(image[0], torch.tensor([[1, 0, 0.5]]), rtol=0, atol=1 / 255)


@pytest.mark.parametrize("photometric", [0, 1])
def test_greys_of_a_narrow_range_are_refused_with_what_they_are(photometric):
    with pytest.raises(ImageError, match=r"cells\.tif holds greys up to 4000 of 65535, .*stretch"):
        read_image(grey_tiff([0, 4000, 2000], t262=photometric), "cells.tif")
    assert read_image(grey_tiff([0, 0, 0], t262=1), "night.tif").max() == 0


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_16_bit_grey_that_is_transparent_shows_mid_grey(orientation):
    levels = np.array([[0, 300, 65535], [301, 300, 9]], np.uint16)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(levels), "PNG", transparency=300, exif=exif)
    expected = np.where(levels == 300, 128, np.round(levels / 257)) / 255
    expected = np.rot90(expected, -1) if orientation == 6 else expected
    found = read_image(data, "mask.png")
    assert_close(found[0], torch.from_numpy(expected.copy()).float(), rtol=0, atol=1e-6)


def test_a_16_bit_colour_that_is_transparent_shows_mid_grey():
    data = png_of_zeros(4, 4, depth=16, color_type=2)
    tag = b"tRNS" + bytes(6)
    chunk = struct.pack(">I", 6) + tag + struct.pack(">I", zlib.crc32(tag))
    assert_close(read_image(data[:33] + chunk + data[33:], "a.png"), flat(128, 128, 128))
    tag = b"tRNS" + struct.pack(">3H", 0x1234, 0x5678, 0)
    chunk = struct.pack(">I", 6) + tag + struct.pack(">I", zlib.crc32(tag))
    assert_close(read_image(data[:33] + chunk + data[33:], "a.png"), flat(0, 0, 0))


# Colours


def profile(space, primaries, curve):
    """An ICC profile: a matrix of D50 primaries and a curve, or a curve for greys."""

    def fixed(*numbers):
        return struct.pack(f">{len(numbers)}i", *(round(65536 * number) for number in numbers))

    white = (0.9642, 1.0, 0.8249)
    exponent, *others = curve
    kind = 3 if others else 0  # a power alone, or one with a straight piece as sRGB's
    curve = b"para" + bytes(4) + struct.pack(">HH", kind, 0) + fixed(exponent, *others)
    tags = {b"wtpt": b"XYZ " + bytes(4) + fixed(*white)}
    tags[b"desc"] = b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(79)
    tags[b"cprt"] = b"text" + bytes(4) + b"none\0" + bytes(3)
    if space == b"GRAY":
        tags[b"kTRC"] = curve
    for name, column in zip("rgb", primaries, strict=False):
        tags[f"{name}XYZ".encode()] = b"XYZ " + bytes(4) + fixed(*column)
        tags[f"{name}TRC".encode()] = curve
    listed, content = b"", b""
    start = 132 + 12 * len(tags)
    for name, value in tags.items():
        value += bytes(-len(value) % 4)
        listed += name + struct.pack(">II", start + len(content), len(value))
        content += value
    size = start + len(content)
    header = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x04000000, b"mntr", space, b"XYZ ")
    header += bytes(12) + b"acsp" + bytes(28) + fixed(*white)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + listed + content


SRGB_CURVE = [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045]
# The columns of Display P3's matrix to XYZ under D50.
P3 = profile(
    b"RGB ",
    [(0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)],
    SRGB_CURVE,
)
GREY_OF_GAMMA_1 = profile(b"GRAY", [], [1.0])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_display_p3_red_is_shown_as_a_browser_shows_it(kind, mode):
    if (kind, mode) not in {("JPEG", "RGBA"), ("JPEG", "P"), ("WEBP", "P")}:
        picture = Image.new("RGB", (16, 16), (230, 60, 50))
        picture = picture.quantize(2) if mode == "P" else picture.convert(mode)
        options = {"lossless": True} if kind == "WEBP" else {}
        data = encoded(picture, kind, icc_profile=P3, **options)
        expected = flat(250, 31, 34, size=(16, 16))
        assert_close(read_image(data, "phone"), expected, rtol=0, atol=1.01 / 255)


def test_transparency_stays_where_a_profile_is():
    picture = Image.new("RGBA", (4, 4), (230, 60, 50, 0))
    picture.paste((230, 60, 50, 255), (0, 0, 4, 2))
    image = read_image(encoded(picture, "PNG", icc_profile=P3), "logo.png")
    assert_close(image[:, 2:], flat(128, 128, 128, size=(4, 2)), rtol=0, atol=0)
    assert_close(image[:, :2], flat(250, 31, 34, size=(4, 2)), rtol=0, atol=1.01 / 255)


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_greys_of_another_gamma_are_shown_as_they_are_meant(depth):
    level = np.full((4, 4), 0.5 * np.iinfo(depth).max, depth)
    profiled = encoded(Image.fromarray(level), "PNG", icc_profile=GREY_OF_GAMMA_1)
    assert_close(read_image(profiled, "a.png"), flat(188, 188, 188), rtol=0, atol=1.01 / 255)


def with_gamma(data, gamma, kind=b"gAMA"):
    tag = kind + (struct.pack(">I", round(100_000 * gamma)) if kind == b"gAMA" else b"\0")
    chunk = struct.pack(">I", len(tag) - 4) + tag + struct.pack(">I", zlib.crc32(tag))
    return data[:33] + chunk + data[33:]


@pytest.mark.parametrize(
    ("gamma", "shown"), [(1.0, 186), (0.45455, 128), (1 / 1.8, 109 + 36), (0.0, 128), (99.0, 128)]
)
@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
def test_a_pngs_gamma_counts_unless_it_says_srgb(mode, gamma, shown):
    picture = Image.new("RGB", (4, 4), (128, 128, 128))
    data = encoded(picture.quantize(2) if mode == "P" else picture.convert(mode), "PNG")
    found = read_image(with_gamma(data, gamma), "a.png")
    assert_close(found, flat(shown, shown, shown), rtol=0, atol=1.01 / 255)
    both = with_gamma(with_gamma(data, gamma), 0, b"sRGB")
    assert_close(read_image(both, "a.png"), flat(128, 128, 128), rtol=0, atol=0)


@pytest.mark.parametrize(
    "wrong", [b"no profile", P3[:200], GREY_OF_GAMMA_1, bytes(9 * 2**20)], ids=len
)
def test_a_profile_that_does_not_fit_changes_nothing(wrong):
    data = encoded(Image.new("RGB", (4, 4), (230, 60, 50)), "TIFF", icc_profile=wrong)
    assert_close(read_image(data, "odd.tif"), flat(230, 60, 50), rtol=0, atol=0)


def test_srgb_is_left_to_the_last_level(scene):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(scene, "PNG", icc_profile=srgb)
    assert_close(read_image(data, "web.png"), tensor(scene), rtol=0, atol=0)


NOISY = """
import random, sys
from pathlib import Path
from blurlab.pictures.images import ImageError, read_image
for path in map(Path, sys.argv[1:]):
    whole, generator = path.read_bytes(), random.Random(0)
    for number in range(60):
        data = bytearray(whole)
        for _ in range(4):
            data[generator.randrange(len(data))] = generator.randrange(256)
        try:
            length = generator.randrange(len(data)) if number % 5 == 0 else len(data)
            read_image(bytes(data[:length]), "a")
        except ImageError:
            pass
"""


def test_decoders_say_nothing_in_the_terminal(scene, tmp_path):
    for compression in ("tiff_lzw", "jpeg", "tiff_deflate", "packbits", "raw"):
        scene.save(tmp_path / f"{compression}.tif", compression=compression)
    scene.save(tmp_path / "a.jpg", exif=Image.Exif())
    files = map(str, sorted(tmp_path.iterdir()))
    root = Path(__file__).parent.parent
    ran = subprocess.run([sys.executable, "-c", NOISY, *files], capture_output=True, cwd=root)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")


def test_16_bit_colours_keep_their_levels():
    levels = np.random.default_rng(3).integers(0, 65536, (8, 8, 3)).astype(np.uint16)
    image = read_image(cv2.imencode(".png", levels[..., ::-1])[1].tobytes(), "raw.png")
    expected = torch.from_numpy(levels / 65535).float().permute(2, 0, 1)
    assert_close(image, expected, rtol=0, atol=1 / 255)


def test_grey_and_1_bit_become_three_equal_channels():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    grey = read_image(encoded(Image.fromarray(levels), "PNG"), "grey.png")
    assert_close(grey, torch.from_numpy(levels / 255).float().expand(3, 16, 16), rtol=0, atol=1e-7)
    line = Image.fromarray(levels > 99)
    assert line.mode == "1"
    expected = torch.from_numpy(levels > 99).float().expand(3, 16, 16)
    assert_close(read_image(encoded(line, "PNG"), "line.png"), expected, rtol=0, atol=0)


def test_a_palette_is_looked_up(scene):
    palette = scene.quantize(16)
    image = read_image(encoded(palette, "PNG"), "icon.png")
    assert_close(image, tensor(palette), rtol=0, atol=0)


@pytest.mark.parametrize(("alpha", "red", "other"), [(0, 128, 128), (128, 192, 64), (255, 255, 0)])
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparency_lies_on_mid_grey(kind, alpha, red, other):
    options = {"lossless": True} if kind == "WEBP" else {}
    picture = Image.new("RGBA", (4, 4), (255, 0, 0, alpha))
    image = read_image(encoded(picture, kind, **options), "logo")
    assert_close(image, flat(red, other, other), rtol=0, atol=1.01 / 255)


def test_transparency_of_greys_and_palettes_lies_on_mid_grey():
    grey = encoded(Image.new("LA", (4, 4), (255, 0)), "PNG")
    assert_close(read_image(grey, "grey.png"), flat(128, 128, 128), rtol=0, atol=0)
    palette = Image.new("P", (4, 4))
    palette.putpalette([10, 20, 30, 200, 100, 50])
    palette.paste(1, (0, 0, 4, 2))
    for kind, transparency in [("PNG", 0), ("PNG", bytes([0, 255])), ("GIF", 0)]:
        image = read_image(encoded(palette, kind, transparency=transparency), "icon")
        assert_close(image[:, :2], flat(200, 100, 50)[:, :2], rtol=0, atol=0)
        assert_close(image[:, 2:], flat(128, 128, 128)[:, 2:], rtol=0, atol=0)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_shows_its_first_frame(kind):
    frames = [Image.new("RGB", (4, 4), color) for color in ["red", "lime", "blue"]]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert_close(read_image(data, "moving"), flat(255, 0, 0), rtol=0, atol=0)


def test_damage_to_a_later_frame_does_not_matter():
    frames = [Image.new("RGB", (4, 4), color) for color in ["red", "lime", "blue"]]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert_close(read_image(data[: len(data) - 20], "moving"), flat(255, 0, 0), rtol=0, atol=0)


def test_one_pixel_becomes_a_flat_square():
    image = read_image(encoded(Image.new("RGB", (1, 1), (10, 200, 30)), "PNG"), "dot.png")
    assert_close(square(image, 4), flat(10, 200, 30), rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_large_picture_is_reduced_and_keeps_its_shape(kind):
    picture = Image.linear_gradient("L").resize((6000, 3000)).rotate(180)
    image = read_image(
        encoded(picture, kind, **{"compress_level": 1} if kind == "PNG" else {}), "x"
    )
    assert images.KEPT_PIXELS * 0.99 < image[0].numel() <= images.KEPT_PIXELS * 1.01
    assert image.shape[2] / image.shape[1] == pytest.approx(2, abs=0.01)
    assert_close(square(image, 8), square(tensor(picture), 8), rtol=0, atol=0.01)


# .npy


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_is_read_exactly_in_either_order(order):
    values = torch.rand(3, 5, 5, generator=torch.Generator().manual_seed(0))
    data = npy(np.asarray(values.numpy(), order=order))
    assert_close(read_image(data, "stimulus.npy"), values, rtol=0, atol=0)


def with_value(value):
    values = np.full((3, 4, 4), 0.5, np.float32)
    values[1, 2, 3] = value
    return values


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros((3, 4, 4)), r"holds float64 of shape \(3, 4, 4\)"),
        (np.zeros((3, 4, 4), np.uint8), "holds uint8"),
        (np.zeros((4, 4, 3), np.float32), r"of shape \(4, 4, 3\)"),
        (np.zeros((3, 4, 5), np.float32), r"of shape \(3, 4, 5\)"),
        (np.zeros((3, 0, 0), np.float32), r"of shape \(3, 0, 0\)"),
        (np.zeros((4, 4), np.float32), r"of shape \(4, 4\)"),
        (np.float32(0), r"of shape \(\)"),
        (with_value(1.5), r"the value 1\.5"),
        (with_value(-0.25), r"the value -0\.25"),
        (with_value(np.nan), "the value nan"),
        (with_value(np.inf), "the value inf"),
    ],
)
def test_an_array_that_is_no_picture_is_refused_with_what_it_holds(values, reason):
    with pytest.raises(ImageError, match=reason) as refusal:
        read_image(npy(values), "stimulus.npy")
    assert "stimulus.npy" in str(refusal.value)


def test_a_cut_array_and_a_lying_header_are_refused():
    data = npy(np.zeros((3, 64, 64), np.float32))
    huge = data[:128].replace(b"(3, 64, 64), }      ", b"(3, 6000, 6000), }  ") + data[128:]
    vast = data[:128].replace(b"(3, 64, 64), }        ", b"(3, 900000, 900000), }") + data[128:]
    assert huge != data != vast
    for bad in [data[:-4], data + b"    ", data[:20], data[:6], huge, vast]:
        with pytest.raises(ImageError, match=r"stimulus\.npy"):
            read_image(bad, "stimulus.npy")


class Canary:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_code_inside_an_array_is_never_run(tmp_path):
    sign = tmp_path / "it ran"
    np.save(tmp_path / "trap.npy", np.array([Canary(sign)], dtype=object), allow_pickle=True)
    with pytest.raises(ImageError, match="holds object"):
        load_image(tmp_path / "trap.npy")
    assert not sign.exists()
    np.load(tmp_path / "trap.npy", allow_pickle=True)
    assert sign.exists()  # so the trap was live


# Files


def test_npy_files_round_trip_exactly_and_png_files_to_half_a_level(tmp_path):
    image = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(1))
    save_image(image, tmp_path / "a.npy")
    assert torch.equal(load_image(tmp_path / "a.npy"), image)
    save_image(image, tmp_path / "a.png")
    assert (load_image(tmp_path / "a.png") - image).abs().max() <= 0.5 / 255 + 1e-6


def test_saving_what_could_not_be_read_again_is_refused(tmp_path):
    for image, name in [
        (torch.zeros(3, 4, 5), "wide.npy"),
        (torch.full((3, 4, 4), 2.0), "bright.npy"),
        (torch.zeros(3, 4, 4), "picture.gif"),
    ]:
        with pytest.raises(ImageError, match=name):
            save_image(image, tmp_path / name)
        assert not (tmp_path / name).exists()


def test_a_path_that_cannot_be_read_is_named(tmp_path):
    for path in [tmp_path, tmp_path / "missing.png"]:
        with pytest.raises(ImageError, match=path.name):
            load_image(path)


def test_a_file_beyond_the_byte_limit_is_refused_unread(tmp_path):
    with (tmp_path / "long.bmp").open("wb") as file:
        file.truncate(images.MAX_BYTES + 1)
    with pytest.raises(ImageError, match="larger than 128 MB"):
        load_image(tmp_path / "long.bmp")


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_a_data_url_holds_the_same_pixels(scene, kind):
    image = tensor(scene)
    header, content = images.data_url(image, kind).split(",")
    assert header == f"data:image/{kind};base64"
    shown = read_image(base64.b64decode(content), "url")
    assert_close(shown, image, rtol=0, atol=0 if kind == "png" else 0.05)


def test_to_uint8_rounds_and_clips():
    values = torch.tensor([-0.1, 0.0, 0.4999 / 255, 0.5001 / 255, 1.0, 1.2])
    array = images.to_uint8(values.expand(3, 1, 6))
    assert array.shape == (1, 6, 3)
    assert array.dtype == np.uint8
    assert array[0, :, 0].tolist() == [0, 0, 0, 1, 255, 255]


# Geometry


def disc(height, width, radius):
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    inside = (y - (height - 1) / 2) ** 2 + (x - (width - 1) / 2) ** 2 < radius**2
    return inside.float().expand(3, height, width)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 100), (100, 64), (128, 64)])
def test_square_keeps_a_centred_disc_centred(height, width):
    result = square(disc(height, width, 20), 32)
    assert_close(result, square(disc(64, 64, 20), 32), rtol=0, atol=1e-6)
    assert_close(result, result.flip(-1), rtol=0, atol=1e-5)
    assert_close(result, result.flip(-2), rtol=0, atol=1e-5)
    assert_close(result, disc(32, 32, 10), rtol=0, atol=0.7)
    assert result.mean() == pytest.approx(torch.pi * 100 / 32**2, rel=0.02)


def test_square_at_its_own_size_changes_nothing():
    image = torch.rand(3, 17, 17, generator=torch.Generator().manual_seed(2))
    assert_close(square(image, 17), image, rtol=0, atol=1e-6)


def test_reducing_turns_the_finest_stripes_grey():
    stripes = torch.tensor([0.0, 1.0]).repeat(45).expand(3, 90, 90)
    # A third of the size without antialiasing would keep every third pixel: stripes again.
    reduced = square(stripes, 30)
    assert_close(reduced[:, :, 4:-4], torch.full((3, 30, 22), 0.5), rtol=0, atol=0.02)
    reduced = align(stripes, scale=1 / 3)[:, 30:60, 34:56]
    assert_close(reduced, torch.full((3, 30, 22), 0.5), rtol=0, atol=0.02)


def test_align_without_a_change_is_exact_and_a_copy():
    image = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(3))
    same = align(image)
    assert torch.equal(same, image)
    assert same.data_ptr() != image.data_ptr()


def test_flipping_twice_is_exact():
    image = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(4))
    assert torch.equal(align(image, flip=True), image.flip(-1))
    assert torch.equal(align(align(image, flip=True), flip=True), image)


def test_shifting_moves_a_pixel_right_and_down():
    image = torch.zeros(3, 16, 16)
    image[:, 9, 8] = 1
    expected = torch.zeros(3, 16, 16)
    expected[:, 9 + 2, 8 + 4] = 1
    assert_close(align(image, shift_x=4 / 16, shift_y=2 / 16), expected, rtol=0, atol=1e-5)


def test_flipping_comes_before_shifting():
    image = torch.zeros(3, 16, 16)
    image[:, 5, 3] = 1
    expected = torch.zeros(3, 16, 16)
    expected[:, 5, 12 + 2] = 1
    assert_close(align(image, shift_x=2 / 16, flip=True), expected, rtol=0, atol=1e-5)


def test_the_border_that_comes_into_view_is_a_reflection():
    image = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(5))
    shifted = align(image, shift_x=4 / 16)
    assert_close(shifted[:, :, 4:], image[:, :, :12], rtol=0, atol=1e-5)
    assert_close(shifted[:, :, :4], image[:, :, :4].flip(-1), rtol=0, atol=1e-5)


@pytest.mark.parametrize("scale", [0.5, 0.77, 1.5, 2])
def test_scaling_changes_a_disc_by_its_area(scale):
    result = align(disc(64, 64, 12), scale=scale)
    # Beyond this distance lie reflections of the disc.
    result = result * disc(64, 64, 32 * min(1, scale))
    assert result[0].sum() == pytest.approx(torch.pi * (12 * scale) ** 2, rel=0.03)
    assert_close(result, result.flip(-1), rtol=0, atol=1e-4)
    assert_close(result, result.flip(-2), rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("knob", "value"),
    [("scale", 0), ("scale", -1), ("scale", 11), ("shift_x", 2), ("shift_y", float("nan"))],
)
def test_align_names_a_value_out_of_range(knob, value):
    with pytest.raises(ValueError, match=f"{knob} is {value}: it must lie between"):
        align(torch.zeros(3, 8, 8), **{knob: value})
