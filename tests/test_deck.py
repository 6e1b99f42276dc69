"""Which pictures a game of You vs the models shows, where they are, and answers as letters."""

import csv
import io
import urllib.request

import pytest
import torch
from opening import button, components, fine, needs_models, said, until
from test_audience import played
from test_you import drawn

from benchmarks.serving import routed
from blurlab.data import entry_level, sets
from blurlab.people.quest import CUTOFFS
from blurlab.pictures import images
from blurlab.ui import cache, owner, shell
from blurlab.ui.audience import room as rooms
from blurlab.ui.audience import routes, view
from blurlab.ui.audience.room import Room
from blurlab.ui.you import deck


@pytest.mark.parametrize("name", deck.DECKS)
def test_a_trial_is_always_the_same_of_two_classes_and_of_its_own(name):
    trials = [deck.trial(name, 7, number) for number in range(40)]
    assert trials == [deck.trial(name, 7, number) for number in range(40)]
    assert len(set(trials)) == 40
    assert all(each.coarse.name != each.fine.name for each in trials)
    assert {each.is_coarse_right for each in trials} == {True, False}
    assert deck.trial(name, 8, 0) != trials[0]


def test_answers_are_written_as_letters_and_read_back():
    answers = [(0, True), (24, False), None, (12, True)]
    assert deck.written(answers) == "Ay-M"
    assert deck.read("Ay-M") == answers
    everything = [(index, coarse) for index in range(len(CUTOFFS)) for coarse in (True, False)]
    assert deck.read(deck.written(everything)) == everything


@pytest.mark.parametrize("letters", ["Z", "a b", "A" * (deck.LONGEST + 1), "é", "A\n"])
def test_other_letters_are_refused(letters):
    with pytest.raises(ValueError, match="letters"):
        deck.read(letters)


@needs_models
def test_photographs_that_are_not_here_are_not_offered_and_objects_are_played(
    opened, tmp_path, monkeypatch
):
    monkeypatch.setenv("BLURLAB_DATA", str(tmp_path))
    assert deck.available() == ["objects"]
    app = opened("you", deck="imagenet16")
    (sentence,) = said(app)
    assert "not on this server" in sentence
    assert components(app, "blurlab_game")[0]["game"] == app.session_state["you_seed"]
    assert "deck" not in app.query_params
    assert [each.value for each in app.caption].count(deck.note("objects")) == 1
    assert "photographs can be played" in deck.note("objects")
    kept = opened("you", deck="imagenet16", game_seed="5", trials="mROlNlNl")
    assert len(said(kept)) == 1


@needs_models
def test_photographs_of_imagenet_are_played_in_everyday_words(opened, shared, monkeypatch, capsys):
    monkeypatch.setenv("BLURLAB_DATA", str(shared / "data"))
    assert "imagenet16" in deck.available()
    assert deck.LEFT_OUT == ("airplane", "bicycle", "elephant", "keyboard", "knife", "oven")
    app = opened("you", deck="imagenet16", game_seed="5", trials="mROlNlNl")
    assert said(app) == []
    names = {trace.get("name") for trace in drawn(app)["data"]}
    assert {cache.title(name) for name in shell.fitting("imagenet")} <= names
    capsys.readouterr()
    exec(next(each.value for each in app.code if "quest" in each.value), {})
    printed = [line.split()[1:] for line in capsys.readouterr().out.splitlines()]
    told = [row["reverse frequency"] for row in app.dataframe[0].value.to_dict("records")]
    assert len(printed) == len(told)
    for numbers, words in zip(printed, told, strict=True):
        value, low, high = (f"{float(each):.3g}" for each in numbers)
        assert words in (f"{value} [{low}, {high}]", f"above {low}", f"below {high}")
    assert any(", ".join(deck.LEFT_OUT) in each.value for each in app.caption)


@needs_models
def test_an_audience_plays_them_too_and_its_phones_are_given_them(
    opened, shared, monkeypatch, tmp_path
):
    monkeypatch.setattr(owner, "is_here", lambda: True)
    monkeypatch.setattr(view, "ROOM", made := Room())
    monkeypatch.setenv("BLURLAB_DATA", str(tmp_path))
    alone = opened("audience")
    assert alone.radio(key="room_deck").options == ["Objects"]
    assert deck.note("crowd") in [each.value for each in alone.caption]
    monkeypatch.setenv("BLURLAB_DATA", str(shared / "data"))
    app = opened("audience")
    app.radio(key="room_deck").set_value("imagenet16").run()
    assert deck.note("imagenet16") in [each.value for each in app.caption]
    button(app, "Begin anew").click().run()
    made.steer("open")
    played(made)
    rows = list(csv.DictReader(io.StringIO(made.written())))
    assert {row["coarse_class"] for row in rows} <= set(deck.CLASSES["imagenet16"])
    with routed(routes.routes()) as address:
        for row in rows[:2]:
            choice = cache.Choice("imagenet16", row["fine_class"], int(row["fine_variant"]))
            with urllib.request.urlopen(f"{address}/{rooms.address(choice)}") as reply:
                found = images.read_image(reply.read(), "picture")
            assert (found - cache.picture(choice)).abs().mean() < 0.02
    titles = {cache.title(name) for name in shell.fitting("imagenet")}
    fine(app.run())
    until(app, lambda: titles <= {each.get("name") for each in drawn(app)["data"]})


def test_every_photograph_of_a_category_is_of_it(shared, monkeypatch):
    monkeypatch.setenv("BLURLAB_DATA", str(shared / "data"))
    cache.imagenet16.cache_clear()
    whole = sets.imagenet16("val")
    for word, count in deck.VARIANTS["imagenet16"].items():
        number = whole.classes.index(word)
        assert int((whole.labels == number).sum()) == count
    last = int((whole.labels == whole.classes.index("truck")).nonzero()[-1])
    expected = whole.images[torch.tensor([last])][0] / 255
    assert cache.picture(cache.Choice("imagenet16", "truck", 4)).equal(expected)


def test_a_list_of_other_photographs_is_not_taken_for_these(tmp_path, monkeypatch):
    monkeypatch.setenv("BLURLAB_DATA", str(tmp_path))
    (tmp_path / "imagenet-val1300").mkdir()
    for words in ("a.JPEG 404\n", "a.JPEG\n", "\n", "a.JPEG cat\n"):
        (tmp_path / "imagenet-val1300" / "labels.txt").write_text(words)
        assert not entry_level.has_pictures()
