"""Contrast sensitivity of networks made by hand, whose thresholds are known."""

import math
from dataclasses import replace

import pytest
import torch

from blurlab.data.sets import Pictures
from blurlab.filters.spectrum import multiply_spectrum, radial_frequency
from blurlab.measures import contrast
from blurlab.measures.contrast import CONTRAST, CONTRASTS, MISSED, frequencies, person, threshold
from blurlab.measures.tallies import tallies, total

SIZE = 32


class Detector(torch.nn.Module):
    """Answers with the deviation of what an octave about a frequency leaves, above a floor."""

    def __init__(self, frequency, floor=0.0):
        super().__init__()
        radius = radial_frequency(SIZE)[:, : SIZE // 2 + 1]
        self.inside = (radius - frequency).abs() < 0.3 * frequency
        self.floor = floor

    def forward(self, images):
        band = multiply_spectrum(images.mean(1, keepdim=True), self.inside.float())
        seen = (band.square().mean((1, 2, 3)).sqrt() - self.floor).clamp(min=0)
        return torch.stack([seen, torch.zeros_like(seen)], 1)


def measured(network):
    """Measure with three batches of noise."""
    noise = torch.rand(30, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    pictures = Pictures(noise.mul(255).byte(), torch.arange(30) % 2, ("a", "b"))
    settings, measure = CONTRAST.settings, replace(CONTRAST, size=10)
    found = dict(tallies(measure, network, pictures, settings, numbers=[0, 1, 2], count=30))
    return CONTRAST.estimate(total(found), settings)


def test_gratings_have_their_frequency_and_contrast():
    zero = torch.zeros(1)
    (drawn,) = contrast.grating(SIZE, 4, 0.5, zero, zero)
    assert drawn.shape == (3, SIZE, SIZE)
    assert 0.73 < drawn.max().item() <= 0.75  # between whose pixels the peak may lie
    assert 0.25 <= drawn.min().item() < 0.27
    power = torch.fft.rfft2(drawn[0] - drawn.mean()).abs()
    assert divmod(int(power.argmax()), SIZE // 2 + 1) == (0, 4)


def test_a_detector_of_one_frequency_sees_that_best():
    found = measured(Detector(4.0, 0.002))
    by = dict(zip(found["frequencies"], found["sensitivity"], strict=True))
    assert by[4.0].value > 100
    assert not by[1.0].value > 50
    assert not by[2 ** (7 / 2)].value > 50
    assert 3 < found["peak"] < 6
    assert found["read_out"].value > 0.95


def test_a_floor_is_the_threshold():
    amplitude = 0.1  # contrast whose deviation is the floor
    found = measured(Detector(4.0, 0.5 * amplitude / math.sqrt(2)))
    by = dict(zip(found["frequencies"], found["sensitivity"], strict=True))
    assert 1 / (2 * amplitude) <= by[4.0].value <= 1.1 / amplitude
    assert by[4.0].low <= by[4.0].value <= by[4.0].high


def test_a_network_that_sees_no_contrast_has_no_sensitivity():
    found = measured(lambda images: images.mean((2, 3)))
    assert all(math.isnan(each.value) for each in found["sensitivity"])
    assert math.isnan(found["peak"])
    assert CONTRAST.summary(found)[0].found == "undefined"


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([1.0] * 10, math.log2(CONTRASTS[0])),
        ([0.5] * 9 + [1.0], -0.5),
        ([0.5] * 10, MISSED),
        ([1.0] * 5 + [0.0] + [1.0] * 4, -3.25),  # what chance gets right below it does not count
        ([0.5] * 5 + [0.75] * 5, -4),
    ],
)
def test_a_threshold_is_where_all_above_is_seen(shares, expected):
    assert threshold(shares) == pytest.approx(expected)


def test_frequencies_end_below_nyquist():
    for size in (32, 96, 128, 256):
        assert size / 2 / math.sqrt(2) <= frequencies(size)[-1] < size / 2


def test_people_see_best_at_three_to_five_cycles_per_degree_and_nothing_at_sixty():
    octaves = [2 ** (step / 8) for step in range(-16, 49)]
    assert 3 <= max(octaves, key=person) <= 5
    assert 100 < max(map(person, octaves)) < 300
    assert person(60) < 2
