"""Minimal perturbations of linear models, whose sizes and spectra are known."""

import json
import math

import pytest
import torch
from gratings import grating

from blurlab.data.sets import Pictures
from blurlab.measures.half_power import (
    RINGS,
    cumulative_power,
    half,
    half_behind_blur,
    halves,
    radii,
    with_interval,
)
from blurlab.measures.perturbation import PERTURBATION, estimate, sums
from blurlab.measures.smallest_sizes import epsilon_at, median
from blurlab.measures.tallies import tallies, total

SIZE = 32
WIDTH = math.sqrt(0.5) / RINGS  # cycles/pixel between two radii


def linear(pattern):
    """Answer 1 where pictures correlate with a pattern (3, S, S), and 0 elsewhere."""

    def answer(images):
        lead = ((images - 0.5) * pattern).sum((1, 2, 3))
        return torch.stack([-lead, lead], 1)

    return answer


def pictures_of(pattern, strengths):
    """Draw grey pictures with plus (1) and minus (0) the pattern in them, each of a strength."""
    labels = torch.arange(len(strengths)) % 2
    signed = (torch.tensor(strengths) * (2 * labels - 1)).view(-1, 1, 1, 1)
    images = (0.5 + signed * pattern).mul(255).round().byte()
    return Pictures(images, labels, ("minus", "plus"))


def measured(pattern, pictures, **changed):
    settings, count = PERTURBATION.settings | changed, len(pictures.labels)
    found = tallies(PERTURBATION, linear(pattern), pictures, settings, numbers=[0], count=count)
    return PERTURBATION.estimate(total(dict(found)), settings)


@pytest.mark.parametrize("frequency", [2, 5, 12])
@pytest.mark.parametrize("targeted", [True, False])
def test_the_perturbation_of_a_linear_model_has_the_frequency_that_it_looks_at(frequency, targeted):
    pattern = grating(SIZE, frequency).repeat(3, 1, 1)
    found = measured(pattern, pictures_of(pattern, [0.1] * 8), norm="l2", targeted=targeted)
    assert found["f_half"].value == pytest.approx(frequency / SIZE, abs=WIDTH)
    # Nearly no power lies elsewhere: the picture is still in [0, 1].
    below, above = (
        share.value
        for radius, share in zip(found["radii"], found["share"], strict=True)
        if abs(radius - frequency / SIZE) < 8 * WIDTH
    )
    assert below < 0.01
    assert above > 0.99


def test_a_quarter_and_three_quarters_of_the_power_are_found_where_they_are():
    pattern = (grating(SIZE, 3) + 3**0.5 * grating(SIZE, 9)).repeat(3, 1, 1)
    found = measured(pattern, pictures_of(0.2 * pattern, [0.2] * 8), norm="l2")
    between = [
        share.value
        for radius, share in zip(found["radii"], found["share"], strict=True)
        if 3.3 / SIZE < radius < 8.7 / SIZE
    ]
    assert between == pytest.approx([0.25] * len(between), abs=0.01)
    assert found["f_half"].value == pytest.approx(9 / SIZE, abs=WIDTH)


def test_the_minimal_sizes_of_a_linear_model_are_its_distances():
    """A change of epsilon everywhere moves the answer by epsilon times the sum of |pattern|."""
    pattern = torch.sign(grating(SIZE, 4) + 0.01).repeat(3, 1, 1)
    levels = [5.5, 10.5, 20.5, 40.5]  # grey levels from the middle, 127.5
    strengths = [level / 255 for level in levels for _ in range(2)]
    found = measured(pattern, pictures_of(pattern, strengths))
    assert found["attack"] == "FMN, 100 steps"
    for name, level in zip(("lower", "median", "upper"), levels, strict=False):
        # Each is the second of two pictures; a bin is 4.4 % wide.
        assert found["epsilon"][name].value == pytest.approx(level / 255, rel=0.045)
    assert found["found"].value == 1
    assert found["already"].value == 0


