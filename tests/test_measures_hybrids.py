"""Answers to hybrids: curves whose course follows from how pictures and model were made."""

import math

import pytest
import torch
from gratings import grating
from torch.testing import assert_close

from blurlab.data.sets import Pictures
from blurlab.measures.hybrids import HYBRIDS, STEPS, sums
from blurlab.measures.measuring import settings_of
from blurlab.measures.tallies import add, batches, tallies, total

SIZE = 16
FREQUENCIES = range(1, 8)  # cycles/image of the gratings in a picture below
CUTOFFS = [frequency - 0.5 for frequency in range(1, 9)]
SETTINGS = {"alphas": [200 * cutoff / SIZE for cutoff in CUTOFFS]}


def striped(labels, thresholds):
    """Draw stripes of every frequency, upright for class 0 and level for class 1, as uint8.

    The mean brightness of a picture tells its threshold, one of FREQUENCIES.
    """
    waves = torch.stack([grating(SIZE, frequency) for frequency in FREQUENCIES])
    signs = torch.tensor([1, -1, -1, 1, 1, -1, 1]).view(-1, 1, 1)  # keeps the sum from peaking
    upright = 0.04 * (signs * waves).sum(0)
    stripes = torch.stack([upright, upright.T])[labels]
    brightness = 0.3 + 0.4 * (thresholds.view(-1, 1, 1) - 1) / 6
    images = (brightness + stripes).mul(255).round().byte()[:, None].repeat(1, 3, 1, 1)
    return Pictures(images, labels, ("upright", "level"))


def looks_at_one_frequency(images):
    """Name the orientation that is stronger at the frequency which the mean brightness tells.

    The mean always comes from the low picture, so a hybrid is named after the low picture exactly
    when the cutoff reaches the low picture's threshold.
    """
    threshold = ((images.mean((1, 2, 3)) - 0.3) / 0.4 * 6 + 1).round().long()
    spectrum = torch.fft.fft2(images[:, 0]).abs()
    index = torch.arange(len(images))
    return torch.stack([spectrum[index, 0, threshold], spectrum[index, threshold, 0]], 1)


def summed(model, pictures, seed=0, settings=SETTINGS):
    count = len(pictures.labels)
    numbers = batches(pictures, count, HYBRIDS.size)
    return total(dict(tallies(HYBRIDS, model, pictures, settings, numbers=numbers, count=count,
                              seed=seed)))  # fmt: skip


def measured(model, pictures, seed=0):
    return HYBRIDS.estimate(summed(model, pictures, seed), SETTINGS)


def values(intervals):
    return [interval.value for interval in intervals]


def random_stripes(count, seed):
    generator = torch.Generator().manual_seed(seed)
    return striped(torch.arange(count) % 2, torch.randint(1, 8, (count,), generator=generator))


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_a_model_that_sees_one_frequency_reverses_there(frequency):
    pictures = striped(torch.arange(20) % 2, torch.full((20,), frequency))
    found = measured(looks_at_one_frequency, pictures)
    expected = [float(cutoff >= frequency) for cutoff in CUTOFFS]
    assert values(found["p_low"]) == expected
    assert values(found["p_high"]) == [1 - share for share in expected]
    assert values(found["difference"]) == [2 * share - 1 for share in expected]
    value, low, high = found["f_rev_nyquist"]
    assert value == low == high == frequency / (SIZE / 2)


def test_the_curve_is_the_share_of_thresholds_that_the_cutoff_has_reached():
    found = measured(
        looks_at_one_frequency, striped(torch.arange(70) % 2, torch.arange(70) % 7 + 1)
    )
    assert values(found["p_low"]) == pytest.approx([index / 7 for index in range(8)])
    assert values(found["p_high"]) == pytest.approx([1 - index / 7 for index in range(8)])
    assert found["f_rev_nyquist"].value == pytest.approx(4 / (SIZE / 2))


def test_the_confidence_is_the_mean_probability_of_both_pictures_classes():
    """It names the coarse picture in a share of pairs, 0.9 sure, and is 0.1 sure of the other."""

    def sure(images):
        named = looks_at_one_frequency(images).argmax(-1)
        return torch.tensor([[0.9, 0.1], [0.1, 0.9]])[named].log()

    pictures = striped(torch.arange(70) % 2, torch.arange(70) % 7 + 1)
    found = measured(sure, pictures)
    shares = [index / 7 for index in range(8)]
    low = [0.1 + 0.8 * each for each in shares]
    high = [0.9 - 0.8 * each for each in shares]
    assert values(found["confidence_low"]) == pytest.approx(low, abs=1 / STEPS)
    assert values(found["confidence_high"]) == pytest.approx(high, abs=1 / STEPS)
    half = 1.96 * 0.8 * math.sqrt(3 / 7 * 4 / 7 / 70)
    assert found["confidence_low"][3].high == pytest.approx(0.1 + 0.8 * 3 / 7 + half, rel=1e-4)


