"""A learned mask finds the one wave that a network made by hand reads, and nothing else."""

import math

import pytest
import torch
from torch.testing import assert_close

from blurlab.data.sets import Pictures
from blurlab.measures.mask import MASK, SECTORS, learned, seen
from blurlab.measures.tallies import tallies, total
from blurlab.ui.sensitivity import figures
from blurlab.ui.sensitivity.report import summed_up

SIZE = 32


def reader(down, across):
    """Return a network that reads the sign of one wave and is sure of it."""

    def network(images):
        read = torch.fft.fft2(images[:, 1], norm="forward")[:, down, across].real
        return torch.stack([-60 * read, 60 * read], 1)

    return network


def pictures(count=12):
    generator = torch.Generator().manual_seed(0)
    images = 64 + torch.randint(128, (count, 3, SIZE, SIZE), generator=generator)
    row, column = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    signs = 2 * (torch.arange(count) % 2) - 1
    for down, across in ((0, 5), (4, 4), (9, 0)):
        wave = torch.cos(2 * math.pi * (down * row + across * column) / SIZE)
        images = images + 16 * signs.view(-1, 1, 1, 1) * wave
    return Pictures(images.clamp(0, 255).byte(), torch.arange(count) % 2, ("minus", "plus"))


@pytest.mark.parametrize(("down", "across", "degrees"), [(0, 5, 0), (4, 4, 45), (9, 0, 90)])
def test_the_mask_keeps_the_wave_that_a_network_reads_and_no_other(down, across, degrees):
    found = learned(reader(down, across), pictures().images / 255, MASK.settings)
    assert found[down, across] > 0.5
    others = found.clone()
    others[[down, -down], across] = 0  # in the first column a wave stands with its mirror image
    assert others.max() < 0.01
    averaged = seen(found)
    assert averaged["rings"].argmax() == round(math.hypot(down, across))
    assert averaged["directions"].argmax() == degrees * SECTORS / 180
    middle = SIZE // 2 - 1
    plane = averaged["plane"]
    assert plane[middle + down, middle + across] == plane[middle - down, middle - across] > 0.5
    assert plane[middle, middle] == 1  # the mean of a picture is always kept
    assert (plane > 0.01).sum() == 3
    assert averaged["frequency"] == pytest.approx(
        round(math.hypot(down, across)) / (SIZE / 2), abs=0.02
    )


def test_a_mask_is_learned_from_every_picture_of_its_batch():
    """Of which the first fifty need one wave, and the others another."""
    images = pictures(100).images / 255

    answers = []

    def halves(shown):
        answers.append(len(shown))
        return reader(*((0, 5) if len(answers) % 2 else (9, 0)))(shown)

    found = learned(halves, images, MASK.settings)
    assert set(answers) == {50}
    assert found[0, 5] > 0.3
    assert found[9, 0] > 0.3
    others = found.clone()
    others[0, 5] = others[9, 0] = others[-9, 0] = 0
    assert others.max() < 0.01


def test_a_network_that_needs_no_frequency_keeps_none_and_is_named_as_before():
    def silent(images):
        return torch.tensor([[1.0, 0.0]]).expand(len(images), 2) + 0 * images.mean()

    found = tallies(MASK, silent, pictures(262), MASK.settings, numbers=[0], count=262)
    summed = total(dict(found))
    found = MASK.estimate(summed, MASK.settings)
    assert found["all"].value == 0
    assert math.isnan(found["frequency"].value)
    assert all(math.isnan(each.value) for each in found["directions"])
    assert summed_up(MASK.summary(found)[0], figures.Axis("image", SIZE, None)) == "undefined"
    assert found["held"].value == found["kept"].value == 1
    assert 0 < summed["new"] < 200  # some partners are of the batch itself, and count as no others
    assert found["rings"][3][1:] == (0, 1)  # one batch tells nothing of how masks differ


def test_where_all_pictures_are_one_batch_there_are_no_others():
    settings = MASK.settings | {"steps": 1}
    summed = total(dict(tallies(MASK, reader(0, 5), pictures(), settings, numbers=[0], count=12)))
    found = MASK.estimate(summed, settings)
    assert math.isnan(found["held"].value)
    assert not math.isnan(found["kept"].value)


def test_a_dearer_mask_keeps_less():
    images = pictures().images / 255
    cheap, dear = (
        learned(reader(0, 5), images, MASK.settings | {"penalty": penalty})[0, 5]
        for penalty in (1.0, 300.0)
    )
    assert cheap > 0.9 > dear > 0.1


def test_means_are_those_of_the_whole_plane():
    """A mask that is one up to a radius has rings of one there, and all directions alike."""
    down = torch.fft.fftfreq(SIZE, 1 / SIZE)[:, None]
    radius = torch.hypot(down, torch.arange(SIZE // 2 + 1).float())
    averaged = seen((radius <= 8.49).float())
    assert_close(averaged["rings"][1:9], torch.ones(8).double())
    assert averaged["rings"][9:].max() == 0
    kept = (torch.hypot(down, down.T) <= 8.49).sum() - 1
    assert averaged["all"].item() == pytest.approx(kept.item() / (SIZE**2 - 1))
    assert_close(averaged["directions"], torch.ones(SECTORS).double())
    assert_close(averaged["plane"], averaged["plane"].flip((0, 1)))


def test_every_network_has_a_plane_and_curves_below_them():
    blank = MASK.blank(MASK.settings, SIZE)
    titles = ("one", "other", "third")
    axis = figures.Axis("image", SIZE, None)
    drawn = figures.figure(MASK, dict.fromkeys(titles, blank), dict.fromkeys(titles, axis))
    assert [trace.xaxis for trace in drawn.data if trace.type == "heatmap"] == ["x", "x2", "x3"]
    below = {title: [t.xaxis for t in drawn.data if t.name == title] for title in titles}
    assert all(each == ["x4", "x5"] for each in below.values())
    assert drawn.layout.yaxis4.domain[1] < drawn.layout.yaxis.domain[0]
