"""The reverse frequency of each class, from what every picture gave."""

import pytest
import tiny
import torch

from blurlab import places
from blurlab.__main__ import main
from blurlab.claims import compare
from blurlab.claims.by_class import FEWEST, by_class
from blurlab.measures import hybrids
from blurlab.measures.row import EACH
from blurlab.measures.table import MEASURES

ALPHAS = torch.tensor(MEASURES["hybrids"].usual(32)["alphas"], dtype=torch.float64) / 100
REVERSED = {0: 0.1, 1: 0.4, 2: 0.6}  # by label


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """A network of which hybrids are kept: each class reverses where REVERSED says."""
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path)
    monkeypatch.setenv("BLURLAB_MODELS", str(tmp_path / "added"))
    tiny.install(tmp_path, "tiny")
    labels = torch.tensor([2] * (FEWEST - 1) + [1] * 30 + [0] * 40)
    each_low = torch.tensor([REVERSED[label] for label in labels.tolist()])[:, None] < ALPHAS
    each = {"each_low": each_low, "each_high": ~each_low}
    known = {
        f"{EACH}picture": torch.arange(len(labels)),
        f"{EACH}partner": torch.arange(len(labels)).roll(1),
        f"{EACH}label": labels,
    }
    held = {"hybrids": {0: hybrids.sums(each) | each | known}}
    monkeypatch.setattr(compare, "tallied", lambda model, data, measures: held)
    return held


def test_each_class_reverses_where_its_pictures_do(kept):
    found = by_class("tiny", "imagenette")
    assert [(each.name, each.pairs) for each in found] == [
        (tiny.CLASSES[0], 40), (tiny.CLASSES[1], 30),
    ]  # fmt: skip
    for each, label in zip(found, (0, 1), strict=True):
        above = ALPHAS[REVERSED[label] < ALPHAS].min().item()
        below = ALPHAS[REVERSED[label] >= ALPHAS].max().item()
        assert below <= each.f_rev.value <= above


def test_sums_alone_are_not_enough(kept):
    kept["hybrids"][0] = {k: v for k, v in kept["hybrids"][0].items() if not k.startswith(EACH)}
    with pytest.raises(ValueError, match="only sums"):
        by_class("tiny", "imagenette")
    kept.clear()
    with pytest.raises(ValueError, match="nothing"):
        by_class("tiny", "imagenette")


def test_the_command_prints_a_row_for_each_class(kept, capsys):
    main(["classes", "--model", "tiny", "--data", "imagenette"])
    assert capsys.readouterr().out.count("\n| ") == 3
