"""Every word of the field is explained in one place, and can be tried where it can."""

import html
import inspect
import re

import pytest
from opening import fine, labels, needs_models, said

from blurlab import places
from blurlab.ui import shell
from blurlab.ui.learn import pictures
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
        shown = pictures.drawn(name)
        assert len({url for _, url in shown}) == len(shown) == 3


@needs_models
@pytest.mark.parametrize("word", [each for each in words() if each.page], ids=lambda w: w.term)
def test_a_word_is_tried_on_a_page_that_knows_its_state(opened, word):
    assert word.page in reading.PAGES
    app = opened("learn")
    fine(app.button(key=f"try_{word.term}").click().run())
    assert "Try it" not in labels(app)
    assert said(app) == []
    for key, value in word.state.items():
        assert str(app.session_state[key]).removesuffix(".0") == value


def test_each_word_is_explained_where_it_is_used():
    titles = re.findall(r'title="([^"]+)"', inspect.getsource(shell.pages))
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
