"""Spectra of what corruptions change in a data set: noise and gratings, whose spectra are known."""

import math

import numpy as np
import pytest
import tiny
import torch
from gratings import grating
from torch.testing import assert_close

from blurlab import places
from blurlab.__main__ import main
from blurlab.corruptions.corrupting import corrupt, eight_bit
from blurlab.corruptions.row import Corruption
from blurlab.corruptions.table import CORRUPTIONS, in_class, published
from blurlab.data import sets, sources
from blurlab.data.folders import Source
from blurlab.data.sets import Pictures
from blurlab.filters.spectrum import half_power_exact, mean_power, radial_frequency
from blurlab.measures import measuring, spectra
from blurlab.measures.half_power import radii

SIZE = 32
WIDTH = math.sqrt(0.5) / 480  # cycles/pixel between two radii


@pytest.fixture
def pictures(generator):
    """Sixty grey pictures between 0.25 and 0.75, so that nothing that is added is clipped."""
    images = 64 + torch.randint(128, (60, 3, SIZE, SIZE), generator=generator)
    return Pictures(images.byte(), torch.arange(60) % 3, ("one", "two", "three"))


def added(monkeypatch, change):
    """Put a corruption into the table that adds change(images)."""
    row = Corruption("added", "Added", "Adds.", lambda images: images + change(images),
                     {"imagenet": ((),) * 5}, None, role="offered")  # fmt: skip
    monkeypatch.setitem(CORRUPTIONS, "added", row)


def found(pictures, name="added", severity=3, **options):
    *_, summed = spectra.of_corruption(
        pictures, name, severity, count=len(pictures.labels), **options
    )
    return spectra.estimate(summed)


def test_white_noise_has_half_of_its_power_below_half_of_the_coefficients(
    monkeypatch, pictures, generator
):
    added(monkeypatch, lambda images: 0.05 * torch.randn(images.shape, generator=generator))
    of_noise = found(pictures)
    radius = radial_frequency(SIZE).flatten().sort().values
    expected = radius[len(radius) // 2].item() / SIZE
    # The coefficients lie on a grid, whose steps here are of 0.01 cycles/pixel.
    assert of_noise.f_half.value == pytest.approx(expected, abs=0.01)
    assert of_noise.f_half.low <= of_noise.f_half.value <= of_noise.f_half.high
    assert of_noise.effective == pytest.approx(60, abs=1)
    within = [(radius / SIZE <= edge + 1e-9).double().mean().item() for edge in of_noise.radii]
    assert [share.value for share in of_noise.share] == pytest.approx(within, abs=0.01)
    # Rounding to 8 bits adds the variance of a step to that of the noise.
    assert_close(of_noise.radial[2:].mean(), torch.tensor(0.05**2 + (1 / 255) ** 2 / 12).double(),
                 rtol=0.03, atol=0)  # fmt: skip
    assert of_noise.radial[0] == 0


@pytest.mark.parametrize(("across", "down"), [(5, 0), (3, 4)])
def test_a_grating_has_its_ring_and_its_places_in_the_plane(monkeypatch, pictures, across, down):
    wave = grating(SIZE, math.hypot(across, down), math.atan2(down, across))
    added(monkeypatch, lambda images: 0.1 * wave)
    of_wave = found(pictures)
    assert of_wave.radial.argmax() == 5
    assert of_wave.f_half.value == pytest.approx(5 / SIZE, abs=WIDTH)
    frequencies, plane = spectra.centred(of_wave.plane)
    places = (plane > 0.1 * plane.max()).nonzero()
    shown = {tuple(map(abs, frequencies[place].tolist())) for place in places}
    assert len(places) == 2
    assert shown == {(down, across)}


def test_a_change_of_brightness_has_no_spectrum(monkeypatch, pictures):
    added(monkeypatch, lambda images: torch.full_like(images, 0.1))
    nothing = found(pictures._replace(images=torch.full_like(pictures.images, 100)))
    assert math.isnan(nothing.f_half.value)
    assert math.isnan(nothing.f_half_median.value)
    assert math.isnan(nothing.effective)
    assert nothing.plane.sum() < 1e-9


def test_batches_add_up_to_the_power_of_all_pictures(pictures):
    """Pictures and draws are those of the measure of corruptions, whatever the batches."""
    sums = list(spectra.of_corruption(pictures, "fog", 2, count=60, seed=3))
    assert [int(each["pictures"]) for each in sums] == [50, 60]
    chosen = sums[-1]["each_picture"].long()
    assert sorted(chosen.tolist()) == list(range(60))
    changes = []
    for number, part in enumerate(chosen.split(50)):
        clean = pictures.images[part].float() / 255
        generator = torch.Generator().manual_seed(3_000_009 + number)
        changes.append(eight_bit(corrupt(clean, "fog", 2, generator)) - clean)
    together = spectra.estimate(sums[-1])
    assert_close(together.plane, mean_power(torch.cat(changes)), rtol=1e-5, atol=1e-12)
    assert together.f_half.value == pytest.approx(half_power_exact(together.plane), abs=0.02)
    assert together.plane.dtype == torch.float64
    assert together.radii == radii().tolist()


def test_the_classes_are_in_the_order_that_the_paper_gives_them():
    drawn = sets.objects.objects(10, 64, torch.Generator().manual_seed(0))
    pictures = Pictures((drawn[0] * 255).round().byte(), drawn[1], sets.objects.CLASSES)
    halves = {
        band: [found(pictures, name).f_half.value for name in in_class(band)]
        for band in ("low", "medium", "high")
    }
    assert max(halves["low"]) < min(halves["medium"])
    assert max(halves["medium"]) < min(halves["high"])


@pytest.mark.parametrize(("count", "name", "severity", "words"), [
    (0, "fog", 3, "n is 0; there are 1 to 60 pictures"),
    (9, "rain", 3, "No corruption is called 'rain'"),
    (9, "fog", 6, "severity is 6"),
])  # fmt: skip
def test_what_cannot_be_is_refused_with_what_can(pictures, count, name, severity, words):
    with pytest.raises(ValueError, match=words):
        next(spectra.of_corruption(pictures, name, severity, count=count))


def test_the_smallest_changes_are_those_of_the_measure(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path)
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path / "results"))
    tiny.install(tmp_path)
    drawn = tiny.pictures(24, 0, 32)
    source = Source("few", drawn.classes, 24, lambda: drawn)
    work = measuring.plan("tiny", "perturbation", source, {"steps": 10, "targeted": False})
    *_, summed = spectra.of_smallest_changes(work)
    expected = measuring.estimate(work, [*measuring.measure(work)][-1].summed)
    of_changes = spectra.estimate(summed)
    assert of_changes.pictures == 24
    assert of_changes.f_half == expected["f_half"]
    assert of_changes.effective == expected["effective"]
    assert half_power_exact(of_changes.plane) == pytest.approx(of_changes.f_half.value, abs=0.03)


