"""Noise of growing strength: networks made by hand, whose accuracy under it is known."""

import math

import pytest
import torch
from torch.testing import assert_close

from blurlab.data.sets import Pictures
from blurlab.measures import noise
from blurlab.measures.noise import KINDS, NOISE, noisy
from blurlab.measures.row import Batch
from blurlab.measures.tallies import batches, tallies, total
from blurlab.statistics import share

LADDERS = {
    "gaussian": [0.05, 0.1, 0.13, 0.16, 0.2],
    "uniform": [0.1, 0.15, 0.18, 0.22, 0.3],
    "salt_and_pepper": [0.1, 0.3, 0.45, 0.55, 0.7],
}


def flat(count, level=0.6, size=8):
    """Draw grey pictures without structure, all of class 1."""
    images = torch.full((count, 3, size, size), round(255 * level), dtype=torch.uint8)
    return Pictures(images, torch.ones(count, dtype=torch.long), ("dark", "bright"))


def by_one_value(images):
    """Answer 1 where the first value of a picture is above a half, and 0 elsewhere."""
    lead = images[:, 0, 0, 0] - 0.5
    return torch.stack([-lead, lead], 1)


def by_spread(images):
    """Answer 1 for pictures that vary by less than 0.1, and 0 for others."""
    lead = 0.1 - images.flatten(1).std(1)
    return torch.stack([-lead, lead], 1)


def summed(network, pictures, **changed):
    settings, count = NOISE.settings | changed, len(pictures.labels)
    numbers = batches(pictures, count, NOISE.size)
    found = tallies(NOISE, network, pictures, settings, numbers=numbers, count=count)
    return total(dict(found)), settings


def measured(network, pictures, **changed):
    return NOISE.estimate(*summed(network, pictures, **changed))


def values(intervals):
    return [each.value for each in intervals]


def test_a_network_of_one_value_is_right_as_often_as_the_noise_leaves_that_value_bright():
    found = measured(by_one_value, flat(1500), **LADDERS)
    normal = torch.distributions.Normal(0.0, 1.0)
    expected = {
        "gaussian": [normal.cdf(torch.tensor(0.1 / s)).item() for s in LADDERS["gaussian"]],
        "uniform": [(0.1 + w) / (2 * w) for w in LADDERS["uniform"]],
        "salt_and_pepper": [1 - p / 2 for p in LADDERS["salt_and_pepper"]],
    }
    for kind in KINDS:
        assert values(found["accuracy"][kind]) == pytest.approx(expected[kind], abs=0.03)
    assert found["clean"].value == 1
    assert found["chance"] == 0.5
    assert found["half"] == 0.75
    # Three quarters are left at 0.1 / 0.674 standard deviations, at twice 0.1, and at a half.
    known = {"gaussian": 0.148, "uniform": 0.2, "salt_and_pepper": 0.5}
    for kind, strength in known.items():
        value, low, high = found["thresholds"][kind]
        assert low < strength < high
        assert value == pytest.approx(strength, rel=0.12)


def test_noise_has_the_spread_that_its_strength_says():
    """Of a flat mid-grey: sigma, w / sqrt(3), and a half of the root of the share."""
    found = measured(by_spread, flat(6, 0.5, 64))
    assert values(found["accuracy"]["gaussian"]) == [1, 1, 1, 0, 0, 0]
    assert values(found["accuracy"]["uniform"]) == [1, 1, 1, 0, 0, 0, 0]
    assert values(found["accuracy"]["salt_and_pepper"]) == [1, 1, 0, 0, 0, 0, 0]
    # A quarter of the way, in octaves, to the rung where nothing is left.
    assert found["thresholds"]["gaussian"].value == pytest.approx(0.08 * 2**0.25)
    assert found["thresholds"]["uniform"].value == pytest.approx(0.1 * 2**0.25)
    assert found["thresholds"]["salt_and_pepper"].value == pytest.approx(0.02 * 2.5**0.25)
    assert found["accuracy"]["gaussian"][0] == share(6, 6)


