"""Which folders a page reads: those it may, and of others not a word on whether they exist."""

import os
import time
from pathlib import Path

import pytest
import streamlit as st
from opening import fine, needs_models, said

from blurlab.ui import allowed, show


@pytest.fixture
def may(tmp_path, monkeypatch):
    """Two folders side by side, of which pages may read one."""
    for name in ("may", "other"):
        (tmp_path / name / "pictures" / "cat").mkdir(parents=True)
    monkeypatch.setenv("BLURLAB_FOLDERS", str(tmp_path / "may"))
    return tmp_path / "may"


def refused(words):
    with pytest.raises(ValueError, match="is no folder that pages may read") as error:
        allowed.opened(words)
    return str(error.value).replace(words[:100], "")


def test_what_lies_within_is_read_and_data_sets_too(may):
    assert allowed.opened(str(may / "pictures")) == str(may / "pictures")
    assert allowed.opened(f"{may}/../may/pictures/") == str(may / "pictures")
    assert allowed.opened("objects") == "objects"


def test_all_else_gives_one_sentence_whether_it_exists_or_not(may):
    link = may / "link"
    link.symlink_to(may.parent / "other")
    broken = may / "broken"
    broken.symlink_to(may.parent / "nothing")
    other = may.parent / "other"
    outside = [
        str(other), str(other / "pictures"), str(may.parent / "nothing"), "/", "/etc",
        "/etc/shadow", f"{may}/../other", f"{may}/../nothing", str(link), str(link / "pictures"),
        str(broken), str(link / "nothing"), f"{may}2", "~root", "~nobody/x", "~", "../..", "",
        "x" * 5000,
    ]  # fmt: skip
    assert len({refused(words) for words in outside}) == 1


def test_the_disk_is_not_asked_about_others(may, monkeypatch):
    def asked(self, *args, **kwargs):
        raise AssertionError(f"{self} was looked at")

    roots = allowed.folders()
    monkeypatch.setattr(allowed, "folders", lambda: roots)
    monkeypatch.setattr(allowed, "_is_within", lambda path: path.is_relative_to(may))
    for name in ("resolve", "is_dir", "exists", "stat"):
        monkeypatch.setattr(Path, name, asked)
    refused(str(may.parent / "other"))


def test_files_two_folders_up_are_not_read_where_that_lies_outside(may):
    (may.parent / "labels.npy").write_bytes(b"any")
    refused(str(may / "fog"))
    assert allowed.opened(str(may / "fog" / "3" / "x")) == str(may / "fog" / "3" / "x")


def test_several_folders_are_named_with_the_systems_separator(may, monkeypatch):
    other = may.parent / "other"
    monkeypatch.setenv("BLURLAB_FOLDERS", os.pathsep.join([str(may), str(other)]))
    assert allowed.opened(str(other)) == str(other)
    monkeypatch.setenv("BLURLAB_FOLDERS", "")
    refused(str(may))


@pytest.mark.parametrize(
    ("address", "reads"),
    [("127.0.0.1", True), ("localhost", True), ("0.0.0.0", False), (None, False)],
)  # fmt: skip
def test_a_server_that_listens_to_others_reads_no_folder_unless_told_to(
    monkeypatch, tmp_path, address, reads
):
    monkeypatch.delenv("BLURLAB_FOLDERS")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(st, "get_option", {"server.address": address}.get)
    if reads:
        assert allowed.opened("~/") == str(tmp_path)
        assert allowed.opened(".") == str(Path.cwd())
    else:
        refused("~/")
        refused(str(tmp_path))


@needs_models
@pytest.mark.parametrize(("page", "key"), [("models", "folder"), ("sensitivity", "data")])
def test_the_pages_say_the_same_of_every_folder_outside(opened, may, page, key):
    sentences = set()
    for words in (str(may.parent / "other"), str(may.parent / "nothing"), "/etc"):
        app = opened(page, **{key: words})
        end = time.monotonic() + 60
        while not said(app):
            assert time.monotonic() < end
            fine(app.run())
        (sentence,) = said(app)
        sentences.add(sentence.replace(words, ""))
    assert len(sentences) == 1
    assert "is no folder that pages may read" in sentences.pop()


@needs_models
def test_where_no_folder_may_be_read_there_is_no_field_for_one(opened, monkeypatch):
    monkeypatch.setenv("BLURLAB_FOLDERS", "")
    app = opened("models", folder="/etc")
    assert "folder" not in [field.key for field in app.text_input]
    assert show.plain(allowed.OFF) in [note.value for note in app.caption]
