"""Published data sets arrive whole or not at all, from a server that does all it can about that."""

import hashlib
import signal
import subprocess
import sys

import pytest
import torch
from servers import ARCHIVE_FILES, NOISE, packed
from torch.testing import assert_close
from torchvision.datasets import CIFAR10

from blurlab import places
from blurlab.__main__ import main
from blurlab.data import archives, downloads, sets, sources


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    """An empty folder for data sets."""
    monkeypatch.setenv("BLURLAB_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def files_in(root):
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_cifar_10_is_fetched_with_progress_and_then_there(publish, root, server):
    content = publish("cifar10")
    with pytest.raises(ValueError, match=r"CIFAR-10 is not whole in .*--download"):
        sources.find("cifar10", 32)
    steps = list(archives.download("cifar10"))
    assert [step.doing for step in steps] == sorted(step.doing for step in steps)
    assert archives.Step("fetching", len(content), len(content)) in steps
    assert steps[-1] == archives.Step("unpacking", len(content), len(content))
    source = sources.find("cifar10", 48)
    assert source[:3] == ("cifar10/val/48", sets.CIFAR10_CLASSES, 2)
    images = source.load().images[torch.tensor([1, 0])]
    assert_close(images.float().mean((1, 2, 3)), torch.tensor([200.0, 9.0]))
    assert {path.split("/")[0] for path in files_in(root)} == {CIFAR10.base_folder}
    assert list(archives.download("cifar10")) == []
    assert server.ranges == [None]


def test_imagenette_is_fetched_and_its_first_pictures_are_shown(publish, root):
    publish("imagenette")
    list(archives.download("imagenette"))
    assert sets.imagenette_count() == 2
    assert archives.counts("imagenette") == (2, 2)
    (first, tench), (second, _) = archives.first_pictures("imagenette", 20)
    assert (first, second) == sets.IMAGENETTE_CLASSES[:2]
    assert_close(tench, torch.full((3, 20, 20), 51, dtype=torch.uint8))
    assert list(archives.download("imagenette")) == []


def test_a_damaged_first_picture_of_imagenette_is_left_out(root):
    folder = root / "imagenette2-160" / "val" / sets.IMAGENETTE_FOLDERS[3]
    folder.mkdir(parents=True)
    (folder / "1.JPEG").write_text("<html>")
    assert archives.first_pictures("imagenette", 20) == []


def test_the_first_pictures_of_cifar_10_are_one_of_each_class(publish):
    publish("cifar10")
    list(archives.download("cifar10"))
    (cat, dark), (dog, _) = archives.first_pictures("cifar10", 32)
    assert (cat, dog) == ("cat", "dog")
    assert_close(dark, torch.full((3, 32, 32), 9, dtype=torch.uint8))


def test_a_cut_download_goes_on_where_it_ended(publish, root, server):
    publish("imagenette", "truncated")
    with pytest.raises(ValueError, match=r"400,000 of .* bytes, which are kept; try again, or fet"):
        list(archives.download("imagenette"))
    assert files_in(root) == [f"{ARCHIVE_FILES['imagenette']}.part"]
    list(archives.download("imagenette"))
    assert server.ranges == [None, "bytes=400000-"]
    assert sets.imagenette_count() == 2


@pytest.mark.parametrize(
    ("way", "problem"),
    [
        ("page", r"gives a web page instead of the file; try again, or fetch http.* put it at .*"),
        ("gone", "answers 404"),
    ],
)
def test_what_is_not_the_data_set_is_refused_and_removed(publish, root, way, problem):
    publish("imagenette", way)
    with pytest.raises(ValueError, match=problem):
        list(archives.download("imagenette"))
    assert files_in(root) == []


def test_another_archive_in_its_place_is_refused_and_removed(publish, root, server):
    publish("imagenette")
    server.set_content(packed({"another": NOISE}))
    with pytest.raises(ValueError, match=r"has the MD5 .* instead of .*, and was removed"):
        list(archives.download("imagenette"))
    assert files_in(root) == []


@pytest.mark.parametrize("doing", ["fetching", "unpacking"])
def test_a_download_that_is_stopped_leaves_no_half_data_set_and_goes_on(publish, root, doing):
    publish("imagenette")
    going = archives.download("imagenette")
    while (step := next(going)).doing != doing or step.done == 0:
        pass
    going.close()
    assert not archives.place("imagenette").exists()
    assert files_in(root) == [ARCHIVE_FILES["imagenette"] + ".part" * (doing == "fetching")]
    steps = list(archives.download("imagenette"))
    assert steps[-1].done == steps[-1].total
    assert sets.imagenette_count() == 2


KILLED = """
import os, signal, sys
from torchvision.datasets import Imagenette
from blurlab.data import archives
Imagenette._ARCHIVES["160px"] = (sys.argv[1], sys.argv[2])
for step in archives.download("imagenette"):
    if step.doing == "unpacking":
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_killed_while_it_unpacks_leaves_no_half_data_set(publish, root):
    publish("imagenette")
    command = [sys.executable, "-c", KILLED, *archives._published("imagenette")]
    killed = subprocess.run(command, cwd=places.ROOT)
    assert killed.returncode == -signal.SIGKILL
    assert not archives.place("imagenette").exists()
    assert len([*root.iterdir()]) == 2  # the archive, and what was unpacked of it
    list(archives.download("imagenette"))
    assert [path.name for path in root.iterdir()] == ["imagenette2-160"]


def test_a_process_that_was_slower_keeps_what_the_other_has_unpacked(publish, root):
    publish("imagenette")
    going = archives.download("imagenette")
    while next(going).doing != "unpacking":
        pass
    archives.place("imagenette").mkdir()
    (archives.place("imagenette") / "of the other").write_text("")
    list(going)
    assert files_in(root) == ["imagenette2-160/of the other"]


def test_a_cifar_10_that_is_not_whole_is_replaced(publish, root):
    publish("cifar10")
    archives.place("cifar10").mkdir(parents=True)
    (archives.place("cifar10") / "test_batch").write_bytes(b"cut")
    list(archives.download("cifar10"))
    assert sources.find("cifar10", 32).count == 2


def test_an_archive_that_a_person_put_there_is_checked_and_used(publish, root, server):
    content = publish("imagenette")
    root.mkdir()
    (root / ARCHIVE_FILES["imagenette"]).write_bytes(content[:-1])
    with pytest.raises(
        ValueError, match=r"data/imagenette2-160.tgz is not http.* as published; remove it"
    ):
        list(archives.download("imagenette"))
    (root / ARCHIVE_FILES["imagenette"]).write_bytes(content)
    list(archives.download("imagenette"))
    assert sets.imagenette_count() == 2
    assert server.ranges == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"no archive", "cannot be unpacked"),
        (packed({"a": NOISE})[:-400_000], "cannot be unpacked"),
        (packed({"../../escaped": b"x"}), "cannot be unpacked"),
        (packed({"other/file": b"x"}), "holds no imagenette2-160"),
    ],
    ids=["none", "cut", "leads outside", "other"],
)
def test_an_archive_of_another_kind_unpacks_to_nothing(publish, root, tmp_path, content, problem):
    publish("imagenette", content=content)
    with pytest.raises(ValueError, match=rf"{problem}.*; remove it and try again"):
        list(archives.download("imagenette"))
    assert files_in(root) == [ARCHIVE_FILES["imagenette"]]
    assert not list(tmp_path.rglob("escaped"))


def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(publish, tmp_path, monkeypatch):
    publish("imagenette")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BLURLAB_DATA", str(tmp_path / "file"))
    with pytest.raises(ValueError, match=r"/file cannot be written: .*; set BLURLAB_DATA to"):
        list(archives.download("imagenette"))


def test_a_folder_in_the_place_of_the_file_is_no_fault_of_the_server(publish, root):
    publish("imagenette")
    (root / f"{ARCHIVE_FILES['imagenette']}.part").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"cannot be kept here \(Is a directory\)"):
        list(archives.download("imagenette"))


def test_other_data_is_not_downloaded():
    with pytest.raises(ValueError, match="objects cannot be downloaded; imagenette and cifar10"):
        list(archives.download("objects"))


def test_the_published_addresses_and_sums_are_whole():
    for name in archives.ARCHIVES:
        url, md5 = archives._published(name)
        assert url.startswith("https://")
        assert len(md5) == 2 * hashlib.new("md5").digest_size
        assert url.rpartition("/")[2] == ARCHIVE_FILES[name]


def test_the_command_line_fetches_what_is_missing(publish, root, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path / "results"))
    publish("cifar10", "page")
    words = ["measure", "hybrids", "--model", "objects_base", "--data", "cifar10", "--download"]
    assert main(words) == 2
    assert "gives a web page" in capsys.readouterr().err
    publish("cifar10")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(words) == 2  # for the classes are others
    said = capsys.readouterr().err
    assert "cifar10, fetching, MB [" in said
    assert "cifar10, unpacking, MB [" in said
    assert "they share 0 classes" in said


def test_a_file_is_hashed_by_either_algorithm(tmp_path):
    (tmp_path / "file").write_bytes(NOISE)
    for algorithm in downloads.HASHES:
        expected = hashlib.new(algorithm, NOISE).hexdigest()
        assert downloads.hash_of(tmp_path / "file", algorithm) == expected
