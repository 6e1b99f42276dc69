"""The V1 model: gratings, whose answers are known."""

import math

import pytest
import torch
from gratings import grating
from torch.testing import assert_close

from blurlab.pictures.grey import grey
from blurlab.training.v1 import FREQUENCIES_NYQUIST, ORIENTATIONS, energies, gains

SIZE = 64


def shown(frequency, angle=0.0, contrast=0.4):
    return (0.5 + contrast * grating(SIZE, frequency, angle)).expand(1, 3, SIZE, SIZE)


def preferred(images):
    """Return which frequency and which orientation answers most to the one picture."""
    total = energies(images)[0].sum((-1, -2))
    return divmod(int(total.argmax()), ORIENTATIONS)


@pytest.mark.parametrize("index", range(len(FREQUENCIES_NYQUIST)))
@pytest.mark.parametrize("orientation", [0, 2, 4, 6])
def test_the_energy_of_a_grating_is_largest_at_its_frequency_and_orientation(index, orientation):
    frequency = FREQUENCIES_NYQUIST[index] * SIZE / 2
    images = shown(frequency, math.pi * orientation / ORIENTATIONS)
    assert preferred(images) == (index, orientation)


def test_the_energy_of_a_grating_does_not_depend_on_its_phase():
    column = torch.arange(SIZE)
    found = []
    for phase in (0, 0.3, math.pi / 2, math.pi, 4):
        wave = 0.5 + 0.4 * torch.cos(2 * math.pi * 8 * column / SIZE + phase)
        found.append(energies(wave.expand(1, 3, SIZE, SIZE)))
    for other in found[1:]:
        assert_close(other, found[0], atol=1e-5, rtol=0)


def test_an_energy_is_the_sum_of_squares_of_an_even_and_an_odd_answer():
    """A filter passes one of a grating's two lobes, half its amplitude, whole."""
    found = energies(shown(8, contrast=0.4))[0, 2, 0]
    assert_close(found, torch.full_like(found, 0.2**2), atol=1e-4, rtol=0)


def test_half_the_amplitude_is_left_an_octave_apart():
    row = gains(96)[2, 0, 0]  # along x; the preferred frequency is 12
    assert_close(row[[8, 12, 16]], torch.tensor([0.5, 1.0, 0.5]))


def test_mean_grey_has_no_energy():
    assert energies(torch.full((1, 3, SIZE, SIZE), 0.7)).max() < 1e-9


def test_the_grid_tells_where_a_grating_is():
    image = torch.full((1, 3, SIZE, SIZE), 0.5)
    image[..., SIZE // 2 :] = shown(16)[..., SIZE // 2 :]
    left, right = energies(image)[0, 3, 0].split(4, -1)
    assert right[:, 1:-1].min() > 10 * left[:, 1:-1].max()


def test_only_the_luminance_is_seen(generator):
    images = torch.rand(3, 3, SIZE, SIZE, generator=generator)
    assert_close(energies(grey(images).expand_as(images)), energies(images), atol=1e-6, rtol=1e-5)
