"""Low-passed and high-passed pictures: models of one frequency, and people's pictures."""

import math

import numpy as np
import pytest
import torch
from gratings import grating
from torch.testing import assert_close

from blurlab.data.sets import Pictures
from blurlab.measures.passes import (
    BACKGROUND,
    HALF_GAIN,
    HUMANS,
    PASSES,
    human_high,
    human_low,
    ideal,
    over_people,
)
from blurlab.measures.tallies import batches, tallies, total

SIZE = 32


def measured(network, pictures, **changed):
    settings, count = PASSES.settings | changed, len(pictures.labels)
    numbers = batches(pictures, count, PASSES.size)
    found = total(dict(tallies(PASSES, network, pictures, settings, numbers=numbers, count=count)))
    return PASSES.estimate(found, settings)


def values(intervals):
    return [interval.value for interval in intervals]


def striped(frequency):
    """Draw eight pictures of stripes of one frequency, upright (0) or level (1)."""
    labels = torch.arange(8) % 2
    upright = 0.5 + 0.2 * grating(SIZE, frequency)
    images = torch.stack([upright, upright.T])[labels].mul(255).round().byte()
    return Pictures(images[:, None].repeat(1, 3, 1, 1), labels, ("upright", "level"))


@pytest.mark.parametrize("frequency", [2, 5, 11])
def test_a_model_of_one_frequency_is_right_up_to_it_when_high_passed_and_from_it_when_low_passed(
    frequency,
):
    def by_stripes(images):
        spectrum = torch.fft.fft2(images[:, 0], norm="ortho").abs()
        nothing = torch.ones(len(images))
        return torch.stack([spectrum[:, 0, frequency], spectrum[:, frequency, 0], nothing], 1)

    alphas = [200 * (cutoff + 0.5) / SIZE for cutoff in range(12)]
    found = measured(by_stripes, striped(frequency), alphas=alphas)
    reached = [float(cutoff + 0.5 > frequency) for cutoff in range(12)]
    assert values(found["low"]) == reached
    assert values(found["high"]) == [1 - share for share in reached]
    assert found["clean"].value == 1
    assert found["cutoffs_nyquist"] == pytest.approx([alpha / 100 for alpha in alphas])


def test_both_pictures_keep_the_mean_and_add_up_to_the_picture(images):
    calm = 0.4 + 0.2 * images  # nothing is clipped
    low, high = ideal(calm, 25)
    mean = calm.mean((-1, -2), keepdim=True)
    assert_close(low.mean((-1, -2)), mean[..., 0, 0])
    assert_close(high.mean((-1, -2)), mean[..., 0, 0])
    assert_close(low + high - mean, calm)


def test_pictures_for_people_are_those_of_the_published_filter(generator):
    """Gaussian of scipy with grey around, minus it for high, at their own size of 224 pixels."""
    ndimage = pytest.importorskip("scipy.ndimage")
    picture = torch.rand(1, 1, 224, 224, generator=generator)
    for sigma in (0.4, 1, 3, 10, 40):
        blurred = ndimage.gaussian_filter(
            picture[0, 0].numpy().astype(np.float64), sigma, mode="constant", cval=BACKGROUND
        )
        found = human_low(picture, sigma)
        assert found.shape == (1, 3, 224, 224)
        assert np.abs(found[0, 1].numpy() - blurred).max() < 1e-5
        fine = picture[0, 0].numpy() - blurred
        expected = np.clip(fine + BACKGROUND - fine.mean(), 0, 1)
        assert np.abs(human_high(picture, sigma)[0, 2].numpy() - expected).max() < 1e-5


@pytest.mark.parametrize("sigma", [0.45, 1, 3])
def test_smaller_pictures_lose_the_same_cycles_per_image(sigma):
    """Far from the borders, a grating is dimmed as much at 112 pixels as at 224."""
    for frequency in (4, 16, 40):
        left = []
        for size in (112, 224):
            waves = 0.5 * grating(size, frequency)[None, None]
            middle = slice(size // 2 - size // 8, size // 2 + size // 8)
            blurred = human_low(BACKGROUND + waves, sigma)[0, 0] - BACKGROUND
            part, whole = blurred[middle, middle], waves[0, 0, middle, middle]
            left.append(((part * whole).sum() / whole.square().sum()).item())
        assert left[0] == pytest.approx(left[1], abs=2e-3)


def test_a_sigma_of_none_or_of_infinity_leaves_the_grey_picture(generator):
    grey = torch.rand(2, 1, SIZE, SIZE, generator=generator)
    assert_close(human_low(grey, 0), grey.repeat(1, 3, 1, 1))
    assert_close(human_high(grey, math.inf), grey.repeat(1, 3, 1, 1))


def test_the_interval_of_people_is_over_people_and_not_over_trials():
    found = over_people(31, 67, 63, 65)  # of 160 each, behind the high-pass of 0.7 pixels
    assert found == pytest.approx((0.3531, 0.1833, 0.5230), abs=1e-4)
    assert over_people(10, 10, 10, 10) == pytest.approx((1 / 16,) * 3)
    assert over_people(0, 0, 0, 160).low == 0


def test_beside_people_every_class_counts_alike_and_the_rarest_not_at_all():
    labels = torch.tensor([0] * 90 + [1] * 10 + [2] * 2)
    named = torch.zeros(102, 3).index_fill_(1, torch.tensor(0), 1.0)  # it always says the first

    def naming(images):
        return named[: len(images)]

    pictures = Pictures(torch.zeros(102, 3, 32, 32, dtype=torch.uint8), labels, ("a", "b", "c"))
    found = measured(naming, pictures, filter="human")
    assert found["classes"] == 2
    assert found["clean"].value == found["low"][3].value == pytest.approx(0.5)
    assert measured(naming, pictures)["clean"].value == pytest.approx(90 / 102)


def test_what_people_saw_is_asked_in_grey_and_told_in_their_own_unit():
    asked = []

    def listening(images):
        asked.append(images)
        return torch.zeros(len(images), 2)

    found = measured(listening, striped(3), filter="human")
    assert len(asked) == len(HUMANS["low"]) + len(HUMANS["high"]) + 1
    assert all((images[:, 0] == images[:, 2]).all() for images in asked)
    assert len(found["low"]) == len(found["low_sigmas_of_224"]) == len(HUMANS["low"])
    assert found["low_sigmas_of_224"][:3] == [None, 1, 3]
    assert found["high_sigmas_of_224"][:2] == [None, 3]
    # A Gaussian of 3 pixels has gain 1/2 at this many cycles in 224 pixels.
    gain = math.exp(-2 * (math.pi * 3 * found["low_cutoffs"][2] / 224) ** 2)
    assert gain == pytest.approx(0.5)
    assert found["high_cutoffs"][1] == found["low_cutoffs"][2]
    assert pytest.approx(0.1874, abs=1e-4) == HALF_GAIN
