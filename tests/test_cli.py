"""The command line: what each command writes and prints, and one sentence for each mistake."""

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from torch.testing import assert_close

from blurlab import places
from blurlab.__main__ import main
from blurlab.commands import measures
from blurlab.data import sets
from blurlab.filters import pca
from blurlab.filters.blur import gaussian_blur
from blurlab.filters.hybrid import hybrid
from blurlab.measures import measuring, results
from blurlab.networks import classifier, store
from blurlab.pictures import objects
from blurlab.pictures.images import load_image, save_image
from blurlab.training.recipes import RECIPES
from blurlab.ui import cache

COMMANDS = [
    *("app", "models", "hybrid", "blur", "corrupt", "attack", "predict", "objects", "train"),
    *("card", "add", "download", "remove", "measure", "sweep", "pca", "family", "claims", "rows"),
]


def printed(capsys, *arguments):
    """Run a command that must succeed silently but for stdout, and return that."""
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def refusal(capsys, *arguments):
    """Run a command that must fail, and return its one sentence."""
    try:
        code = main(arguments)
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert err.startswith("blurlab")
    assert err.endswith(".\n")
    assert err.count("\n") == 1
    return err


# Pictures


@pytest.mark.parametrize("filter", ["ideal", "gaussian", "butterworth"])
def test_hybrid_writes_exactly_what_the_function_returns(here, capsys, filter):
    arguments = ["low.npy", "high.npy", "out.npy", "--cutoff", "6.5", "--filter", filter]
    assert printed(capsys, "hybrid", *arguments) == ""
    expected = hybrid(load_image("low.npy"), load_image("high.npy"), 6.5, filter=filter)
    written = np.load("out.npy")
    assert written.dtype == np.float32
    assert_close(torch.from_numpy(written), expected, atol=0, rtol=0)


def test_the_three_units_of_one_cutoff_give_the_same_picture(here, capsys):
    for value, unit in (("5", "image"), ("0.125", "pixel"), ("0.25", "nyquist")):
        out = f"{unit}.npy"
        printed(capsys, "hybrid", "low.npy", "high.npy", out, "--cutoff", value, "--unit", unit)
    first, *others = (load_image(f"{unit}.npy") for unit in ("image", "pixel", "nyquist"))
    for other in others:
        assert_close(other, first, atol=0, rtol=0)


def test_two_cutoffs_are_read_in_the_same_unit(here, capsys):
    cutoffs = ["--cutoff", "0.2", "--high-cutoff", "0.6", "--unit", "nyquist"]
    filter = ["--filter", "gaussian"]
    printed(capsys, "hybrid", "low.npy", "high.npy", "out.npy", *cutoffs, *filter)
    low, high = load_image("low.npy"), load_image("high.npy")
    expected = hybrid(low, high, 4.0, high_cutoff=12.0, filter="gaussian")
    assert_close(load_image("out.npy"), expected, atol=1e-6, rtol=0)


def test_pictures_of_any_shape_are_brought_to_the_asked_size(here, capsys):
    printed(capsys, "hybrid", "wide.png", "low.npy", "out.png", "--cutoff", "3", "--size", "24")
    assert load_image("out.png").shape == (3, 24, 24)


def test_blur_writes_what_the_blur_defence_does(here, capsys):
    printed(capsys, "blur", "low.npy", "out.npy", "--sigma", "1.5")
    expected = gaussian_blur(load_image("low.npy"), 1.5)
    assert_close(load_image("out.npy"), expected, atol=0, rtol=0)


def test_corrupt_gives_the_same_picture_for_the_same_seed_only(here, capsys):
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        noise = ["--corruption", "gaussian_noise", "--severity", "3", "--seed", str(seed)]
        printed(capsys, "corrupt", "low.npy", f"{name}.npy", *noise)
    first, again, other = (load_image(f"{name}.npy") for name in ("first", "again", "other"))
    assert_close(first, again, atol=0, rtol=0)
    assert (first - other).abs().mean() > 0.01


