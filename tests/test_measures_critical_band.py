"""The critical band of a model that was given one."""

import math
from dataclasses import replace

import pytest
import torch
from gratings import grating
from torch.testing import assert_close

from blurlab.data.sets import Pictures
from blurlab.filters.spectrum import radial_frequency
from blurlab.measures import critical_band
from blurlab.measures.critical_band import CRITICAL_BAND, LOWEST, centres, octave_noise
from blurlab.measures.tallies import tallies, total

SIZE = 64
BANDS = 5
STRONGEST = CRITICAL_BAND.settings["deviations"][-1]
MIDDLE, SIGMA, HEIGHT = 2.3, 0.9, 2.5  # octaves above the lowest band, octaves, octaves


def depth(band):
    """By how many octaves a band's threshold lies below the strongest noise: the channel."""
    return HEIGHT * math.exp(-(((band - MIDDLE) / SIGMA) ** 2) / 2)


def pictures_that_bear(tolerances):
    """Draw a grating below all bands, its sign the class, its amplitude a tolerance.

    tolerances: by how many octaves more or less noise than others each picture bears, -1 to 1.
    """
    labels = torch.arange(len(tolerances)) % 2
    amplitude = (0.25 + 0.15 * tolerances) * (2 * labels - 1)
    images = (0.5 + amplitude.view(-1, 1, 1) * grating(SIZE, 1)).mul(255).round().byte()
    return Pictures(images[:, None].repeat(1, 3, 1, 1), labels, ("minus", "plus"))


def with_a_channel(images):
    """Name the sign of the grating unless the noise, weighted by the channel, is too strong."""
    spectrum = torch.fft.fft2(images[:, 0], norm="forward")
    grating_of = 2 * spectrum[:, 0, 1].real / CRITICAL_BAND.settings["contrast"]
    frequency = radial_frequency(SIZE)
    band = (frequency / LOWEST).log2().round().clamp(0, BANDS - 1)
    weight = torch.tensor([2 ** depth(each) for each in range(BANDS)])[band.long()]
    noise = (weight * spectrum.abs() * (frequency > 1)).square().sum((-1, -2)).sqrt()
    borne = STRONGEST * 2 ** ((grating_of.abs() - 0.25) / 0.15)
    return torch.stack([-grating_of, grating_of, (noise > borne) * 1e6], 1)


def measured(network, pictures):
    settings, count = CRITICAL_BAND.settings, len(pictures.labels)
    measure = replace(CRITICAL_BAND, size=count)
    found = tallies(measure, network, pictures, settings, numbers=[0], count=count)
    return measure.estimate(total(dict(found)), settings)


def test_the_channel_of_a_model_is_the_one_it_was_given():
    found = measured(with_a_channel, pictures_that_bear(torch.linspace(-1, 1, 60)))
    assert found["undefined"] is None
    assert found["clean"].value == 1
    assert found["centres"] == [1.75, 3.5, 7, 14, 28]
    expected = [STRONGEST / 2 ** depth(band) for band in range(BANDS)]
    for threshold, known in zip(found["thresholds"], expected, strict=True):
        assert threshold.value == pytest.approx(known, rel=0.03)
        assert threshold.low <= known <= threshold.high
    assert found["centre"].value == pytest.approx(LOWEST * 2**MIDDLE, rel=0.03)
    assert found["bandwidth"].value == pytest.approx(2 * math.sqrt(math.log(4)) * SIGMA, rel=0.04)
    assert found["peak"].value == pytest.approx(STRONGEST / 2**HEIGHT, rel=0.04)


def test_the_intervals_of_the_channel_cover_it(monkeypatch, generator):
    """Each answer follows from a tolerance, drawn anew for every picture and noise."""
    monkeypatch.setattr(critical_band, "DRAWS", 100)
    deviations = CRITICAL_BAND.settings["deviations"]
    needed = torch.tensor(
        [math.log2(each / STRONGEST) + depth(band) for band in range(BANDS) for each in deviations]
    )
    covered = torch.zeros(3)
    for _ in range(60):
        tolerances = 2 * torch.rand(BANDS * len(deviations), 80, generator=generator) - 1
        right = torch.cat([torch.ones(1, 80), (tolerances >= needed[:, None])]).double()
        summed = {"right": right.sum(1), "products": right @ right.T}
        found = CRITICAL_BAND.estimate(
            summed | {"pictures": torch.tensor(80.0)}, CRITICAL_BAND.settings
        )
        truth = {
            "centre": LOWEST * 2**MIDDLE,
            "bandwidth": 2 * math.sqrt(math.log(4)) * SIGMA,
            "peak": STRONGEST / 2**HEIGHT,
        }
        covered += torch.tensor([found[k].low <= truth[k] <= found[k].high for k in truth])
    assert (covered / 60 >= 0.85).all()  # 0.95 expected; 0.85 is three standard deviations less


def answering(*logits):
    return lambda images: torch.tensor([logits]).expand(len(images), -1)


def test_there_is_no_channel_where_faint_pictures_are_not_known():
    found = measured(answering(0.0, 0.0, 1.0), pictures_that_bear(torch.zeros(4)))
    assert "Without noise" in found["undefined"]
    for each in (found["centre"], found["bandwidth"], found["peak"], *found["thresholds"]):
        assert math.isnan(each.value)


def test_there_is_no_channel_where_no_noise_hides_the_pictures():
    def by_grating(images):
        sign = torch.fft.fft2(images[:, 0])[:, 0, 1].real
        return torch.stack([-sign, sign], 1)

    found = measured(by_grating, pictures_that_bear(torch.zeros(6)))
    assert found["clean"].value == 1
    assert "strongest noise" in found["undefined"]
    assert math.isnan(found["centre"].value)
    assert all(math.isnan(threshold.value) for threshold in found["thresholds"])


def test_noise_has_its_octave_its_deviation_and_one_draw_for_all_bands(generator):
    white = torch.randn(3, 1, SIZE, SIZE, generator=generator)
    frequency, seen = radial_frequency(SIZE), torch.zeros(SIZE, SIZE)
    for centre in centres(SIZE):
        noise = octave_noise(white, centre, white)
        assert_close(noise.square().mean((-1, -2)), torch.ones(3, 1))
        there = torch.fft.fft2(noise).abs().amax((0, 1)) > 1e-3
        assert frequency[there].min() > centre / 2**0.5
        assert frequency[there].max() <= centre * 2**0.5
        seen += there
    assert seen.max() == 1  # octaves side by side
    assert seen[2:20, 2:20].min() == 1


def test_people_stand_behind_the_figure_between_the_steps_that_they_were_shown():
    """Two octaves hide pictures from them; the strongest noise leaves the others."""
    (panel,) = CRITICAL_BAND.draw(CRITICAL_BAND.blank(CRITICAL_BAND.settings, SIZE))
    (people,) = [series for series in panel.series if series.style == "reference"]
    found = dict(zip(people.x, people.y, strict=True))
    assert [band for band, each in found.items() if each.high < STRONGEST] == [28, 56]
    assert found[28][1:] == found[56][1:] == (0.04, 0.08)
    assert "Compare" not in CRITICAL_BAND.note({"contrast": 0.2}, 16)


@pytest.mark.parametrize(("size", "count", "last"), [(224, 7, 112), (128, 6, 56), (32, 4, 14)])
def test_the_bands_are_the_same_at_any_size_up_to_nyquist(size, count, last):
    assert len(centres(size)) == count
    assert centres(size)[0] == 1.75
    assert centres(size)[-1] == last
