"""Networks as points: f_rev against the accuracy under a corruption, on the same pictures."""

import pytest
import torch

from blurlab.__main__ import main
from blurlab.claims import beside_plain, compare, scatter
from blurlab.corruptions.table import published
from blurlab.measures import corrupted
from blurlab.networks import store
from blurlab.statistics import Interval

F_REV = {"imagenette_base": 0.4, "imagenette_blur2": 0.2, "imagenette_v1": 0.3}


def batch(first, right):
    """What 10 pictures said: the first few are named right, whatever the corruption."""
    answers = (torch.arange(10) < right)[:, None].expand(-1, 5)
    each = {f"each_right_{name}": answers for name in published()}
    each |= {"each_clean": torch.ones(10, dtype=torch.bool)}
    return corrupted.sums(each) | each | {"each_picture": first + torch.arange(10)}


@pytest.fixture
def held(monkeypatch):
    """Three networks, of which the plain one was shown a batch that the others were not."""
    found = {
        "imagenette_base": {0: batch(0, 8), 1: batch(10, 0)},
        "imagenette_blur2": {0: batch(0, 4)},
        "imagenette_v1": {0: batch(0, 6)},
    }
    hybrid = {n: {"f_rev_nyquist": Interval(f, f - 0.1, f + 0.1)} for n, f in F_REV.items()}
    monkeypatch.setattr(beside_plain, "alike", lambda plain: list(found))
    monkeypatch.setattr(compare, "kept", lambda n, data, measures: {"hybrids": (10, hybrid[n])})
    monkeypatch.setattr(compare, "tallied", lambda n, data, measures: {"corruptions": found[n]})
    return found


def test_accuracies_are_of_the_pictures_that_all_were_shown(held):
    found, pictures = scatter.points("imagenette_base", "imagenette", "fog")
    assert pictures == 10
    told = [(p.name, p.f_rev.value, *(a.value for a in p.accuracy)) for p in found]
    assert told == [
        ("imagenette_blur2", 0.2, *6 * [pytest.approx(0.4)]),
        ("imagenette_v1", 0.3, *6 * [pytest.approx(0.6)]),
        ("imagenette_base", 0.4, *6 * [pytest.approx(0.8)]),
    ]


def test_one_severity_counts_by_itself(held):
    answers = held["imagenette_v1"][0]["each_right_fog"].clone()
    answers[:, 4] = False
    each = {k: v for k, v in held["imagenette_v1"][0].items() if k.startswith("each_")}
    each["each_right_fog"] = answers
    held["imagenette_v1"][0] = corrupted.sums(each) | each
    found, _ = scatter.points("imagenette_base", "imagenette", "fog")
    assert [a.value for a in found[1].accuracy] == pytest.approx([0.6, 0.6, 0.6, 0.6, 0, 0.48])
    found, _ = scatter.points("imagenette_base", "imagenette", None)
    assert found[1].accuracy[4].value == pytest.approx(0.6 * 14 / 15)


def test_networks_that_share_no_picture_are_refused(held):
    held["imagenette_v1"] = {0: batch(20, 6)}
    with pytest.raises(ValueError, match="not shown the same pictures of imagenette"):
        scatter.points("imagenette_base", "imagenette", "fog")
    held.clear()
    with pytest.raises(ValueError, match="hybrids and corruptions"):
        scatter.points("imagenette_base", "imagenette", "fog")


def test_a_correlation_takes_four_families(held, capsys):
    assert main(["scatter", "--data", "imagenette", "--corruption", "fog"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("\n| `imagenette_") == 3
    assert "correlation with f_rev" not in printed
    assert "takes four families of networks, and these are of 3" in printed


def test_pictures_of_no_shipped_network_take_a_plain_one(capsys):
    assert store.pair("cifar10")[0] not in store.names()
    assert main(["scatter", "--data", "cifar10"]) == 2
    assert "name yours with --plain" in capsys.readouterr().err
