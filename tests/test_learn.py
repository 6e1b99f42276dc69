"""Every word of the field is explained in one place, and can be tried where it can."""

import html
import inspect
import itertools
import re

import pytest
from opening import fine, labels, needs_models, said

from blurlab import places
from blurlab.networks import store
from blurlab.ui import shell
from blurlab.ui.learn import article, figures, pictures
from blurlab.ui.learn.words import words
from blurlab.ui.stories import reading


def test_each_word_has_one_sentence_and_stands_once():
    found = words()
    assert len({each.term for each in found}) == len(found)
    for each in found:
        assert each.says.endswith(".")
        assert not re.search(r"[.!?] [A-Z]", each.says), each.term  # one sentence
        assert len(each.says) < 200


def test_every_picture_is_used_and_drawn():
    assert {each.picture for each in words() if each.picture} == set(pictures.PICTURES)
    for name in pictures.PICTURES:
        shown = pictures.small(name)
        assert len({url for _, url in shown}) == len(shown) == 3


def test_every_figure_has_its_section():
    found = article.sections()
    assert [each.figure for each in found] == list(figures.FIGURES)
    assert len({each.title for each in found}) == len(found)


@pytest.mark.parametrize("name", figures.FIGURES)
def test_a_figure_changes_with_each_step_of_its_slider(name):
    if not figures.can_be_made(name):
        pytest.skip("the networks of the drawn objects are not installed")
    figure, urls = figures.made(name)
    assert figure.position in figure.positions
    for step in itertools.pairwise(range(len(figure.positions))):
        assert any(len({each[index] for index in step}) == 2 for each in urls.values())
    assert (len(figure.answers) > 0) is (name in figures.ASKING)


@needs_models
def test_the_figures_show_what_their_sections_say():
    plain, behind = store.pair("objects")
    answers = figures.made("reversal")[0].answers
    first = {
        name: next(
            at for at, low, high in zip(figures.CUTOFFS, *two.values(), strict=True) if low > high
        )
        for name, two in ((name, each["curves"]) for name, each in answers.items())
    }
    assert first[behind] < first[plain]
    (attacked,) = figures.made("attacks")[0].answers.values()
    assert attacked["curves"]["right"][0] > 0.5 > 0.1 > attacked["curves"]["right"][-1]
    defended = figures.made("defence")[0].answers[behind]["curves"]
    assert min(defended["right"]) > 0.5 > 0.1 > defended["knowing"][-1]


@needs_models
def test_what_is_tried_opens_a_page_that_knows_its_state(opened):
    """All of them in one session, as somebody who reads on does."""
    app = opened("learn")
    tried = [(each.figure, each.page, each.state) for each in article.sections()]
    tried += [(each.term, each.page, each.state) for each in words()]
    for what, page, state in tried:
        if not page:
            continue
        assert page in reading.PAGES
        fine(app.button(key=f"try_{what}").click().run())
        assert "Try it" not in labels(app), what
        assert said(app) == []
        for key, value in state.items():
            assert str(app.session_state[key]).removesuffix(".0") == value
        fine(app.switch_page("pages/learn.py").run())


def test_each_word_is_explained_where_it_is_used():
    titles = re.findall(r'title=say\("([^"]+)"', inspect.getsource(shell.pages))
    assert {title for each in words() for title in each.on} <= set(titles)
    assert all(each.on for each in words())


@needs_models
def test_a_page_explains_its_words_with_their_pictures(opened):
    (text,) = (each for each in opened("hybrid").get("html") if "blurlab-words" in each.proto.body)
    shown = [each for each in words() if "Hybrid images" in each.on]
    assert text.proto.body.count('role="tooltip" id') == len(shown)
    assert all(html.escape(each.says) in text.proto.body for each in shown)
    assert text.proto.body.count("<img") == 3 * sum(bool(each.picture) for each in shown)


@needs_models
def test_every_page_offers_the_words(opened):
    for page in ("home", "compare"):
        listed = " ".join(text.value for text in opened(page).sidebar.markdown)
        assert all(each.says in listed for each in words())


def test_the_file_ships():
    assert places.GLOSSARY.is_file()
