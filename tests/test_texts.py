"""Text of people: every place that reads it takes what editors write, and names what it cannot."""

import pytest

from blurlab import texts
from blurlab.data import ground_truth
from blurlab.measures import sweep
from blurlab.networks import class_names

WORDS = "tench\nbière\n狐\n"
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16")
FOREIGN = {
    "latin-1": "bière".encode("latin-1"),
    "utf-16 without a mark": "tench".encode("utf-16-le"),
    "bytes": b"\xff\xfe\xfa",
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_mark_is_no_part_of_the_text(tmp_path, encoding):
    (tmp_path / "names.txt").write_bytes(WORDS.encode(encoding))
    assert texts.read(tmp_path / "names.txt") == WORDS
    assert class_names.read(str(tmp_path / "names.txt")) == ("tench", "bière", "狐")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_plan_is_read_in_any_of_these(tmp_path, encoding):
    path = tmp_path / "PLAN.toml"
    path.write_bytes('models = []\ndata = ["objects"]\n'.encode(encoding))
    with pytest.raises(ValueError, match="has no models"):
        sweep.read_plan(path)


READERS = {
    "class names": ("names.txt", lambda path: class_names.read(str(path))),
    "plan": ("PLAN.toml", sweep.read_plan),
    "ground truth": (
        "LOC_val_solution.csv",
        lambda path: ground_truth.labels(path.parent),
    ),
}


@pytest.mark.parametrize("data", FOREIGN)
@pytest.mark.parametrize("reader", READERS)
def test_another_encoding_is_named_with_its_file(tmp_path, reader, data):
    pytest.importorskip("timm", reason="timm lists WordNet's numbers")
    name, read = READERS[reader]
    path = tmp_path / name
    path.write_bytes(FOREIGN[data])
    with pytest.raises(ValueError, match=rf"{name} is not text in UTF-8 .*save it as UTF-8"):
        read(path)


@pytest.mark.parametrize("label", ["Golf ball", "golf_ball", " GOLF  BALL "])
def test_labels_are_compared_as_people_do(label):
    assert texts.spelling(label) == "golf ball"
