"""Measuring: nothing kept is measured again, nothing reported is lost, classes are shared."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import tiny
import torch
from torch.testing import assert_close

import blurlab
from blurlab import places
from blurlab.__main__ import main
from blurlab.claims import methods
from blurlab.data import sets, sources
from blurlab.data.sets import Pictures
from blurlab.data.sources import Source
from blurlab.measures import keeping, measuring, provenance, results
from blurlab.measures.measured_data import data_sets
from blurlab.measures.row import EACH
from blurlab.measures.table import MEASURES
from blurlab.measures.tallies import tallies
from blurlab.networks import store

FEW = {"alphas": [0, 20, 100]}


@pytest.fixture(autouse=True)
def installed(tmp_path, monkeypatch):
    """One untrained tiny model, and results of our own; returns the folder of models."""
    (tmp_path / "models").mkdir()
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path / "models")
    monkeypatch.setattr(places, "SHIPPED_RESULTS", tmp_path / "shipped")
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path / "results"))
    tiny.install(places.SHIPPED_MODELS)
    return tmp_path / "models"


def source(count=120, classes=tiny.CLASSES, name="drawn/40"):
    drawn = tiny.pictures(count, 3)
    return Source(name, classes, count, lambda: Pictures(drawn.images, drawn.labels, classes))


def plan(count=None, changed=None, **options):
    return measuring.plan("tiny", "hybrids", source(), changed or FEW, count=count, **options)


def last(work):
    *_, running = measuring.measure(work)
    return running


def assert_same(found, expected):
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert_close(found[name], value, rtol=0, atol=0)


def elsewhere(monkeypatch, tmp_path, work):
    """Measure in a store where nothing is kept."""
    with monkeypatch.context() as patch:
        patch.setenv("BLURLAB_RESULTS", str(tmp_path / "afresh"))
        return last(work)


def test_every_batch_is_reported_with_the_pictures_so_far():
    found = list(measuring.measure(plan()))
    assert [running.pictures for running in found] == [50, 100, 120]
    assert {running.count for running in found} == {120}
    assert int(found[1].summed["pictures"]) == 100
    estimate = measuring.estimate(plan(), found[-1].summed)
    assert json.loads(json.dumps(measuring.plain(estimate)))["cutoffs_nyquist"] == [0, 0.2, 1]


def test_the_sums_are_those_of_the_measure_itself():
    work, measure = plan(), MEASURES["hybrids"]
    drawn = source().load()
    network = store.load("tiny")
    arguments = {"numbers": range(3), "count": 120, "seed": 0}
    found = dict(tallies(measure, network, drawn, work.settings, **arguments))
    sums = {name: found[0][name] for name in found[0] if not name.startswith(EACH)}
    expected = {name: sum(tally[name] for tally in found.values()) for name in sums}
    each = {
        name: torch.cat([tally[name] for tally in found.values()])
        for name in found[0]
        if name.startswith(EACH)
    }
    summed = last(work).summed
    assert_same({name: summed[name] for name in summed if name in sums}, expected)
    assert_same({name: summed[name] for name in summed if name in each}, each)


def test_tallies_of_an_earlier_version_are_gone_on_with_by_their_sums_alone():
    work = plan()
    for number, tally in tallies(
        MEASURES["hybrids"],
        store.load("tiny"),
        source().load(),
        work.settings,
        numbers=range(2),
        count=120,
    ):
        kept = {name: value for name, value in tally.items() if not name.startswith(EACH)}
        keeping.keep(work, number, kept)
    summed = last(work).summed
    assert int(summed["pictures"]) == 120
    assert not any(name.startswith(EACH) for name in summed)
    assert measuring.estimate(work, summed)["p_low"]
    whole = results.read(work.key)
    assert [f"{EACH}low" in whole[number] for number in range(3)] == [False, False, True]


def test_what_was_measured_answers_again_without_the_network(installed):
    first = last(plan())
    (installed / "tiny.safetensors").unlink()
    (again,) = measuring.measure(plan())
    assert again.pictures == 120
    assert_same(again.summed, first.summed)
    with pytest.raises(ValueError, match="missing"):
        last(plan(seed=1))


def test_a_stopped_measure_goes_on_where_it_was(monkeypatch, tmp_path):
    running = measuring.measure(plan())
    assert next(running).pictures == 50
    running.close()
    assert sorted(keeping.kept(plan())) == [0]
    found = list(measuring.measure(plan()))
    assert [each.pictures for each in found] == [100, 120]
    assert_same(found[-1].summed, elsewhere(monkeypatch, tmp_path, plan()).summed)


def test_what_another_revision_of_a_measure_left_is_kept_apart(monkeypatch):
    first = last(plan())
    with monkeypatch.context() as patch:
        patch.setitem(MEASURES, "hybrids", replace(MEASURES["hybrids"], revision=2))
        assert keeping.kept(plan()) == {}
        assert [each.pictures for each in measuring.measure(plan())] == [50, 100, 120]
    (again,) = measuring.measure(plan())
    assert_same(again.summed, first.summed)


def test_a_gap_in_what_is_kept_is_filled(monkeypatch, tmp_path):
    work = plan()
    tallied = measuring.tallier(work, measuring.network(work))
    for number in (0, 2):
        keeping.keep(work, number, tallied(number, 0, 50))
    found = list(measuring.measure(work))
    assert [each.pictures for each in found] == [100, 120]
    assert_same(found[-1].summed, elsewhere(monkeypatch, tmp_path, work).summed)


@pytest.mark.parametrize("counts", [(30, 120, 70), (120, 30), (70, 100, 30, 70)])
def test_fewer_pictures_after_more_and_more_after_fewer_are_counted_exactly(
    counts, monkeypatch, tmp_path
):
    for count in counts:
        found = last(plan(count))
        assert found.pictures == int(found.summed["pictures"]) == count
        assert_same(found.summed, elsewhere(monkeypatch, tmp_path / str(count), plan(count)).summed)


def test_a_batch_that_the_count_cut_short_is_kept_too(installed):
    last(plan(120))
    first = last(plan(70))
    (installed / "tiny.safetensors").unlink()
    assert_same(last(plan(70)).summed, first.summed)
    assert last(plan(120)).pictures == 120


def test_settings_seeds_and_models_are_kept_apart(installed):
    tiny.install(installed, "other", seed=1)
    last(plan())
    for other in (
        plan(changed={"alphas": [0, 20]}),
        plan(seed=1),
        measuring.plan("other", "hybrids", source(), FEW),
        measuring.plan("tiny", "hybrids", source(name="drawn/41"), FEW),
    ):
        assert keeping.kept(other) == {}


# Part by part


def at_once(monkeypatch, *parts):
    """Take these numbers of pictures one after another, and then as many as the last."""
    left = list(parts)
    monkeypatch.setattr(measuring, "FEWEST", left[0])
    monkeypatch.setattr(measuring, "pace", lambda *_: left.pop(0) if len(left) > 1 else left[0])


def test_a_watched_measure_reports_few_pictures_first_and_then_more(monkeypatch):
    at_once(monkeypatch, 2, 8, 30)
    found = [running.pictures for running in measuring.measure(plan(), seconds=0.5)]
    assert found == [2, 4, 12, 42, 50, 80, 100, 120]


@pytest.mark.parametrize("parts", [(2,), (3, 5, 7), (49,)])
def test_parts_give_what_the_batch_gives(parts, monkeypatch, tmp_path):
    at_once(monkeypatch, *parts)
    *_, found = measuring.measure(plan(), seconds=0.5)
    assert_same(found.summed, elsewhere(monkeypatch, tmp_path, plan()).summed)
    assert keeping.begun(plan()) == {}
    assert sorted(keeping.kept(plan())) == [0, 1, 2]


def test_what_was_reported_of_a_batch_is_kept_and_gone_on_with(monkeypatch, tmp_path):
    at_once(monkeypatch, 4)
    running = measuring.measure(plan(), seconds=0.5)
    while next(running).pictures < 54:
        pass
    running.close()
    (begun,) = keeping.begun(plan()).values()
    assert int(begun["pictures"]) == 4
    seen = keeping.stamp(plan())
    found = list(measuring.measure(plan()))
    assert [each.pictures for each in found] == [100, 120]
    assert_same(found[-1].summed, elsewhere(monkeypatch, tmp_path, plan()).summed)
    assert keeping.begun(plan()) == {}
    assert keeping.stamp(plan()) != seen


def test_a_check_ends_a_measure_within_a_batch_and_what_is_whole_stays(monkeypatch):
    at_once(monkeypatch, 10)
    asked = []

    def check():
        asked.append(True)
        if len(asked) > 20:
            raise InterruptedError

    running = measuring.measure(plan(), seconds=0.5, check=check)
    found = [next(running).pictures for _ in range(6)]  # of three forward passes each
    with pytest.raises(InterruptedError):
        list(running)
    assert found == [10, 20, 30, 40, 50, 60]
    assert [each.pictures for each in measuring.measure(plan())] == [100, 120]


def test_a_measure_that_cannot_be_split_is_watched_in_whole_batches(monkeypatch):
    whole = replace(MEASURES["hybrids"], splits=lambda settings: False)
    monkeypatch.setitem(MEASURES, "hybrids", whole)
    assert [each.pictures for each in measuring.measure(plan(), seconds=0.5)] == [50, 100, 120]


def test_a_step_grows_towards_its_time_and_leaves_no_picture_alone():
    assert measuring.pace(2, 0.01, 0.5) == 4
    assert measuring.pace(16, 0.4, 0.5) == 20
    assert measuring.pace(16, 4.0, 0.5) == 2
    assert measuring.pace(2, 60.0, 0.5) == 2
    assert [measuring.part_end(*each) for each in ((0, 2, 3), (0, 2, 4), (48, 8, 50))] == [3, 2, 50]
    assert measuring.part_end(0, 2, 1) == 1


def test_own_pictures_are_listed_by_their_name_where_something_was_measured(tmp_path):
    assert data_sets() == {}
    tiny.write_folders(tmp_path / "my birds", 9)
    for size in (32, 40):
        last(measuring.plan("tiny", "hybrids", sources.find(str(tmp_path / "my birds"), size), FEW))
    last(plan())
    drawn, folder = data_sets().values()
    assert folder.title == "my birds"
    assert [name.split("/")[2] for name in sorted(folder.names)] == ["32", "40"]
    assert drawn.names == ("drawn/40",)


# Classes


def test_pictures_and_answers_are_matched_by_the_names_of_their_classes():
    a, _, c = tiny.CLASSES
    shown = (c, "unicorn", a)
    work = measuring.plan("tiny", "hybrids", source(classes=shown), FEW)
    drawn = tiny.pictures(120, 3)
    pictures = work.source.load()
    assert pictures.classes == (c, a)
    assert work.source.count == 80
    chosen = (drawn.labels != 1).nonzero().flatten()
    assert torch.equal(pictures.images[torch.arange(80)], drawn.images[chosen])
    assert pictures.labels.tolist() == [label // 2 for label in drawn.labels[chosen].tolist()]
    images = drawn.images[:5] / 255
    expected = store.load("tiny")(images)[:, [2, 0]]
    assert_close(measuring.network(work)(images), expected, rtol=0, atol=0)
    assert last(work).pictures == 80


def test_classes_in_another_order_are_measured_alike_but_kept_apart():
    a, b, c = tiny.CLASSES
    drawn = tiny.pictures(120, 3)
    turned = Pictures(drawn.images, (drawn.labels + 1) % 3, (c, a, b))
    other = Source("drawn/40", turned.classes, 120, lambda: turned)
    work = measuring.plan("tiny", "hybrids", other, FEW)
    assert work.key != plan().key
    said, expected = last(work).summed, last(plan()).summed
    assert said.pop("each_label").tolist() != expected.pop("each_label").tolist()
    assert_same(said, expected)


def test_pictures_decoded_on_demand_can_be_of_shared_classes(tmp_path):
    tiny.write_folders(tmp_path / "folder", 9)
    (tmp_path / "folder" / tiny.CLASSES[1]).rename(tmp_path / "folder" / "unicorn")
    work = measuring.plan("tiny", "hybrids", sources.find(str(tmp_path / "folder"), 40), FEW)
    assert work.source.count == 6
    assert isinstance(work.source.load().images, sets.Decoded)
    assert last(work).pictures == 6


def test_pictures_of_other_classes_are_an_error_that_names_both():
    shown = (tiny.CLASSES[0], "unicorn", "griffin")
    with pytest.raises(ValueError, match=r"Tiny knows .* drawn/40 shows .*unicorn.* share 1 class"):
        measuring.plan("tiny", "hybrids", source(classes=shown))


# Mistakes


@pytest.mark.parametrize(
    ("measure", "changed", "count", "words"),
    [
        ("taste", {}, None, "no measure 'taste'; choose from hybrids"),
        ("hybrids", {"sigma": 2}, None, "hybrids has no setting 'sigma'; it has alphas"),
        (
            "hybrids",
            {"alphas": 3},
            None,
            r"alphas is 3; it must be ascending numbers, 0 or more \(% of Ny",
        ),
        ("hybrids", {"alphas": []}, None, r"alphas is \[\]; it must be ascending numbers"),
        ("hybrids", {"alphas": [1, "x"]}, None, r"alphas is \[1, 'x'\]; it must be"),
        ("hybrids", {"alphas": None}, None, "alphas is None; it must be"),
        ("heatmap", {"epsilon": True}, None, "epsilon is True; it must be above 0 in each"),
        ("hybrids", {"alphas": [9, 2]}, None, r"alphas is \[9, 2\]; it must be ascending"),
        ("passes", {"filter": "dog"}, None, "filter is 'dog'; it must be one of ideal, human"),
        ("corruptions", {"strengths": "my"}, None, "strengths is 'my'; it must be one of imagenet"),
        ("heatmap", {"epsilon": math.inf}, None, "epsilon is inf; it must be above 0"),
        ("heatmap", {"epsilon": -1}, None, "epsilon is -1.0; it must be above 0"),
        ("critical_band", {"contrast": 2}, None, "contrast is 2.0; it must be above 0 and at most"),
        ("critical_band", {"deviations": [0.1, 0.1]}, None, "must be ascending numbers, above 0"),
        ("attacks", {"epsilons": [-1, 2]}, None, "must be ascending numbers, above 0"),
        ("perturbation", {"norm": "l1"}, None, "norm is 'l1'; it must be one of linf, l2"),
        ("perturbation", {"steps": 0}, None, "steps is 0; it must be 1 or more"),
        ("hybrids", {}, 0, "n is 0; drawn/40 has 1 to 120"),
        ("hybrids", {}, 121, "n is 121; drawn/40 has 1 to 120"),
        ("attacks", {"source": "huge"}, None, "'huge' is not installed"),
    ],
)
def test_what_cannot_be_measured_is_named_before_it_begins(measure, changed, count, words):
    with pytest.raises(ValueError, match=words):
        measuring.plan("tiny", measure, source(), changed, count=count)


def test_whole_numbers_may_stand_for_fractions():
    assert measuring.settings_of("heatmap", {"epsilon": 4}, 128)["epsilon"] == 4.0


def test_attacks_made_on_another_model_are_kept_by_its_weights(installed):
    tiny.install(installed, "other", seed=1)
    first = measuring.plan("tiny", "attacks", source(), {"source": "other"})
    tiny.install(installed, "other", seed=2)
    second = measuring.plan("tiny", "attacks", source(), {"source": "other"})
    assert first.settings["source"] == "other"
    assert first.key.settings["source"] != second.key.settings["source"]


def test_attacks_do_not_carry_over_between_other_classes(installed):
    tiny.install(installed, "other", seed=1)
    path = installed / "other.json"
    card = json.loads(path.read_text())
    path.write_text(json.dumps(card | {"classes": card["classes"][::-1]}))
    with pytest.raises(ValueError, match="source is Tiny; attacks carry over between"):
        measuring.plan("tiny", "attacks", source(), {"source": "other"})


# Killed


RUN = (
    "import sys, pathlib; from blurlab import places; "
    "places.SHIPPED_MODELS = pathlib.Path(sys.argv[1]); "
    "from blurlab.__main__ import main; sys.exit(main(sys.argv[2:]))"
)


def test_a_killed_measure_loses_nothing_that_was_reported(installed, tmp_path, monkeypatch):
    tiny.write_folders(tmp_path / "folder", 300)
    asked = ["measure", "hybrids", "--model", "tiny", "--data", str(tmp_path / "folder")]

    def written(store):
        return {path: path.read_bytes() for path in (tmp_path / store).glob("*/[0-9]*.parquet")}

    def ended(store, *more):
        monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path / store))
        return main([*asked, *more])

    # As many threads as here, for sums in another order differ in their last digit.
    threads = {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    killed = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", RUN, str(installed), *asked],
        cwd=places.ROOT,
        env={**os.environ, **threads, "BLURLAB_RESULTS": str(tmp_path / "killed")},
        stdout=subprocess.DEVNULL,
    )
    while not written("killed"):
        assert killed.poll() is None
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    reported = written("killed")
    assert 1 <= len(reported) < 6
    assert ended("killed", "-n", "50") == 0  # what is there is read, not measured again
    assert written("killed") == reported
    assert ended("killed", "--json", str(tmp_path / "killed.json")) == 0
    assert ended("whole", "--json", str(tmp_path / "whole.json")) == 0
    (resumed,), (whole,) = (
        json.loads((tmp_path / f"{name}.json").read_text()) for name in ("killed", "whole")
    )
    assert resumed["pictures"] == 300
    assert resumed == whole


def test_the_papers_settings_are_those_of_each_measure_that_it_has(capsys):
    for name, row in MEASURES.items():
        if row.paper is None:
            with pytest.raises(ValueError, match=f"'{name}'; Li et al. 2023 have only hybrids"):
                measuring.as_published(name)
            continue
        settings = measuring.settings_of(name, measuring.as_published(name), 128)
        assert settings | row.paper == settings
    assert measuring.as_published("hybrids")["alphas"][:3] == [0, 7, 12]
    assert measuring.as_published("perturbation")["criterion"] == "half"
    usual, published = (
        measuring.key_of("m", "d", "perturbation", MEASURES["perturbation"].settings | changed, 0)
        for changed in ({}, measuring.as_published("perturbation"))
    )
    assert usual.digest != published.digest
    assert "attack" not in usual.settings  # as before there was a choice


def test_what_is_measured_says_by_what_and_on_which_pictures(tmp_path):
    work = plan()
    summed = last(work).summed
    written = measuring.written(work, summed)
    (made,) = written["made"]
    assert made["torch"] == torch.__version__
    assert (made["device"], made["precision"], made["batches"]) == ("cpu", "float32", 3)
    assert written["settings"] == work.settings
    assert len(written["fingerprint"]) == 16
    assert written["protocol"] == "own"  # of fewer cutoffs
    json.dumps(written)


@pytest.mark.parametrize(
    ("changed", "named"),
    [({}, "ours"), (MEASURES["perturbation"].paper, "paper"), ({"steps": 7}, "own")],
)
def test_a_protocol_is_named(changed, named):
    assert measuring.protocol(measuring.plan("tiny", "perturbation", source(), changed)) == named


def test_measures_are_in_float32_where_a_network_answers_in_float16(monkeypatch):
    """As on CUDA: there a network that survives it answers in float16 when pages ask."""
    images = source().load().images[:4].float() / 255
    load = store.load
    precise = load("tiny")(images)

    def in_half(*arguments):
        model = load(*arguments)
        model.half_precision = True
        return model

    monkeypatch.setattr(store, "load", in_half)
    with torch.no_grad():
        assert not torch.equal(store.load("tiny")(images), precise)
        assert_close(measuring.network(plan())(images), precise, rtol=0, atol=1e-6)
    assert store.load("tiny").half_precision


def test_the_methods_section_says_what_was_done(capsys):
    size = store.card("tiny")["recipe"]["input_size"]
    shown = source(name=f"objects/val/{size}")
    last(measuring.plan("tiny", "hybrids", shown, FEW))
    assert main(["methods", "--model", "tiny", "--data", "objects"]) == 2
    assert "nothing is kept of tiny" in capsys.readouterr().err  # with the usual settings
    last(measuring.plan("tiny", "hybrids", shown, count=50))
    assert main(["methods", "--model", "tiny", "--data", "objects"]) == 0
    words = capsys.readouterr().out
    assert f"tiny (SHA-256 {store.card('tiny')['sha256'][:16]})" in words
    assert "Hybrids (50 pictures)" in words
    assert "at 16 cutoffs from 0 to 100 %" in words
    assert f"PyTorch {torch.__version__} on cpu in float32" in words
    assert words.count("[li2023]") == 2  # where it is cited, and among the references
    assert main(["methods", "--model", "tiny", "--data", "objects", "--paper"]) == 2
    assert "with the settings of Li et al. 2023." in capsys.readouterr().err
    last(measuring.plan("tiny", "hybrids", shown, MEASURES["hybrids"].paper, count=50))
    assert main(["methods", "--model", "tiny", "--data", "objects", "--paper"]) == 0
    words = capsys.readouterr().out
    assert "All settings are those of Li et al. [li2023]." in words
    assert "at 13 cutoffs from 0 to 100 %" in words


def test_the_line_below_a_table_says_by_what_protocol_its_numbers_are():
    card = store.card("tiny")
    size = card["recipe"]["input_size"]
    behind = {"hybrids": ["tiny"], "corruptions": ["tiny"], "heatmap": ["tiny"]}
    assert methods.line(behind, "objects") == "Protocol: nothing is kept. Hashes: none."
    for measure, count in {"hybrids": 50, "corruptions": 4}.items():
        work = measuring.plan("tiny", measure, source(count, name=f"objects/val/{size}"))
        tally = {"pictures": torch.tensor(float(count))}
        keeping.keep(work, 0, tally, provenance.made("cpu"))
    about = f"seed 0; BlurLab {blurlab.__version__} with PyTorch {torch.__version__} on cpu"
    line = methods.line(behind, "objects")
    assert f"hybrids 50 pictures (objects/val/{size} with usual settings; {about}" in line
    # Networks of this size get milder corruptions than the usual ones.
    assert f'corruptions 4 pictures (objects/val/{size} with strengths="cifar"; {about}' in line
    assert line.endswith(f"Hashes: tiny {store.identity(card)[:8]}.")
    assert "heatmap" not in line
    assert "\n" not in line


@pytest.mark.parametrize("name", MEASURES)
def test_the_methods_of_a_measure_follow_its_settings_and_cite_what_is_known(name):
    row = MEASURES[name]
    usual = row.methods(row.settings)
    assert usual.endswith(".")
    assert set(re.findall(r"\[(\w+)\]", usual)) <= set(methods.REFERENCES)
    changes = {
        "hybrids": {"alphas": [0, 50]},
        "passes": {"filter": "human"},
        "corruptions": {"strengths": "cifar"},
        "heatmap": {"cells": 7},
        "mask": {"penalty": 2.0},
        "perturbation": {"criterion": "half"},
        "critical_band": {"contrast": 0.2},
        "contrast": {"trials": 4},
        "noise": {"contrast": 0.3},
        "attacks": {"norm": "l2"},
    }
    assert row.methods(row.settings | changes[name]) != usual
