"""The paper's claims: a verdict follows from where the whole interval lies."""

import math

import pytest
import tiny
import torch

from blurlab import places
from blurlab.__main__ import main
from blurlab.claims import compare, coverage, over_recipes, paired, simulated
from blurlab.claims.claim import ROBUST
from blurlab.claims.paired import Effect, over_seeds
from blurlab.claims.sentences import together, verdict
from blurlab.claims.table import HELD, claims, pair, seeds_of
from blurlab.corruptions.table import CORRUPTIONS, published
from blurlab.filters.spectrum import radial_frequency
from blurlab.measures import corrupted, half_power, hybrids, perturbation
from blurlab.measures.provenance import CHECKSUM
from blurlab.measures.row import EACH
from blurlab.measures.table import MEASURES
from blurlab.measures.tallies import total
from blurlab.statistics import UNDEFINED, Interval, correlation, share, t_quantile

ALPHAS = torch.tensor(MEASURES["hybrids"].settings["alphas"], dtype=torch.float64) / 100


def batch(generator, f_rev, f_half, epsilon, low, high, count=50):
    """Tallies of one batch as the measures return them, of pictures that scatter a little."""
    reversed_at = f_rev * (0.1 * torch.randn(count, generator=generator)).exp()[:, None]
    each_low = reversed_at < ALPHAS
    pairs = {"each_low": each_low, "each_high": ~each_low}
    radius = f_half * (0.1 * torch.randn(count, generator=generator)).exp()[:, None]
    changes = {
        "each_power": half_power.radii(48) > radius,
        "each_epsilon": epsilon * (0.2 * torch.randn(count, generator=generator)).exp(),
    }
    right = {"each_clean": torch.rand(count, generator=generator) < 0.9}
    for name in published():
        share = {"low": low, "high": high}.get(CORRUPTIONS[name].band, 0.5)
        right[f"each_right_{name}"] = torch.rand(count, 5, generator=generator) < share
    return {
        "hybrids": hybrids.sums(pairs) | pairs,
        "perturbation": perturbation.sums(changes) | changes,
        "corruptions": corrupted.sums(right) | right,
    }


def network(seed=0, batches=8, **numbers):
    """What is kept of a network: tallies by measure and number of the batch."""
    generator = torch.Generator().manual_seed(seed)
    found = {measure: {} for measure in HELD}
    for number in range(batches):
        for measure, tally in batch(generator, **numbers).items():
            picture = torch.arange(50 * number, 50 * (number + 1))
            pairs = {f"{EACH}picture": picture, f"{EACH}partner": picture + 7}
            found[measure][number] = tally | pairs
    return found


def sums_alone(found):
    """The same without what each picture said, as earlier versions kept it."""
    return {
        measure: {
            number: {name: value for name, value in tally.items() if not name.startswith(EACH)}
            for number, tally in tallies.items()
        }
        for measure, tallies in found.items()
    }


@pytest.fixture
def held(tmp_path, monkeypatch):
    """Return what claims are found of a plain and a blurred network with made-up results."""
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path)
    monkeypatch.setenv("BLURLAB_MODELS", str(tmp_path / "added"))
    tiny.install(tmp_path, "plain")
    tiny.install(tmp_path, "blurred", sigma=2.0)
    monkeypatch.setattr(compare, "kept", lambda *_: {})
    monkeypatch.setattr(over_recipes, "robust", lambda *_: None)

    def held(plain, blurred):
        tallied = {"plain": plain, "blurred": blurred}
        monkeypatch.setattr(compare, "tallied", lambda name, data, measures: tallied[name])
        return {(each.claim, each.quantity): each for each in claims("plain", "blurred", "objects")}

    return held


PLAIN = {"f_rev": 0.2, "f_half": 0.3, "epsilon": 0.004, "low": 0.6, "high": 0.3}
AS_CLAIMED = {"f_rev": 0.1, "f_half": 0.1, "epsilon": 0.008, "low": 0.4, "high": 0.5}
OPPOSITE = {"f_rev": 0.4, "f_half": 0.6, "epsilon": 0.002, "low": 0.9, "high": 0.1}


