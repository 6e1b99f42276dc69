"""The numbers that models are compared by, taken from what real measures return."""

import math

import pytest
import tiny
import torch

from blurlab import places
from blurlab.__main__ import main
from blurlab.claims import compare
from blurlab.claims.compare import Kin, compared, family
from blurlab.commands.tables import markdown
from blurlab.data import sets, sources
from blurlab.measures import measuring
from blurlab.measures.table import MEASURES
from blurlab.measures.tallies import tallies, total
from blurlab.networks import store
from blurlab.statistics import Interval
from blurlab.training.loop import untrained

SHORT = {"perturbation": {"steps": 3}, "attacks": {"steps": 1}, "hybrids": {"alphas": [0, 100]}}
NAMES = {
    "hybrids": ["f_rev, of Nyquist"],
    "corruptions": [
        "accuracy, all corruptions",
        *(f"accuracy, {band}-frequency corruptions" for band in ("low", "medium", "high")),
    ],
    "attacks": [f"accuracy, attacks of {epsilon}/255" for epsilon in (1, 2, 4)],
    "perturbation": ["f_0.5, cycles/pixel", "median minimal epsilon (FMN, 3 steps), 255ths"],
    "critical_band": [
        "critical band, cycles/image",
        "its bandwidth, octaves",
        "noise at the critical band, deviation",
    ],
    "noise": [
        "threshold of Gaussian noise, standard deviation",
        "threshold of uniform noise, half-width",
        "threshold of salt and pepper noise, share of pixels",
    ],
    "heatmap": [],
}


@pytest.mark.parametrize("measure", NAMES)
def test_every_measure_gives_the_numbers_it_is_known_by(measure):
    torch.manual_seed(0)
    network = untrained(tiny.RECIPE, len(tiny.CLASSES)).eval().requires_grad_(False)
    row = MEASURES[measure]
    settings = row.settings | SHORT.get(measure, {})
    drawn = tiny.pictures(6, 0, 32)
    found = dict(tallies(row, network, drawn, settings, numbers=[0], count=6))
    numbers = compared({measure: row.estimate(total(found), settings)})
    assert [name for name in numbers if name != "accuracy, clean"] == NAMES[measure]
    assert all(isinstance(value, Interval) for value in numbers.values())


def test_the_clean_accuracy_is_named_once():
    clean = {"clean": Interval(0.5, 0.4, 0.6)}
    nothing = {"norm": "linf", "epsilons_of_255": [], "accuracy": []}
    found = {"attacks": clean | nothing, "corruptions": clean | {"classes": {}}}
    assert compared(found) == {"accuracy, clean": clean["clean"]}


@pytest.fixture
def seeds(tmp_path, monkeypatch):
    """Two models of one recipe but for the seed and a third behind a blur, the first measured."""
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path)
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path / "results"))
    monkeypatch.setitem(sets.DATASETS, "objects", tiny.data_set)
    monkeypatch.setitem(sets.OBJECTS_COUNT, "val", 30)
    monkeypatch.setattr(tiny, "CLASSES", sets.objects.CLASSES)
    for name, changes in {"b": {"seed": 1}, "a": {}, "c": {"sigma": 1.0}}.items():
        tiny.install(tmp_path, name, **changes)
    work = measuring.plan("a", "hybrids", sources.find("objects", 32))
    [*_, last] = measuring.measure(work)
    return measuring.estimate(work, last.summed)


def test_a_family_puts_models_together_that_differ_by_seed_alone(seeds):
    found = family(store.names(), "objects")
    assert [kin.names for kin in found] == [["a", "b"], ["c"]]
    assert found[0].numbers == {"f_rev, of Nyquist": [seeds["f_rev_nyquist"]]}
    assert found[0].pictures == {"hybrids": [30]}
    assert found[1].numbers == found[1].pictures == {}


def test_pictures_of_32_pixels_are_compared_under_the_strengths_made_for_them(seeds):
    pictures = sources.find("objects", 32)
    for changed in ({"strengths": "imagenet"}, {}):
        work = measuring.plan("a", "corruptions", pictures, changed)
        [*_, last] = measuring.measure(work)
        found = compare.kept("a", "objects").get("corruptions")
        assert found == (None if changed else (30, measuring.estimate(work, last.summed)))
    assert work.settings == {"strengths": "cifar"}
    assert MEASURES["corruptions"].usual(128) == {"strengths": "imagenet"}


def test_a_card_of_before_a_setting_was_there_is_of_the_same_recipe(seeds):
    old = store.card("a")
    del old["recipe"]["objective"], old["recipe"]["settings"], old["recipe"]["components"]
    store.write_card(store.card_path("a"), old)
    assert family(["a", "b"], "objects")[0].names == ["a", "b"]


def test_the_accuracy_of_a_card_is_that_of_its_own_pictures_alone(seeds):
    measured = {"accuracy": {"value": 0.5, "low": 0.4, "high": 0.6, "pictures": 30}}
    store.write_card(store.card_path("c"), store.card("c") | {"measured": measured})
    assert family(["c"], "objects")[0].numbers == {"accuracy, clean": [Interval(0.5, 0.4, 0.6)]}
    assert family(["c"], "imagenette")[0].numbers == {}


def test_a_family_is_written_as_markdown_with_intervals_and_the_range_of_the_seeds():
    clean = [Interval(0.9, 0.88, 0.92), Interval(0.891, 0.87, 0.91), Interval(0.912, 0.9, 0.93)]
    numbers = {"accuracy, clean": clean, "f_rev, of Nyquist": [Interval(*[math.nan] * 3)]}
    head, rule, row = markdown([Kin(["base", "base1", "base2"], numbers, {})])
    assert head.startswith("| network | clean, % |")
    assert rule.count("---") == head.count("|") - 1
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    assert cells[:2] == ["`base`", "90.0 [88.0, 92.0]; 3 seeds: 89.1 to 91.2"]
    assert cells[7] == "undefined"
    assert set(cells[2:7]) == {""}


def test_the_command_prints_all_models_of_the_data(seeds, capsys):
    assert main(["family", "--data", "objects"]) == 0
    out = capsys.readouterr().out
    assert [line.split(" ")[1] for line in out.splitlines()[2:4]] == ["`a`", "`c`"]
    *_, first, second, _, protocol = out.splitlines()
    assert [first, second] == ["- `a`: hybrids 30", "- `c`: none"]
    assert protocol.startswith("Protocol: hybrids 30 pictures")
    assert main(["family", "--data", "objects", "--model", "a"]) == 0
    assert "`c`" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "whose"),
    [
        (("objects", "--model", "c"), "c on objects"),
        (("cifar10",), "any installed network on cifar10"),
    ],
)
def test_a_family_of_which_nothing_is_kept_is_refused(asked, whose, seeds, capsys):
    assert main(["family", "--data", *asked]) == 2
    assert capsys.readouterr() == ("", f"blurlab family: nothing is kept of {whose}.\n")


@pytest.mark.parametrize(
    ("blurred", "why"),
    [
        ("b", "--plain and --blurred are both b; they take two networks."),
        ("c", "nothing is kept of b and c on objects."),
    ],
)
def test_claims_that_nothing_can_be_said_of_are_refused(blurred, why, seeds, capsys):
    assert main(["claims", "--data", "objects", "--plain", "b", "--blurred", blurred]) == 2
    assert capsys.readouterr() == ("", f"blurlab claims: {why}\n")
