"""The paper's claims: a verdict follows from where the whole interval lies."""

import math

import pytest
import tiny

from blurlab import places
from blurlab.__main__ import main
from blurlab.claims import compare
from blurlab.claims.table import HELD, Claim, claims, pair, verdict
from blurlab.statistics import UNDEFINED, Interval, correlation, gap


def estimates(f_rev, f_half, epsilon, low, high):
    """Estimates of one network as the measures return them, every interval 10 % wide."""

    def around(value):
        return Interval(value, 0.95 * value, 1.05 * value)

    return {
        "hybrids": {"f_rev_nyquist": around(f_rev)},
        "perturbation": {"f_half": around(f_half), "epsilon": {"median": around(epsilon)}},
        "corruptions": {"classes": {"low": around(low), "high": around(high)}},
    }


def verdicts(plain, blurred):
    return {
        (measure, words[1]): Claim(*words, 1).verdict
        for measure, held in HELD.items()
        for words in held(plain[measure], blurred[measure])
    }


PLAIN = estimates(f_rev=0.2, f_half=0.3, epsilon=0.004, low=0.6, high=0.3)


def test_a_network_that_does_as_the_paper_says_holds_every_claim():
    blurred = estimates(f_rev=0.1, f_half=0.1, epsilon=0.008, low=0.4, high=0.5)
    found = verdicts(PLAIN, blurred)
    assert len(found) == 6 - 1  # two claims rest on the high-frequency corruptions
    assert set(found.values()) == {"holds"}


def test_a_network_that_does_the_opposite_holds_none():
    blurred = estimates(f_rev=0.4, f_half=0.6, epsilon=0.002, low=0.9, high=0.1)
    assert set(verdicts(PLAIN, blurred).values()) == {"does not hold"}


def test_what_the_intervals_do_not_tell_apart_is_open():
    blurred = estimates(f_rev=0.199, f_half=0.299, epsilon=0.00401, low=0.599, high=0.301)
    assert set(verdicts(PLAIN, blurred).values()) == {"open"}


def test_a_network_whose_curve_does_not_cross_leaves_the_claim_undefined():
    blurred = {"f_rev_nyquist": UNDEFINED}
    ((claim, quantity, found, kind, sign),) = HELD["hybrids"](PLAIN["hybrids"], blurred)
    assert math.isnan(found.value)
    assert Claim(claim, quantity, found, kind, sign, 1).verdict == "undefined"


def test_an_epsilon_whose_interval_reaches_zero_leaves_the_ratio_undefined():
    blurred = {"f_half": Interval(0.1, 0.0, 0.2), "epsilon": {"median": Interval(1.0, 0.5, 2.0)}}
    lower, larger = HELD["perturbation"](PLAIN["perturbation"], blurred)
    assert math.isnan(lower[2].value)
    assert larger[2].value == 1.0 / 0.004


def test_the_gap_of_two_estimates_has_the_spread_of_both():
    found = gap(Interval(0.5, 0.47, 0.54), Interval(0.3, 0.26, 0.33))
    assert found == pytest.approx((0.2, 0.2 - math.hypot(0.03, 0.03), 0.2 + math.hypot(0.04, 0.04)))


@pytest.fixture
def four(tmp_path, monkeypatch):
    """Networks of four recipes of one size, and one of another size, with made-up numbers."""
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path)
    monkeypatch.setenv("BLURLAB_MODELS", str(tmp_path / "added"))
    found = {}
    for number, name in enumerate("abcd"):
        tiny.install(tmp_path, name, epochs=2 + number)
        numbers = estimates(0.1 + 0.1 * number, 0.3, 0.004, 0.6, (0.7, 0.4, 0.6, 0.3)[number])
        found[name] = {measure: (90 - number, each) for measure, each in numbers.items()}
    tiny.install(tmp_path, "small", input_size=16, crop_size=16)
    found["small"] = found["a"]
    monkeypatch.setattr(compare, "kept", lambda name, data, measures: found[name])
    return found


def test_the_sentence_follows_the_verdicts(four):
    found = claims("a", "b", "objects")
    assert [each.verdict for each in found if each.kind == "correlation"] == ["open"]
    words = verdict(found)
    assert "does not rely on coarser structure" in words  # b has the higher f_rev
    assert "withstands less" in words
    assert "no law shows" in words
    assert verdict([]) == verdict([each for each in found if each.kind == "correlation"]) == ""
    assert pair("objects") is None  # objects_base is not here


def correlated():
    return [each for each in claims("a", "b", "objects") if each.kind == "correlation"]


def test_of_four_recipes_f_rev_and_accuracy_are_correlated(four):
    (last,) = correlated()
    assert last.claim.startswith("(b)")
    assert last.quantity.endswith("4 recipes")
    assert last.found == pytest.approx(correlation([1, 2, 3, 4], [0.7, 0.4, 0.6, 0.3]))
    assert last.found.value == pytest.approx(-0.7071, abs=1e-4)
    assert last.pictures == 87
    assert last.verdict == "open"  # four are too few for this much scatter


def test_networks_that_differ_by_seed_alone_are_correlated_by_their_means(four):
    numbers = estimates(0.6, 0.3, 0.004, 0.6, 0.5)
    tiny.install(places.SHIPPED_MODELS, "another a", seed=1)
    four["another a"] = {measure: (50, each) for measure, each in numbers.items()}
    (last,) = correlated()
    assert last.quantity.endswith("4 recipes")
    assert last.found == pytest.approx(correlation([3.5, 2, 3, 4], [0.6, 0.4, 0.6, 0.3]))
    assert last.pictures == 50


def test_three_recipes_or_an_undefined_f_rev_leave_no_correlation(four):
    four["d"]["hybrids"] = 90, {"f_rev_nyquist": UNDEFINED}
    assert correlated() == []


def test_a_network_that_is_not_installed_is_named(capsys):
    assert main(["claims", "--data", "objects", "--blurred", "blurry"]) == 2
    assert "'blurry' is not installed" in capsys.readouterr().err
