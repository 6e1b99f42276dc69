"""The table of corruptions: which function, how strong, and what is known of each."""

import numpy as np

from blurlab.corruptions import blurs, digital, noise, weather
from blurlab.corruptions.row import Corruption

STRENGTHS = {
    "imagenet": "made for 224-pixel pictures; elastic_transform is the imagecorruptions package's",
    "imagenet_original": "the same, with the elastic_transform of the published ImageNet-C files",
    "cifar": "made for 32-pixel pictures (CIFAR-10-C)",
}


def _zooms(*stops_and_steps: tuple[float, float]) -> tuple:
    # Rounding in arange decides whether the last factor is in, as it did in the published sets.
    return tuple((tuple(np.arange(1, stop, step).tolist()),) for stop, step in stops_and_steps)


def _each(*values: object) -> tuple:
    return tuple((value,) for value in values)


# Hendrycks & Dietterich 2019, their make_imagenet_c.py and make_cifar_c.py.
_PUBLISHED = (
    Corruption(
        "gaussian_noise",
        "Gaussian noise",
        "Adds normally distributed noise to every value, as a sensor in low light does.",
        noise.gaussian_noise,
        {
            "imagenet": _each(0.08, 0.12, 0.18, 0.26, 0.38),
            "cifar": _each(0.04, 0.06, 0.08, 0.09, 0.10),
        },
        "high",
        random=True,
    ),
    Corruption(
        "shot_noise",
        "Shot noise",
        "Counts photons instead of light, so that bright places vary most.",
        noise.shot_noise,
        {"imagenet": _each(60, 25, 12, 5, 3), "cifar": _each(500, 250, 100, 75, 50)},
        "high",
        random=True,
    ),
    Corruption(
        "impulse_noise",
        "Impulse noise",
        "Sets a share of the values to black or white, as bit errors do (salt and pepper).",
        noise.impulse_noise,
        {
            "imagenet": _each(0.03, 0.06, 0.09, 0.17, 0.27),
            "cifar": _each(0.01, 0.02, 0.03, 0.05, 0.07),
        },
        "high",
        random=True,
    ),
    Corruption(
        "defocus_blur",
        "Defocus blur",
        "Blurs with a disc, as a lens out of focus does.",
        blurs.defocus_blur,
        {
            "imagenet": ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)),
            "cifar": ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)),
        },
        "medium",
    ),
    Corruption(
        "glass_blur",
        "Glass blur",
        "Blurs, swaps pixels with near neighbours and blurs again, as frosted glass does.",
        blurs.glass_blur,
        {
            "imagenet": ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)),
            "cifar": ((0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)),
        },
        "medium",
        random=True,
    ),
    Corruption(
        "motion_blur",
        "Motion blur",
        "Smears the picture along a random direction, as a moving camera does.",
        blurs.motion_blur,
        {
            "imagenet": ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
            "cifar": ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)),
        },
        "medium",
        random=True,
    ),
    Corruption(
        "zoom_blur",
        "Zoom blur",
        "Averages the picture over growing magnifications, as a camera rushing forward does.",
        blurs.zoom_blur,
        {
            "imagenet": _zooms(
                (1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)
            ),
            "cifar": _zooms((1.06, 0.01), (1.11, 0.01), (1.16, 0.01), (1.21, 0.01), (1.26, 0.01)),
        },
        "medium",
    ),
    Corruption(
        "snow",
        "Snow",
        "Whitens the picture and draws falling flakes with trails over it.",
        weather.snow,
        {
            "imagenet": (
                (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
                (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
                (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
                (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
                (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
            ),
            "cifar": (
                (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
                (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
                (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
                (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
                (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
            ),
        },
        "low",
        random=True,
    ),
    Corruption(
        "frost",
        "Frost",
        "Lays crystals of ice over a darkened picture, as on a window.",
        weather.frost,
        {
            "imagenet": ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)),
            "cifar": ((1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)),
        },
        "low",
        random=True,
    ),
    Corruption(
        "fog",
        "Fog",
        "Adds a random cloud and lowers the contrast.",
        weather.fog,
        {
            "imagenet": ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)),
            "cifar": ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)),
        },
        "low",
        random=True,
    ),
    Corruption(
        "brightness",
        "Brightness",
        "Raises the value of every pixel in HSV.",
        digital.brightness,
        {
            "imagenet": _each(0.1, 0.2, 0.3, 0.4, 0.5),
            "cifar": _each(0.05, 0.1, 0.15, 0.2, 0.3),
        },
        "low",
    ),
    Corruption(
        "contrast",
        "Contrast",
        "Draws every pixel towards the mean of its channel.",
        digital.contrast,
        {
            "imagenet": _each(0.4, 0.3, 0.2, 0.1, 0.05),
            "cifar": _each(0.75, 0.5, 0.4, 0.3, 0.15),
        },
        "low",
    ),
    Corruption(
        "elastic_transform",
        "Elastic transform",
        "Stretches and shifts small regions at random.",
        digital.elastic_transform,
        {
            "imagenet": tuple((0, 0.005 * gain, 0.01) for gain in (12.5, 16.25, 21.25, 25, 30)),
            # Their lengths are in units of 244 pixels, on pictures of 224.
            "imagenet_original": tuple(
                tuple(length * 244 / 224 for length in lengths)
                for lengths in (
                    (0.1, 2, 0.7),
                    (0.2, 2, 0.08),
                    (0.02, 0.05, 0.01),
                    (0.02, 0.07, 0.01),
                    (0.02, 0.12, 0.01),
                )
            ),
            "cifar": (
                (0.08, 0, 0),
                (0.07, 0.05, 0.2),
                (0.06, 0.08, 0.06),
                (0.05, 0.1, 0.04),
                (0.03, 0.1, 0.03),
            ),
        },
        "medium",
        random=True,
    ),
    Corruption(
        "pixelate",
        "Pixelate",
        "Reduces the picture to fewer pixels and enlarges it without smoothing.",
        digital.pixelate,
        {
            "imagenet": _each(0.6, 0.5, 0.4, 0.3, 0.25),
            "cifar": _each(0.95, 0.9, 0.85, 0.75, 0.65),
        },
        "medium",
    ),
    Corruption(
        "jpeg_compression",
        "JPEG compression",
        "Stores the picture as a JPEG file of low quality.",
        digital.jpeg_compression,
        {"imagenet": _each(25, 18, 15, 10, 7), "cifar": _each(80, 65, 58, 50, 40)},
        "medium",
    ),
    Corruption(
        "speckle_noise",
        "Speckle noise",
        "Adds noise in proportion to each value, so that dark places stay clean.",
        noise.speckle_noise,
        {
            "imagenet": _each(0.15, 0.2, 0.35, 0.45, 0.6),
            "cifar": _each(0.06, 0.1, 0.12, 0.16, 0.2),
        },
        None,
        role="validation",
        random=True,
    ),
    Corruption(
        "gaussian_blur",
        "Gaussian blur",
        "Blurs with a Gaussian.",
        blurs.gaussian_blur,
        {"imagenet": _each(1, 2, 3, 4, 6), "cifar": _each(0.4, 0.6, 0.7, 0.8, 1)},
        None,
        role="validation",
    ),
    Corruption(
        "spatter",
        "Spatter",
        "Throws drops of water (severities 1 to 3) or mud (4 and 5) on the lens.",
        weather.spatter,
        {
            "imagenet": (
                (0.65, 0.3, 4, 0.69, 0.6, False),
                (0.65, 0.3, 3, 0.68, 0.6, False),
                (0.65, 0.3, 2, 0.68, 0.5, False),
                (0.65, 0.3, 1, 0.65, 1.5, True),
                (0.67, 0.4, 1, 0.65, 1.5, True),
            ),
            "cifar": (
                (0.62, 0.1, 0.7, 0.7, 0.5, False),
                (0.65, 0.1, 0.8, 0.7, 0.5, False),
                (0.65, 0.3, 1, 0.69, 0.5, False),
                (0.65, 0.1, 0.7, 0.69, 0.6, True),
                (0.65, 0.1, 0.5, 0.68, 0.6, True),
            ),
        },
        None,
        role="validation",
        random=True,
    ),
    Corruption(
        "saturate",
        "Saturate",
        "Takes colour away (severities 1 and 2) or adds it (3 to 5).",
        digital.saturate,
        {
            "imagenet": ((0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2)),
            "cifar": ((0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)),
        },
        None,
        role="validation",
    ),
)


CORRUPTIONS: dict[str, Corruption] = {row.name: row for row in _PUBLISHED}


def published() -> list[str]:
    """Name the corruptions that measures are made of: a change of these is another measure."""
    return [name for name, row in CORRUPTIONS.items() if row.role != "offered"]


def in_class(band: str | None = None) -> list[str]:
    """Name the corruptions of the test set that are in one of BANDS, or in any."""
    rows = (row for row in CORRUPTIONS.values() if row.role == "test")
    return [row.name for row in rows if band in (None, row.band)]
