"""Gratings, constants and noise, whose spectra are known; then the paper's own arithmetic."""

import json
import math

import numpy as np
import pytest
import torch
from gratings import grating
from torch.testing import assert_close

from blurlab.filters.spectrum import (
    FILTERS,
    UNITS,
    convert,
    gain,
    half_power_exact,
    high_pass,
    low_pass,
    mean_power,
    radial_frequency,
    radial_power_spectrum,
    to_image,
)

SMOOTH = ["gaussian", "butterworth"]
SYNTHETIC = ["white_sign_32", "pink_sign_32"]
REFERENCES = [*SYNTHETIC, "lowpass_32", "band_32", "pink_sign_64"]


@pytest.mark.parametrize("size", [7, 64])
def test_radial_frequency_counts_cycles_per_image(size):
    frequency = radial_frequency(size)
    assert frequency[0, 0] == 0
    assert frequency[0, 3] == frequency[-3, 0] == 3
    assert frequency[3, -3] == pytest.approx(math.sqrt(18))
    assert frequency.max() == pytest.approx(size // 2 * math.sqrt(2))


def test_units_are_multiples_of_cycles_per_image():
    values = {unit: convert(16, unit, size=64, degrees=8) for unit in UNITS}
    assert values == {"image": 16, "pixel": 0.25, "nyquist": 0.5, "degree": 2}


@pytest.mark.parametrize("unit", UNITS)
def test_to_image_undoes_convert(unit):
    assert to_image(convert(7, unit, size=96, degrees=5), unit, size=96, degrees=5) == 7


@pytest.mark.parametrize("degrees", [None, 0, -1])
def test_cycles_per_degree_need_a_visual_angle(degrees):
    with pytest.raises(ValueError, match=f"degrees is {degrees}"):
        convert(7, "degree", size=96, degrees=degrees)


def test_an_unknown_unit_or_filter_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'hertz'.*image, pixel, nyquist, degree"):
        convert(7, "hertz", size=96)
    with pytest.raises(ValueError, match=r"'boxcar'.*ideal, gaussian, butterworth"):
        gain(torch.arange(3.0), 1, "boxcar")


@pytest.mark.parametrize("cutoff", [4, 8, 16])
@pytest.mark.parametrize("filter", SMOOTH)
def test_low_pass_halves_a_grating_at_the_cutoff(filter, cutoff):
    wave = grating(64, cutoff)
    assert_close(low_pass(wave, cutoff, filter), wave / 2, atol=1e-5, rtol=0)


@pytest.mark.parametrize("filter", SMOOTH)
def test_smooth_gains_fall_from_one_through_a_half_toward_zero(filter):
    gains = gain(torch.arange(65.0), 8, filter)
    assert gains[0] == 1
    assert gains[8] == pytest.approx(0.5)
    assert (gains.diff() <= 0).all()
    assert gains[64] < 1e-6


def test_an_ideal_low_pass_keeps_its_circle_and_nothing_beyond():
    # (3, 4) lies on the circle of radius 5; (5, 1) lies 2 % outside it.
    on, beyond = grating(64, 5, math.atan2(3, 4)), grating(64, math.sqrt(26), math.atan2(1, 5))
    assert_close(low_pass(on, 5, "ideal"), on, atol=1e-6, rtol=0)
    assert_close(low_pass(beyond, 5, "ideal"), torch.zeros(64, 64), atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [96, 160, 224, 256])
def test_ideal_gains_follow_exact_integers_at_every_percent_of_nyquist(size):
    across = torch.fft.fftfreq(size, 1 / size).round().long()
    squares = across[:, None] ** 2 + across**2
    for alpha in range(101):
        inside = 40000 * squares <= (alpha * size) ** 2
        for cutoff in (alpha * size / 200, alpha / 100 * (size / 2)):  # may differ by a rounding
            assert torch.equal(gain(radial_frequency(size), cutoff, "ideal").bool(), inside), alpha


@pytest.mark.parametrize("filter", FILTERS)
def test_at_cutoff_zero_only_the_mean_passes(filter, images):
    means = images.mean((-2, -1), keepdim=True).expand_as(images)
    assert_close(low_pass(images, 0, filter), means, atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [15, 64])
@pytest.mark.parametrize("filter", FILTERS)
def test_low_pass_and_high_pass_add_up_to_the_picture(filter, size, generator):
    images = torch.rand(2, 3, size, size, generator=generator)
    together = low_pass(images, 6, filter) + high_pass(images, 6, filter)
    assert_close(together, images, atol=1e-6, rtol=0)
    assert high_pass(images, 6, filter).mean((-2, -1)).abs().max() < 1e-6


def test_low_pass_does_not_clamp(generator):
    black_or_white = torch.rand(3, 64, 64, generator=generator).round()
    filtered = low_pass(black_or_white, 30)
    assert filtered.min() < 0
    assert filtered.max() > 1


def test_filtering_a_batch_equals_filtering_each_picture(generator):
    images = torch.rand(7, 3, 224, 224, generator=generator)
    each = torch.stack([low_pass(image, 20) for image in images])
    assert_close(low_pass(images, 20), each, atol=1e-6, rtol=0)


@pytest.mark.parametrize("filter", FILTERS)
def test_low_pass_is_differentiable(filter, generator):
    images = torch.rand(2, 8, 8, dtype=torch.float64, generator=generator, requires_grad=True)
    assert torch.autograd.gradcheck(lambda images: low_pass(images, 2.5, filter), images)


@pytest.mark.parametrize("cutoff", [-1, 32.01, math.nan, math.inf])
@pytest.mark.parametrize("filtered", [low_pass, high_pass])
def test_a_cutoff_beyond_nyquist_is_refused_with_the_range(filtered, cutoff, images):
    with pytest.raises(ValueError, match=f"cutoff is {cutoff} .*64 pixels allow 0 to 32"):
        filtered(images, cutoff)


def test_white_noise_has_its_variance_in_every_ring(generator):
    noise = 0.5 * torch.randn(64, 64, 64, generator=generator)
    frequencies, power = radial_power_spectrum(noise)
    assert frequencies.tolist() == list(range(33))
    # Ring 0 is one coefficient: 64 draws of a chi-squared variable with one degree of freedom.
    assert_close(power.mean(0)[1:], torch.full((32,), 0.25), atol=0.05, rtol=0)


def test_a_grating_has_all_its_power_in_its_own_ring():
    _, power = radial_power_spectrum(grating(64, 10, math.atan2(6, 8)))
    assert power.argmax() == 10
    assert power[10] / power.sum() > 0.999999


def test_ring_power_times_ring_size_is_the_energy_of_the_picture(images):
    smooth = low_pass(images, 20, "ideal")  # nothing in the corners, which have no ring
    _, power = radial_power_spectrum(smooth)
    counts = torch.bincount(radial_frequency(64).round().long().flatten())[:33]
    assert_close((power * counts).sum(-1), smooth.square().sum((-2, -1)), rtol=1e-4, atol=0)


def test_half_of_the_power_of_a_grating_lies_within_its_frequency():
    differences = grating(64, 10, math.atan2(6, 8)).expand(2, 3, 64, 64)
    assert half_power_exact(mean_power(differences)) == 10 / 64


def test_half_power_ignores_a_change_of_brightness(generator):
    differences = torch.randn(2, 3, 32, 32, generator=generator)
    brighter = half_power_exact(mean_power(differences + 5))
    assert brighter == half_power_exact(mean_power(differences))


def test_half_power_of_white_noise_is_where_half_of_the_plane_lies(generator):
    noise = torch.randn(16, 3, 64, 64, generator=generator)
    found = half_power_exact(mean_power(noise))
    assert found == pytest.approx(math.sqrt(0.5 / math.pi), abs=0.01)


def test_half_power_of_no_perturbation_is_not_a_number():
    assert math.isnan(half_power_exact(mean_power(torch.zeros(1, 3, 16, 16))))


def test_mean_power_of_batches_is_that_of_all_their_pictures(generator):
    differences = torch.randn(6, 3, 16, 16, generator=generator)
    batches = torch.stack([mean_power(batch) for batch in differences.split(2)])
    assert_close(batches.mean(0), mean_power(differences), atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_half_power_equals_the_published_notebook(name, published):
    power = mean_power(torch.from_numpy(published[f"differences_{name}"]).double())
    _, exact = published[f"half_power_{name}"]
    assert half_power_exact(power) == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", REFERENCES)
def test_power_equals_every_reference_spectrum(name, dtype, golden, shared):
    reference = golden("spectrum")
    differences = torch.from_numpy(reference[f"diff_{name}"]).to(getattr(torch, dtype))
    power = mean_power(differences)
    expected = np.fft.ifftshift(reference[f"power_{name}"])
    expected[0, 0] = 0
    tolerance = 1e-6 if dtype == "float32" else 1e-9
    scale = len(power) ** 2  # the reference transform is not orthonormal
    np.testing.assert_allclose(power.numpy() * scale, expected, atol=tolerance * expected.max())
    numbers = json.loads((shared / "golden" / "spectrum.json").read_text())[name][dtype]
    exact = numbers["half_power_freq_exact_steps"]
    assert half_power_exact(power) == pytest.approx(exact, abs=tolerance)