def test_what_was_kept_before_confidence_is_read_without_it():
    kept = summed(looks_at_one_frequency, random_stripes(40, 3))
    before = {n: each for n, each in kept.items() if not n.startswith(("confidence", "squares"))}
    found, now = (HYBRIDS.estimate(each, SETTINGS) for each in (before, kept))
    assert found == {name: each for name, each in now.items() if not name.startswith("confidence")}
    assert "confidence_low" not in HYBRIDS.estimate(add(before, kept), SETTINGS)
    assert len(HYBRIDS.draw(found)) == 1


def test_the_products_are_those_of_the_pairs_whatever_the_batch():
    """A pair differs by -1 up to its threshold and by 1 beyond: the moments are known."""
    pictures = random_stripes(60, 1)
    brightness = pictures.images.float().mean((1, 2, 3)) / 255
    thresholds = ((brightness - 0.3) / 0.4 * 6 + 1).round()
    differences = torch.where(torch.tensor(CUTOFFS) >= thresholds[:, None], 1.0, -1.0).double()
    found = summed(looks_at_one_frequency, pictures)
    assert_close(found["products"], differences.T @ differences)
    assert_close(found["low"] - found["high"], differences.sum(0))


def test_a_model_that_always_says_the_same_never_reverses():
    def always_upright(images):
        return torch.tensor([[1.0, 0.0]]).expand(len(images), 2)

    found = measured(always_upright, random_stripes(40, 2))
    assert values(found["p_low"]) == [0.5] * 8
    assert all(math.isnan(end) for end in found["f_rev_nyquist"])


def test_the_interval_covers_the_known_reversal_and_shrinks_with_the_pairs():
    """Thresholds are uniform over 1 to 7, so all pictures together reverse at 4 cycles/image."""
    widths, covered = {}, 0
    for count, repeats in ((40, 20), (400, 4)):
        found = [
            measured(looks_at_one_frequency, random_stripes(count, seed), seed)["f_rev_nyquist"]
            for seed in range(repeats)
        ]
        covered += sum(low <= 4 / (SIZE / 2) <= high for _, low, high in found)
        widths[count] = sum(high - low for _, low, high in found) / repeats
    assert covered >= 20  # of 24; 23 are expected
    assert widths[40] / widths[400] == pytest.approx(math.sqrt(10), rel=0.35)


def test_the_interval_knows_that_a_picture_serves_in_two_hybrids():
    """A picture that wins as the coarse one wins as the fine one too: errors partly cancel."""
    generator = torch.Generator().manual_seed(0)
    wins, partner = torch.randn(200, generator=generator), torch.arange(200).roll(1)
    lead = torch.tensor([-3.0, -1.0, 1.0, 3.0]) + 2 * (wins - wins[partner])[:, None]
    each = {"each_low": lead > 0, "each_high": lead < 0}
    indices = {"each_picture": torch.arange(200), "each_partner": partner}
    settings = {"alphas": [0, 20, 40, 60]}
    apart = sums(each)
    without = HYBRIDS.estimate(apart, settings)["f_rev_nyquist"]
    found = HYBRIDS.estimate(apart | each | indices, settings)["f_rev_nyquist"]
    assert found.value == without.value
    assert found.high - found.low < 0.6 * (without.high - without.low)
    strangers = {"each_picture": torch.arange(200), "each_partner": torch.arange(200, 400)}
    same = HYBRIDS.estimate(apart | each | strangers, settings)["f_rev_nyquist"]
    assert same == pytest.approx(without)


def test_a_cutoff_beyond_nyquist_is_refused_with_the_range():
    with pytest.raises(ValueError, match=r"cutoff is 8\.4 .* 0 to 8"):
        summed(looks_at_one_frequency, random_stripes(4, 5), settings={"alphas": [50, 105]})


@pytest.mark.parametrize("squared", [2, 5, 13])
def test_f_rev_of_few_cycles_lies_between_rings_and_its_interval_says_so(squared):
    """A model that reads one coefficient reverses at its ring, and nothing tells where before."""
    across, down = {2: (1, 1), 5: (2, 1), 13: (3, 2)}[squared]
    labels = torch.arange(20) % 2
    place = (across * torch.arange(SIZE) + down * torch.arange(SIZE)[:, None]) / SIZE
    waves = 0.3 * torch.cos(2 * math.pi * place) * (2 * labels - 1).view(-1, 1, 1)
    images = (0.5 + waves).mul(255).round().byte()[:, None].repeat(1, 3, 1, 1)

    def by_sign(images):
        sign = torch.fft.fft2(images[:, 0])[:, down, across].real
        return torch.stack([-sign, sign], 1)

    pictures, rings = Pictures(images, labels, ("minus", "plus")), [0, 1, 2, 4, 5, 8, 9, 10, 13]
    nyquist, settings = SIZE / 2, settings_of("hybrids", {"alphas": "rings"}, SIZE)
    assert [round((each / 100 * nyquist) ** 2) for each in settings["alphas"]][:9] == rings
    found = HYBRIDS.estimate(summed(by_sign, pictures, settings=settings), settings)
    before = rings[rings.index(squared) - 1]
    ends = math.sqrt(before) / nyquist, math.sqrt(squared) / nyquist
    assert found["f_rev_nyquist"][1:] == pytest.approx(ends)
    assert found["f_rev_nyquist"].value == pytest.approx(sum(ends) / 2)