@pytest.mark.parametrize("kept", [lambda found: found, sums_alone], ids=["pictures", "sums"])
@pytest.mark.parametrize(
    ("numbers", "verdict"),
    [(AS_CLAIMED, "holds"), (OPPOSITE, "does not hold"), (PLAIN, "open")],
    ids=["as claimed", "the opposite", "alike"],
)
def test_a_verdict_follows_from_where_the_interval_lies(held, kept, numbers, verdict):
    found = held(kept(network(0, **PLAIN)), kept(network(1, **numbers)))
    verdicts = [each.verdict for each in found.values()]
    assert verdicts.count("control") == 1
    assert set(verdicts) == {"control", verdict}
    assert len(verdicts) == 7


def test_the_effects_are_those_that_were_made(held):
    found = held(network(0, **PLAIN), network(1, **AS_CLAIMED))
    values = {each.quantity: each.found.value for each in found.values()}
    assert values["f_rev, plain over blurred"] == pytest.approx(2, rel=0.1)
    assert values["f_0.5, plain over blurred"] == pytest.approx(3, rel=0.1)
    assert values["median minimal epsilon, blurred over plain"] == pytest.approx(2, rel=0.1)
    under = "accuracy under {}-frequency corruptions, blurred minus plain"
    assert values[under.format("low")] == pytest.approx(-0.2, abs=0.05)
    assert values[under.format("high")] == pytest.approx(0.2, abs=0.05)


def test_the_ratio_of_f_rev_reaches_to_the_next_rings(held):
    """Between rings of Fourier coefficients an ideal filter tells nothing."""
    plain, blurred = network(0, **PLAIN), network(1, **AS_CLAIMED)
    for tallies in (plain, blurred):
        for tally in tallies["hybrids"].values():
            tally["sides"] = torch.tensor(50 * 32.0)
    key = next(key for key in held(plain, blurred) if key[1] == "f_rev, plain over blurred")
    found = held(plain, blurred)[key].found
    radii = radial_frequency(32).unique().double() / 16
    settings = MEASURES["hybrids"].settings
    reversed_at = [hybrids.reversal(total(each["hybrids"]), settings) for each in (plain, blurred)]
    below, above = zip(
        *((radii[radii <= f][-1].item(), radii[radii >= f][0].item()) for f in reversed_at),
        strict=True,
    )
    assert found.low == pytest.approx(below[0] / above[1])
    assert found.high == pytest.approx(above[0] / below[1])


def test_a_picture_that_serves_in_two_hybrids_is_known_to_do_so(held):
    plain, blurred = network(0, **PLAIN), network(1, **AS_CLAIMED)
    settings = [MEASURES["hybrids"].settings] * 2
    twice = paired.by_reversals(plain["hybrids"], blurred["hybrids"], settings)
    for tallies in (plain, blurred):
        for tally in tallies["hybrids"].values():
            tally["each_partner"] = tally["each_picture"] + 10_000  # of no pair here
    once = paired.by_reversals(plain["hybrids"], blurred["hybrids"], settings)
    assert twice.value == once.value
    assert twice.error != once.error


def test_pictures_that_are_hard_for_both_networks_make_no_interval_wider(held):
    plain, alike = network(0, **PLAIN), network(0, **PLAIN)
    for tally in alike["corruptions"].values():  # one severity of one corruption is lost
        tally["each_right_fog"] = tally["each_right_fog"] & (torch.arange(5) > 0)
    same = held(plain, alike)
    apart = held(plain, network(1, **PLAIN))
    key = next(key for key in same if "low-frequency" in key[1])
    first, second = same[key].found, apart[key].found
    assert first.high - first.low < (second.high - second.low) / 2
    assert same[key].verdict == "holds"
    assert apart[key].verdict == "open"


