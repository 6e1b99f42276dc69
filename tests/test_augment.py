"""Training pictures: crops, and the changes that AugMix makes."""

import pytest
import torch
from torch.testing import assert_close

from blurlab.augment import CHANGES, augmix, change, crop

NOISE = torch.randint(256, (64, 3, 40, 40), generator=torch.Generator().manual_seed(5)).byte()
GEOMETRIC = ("rotate", "shear_x", "shear_y", "translate_x", "translate_y")


# Crops


def test_crops_are_decided_by_the_generator_and_stay_in_range():
    crops = [crop(NOISE, 24, 0.35, torch.Generator().manual_seed(7)) for _ in range(2)]
    other = crop(NOISE, 24, 0.35, torch.Generator().manual_seed(8))
    assert crops[0].shape == (64, 3, 24, 24)
    assert crops[0].dtype == torch.float32
    assert 0 <= crops[0].min() < crops[0].max() <= 1
    assert_close(crops[0], crops[1], atol=0, rtol=0)
    assert not torch.equal(crops[0], other)


def test_about_half_of_the_crops_are_mirrored(generator):
    ramp = torch.arange(40).mul(6).byte().expand(400, 3, 40, 40)
    crops = crop(ramp, 16, 1.0, generator)
    mirrored = (crops[..., -1] < crops[..., 0]).float().mean()
    assert 0.4 < mirrored < 0.6


def test_crops_keep_the_asked_share_of_the_area(generator):
    """On a picture whose red runs along x and green along y, a crop's ends tell its sides."""
    axis = torch.arange(240)
    ramps = torch.stack([axis.expand(240, 240), axis.view(-1, 1).expand(240, 240)])
    picture = torch.cat([ramps, ramps[:1]]).byte().expand(300, 3, 240, 240)
    crops = crop(picture, 240, 0.5, generator) * 255
    widths = (crops[:, 0, 0, -1] - crops[:, 0, 0, 0]).abs() + 1
    heights = crops[:, 1, -1, 0] - crops[:, 1, 0, 0] + 1
    shares = widths * heights / 240**2
    assert 0.48 < shares.min() < 0.6
    assert 0.9 < shares.max() <= 1
    assert 0.73 < (widths / heights).min() < (widths / heights).max() < 1.37


# AugMix


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_keeps_shape_and_range_and_changes_something(name, images):
    levels = torch.tensor([-1.0, -0.5, 0.5, 1.0])
    images = 0.2 + 0.75 * images
    changed = CHANGES[name](images, levels)
    assert changed.shape == images.shape
    assert changed.dtype == torch.float32
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert (changed - images).abs().mean() > 1e-3


@pytest.mark.parametrize("name", GEOMETRIC)
def test_a_move_of_nothing_leaves_the_picture_and_opposite_moves_undo_each_other(name, images):
    assert_close(CHANGES[name](images, torch.zeros(4)), images, atol=1e-5, rtol=0)
    levels = torch.tensor([0.3, -0.7, 1.0, -1.0])
    back = CHANGES[name](CHANGES[name](images, levels), -levels)
    inner = (..., slice(16, -16), slice(16, -16))
    assert (back - images)[inner].abs().mean() < 0.2 * (CHANGES[name](images, levels) - images)[
        inner
    ].abs().mean()


def test_a_shift_at_the_highest_level_is_a_tenth_of_the_side(generator):
    images = torch.rand(1, 3, 40, 40, generator=generator)
    shifted = CHANGES["translate_x"](images, torch.ones(1))
    assert_close(shifted[..., :36], images[..., 4:], atol=1e-5, rtol=0)


def test_each_picture_is_changed_in_its_own_way(images):
    kinds = torch.tensor([list(CHANGES).index("solarize"), -1, 0, -1])
    changed = change(images, kinds, torch.ones(4))
    assert_close(changed[0], CHANGES["solarize"](images[:1], torch.ones(1))[0])
    assert_close(changed[1::2], images[1::2], atol=0, rtol=0)
    assert_close(changed[2], CHANGES["autocontrast"](images[2:3], torch.ones(1))[0])


def test_augmix_is_decided_by_the_generator_and_stays_in_range():
    images = NOISE.float() / 255
    mixed = [augmix(images, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert_close(mixed[0], mixed[1], atol=0, rtol=0)
    assert not torch.equal(mixed[0], mixed[2])
    assert mixed[0].min() >= 0
    assert mixed[0].max() <= 1


def test_augmix_changes_nearly_every_picture_and_leaves_most_of_it(generator):
    ramp = torch.linspace(0.1, 0.6, 32).expand(200, 3, 32, 32)
    mixed = augmix(ramp, generator)
    apart = (mixed - ramp).abs().mean((1, 2, 3))
    assert (apart > 1e-3).float().mean() > 0.9
    along = torch.stack(
        [
            torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1]
            for a, b in zip(mixed, ramp, strict=True)
        ]
    )
    assert along.median() > 0.95
