"""The numbers that models are compared by, taken from what real measures return."""

import pytest
import tiny
import torch

from blurlab.compare import compared
from blurlab.measures import tallies, total
from blurlab.measures.table import MEASURES
from blurlab.sensitivity import Interval
from blurlab.training import untrained

SHORT = {"perturbation": {"steps": 3}, "attacks": {"steps": 1}, "hybrids": {"alphas": [0, 100]}}
NAMES = {
    "hybrids": ["f_rev, of Nyquist"],
    "corruptions": [
        f"accuracy, {band}-frequency corruptions" for band in ("low", "medium", "high")
    ],
    "attacks": [f"accuracy, attacks of {epsilon}/255" for epsilon in (1, 2, 4)],
    "perturbation": ["f_0.5, cycles/pixel", "median minimal epsilon (FMN, 3 steps)"],
    "critical_band": ["critical band, cycles/image", "its bandwidth, octaves"],
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
    found = {"attacks": clean | {"epsilons_of_255": [], "accuracy": []}, "corruptions": clean}
    assert compared(found) == {"accuracy, clean": clean["clean"]}
