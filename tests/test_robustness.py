"""Accuracy under corruptions and attacks, of models whose answers are known."""

import pytest
import torch

from blurlab import robustness
from blurlab.corruptions import CORRUPTIONS


def by_brightness(images):
    """Answer 1 for pictures brighter than mid grey, and 0 for the others."""
    lead = (images.mean((1, 2, 3)) - 0.5) * 100
    return torch.stack([-lead, lead], 1)


@pytest.fixture
def pictures(generator):
    """Eight 32-pixel pictures, four dark and four bright, a little noise on each."""
    labels = torch.tensor([0, 1] * 4)
    levels = torch.where(labels == 1, 0.75, 0.25).view(-1, 1, 1, 1)
    noise = 0.1 * (torch.rand(8, 3, 32, 32, generator=generator) - 0.5)
    return (levels + noise).mul(255).byte(), labels


def test_a_model_of_mean_brightness_is_right_under_every_blur_and_wrong_only_in_the_dark(pictures):
    *_, found = robustness.corruption_accuracy(by_brightness, *pictures, batch=4)
    assert found.pictures == 8
    assert set(found.accuracy) == set(CORRUPTIONS)
    for name in ("gaussian_blur", "defocus_blur", "glass_blur", "pixelate"):
        assert found.accuracy[name].tolist() == [1.0] * 5
    assert found.accuracy["brightness"][4] == 0.5  # dark pictures become bright
    assert found.bands["low"].value < found.bands["medium"].value


def test_a_bands_interval_holds_its_mean_and_lies_in_0_to_1(pictures):
    *_, found = robustness.corruption_accuracy(by_brightness, *pictures, batch=8)
    for band in robustness.BANDS:
        interval = found.bands[band]
        assert 0 <= interval.low <= interval.value <= interval.high <= 1


def test_the_estimate_does_not_depend_on_when_it_is_read(pictures):
    first, last = robustness.corruption_accuracy(by_brightness, *pictures, batch=4)
    assert (first.pictures, last.pictures) == (4, 8)
    *_, again = robustness.corruption_accuracy(by_brightness, *pictures, batch=4)
    assert torch.equal(last.accuracy["shot_noise"], again.accuracy["shot_noise"])


def test_an_attack_succeeds_exactly_when_epsilon_reaches_the_boundary(pictures):
    for epsilon, expected in ((0.1, 1.0), (0.3, 0.0)):  # the boundary lies 0.25 away
        *_, (score, seen) = robustness.attack_accuracy(
            by_brightness, by_brightness, *pictures, epsilon=epsilon, batch=4
        )
        assert (score.value, seen) == (expected, 8)


def test_a_transfer_from_a_model_that_looks_elsewhere_changes_nothing(pictures):
    def by_contrast(images):
        lead = images.std((1, 2, 3)) * 100
        return torch.stack([-lead, lead], 1)

    *_, (score, _) = robustness.attack_accuracy(by_contrast, by_brightness, *pictures, epsilon=0.1)
    assert score.value == 1.0
