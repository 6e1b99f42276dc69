"""Answers to hybrids: pairing, curves with known reversals, intervals, and the reference curves."""

import json
import math
from itertools import chain, pairwise

import pytest
import torch
from conftest import grating
from torch.testing import assert_close

from blurlab.hybrid import hybrid
from blurlab.sensitivity import (
    Curve,
    Interval,
    coarse_to_fine,
    derangement,
    hybrid_answers,
    pair_answers,
    ratio,
    reverse_frequency,
    share,
    zero_crossing,
)

SIZE = 16
FREQUENCIES = range(1, 8)  # cycles/image of the gratings in a picture below
CUTOFFS = [frequency - 0.5 for frequency in range(1, 9)]


def striped(labels, thresholds):
    """Draw stripes of every frequency, upright for class 0 and level for class 1, as uint8.

    The mean brightness of a picture tells its threshold, one of FREQUENCIES.
    """
    waves = torch.stack([grating(SIZE, frequency) for frequency in FREQUENCIES])
    signs = torch.tensor([1, -1, -1, 1, 1, -1, 1]).view(-1, 1, 1)  # keeps the sum from peaking
    upright = 0.04 * (signs * waves).sum(0)
    stripes = torch.stack([upright, upright.T])[labels]
    brightness = 0.3 + 0.4 * (thresholds.view(-1, 1, 1) - 1) / 6
    return (brightness + stripes).mul(255).round().byte()[:, None].repeat(1, 3, 1, 1)


def looks_at_one_frequency(images):
    """Name the orientation that is stronger at the frequency which the mean brightness tells.

    The mean always comes from the low picture, so a hybrid is named after the low picture exactly
    when the cutoff reaches the low picture's threshold.
    """
    threshold = ((images.mean((1, 2, 3)) - 0.3) / 0.4 * 6 + 1).round().long()
    spectrum = torch.fft.fft2(images[:, 0]).abs()
    index = torch.arange(len(images))
    return torch.stack([spectrum[index, 0, threshold], spectrum[index, threshold, 0]], 1)


def last(model, images, labels, cutoffs=CUTOFFS, seed=0, **options):
    """Return the final curve."""
    generator = torch.Generator().manual_seed(seed)
    *_, curve = hybrid_answers(
        model, images, labels, cutoffs=cutoffs, generator=generator, **options
    )
    return curve


def random_stripes(count, seed):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    return striped(labels, torch.randint(1, 8, (count,), generator=generator)), labels


# Pairing


@pytest.mark.parametrize("counts", [(5, 5), (1, 1), (10, 3, 7), (50, 20, 30), (1, 1, 1, 40, 40)])
def test_partners_are_a_permutation_that_never_pairs_equal_classes(counts):
    labels = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    for seed in range(20):
        partners = derangement(labels, torch.Generator().manual_seed(seed))
        assert sorted(partners.tolist()) == list(range(len(labels)))
        assert (labels[partners] != labels).all()


