"""Accuracy under corruptions and attacks, of models whose answers are known."""

import math
from types import SimpleNamespace

import pytest
import torch

from blurlab.attacks import descent
from blurlab.attacks.table import ATTACKS
from blurlab.corruptions.row import BANDS
from blurlab.corruptions.table import CORRUPTIONS
from blurlab.data.sets import Pictures
from blurlab.measures.attacked import ATTACKED
from blurlab.measures.corrupted import CORRUPTED, mce
from blurlab.measures.tallies import tallies, total
from blurlab.networks import store
from blurlab.statistics import share


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
    return Pictures((levels + noise).mul(255).byte(), labels, ("dark", "bright"))


def measured(measure, pictures, network=by_brightness, **changed):
    settings = measure.settings | changed
    found = tallies(measure, network, pictures, settings, numbers=[0], count=8)
    return measure.estimate(total(dict(found)), settings)


def test_a_model_of_mean_brightness_is_right_under_every_blur_and_wrong_only_in_the_dark(pictures):
    found = measured(CORRUPTED, pictures)
    assert found["clean"].value == 1
    assert set(found["accuracy"]) == set(CORRUPTIONS)
    for name in ("gaussian_blur", "defocus_blur", "glass_blur", "pixelate"):
        assert [each.value for each in found["accuracy"][name]] == [1.0] * 5
    assert found["accuracy"]["brightness"][4].value == 0.5  # dark pictures become bright
    assert found["classes"]["low"].value < found["classes"]["medium"].value
    for band in BANDS:
        members = [name for name, row in CORRUPTIONS.items() if row.band == band]
        each = [score.value for name in members for score in found["accuracy"][name]]
        assert found["classes"][band].value == pytest.approx(sum(each) / len(each))


def test_a_model_is_shown_corrupted_pictures_of_256_levels(pictures):
    """As a picture that was stored in a file has, and the published sets are."""
    shown = []

    def listening(images):
        shown.append(images * 255)
        return by_brightness(images)

    list(tallies(CORRUPTED, listening, pictures, CORRUPTED.settings, numbers=[0], count=8))
    assert len(shown) == 1 + 5 * len(CORRUPTIONS)
    for images in shown:
        assert (images - images.round()).abs().max() < 1e-3


def test_mce_compares_summed_errors_with_the_baselines():
    """Errors of 1/4 against 1/2, but as many as the baseline under fog; the extra four left out."""
    model, baseline = (
        {"accuracy": {name: [share(right, 40)] * 5 for name in CORRUPTIONS}} for right in (30, 20)
    )
    model["accuracy"]["fog"] = baseline["accuracy"]["fog"]
    model["accuracy"]["speckle_noise"] = [share(0, 40)] * 5
    found = mce(model, baseline)
    assert len(found["ce"]) == 15
    assert found["ce"]["fog"] == 1
    assert found["ce"]["snow"] == 0.5
    assert found["mce"] == pytest.approx((14 * 0.5 + 1) / 15)
    assert mce(baseline, baseline)["mce"] == 1
    perfect = {"accuracy": {name: [share(40, 40)] * 5 for name in CORRUPTIONS}}
    assert math.isnan(mce(model, perfect)["mce"])


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_succeeds_exactly_when_epsilon_reaches_the_boundary(attack, pictures):
    # The boundary lies 64 away.
    found = measured(ATTACKED, pictures, epsilons=[25, 80], attack=attack)
    assert found["attack"] == ATTACKS[attack].title
    assert found["epsilons_of_255"] == [25, 80]
    assert [each.value for each in found["accuracy"]] == [1.0, 0.0]
    assert found["clean"].value == 1


def on_a_hilltop(images):
    """Answer 0 close to grey alone, where the slope is nil in every direction."""
    away = (images - 128 / 255).square().mean((1, 2, 3))
    return torch.stack([(2 / 255) ** 2 - away, torch.zeros_like(away)], 1) * 1e4


@pytest.mark.parametrize("elsewhere", [False, True])
def test_an_attack_starts_beside_the_picture_where_the_slope_leads_on(elsewhere, monkeypatch):
    grey = torch.full((8, 3, 32, 32), 128, dtype=torch.uint8)
    flat = Pictures(grey, torch.tensor([0, 1] * 4), ("near", "far"))
    own = flat.labels == 0
    images, labels = grey[own] / 255, flat.labels[own]
    with pytest.raises(ValueError, match="gives no gradient"):  # from the picture itself
        list(descent.pgd(on_a_hilltop, images, labels, epsilon=4 / 255))
    settings = {"source": "hill" if elsewhere else None}
    hill = SimpleNamespace(in_float32=lambda: on_a_hilltop)
    monkeypatch.setattr(store, "load", lambda *_: hill)
    found = measured(ATTACKED, flat, on_a_hilltop, epsilons=[1, 4], **settings)
    assert found["clean"].value == 0.5
    assert [each.value for each in found["accuracy"]] == [0.5, 0.0]