def test_only_the_same_pictures_are_compared(held):
    plain, blurred = network(0, batches=8, **PLAIN), network(1, batches=5, **AS_CLAIMED)
    compared = [each for each in held(plain, blurred).values() if each.sign]
    assert {each.pictures for each in compared} == {250}
    for tallies in blurred.values():
        for tally in tallies.values():
            tally[f"{EACH}picture"] = tally[f"{EACH}picture"] + 1
    assert not any(each.sign for each in held(plain, blurred).values())


def test_other_pictures_under_the_same_numbers_are_not_compared(held):
    """As from another copy of a data set; drawn objects may differ in a few pictures."""
    plain, blurred = network(0, **PLAIN), network(1, **AS_CLAIMED)
    for tallies in (plain, blurred):
        for each in tallies.values():
            for tally in each.values():
                tally[CHECKSUM] = torch.arange(50)
    whole = held(plain, blurred)
    for tallies in blurred.values():
        for tally in tallies.values():
            tally[CHECKSUM] = torch.cat([torch.arange(40), torch.arange(10)])
    assert held(plain, blurred).keys() == whole.keys()
    for tallies in blurred.values():
        for tally in tallies.values():
            tally[CHECKSUM] = torch.arange(50) + 1
    assert not any(each.sign for each in held(plain, blurred).values())


def test_pictures_that_no_networks_ship_for_need_a_network_named(capsys):
    for command in ("claims", "recipes", "blurs"):
        assert main([command, "--data", "cifar10"]) == 2
        assert "name yours with --plain." in capsys.readouterr().err


def test_two_batches_of_sums_are_too_few_for_an_error(held):
    plain = sums_alone(network(0, batches=2, **PLAIN))
    assert held(plain, sums_alone(network(1, batches=2, **AS_CLAIMED))) == {}


def test_a_network_whose_curve_does_not_cross_leaves_the_claim_out(held):
    blurred = network(1, **AS_CLAIMED)
    for tally in blurred["hybrids"].values():
        tally["each_high"] = torch.zeros_like(tally["each_high"])
        tally |= hybrids.sums(tally)
    found = held(network(0, **PLAIN), blurred)
    assert len(found) == 6
    assert not any("f_rev" in quantity for _, quantity in found)


def test_the_control_is_what_the_blur_alone_does_to_the_plain_networks_changes(held):
    spectrum = 0.1 * torch.rand(400, 49, dtype=torch.float64)
    plain, blurred = network(0, **PLAIN), network(1, **AS_CLAIMED)
    for number, tally in plain["perturbation"].items():
        tally["each_power"] = spectrum[50 * number : 50 * (number + 1)].cumsum(1)
        tally |= perturbation.sums(tally)
    found = held(plain, blurred)
    (control,) = (each for each in found.values() if each.verdict == "control")
    edges = half_power.radii(48)
    middle = (edges[1:] + edges[:-1]) / 2
    rings = spectrum.sum(0).cumsum(0).diff()
    gain = torch.exp(-2 * (math.pi * 2.0 * middle) ** 2)  # of sigma = 2 px, on amplitudes
    behind = (rings * gain**2).cumsum(0)
    where = int((behind < behind[-1] / 2).sum())
    assert (
        edges[where]
        <= half_power.half(perturbation.sums(_joined(plain["perturbation"]))) / control.found.value
        <= edges[where + 1]
    )


def _joined(tallies):
    return {
        name: torch.cat([tally[name] for tally in tallies.values()])
        for name in ("each_power", "each_epsilon")
    }


# Seeds


def test_over_seeds_the_spread_is_students_with_the_seeds_degrees_of_freedom():
    effects = [Effect(value, 0.0, 499, 500) for value in (0.01, 0.02, 0.03)]
    value, half = over_seeds(effects, 0.95)
    assert value == pytest.approx(0.02)
    assert half == pytest.approx(4.30265 * 0.01 / math.sqrt(3), rel=1e-4)
    assert over_seeds(effects, 0.99)[1] > 2 * half


def test_pictures_that_all_seeds_share_add_the_error_of_one_of_them():
    effects = [Effect(0.02, 0.01, 499, 500)] * 3
    assert over_seeds(effects, 0.95)[1] == pytest.approx(1.9647 * 0.01, rel=1e-3)
    assert over_seeds(effects[:1], 0.95)[1] == pytest.approx(1.9647 * 0.01, rel=1e-3)


