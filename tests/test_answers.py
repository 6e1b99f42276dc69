"""What pages say of a pair: the exact answer, the sweep, the files, and the Python lines."""

import csv
import io
import json
import os
import subprocess
import sys
import time

import pytest
import torch
from torch.testing import assert_close

from blurlab import places
from blurlab.data import sets
from blurlab.filters.hybrid import hybrid
from blurlab.networks import store
from blurlab.pictures import images
from blurlab.ui import asking, cache, files, jobs
from blurlab.ui.hybrid import job as answers
from blurlab.ui.hybrid import report

FISH = cache.Choice("object", "fish", 3)
CUP = cache.Choice("object", "cup", 5)
ALIGNED = cache.Choice("object", "tree", 2, shift_x=0.1, shift_y=-0.05, scale=1.2, flip=True)
CAT = cache.Choice("photograph", "cat")


@pytest.fixture(scope="module")
def names():
    """The installed models of the procedural objects."""
    found = [name for name in store.names() if store.card(name)["recipe"]["data"] == "objects"]
    if not found:
        pytest.skip("no models of the objects are installed")
    return tuple(found)


def setting(low=FISH, high=CUP, cutoff=12.0, high_cutoff=None, filter="gaussian"):
    return answers.Setting(low, high, cutoff, high_cutoff, filter)


def answer(p_low, p_high):
    return answers.Answer(p_low, p_high, (("fish", p_low), ("cup", p_high)))


def finished(names, chosen):
    """Run a sweep to its end, as a page does."""
    end = time.monotonic() + 120
    while True:
        job = answers.sweep(names, chosen)
        if job.is_over:
            assert job.state == "done"
            return job
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("chosen", [setting(), setting(ALIGNED, CUP, 5.0, 20.0, "ideal")])
def test_the_exact_answer_is_the_models_answer_to_the_hybrid(names, chosen):
    picture = hybrid(
        cache.picture(chosen.low),
        cache.picture(chosen.high),
        chosen.cutoff,
        high_cutoff=chosen.high_cutoff,
        filter=chosen.filter,
    )
    for name in names:
        probabilities = store.load(name)(picture[None]).softmax(-1)[0]
        classes = store.card(name)["classes"]
        said = answers.exact(name, chosen)
        assert said.p_low == pytest.approx(
            probabilities[classes.index(chosen.low.name)].item(), abs=1e-4
        )
        assert said.p_high == pytest.approx(
            probabilities[classes.index(chosen.high.name)].item(), abs=1e-4
        )
        best = probabilities.argsort(descending=True)[: asking.TOP]
        assert [label for label, _ in said.top] == [classes[index] for index in best]


@pytest.mark.parametrize("chosen", [setting(), setting(high_cutoff=40.0, filter="ideal")])
def test_the_sweep_of_a_pair_is_the_same_as_asking_one_by_one(names, chosen):
    found = answers.swept(names, chosen, finished(names, chosen))
    for name in names:
        assert None not in found[name]
        for index in (0, 1, 13, 22, 32):
            alone = answers.exact(name, chosen._replace(cutoff=answers.CUTOFFS[index]))
            together = found[name][index]
            assert together.p_low == pytest.approx(alone.p_low, abs=1e-4)
            assert together.p_high == pytest.approx(alone.p_high, abs=1e-4)
            assert [p for _, p in together.top] == pytest.approx(
                [p for _, p in alone.top], abs=1e-4
            )


def test_a_sweep_that_is_under_way_has_holes(names):
    chosen = setting()
    job = finished(names, chosen)
    begun = jobs.Job(job.steps, results=job.results[:2], state="running")
    found = answers.swept(names, chosen, begun)
    known = [index for index, said in enumerate(found[names[0]]) if said]
    assert known == sorted(job.results[0][0] + job.results[1][0])
    assert 0 < len(known) < len(answers.CUTOFFS)


def test_the_cutoffs_of_a_sweep_run_from_one_cycle_to_nyquist_in_equal_steps():
    octaves = torch.tensor(answers.CUTOFFS).log2()
    assert_close(octaves, torch.linspace(0, 7, 33))
    assert answers.CUTOFFS[-1] == cache.SIZE / 2


def test_the_reversal_of_a_pair_lies_between_its_known_neighbours():
    found = [None] * 33
    assert answers.reversal(found) is None
    found[0] = answer(0.2, 0.8)
    assert answers.reversal(found) is None
    found[16] = answer(0.8, 0.2)
    middle = (answers.CUTOFFS[0] + answers.CUTOFFS[16]) / 2
    assert answers.reversal(found) == pytest.approx(middle)
    assert answers.reversal([answer(0.9, 0.1)] * 33) is None


