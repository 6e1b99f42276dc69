"""What comes from others: names that can be seen, in number and length, and room on the disk."""

import os
import shlex
import shutil
from types import SimpleNamespace

import pytest
from safetensors.torch import save_file
from torch import nn

from blurlab import limits
from blurlab.networks import class_names, installing
from blurlab.ui import cache, show
from blurlab.ui.attacks import job as attacking
from blurlab.ui.attacks import report
from blurlab.ui.sensitivity import job as measures_job

MARKS = {
    "bidirectional": "\u202e", "isolate": "\u2066", "zero width": "\u200b", "joiner": "\u200d",
    "byte-order": "\ufeff", "null": "\0", "escape": "\x1b", "line": "\u2028",
}  # fmt: skip


@pytest.mark.parametrize("mark", MARKS.values(), ids=MARKS)
def test_a_class_name_with_a_mark_that_cannot_be_seen_is_refused_by_its_number(mark):
    with pytest.raises(ValueError, match=f"U\\+{ord(mark):04X}, which cannot be seen") as error:
        limits.check_classes(["cat", f"d{mark}og"])
    assert mark not in str(error.value)


def test_class_names_are_limited_in_length_and_number():
    limits.check_classes(["x" * limits.LONGEST_CLASS, "野良猫", "crème brûlée", "<b>cat</b>"])
    with pytest.raises(ValueError, match="has 10,000,000 characters; a name has at most") as error:
        limits.check_classes(["cat", "x" * 10_000_000])
    assert len(str(error.value)) < 200
    with pytest.raises(ValueError, match="a model has at most 25,000"):
        limits.check_classes([str(number) for number in range(25_001)])


def test_many_classes_are_checked_in_no_time_and_a_double_one_is_found():
    names = [str(number) for number in range(25_000)]
    class_names.check(names)
    with pytest.raises(ValueError, match="'7' is given twice"):
        class_names.check([*names[:-1], "7"])


@pytest.mark.parametrize("mark", MARKS.values(), ids=MARKS)
def test_nothing_unseen_reaches_the_screen(mark):
    assert mark not in show.plain(f"a{mark}b")
    assert len(show.plain(f"a{mark}b" * 10_000_000)) <= limits.LONGEST_TEXT


def test_markup_is_shown_as_it_is():
    given = "![x](http://evil) <img src=x onerror=y> **b** `c` &lt;\n# d\n- e"
    shown = show.plain(given)
    assert "\n" not in shown
    for sign in "![](<>*`&#:":
        assert shown.count(f"\\{sign}") == given.count(sign)


def test_a_class_that_an_attack_reaches_is_shown_as_it_is(monkeypatch):
    marked = "![x](http://evil)"
    monkeypatch.setattr(cache, "card", lambda name: {"title": "<b>", "classes": ["cat", marked]})
    picture = cache.Choice("object", "fish")
    setting = attacking.Setting("one", picture, "pgd", "linf", 0.1, (), None)
    step = attacking.Step(3, "", "", 0.1, 1.0, [], {"one": [0.1, 0.9]})
    monkeypatch.setattr(cache, "named_class", lambda *_: 0)
    line = report.verdict(setting, step)
    assert f"**{show.plain(marked)}**" in line
    assert show.plain("<b>") in line


@pytest.mark.parametrize("words", ["a folder", "$(rm -rf ~)", "`x`", "it's", '"; x', "--json"])
def test_a_command_to_copy_holds_a_folder_as_one_word(words):
    command = measures_job.command(("one",), "hybrids", words, {}, 0, 0)
    parts = shlex.split(command)
    assert parts[parts.index("--data") + 1] == words
    assert not set("$`;") & set(command) or shlex.quote(words) in command


# ---- Room on the disk ---------------------------------------------------------------------------


@pytest.fixture
def added(tmp_path, monkeypatch):
    monkeypatch.setenv("BLURLAB_MODELS", str(tmp_path / "added"))
    return tmp_path / "added"


def has_free(monkeypatch, megabytes):
    free = SimpleNamespace(free=int(megabytes * 1e6))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)


def test_a_disk_keeps_its_room(monkeypatch, added):
    has_free(monkeypatch, 1500)
    limits.check_room(added, 400_000_000)
    with pytest.raises(ValueError, match="600 MB more would leave 900 MB free on the disk"):
        limits.check_room(added, 600_000_000)


def test_added_models_are_limited_in_size_and_number(monkeypatch, added):
    has_free(monkeypatch, 1e6)
    added.mkdir()
    (added / "one.safetensors").write_bytes(bytes(3_000_000))
    monkeypatch.setenv("BLURLAB_MODELS_MB", "5")
    limits.check_models(added, 2_000_000)
    with pytest.raises(ValueError, match="3 MB more than the 3 MB of added models are over 5 MB"):
        limits.check_models(added, 3_000_000)
    monkeypatch.setenv("BLURLAB_MODELS_MB", "many")
    with pytest.raises(ValueError, match="'many'; it is a whole number of megabytes"):
        limits.check_models(added, 1)
    monkeypatch.delenv("BLURLAB_MODELS_MB")
    for number in range(limits.MOST_MODELS):
        (added / f"{number}.json").touch()
    with pytest.raises(ValueError, match="200 models are added already"):
        limits.check_models(added, 1)


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)


@pytest.mark.parametrize("fault", ["no room", "a failing write"])
def test_nothing_is_left_of_a_network_that_could_not_be_written(monkeypatch, added, fault):
    if fault == "no room":
        has_free(monkeypatch, 999)
    else:

        def half(state, path):
            save_file(state, path)
            raise OSError(28, os.strerror(28))

        monkeypatch.setattr(installing, "save_file", half)
    with pytest.raises(ValueError, match=r"disk|device"):
        installing.write("tiny", Tiny(), {}, ("a", "b"), "Tiny", "")
    assert list(added.iterdir()) == []