def test_pca_writes_the_basis_of_the_training_pictures(here, capsys, monkeypatch):
    drawn = tiny.pictures(48, 0)
    monkeypatch.setitem(
        sets.DATASETS,
        "objects",
        lambda split, size: drawn._replace(images=drawn.images[..., :size, :size]),
    )
    arguments = ("--data", "objects", "--count", "5", "--size", "8")
    line = printed(capsys, "pca", "made/basis.safetensors", *arguments)
    assert line.startswith("made/basis.safetensors: 5 of 192 components of 48 pictures hold ")
    expected = pca.fit(drawn.images[..., :8, :8], 5)
    assert_close(pca.load("made/basis.safetensors").mean, expected.mean, atol=1e-3, rtol=0)


def test_objects_writes_pictures_a_table_of_their_classes_and_the_same_ones_again(here, capsys):
    for folder in ("first", "again"):
        printed(capsys, "objects", folder, "-n", "3", "--size", "64", "--seed", "7")
    with Path("first/labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3
    for row in rows:
        assert row["class"] in objects.CLASSES
        picture = load_image(Path("first") / row["file"])
        assert picture.shape == (3, 64, 64)
        assert_close(load_image(Path("again") / row["file"]), picture, atol=0, rtol=0)
    names = {path.name for path in Path("first").iterdir()}
    assert names == {"labels.csv", *(row["file"] for row in rows)}


# Models


def test_models_lists_measured_and_unmeasured_models(installed, capsys):
    tiny.install(places.SHIPPED_MODELS, "other", title="Another")
    path = places.SHIPPED_MODELS / "other.json"
    measured = {"accuracy": {"value": 0.876}, "hybrids": {"f_rev_nyquist": {"value": 0.1234}}}
    path.write_text(json.dumps(store.card("other") | {"measured": measured}))
    head, other, unmeasured = printed(capsys, "models").splitlines()
    assert "fractions of Nyquist" in head
    assert other.split() == ["other", "87.6%", "0.123", "Another"]
    assert unmeasured.split() == ["tiny", "-", "-", "Tiny"]


def test_models_prints_the_whole_cards_as_json(installed, capsys):
    assert json.loads(printed(capsys, "models", "--json")) == [store.card("tiny")]


def test_predict_prints_the_best_classes_with_their_probabilities(installed, capsys):
    given = json.loads(printed(capsys, "predict", "low.npy", "--model", "tiny", "--json"))
    picture = sets.as_measured(load_image("low.npy"), 32, 32, "bilinear")[None]
    probabilities, indices = classifier.top_k(store.load("tiny")(picture), 3)
    assert [answer["class"] for answer in given["tiny"]] == [
        tiny.CLASSES[index] for index in indices[0]
    ]
    for answer, probability in zip(given["tiny"], probabilities[0], strict=True):
        assert answer["probability"] == pytest.approx(probability.item())


def test_predict_asks_several_models_in_words(installed, capsys):
    tiny.install(places.SHIPPED_MODELS, "other", seed=1)
    asked = ["--model", "other", "--model", "tiny", "--top", "1"]
    lines = printed(capsys, "predict", "wide.png", *asked).splitlines()
    assert [line.split(": ")[0] for line in lines] == ["other", "tiny"]
    for line in lines:
        name, share = line.split(": ")[1].split()
        assert name in tiny.CLASSES
        assert 100 / len(tiny.CLASSES) <= float(share.rstrip("%")) <= 100


def test_train_writes_a_measured_model_and_card_measures_it_alike(installed, capsys, monkeypatch):
    monkeypatch.setitem(sets.DATASETS, "tiny", tiny.data_set)
    recipe = replace(tiny.RECIPE, data="tiny")
    monkeypatch.setitem(RECIPES, "new", recipe)
    out = printed(capsys, "train", "new", "--runs", "checkpoints")
    assert "epoch 1/3" in out
    assert "epoch 3/3" in out
    assert Path("checkpoints/new/checkpoint.pt").is_file()
    card = store.card("new")
    assert card["measured"]["accuracy"]["pictures"] == 30
    assert card["measured"]["hybrids"]["pairs"] == 30
    assert json.loads(printed(capsys, "card", "new")) == card["measured"]
    assert store.card("new") == card
    assert "epoch" not in printed(capsys, "train", "new", "--runs", "checkpoints")  # it is done
    assert store.card("new") == card


def test_train_takes_several_names_and_the_file_of_a_target(installed, capsys, monkeypatch):
    drawn, splits = tiny.pictures(20, 0, 32), []
    monkeypatch.setitem(
        sets.DATASETS, "tiny", lambda split, size: splits.append(split) or tiny.data_set(split, 32)
    )
    np.savez("alike.npz", pictures=drawn.images.numpy(), similarity=np.eye(20))
    aim = {"objective": "similar", "settings": {"target": None, "weight": 1.0, "pictures": 8}}
    short = replace(tiny.RECIPE, data="tiny", epochs=1, finish_epochs=0)
    for name, changes in {"one": aim, "two": aim | {"seed": 1}}.items():
        monkeypatch.setitem(RECIPES, name, replace(short, **changes))
    printed(capsys, "train", "one", "two", "--runs", "checkpoints", "--similarity", "alike.npz")
    assert splits.count("train") == 1
    for name in ("one", "two"):
        target = store.card(name)["recipe"]["settings"]["target"]
        assert store.sha256(Path("alike.npz")) in target
    assert "needs a file" in refusal(capsys, "train", "one", "--runs", "checkpoints")
    assert "nowhere.npz" in refusal(capsys, "train", "one", "--similarity", "nowhere.npz")


def test_measure_prints_a_table_of_all_models_and_writes_every_digit(installed, capsys):
    tiny.install(places.SHIPPED_MODELS, "other", seed=1)
    asked = [*MEASURE, "--model", "other", "-n", "4", "--set", "alphas=[0, 50, 100]"]
    lines = printed(capsys, *asked, "--json", "out.json").splitlines()
    assert lines[0].startswith("Hybrids: folder/")
    assert lines[0].endswith("/32/bilinear, 4 pictures, seed 0")
    assert any(line.split() == ["cutoffs_nyquist", "all", "0", "0.5", "1"] for line in lines)
    found = json.loads(Path("out.json").read_text())
    assert [each["name"] for each in found] == ["tiny", "other"]
    for each in found:
        assert each["model"] == store.identity(store.card(each["name"]))
        assert (each["measure"], each["seed"], each["pictures"]) == ("hybrids", 0, 4)
        assert each["settings"] == {"alphas": [0, 50, 100]}
        assert len(each["estimate"]["p_low"]) == 3
    assert printed(capsys, *asked).splitlines() == lines


def test_measure_prints_what_it_measured_and_reads_nothing_back(installed, capsys, monkeypatch):
    asked, measure = [], measuring.measure
    monkeypatch.setattr(measuring, "measure", lambda *a: asked.append(a) or measure(*a))
    printed(capsys, *MEASURE, "-n", "4", "--set", "alphas=[0, 100]")
    assert len(asked) == 1


def test_measure_compares_corruption_errors_with_a_baseline(installed, capsys):
    tiny.install(places.SHIPPED_MODELS, "other", seed=1)
    asked = [*CORRUPTED, "--model", "other", "-n", "4", "--baseline", "other"]
    out = printed(capsys, *asked, "--json", "out.json")
    compared, baseline = json.loads(Path("out.json").read_text())
    assert baseline["estimate"]["mce"] == 1
    ours, theirs = (each["estimate"]["accuracy"]["fog"] for each in (compared, baseline))
    ratio = sum(1 - value for value, *_ in ours) / sum(1 - value for value, *_ in theirs)
    assert compared["estimate"]["ce"]["fog"] == pytest.approx(ratio)
    assert any(line.split()[:2] == ["mce", "tiny"] for line in out.splitlines())


def test_measure_lists_the_files_that_it_skipped(installed, capsys):
    for number in range(7):
        Path("folder", tiny.CLASSES[0], f"{number}.txt").write_text("")
    assert main([*MEASURE, "--set", "alphas=[0, 100]"]) == 0
    out, err = capsys.readouterr()
    assert "6 pictures" in out
    assert [line.split(" ")[:2] for line in err.splitlines()] == [
        *(["skipped:", f"{tiny.CLASSES[0]}/{number}.txt"] for number in range(5)),
        ["skipped:", "2"],
    ]


# Mistakes


def test_measure_sets_a_damaged_file_aside_with_a_sentence_and_measures_again(
    installed, capsys, monkeypatch
):
    monkeypatch.setattr(results, "_damaged", {})
    expected = printed(capsys, *MEASURE)
    (kept,) = places.results_folder().glob("*.parquet")
    kept.write_bytes(kept.read_bytes()[:100])
    assert main(MEASURE) == 0
    captured = capsys.readouterr()
    assert captured.out == expected
    assert kept.with_name(f"{kept.name}.damaged").stat().st_size == 100
    (line,) = captured.err.splitlines()
    assert line.startswith(f"the results file {kept.name} is damaged")


HYBRID = ["hybrid", "low.npy", "high.npy", "out.png"]
PREDICT = ["predict", "low.npy", "--model", "tiny"]
MEASURE = ["measure", "hybrids", "--model", "tiny", "--data", "folder"]
CORRUPTED = ["measure", "corruptions", *MEASURE[2:]]
ATTACK = ["attack", "low.npy", "out.npy", "--model", "tiny"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["blur", "none.png", "out.png", "--sigma", "2"], ["none.png", "No such file"]),
        (["blur", "text.png", "out.png", "--sigma", "2"], ["text.png", "not a picture", "PNG"]),
        (["blur", "wide.png", "out.png", "--sigma", "2"], ["50 x 30", "not square", "--size"]),
        (["blur", "low.npy", "out.png", "--sigma", "0"], ["sigma is 0", "above 0"]),
        (["blur", "low.npy", "out.png", "--sigma", "-1"], ["sigma is -1", "above 0"]),
        (["blur", "low.npy", "out.png", "--sigma", "nan"], ["sigma is nan", "above 0"]),
        (["blur", "low.npy", "out.png", "--sigma", "much"], ["--sigma", "'much'"]),
        (["blur", "low.npy", "out.png"], ["--sigma", "required"]),
        (["blur", "low.npy", "out.gif", "--sigma", "2"], ["out.gif", ".png", ".npy"]),
        (["blur", "low.npy", "no/out.png", "--sigma", "2"], ["no/out.png", "No such file"]),
        ([*HYBRID, "--cutoff", "20.5"], ["--cutoff is 20.5 cycles/image", "0 to 20"]),
        (
            [*HYBRID, "--cutoff", "0.6", "--unit", "pixel"],
            ["--cutoff is 0.6 cycles/pixel", "0 to 0.5"],
        ),
        (
            [*HYBRID, "--cutoff", "1.5", "--unit", "nyquist"],
            ["--cutoff is 1.5 fraction of Nyquist", "0 to 1"],
        ),
        ([*HYBRID, "--cutoff", "-1"], ["--cutoff is -1", "0 to 20"]),
        ([*HYBRID, "--cutoff", "nan"], ["--cutoff is nan", "0 to 20"]),
        ([*HYBRID, "--cutoff", "4", "--high-cutoff", "21"], ["--high-cutoff is 21", "0 to 20"]),
        ([*HYBRID, "--cutoff", "4", "--unit", "furlong"], ["furlong", "image", "nyquist"]),
        ([*HYBRID, "--cutoff", "4", "--filter", "box"], ["box", "ideal", "butterworth"]),
        ([*HYBRID, "--cutoff", "4", "--size", "0"], ["--size", "0", "1 to 2048"]),
        ([*HYBRID, "--cutoff", "4", "--size", "99999999"], ["99999999", "1 to 2048"]),
        ([*HYBRID, "--cutoff", "4", "--size", "big"], ["--size", "big", "1 to 2048"]),
        (
            ["hybrid", "low.npy", "small.png", "out.png", "--cutoff", "4"],
            ["low.npy is 40", "small.png is 30", "--size"],
        ),
        (["predict", "low.npy", "--model", "huge"], ["'huge'", "choose from tiny"]),
        ([*PREDICT, "--top", "0"], ["--top is 0", "1 to 3"]),
        ([*PREDICT, "--top", "4"], ["--top is 4", "1 to 3"]),
        ([*PREDICT, "--device", "abacus"], ["abacus", "cpu"]),
        ([*PREDICT, "--device", "meta"], ["meta", "cpu"]),
        (["predict", "low.npy"], ["--model", "required"]),
        (["objects", "out", "-n", "0"], ["-n", "0 is not", "1 to 100000"]),
        (["objects", "out", "--size", "31"], ["--size", "31", "32 to 2048"]),
        (["objects", "out", "--seed", "-1"], ["--seed", "-1", "0 to"]),
        (["objects", "out", "--seed", str(2**64)], ["--seed", str(2**64), "0 to"]),
        (["objects", "text.png"], ["text.png", "File exists"]),
        (["train", "huge"], ["'huge'", "choose from imagenette_base"]),
        (["card", "huge"], ["'huge'", "choose from tiny"]),
        (["card", "tiny", "--robustness", "0"], ["--robustness", "0 is not", "1 to"]),
        ([*MEASURE, "--model", "huge"], ["'huge'", "choose from tiny"]),
        (["measure", "taste", "--model", "tiny", "--data", "folder"], ["'taste'", "hybrids"]),
        (["measure", "hybrids", "--model", "tiny"], ["--data", "required"]),
        (["measure", "hybrids", "--data", "folder"], ["--model", "required"]),
        (["measure", "hybrids", "--model", "tiny", "--data", "no"], ["'no'", "objects", "folder"]),
        ([*MEASURE, "-n", "0"], ["-n", "0 is not", "1 to"]),
        ([*MEASURE, "-n", "7"], ["n is 7", "1 to 6"]),
        ([*MEASURE, "--set", "alphas"], ["'alphas'", "NAME=VALUE"]),
        ([*MEASURE, "--set", "sigma=2"], ["'sigma'", "it has alphas"]),
        ([*MEASURE, "--set", "alphas=few"], ["alphas is 'few'", "ascending numbers, 0 or more"]),
        ([*MEASURE, "--seed", "-1"], ["--seed", "-1", "0 to"]),
        ([*MEASURE, "--baseline", "tiny"], ["--baseline is 'tiny'", "corruptions"]),
        ([*CORRUPTED, "--baseline", "other"], ["--baseline is 'other'", "one of the models"]),
        ([*MEASURE, "--download"], ["folder cannot be downloaded", "imagenette and cifar10"]),
        ([*MEASURE, "--json", "no/out.json"], ["--json", "no is not a folder"]),
        ([*MEASURE, "--json", "folder"], ["--json", "folder is a folder"]),
        (["report", "no/out.html", "--data", "objects"], ["no is not a folder"]),
        (["pca", "folder"], ["folder must end in .safetensors"]),
        (["sweep", "none.toml"], ["none.toml", "No such file"]),
        (["sweep", "text.png"], ["text.png is not TOML"]),
        (["sweep", "empty.toml"], ["empty.toml has no models"]),
        (["sweep", "empty.toml", "--workers", "0"], ["--workers", "0 is not", "1 to"]),
        (
            ["corrupt", "low.npy", "out.png", "--corruption", "rain", "--severity", "3"],
            ["'rain'", "snow"],
        ),
        (
            ["corrupt", "low.npy", "out.png", "--corruption", "fog", "--severity", "0"],
            ["severity is 0", "1 to 5"],
        ),
        ([*ATTACK, "--epsilon", "much"], ["epsilon is 'much'", "8/255"]),
        ([*ATTACK, "--epsilon=-0.1"], ["epsilon is '-0.1'", "0 or above"]),
        ([*ATTACK, "--epsilon", "8"], ["epsilon is 8; in L∞ it is 0 to 1", "write 8/255"]),
        ([*ATTACK, "--attack", "minimal", "--epsilon", "0.1"], ["epsilon is 0.1", "takes none"]),
        ([*ATTACK, "--attack", "fgsm", "--steps", "3"], ["FGSM takes no --steps."]),
        ([*ATTACK, "--attack", "minimal", "--restarts", "2"], ["takes no --restarts", "--steps."]),
        ([*ATTACK, "--seed", "3"], ["--seed", "add --random-start"]),
        ([*ATTACK, "--random-start", "--seed", "-1"], ["seed is -1", "0 or more"]),
        ([*ATTACK, "--restarts", "2"], ["restarts is 2", "random start"]),
        ([*ATTACK, "--step-size", "0"], ["step_size is 0", "above 0"]),
        ([*ATTACK, "--attack", "magic"], ["--attack", "'magic'", "pgd"]),
        ([*ATTACK, "--steps", "0"], ["steps is 0", "1 or more"]),
        ([*ATTACK, "--target", "unicorn"], ["'unicorn'", "choose from fish"]),
        ([*ATTACK, "--adaptive"], ["--adaptive", "--sigma"]),
        ([*ATTACK, "--sigma", "0"], ["sigma is 0", "above 0"]),
        (["pca", "out.png"], ["out.png", ".safetensors"]),
        (["pca", "out.safetensors", "--data", "sand"], ["'sand'", "imagenette", "objects"]),
        (["pca", "out.safetensors", "--size", "7"], ["--size", "7 is not", "8 to 64"]),
        (["pca", "out.safetensors", "--count", "0"], ["--count", "0 is not", "1 to"]),
        ([], ["COMMAND", "required"]),
        (["paint"], ["paint", "hybrid"]),
        (["models", "--yaml"], ["--yaml", "unrecognized"]),
    ],
    ids=" ".join,
)
def test_a_mistake_is_one_sentence_with_the_value_and_what_is_allowed(
    installed, capsys, arguments, words
):
    before = sorted(installed_files())
    message = refusal(capsys, *arguments)
    for word in words:
        assert word in message
    assert sorted(installed_files()) == before


