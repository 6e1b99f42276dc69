"""Robustness along a sweep of blurs: what is gathered of it, and where it is highest."""

import math

import pytest
import tiny
import torch

from blurlab import places
from blurlab.__main__ import main
from blurlab.claims import compare
from blurlab.claims.blurs import Blurred, best, sweep
from blurlab.claims.paired import Effect, over_seeds
from blurlab.corruptions.row import BANDS
from blurlab.statistics import Interval

F_REVS = (0.03, 0.05, 0.08, 0.13, 0.2, 0.35)


def blurred(sigma, f_rev, accuracy, half=0.01):
    number = Interval(accuracy, accuracy - half, accuracy + half)
    at = Interval(f_rev, f_rev, f_rev)
    return Blurred(sigma, 1, at, number, dict.fromkeys((*BANDS, "all"), number))


def parabola(top, noise=()):
    accuracies = [0.7 - 0.05 * (math.log(f_rev / top)) ** 2 for f_rev in F_REVS]
    if noise:
        accuracies = [a + n for a, n in zip(accuracies, noise, strict=True)]
    pairs = zip(F_REVS, accuracies, strict=True)
    return [blurred(sigma, *pair) for sigma, pair in enumerate(pairs)]


def test_the_highest_point_of_a_parabola_is_found():
    found = best(parabola(0.1), "all")
    assert found.f_rev.value == pytest.approx(0.1, rel=1e-6)
    assert found.accuracy == pytest.approx(0.7)
    assert found.sigma == 2  # whose f_rev of 0.08 is nearest to 0.1, in ratio
    assert found.f_rev.low < 0.1 < found.f_rev.high


def test_its_interval_holds_the_truth_as_often_as_it_says():
    generator = torch.Generator().manual_seed(0)
    held = 0
    for _ in range(200):
        noise = (0.01 / 1.96 * torch.randn(len(F_REVS), generator=generator)).tolist()
        found = best(parabola(0.1, noise), "all").f_rev
        held += found.low <= 0.1 <= found.high
    assert 180 <= held <= 198


def test_a_sweep_that_only_rises_has_no_highest_point():
    assert math.isnan(best(parabola(5.0), "all").f_rev.value)
    valley = [blurred(i, f, 0.5 + math.log(f / 0.1) ** 2) for i, f in enumerate(F_REVS)]
    assert math.isnan(best(valley, "all").f_rev.value)


def test_an_interval_that_reaches_the_end_of_the_sweep_is_open_there():
    found = best(parabola(0.033), "all")
    assert found.f_rev.low == pytest.approx(F_REVS[0])
    assert found.is_open == (True, False)
    assert best(parabola(0.1), "all").is_open == (False, False)


def test_how_far_the_parabola_misses_a_blur_is_told():
    off = best(parabola(0.1, (0, 0, 0.03, 0, 0, 0)), "all").misses
    assert 0.01 < off < 0.03
    assert best(parabola(0.1), "all").misses < 1e-9


def test_few_blurs_have_none():
    assert best(parabola(0.1)[:4], "all") is None


@pytest.fixture
def networks(monkeypatch, tmp_path):
    """A plain network of two seeds, blurs of it, and one of another kind; all are measured."""
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path)
    monkeypatch.setenv("BLURLAB_MODELS", str(tmp_path / "added"))
    numbers = {}
    for name, sigma, seed, objective in (
        ("base", 0.0, 0, "plain"),
        ("base_seed1", 0.0, 1, "plain"),
        ("blur2", 2.0, 0, "plain"),
        ("adversarial", 0.0, 0, "adversarial"),
        ("unmeasured", 3.0, 0, "plain"),
    ):
        tiny.install(tmp_path, name, seed=seed, sigma=sigma, objective=objective)
        numbers[name] = (0.2 + 0.02 * seed - 0.05 * sigma, 0.5 + 0.1 * sigma + 0.02 * seed)

    def kept(name, data, measures=()):
        if name == "unmeasured":
            return {}
        f_rev, accuracy = numbers[name]
        at = Interval(f_rev, f_rev - 0.01, f_rev + 0.01)
        right = Interval(accuracy, accuracy - 0.03, accuracy + 0.03)
        measured = {"clean": right, "classes": dict.fromkeys(BANDS, right)}
        return {"hybrids": (100, {"f_rev_nyquist": at}), "corruptions": (100, measured)}

    monkeypatch.setattr(compare, "kept", kept)
    return tmp_path


def test_a_sweep_holds_what_differs_by_its_blur_alone_and_means_over_seeds(networks):
    none, two = sweep("base", "imagenette")
    assert (none.sigma, none.seeds, two.sigma, two.seeds) == (0, 2, 2, 1)
    assert none.f_rev.value == pytest.approx(0.21)
    effects = [Effect(value, 0.01 / 1.96, 10**6, 0) for value in (0.20, 0.22)]
    assert none.f_rev.high - none.f_rev.value == pytest.approx(
        over_seeds(effects, 0.95)[1], rel=1e-3
    )
    assert two.f_rev.high - two.f_rev.value == pytest.approx(0.01)
    assert none.under["all"].value == pytest.approx(0.51)
    assert two.clean.value == pytest.approx(0.7)


def test_the_command_prints_the_table_and_the_highest_points(networks, capsys, monkeypatch):
    monkeypatch.setattr("blurlab.commands.kept.sweep", lambda plain, data: parabola(0.1))
    main(["blurs", "--data", "imagenette", "--plain", "base"])
    printed = capsys.readouterr().out
    assert printed.count("\n| ") == len(F_REVS) + 1
    assert "is highest, 70.0 %, at an f_rev of 0.100 [" in printed