def test_partners_follow_from_the_seed():
    labels = torch.arange(60) % 10
    first, again, other = (
        derangement(labels, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("counts", [(6, 5), (1, 0), (3, 1, 1)])
def test_a_class_with_more_than_half_of_the_pictures_is_refused(counts):
    labels = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    with pytest.raises(ValueError, match=rf"holds {counts[0]} of {sum(counts)} pictures"):
        derangement(labels, torch.Generator())


# Crossings


def test_a_straight_curve_crosses_where_its_line_does():
    cutoffs = torch.tensor([0.0, 10.0, 20.0], dtype=torch.float64)
    assert zero_crossing(cutoffs, torch.tensor([-1.0, -0.25, 0.75])) == pytest.approx(12.5)
    assert zero_crossing(cutoffs, torch.tensor([1.0, 0.25, -0.75])) == pytest.approx(12.5)


def test_of_several_crossings_the_first_counts():
    cutoffs = torch.arange(5.0)
    assert zero_crossing(cutoffs, torch.tensor([-1.0, 1.0, -1.0, 1.0, 1.0])) == 0.5
    assert zero_crossing(cutoffs, torch.tensor([-1.0, 0.0, 0.0, 1.0, 1.0])) == 1.0


@pytest.mark.parametrize("difference", [[1.0, 0.5, 1.0], [-1.0, -0.5, -1.0], [0.0, 0.0, 0.0]])
def test_a_curve_that_stays_on_one_side_has_no_crossing(difference):
    assert zero_crossing(torch.arange(3.0), torch.tensor(difference)) is None


def test_crossings_agree_with_the_reference_curves(shared):
    curves = json.loads((shared / "golden" / "revfreq.json").read_text())
    assert len(curves) == 8
    for curve in curves.values():
        cutoffs = torch.tensor(curve["alphas"], dtype=torch.float64) / 100
        low, high = (
            torch.tensor(curve[key], dtype=torch.float64).mean(1)
            for key in ("accs_low", "accs_high")
        )
        expected = next(iter(curve["all_linear_crossings"]), None)
        for difference in (low - high, high - low):
            # The mean of four numbers that cancel is not exactly zero.
            difference = torch.where(difference.abs() < 1e-12, 0, difference)
            assert zero_crossing(cutoffs, difference) == (expected and pytest.approx(expected))


# Curves whose course follows from how pictures and model were made


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_a_model_that_sees_one_frequency_reverses_there(frequency):
    labels = torch.arange(20) % 2
    images = striped(labels, torch.full((20,), frequency))
    curve = last(looks_at_one_frequency, images, labels)
    expected = (torch.tensor(CUTOFFS) >= frequency).double()
    assert_close(curve.p_low, expected)
    assert_close(curve.p_high, 1 - expected)
    value, low, high = reverse_frequency(curve, torch.Generator().manual_seed(0), draws=100)
    assert value == low == high == frequency


def test_the_curve_is_the_share_of_thresholds_that_the_cutoff_has_reached():
    labels = torch.arange(70) % 2
    thresholds = torch.arange(70) % 7 + 1
    curve = last(looks_at_one_frequency, striped(labels, thresholds), labels)
    assert curve.pairs == 70
    assert_close(curve.p_low, torch.arange(8, dtype=torch.float64) / 7)
    assert_close(curve.p_high, 1 - curve.p_low)
    assert reverse_frequency(curve, torch.Generator().manual_seed(0)).value == pytest.approx(4)


def test_the_covariance_of_the_curve_is_that_of_its_pairs():
    """A pair differs by -1 up to its threshold and by 1 beyond: the moments are known."""
    images, labels = random_stripes(60, 1)
    thresholds = ((images.float().mean((1, 2, 3)) / 255 - 0.3) / 0.4 * 6 + 1).round()
    differences = torch.where(torch.tensor(CUTOFFS) >= thresholds[:, None], 1.0, -1.0).double()
    curve = last(looks_at_one_frequency, images, labels, batch=7)
    assert_close(curve.covariance, differences.T.cov(correction=0))


def test_a_model_that_always_says_the_same_never_reverses():
    images, labels = random_stripes(40, 2)
    curve = last(
        lambda pictures: torch.tensor([[1.0, 0.0]]).expand(len(pictures), 2), images, labels
    )
    assert_close(curve.p_low, torch.full((8,), 0.5, dtype=torch.float64))
    assert all(math.isnan(end) for end in reverse_frequency(curve, torch.Generator()))


def test_the_interval_covers_the_known_reversal_and_shrinks_with_the_pairs():
    """Thresholds are uniform over 1 to 7, so all pictures together reverse at 4 cycles/image."""
    generator = torch.Generator().manual_seed(0)
    widths, covered = {}, 0
    for count, repeats in ((40, 20), (400, 4)):
        found = []
        for seed in range(repeats):
            images, labels = random_stripes(count, seed)
            curve = last(looks_at_one_frequency, images, labels, seed=seed)
            found.append(reverse_frequency(curve, generator, draws=300))
        covered += sum(low <= 4 <= high for _, low, high in found)
        widths[count] = sum(high - low for _, low, high in found) / repeats
    assert covered >= 20  # of 24; 23 are expected
    assert widths[40] / widths[400] == pytest.approx(math.sqrt(10), rel=0.35)


def test_partial_curves_end_at_the_whole_one_and_do_not_grow():
    images, labels = random_stripes(50, 3)
    asked = []

    def model(pictures):
        asked.append(len(pictures))
        return looks_at_one_frequency(pictures)

    generator = torch.Generator().manual_seed(0)
    curves = list(
        hybrid_answers(model, images, labels, cutoffs=CUTOFFS, generator=generator, batch=16)
    )
    assert [curve.pairs for curve in curves] == [16, 32, 48, 50]
    assert max(asked) == 16
    for curve in curves:
        shapes = [tuple(part.shape) for part in curve[:4]]
        assert shapes == [(8,), (8,), (8,), (8, 8)]
    whole = last(looks_at_one_frequency, images, labels)
    assert_close(curves[-1].p_low, whole.p_low)
    assert_close(curves[-1].covariance, whole.covariance)


def test_a_module_without_weights_is_asked_like_a_function():
    class Module(torch.nn.Module):
        def forward(self, images):
            return looks_at_one_frequency(images)

    images, labels = random_stripes(20, 4)
    expected = last(looks_at_one_frequency, images, labels)
    assert_close(last(Module(), images, labels), expected)


def test_a_cutoff_beyond_nyquist_is_refused_with_the_range():
    images, labels = random_stripes(4, 5)
    with pytest.raises(ValueError, match=r"cutoff is 8\.5 .* 0 to 8"):
        last(looks_at_one_frequency, images, labels, cutoffs=[4, 8.5])


def test_an_interval_of_a_sharp_curve_has_no_width():
    cutoffs, p_low = torch.tensor([0.0, 1.0]), torch.tensor([0.0, 1.0], dtype=torch.float64)
    curve = Curve(cutoffs, p_low, 1 - p_low, torch.zeros(2, 2, dtype=torch.float64), 9)
    assert reverse_frequency(curve, torch.Generator().manual_seed(0)) == (0.5, 0.5, 0.5)


# Shares and ratios


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [  # Newcombe 1998, Statistics in Medicine 17: 857, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_shares_have_the_published_wilson_intervals(successes, trials, low, high):
    assert share(successes, trials) == pytest.approx((successes / trials, low, high), abs=5e-5)


def test_the_intervals_of_a_share_and_of_its_complement_mirror_each_other():
    mirrored = Interval(*(1 - end for end in share(93, 100)))
    assert share(7, 100) == pytest.approx((mirrored.value, mirrored.high, mirrored.low))


def test_a_ratio_divides_and_is_wider_than_either_estimate():
    above, below = Interval(6.0, 5.0, 7.2), Interval(2.0, 1.8, 2.2)
    found = ratio(above, below)
    assert found.value == 3
    assert found.low < 3 * 5 / 6
    assert found.high > 3 * 7.2 / 6
    exact = ratio(above, Interval(2.0, 2.0, 2.0))
    assert exact == pytest.approx((3, 2.5, 3.6))


def test_the_inverse_ratio_has_the_inverse_interval():
    above, below = Interval(6.0, 5.0, 7.2), Interval(2.0, 1.8, 2.2)
    value, low, high = ratio(above, below)
    assert ratio(below, above) == pytest.approx((1 / value, 1 / high, 1 / low))


# One pair, coarse to fine


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 32, 33, 34, 100])
def test_stages_hold_each_index_once_and_halve_the_gaps(count):
    stages = coarse_to_fine(count)
    assert sorted(chain(*stages)) == list(range(count))
    seen, gap = [], count
    for stage in stages:
        seen = sorted([*seen, *stage])
        assert stage == sorted(stage)
        steps = {after - before for before, after in pairwise(seen)}
        assert len(steps) <= 1  # evenly spaced
        assert max(steps, default=0) <= gap
        gap = max(steps, default=gap) / 2
    assert coarse_to_fine(33)[:3] == [[0, 32], [16], [8, 24]]


@pytest.mark.parametrize(("filter", "high_cutoff"), [("ideal", None), ("gaussian", 6.0)])
def test_answers_to_a_pair_are_those_to_its_hybrids_one_by_one(images, filter, high_cutoff):
    torch.manual_seed(0)
    networks = [
        torch.nn.Sequential(torch.nn.AvgPool2d(side), torch.nn.Flatten(), torch.nn.LazyLinear(4))
        for side in (8, 16)
    ]
    low, high = images[:2]
    cutoffs = [0.0, 3.0, 7.5, 20.0, 32.0]
    seen = []
    for stage, answers in pair_answers(
        networks, low, high, cutoffs, high_cutoff=high_cutoff, filter=filter
    ):
        seen += stage
        assert len(answers) == 2
        for network, probabilities in zip(networks, answers, strict=True):
            assert not probabilities.requires_grad
            for index, found in zip(stage, probabilities, strict=True):
                picture = hybrid(low, high, cutoffs[index], high_cutoff=high_cutoff, filter=filter)
                assert_close(found, network(picture[None])[0].softmax(-1).detach())
    assert sorted(seen) == [0, 1, 2, 3, 4]
