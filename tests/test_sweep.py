"""Sweeps: a plan becomes works; one process, two, and killed ones give the same numbers."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest
import tiny

from blurlab import places
from blurlab.__main__ import main
from blurlab.measures import measuring, sweep

PLAN = """
models = ["tiny", "other"]
data = ["folder"]
n = 120
seed = 4
[measures.hybrids]
alphas = [0, 20, 100]
[measures.attacks]
epsilons = [2]
steps = 2
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of 120 drawn objects in class folders."""
    folder = tmp_path_factory.mktemp("pictures")
    tiny.write_folders(folder, 120)
    return folder


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, pictures):
    """Two tiny models, pictures in a folder, results of our own, and a plan for all of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path / "models")
    monkeypatch.setattr(places, "SHIPPED_RESULTS", tmp_path / "shipped")
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path / "results"))
    places.SHIPPED_MODELS.mkdir()
    for seed, name in enumerate(("tiny", "other")):
        tiny.install(places.SHIPPED_MODELS, name, seed=seed)
    Path("folder").symlink_to(pictures)
    Path("plan.toml").write_text(PLAN)
    return tmp_path


# Plans


def test_a_plan_is_a_grid_by_data_then_measure_then_model():
    works = sweep.read_plan(Path("plan.toml"))
    assert [(work.key.measure, work.model) for work in works] == [
        ("hybrids", "tiny"), ("hybrids", "other"), ("attacks", "tiny"), ("attacks", "other"),
    ]  # fmt: skip
    for work in works:
        assert (work.count, work.key.seed) == (120, 4)
    assert works[0].settings == {"alphas": [0, 20, 100]}
    assert works[2].settings["steps"] == 2
    assert works[0].source.load is works[3].source.load


def test_without_a_count_all_pictures_are_measured():
    Path("plan.toml").write_text(PLAN.replace("n = 120", "").replace("seed = 4", ""))
    for work in sweep.read_plan(Path("plan.toml")):
        assert (work.count, work.key.seed) == (120, 0)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (("models = [", "models = "), "plan.toml is not TOML"),
        (('models = ["tiny", "other"]', ""), "plan.toml has no models"),
        (('data = ["folder"]', "data = []"), "plan.toml has no data"),
        (('data = ["folder"]', 'data = "folder"'), "plan.toml has no data"),
        (("n = 120", "n = 1.5"), "n is 1.5 in plan.toml"),
        (("n = 120", "n = 121"), "n is 121; .* 1 to 120"),
        (("n = 120", "count = 3"), "plan.toml has 'count'"),
        (('"other"', '"huge"'), "'huge' is not installed; choose from other, tiny"),
        (('"folder"', '"nowhere"'), "'nowhere'; choose"),
        (("measures.attacks", "measures.taste"), "no measure 'taste'"),
        (("steps = 2", "stride = 2"), "attacks has no setting 'stride'"),
    ],
)
def test_a_mistake_in_a_plan_is_named(changed, words):
    Path("plan.toml").write_text(PLAN.replace(*changed))
    with pytest.raises(ValueError, match=words):
        sweep.read_plan(Path("plan.toml"))


def test_where_ray_is_missing_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ValueError, match="needs Ray; install it with: pip install ray"):
        list(sweep.run(sweep.read_plan(Path("plan.toml"))))


def test_what_is_kept_needs_no_ray(monkeypatch):
    works = sweep.read_plan(Path("plan.toml"))
    for work in works:
        list(measuring.measure(work))
    monkeypatch.setitem(sys.modules, "ray", None)
    assert list(sweep.run(works)) == [(12, 12)]


# With Ray


def workers(store):
    """Find the processes in which a Ray that this test started runs our tasks."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            name = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f"BLURLAB_RESULTS={store}".encode() in environment and name.startswith(b"ray::_tally"):
            found.append(int(folder.name))
    return found


def test_two_processes_one_of_them_killed_measure_what_one_does(here, monkeypatch, capsys):
    pytest.importorskip("ray", reason="Ray is not installed")
    works = sweep.read_plan(Path("plan.toml"))
    killed = []
    for done, count in sweep.run(works, workers=2):
        assert count == 12
        end = time.monotonic() + 2  # a worker may be between two batches just now
        while 2 <= done <= 9 and not killed and time.monotonic() < end:
            for running in workers(here / "results")[:1]:
                os.kill(running, signal.SIGKILL)
                killed.append(running)
    assert done == 12
    assert killed
    capsys.readouterr()  # Ray may say that a worker died
    assert main(["sweep", "plan.toml", "--json", "swept.json"]) == 0
    swept = capsys.readouterr().out
    for words in ("120 pictures, seed 4", "f_rev, of Nyquist", "accuracy, attacks of 2/255"):
        assert words in swept

    monkeypatch.setenv("BLURLAB_RESULTS", str(here / "alone"))
    for work in works:
        list(measuring.measure(work))
    assert main(["sweep", "plan.toml", "--json", "alone.json"]) == 0
    assert capsys.readouterr().out == swept
    alone, together = (json.loads(Path(f"{name}.json").read_text()) for name in ("alone", "swept"))
    assert together == alone
    assert [each["pictures"] for each in together] == [120] * 4