def test_networks_that_differ_by_seed_alone_are_one_claim(held, monkeypatch):
    for seed in (1, 2):
        tiny.install(places.SHIPPED_MODELS, f"plain {seed}", seed=seed)
        tiny.install(places.SHIPPED_MODELS, f"blurred {seed}", sigma=2.0, seed=seed)
    tiny.install(places.SHIPPED_MODELS, "plain 3", seed=3)  # without one behind a blur
    monkeypatch.setattr(
        compare,
        "tallied",
        lambda name, *_: network(
            hash(name) % 1000, **(PLAIN if name.startswith("plain") else AS_CLAIMED)
        ),
    )
    pairs = [("plain", "blurred"), ("plain 1", "blurred 1"), ("plain 2", "blurred 2")]
    assert seeds_of("plain", "blurred") == pairs
    assert {each.seeds for each in claims("plain", "blurred", "objects")} == {3}
    assert {each.seeds for each in claims("plain", "blurred", "objects", alone=True)} == {1}
    assert seeds_of("plain", "blurred 2") == [("plain", "blurred 2")]


def test_how_many_comparisons_there_are_is_told_and_what_is_left_of_them(held):
    found = list(held(network(0, **PLAIN), network(1, **AS_CLAIMED)).values())
    words = together(found)
    assert words.startswith("5 quantities were tried")  # one of them stands for two claims
    assert "Of the 5 that are not open, 5 stay so at 99.0" in words


@pytest.mark.parametrize(
    ("share", "degrees", "expected"),
    [(0.975, 1, 12.7062), (0.975, 2, 4.30265), (0.975, 9, 2.26216), (0.995, 24, 2.79694)],
)
def test_students_quantiles_are_those_of_the_tables(share, degrees, expected):
    assert t_quantile(share, degrees) == pytest.approx(expected, rel=1e-5)


def test_families_that_withstand_more_are_counted_by_whether_their_f_rev_is_lower(
    four, monkeypatch
):
    lower, higher = PLAIN | {"f_rev": 0.1}, PLAIN | {"f_rev": 0.3}
    of = {
        "d": network(0, **PLAIN),  # the plain one
        "a": network(1, **lower | {"high": 0.6}),
        "b": network(2, **higher | {"high": 0.6}),
        "c": network(3, **lower),  # withstands no more
    }
    monkeypatch.setattr(compare, "tallied", lambda name, *_: of[name])
    counted = over_recipes.robust("d", "objects")
    assert counted.claim == ROBUST
    assert counted.found == pytest.approx(share(1, 2))
    assert counted.verdict == "open"  # two are too few
    del of["d"]["corruptions"]
    assert over_recipes.robust("d", "objects") is None


def estimates(f_rev, low, high):
    """Estimates of one network as the measures return them, every interval 10 % wide."""

    def around(value):
        return Interval(value, 0.95 * value, 1.05 * value)

    classes = {"low": around(low), "medium": around(0.5), "high": around(high)}
    return {
        "hybrids": {"f_rev_nyquist": around(f_rev)},
        "corruptions": {"classes": classes},
    }


@pytest.fixture
def four(tmp_path, monkeypatch):
    """Networks of four families of one size, and one of another size, with made-up numbers."""
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path)
    monkeypatch.setenv("BLURLAB_MODELS", str(tmp_path / "added"))
    found = {}
    families = {"a": "plain", "b": "noisy", "c": "adversarial", "d": "similar"}
    for number, (name, objective) in enumerate(families.items()):
        tiny.install(tmp_path, name, objective=objective)
        numbers = estimates(0.1 + 0.1 * number, 0.6, (0.7, 0.4, 0.6, 0.3)[number])
        found[name] = {measure: (90 - number, each) for measure, each in numbers.items()}
    tiny.install(tmp_path, "small", input_size=16, crop_size=16)
    found["small"] = found["a"]
    monkeypatch.setattr(compare, "kept", lambda name, data, measures: found[name])
    monkeypatch.setattr(compare, "tallied", lambda *_: {})
    return found