def test_the_table_has_a_row_for_every_answer_and_the_files_hold_it():
    found = {"one": [answer(0.25, 0.5)] + [None] * 31 + [answer(0.7, 0.1)], "two": [None] * 33}
    table = report.rows(found)
    assert table == [
        {
            "model": "one", "cutoff_cycles_per_image": 1.0, "p_low": 0.25, "p_high": 0.5,
            "p_low_minus_p_high": -0.25, "answer": "fish", "probability": 0.25,
        },
        {
            "model": "one", "cutoff_cycles_per_image": 128.0, "p_low": 0.7, "p_high": 0.1,
            "p_low_minus_p_high": 0.6, "answer": "fish", "probability": 0.7,
        },
    ]  # fmt: skip
    read = list(csv.DictReader(io.StringIO(files.as_csv(table))))
    assert read == [{key: str(value) for key, value in row.items()} for row in table]
    uploaded = cache.Choice("file", "my cup.png", upload=b"\x89PNG")
    written = json.loads(files.as_json(setting(FISH, uploaded), table, size_pixels=cache.SIZE))
    assert written["rows"] == table
    assert written["size_pixels"] == 256
    assert written["setting"]["cutoff"] == 12.0
    assert written["setting"]["high"]["name"] == "my cup.png"
    assert "upload" not in written["setting"]["high"]


def test_an_empty_table_is_a_file_too():
    assert files.as_csv([]).strip() == ""
    assert json.loads(files.as_json(setting(), []))["rows"] == []


def test_a_picture_of_the_models_own_kind_has_its_true_class(names):
    classes = store.card(names[0])["classes"]
    assert cache.named_class(names[0], FISH) == classes.index("fish")
    guess = cache.answers(names[0], CAT).argmax()
    assert cache.named_class(names[0], CAT) == guess


def test_pictures_are_shared_and_keyed_by_everything_that_was_chosen():
    assert cache.picture(FISH) is cache.picture(cache.Choice("object", "fish", 3))
    plain = cache.picture(ALIGNED._replace(shift_x=0.0, shift_y=0.0, scale=1.0, flip=False))
    moved = images.align(plain, shift_x=0.1, shift_y=-0.05, scale=1.2, flip=True)
    assert_close(cache.picture(ALIGNED), moved)
    assert (cache.picture(FISH) != cache.picture(FISH._replace(variant=4))).any()


def test_a_file_is_read_by_its_bytes_and_a_bad_one_is_refused():
    written = images.png_bytes(cache.picture(CUP))
    read = cache.picture(cache.Choice("file", "cup.png", upload=written))
    assert_close(read, cache.picture(CUP), atol=0.5 / 255 + 1e-6, rtol=0)
    with pytest.raises(images.ImageError, match=r"cup\.png"):
        cache.picture(cache.Choice("file", "cup.png", upload=written[:200]))


def executed(lines, folder):
    """Run Python lines in a process of their own and return what they print."""
    (folder / "lines.py").write_text(lines, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(places.ROOT), "PYTHONWARNINGS": "error"}
    run = subprocess.run(
        [sys.executable, "lines.py"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize(
    "chosen",
    [
        setting(ALIGNED, CAT, 9.3, 20.0, "butterworth"),
        setting(FISH, cache.Choice("file", "my 'cup'.png"), 16, None, "ideal"),
        setting(cache.Choice("imagenette", "golf ball", 4), CUP),
    ],
    ids=["aligned object and photograph", "own file", "imagenette"],
)
def test_the_python_lines_give_the_picture_and_the_answers_of_the_page(names, chosen, tmp_path):
    if chosen.low.kind == "imagenette" and not sets.has_imagenette():
        pytest.skip("Imagenette is not in BLURLAB_DATA")
    if chosen.high.kind == "file":
        written = images.png_bytes(cache.picture(CUP))
        (tmp_path / chosen.high.name).write_bytes(written)
        chosen = chosen._replace(high=chosen.high._replace(upload=written))
    printed = executed(report.script(names, chosen), tmp_path).splitlines()
    made = images.to_uint8(images.load_image(tmp_path / "hybrid.png"))
    shown = images.to_uint8(answers.mixed(chosen))
    # Another number of threads may add up in another order, which can turn a rounding.
    assert abs(made.astype(int) - shown).max() <= 1
    for name, line in zip(names, printed, strict=True):
        said = answers.exact(name, chosen).top
        assert line.startswith(name)
        pairs = json.loads(line[len(name) :].replace("(", "[").replace(")", "]").replace("'", '"'))
        assert [label for label, _ in pairs] == [label for label, _ in said]
        assert [p for _, p in pairs] == pytest.approx([p for _, p in said], abs=1e-4)