def installed_files():
    return [path for path in Path.cwd().rglob("*") if path.is_file()]


def test_a_changed_weights_file_is_refused(installed, capsys):
    path = places.SHIPPED_MODELS / "tiny.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    assert "sha256" in refusal(capsys, *PREDICT)


def test_a_checkpoint_that_is_none_is_refused(installed, capsys, monkeypatch):
    monkeypatch.setitem(sets.DATASETS, "tiny", tiny.data_set)
    monkeypatch.setitem(RECIPES, "new", replace(tiny.RECIPE, data="tiny"))
    path = Path("checkpoints/new/checkpoint.pt")
    path.parent.mkdir(parents=True)
    path.write_text("<html>")
    assert main(["train", "new", "--runs", "checkpoints"]) == 2
    _, err = capsys.readouterr()
    assert str(path) in err
    assert err.count("\n") == 1


# Help


def help_of(capsys, *command):
    with pytest.raises(SystemExit) as stop:
        main([*command, "--help"])
    assert stop.value.code == 0
    out, err = capsys.readouterr()
    assert err == ""
    return " ".join(out.split())


def test_help_lists_every_command_and_says_how_to_run_it(capsys):
    text = help_of(capsys)
    assert text.startswith("usage: python -m blurlab ")
    assert "[0, 1]" in text
    for command in COMMANDS:
        assert f" {command} " in text


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("app", ["--port P port to listen on, 1 to 65535"]),
        ("models", ["--json"]),
        (
            "hybrid",
            ["--cutoff", "in --unit", "cycles/image", "cycles/pixel", "Nyquist", "pixels", "ideal"],
        ),
        ("blur", ["--sigma SIGMA standard deviation of the Gaussian in pixels", "S x S pixels"]),
        ("corrupt", ["--severity K 1 to 5", "gaussian_noise", "--seed", "S x S pixels"]),
        ("attack", ["--epsilon", "8/255", "[0, 1]", "sigma pixels", "--adaptive", "--target"]),
        ("attack", ["FGSM: Takes one step", "4 in L2", "steps of PGD and Minimal, 1 or more"]),
        ("predict", ["--model", "--top", "--json", "cpu, cuda or mps"]),
        ("objects", ["side in pixels", "--seed", "how many pictures"]),
        ("train", ["imagenette_base", "objects_blur2", "--runs", "cpu, cuda or mps"]),
        ("card", ["NAME", "cpu, cuda or mps"]),
        ("card", ["--robustness N", "--source", "corruptions and attacks"]),
        (
            "measure",
            ["hybrids, passes", "objects, imagenette, imagenet", "CIFAR-10-C", "NAME=VALUE"],
        ),
        ("pca", ["OUT .safetensors", "--data", "pixels", "strongest first"]),
        ("sweep", ["PLAN.toml", "[measures.NAME]", "--address", "--workers"]),
    ],
)
def test_the_help_of_a_command_gives_the_unit_of_each_option(capsys, command, words):
    text = help_of(capsys, command)
    assert f"usage: python -m blurlab {command} " in text
    for word in words:
        assert word in text


