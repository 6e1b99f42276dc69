"""Cards: an installed model is measured, and the numbers are written down."""

import json
import math
from dataclasses import replace

import pytest
import tiny
import torch

from blurlab import places
from blurlab.data import sets
from blurlab.measures.table import MEASURES
from blurlab.networks import store
from blurlab.pictures import objects
from blurlab.statistics import Interval, share
from blurlab.training import cards


@pytest.fixture
def model(tmp_path, monkeypatch):
    """An untrained tiny model, installed alone, that knows all objects."""
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path)
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path / "results"))
    monkeypatch.setattr(tiny, "CLASSES", objects.CLASSES)
    return tiny.install(tmp_path)


def test_an_estimate_has_four_digits_and_null_for_not_a_number():
    assert cards.estimate(Interval(0.123456, 0.1, 0.2), pictures=7) == {
        "value": 0.1235,
        "low": 0.1,
        "high": 0.2,
        "pictures": 7,
    }
    assert set(cards.estimate(Interval(math.nan, math.nan, math.nan)).values()) == {None}


def test_answers_do_not_depend_on_the_batch(model):
    images = tiny.pictures(24, 0).images
    expected = model(images.float() / 255).argmax(-1)
    assert cards.answers(model, images, batch=5).tolist() == expected.tolist()


def test_answers_for_a_card_are_in_float32(model, monkeypatch):
    asked = []

    def answered(self, images):
        asked.append(self.half_precision)
        return torch.zeros(len(images), 3)

    model.half_precision = True
    monkeypatch.setattr(type(model), "forward", answered)
    cards.answers(model, torch.zeros(2, 3, 32, 32, dtype=torch.uint8))
    assert asked == [False]


def test_accuracy_is_the_share_of_right_answers_with_its_interval(model):
    pictures = tiny.pictures(24, 0)
    right = cards.answers(model, pictures.images)
    wrong = (right + (torch.arange(24) < 6)) % len(objects.CLASSES)
    found = cards.accuracy(model, pictures._replace(labels=wrong))
    assert found["value"] == 0.75
    assert found["pictures"] == 24
    assert found["low"] == round(share(18, 24).low, 4)


def test_a_curve_is_written_with_its_reverse_frequency_in_fractions_of_nyquist():
    low = [share(count, 400) for count in (0, 100, 300, 400)]
    numbers = cards.curve_numbers(
        {
            "f_rev_nyquist": Interval(0.375, 0.36, 0.39),
            "cutoffs_nyquist": [0.0, 0.25, 0.5, 1.0],
            "p_low": low,
            "p_high": low[::-1],
            "pictures": 400,
        },
        64,
    )
    assert numbers["f_rev_nyquist"] == {"value": 0.375, "low": 0.36, "high": 0.39}
    assert numbers["cutoffs_cycles_per_image"] == [0, 8, 16, 32]
    assert numbers["p_low"] == [0, 0.25, 0.75, 1]
    assert numbers["pairs"] == 400


def test_measuring_gives_accuracy_hybrids_and_cue_conflicts_and_writes_them(model, monkeypatch):
    monkeypatch.setitem(sets.OBJECTS_COUNT, "val", 200)
    monkeypatch.setattr(cards, "CUE_CONFLICTS", 200)
    before = store.card("tiny")
    reports = list(cards.measure("tiny"))
    measured = dict(reports)
    pairs = [numbers["pairs"] for kind, numbers in reports if kind == "hybrids"]
    assert pairs == [*sorted(pairs[:-1]), 200]
    assert set(measured) == {"accuracy", "hybrids", "cue_conflicts"}
    assert measured["accuracy"]["pictures"] == measured["cue_conflicts"]["pictures"] == 200
    for cue in ("shape", "texture"):
        numbers = measured["cue_conflicts"][cue]
        assert 0 <= numbers["low"] <= numbers["value"] <= numbers["high"] <= 1
    cards.write("tiny", measured)
    assert store.card("tiny") == before | {"measured": json.loads(json.dumps(measured))}
    assert next(cards.measure("tiny")) == ("accuracy", measured["accuracy"])


def test_robustness_is_measured_by_corruption_and_by_attack(model, tmp_path, monkeypatch):
    monkeypatch.setitem(sets.DATASETS, "objects", tiny.data_set)
    monkeypatch.setitem(sets.OBJECTS_COUNT, "val", 30)
    for measure, steps in {"attacks": 2, "perturbation": 3}.items():
        row = MEASURES[measure]
        knobs = [
            replace(knob, default=steps) if knob.name == "steps" else knob for knob in row.knobs
        ]
        monkeypatch.setitem(MEASURES, measure, replace(row, knobs=tuple(knobs)))
    torch.manual_seed(1)
    tiny.install(tmp_path, "other")
    measured = dict(cards.measure_robustness("tiny", "other", 2))
    assert measured["corruptions"]["pictures"] == measured["attacks"]["pictures"] == 2
    assert set(measured["corruptions"]["classes"]) == {"low", "medium", "high"}
    assert len(measured["corruptions"]["accuracy"]["fog"]) == 5
    for kind in ("adaptive", "transfer"):
        assert set(measured["attacks"][kind]) == {"1/255", "2/255", "4/255"}
    changed = measured["perturbation"]
    assert (changed["pictures"], changed["attack"]) == (2, "FMN, 3 steps")
    assert set(changed["f_half_cycles_per_pixel"]) == {"value", "low", "high"}


def test_a_card_is_replaced_and_never_written_over(model, tmp_path):
    """Who has the old file open, or a kill between two bytes, finds it whole."""
    path = tmp_path / "tiny.json"
    old = path.read_text()
    (tmp_path / "opened").hardlink_to(path)
    cards.write("tiny", {"accuracy": 1})
    assert (tmp_path / "opened").read_text() == old
    assert store.card("tiny")["measured"] == {"accuracy": 1}
    assert store.names() == ["tiny"]  # nothing unfinished is taken for a card