def test_pictures_that_are_answered_as_wanted_already_count_as_zero():
    pattern = grating(SIZE, 4).repeat(3, 1, 1)
    pictures = pictures_of(pattern, [-0.1, -0.1, -0.1, -0.1, -0.1, -0.1, 0.1, 0.1])
    found = measured(pattern, pictures, targeted=False, steps=30)
    assert found["already"].value == 0.75
    assert found["epsilon"]["median"].value == 0
    assert found["found"].value == 1


def test_without_any_success_there_is_no_frequency_and_no_size():
    pattern = 1e-9 * grating(SIZE, 4).repeat(3, 1, 1)  # logits too close for float32 to part them
    found = measured(pattern, pictures_of(grating(SIZE, 4).repeat(3, 1, 1), [0.1] * 4), steps=3)
    assert found["found"].value == 0
    assert all(math.isnan(end) for end in found["f_half"])
    assert math.isnan(found["epsilon"]["median"].value)
    told = {number.label: number.found for number in PERTURBATION.summary(found)}
    assert told["pictures of equal power"] == "undefined"


@pytest.mark.parametrize("name", ["white_sign_32", "pink_sign_32", "lowpass_32", "band_32"])
def test_f_half_agrees_with_every_reference_perturbation(name, golden, shared):
    changes = torch.from_numpy(golden("spectrum")[f"diff_{name}"]).float()
    known = json.loads((shared / "golden" / "spectrum.json").read_text())[name]["float64"]
    summed = summed_power(cumulative_power(changes))
    exact = with_interval(summed, len(changes), radii(), 1)
    assert exact.value == pytest.approx(known["half_power_freq_exact_steps"], abs=WIDTH)
    published = with_interval(summed, len(changes), radii(), RINGS // 24)
    assert published.value == pytest.approx(known["half_power_freq"], abs=1e-6)
    shares = (summed["power"] / summed["power"][-1])[:: RINGS // 24]
    assert shares.tolist() == pytest.approx(known["ratios25"], abs=1e-6)


@pytest.mark.parametrize("name", ["white_sign_32", "pink_sign_32"])
def test_f_half_at_25_radii_equals_the_published_notebook(name, published):
    changes = torch.from_numpy(published[f"differences_{name}"])
    summed = summed_power(cumulative_power(changes))
    on_grid, _ = published[f"half_power_{name}"]
    found = with_interval(summed, len(changes), radii(), RINGS // 24)
    assert found.value == pytest.approx(on_grid, abs=1e-6)


def test_power_on_a_radius_counts_as_within_it():
    """8 cycles both ways at 32 pixels lie exactly half-way to the corner."""
    position = torch.arange(SIZE, dtype=torch.float64) * 8 / SIZE
    wave = torch.cos(2 * math.pi * (position[:, None] + position)).float()
    power = cumulative_power(wave.repeat(1, 3, 1, 1))[0]
    assert power[RINGS // 2 - 1] == pytest.approx(0, abs=1e-4)
    assert power[RINGS // 2] == pytest.approx(power[-1].item())
    assert radii()[RINGS // 2].item() == pytest.approx(8 * 2**0.5 / SIZE)


def random_power(count, generator):
    """Draw cumulative powers whose strength and frequency both differ, and hang together."""
    strength = torch.randn(count, 1, dtype=torch.float64, generator=generator).mul(0.7).exp()
    centre = 0.15 + 0.1 * torch.rand(count, 1, dtype=torch.float64, generator=generator)
    centre += 0.05 * strength.log()
    return strength * torch.sigmoid((radii() - centre) / 0.02)


def summed_power(power):
    return {
        "power": power.sum(0),
        "squares": power.square().sum(0),
        "products": (power * power[:, -1:]).sum(0),
    }


def test_the_interval_of_f_half_covers_the_truth_and_shrinks_with_the_pictures(generator):
    truth = with_interval(summed_power(random_power(20_000, generator)), 20_000, radii(), 1)
    found = [
        with_interval(summed_power(random_power(80, generator)), 80, radii(), 1) for _ in range(200)
    ]
    covered = sum(each.low <= truth.value <= each.high for each in found) / 200
    assert 0.9 <= covered <= 0.99
    width = sum(each.high - each.low for each in found) / 200
    assert width / (truth.high - truth.low) == pytest.approx((20_000 / 80) ** 0.5, rel=0.2)


def test_the_interval_of_the_median_size_covers_the_truth(generator):
    """Sizes around 2^-6 in bins of 1/16 octave, the histogram that a tally keeps."""
    covered = 0
    for _ in range(300):
        octaves = -6 + torch.randn(100, generator=generator)
        sizes = torch.zeros(16 * 22 + 2, dtype=torch.float64)
        sizes.index_add_(0, ((octaves + 14) * 16).floor().long() + 1, torch.ones(100).double())
        low, high = (epsilon_at(sizes, 50 + side * 1.96 * 5) for side in (-1, 1))
        covered += low <= 2**-6 <= high
    assert 0.9 <= covered / 300 <= 0.99


def test_pictures_can_count_alike_in_f_half_whatever_the_power_of_their_changes():
    """One change has all the power at the finest frequency, nine have little at a coarse one."""
    edges = radii(48)
    coarse, fine = (edges > 0.1).double(), (edges > 0.5).double()
    power = torch.stack([1000 * fine, *[coarse] * 9])
    each = {"each_power": power, "each_epsilon": torch.full((10,), 0.01)}
    summed = sums(each) | {
        "squares": power.square().sum(0),
        "products": (power * power[:, -1:]).sum(0),
    }
    found = halves(summed | each)
    width = math.sqrt(0.5) / 48
    assert found["f_half"].value == pytest.approx(0.5, abs=width)
    assert found["f_half_equal"].value == pytest.approx(0.1, abs=width)
    assert found["f_half_median"].value == pytest.approx(0.1, abs=width)
    assert found["f_half_median"].low == pytest.approx(0.1, abs=width)
    assert list(halves(summed)) == ["f_half"]


def test_the_effective_number_of_pictures_is_that_of_the_power(generator):
    found = PERTURBATION.estimate(*_measured_of_one_strength())
    assert found["effective"] == pytest.approx(20, rel=0.1)


def _measured_of_one_strength():
    pattern = grating(SIZE, 4).expand(3, -1, -1)
    pictures = pictures_of(pattern, [0.1] * 20)
    settings = PERTURBATION.settings | {"norm": "l2", "steps": 20}
    model = linear(pattern)
    found = tallies(PERTURBATION, model, pictures, settings, numbers=range(1), count=20)
    return total(dict(found)), settings


def test_the_changes_behind_a_blur_lose_what_it_takes_away():
    edges = radii(480)
    summed = {"power": edges.square()}  # white in the plane
    sigma = 2.0
    found = half_behind_blur(summed, sigma)
    # power behind it within r is 1 - exp(-(2 pi sigma r)^2), up to the corner
    assert found == pytest.approx(math.sqrt(math.log(2)) / (2 * math.pi * sigma), rel=0.01)
    assert half(summed) == pytest.approx(math.sqrt(0.25), rel=0.01)


def test_a_summed_up_half_is_that_of_the_estimate():
    summed, settings = _measured_of_one_strength()
    assert half(summed) == PERTURBATION.estimate(summed, settings)["f_half"].value
    found = PERTURBATION.estimate(summed, settings)["epsilon"]["median"].value
    assert median(summed) == pytest.approx(found)


def test_the_share_fooled_is_that_of_the_changes_up_to_each_size():
    power = torch.linspace(0, 1, len(radii())).repeat(8, 1)
    sizes = torch.tensor([0.0, 1.5, 1.5, 3, 3, 3, 12, math.inf]) / 255
    summed = sums({"each_power": power, "each_epsilon": sizes})
    summed |= {"squares": power.square().sum(0).double(), "products": power.sum(0).double()}
    found = estimate(summed, PERTURBATION.usual(32))
    shares = dict(zip(found["sizes"], [each.value for each in found["fooled"]], strict=True))
    for size, value in shares.items():
        assert value == (sizes * 255 <= size).double().mean(), size
    assert min(shares) < 1.5
    assert max(shares) > 12
    assert next(iter(shares.values())) == 1 / 8
    assert list(shares.values())[-1] == 7 / 8
