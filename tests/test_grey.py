"""Grey is a weighted sum of the colours, by the protocol's own weights."""

import pytest
import torch
from torch.testing import assert_close

from blurlab.pictures.grey import BT601, BT709, grey


@pytest.mark.parametrize("weights", [BT601, BT709])
def test_grey_keeps_a_grey_picture_and_gives_every_colour_its_weight(weights):
    pale = torch.full((1, 3, 4, 4), 0.3)
    assert_close(grey(pale, weights), pale[:, :1])
    primaries = torch.eye(3)[:, :, None, None]
    assert_close(grey(primaries, weights).flatten(), torch.tensor(weights))


def test_the_two_weightings_are_those_of_opencv_and_of_scikit_image():
    cv2 = pytest.importorskip("cv2")
    color = pytest.importorskip("skimage.color")
    images = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    pixels = images[0].permute(1, 2, 0).numpy()
    for weights, theirs in (
        (BT601, cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)),
        (BT709, color.rgb2gray(pixels)),
    ):
        assert_close(grey(images, weights)[0, 0], torch.from_numpy(theirs), atol=1e-6, rtol=0)
