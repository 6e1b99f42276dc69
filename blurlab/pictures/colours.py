"""Colours as a browser shows them: profiles and gamma become sRGB, 16-bit greys 8 bits."""

from io import BytesIO
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageCms

LONGEST_PROFILE = 8 * 2**20  # bytes; a printer's has up to about three million
MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # Pillow's for a profile's colour space
SRGB_EXPONENT = 2.2  # which an untagged PNG and a screen are taken for
SMALLEST, LARGEST = 0.1, 10.0  # gammas that are meant
MAX_SAMPLE_VALUE = 281  # a TIFF's tag


def to_srgb(picture: Image.Image, info: dict[str | tuple[int, int], Any]) -> Image.Image:
    """Return an opaque picture in sRGB, as RGB unless it is in sRGB already.

    info: what Pillow read of the file; its ICC profile counts, or else a PNG's gamma. A
    profile that is damaged, or of other colours than the picture's, says nothing about it.
    """
    profile = info.get("icc_profile")
    if isinstance(profile, bytes) and 0 < len(profile) <= LONGEST_PROFILE:
        return _by_profile(picture, profile)
    gamma = info.get("gamma")
    if isinstance(gamma, float) and SMALLEST <= gamma <= LARGEST and "srgb" not in info:
        return _by_gamma(picture, gamma)
    return picture


def _by_profile(picture: Image.Image, profile: bytes) -> Image.Image:
    try:
        opened = ImageCms.ImageCmsProfile(BytesIO(profile))
        mode = MODES.get(opened.profile.xcolor_space.strip())
        if mode is None or (mode == "CMYK") != (picture.mode == "CMYK"):
            return picture
        if mode == "L" and picture.mode not in ("L", "1"):
            return picture
        if "sRGB" in ImageCms.getProfileDescription(opened):
            return picture
        transform = ImageCms.buildTransform(
            opened,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        converted = ImageCms.applyTransform(picture.convert(mode), transform)
        assert converted is not None  # as it is where a picture is changed in place
        return converted
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture


def _by_gamma(picture: Image.Image, gamma: float) -> Image.Image:
    """Decode by a file's gamma and encode for a screen, as the specification of PNG says."""
    exponent = 1 / (gamma * SRGB_EXPONENT)
    if abs(exponent - 1) < 0.02:  # 0.45455, which sRGB itself is taken for
        return picture
    picture = picture.convert("RGB")
    return picture.point([round(255 * (level / 255) ** exponent) for level in range(256)] * 3)


def shorten_transparency(picture: Image.Image) -> None:
    """Give the transparent one of 16-bit colours 8 bits, as Pillow gives the picture's own."""
    transparent = picture.info.get("transparency")
    if isinstance(transparent, tuple):
        picture.info["transparency"] = tuple(level >> 8 for level in transparent)


def narrow(picture: Image.Image) -> str:
    """Say, as a sentence's end, that 16-bit greys lie too close together to be seen, if they do."""
    white, brightest = _white(picture), int(np.asarray(picture).max())
    if not 0 < brightest <= white >> 4:
        return ""
    return (
        f"holds greys up to {brightest} of {white}, which would all look alike: stretch them to "
        "the whole range"
    )


def of_eight_bits(picture: Image.Image) -> Image.Image:
    """Give 16-bit greys, or 12 in a TIFF, 8 bits, and transparency where the file says so.

    Pillow's own conversion clips everything above 255 to white, and takes a TIFF's white for black.
    """
    levels = np.asarray(picture)
    table = np.clip(np.arange(2**16) / _white(picture), 0, 1)
    if _tags(picture).get(ExifTags.Base.PhotometricInterpretation) == 0:
        table = 1 - table
    made = Image.fromarray((255 * table).round().astype(np.uint8)[levels])
    transparent = picture.info.get("transparency")
    if isinstance(transparent, int):
        made.putalpha(Image.fromarray((255 * (levels != transparent)).astype(np.uint8)))
    return made


def _tags(picture: Image.Image) -> dict:
    return getattr(picture, "tag_v2", {})


def _white(picture: Image.Image) -> int:
    """Return the level of white: what a TIFF's tag gives, or the largest number of its bits."""
    bits = _tags(picture).get(ExifTags.Base.BitsPerSample, (16,))[0]
    given = _tags(picture).get(MAX_SAMPLE_VALUE)
    given = given[0] if isinstance(given, tuple) else given
    return given if isinstance(given, int) and 255 <= given < 2**bits else 2**bits - 1
