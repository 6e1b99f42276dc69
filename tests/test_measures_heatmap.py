"""The Fourier heatmap of models that cannot stand one frequency."""

import pytest
import torch

from blurlab.data.sets import Pictures
from blurlab.measures.heatmap import HEATMAP, frequencies, wave
from blurlab.measures.tallies import tallies, total

SIZE = 32


@pytest.fixture
def pictures():
    """Eight flat pictures, dark (0) or bright (1)."""
    labels = torch.arange(8) % 2
    level = torch.tensor([90, 170], dtype=torch.uint8)[labels]
    return Pictures(level.view(-1, 1, 1, 1).repeat(1, 3, SIZE, SIZE), labels, ("dark", "bright"))


def afraid_of(down, across, least):
    """Tell dark from bright, unless a frequency has the least amplitude in a channel."""

    def answer(images):
        lead = (images.mean((1, 2, 3)) - 0.5) * 100
        there = torch.fft.fft2(images, norm="ortho").abs().amax(1)[:, down, across]
        return torch.stack([-lead, lead, (there >= least) * 1e6], 1)

    return answer


def measured(network, pictures, **changed):
    settings = HEATMAP.settings | changed
    found = total(dict(tallies(HEATMAP, network, pictures, settings, numbers=[0], count=8)))
    return HEATMAP.estimate(found, settings)


@pytest.mark.parametrize(("down", "across"), [(4, 8), (-8, 12), (0, 4), (12, 0)])
def test_the_map_shows_the_frequency_and_its_mirror_image(pictures, down, across):
    # Half of the added length lies at each of the two frequencies: length / sqrt(2) in amplitude.
    length = HEATMAP.settings["epsilon"] * SIZE / 224
    for least, error in ((0.99, 1.0), (1.01, 0.0)):
        network = afraid_of(down, across, least * length / 2**0.5)
        found = measured(network, pictures, cells=7)
        assert found["clean"].value == 0
        axis = [round(16 * share) for share in found["frequencies_nyquist"]]
        assert axis == [-12, -8, -4, 0, 4, 8, 12]
        for row, cells in zip(axis, found["error"], strict=True):
            for column, cell in zip(axis, cells, strict=True):
                hit = (row, column) in ((down, across), (-down, -across))
                assert cell.value == (error if hit else 0)


def test_the_cells_of_a_coarse_map_reappear_in_a_finer_one(pictures):
    """Any drawn sign serves: this model answers to the amplitude alone."""
    network = afraid_of(8, 8, 0.1)
    coarse, fine = (measured(network, pictures, cells=cells) for cells in (7, 15))
    places = [fine["frequencies_nyquist"].index(each) for each in coarse["frequencies_nyquist"]]
    assert coarse["error"] == [[fine["error"][row][column] for column in places] for row in places]
    assert max(cell.value for row in coarse["error"] for cell in row) == 1


def test_each_frequency_of_half_the_plane_comes_once_and_zero_last():
    for cells in (3, 7, 31):
        half = [tuple(each) for each in frequencies(cells, SIZE).tolist()]
        mirrored = {(-down, -across) for down, across in half}
        assert half[-1] == (0, 0)
        assert len({*half} | mirrored) == cells**2
        assert {*half} & mirrored == {(0, 0)}


@pytest.mark.parametrize(("down", "across"), [(0, 0), (3, -5), (0, 16), (-16, 16)])
def test_a_wave_has_length_1_and_one_frequency(down, across):
    drawn = wave(down, across, SIZE)
    assert drawn.norm().item() == pytest.approx(1)
    power = torch.fft.fft2(drawn, norm="ortho").abs().square()
    both = {(down % SIZE, across % SIZE), (-down % SIZE, -across % SIZE)}
    assert sum(power[place].item() for place in both) == pytest.approx(1)


@pytest.mark.parametrize("cells", [1, 8, 63, 0, -1])
def test_cells_that_do_not_fit_are_refused(pictures, cells):
    with pytest.raises(ValueError, match=rf"cells is {cells}; pictures of 32 pixels allow"):
        measured(afraid_of(4, 4, 1), pictures, cells=cells)
