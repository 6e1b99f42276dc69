"""Points of the paper's figures, to stand behind ours.

Li et al. 2023, PLOS Comput Biol 19(3): e1010932. Read from the published notebooks' figures by
measuring pixels, so good to 0.01 in frequency and half a percent in accuracy.
"""

from typing import NamedTuple


class Point(NamedTuple):
    """One model or, where low and high differ, the range of several.

    data: a key of SIZES.  f_rev: of Nyquist.  f_half: f_0.5 in cycles/pixel.
    epsilon: smallest L-infinity change that succeeds, in 255ths.  accuracy: on the corrupted data
    set, as a share.  Each is (low, high), or None where the paper has none.
    """

    title: str
    data: str
    f_rev: tuple[float, float] | None = None
    f_half: tuple[float, float] | None = None
    epsilon: tuple[float, float] | None = None
    accuracy: tuple[float, float] | None = None


def _one(value: float) -> tuple[float, float]:
    return value, value


SIZES = {"CIFAR-10": 32, "ImageNet": 224}  # of their pictures, in pixels
# What measures call the same numbers.
FIELDS = {
    "f_rev": "f_rev",
    "f_0.5": "f_half",
    "median minimal epsilon (FMN, 100 steps)": "epsilon",
    "accuracy, all corruptions": "accuracy",
}

POINTS = (
    Point(
        "6 baselines",
        "CIFAR-10",
        (0.403, 0.461),
        (0.403, 0.443),
        (1.0, 1.7),
        (0.682, 0.735),
    ),
    Point(
        "7 adversarial",
        "CIFAR-10",
        (0.157, 0.183),
        (0.16, 0.18),
        (15.6, 18.8),
        (0.787, 0.828),
    ),
    Point("blur σ = 1.5", "CIFAR-10", _one(0.258), _one(0.194), _one(2.3), _one(0.833)),
    Point("PCA, 512", "CIFAR-10", _one(0.307), _one(0.289), _one(2.7), _one(0.818)),
    Point("ResNet-50", "ImageNet", _one(0.197), _one(0.322), _one(0.46), _one(0.380)),
    Point(
        "2 adversarial",
        "ImageNet",
        (0.076, 0.091),
        _one(0.104),
        _one(10.8),
        (0.300, 0.312),
    ),
    Point(
        "6 corruption-robust",
        "ImageNet",
        (0.143, 0.207),
        (0.246, 0.342),
        (0.23, 0.91),
        (0.440, 0.556),
    ),
    Point("blur σ = 3", "ImageNet", _one(0.100), _one(0.109), _one(2.1), _one(0.420)),
)

# f_rev and accuracy on CIFAR-10-C of nets behind blurs of sigma 3 to 1 pixels, strongest first.
BLUR_SWEEP = (
    (0.136, 0.770), (0.191, 0.820), (0.206, 0.823), (0.229, 0.827), (0.241, 0.832), (0.258, 0.833),
    (0.272, 0.822), (0.287, 0.823), (0.313, 0.810), (0.325, 0.803), (0.348, 0.787),
)  # fmt: skip
