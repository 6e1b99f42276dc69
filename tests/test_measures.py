"""What every row of the table of measures promises."""

import json
import math
from dataclasses import replace
from functools import reduce
from itertools import pairwise

import pytest
import tiny
import torch
from torch.testing import assert_close

from blurlab import places
from blurlab.data.sets import Pictures
from blurlab.measures.row import EACH
from blurlab.measures.table import MEASURES
from blurlab.measures.tallies import Batch, add, batches, tallies, tallying, total
from blurlab.statistics import Interval
from blurlab.ui.sensitivity import controls, figures

QUICK = {  # settings that make a measure cheaper, not another one
    "heatmap": {"cells": 3},
    "perturbation": {"steps": 8},
    "attacks": {"steps": 2},
    "hybrids": {"alphas": [0, 25, 50, 100]},
    "passes": {"alphas": [0, 25, 50, 100]},
    "contrast": {"trials": 3},
    "mask": {"steps": 4},
}
RANDOM = {"corruptions", "heatmap", "critical_band", "contrast", "noise", "attacks"}
WHOLE = {"contrast", "mask"}  # whose batches cannot be tallied in parts
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.fixture(scope="module")
def pictures():
    """Twelve smooth random pictures of 32 pixels, four classes."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(12, 3, 4, 4, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, 32, mode="bilinear")
    return Pictures(smooth.mul(255).byte(), torch.arange(12) % 4, tuple("abcd"))


@pytest.fixture(scope="module")
def network():
    """A tiny linear network that has learnt nothing."""
    torch.manual_seed(0)
    layers = torch.nn.AvgPool2d(4), torch.nn.Flatten(), torch.nn.Linear(192, 4)
    return torch.nn.Sequential(*layers).requires_grad_(False)


@pytest.fixture(params=MEASURES)
def name(request):
    return request.param


def settings_of(name):
    return MEASURES[name].settings | QUICK.get(name, {})


def tallied(name, network, pictures, count=12, size=4, seed=0, device="cpu"):
    measure = replace(MEASURES[name], size=size)
    return dict(
        tallies(
            measure,
            network.to(device),
            pictures,
            settings_of(name),
            numbers=batches(pictures, count, size),
            count=count,
            seed=seed,
            device=device,
        )
    )


def intervals(numbers):
    """Find every interval in an estimate."""
    if isinstance(numbers, Interval):
        return [numbers]
    parts = numbers.values() if isinstance(numbers, dict) else numbers
    nested = [part for part in parts if isinstance(part, dict | list | tuple)]
    return [found for part in nested for found in intervals(part)]


def same(left, right):
    return left.keys() == right.keys() and all(torch.equal(left[key], right[key]) for key in left)


def test_batches_add_up(name, network, pictures):
    parts, whole = (total(tallied(name, network, pictures, size=size)) for size in (6, 12))
    assert {key: value.shape for key, value in parts.items()} == {
        key: value.shape for key, value in whole.items()
    }
    assert parts["pictures"] == whole["pictures"] == 12
    for key in parts if name not in RANDOM | WHOLE else ():
        torch.testing.assert_close(parts[key], whole[key])


def test_a_longer_run_begins_with_the_batches_of_a_shorter_one(name, network, pictures):
    short, long = (tallied(name, network, pictures, count=count) for count in (8, 12))
    assert sorted(long) == [0, 1, 2]
    assert all(same(short[number], long[number]) for number in (0, 1))


def test_the_seed_decides_the_tally(name, network, pictures):
    first, again, other = (
        total(tallied(name, network, pictures, count=6, seed=seed)) for seed in (1, 1, 2)
    )
    assert same(first, again)
    assert not same(first, other)


def drawn(seed, numbers=range(3)):
    """Return what three batches of four would draw: random numbers, pictures and partners."""
    found = {}

    def tally(network, batch, settings):
        order, partners = (
            side[:, 0, 0, 0].mul(255).round().int().tolist()
            for side in (batch.images, batch.partners)
        )
        random = tuple(torch.rand(3, generator=batch.generator).tolist())
        found[batch.number] = random, order, dict(zip(order, partners, strict=True))
        return {}

    numbered = torch.arange(12, dtype=torch.uint8).view(12, 1, 1, 1).expand(12, 3, 32, 32)
    pictures = Pictures(numbered, torch.arange(12) % 4, tuple("abcd"))
    probe = replace(MEASURES["hybrids"], tally=tally, size=4)
    list(tallies(probe, None, pictures, {}, numbers=numbers, count=12, seed=seed))
    return found


def test_every_batch_of_every_seed_draws_its_own_numbers_whichever_come_before_it():
    whole = [drawn(seed) for seed in (0, 1, 2)]
    assert len({random for found in whole for random, *_ in found.values()}) == 9
    assert drawn(1, [2])[2] == whole[1][2]


def test_the_seed_decides_the_order_of_the_pictures_and_their_partners():
    first, other = (drawn(seed) for seed in (1, 2))
    orders, partners = [], []
    for found in (first, other):
        orders.append([number for _, order, _ in found.values() for number in order])
        partners.append({k: v for *_, pairs in found.values() for k, v in pairs.items()})
    assert orders[0] != orders[1]
    assert partners[0] != partners[1]
    assert sorted(orders[0]) == sorted(partners[0].values()) == list(range(12))


def test_a_measure_draws_what_is_random_from_the_generator_of_its_batch(name, network, pictures):
    def shown(seed):
        """Return all that the network is shown in one batch of one generator."""
        seen = []

        def listening(images):
            seen.append(images.detach().flatten().clone())
            return network(images)

        generator = torch.Generator().manual_seed(seed)
        images, labels = pictures.images / 255, pictures.labels
        batch = Batch(images, labels, images.flip(0), labels.flip(0), generator, 0)
        MEASURES[name].tally(listening, batch, settings_of(name))
        return torch.cat(seen)

    first, again, other = (shown(seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert torch.equal(first, other) == (name not in RANDOM)


def assert_alike(found, expected):
    """Compare tallies, of which other numbers than counts may differ in their last digits."""
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, rtol=1e-12, atol=0)


@pytest.mark.parametrize("ends", [(6, 12), (2, 5, 12), (3, 6, 9, 12)])
def test_parts_of_a_batch_add_up_to_it_and_draw_what_it_draws(name, ends, network, pictures):
    measure, settings = replace(MEASURES[name], size=12), settings_of(name)
    assert measure.splits(settings) is (name not in WHOLE)
    if name in WHOLE:
        pytest.skip("it learns from all of a batch")
    tally = tallying(measure, network, pictures, settings, count=12, seed=3)
    parts = [tally(0, first, last) for first, last in pairwise((0, *ends))]
    assert_alike(reduce(add, parts), tally(0, 0, 12))


def test_attacks_that_draw_in_another_order_are_not_split():
    row = MEASURES["attacks"]
    for attack, norm, splits in (
        ("pgd", "l2", False),
        ("fgsm", "l2", True),
        ("minimal", "l2", True),
    ):
        assert row.splits(row.settings | {"attack": attack, "norm": norm}) == splits


def test_a_figure_has_its_axes_before_anything_is_measured(name, network, pictures):
    row, settings = MEASURES[name], settings_of(name)
    found = row.draw(row.estimate(total(tallied(name, network, pictures)), settings))
    empty = row.draw(row.blank(settings, 32))
    axes = figures.Axis("image", 32, None)
    drawn = [figures.DRAWN[type(each[0])]({"a": each}, {"a": axes}) for each in (found, empty)]
    shapes = [[trace.type for trace in figure.data if trace.x is not None] for figure in drawn]
    places = [list(figure.data[0].x) for figure in drawn]
    assert shapes[1]
    assert places[0] == places[1]
    titles = [[figure.layout[axis].title for axis in ("xaxis", "yaxis")] for figure in drawn]
    assert titles[0] == titles[1]
    if name == "heatmap":
        assert drawn[1].layout.xaxis.range == pytest.approx((-12, 12))
    assert all(math.isnan(each.value) for each in intervals(row.blank(settings, 32)))


def test_the_sums_of_a_tally_have_the_same_size_for_any_number_of_pictures(name, network, pictures):
    found = [tallied(name, network, pictures, size=size)[0] for size in (2, 12)]
    sizes = {
        sum(value.numel() for key, value in tally.items() if not key.startswith(EACH))
        for tally in found
    }
    assert len(sizes) == 1
    assert sizes.pop() * 8 < 20_000  # bytes


def test_what_each_picture_said_adds_up_to_the_sums(name, network, pictures):
    summed = total(tallied(name, network, pictures))
    each = {key.removeprefix(EACH): rows for key, rows in summed.items() if key.startswith(EACH)}
    assert {len(rows) for rows in each.values()} == {int(summed["pictures"])}
    bits = {key: rows for key, rows in each.items() if rows.dtype == torch.uint8}
    assert bits or name == "perturbation"
    for key, rows in bits.items():
        assert_close(rows.double().sum(0), summed[key], rtol=0, atol=0)
    assert_close(each["label"].long(), pictures.labels[each["picture"]])
    assert_close(each["partner"].long().sort().values, each["picture"].long().sort().values)
    assert sum(rows[0].numel() * rows.element_size() for rows in each.values()) < 600  # bytes


def test_the_same_is_measured_whatever_the_threads(name, network, pictures):
    threads = torch.get_num_threads()
    found = []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            found.append(total(tallied(name, network, pictures)))
    finally:
        torch.set_num_threads(threads)
    one, two = found
    for key, value in one.items():
        assert_close(two[key], value, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("device", DEVICES)
def test_estimates_lie_in_their_intervals_and_are_written_as_json(name, network, pictures, device):
    summed = total(tallied(name, network, pictures, device=device))
    found = MEASURES[name].estimate(summed, settings_of(name))
    json.dumps(found)
    seen = intervals(found)
    assert seen
    for value, low, high in seen:
        assert low <= value <= high or math.isnan(value)
    assert any(not math.isnan(each.value) for each in seen)


def test_a_row_carries_what_pages_commands_and_documents_say(name, network, pictures):
    row = MEASURES[name]
    assert row.name == name
    assert row.title
    assert row.seen
    assert row.explanation.endswith(".")
    assert {knob.name: knob.check(knob.default) for knob in row.knobs} == row.settings
    for knob in row.knobs:
        assert not knob.control or knob.default in knob.control
        assert [knob.check(value) for value in knob.control] == list(knob.control)
    estimate = row.estimate(total(tallied(name, network, pictures)), settings_of(name))
    assert row.draw(estimate)
    assert row.summary(estimate)
    for number in row.compared(estimate):
        assert isinstance(number.found, Interval)


def test_controls_of_measures_have_names_of_their_own_in_addresses():
    parts = [(row, knob) for row in MEASURES.values() for knob in controls.offered(row)]
    names = [controls.address(*each) for each in parts]
    offered = {"pass_filter", "cells", "contrast", "made_on", "search", "criterion", "noise_colour"}
    assert set(names) == offered
    assert len(names) == len(set(names))


def test_a_setting_of_later_leaves_the_keys_of_before_alone():
    row = MEASURES["attacks"]
    before = {"epsilons": [1, 2, 4], "steps": 10, "source": None}
    assert row.written(row.settings) == before
    assert row.written(row.settings | {"norm": "l2"}) == before | {"norm": "l2"}
    assert replace(row, revision=2).written(row.settings) == before | {"revision": 2}


def test_settings_survive_json(name):
    settings = MEASURES[name].settings
    assert json.loads(json.dumps(settings)) == settings


def test_an_attack_is_made_on_the_model_that_source_names(tmp_path, monkeypatch, pictures):
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path)
    other = tiny.install(tmp_path, "other", sigma=1.0)
    asked = []

    class Listening(torch.nn.Module):
        def forward(self, images):
            asked.append(images.requires_grad)
            return other(images)

    for source, attacked in ((None, True), ("other", False)):
        asked.clear()
        measure, settings = MEASURES["attacks"], settings_of("attacks") | {"source": source}
        labels = pictures.labels % 3
        list(
            tallies(
                measure,
                Listening(),
                pictures._replace(labels=labels),
                settings,
                numbers=[0],
                count=4,
            )
        )
        assert any(asked) == attacked
