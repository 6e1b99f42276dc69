"""A notebook's lines: one import, one call, on pictures and networks as people have them."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

import blurlab
from blurlab.filters import hybrid
from blurlab.pictures import images, objects

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs" / "library.md"


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


class Brightest(nn.Module):
    """Names the colour channel with the largest mean, whatever the fine structure says."""

    def forward(self, shown):
        return 50 * shown.mean((-1, -2))


def coloured(count, size=32):
    """Make pictures of three classes, each a colour with noise: (count, 3, S, S), (count,)."""
    labels = torch.arange(count) % 3
    shown = 0.3 * torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(1))
    shown[torch.arange(count), labels] += 0.4
    return shown, labels


@pytest.mark.parametrize("kind", ["path", "uint8 (H, W, 3)", "(3, S, S)", "(N, 3, S, S)", "uint8"])
def test_pictures_are_taken_as_people_have_them(tmp_path, generator, kind):
    drawn = objects.objects(1, 64, generator)[0].mul(255).round() / 255
    images.save_image(drawn[0], tmp_path / "object.png")
    given = {
        "path": tmp_path / "object.png",
        "uint8 (H, W, 3)": images.to_uint8(drawn[0]),
        "(3, S, S)": drawn[0],
        "(N, 3, S, S)": drawn,
        "uint8": drawn.mul(255).byte(),
    }[kind]
    assert_close(blurlab.as_pictures(given), drawn)
    assert blurlab.as_pictures(given, 32).shape == (1, 3, 32, 32)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (np.zeros((8, 8)), r"\(8, 8\) float64"),
        (np.zeros((8, 8, 4), np.uint8), r"\(8, 8, 4\) uint8"),
        (torch.zeros(3, 8, 8, dtype=torch.int64), r"\(1, 3, 8, 8\) int64|\(3, 8, 8\) int64"),
        (torch.full((1, 3, 8, 8), 255.0), "255 to 255; they must be in .*leave Normalize out"),
        (torch.full((1, 3, 8, 8), torch.nan), "nan to nan; they must be in"),
    ],
)
def test_what_is_no_picture_is_described_as_it_was_given(given, said):
    with pytest.raises(ValueError, match=said):
        blurlab.as_pictures(given)


def test_a_hybrid_of_a_file_and_an_array_is_the_cores(tmp_path, generator):
    low, high = objects.objects(2, 64, generator)[0]
    images.save_image(low, tmp_path / "low.npy")
    made = blurlab.hybrid(tmp_path / "low.npy", high, 0.25, unit="nyquist", filter="gaussian")
    assert_close(made, hybrid.hybrid(low, high, 8.0, filter="gaussian"))
    smaller = blurlab.hybrid(low, blurlab.as_pictures(high, 32), cutoff=4)
    assert smaller.shape == (3, 32, 32)


def test_a_network_by_its_means_goes_by_the_mean_alone():
    shown, labels = coloured(60)
    loader = torch.utils.data.DataLoader(list(zip(shown, labels.tolist(), strict=True)), 16)
    answered = blurlab.measure("hybrids", Brightest(), loader)
    assert answered["difference"][1].value == 1  # the low picture gives the mean at every cutoff
    assert np.isnan(blurlab.f_rev(Brightest(), loader).value)


def test_a_loader_a_pair_and_a_folder_of_the_same_pictures_measure_alike(tmp_path):
    shown, labels = coloured(30)
    for index, (picture, label) in enumerate(zip(shown, labels.tolist(), strict=True)):
        folder = tmp_path / str(label)
        folder.mkdir(exist_ok=True)
        images.save_image(picture, folder / f"{index:02d}.png")
    loader = torch.utils.data.DataLoader(list(zip(shown, labels.tolist(), strict=True)), 7)
    net = blurlab.network(Brightest(), 32)
    given = (loader, (shown, labels), tmp_path)
    numbers = [blurlab.accuracy(net, of) for of in given]
    numbers += [blurlab.measure("passes", net, of)["clean"] for of in given]
    assert numbers == numbers[:1] * 6
    assert numbers[0].value == 1


def test_accuracy_under_a_corruption_falls_where_it_must():
    shown, labels = coloured(30)
    blind = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 3))
    clean = blurlab.accuracy(Brightest(), (shown, labels))
    fog = blurlab.accuracy(Brightest(), (shown, labels), corruption="fog", severity=5)
    assert clean.value == 1 >= fog.value
    assert blurlab.accuracy(blind, (shown, labels)).value < 1
    with pytest.raises(ValueError, match="severity is 0; it must be a whole number from 1 to 5"):
        blurlab.accuracy(Brightest(), (shown, labels), corruption="fog", severity=0)


def test_a_module_that_ends_in_a_softmax_is_told_and_its_logarithms_count():
    shown, labels = coloured(6)
    certain = nn.Sequential(Brightest(), nn.Softmax(-1))
    with pytest.warns(UserWarning, match="softmax"):
        wrapped = blurlab.network(certain, 32)
    assert_close(wrapped(shown).softmax(-1), certain(shown))
    for net in (certain, lambda images: certain(images)):
        with pytest.warns(UserWarning, match="softmax"):
            changed = blurlab.attack(net, shown, labels, epsilon=0.3, steps=5)
        assert_close(changed, blurlab.attack(Brightest(), shown, labels, epsilon=0.3, steps=5))
    with pytest.warns(UserWarning, match="softmax"):
        measured = blurlab.measure("attacks", certain, (shown, labels))
    assert measured == blurlab.measure("attacks", Brightest(), (shown, labels))


def test_an_attack_leads_away_and_its_changes_have_a_half_power_frequency():
    shown, labels = coloured(6)
    changed = blurlab.attack(Brightest(), shown, labels, epsilon=0.3, steps=5)
    assert (Brightest()(changed).argmax(-1) != labels).all()
    assert (changed - shown).abs().max() <= 0.3 + 1e-6
    wave = torch.cos(2 * torch.pi * 4 * torch.arange(32) / 32).expand(1, 3, 32, 32)
    assert_close(blurlab.f_half(0.5 + 0.1 * wave, torch.full_like(wave, 0.5)), 4 / 32)


def test_a_loader_of_normalised_pictures_is_told_what_to_do():
    shown, labels = coloured(6)
    with pytest.raises(ValueError, match="give its mean and std to blurlab"):
        blurlab.f_rev(Brightest(), ((shown - 0.5) / 0.2, labels))


def test_what_is_kept_is_a_table_with_the_networks_that_ship():
    table = blurlab.kept()
    reversal = table[(table.measure == "hybrids") & (table.what == "f_rev_nyquist")]
    assert {"model", "data", "settings", "seed", "pictures", "value", "low", "high"} <= set(table)
    assert reversal.model.str.len().gt(0).all()
    assert len(reversal) >= 15
    assert reversal.dropna().eval("low <= value <= high").all()


def test_importing_blurlab_alone_loads_nothing_heavy():
    code = "import sys, blurlab; print('torch' in sys.modules, 'hybrid' in dir(blurlab))"
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert fresh.stdout.split() == ["False", "True"], fresh.stderr


def test_the_lines_of_the_documentation_run_as_they_stand(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path / "results"))
    lines = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert len(lines) >= 6
    names: dict = {}
    for block in lines:
        exec(block, names)
    assert names["figure"].data
    assert 0 < names["reversal"].value < 1
