"""What an eye resolves from a distance: known angles, known contrasts."""

import math

import pytest
import torch

from blurlab.filters import eye

SIZE = 64


def grating(frequency):
    wave = torch.cos(2 * math.pi * frequency * torch.arange(SIZE) / SIZE)
    return (0.5 + 0.4 * wave).expand(1, 3, SIZE, SIZE)


def contrast(images):
    return float(images.amax() - images.amin()) / 0.8


def test_an_eye_resolves_thirty_cycles_of_a_degree():
    one_degree = 0.5 / math.tan(math.radians(0.5))
    assert eye.resolved(one_degree) == pytest.approx(30)
    assert eye.resolved(eye.FAR) == pytest.approx(8.594, abs=0.001)
    assert eye.resolved(2 * eye.FAR) == pytest.approx(eye.resolved(eye.FAR) / 2, rel=1e-4)


def test_a_tenth_of_the_contrast_is_left_where_resolution_ends():
    widths = 30 / 8 * 0.5 / math.tan(math.radians(0.5))  # resolves 8 cycles/image
    assert eye.resolved(widths) == pytest.approx(8, rel=1e-3)
    assert contrast(eye.seen(grating(8), widths)) == pytest.approx(0.1, abs=0.001)
    assert contrast(eye.seen(grating(1), widths)) > 0.95
    assert contrast(eye.seen(grating(16), widths)) < 0.001


def test_close_up_everything_is_seen():
    assert contrast(eye.seen(grating(8), 1.0)) > 0.95
