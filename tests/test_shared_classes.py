"""Which pictures of a folder a network is measured on: what is matched, left out and refused."""

import json
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from blurlab.data import imagenet, sources
from blurlab.data.folders import Source
from blurlab.data.sets import Pictures
from blurlab.measures import shared_classes
from blurlab.measures.shared_classes import share_classes
from blurlab.measures.table import MEASURES
from blurlab.measures.tallies import has_pairs, tallies
from blurlab.pictures.images import save_image

CLASSES = imagenet.classes()
needs_numbers = pytest.mark.skipif(not find_spec("timm"), reason="timm lists WordNet's numbers")


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path / "results"))


def write(root, counts, side=12):
    """Write grey pictures into folders: name -> how many, each of its own grey."""
    number = 0
    for name, count in counts.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        for _ in range(count):
            number += 1
            save_image(torch.full((3, side, side), number / 255), root / name / f"{number}.png")
    return root


def of(classes, each=1):
    labels = torch.arange(len(classes)).repeat_interleave(each)
    images = torch.zeros(len(labels), 3, 4, 4, dtype=torch.uint8)
    pictures = Pictures(images, labels, tuple(classes))
    return Source("drawn/4", tuple(classes), len(labels), lambda: pictures, title="Drawn")


# Folders of ImageNet


@needs_numbers
def test_any_of_imagenets_folders_are_known_by_their_numbers(tmp_path):
    numbers = imagenet.wordnet_numbers()
    chosen = (134, 517, 281, 999, 0)
    write(tmp_path, {numbers[n]: 2 for n in chosen})
    source = sources.find(str(tmp_path), 12)
    assert source.numbers == tuple(sorted(chosen))
    found, logits = share_classes(source, CLASSES, "it")
    assert logits == sorted(chosen)
    assert found.count == 10
    assert found.load().labels.bincount().tolist() == [2] * 5


@needs_numbers
def test_a_number_that_is_not_of_the_thousand_is_left_out_and_said(tmp_path):
    numbers = imagenet.wordnet_numbers()
    write(tmp_path, {numbers[3]: 2, numbers[4]: 2, "n00000001": 1})
    found, logits = share_classes(sources.find(str(tmp_path), 12), CLASSES, "Lite0")
    assert sorted(logits) == [3, 4]
    (note,) = found.notes
    assert "Lite0 knows 2 of the 3 classes" in note
    assert "1 of 5 pictures are left out, those of n00000001" in note


def test_folders_named_by_numbers_are_imagenets_for_a_network_that_knows_it(tmp_path):
    source = sources.find(str(write(tmp_path, {"7": 1, "281": 1, "12": 1})), 12)
    assert share_classes(source, CLASSES, "it")[1] == [int(name) for name in source.classes]
    own = share_classes(source, ("12", "281", "7"), "it")[1]
    assert [("12", "281", "7")[index] for index in own] == list(source.classes)


def test_pictures_in_a_folder_of_a_class_named_images_count(tmp_path):
    write(tmp_path, {"cat/images": 2, "dog/images": 1, "dog": 1})
    source = sources.find(str(tmp_path), 12)
    assert (source.classes, source.count, source.notes) == (("cat", "dog"), 4, ())
    assert source.load().labels.tolist() == [0, 0, 1, 1]


def test_pictures_that_lie_deeper_are_counted_and_refused_where_they_are_most(tmp_path):
    write(tmp_path, {"cat": 2, "dog": 2, "dog/more/young": 1, "cat/images/far": 1})
    (note,) = sources.find(str(tmp_path), 12).notes
    assert note.startswith("2 pictures deeper")
    write(tmp_path, {"dog/more/old": 3})
    with pytest.raises(ValueError, match=r"holds 5 pictures deeper than in CLASS/.*, and 4 there"):
        sources.find(str(tmp_path), 12)


# Names


def test_names_match_whatever_their_case_spaces_and_underscores():
    _, logits = share_classes(of(("Golf_ball", "french  horn", "TENCH")), CLASSES, "it")
    assert [CLASSES[index] for index in logits] == ["golf ball", "French horn", "tench"]


