"""What training makes small: each objective against what it is made of."""

import pytest
import tiny
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from blurlab import attacks, similarity
from blurlab.objectives import Shown, adversarial, answer, consistent, plain, similar
from blurlab.training import untrained

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


def test_on_a_cpu_the_answers_in_training_are_those_of_the_model(model, shown):
    assert_close(answer(model, shown.images), model(shown.images), atol=0, rtol=0)


def test_the_plain_objective_is_the_cross_entropy(model, shown):
    assert_close(plain(model, shown, {}), cross_entropy(model, shown.images, shown))


def test_the_adversarial_objective_is_that_of_attacked_pictures(model, shown):
    settings = {"epsilon": 4, "steps": 3}
    generator = shown.generator.clone_state()
    found = adversarial(model, shown, settings)
    *_, attacked = attacks.pgd(
        model, shown.images, shown.labels, epsilon=4 / 255, steps=3, generator=generator
    )
    assert_close(found, cross_entropy(model, attacked, shown))
    assert found > plain(model, shown, {})
    weaker = adversarial(model, shown, settings | {"epsilon": 0})
    assert_close(weaker, plain(model, shown, {}))


def test_an_attack_leaves_no_gradient_on_the_weights(shown):
    network = untrained(tiny.RECIPE, len(tiny.CLASSES))
    adversarial(network, shown, {"epsilon": 4, "steps": 2})
    assert all(weights.grad is None for weights in network.parameters())


def test_inconsistent_answers_cost_what_the_weight_says(model, shown):
    costs = []
    for weight in (0.0, 1.0, 12.0):
        again = shown._replace(generator=shown.generator.clone_state())
        costs.append(consistent(model, again, {"consistency": weight}).item())
    assert costs[0] == pytest.approx(plain(model, shown, {}).item(), rel=1e-5)
    assert costs[1] > costs[0]
    assert costs[2] - costs[0] == pytest.approx(12 * (costs[1] - costs[0]), rel=1e-2)


def test_a_network_of_one_answer_is_consistent(shown):
    network = untrained(tiny.RECIPE, len(tiny.CLASSES)).eval()
    torch.nn.init.zeros_(network.net[-1].weight)
    found = consistent(network, shown, {"consistency": 12.0})
    assert_close(found, plain(network, shown, {}))


def test_dissimilarity_costs_what_the_weight_says(model, shown):
    settings = {"weight": 20.0, "pictures": 24}  # all of them, in another order
    distance = similarity.distance(
        similarity.of_network(model, shown.stimuli.images), shown.stimuli.similarity
    )
    expected = plain(model, shown, {}) + 20 * distance
    assert_close(similar(model, shown, settings), expected)
