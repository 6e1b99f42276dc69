"""Where pictures come from: folders and published layouts; what is wrong is named."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch

from blurlab import places
from blurlab.data import folders, sets, sources
from blurlab.pictures.images import load_image, save_image

ALL = torch.arange(6)


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """Results and data sets of our own."""
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("BLURLAB_DATA", str(tmp_path / "data"))


@pytest.fixture
def folder(tmp_path):
    """Two drawn objects of each of three classes, in class folders."""
    tiny.write_folders(tmp_path / "folder", 6)
    return tmp_path / "folder"


def find(path, size=40):
    return sources.find(str(path), size)


def test_the_procedural_objects_are_known_before_they_are_drawn(monkeypatch):
    monkeypatch.setitem(sets.DATASETS, "objects", lambda *_: pytest.fail("they were drawn"))
    source = find("objects", 64)
    assert source[:3] == ("objects/val/64", sets.objects.CLASSES, 2000)


def test_another_data_set_of_the_table_is_loaded_to_know_it(monkeypatch):
    monkeypatch.setitem(sets.DATASETS, "tiny", tiny.data_set)
    source = find("tiny", 40)
    assert source[:3] == ("tiny/val/40", tiny.CLASSES, 30)
    assert source.load() is source.load()


# Folders


def test_a_folder_gives_its_pictures_labelled_by_its_folders(folder):
    source = find(folder)
    assert source.classes == tuple(sorted(tiny.CLASSES))
    assert source.count == 6
    assert source.skipped == ()
    pictures = source.load()
    drawn = tiny.pictures(6, 2)
    for index, label in enumerate(pictures.labels.tolist()):
        name = pictures.classes[label]
        same = [i for i in range(6) if tiny.CLASSES[drawn.labels[i]] == name]
        assert any(
            torch.equal(pictures.images[torch.tensor([index])][0], drawn.images[i]) for i in same
        )


def test_pictures_are_cropped_to_their_centre_and_resized(folder):
    wide = torch.zeros(3, 30, 60)
    wide[:, :, 15:45] = 1
    save_image(wide, folder / tiny.CLASSES[0] / "0000.png")
    source = find(folder, 20)
    images = source.load().images[ALL]
    assert images.shape == (6, 3, 20, 20)
    assert images.dtype == torch.uint8
    assert [i for i in range(6) if (images[i] == 255).all()] != []


def test_the_name_of_a_folder_depends_on_what_is_in_it_alone(folder, tmp_path):
    name = find(folder).name
    assert find(folder).name == name
    copied = shutil.copytree(folder, tmp_path / "elsewhere")
    assert find(copied).name == name
    assert find(folder, 32).name == name.replace("/40", "/32")
    changed = copied / tiny.CLASSES[1] / "0001.png"
    save_image(1 - load_image(changed), changed)
    assert find(copied).name != name


def test_renaming_a_class_gives_another_name(folder):
    name = find(folder).name
    (folder / tiny.CLASSES[0]).rename(folder / "another")
    assert find(folder).name != name


def test_files_that_are_no_pictures_are_listed_and_skipped(folder):
    name = find(folder).name
    whole = (folder / tiny.CLASSES[0] / "0000.png").read_bytes()
    (folder / tiny.CLASSES[0] / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / tiny.CLASSES[1] / "notes.txt").write_text("what these are")
    (folder / tiny.CLASSES[1] / ".hidden").write_text("")
    (folder / "README").write_text("")
    for _ in range(2):  # the second answer comes from what was kept of the first
        source = find(folder)
        assert source.count == 6
        assert source.name == name
        assert ["cut.png" in sentence for sentence in source.skipped].count(True) == 1
        assert ["notes.txt" in sentence for sentence in source.skipped].count(True) == 1
        assert len(source.skipped) == 2


def test_a_check_says_how_far_it_is_and_the_folder_is_then_known(folder, monkeypatch):
    steps = list(sources.check(str(folder)))
    assert steps == [(done, 6) for done in range(1, 7)]
    monkeypatch.setattr(folders, "load_image", lambda *_: pytest.fail("it was checked again"))
    assert list(sources.check(str(folder))) == []
    assert find(folder).count == 6


@pytest.mark.parametrize("left", ["", "{", "[1]", "3", "\0\0"])
def test_what_is_kept_of_a_folder_and_damaged_is_found_out_anew(folder, left):
    count = len(list(sources.check(str(folder))))
    (kept,) = (places.results_folder() / "folders").glob("*.json")
    whole = kept.read_text()
    kept.write_text(left)
    assert len(list(sources.check(str(folder)))) == count
    assert kept.read_text() == whole


def test_a_check_that_is_stopped_keeps_nothing(folder, tmp_path):
    going = sources.check(str(folder))
    next(going)
    going.close()
    assert not list(tmp_path.rglob("*.json"))
    assert len(list(sources.check(str(folder)))) == 6


def test_a_skipped_file_is_named_with_its_folder(folder):
    (folder / tiny.CLASSES[0] / "empty.png").write_bytes(b"")
    (folder / tiny.CLASSES[1] / "notes.txt").write_text("what these are")
    empty, notes = sorted(find(folder).skipped, key=lambda sentence: "notes" in sentence)
    assert empty == f"{tiny.CLASSES[0]}/empty.png is empty."
    assert notes.startswith(f"{tiny.CLASSES[1]}/notes.txt is not a picture BlurLab reads")


def test_names_that_are_no_text_are_shown_with_question_marks(folder):
    os.rename(folder / tiny.CLASSES[0], os.fsencode(folder) + b"/caf\xe9")
    source = find(folder)
    assert "caf?" in source.classes
    assert source.load().images[ALL].shape[0] == 6


def test_only_a_folder_is_checked():
    with pytest.raises(ValueError, match="'nowhere' is no folder on this machine"):
        list(sources.check("nowhere"))
    with pytest.raises(ValueError, match="is no folder on this machine"):
        list(sources.check("x" * 1000))
    with pytest.raises(ValueError, match=r"imagenette is a data set; .*\./imagenette"):
        list(sources.check("imagenette"))


def test_a_folder_that_cannot_be_read_is_named(folder, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)  # root may read everything
    with pytest.raises(ValueError, match=r"/folder cannot be read: Permission denied\.$"):
        find(folder)


def test_a_folder_is_found_from_the_home_folder(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    assert sources.find("~/folder", 40).name == find(folder).name


@pytest.mark.parametrize(("most", "shown"), [(2, 2), (3, 3), (7, 6), (100, 6)])
def test_an_overview_counts_and_shows_the_first_pictures_of_the_first_classes(folder, most, shown):
    (folder / tiny.CLASSES[0] / "0003.png").unlink()
    source = find(folder)
    counts, first = sources.overview(source, most)
    assert counts == [1 if name == tiny.CLASSES[0] else 2 for name in source.classes]
    assert len(first) == (shown if shown < 6 else 5)
    drawn = tiny.pictures(6, 2)
    for name, image in first:
        same = [drawn.images[i] for i in range(6) if tiny.CLASSES[drawn.labels[i]] == name]
        assert any(torch.equal(image, other) for other in same)


def test_a_picture_that_is_damaged_later_is_found_out(folder):
    find(folder)
    (folder / tiny.CLASSES[0] / "0000.png").write_text("<html>")
    assert find(folder).count == 5


def test_imagenet_folders_take_the_names_of_its_classes(tmp_path):
    image = torch.rand(3, 8, 8)
    for name in sets.IMAGENETTE_FOLDERS[:2]:
        (tmp_path / "photos" / name).mkdir(parents=True)
        save_image(image, tmp_path / "photos" / name / "1.png")
    assert find(tmp_path / "photos").classes == ("tench", "English springer")


def test_a_thousand_imagenet_folders_are_all_of_its_classes():
    names = [f"n{number:08d}" for number in range(1000)]
    classes, numbers = folders._classes(names)
    assert numbers == tuple(range(len(classes))) == tuple(range(1000))
    assert (classes[0], classes[217]) == ("tench", "English springer")


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ([], "no folders of pictures"),
        (["fish/"], "no folders of pictures"),
        (["fish/a.txt"], "no folders of pictures"),
        (["fish/a.png"], "'fish' alone"),
        (["fish/a.png", "cup/b.txt"], "'fish' alone (files that are no pictures: 1)"),
        (["fog/1/n01440764/a.png", "snow/1/n01440764/a.png"], "DIR/CORRUPTION/SEVERITY"),
        (["1/n01440764/a.png", "2/n01440764/a.png"], "DIR/CORRUPTION/SEVERITY"),
        (["labels.npy", "fog.npy"], "/CORRUPTION/SEVERITY, of fog and of 1 to 5"),
    ],
    ids=lambda made: " ".join(made) if isinstance(made, list) else "",
)
def test_a_folder_without_two_classes_is_one_sentence_that_says_so(tmp_path, made, words):
    root = tmp_path / "given"
    root.mkdir()
    for name in made:
        path = root / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if name.endswith(".png"):
            save_image(torch.rand(3, 8, 8), path)
        elif not name.endswith("/"):
            path.write_text("text")
    with pytest.raises(ValueError, match=r"given holds .*\.$") as error:
        find(root)
    assert words in str(error.value)


def test_what_is_neither_a_data_set_nor_a_folder_is_named_with_the_choices(tmp_path):
    choices = ", ".join(sets.DATASETS)
    with pytest.raises(ValueError, match=f"'nowhere'; choose {choices} or a folder"):
        find("nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="a folder of class folders"):
        find(tmp_path / "file")


@pytest.mark.parametrize("words", ["", " "])
def test_no_words_are_not_taken_for_the_current_folder(words):
    for ask in (lambda: find(words), lambda: list(sources.check(words))):
        with pytest.raises(ValueError, match=f"data is '{words}'; name a data set or a folder"):
            ask()


# Published layouts


def test_imagenet_c_is_read_at_one_corruption_and_severity(tmp_path):
    for severity in (1, 2):
        for label, name in enumerate(sets.IMAGENETTE_FOLDERS[:2]):
            folder = tmp_path / "imagenet-c" / "fog" / str(severity) / name
            folder.mkdir(parents=True)
            save_image(torch.full((3, 8, 8), 0.1 * label + 0.4 * severity), folder / "1.png")
    first, second = (find(tmp_path / "imagenet-c" / "fog" / str(k)) for k in (1, 2))
    assert first.classes == second.classes == ("tench", "English springer")
    assert first.name != second.name
    assert second.load().images[torch.tensor([0])].float().mean() == 204


@pytest.fixture
def cifar_c(tmp_path):
    """A CIFAR-10-C of four pictures per severity, in a grey that tells which it is."""
    root = tmp_path / "cifar-c"
    root.mkdir()
    grey = np.arange(20, dtype=np.uint8)[:, None, None, None]
    np.save(root / "fog.npy", np.broadcast_to(10 * grey, (20, 32, 32, 3)))
    np.save(root / "labels.npy", np.tile(np.arange(4, dtype=np.uint8), 5))
    return root


def test_cifar_10_c_is_read_at_one_corruption_and_severity(cifar_c):
    source = find(cifar_c / "fog" / "2", 32)
    assert source.classes == sets.CIFAR10_CLASSES
    assert source.count == 4
    pictures = source.load()
    assert pictures.labels.tolist() == [0, 1, 2, 3]
    assert pictures.images[:, 0, 0, 0].tolist() == [40, 50, 60, 70]
    assert find(cifar_c / "fog" / "3", 32).name != source.name
    assert find(cifar_c / "fog" / "2", 48).load().images[torch.tensor([3])].shape[-1] == 48


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("rain/1", "no corruption 'rain'; choose from fog"),
        ("labels/1", "no corruption 'labels'"),
        ("fog/0", "severity is 0; it is 1 to 5"),
        ("fog/6", "severity is 6; it is 1 to 5"),
        ("fog/much", "severity is much"),
    ],
)
def test_another_corruption_or_severity_of_cifar_10_c_is_named(cifar_c, path, words):
    with pytest.raises(ValueError, match=words):
        find(cifar_c / path)


@pytest.mark.parametrize("content", [np.zeros(3), np.array([{}] * 20, dtype=object), b"<html>"])
def test_cifar_10_c_of_another_layout_is_refused_and_nothing_in_it_is_run(cifar_c, content):
    if isinstance(content, bytes):
        (cifar_c / "fog.npy").write_bytes(content)
    else:
        np.save(cifar_c / "fog.npy", content, allow_pickle=True)
    with pytest.raises(ValueError, match=r"cifar-c.* not (laid out as )?CIFAR-10-C's"):
        find(cifar_c / "fog" / "1")


@pytest.mark.parametrize(
    ("words", "count"), [("imagenette", 3925), ("imagenet", 1300), ("imagenet16", 287)]
)
def test_pages_know_of_photographs_that_are_elsewhere_and_the_command_line_refuses(
    tmp_path, monkeypatch, words, count
):
    monkeypatch.setenv("BLURLAB_DATA", str(tmp_path))
    found = sources.find(words, 64, lazily=True)
    assert found.count == count
    assert "Only what is kept can be shown" in found.notes[0]
    with pytest.raises(ValueError, match="set BLURLAB_DATA"):
        found.load()
    with pytest.raises(ValueError, match="set BLURLAB_DATA"):
        find(words, 64)