def test_most_pictures_are_never_left_out():
    half = of(("tench", "goldfish", "unicorn", "dragon"), each=3)
    found, _ = share_classes(half, CLASSES, "Lite0")
    assert found.count == 6
    assert found.classes == ("tench", "goldfish")
    with pytest.raises(ValueError, match="9 of 15 pictures would be left out, and at most half"):
        share_classes(of(("tench", "goldfish", "a", "b", "c"), each=3), CLASSES, "Lite0")
    with pytest.raises(ValueError, match="they share 1 classes, and it takes two"):
        share_classes(of(("tench", "unicorn")), CLASSES, "Lite0")


def test_pictures_of_a_models_own_classes_keep_their_name_and_order():
    source = of(CLASSES)
    assert share_classes(source, CLASSES, "it") == (source, list(range(1000)))


# Partners


@pytest.mark.parametrize("name", MEASURES)
def test_a_class_with_most_pictures_stops_only_measures_of_pairs(name):
    row = MEASURES[name]
    labels = torch.tensor([0, 0, 0, 0, 1])
    assert not has_pairs(labels)
    shown = Pictures(torch.randint(256, (5, 3, 32, 32), dtype=torch.uint8), labels, ("a", "b"))
    settings = row.settings | {
        key: value
        for key, value in {"alphas": [50], "cells": 3, "steps": 1, "epsilons": [1]}.items()
        if key in row.settings
    }

    def network(images):
        return images.mean((-1, -2))[:, :2]

    def run():
        return list(tallies(row, network, shown, settings, numbers=[0], count=5))

    if row.pairs:
        with pytest.raises(ValueError, match="pairs need at most half"):
            run()
    else:
        assert run()[0][1]["pictures"] == 5


# Stimuli that are ready


def test_pictures_as_a_network_sees_them_are_neither_resized_nor_cropped(tmp_path):
    """A class is marked by the outermost pixels, which a crop would lose."""
    for name, level in {"dark": 0.0, "light": 1.0}.items():
        (tmp_path / name).mkdir()
        for number in range(3):
            picture = torch.rand(3, 24, 24, generator=torch.Generator().manual_seed(number))
            framed = torch.full((3, 24, 24), level)
            framed[:, 2:-2, 2:-2] = picture[:, 2:-2, 2:-2]
            save_image(framed, tmp_path / name / f"{number}.png")
    source = sources.find(str(tmp_path), 29, 24)
    assert source.name.endswith("/29/as-it-is")
    assert "24 x 24" in source.notes[0]
    shown = source.load().images[torch.arange(6)].float() / 255
    assert shown.shape[-1] == 29
    from blurlab.pictures.resizing import center

    seen = center(shown, 24)
    written = torch.stack(
        [
            torch.tensor(np.asarray(picture)).permute(2, 0, 1) / 255
            for picture in map(_open, sorted(tmp_path.glob("*/*.png")))
        ]
    )
    assert_close(seen, written, atol=1e-6, rtol=0)
    assert (seen[:, 0, 0, :].mean(-1) > 0.5).long().tolist() == source.load().labels.tolist()
    resized = sources.find(str(tmp_path), 29)
    assert resized.name.endswith("/29")
    assert resized.notes == ()


def _open(path):
    from PIL import Image

    return Image.open(path).convert("RGB")


def test_one_picture_of_another_size_makes_all_of_them_photographs(tmp_path):
    write(tmp_path, {"a": 2, "b": 2}, side=24)
    write(tmp_path, {"c": 1}, side=25)
    assert sources.find(str(tmp_path), 32, 24).notes == ()


# Labels


def test_labels_beyond_the_classes_are_refused(tmp_path):
    np.save(tmp_path / "labels.npy", np.arange(100).repeat(5) % 100)
    np.save(tmp_path / "fog.npy", np.zeros((500, 32, 32, 3), np.uint8))
    with pytest.raises(ValueError, match=r"holds labels from 0 to 99.*CIFAR-100-C"):
        sources.find(str(tmp_path / "fog" / "1"), 32)


def test_digests_of_pictures_shared_in_part_stay_what_results_are_kept_under():
    shared, logits = ["tench", "goldfish"], [0, 1]
    digest = shared_classes.hashlib.sha256(json.dumps([shared, logits]).encode()).hexdigest()[:8]
    found, _ = share_classes(of(("tench", "unicorn", "goldfish")), CLASSES, "it")
    assert found.name == f"drawn/4/shared-{digest}"
