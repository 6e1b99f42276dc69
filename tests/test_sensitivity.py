"""Pairing, reversals against the reference curves, intervals, and the answers to one pair."""

import json
import math
from itertools import chain, pairwise

import pytest
import torch
from torch.testing import assert_close

from blurlab.filters.hybrid import hybrid
from blurlab.filters.pairs import coarse_to_fine, pair_answers
from blurlab.measures.reversal import reverse_frequency, zero_crossing
from blurlab.measures.tallies import derangement
from blurlab.statistics import Interval, correlation, difference, mean, ratio, share

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
    for known in curves.values():
        cutoffs = torch.tensor(known["alphas"], dtype=torch.float64) / 100
        low, high = (
            torch.tensor(known[key], dtype=torch.float64).mean(1)
            for key in ("accs_low", "accs_high")
        )
        expected = next(iter(known["all_linear_crossings"]), None)
        for curve in (low - high, high - low):
            # The mean of four numbers that cancel is not exactly zero.
            curve = torch.where(curve.abs() < 1e-12, 0, curve)
            assert zero_crossing(cutoffs, curve) == (expected and pytest.approx(expected))


# Reversals


def rising(spread):
    """A curve that crosses zero at 0.5, and the covariance of its mean."""
    cutoffs, difference = torch.tensor([0.0, 1.0]), torch.tensor([-1.0, 1.0], dtype=torch.float64)
    return cutoffs, difference, spread**2 * torch.eye(2, dtype=torch.float64)


def test_an_interval_of_a_sharp_curve_has_no_width():
    assert reverse_frequency(*rising(0), torch.Generator().manual_seed(0)) == (0.5, 0.5, 0.5)


def test_an_interval_is_as_wide_as_the_crossings_of_noisy_curves():
    """Small noise on both ends of a line of slope 2 moves its crossing by normal noise."""
    found = reverse_frequency(*rising(0.01), torch.Generator().manual_seed(0), draws=20_000)
    expected = 1.96 * math.hypot(0.01, 0.01) / 4
    assert found.high - 0.5 == pytest.approx(expected, rel=0.05)
    assert 0.5 - found.low == pytest.approx(expected, rel=0.05)


def test_a_curve_that_stays_on_one_side_has_no_reversal():
    cutoffs, difference, covariance = rising(0.1)
    found = reverse_frequency(cutoffs, difference.abs(), covariance, torch.Generator())
    assert all(math.isnan(end) for end in found)


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


def test_a_difference_of_exclusive_shares_covers_the_truth_and_has_a_width_at_the_ends():
    generator = torch.Generator().manual_seed(0)
    low, high, count = 0.55, 0.35, 60
    draws = torch.rand(2000, count, generator=generator)
    named_low, named_high = (draws < low).sum(1), (draws > 1 - high).sum(1)
    found = [
        difference(share(a, count), share(b, count))
        for a, b in zip(named_low.tolist(), named_high.tolist(), strict=True)
    ]
    covered = sum(interval.low <= low - high <= interval.high for interval in found) / 2000
    assert covered == pytest.approx(0.95, abs=0.015)
    certain = difference(share(20, 20), share(0, 20))
    assert certain.value == certain.high == 1
    assert 0.7 < certain.low < 0.9


def test_a_mean_has_the_normal_interval_within_0_to_1():
    assert mean(50, 30, 100) == pytest.approx((0.5, 0.5 - 0.0438, 0.5 + 0.0438), abs=1e-4)
    assert mean(99, 98.5, 100).high == 1


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


def test_a_correlation_has_fishers_interval():
    """Ten pairs made to correlate by 0.5; textbooks give -0.189 to 0.859."""
    waves = torch.arange(10, dtype=torch.float64) * math.pi / 5
    x, other = waves.cos(), waves.sin()  # of equal length, and orthogonal
    found = correlation(x.tolist(), (0.5 * x + math.sqrt(0.75) * other + 7).tolist())
    assert found == pytest.approx((0.5, -0.189, 0.859), abs=1e-3)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_fewer_than_four_pairs_have_no_correlation(count):
    assert math.isnan(correlation(range(count), range(count)).value)


def test_numbers_that_do_not_vary_have_no_correlation_and_those_on_a_line_a_whole_one():
    assert math.isnan(correlation([1, 2, 3, 4], [5, 5, 5, 5]).value)
    assert correlation([1, 2, 3, 4], [8, 6, 4, 2]) == pytest.approx((-1, -1, -1))


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