def test_the_sentence_follows_the_verdicts(four, monkeypatch):
    of = {"a": network(0, **AS_CLAIMED), "b": network(1, **PLAIN)}
    monkeypatch.setattr(compare, "tallied", lambda name, *_: of.get(name, {}))
    found = claims("a", "b", "objects")
    assert [each.verdict for each in found if each.kind == "correlation"] == ["open", "open"]
    words = verdict(found)
    assert "does not rely on coarser structure" in words  # b has the higher f_rev
    assert "withstands less" in words
    assert "no law shows" in words
    assert verdict([]) == verdict([each for each in found if each.kind == "correlation"]) == ""
    assert pair("objects") is None  # objects_base is not here


def correlated():
    found = [each for each in claims("a", "b", "objects") if each.kind == "correlation"]
    return found[:1]  # the other is with the accuracy under all corruptions


def test_of_four_families_f_rev_and_accuracy_are_correlated(four):
    (last,) = correlated()
    assert last.claim.startswith("(b)")
    assert last.quantity.endswith("4 families of networks")
    assert last.found == pytest.approx(correlation([1, 2, 3, 4], [0.7, 0.4, 0.6, 0.3]))
    assert last.found.value == pytest.approx(-0.7071, abs=1e-4)
    assert last.pictures == 87
    assert last.verdict == "open"  # four are too few for this much scatter


def test_networks_that_differ_by_seed_alone_are_correlated_by_their_means(four):
    numbers = estimates(0.6, 0.6, 0.5)
    tiny.install(places.SHIPPED_MODELS, "another a", seed=1)
    four["another a"] = {measure: (50, each) for measure, each in numbers.items()}
    (last,) = correlated()
    assert last.quantity.endswith("4 families of networks")
    assert last.found == pytest.approx(correlation([3.5, 2, 3, 4], [0.6, 0.4, 0.6, 0.3]))
    assert last.pictures == 50


def test_recipes_of_one_family_are_correlated_by_their_mean(four):
    numbers = estimates(0.6, 0.6, 0.5)
    tiny.install(places.SHIPPED_MODELS, "longer", epochs=9)
    four["longer"] = {measure: (50, each) for measure, each in numbers.items()}
    (last,) = correlated()
    assert last.quantity.endswith("4 families of networks")
    assert last.found == pytest.approx(correlation([3.5, 2, 3, 4], [0.6, 0.4, 0.6, 0.3]))


def test_three_families_or_an_undefined_f_rev_leave_no_correlation(four):
    four["d"]["hybrids"] = 90, {"f_rev_nyquist": UNDEFINED}
    assert correlated() == []


def test_a_network_that_is_not_installed_is_named(capsys):
    assert main(["claims", "--data", "objects", "--blurred", "blurry"]) == 2
    assert "'blurry' is not installed" in capsys.readouterr().err


# Coverage


@pytest.mark.parametrize("what", coverage.CASES)
def test_intervals_hold_the_truth_about_as_often_as_they_say(what, monkeypatch):
    monkeypatch.setattr(coverage, "CASES", {what: coverage.CASES[what]})
    monkeypatch.setattr(simulated, "MANY", 8_000)
    (found,) = coverage.simulate(60)
    assert found.what == what
    assert found.share.value >= 0.8  # 95 % of 60 are 57; fewer than 48 would be no accident
    assert found.width > 0


def test_the_command_prints_a_row_for_each_kind_of_interval(monkeypatch, capsys):
    monkeypatch.setattr(coverage, "CASES", dict(list(coverage.CASES.items())[:2]))
    assert main(["coverage", "--runs", "20"]) == 0
    head, line, *rows = capsys.readouterr().out.splitlines()
    assert [row.split("|")[1].strip() for row in rows] == list(coverage.CASES)
    assert head.count("|") == line.count("|") == rows[0].count("|")
