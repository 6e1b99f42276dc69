"""Every strength is the published one, and a severity is shown at its own strength.

Source: Hendrycks & Dietterich 2019, ICLR, and the code that made their sets (github.com/hendrycks/
robustness, ImageNet-C/create_c): make_imagenet_c.py for ImageNet-C, make_cifar_c.py for CIFAR-10-C.
elastic_transform of "imagenet" is that of the package imagecorruptions 1.1.2 (Michaelis et al.
2019).
"""

import numpy as np
import pytest
import torch

from blurlab.corruptions.corrupting import SEVERITIES, corrupt
from blurlab.corruptions.draws import picture_seeds
from blurlab.corruptions.table import CORRUPTIONS, STRENGTHS


def one_by_one(*values):
    """Name the one strength of each severity."""
    return [(value,) for value in values]


def zooms(*stops_and_steps):
    """List the factors of each severity, from 1 to the last before a stop."""
    return [(tuple(np.arange(1, *each)),) for each in stops_and_steps]


def of_the_side(scale, *severities):
    """Turn an elastic transform's (amplitude, sigma, affine) into ours, as fractions of a side."""
    return [
        tuple(length * scale for length in (affine, amplitude, sigma))
        for amplitude, sigma, affine in severities
    ]


PUBLISHED = {
    "imagenet": {
        "gaussian_noise": one_by_one(0.08, 0.12, 0.18, 0.26, 0.38),
        "shot_noise": one_by_one(60, 25, 12, 5, 3),
        "impulse_noise": one_by_one(0.03, 0.06, 0.09, 0.17, 0.27),
        "speckle_noise": one_by_one(0.15, 0.2, 0.35, 0.45, 0.6),
        "gaussian_blur": one_by_one(1, 2, 3, 4, 6),
        "glass_blur": [(0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)],
        "defocus_blur": [(3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)],
        "motion_blur": [(10, 3), (15, 5), (15, 8), (15, 12), (20, 15)],
        "zoom_blur": zooms((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)),
        "fog": [(1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)],
        "frost": [(1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)],
        "snow": [
            (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
            (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
            (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
            (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
            (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
        ],
        "spatter": [
            (0.65, 0.3, 4, 0.69, 0.6, 0),
            (0.65, 0.3, 3, 0.68, 0.6, 0),
            (0.65, 0.3, 2, 0.68, 0.5, 0),
            (0.65, 0.3, 1, 0.65, 1.5, 1),
            (0.67, 0.4, 1, 0.65, 1.5, 1),
        ],
        "contrast": one_by_one(0.4, 0.3, 0.2, 0.1, 0.05),
        "brightness": one_by_one(0.1, 0.2, 0.3, 0.4, 0.5),
        "saturate": [(0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2)],
        "jpeg_compression": one_by_one(25, 18, 15, 10, 7),
        "pixelate": one_by_one(0.6, 0.5, 0.4, 0.3, 0.25),
        "elastic_transform": of_the_side(
            1,
            (250 * 0.05 * 0.005, 0.01, 0),
            (250 * 0.065 * 0.005, 0.01, 0),
            (250 * 0.085 * 0.005, 0.01, 0),
            (250 * 0.1 * 0.005, 0.01, 0),
            (250 * 0.12 * 0.005, 0.01, 0),
        ),
    },
    # Its lengths were written for a side of 244 pixels and used on one of 224.
    "imagenet_original": {
        "elastic_transform": of_the_side(
            244 / 224,
            (2, 0.7, 0.1),
            (2, 0.08, 0.2),
            (0.05, 0.01, 0.02),
            (0.07, 0.01, 0.02),
            (0.12, 0.01, 0.02),
        ),
    },
    "cifar": {
        "gaussian_noise": one_by_one(0.04, 0.06, 0.08, 0.09, 0.1),
        "shot_noise": one_by_one(500, 250, 100, 75, 50),
        "impulse_noise": one_by_one(0.01, 0.02, 0.03, 0.05, 0.07),
        "speckle_noise": one_by_one(0.06, 0.1, 0.12, 0.16, 0.2),
        "gaussian_blur": one_by_one(0.4, 0.6, 0.7, 0.8, 1),
        "glass_blur": [(0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)],
        "defocus_blur": [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)],
        "motion_blur": [(6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)],
        "zoom_blur": zooms((1.06, 0.01), (1.11, 0.01), (1.16, 0.01), (1.21, 0.01), (1.26, 0.01)),
        "fog": [(0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)],
        "frost": [(1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)],
        "snow": [
            (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
            (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
            (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
            (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
            (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
        ],
        "spatter": [
            (0.62, 0.1, 0.7, 0.7, 0.5, 0),
            (0.65, 0.1, 0.8, 0.7, 0.5, 0),
            (0.65, 0.3, 1, 0.69, 0.5, 0),
            (0.65, 0.1, 0.7, 0.69, 0.6, 1),
            (0.65, 0.1, 0.5, 0.68, 0.6, 1),
        ],
        "contrast": one_by_one(0.75, 0.5, 0.4, 0.3, 0.15),
        "brightness": one_by_one(0.05, 0.1, 0.15, 0.2, 0.3),
        "saturate": [(0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)],
        "jpeg_compression": one_by_one(80, 65, 58, 50, 40),
        "pixelate": one_by_one(0.95, 0.9, 0.85, 0.75, 0.65),
        "elastic_transform": of_the_side(
            1,
            (0, 0, 0.08),
            (0.05, 0.2, 0.07),
            (0.08, 0.06, 0.06),
            (0.1, 0.04, 0.05),
            (0.1, 0.03, 0.03),
        ),
    },
}
ALL = [(table, name) for table, published in PUBLISHED.items() for name in published]


@pytest.mark.parametrize(("table", "name"), ALL)
def test_every_strength_is_the_published_one(table, name):
    for ours, published in zip(
        CORRUPTIONS[name].strengths[table], PUBLISHED[table][name], strict=True
    ):
        assert np.allclose([*map(np.ravel, ours)], [*map(np.ravel, published)], rtol=1e-12, atol=0)


def test_all_nineteen_are_published_for_both_sizes():
    assert set(PUBLISHED) == set(STRENGTHS)
    assert set(PUBLISHED["imagenet"]) == set(PUBLISHED["cifar"])
    assert len(PUBLISHED["imagenet"]) == 19


@pytest.mark.parametrize(("table", "name"), ALL)
def test_a_picture_is_corrupted_at_the_strength_of_its_severity(table, name):
    row, picture = CORRUPTIONS[name], torch.rand(1, 3, 32, 32, generator=seeded())
    seeds = (picture_seeds(1, seeded()),) if row.random else ()
    for severity in SEVERITIES:
        corrupted = corrupt(picture, name, severity, seeded(), table=table)
        strength = PUBLISHED[table][name][severity - 1]
        torch.testing.assert_close(corrupted, row.apply(picture.clone(), *seeds, *strength))


def seeded():
    return torch.Generator().manual_seed(0)
