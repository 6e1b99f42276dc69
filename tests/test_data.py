"""Data sets: objects are drawn ever the same, photographs come from an Imagenette folder."""

import pytest
import torch
from PIL import Image
from torch.testing import assert_close
from torchvision.datasets import Imagenette

from blurlab import places
from blurlab.data import sets
from blurlab.pictures import objects

WNIDS = (
    "n01440764", "n02102040", "n02979186", "n03000684", "n03028079",
    "n03394916", "n03417042", "n03425413", "n03445777", "n03888257",
)  # fmt: skip


@pytest.fixture
def photographs(tmp_path, monkeypatch):
    """An Imagenette of one grey picture per class and split, in a shade that tells the class."""
    monkeypatch.setenv("BLURLAB_DATA", str(tmp_path))
    for split in ("train", "val"):
        for label, wnid in enumerate(WNIDS):
            folder = tmp_path / "imagenette2-160" / split / wnid
            folder.mkdir(parents=True)
            size = (160, 220) if label % 2 else (240, 160)
            picture = Image.new("RGB", size, (20 * label + (split == "val"),) * 3)
            picture.save(folder / f"{wnid}_1.JPEG", quality=100)
    return tmp_path


def test_objects_are_the_same_each_time(monkeypatch):
    monkeypatch.setitem(sets.OBJECTS_COUNT, "val", 200)
    first, again = (sets.procedural_objects("val", 32) for _ in range(2))
    assert first.images.dtype == torch.uint8
    assert first.images.shape == (200, 3, 32, 32)
    assert first.classes == objects.CLASSES
    assert set(first.labels.tolist()) == set(range(len(objects.CLASSES)))
    assert_close(first.images, again.images, atol=0, rtol=0)
    assert_close(first.labels, again.labels)


def test_the_two_splits_of_the_objects_are_drawn_with_different_seeds():
    assert sets.OBJECTS_COUNT == {"train": 8000, "val": 2000}
    assert sets.OBJECTS_SEED["train"] != sets.OBJECTS_SEED["val"]


def test_photographs_are_squares_labelled_in_the_order_of_their_classes(photographs):
    pictures = sets.imagenette("val", 48)
    assert pictures.images.shape == (10, 3, 48, 48)
    assert pictures.labels.tolist() == list(range(10))
    shades = pictures.images.float().mean((1, 2, 3))
    assert_close(shades, 20.0 * torch.arange(10) + 1, atol=1.5, rtol=0)


def test_photographs_that_are_read_when_asked_for_are_the_same(photographs):
    whole, read = sets.imagenette("val", 48), sets.imagenette_lazily("val", 48)
    assert torch.equal(read.labels, whole.labels)
    chosen = torch.tensor([7, 0, 3])
    assert torch.equal(read.images[chosen], whole.images[chosen])
    assert sorted(read.images.kept) == [0, 3, 7]


def test_a_photograph_is_cropped_at_its_centre(photographs):
    picture = Image.new("RGB", (320, 160), "red")
    picture.paste("blue", (80, 0, 240, 160))
    path = photographs / "imagenette2-160" / "train" / WNIDS[0] / f"{WNIDS[0]}_1.JPEG"
    picture.save(path, quality=100, subsampling=0)
    red, green, blue = sets.imagenette("train").images[0].float().mean((1, 2))
    assert blue > 250
    assert max(red, green) < 5


def test_the_photographs_of_one_class_come_alone(photographs):
    church = sets.imagenette_class("church", 5)
    assert church.shape == (1, 3, 160, 160)
    assert abs(church.float().mean() - (20 * sets.IMAGENETTE_CLASSES.index("church") + 1)) < 1.5


def test_the_names_of_the_classes_are_those_that_torchvision_gives(photographs):
    found = Imagenette(photographs, split="val", size="160px").classes
    assert tuple(names[0] for names in found) == sets.IMAGENETTE_CLASSES


@pytest.mark.parametrize("load", [sets.imagenette, lambda split: sets.imagenette_class("tench", 1)])
def test_a_missing_data_set_is_an_error_that_names_the_folder_and_the_remedy(
    load, tmp_path, monkeypatch
):
    monkeypatch.setenv("BLURLAB_DATA", str(tmp_path / "nowhere"))
    assert not sets.has_imagenette()
    with pytest.raises(ValueError, match=r"nowhere; set BLURLAB_DATA"):
        load("val")


def test_a_data_set_that_lacks_a_split_is_an_error_that_names_it(photographs):
    (photographs / "imagenette2-160" / "val").rename(photographs / "elsewhere")
    with pytest.raises(ValueError, match="val"):
        sets.imagenette("val")


def test_the_real_imagenette_has_all_its_photographs(shared, monkeypatch):
    monkeypatch.setenv("BLURLAB_DATA", str(shared / "data"))
    for split, count in (("train", 9469), ("val", 3925)):
        assert len(Imagenette(places.data_folder(), split=split, size="160px")) == count
    church = sets.imagenette_class("church", 3)
    assert church.shape == (3, 3, 160, 160)
    assert church.float().std() > 20


def test_pictures_that_are_decoded_on_demand_are_read_once_while_they_fit():
    asked = []

    def read(index):
        asked.append(index)
        return torch.full((3, 2, 2), index, dtype=torch.uint8)

    images = sets.Decoded(read, 5, most=2 * 12)
    for _ in range(2):
        found = images[torch.tensor([4, 1, 3])]
        assert found[:, 0, 0, 0].tolist() == [4, 1, 3]
    assert asked == [4, 1, 3, 3]
    assert len(images) == 5