# The real thing


def run(*arguments):
    """Run the command line in a process of its own, from the top of the checkout."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "blurlab", *map(str, arguments)],
        cwd=places.ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )


def test_the_models_that_ship_name_a_drawn_object_in_a_process_of_its_own(tmp_path):
    images, labels = objects.objects(1, 128, torch.Generator().manual_seed(11))
    save_image(images[0], tmp_path / "object.npy")
    asked = ["--model", "objects_base", "--model", "objects_blur2", "--top", 1, "--json"]
    ran = run("predict", tmp_path / "object.npy", *asked)
    assert (ran.returncode, ran.stderr) == (0, "")
    for answers in json.loads(ran.stdout).values():
        assert answers[0]["class"] == objects.CLASSES[int(labels)]


def test_a_process_of_its_own_exits_with_2_after_one_sentence(tmp_path):
    ran = run("blur", tmp_path / "none.png", tmp_path / "out.png", "--sigma", 2)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == f"blurlab blur: {tmp_path}/none.png cannot be opened: " + (
        "No such file or directory.\n"
    )


def test_without_a_terminal_a_line_is_written_every_half_minute(monkeypatch, capsys):
    now = [100.0]
    monkeypatch.setattr(measures.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(measures, "_written", {})
    for done in range(1, 11):
        now[0] += 12.0
        measures.show("net", done, 10, 0, 100.0)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("]")[1].split(",")[0] for line in lines] == [
        " 3 of 10", " 6 of 10", " 9 of 10", " 10 of 10",
    ]  # fmt: skip
    assert "about 84 s left" in lines[0]


def test_short_work_without_a_terminal_writes_no_line(capsys):
    measures.show("short", 3, 3, 0, measures.time.monotonic())
    assert capsys.readouterr().err == ""


def test_an_attack_reports_what_the_written_file_says(installed, capsys):
    small = ["attack", "low.npy", "--model", "tiny", "--epsilon", "0.1/255", "--steps", "1"]
    assert main([*small[:2], "exact.npy", *small[2:]]) in (0, None)
    assert capsys.readouterr().err == ""
    assert main([*small[:2], "out.png", *small[2:]]) in (0, None)
    printed = capsys.readouterr()
    before, after = printed.out.splitlines()
    model = store.load("tiny")
    said = model(load_image("out.png")[None]).softmax(-1).max()
    assert after.endswith(f"{float(said):.1%}")
    assert before.split(":")[0] == "before"


def test_an_attack_that_changes_nothing_says_nothing_of_8_bits(installed, capsys):
    save_image(load_image("low.npy").mul(255).round() / 255, "eight.png")
    arguments = ["--model", "tiny", "--epsilon", "0", "--steps", "1"]
    assert main(["attack", "eight.png", "out.png", *arguments]) in (0, None)
    assert capsys.readouterr().err == ""


def test_an_attack_that_8_bits_cannot_hold_says_so(installed, capsys):
    picture = load_image("low.npy").mul(255).round() / 255
    save_image(picture, "eight.png")
    arguments = ["--model", "tiny", "--epsilon", "0.3/255", "--steps", "1"]
    assert main(["attack", "eight.png", "out.png", *arguments]) in (0, None)
    assert "out.png holds no change at all" in capsys.readouterr().err
    assert torch.equal(load_image("out.png"), load_image("eight.png"))
    assert main(["attack", "eight.png", "out.npy", *arguments]) in (0, None)
    assert capsys.readouterr().err == ""


# ---- Pictures of the pages ----------------------------------------------------------------------


@pytest.mark.parametrize("words", ["object:fish:22", "photograph:cat"])
def test_a_picture_of_the_pages_is_known_by_its_name(here, capsys, words):
    kind, name, *number = words.split(":")
    assert printed(capsys, "blur", words, "out.npy", "--sigma", "2") == ""
    shown = cache.picture(cache.Choice(kind, name, *map(int, number)))
    assert_close(load_image("out.npy"), gaussian_blur(shown, 2.0))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("object:unicorn:1", "no object is a 'unicorn'; choose from fish"),
        ("object:fish", "the picture's number is ''; it must be a whole one"),
        ("object:fish:-1", "the picture's number is '-1'"),
        ("photograph:nobody", "nobody is not a photograph here"),
        ("imagenette:unicorn:1", "no photograph is a 'unicorn'"),
        ("object:", "cannot be opened"),
    ],
)
def test_a_name_of_no_picture_is_one_sentence(here, capsys, words, told):
    assert told in refusal(capsys, "blur", words, "out.png", "--sigma", "2")


def test_a_file_of_such_a_name_is_read_as_a_file(here, capsys):
    Path("low.npy").rename("object:fish:22")
    printed(capsys, "blur", "object:fish:22", "out.npy", "--sigma", "2")
    assert load_image("out.npy").shape == (3, 40, 40)