# The command


@pytest.fixture
def few(monkeypatch, tmp_path, pictures):
    """A data set of sixty pictures, and a folder to work in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sets.DATASETS, "objects", lambda split, size: pictures)


def test_the_command_prints_a_table_and_writes_planes(few, pictures, capsys):
    asked = ["spectra", "--data", "objects", "-n", "20", "--size", "32", "--severity", "2"]
    named = ["--corruption", "fog", "--corruption", "gaussian_noise", "--out", "planes"]
    assert main([*asked, *named]) == 0
    head, _, titles, _, *rows = capsys.readouterr().out.splitlines()
    assert head == "Objects, 20 pictures of 32 pixels, severity 2, seed 0"
    assert titles.startswith("| corruption | class | f_0.5, cycles/image | f_0.5, of Nyquist |")
    assert [row.split(" | ")[:2] for row in rows] == [
        ["| `fog`", "low"],
        ["| `gaussian_noise`", "high"],
    ]
    *_, summed = spectra.of_corruption(pictures, "gaussian_noise", 2, count=20)
    expected = spectra.estimate(summed)
    value = expected.f_half.value
    assert f"| {SIZE * value:.2f} [" in rows[1]
    assert f"| {2 * value:.3f} [" in rows[1]
    with np.load("planes") as written:
        assert written["fog"].shape == (SIZE, SIZE)
        assert written["frequencies"].tolist() == list(range(-16, 16))
        shifted = np.fft.ifftshift(written["gaussian_noise"])
        assert_close(torch.from_numpy(shifted), expected.plane, rtol=0, atol=0)
        assert written["fog_share"][-1] == 1
        assert len(written["fog_radial"]) == 17


def test_the_command_takes_networks_instead(few, monkeypatch, tmp_path, pictures, capsys):
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path)
    tiny.install(tmp_path)
    named = pictures._replace(classes=tiny.CLASSES)
    monkeypatch.setitem(sets.DATASETS, "objects", lambda *_: named)
    monkeypatch.setitem(sources.KNOWN, "objects", lambda: (tiny.CLASSES, 60))
    asked = ["spectra", "--data", "objects", "-n", "3", "--model", "tiny", "--paper"]
    assert main([*asked, "--out", "planes.npz"]) == 0
    head, _, _, _, row = capsys.readouterr().out.splitlines()
    assert head == "Objects, 3 pictures, seed 0"
    assert row.startswith("| `tiny` | PGD on a ladder of radii | ")
    with np.load("planes.npz") as written:
        assert written["tiny"].shape == (SIZE, SIZE)
    assert main([*asked, "--corruption", "fog"]) == 2
    assert "--model and --corruption are both given" in capsys.readouterr().err


def test_the_command_takes_all_published_corruptions_where_none_is_named(few, capsys):
    assert main(["spectra", "--data", "objects", "-n", "2", "--size", "32"]) == 0
    rows = capsys.readouterr().out.splitlines()[4:]
    assert [row.split("`")[1] for row in rows] == published()
