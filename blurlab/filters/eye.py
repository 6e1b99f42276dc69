"""What an eye resolves of a picture from a distance."""

import math

from torch import Tensor

from blurlab.filters.spectrum import low_pass

# Normal sight, 20/20, parts lines of one arcminute: 30 cycles/degree.
ACUITY = 30.0
FAR = 200.0  # widths of the picture: 20 m for one of 10 cm


def resolved(widths: float) -> float:
    """Return the highest frequency that an eye resolves, in cycles/image.

    widths: viewing distance in widths of the picture.
    """
    return ACUITY * math.degrees(2 * math.atan(0.5 / widths))


def cutoff(widths: float) -> float:
    """Return the Gaussian filter's cutoff, in cycles/image, that leaves a tenth at resolved()."""
    return resolved(widths) / math.sqrt(math.log2(10))


def seen(images: Tensor, widths: float = FAR) -> Tensor:
    """Return what an eye resolves of (..., S, S) pictures in [0, 1], at their own size."""
    return low_pass(images, min(cutoff(widths), images.shape[-1] / 2), "gaussian").clamp(0, 1)
