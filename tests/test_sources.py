"""Where pictures come from: folders, published layouts, downloads; what is wrong is named."""

import hashlib
import http.server
import pickle
import shutil
import tarfile
import threading
from functools import partial

import numpy as np
import pytest
import tiny
import torch
from torch.testing import assert_close
from torchvision.datasets import CIFAR10

from blurlab import data, folders, sources
from blurlab.images import load_image, save_image

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
    monkeypatch.setitem(data.DATASETS, "objects", lambda *_: pytest.fail("they were drawn"))
    source = find("objects", 64)
    assert source[:3] == ("objects/val/64", data.objects.CLASSES, 2000)


def test_another_data_set_of_the_table_is_loaded_to_know_it(monkeypatch):
    monkeypatch.setitem(data.DATASETS, "tiny", tiny.data_set)
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


def test_a_picture_that_is_damaged_later_is_found_out(folder):
    find(folder)
    (folder / tiny.CLASSES[0] / "0000.png").write_text("<html>")
    assert find(folder).count == 5


def test_imagenet_folders_take_the_names_of_its_classes(tmp_path):
    image = torch.rand(3, 8, 8)
    for name in data.IMAGENETTE_FOLDERS[:2]:
        (tmp_path / "photos" / name).mkdir(parents=True)
        save_image(image, tmp_path / "photos" / name / "1.png")
    assert find(tmp_path / "photos").classes == ("tench", "English springer")


def test_a_thousand_imagenet_folders_are_all_of_its_classes():
    names = [f"n{number:08d}" for number in range(1000)]
    classes = folders._classes(names)
    assert len(classes) == 1000
    assert (classes[0], classes[217]) == ("tench", "English springer")


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ([], "no folders of pictures"),
        (["fish/"], "no folders of pictures"),
        (["fish/a.txt"], "no folders of pictures"),
        (["fish/a.png"], "'fish' alone"),
        (["fish/a.png", "cup/b.txt"], "'fish' alone"),
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
    with pytest.raises(ValueError, match="'nowhere'; choose imagenette, objects, cifar10 or"):
        find("nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="a folder of class folders"):
        find(tmp_path / "file")


# Published layouts


def test_imagenet_c_is_read_at_one_corruption_and_severity(tmp_path):
    for severity in (1, 2):
        for label, name in enumerate(data.IMAGENETTE_FOLDERS[:2]):
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
    assert source.classes == data.CIFAR10_CLASSES
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


# CIFAR-10 and downloads


@pytest.fixture
def cifar(tmp_path, monkeypatch):
    """A server with a CIFAR-10 of two pictures per file, and the folder that it serves."""
    files = {}
    for name in ("data_batch_1", "test_batch"):
        grey = np.repeat([[9], [200]], 3072, 1).astype(np.uint8)
        files[name] = pickle.dumps({"data": grey, "labels": [3, 5]})
    files["batches.meta"] = pickle.dumps({"label_names": list(data.CIFAR10_CLASSES)})
    content = tmp_path / "made" / CIFAR10.base_folder
    content.mkdir(parents=True)
    for name, packed in files.items():
        (content / name).write_bytes(packed)
    served = tmp_path / "served"
    served.mkdir()
    with tarfile.open(served / CIFAR10.filename, "w:gz") as archive:
        archive.add(content, CIFAR10.base_folder)
    sums = {name: hashlib.md5(packed).hexdigest() for name, packed in files.items()}
    whole = hashlib.md5((served / CIFAR10.filename).read_bytes()).hexdigest()
    monkeypatch.setattr(CIFAR10, "tgz_md5", whole)
    monkeypatch.setattr(CIFAR10, "train_list", [["data_batch_1", sums["data_batch_1"]]])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setitem(CIFAR10.meta, "md5", sums["batches.meta"])

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=served))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/{CIFAR10.filename}"
    monkeypatch.setattr(CIFAR10, "url", url)
    yield served
    server.shutdown()
    server.server_close()


def test_cifar_10_is_downloaded_with_progress_and_then_there(cifar, capsys):
    with pytest.raises(ValueError, match=r"CIFAR-10 is not whole in .*--download"):
        find("cifar10", 32)
    sources.download("cifar10")
    assert "100" in capsys.readouterr().err
    source = find("cifar10", 48)
    assert source[:3] == ("cifar10/val/48", data.CIFAR10_CLASSES, 2)
    pictures = source.load()
    assert pictures.labels.tolist() == [3, 5]
    images = pictures.images[torch.tensor([1, 0])]
    assert_close(images.float().mean((1, 2, 3)), torch.tensor([200.0, 9.0]))
    sources.download("cifar10")
    assert capsys.readouterr().err == ""


def test_an_archive_that_is_another_is_refused_and_removed(cifar):
    (cifar / CIFAR10.filename).write_text("<html>")
    with pytest.raises(ValueError, match=r"what came from http.* is not the data set; unpack"):
        sources.download("cifar10")
    assert [path for path in data.data_root().rglob("*") if path.is_file()] == []


def test_a_server_that_does_not_answer_is_named_with_what_to_do(cifar):
    (cifar / CIFAR10.filename).unlink()
    with pytest.raises(ValueError, match=r"http.* cannot be reached .*unpack that file in .*data "):
        sources.download("cifar10")


def test_other_data_is_not_downloaded():
    with pytest.raises(ValueError, match="objects cannot be downloaded; imagenette and cifar10"):
        sources.download("objects")
