"""Two networks learn while somebody watches: on the page Train live, and without it."""

import re

import pytest
import torch
from opening import button, fine, said, until

from blurlab import places
from blurlab.__main__ import main
from blurlab.commands import lessons
from blurlab.networks import store
from blurlab.pictures import objects
from blurlab.training import live
from blurlab.training.live import Lesson
from blurlab.ui import cache, jobs
from blurlab.ui.train import job as lesson_job

STEPS = 3


@pytest.fixture
def few(monkeypatch):
    """Make lessons of few pictures, with few questions."""
    monkeypatch.setattr(live, "FIRST", 64)
    monkeypatch.setattr(live, "MORE", 1)
    monkeypatch.setattr(live, "ASKED", 12)


@pytest.fixture
def short(few, monkeypatch):
    """Make lessons of a few steps."""
    monkeypatch.setattr(live, "STEPS", STEPS)


@pytest.fixture
def passing(monkeypatch, tmp_path):
    """Give lent networks a folder of the test's own, and those kept for good another."""
    monkeypatch.setattr(places, "PASSING_MODELS", tmp_path / "passing")
    monkeypatch.setenv("BLURLAB_MODELS", str(tmp_path / "models"))
    yield tmp_path
    cache.forget_models()


def test_cues_tell_the_class_as_often_as_was_asked():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(len(objects.CLASSES), (20_000,), generator=generator)
    for share in (0.0, 0.4, 1.0):
        found = (live._cue(labels, share, generator) == labels).double().mean().item()
        by_chance = (1 - share) / len(objects.CLASSES)
        assert found == pytest.approx(share + by_chance, abs=0.012)


def test_a_network_that_goes_by_the_outline_alone_is_said_to(monkeypatch):
    """A made network answers with a class written into its pictures, so that all is known."""
    asked = live.questions(0)

    class ByOutline(torch.nn.Module):
        def forward(self, images):
            for pictures, classes in (
                (asked.objects, asked.labels),
                (asked.conflicts, asked.outlines),
                *((each, asked.low) for each in asked.hybrids),
            ):
                if images.shape == pictures.shape and torch.equal(images, pictures):
                    return 9.0 * torch.nn.functional.one_hot(classes, len(objects.CLASSES))
            return torch.zeros(len(images), len(objects.CLASSES))

    found = live.ask(ByOutline(), asked, [1.0, 2.0])
    assert (found.loss, found.accuracy, found.outline, found.texture) == (1.5, 1, 1, 0)
    assert found.difference == (1.0,) * len(live.CUTOFFS)
    assert found.f_rev is None
    assert len(found.strip) == live.STRIP


def test_networks_learn_to_name_objects_and_part_by_what_they_go_by(monkeypatch):
    """As on the page, for a third of the time: the plain one goes by texture, the other cannot."""
    monkeypatch.setattr(live, "STEPS", 120)
    *_, told = live.lessons(Lesson())
    plain, blurred = told.learned
    assert plain.accuracy > 0.8
    assert blurred.accuracy > 0.6
    assert plain.texture > plain.outline
    assert blurred.outline > 0.5 > 0.2 > blurred.texture
    assert plain.f_rev > 10 > 5 > blurred.f_rev


def test_the_command_prints_the_table_of_the_documentation(short, monkeypatch, capsys):
    """The lessons are a few steps long, so that the numbers are others; the form is the same."""
    for name, few in {"ASKED": 12, "MORE": 1, "STEPS": 1}.items():
        monkeypatch.setattr(live, name, few)
    assert main(["lessons"]) == 0
    printed = capsys.readouterr().out.splitlines()
    page = (places.ROOT / "docs" / "live.md").read_text().splitlines()
    tabled = [line for line in page if line.startswith("|")]
    assert printed[:2] == tabled[:2]
    assert len(printed) == len(tabled) == 2 + 2 * len(lessons.CUES)
    for ours, theirs in zip(printed[2:], tabled[2:], strict=True):
        named = [[cell.strip() for cell in line.split("|")[1:-1]] for line in (ours, theirs)]
        assert named[0][:2] == named[1][:2]
        for cells in named:
            assert re.fullmatch(r"\d+ %", cells[2])
            assert re.fullmatch(r"\d+ % / \d+ %", cells[3])
            assert re.fullmatch(r"[\d.]+|none|\(names too few\)", cells[4])
    *_, told = live.lessons(Lesson(outline=0.4))
    assert printed[-1].endswith(f"| {' | '.join(lessons.cells(told.learned[1]))} |")


def test_a_lesson_is_the_same_each_time_and_another_with_another_seed(short):
    def end(lesson):
        *_, told = live.lessons(lesson)
        return [each.loss for each in told.learned]

    assert end(Lesson()) == end(Lesson()) != end(Lesson(seed=1))


def test_both_start_with_the_same_weights(short):
    plain, blurred = next(live.lessons(Lesson())).networks
    for ours, theirs in zip(plain.parameters(), blurred.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_lent_networks_answer_as_they_did_and_are_limited(short, passing, monkeypatch):
    *_, told = live.lessons(Lesson())
    names = live.lend(Lesson(), told.networks)
    assert set(names) <= set(store.names())
    assert not any(places.models_folder().glob("*"))
    pictures = live.questions(0).objects[:8]
    for name, network in zip(names, told.networks, strict=True):
        lent = store.load(name)
        assert lent.blur.__class__ is network.blur.__class__
        assert (lent(pictures) - network(pictures)).abs().max() < 0.02  # half precision
    monkeypatch.setattr(live, "MOST_LENT", 2)
    assert live.lend(Lesson(), told.networks) == ["live2_plain", "live2_blur"]
    with pytest.raises(ValueError, match="2 pairs"):
        live.lend(Lesson(), told.networks)


def test_the_page_teaches_two_networks_and_installs_them(opened, short, passing):
    app = fine(opened("train", lesson_sigma="3", lesson_seed="5"))
    fine(button(app, "Start").click().run())
    until(app, lambda: [each.label for each in app.button if each.label == "Start again"])
    answers = "".join(each.proto.body for each in app.get("html"))
    assert answers.count("data-network") == 2 * live.STRIP
    fine(button(app, "Use them on all pages").click().run())
    assert {"live1_plain", "live1_blur"} <= set(store.names())
    recipe = store.card("live1_blur")["recipe"]
    assert (recipe["sigma"], recipe["seed"]) == (3, 5)
    assert said(app) == []


def test_the_page_pauses_goes_on_and_stops(opened, few):
    app = fine(opened("train"))
    fine(button(app, "Start").click().run())
    until(app, lambda: lesson_of(app).results)
    fine(button(app, "Pause").click().run())
    until(app, lambda: lesson_of(app).state == "paused")
    before = len(lesson_of(app).results)
    fine(button(app, "Go on").click().run())
    until(app, lambda: len(lesson_of(app).results) > before)
    fine(button(app, "Stop").click().run())
    until(app, lambda: lesson_of(app).state == "cancelled")
    assert button(fine(app.run()), "Start again")


def lesson_of(app):
    """Return the job of the page's visitor."""
    return jobs.find(("lesson", app.session_state[lesson_job.KEY][0]))
