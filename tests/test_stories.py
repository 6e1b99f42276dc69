"""Stories are files that lead across pages; whoever writes a broken one is told where."""

import os

import pytest
from opening import button, fine, labels, needs_models, said

from blurlab import places
from blurlab.ui.home import scenes
from blurlab.ui.stories import reading

STEP = """
[[step]]
page = "hybrid"
state = { cutoff = "20" }
say = "Look."
expect = "A hybrid."
expert_say = "Look closely."
expert_expect = "A hybrid image."
look = "it"
"""
ABOUT = 'title = "Mine"\naudience = "nobody"\nminutes = 1\n'


@pytest.fixture
def own(monkeypatch, tmp_path):
    """Return a function that writes a story into a folder of one's own."""
    monkeypatch.setenv("BLURLAB_STORIES", str(tmp_path))

    def write(text, name="mine"):
        path = tmp_path / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_six_stories_of_at_most_five_minutes_ship_and_none_is_broken(own):
    found = reading.stories()
    assert len(found) >= 6
    assert reading.broken() == []
    assert all(story.minutes <= 5 for story in found.values())


def test_every_page_of_the_app_can_be_a_step():
    assert set(reading.PAGES) == {path.stem for path in (places.APP.parent / "pages").glob("*.py")}


@needs_models
@pytest.mark.parametrize("name", reading.stories())
def test_a_story_sets_every_step_of_it(opened, name):
    if not scenes.has_photographs():
        pytest.skip("the photographs, or the networks that can name them, are not installed")
    app = opened(story=name)
    steps = reading.stories()[name].steps
    for number, step in enumerate(steps, 1):
        assert said(app) == []
        for key, value in step.state.items():
            assert str(app.session_state[key]).removesuffix(".0") in (value, str(value == "1"))
        assert any(step.say in text.value.replace("\\", "") for text in app.markdown)
        assert app.query_params.get("story_step", ["1"])[0] == str(number)
        fine(button(app, "Finish" if number == len(steps) else "Next").click().run())
    assert "story" not in app.query_params
    title = reading.stories()[name].title
    assert any(f"“{title}” is over." in text.value.replace("\\", "") for text in app.markdown)
    after = next(each for each in labels(app) if each.startswith("Next story: "))
    fine(button(app, after).click().run())
    assert "story" in app.query_params
    assert not any("is over." in text.value for text in app.markdown)


@needs_models
def test_a_step_takes_back_what_a_person_changed_and_sets_the_rest_to_defaults(opened):
    app = opened(story="squint", story_step="2")
    app.session_state["cutoff"] = 50.0
    fine(button(app, "Next").click().run())
    assert app.session_state["cutoff"] == 8
    assert app.session_state["far"] is False
    fine(button(app, "Back").click().run())
    assert app.session_state["far"] is True


@needs_models
def test_the_wording_is_chosen_once(opened):
    app = opened(story="squint", wording="expert")
    step = reading.stories()["squint"].steps[0]
    assert any(step.expert_say in text.value for text in app.markdown)
    assert not any(step.say in text.value for text in app.markdown)


@needs_models
def test_a_story_of_ones_own_is_offered_and_says_what_its_page_does_not_know(opened, own):
    own(ABOUT + STEP.replace("{ cutoff", '{ volume = "11", cutoff'))
    app = opened(story="mine")
    assert app.session_state["cutoff"] == 20
    (sentence,) = said(app)
    assert "volume" in sentence
    assert any("Mine" in each.label for each in opened().button)


@needs_models
def test_a_broken_story_is_said_where_stories_are_chosen(opened, own):
    own("title = ")
    assert any("mine.toml" in sentence for sentence in said(opened()))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = =\n", ("mine.toml", "line 1")),
        (ABOUT, ("has no step",)),
        (ABOUT + "step = []", ("0 steps", "1 to")),
        (ABOUT.replace("1", '"one"') + STEP, ("minutes", "'one'", "whole number")),
        (ABOUT + STEP.replace("hybrid", "hybrids", 1), ("line 5", "'hybrids'", "home")),
        (ABOUT + STEP + STEP.replace('look = "it"', ""), ("step 2", "line 14", "look")),
        (ABOUT + STEP.replace('"20"', "20"), ("state.cutoff", "20", "text")),
        (ABOUT + STEP.replace('"Look."', '""'), ("say", "''")),
        (ABOUT + STEP.replace("Look.", "x" * 401), ("say", "400")),
        (ABOUT + STEP.replace("Look.", "a\\u202eb"), ("say",)),
        (ABOUT + STEP + "colour = 1", ("colour", "not known")),
        (ABOUT + STEP * 31, ("31 steps", "30")),
        ("#" * 200_000, ("bytes",)),
    ],
)
def test_a_broken_story_is_refused_in_a_sentence(own, text, words):
    path = own(text)
    with pytest.raises(ValueError, match=r"\.$") as refused:
        reading.read(path)
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert all(word in sentence for word in words), sentence


def test_a_story_that_is_changed_is_read_again(own):
    path = own(ABOUT + STEP)
    assert reading.stories()["mine"].title == "Mine"
    path.write_text(ABOUT.replace("Mine", "Yours") + STEP)
    os.utime(path, ns=(1, 1))
    assert reading.stories()["mine"].title == "Yours"
