"""Networks whose weights come in packages, and ImageNet's classes and validation pictures."""

import json
from importlib.util import find_spec

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from blurlab import places
from blurlab.__main__ import main
from blurlab.data import imagenet, sets, sources
from blurlab.measures import shared_classes
from blurlab.networks import installing, packaged, store
from blurlab.pictures import photographs, resizing
from blurlab.pictures.images import save_image

HERE = [name for name in packaged.PACKAGED if name in store.names() and find_spec("timm")]


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """Three made pictures laid out as the 1,300 are: 227 pixels, files and their classes."""
    monkeypatch.setenv("BLURLAB_DATA", str(tmp_path))
    root = tmp_path / "imagenet-val1300"
    (root / "data").mkdir(parents=True)
    generator = torch.Generator().manual_seed(0)
    drawn = torch.rand(3, 3, 227, 227, generator=generator).mul(255).round() / 255
    rows = []
    for index, (image, label) in enumerate(zip(drawn, (0, 404, 281), strict=True)):
        save_image(image, root / "data" / f"{index}.png")
        rows.append(f"{index}.png {label}")
    (root / "labels.txt").write_text("\n".join(rows) + "\n")
    return drawn


# Packages


@pytest.mark.parametrize("name", HERE)
def test_a_packaged_network_answers_as_timms_own_with_the_packages_tensors(name):
    import timm

    row = packaged.PACKAGED[name]
    net = timm.create_model(row.architecture.removeprefix("timm:"), pretrained=False).eval()
    given = torch.load(packaged.file(name), weights_only=True)
    net.load_state_dict(dict(zip(net.state_dict(), given.values(), strict=True)))
    whole = torch.rand(2, 3, row.side + 32, row.side + 32)
    centre = whole[..., 16:-16, 16:-16]
    assert_close(store.load(name)(whole), net((255 * centre - 127) / 128), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", HERE)
def test_the_card_that_ships_is_the_one_that_would_be_written(name, tmp_path, monkeypatch):
    shipped = store.card(name)
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path)
    installing.write_packaged(name)
    written = json.loads((tmp_path / f"{name}.json").read_text())
    assert written == {key: shipped[key] for key in written}
    assert set(shipped) - set(written) <= {"measured"}


def test_a_network_whose_package_is_missing_is_not_listed_and_its_remedy_is_said(monkeypatch):
    row = packaged.PACKAGED["imagenet_lite0"]._replace(package="no_such_package")
    monkeypatch.setitem(packaged.PACKAGED, "imagenet_lite0", row)
    assert "imagenet_lite0" not in store.names()
    with pytest.raises(ValueError, match=r"`pip install no-such-package` adds it\.$"):
        packaged.file("imagenet_lite0")


def test_tensors_are_named_by_their_places_and_others_are_refused():
    expected = {"a": torch.zeros(2), "b": torch.zeros(3, 1)}
    given = {"x": torch.ones(2), "y": torch.ones(3, 1)}
    found = packaged.by_position(given, expected)
    assert list(found) == ["a", "b"]
    assert_close(found["b"], given["y"])
    for wrong in ({"y": given["y"], "x": given["x"]}, {"x": given["x"]}):
        with pytest.raises(ValueError, match=r"install the version that requirements\.txt names"):
            packaged.by_position(wrong, expected)


# Classes


def test_the_classes_stand_in_the_order_of_their_wordnet_numbers():
    assert len(set(imagenet.classes())) == 1000
    if not find_spec("timm"):
        pytest.skip("timm is not installed")
    numbers = imagenet.wordnet_numbers()
    assert list(numbers) == sorted(set(numbers))
    named = dict(zip(numbers, imagenet.classes(), strict=True))
    assert [named[each] for each in sets.IMAGENETTE_FOLDERS] == list(sets.IMAGENETTE_CLASSES)


def test_imagenettes_classes_are_all_among_imagenets():
    shared = shared_classes.shared_names(sets.IMAGENETTE_CLASSES, imagenet.classes())
    assert shared == list(sets.IMAGENETTE_CLASSES)


# Pictures


def test_the_centre_of_a_validation_picture_is_seen_as_it_is(pictures):
    found = sets.imagenet("val").images[torch.arange(3)]
    assert found.shape == (3, 3, 256, 256)
    centre = resizing.center(found, 224).float() / 255
    assert_close(centre, pictures[..., 2:226, 2:226], atol=1e-6, rtol=0)


def test_validation_pictures_come_at_any_size_with_their_classes(pictures):
    source = sources.find("imagenet", 64)
    assert source[:3] == ("imagenet/val/64", imagenet.classes(), 3)
    found = source.load()
    assert found.labels.tolist() == [0, 404, 281]
    around = F.pad(pictures, (14, 15, 14, 15), mode="reflect")
    expected = torch.stack([sets.to_square(image, 64) for image in around])
    assert_close(found.images[torch.arange(3)], expected, atol=0, rtol=0)


def test_those_of_the_sixteen_categories_are_found_under_these(pictures):
    source = sources.find("imagenet16", 64)
    assert source.count == 2
    assert source.notes[0].startswith("50% of the pictures show ")
    found = source.load()
    assert [found.classes[label] for label in found.labels] == ["airplane", "cat"]
    whole = sets.imagenet("val", 64).images[torch.tensor([1, 2])]
    assert_close(found.images[torch.arange(2)], whole, atol=0, rtol=0)


def test_pictures_that_are_not_here_or_not_to_be_trained_on_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("BLURLAB_DATA", str(tmp_path))
    with pytest.raises(ValueError, match="set BLURLAB_DATA to the folder that holds imagenet-val"):
        sources.find("imagenet", 64)
    with pytest.raises(ValueError, match=r"^split is 'train'; .* to measure on alone"):
        sets.imagenet("train", 64)


@pytest.mark.skipif(not HERE, reason="no package of weights is installed")
def test_lite0_names_what_a_direct_evaluation_of_its_weights_names(shared, monkeypatch):
    """On the first of the 1,300, cut to their centre by hand and shown to timm's network."""
    import timm

    monkeypatch.setenv("BLURLAB_DATA", str(shared / "data"))
    chosen = torch.arange(40)
    found = sets.imagenet("val")
    answers = store.load("imagenet_lite0")(found.images[chosen].float() / 255).argmax(-1)
    net = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    given = torch.load(packaged.file("imagenet_lite0"), weights_only=True)
    net.load_state_dict(dict(zip(net.state_dict(), given.values(), strict=True)))
    root = shared / "data" / "imagenet-val1300"
    files = [line.split()[0] for line in (root / "labels.txt").read_text().splitlines()[:40]]
    read = torch.stack([sets.load_image(root / "data" / name) for name in files])
    direct = net((255 * read[..., 2:226, 2:226] - 127) / 128).argmax(-1)
    assert (answers == direct).float().mean() >= 0.98
    assert (answers == found.labels[chosen]).float().mean() > 0.65


@pytest.mark.skipif(
    not HERE or not {"cat", "coffee"} <= set(photographs.here()),
    reason="no packaged network, or no photographs, are installed",
)
@pytest.mark.parametrize(("name", "is_summed"), [("cat", True), ("coffee", False)])
def test_sums_over_kinds_are_printed_where_they_say_more(name, is_summed, tmp_path, capsys):
    save_image(photographs.photograph(name, 300), tmp_path / "picture.png")
    assert main(["predict", str(tmp_path / "picture.png"), "--model", "imagenet_blur3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert ["kinds summed" in line for line in lines] == [False, True][: 1 + is_summed]