def test_below_the_weakest_strength_a_threshold_is_between_it_and_none():
    found = measured(by_spread, flat(6, 0.5, 64), gaussian=[0.2, 0.4])
    assert found["thresholds"]["gaussian"].value == pytest.approx(0.25 * 0.2)


def test_a_network_that_noise_does_not_touch_has_no_threshold():
    always = measured(lambda images: torch.tensor([[0.0, 1.0]]).repeat(len(images), 1), flat(10))
    assert all(math.isnan(each.value) for each in always["thresholds"].values())
    told = {number.label: number.found for number in NOISE.summary(always)}
    assert told["threshold, Gaussian"] == "above 0.64"
    assert told["threshold, salt and pepper"] == "above 0.65"
    never = measured(lambda images: torch.tensor([[1.0, 0.0]]).repeat(len(images), 1), flat(10))
    assert all(math.isnan(each.value) for each in never["thresholds"].values())
    assert all(math.isnan(number.found.value) for number in NOISE.summary(never)[1:])


def test_the_interval_of_a_threshold_holds_the_truth_as_often_as_it_says():
    strengths = [0.12, 0.14, 0.16, 0.18]
    ladders = LADDERS | {"gaussian": strengths}
    sums, _ = summed(by_one_value, flat(2000), **ladders)
    right, held = sums["each_gaussian"].bool(), 0
    for part in right.split(100):
        rows = part.double()
        parts = {
            "pictures": torch.tensor(100.0).double(), "choices": torch.tensor(200.0).double(),
            "clean": torch.tensor(100.0).double(), "gaussian": rows.sum(0),
            "both_gaussian": rows.sum(0),
        }  # fmt: skip
        found = noise.threshold(parts, "gaussian", strengths)
        held += math.isnan(found.value) or found.low <= 0.1483 <= found.high
    assert held >= 17


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_has_the_same_draws_at_every_strength(kind):
    seen = []

    def listening(images):
        seen.append(images.clone())
        return by_one_value(images)

    images = torch.full((2, 3, 16, 16), 0.5)
    labels = torch.ones(2, dtype=torch.long)
    generator = torch.Generator().manual_seed(0)
    batch = Batch(images, labels, images, labels, generator, 0)
    ladders = {name: [0.05, 0.1] for name in KINDS}
    NOISE.tally(listening, batch, NOISE.settings | ladders)
    clean, *shown = seen
    assert_close(clean, images)
    weak, strong = shown[2 * list(KINDS).index(kind) :][:2]
    if kind == "salt_and_pepper":
        changed = weak != 0.5
        assert set(weak[changed].tolist()) == {0.0, 1.0}
        assert (strong[changed] != 0.5).all()
        assert (strong != 0.5).float().mean() == pytest.approx(0.1, abs=0.03)
    else:
        assert_close(2 * (weak - 0.5), strong - 0.5)
    assert not torch.equal(weak[0], weak[1])
    assert not torch.equal(weak[:, 0], weak[:, 1])


def test_grey_pictures_have_grey_noise_and_contrast_is_taken_before_it():
    seen = []

    def listening(images):
        seen.append(images)
        return by_one_value(images)

    summed(listening, flat(4, 1.0), colour="grey", contrast=0.3)
    assert_close(seen[0], torch.full_like(seen[0], 0.65))
    for images in seen:
        assert torch.equal(images[:, 0], images[:, 1])
        assert torch.equal(images[:, 0], images[:, 2])
    assert seen[-1].std() > 0.2


def test_noisy_pictures_stay_within_their_range():
    images = torch.rand(2, 3, 8, 8)
    for kind in KINDS:
        drawn = torch.randn(2, 3, 8, 8) if kind == "gaussian" else torch.rand(2, 3, 8, 8)
        found = noisy(images, kind, 0.9, drawn)
        assert 0 <= found.min() <= found.max() <= 1
        assert_close(noisy(images, kind, 0.0, drawn), images)
