"""What training makes small: each objective against what it is made of."""

import pytest
import tiny
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from blurlab.attacks import descent
from blurlab.filters.blur import gaussian_blur
from blurlab.training import similarity
from blurlab.training.loop import untrained
from blurlab.training.objectives import (
    Shown,
    adversarial,
    answer,
    blurred,
    noisy,
    plain,
    seen,
    similar,
)

SMOOTHING = 0.1


@pytest.fixture(scope="module")
def model():
    return untrained(tiny.RECIPE, len(tiny.CLASSES)).eval()


@pytest.fixture
def shown(generator):
    drawn = tiny.pictures(24, 0, 32)
    stimuli = similarity.stand_in(drawn.images, 32, seed=0)
    return Shown(drawn.images.float() / 255, drawn.labels, SMOOTHING, generator, stimuli)


def cross_entropy(model, images, shown):
    return F.cross_entropy(model(images), shown.labels, label_smoothing=SMOOTHING)


def test_in_float32_the_answers_in_training_are_those_of_the_model(model, shown):
    found = answer(model, shown.images, bfloat16=False)
    assert_close(found, model(shown.images), atol=0, rtol=0)


def test_in_bfloat16_the_answers_in_training_are_about_those_of_the_model(model, shown):
    found = answer(model, shown.images, bfloat16=True)
    assert not torch.equal(found, model(shown.images))
    assert_close(found, model(shown.images), atol=0.02, rtol=0.02)


def test_the_plain_objective_is_the_cross_entropy(model, shown):
    assert_close(plain(model, shown, {}), cross_entropy(model, shown.images, shown))


def test_the_adversarial_objective_is_that_of_attacked_pictures(model, shown):
    generator = shown.generator.clone_state()
    found = adversarial(model, shown, {"epsilon": 4})
    *_, attacked = descent.pgd(
        model, shown.images, shown.labels,
        epsilon=4 / 255, steps=1, step_size=5 / 255, generator=generator,
    )  # fmt: skip
    assert_close(found, cross_entropy(model, attacked, shown))
    assert found > plain(model, shown, {})


def test_an_attack_leaves_no_gradient_on_the_weights(shown):
    network = untrained(tiny.RECIPE, len(tiny.CLASSES))
    adversarial(network, shown, {"epsilon": 4})
    assert all(weights.grad is None for weights in network.parameters())


def test_the_noisy_objective_is_that_of_pictures_under_noise(shown):
    """A model that only tells how far pictures are from grey sees what noise was added."""
    grey = shown._replace(images=torch.full((400, 3, 32, 32), 0.5), labels=torch.arange(400) % 3)
    seen = []

    class Watched(torch.nn.Module):
        def prepare(self, images):
            seen.append(images)
            return images

        def net(self, images):
            return (images - 0.5).square().mean((2, 3))

    found = noisy(Watched(), grey, {"deviation": 0.1})
    assert_close(found, cross_entropy(Watched().net, seen[0], grey))
    deviations = seen[0].flatten(1).std(1)
    assert deviations.min() < 0.01
    assert 0.045 < deviations.mean() < 0.055
    assert 0.095 < deviations.max() < 0.105
    noisy(Watched(), grey, {"deviation": 5.0})
    assert seen[1].min() == 0
    assert seen[1].max() == 1


def test_the_blurred_objective_is_that_of_pictures_blurred_by_one_of_the_sigmas(model, shown):
    assert_close(blurred(model, shown, {"sigmas": [0]}), plain(model, shown, {}))
    found = blurred(model, shown, {"sigmas": [2.0]})
    assert_close(found, cross_entropy(model, gaussian_blur(shown.images, 2.0), shown))
    sharp, soft = shown.images, gaussian_blur(shown.images, 2.0)
    mixed = seen("blurred", sharp, {"sigmas": [0, 2.0]}, shown.generator)
    is_soft = (mixed == soft).all((1, 2, 3))
    assert (is_soft | (mixed == sharp).all((1, 2, 3))).all()
    assert 4 < is_soft.sum() < 20


def test_without_noise_the_noisy_objective_is_the_plain_one(model, shown):
    assert_close(noisy(model, shown, {"deviation": 0.0}), plain(model, shown, {}))


def test_dissimilarity_costs_what_the_weight_says(model, shown):
    settings = {"weight": 20.0, "pictures": 24}  # all of them, in another order
    distance = similarity.distance(
        similarity.of_network(model, shown.stimuli.images), shown.stimuli.similarity
    )
    expected = plain(model, shown, {}) + 20 * distance
    assert_close(similar(model, shown, settings), expected)
