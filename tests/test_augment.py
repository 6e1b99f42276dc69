"""Training pictures: random crops."""

import torch
from torch.testing import assert_close

from blurlab.training.augment import crop

NOISE = torch.randint(256, (64, 3, 40, 40), generator=torch.Generator().manual_seed(5)).byte()


def test_crops_are_decided_by_the_generator_and_stay_in_range():
    crops = [crop(NOISE, 24, 0.35, 1.0, torch.Generator().manual_seed(7)) for _ in range(2)]
    other = crop(NOISE, 24, 0.35, 1.0, torch.Generator().manual_seed(8))
    assert crops[0].shape == (64, 3, 24, 24)
    assert crops[0].dtype == torch.float32
    assert 0 <= crops[0].min() < crops[0].max() <= 1
    assert_close(crops[0], crops[1], atol=0, rtol=0)
    assert not torch.equal(crops[0], other)


def test_about_half_of_the_crops_are_mirrored(generator):
    ramp = torch.arange(40).mul(6).byte().expand(400, 3, 40, 40)
    crops = crop(ramp, 16, 1.0, 1.0, generator)
    mirrored = (crops[..., -1] < crops[..., 0]).float().mean()
    assert 0.4 < mirrored < 0.6


def test_crops_keep_the_asked_share_of_the_area(generator):
    """On a picture whose red runs along x and green along y, a crop's ends tell its sides."""
    axis = torch.arange(240)
    ramps = torch.stack([axis.expand(240, 240), axis.view(-1, 1).expand(240, 240)])
    picture = torch.cat([ramps, ramps[:1]]).byte().expand(300, 3, 240, 240)
    crops = crop(picture, 240, 0.5, 1.0, generator) * 255
    widths = (crops[:, 0, 0, -1] - crops[:, 0, 0, 0]).abs() + 1
    heights = crops[:, 1, -1, 0] - crops[:, 1, 0, 0] + 1
    shares = widths * heights / 240**2
    assert 0.48 < shares.min() < 0.6
    assert 0.9 < shares.max() <= 1
    assert 0.73 < (widths / heights).min() < (widths / heights).max() < 1.37


def test_crops_larger_than_the_picture_show_its_mirrored_edges(generator):
    ramp = torch.arange(60).mul(4).byte().expand(200, 3, 60, 60)
    crops = crop(ramp, 60, 1.9, 2.0, generator) * 255
    turns = crops[:, 0, 30].diff().sign()
    assert (turns.amin(-1) < 0).all()
    assert (turns.amax(-1) > 0).all()
    assert crops.min() < 10
    assert crops.max() > 225
