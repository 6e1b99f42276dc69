"""Pages speak the visitor's language: its texts are the code's, and what it lacks is English."""

import ast
import re
import string
from pathlib import Path

import pytest
from browser import quiet
from opening import button, fine, needs_models
from PIL import Image, ImageDraw

from blurlab import places
from blurlab.corruptions.table import CORRUPTIONS
from blurlab.networks import store, worded
from blurlab.ui import feed, languages
from blurlab.ui.learn import article
from blurlab.ui.learn.words import words
from blurlab.ui.stories import reading
from blurlab.ui.you import card

CODES = [code for code in languages.names() if code != languages.ENGLISH]
SOURCES = [
    places.APP,
    *(places.APP.parent / "pages").glob("*.py"),
    *places.PACKAGE.rglob("*.py"),
]
GERMAN = {
    "home": "Mit welchen Ortsfrequenzen",
    "you": "Du gegen die Netze",
    "audience": "Publikum",
    "learn": "Lernen",
}


def trees():
    return [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES]


def calls():
    """Return the calls of say, and of Sentence, with a text of their own, as syntax."""
    return [
        node
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("say", "Sentence")
        and not isinstance(node.args[0], ast.Name | ast.Attribute | ast.Subscript)
    ]


def written():
    """Return every text that stands in the code, in scripts and in HTML."""
    found = {
        node.value
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    found |= {row.kind for row in CORRUPTIONS.values()}
    for name in store.names():
        found |= {store.card(name)["title"], *worded.card(name)["classes"]}
    sources = {path.read_text(encoding="utf-8") for path in feed.HERE.iterdir()}
    sources |= {text for text in found if "data-say" in text}
    return found.union(*map(languages.said_by, sources))


def names(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """Return a folder of languages, in which there is none yet."""
    monkeypatch.setattr(places, "LANGUAGES", tmp_path)
    languages._shown.cache_clear()
    return tmp_path


# What ships


def test_no_shipped_file_is_broken():
    assert CODES == ["de"]
    assert languages.broken() == []
    assert all(reading.broken(code) == [] for code in CODES)


@pytest.mark.parametrize("code", CODES)
def test_every_text_is_one_that_the_code_says(code):
    assert set(languages.texts(code)) - written() == set()


def test_what_is_said_is_written_out_and_given_all_that_it_fills_in():
    assert len(calls()) > 100
    for call in calls():
        first = call.args[0]
        if isinstance(first, ast.Call):  # an answer's name, or a title of a row
            continue
        assert isinstance(first, ast.Constant), ast.unparse(call)
        given = {keyword.arg for keyword in call.keywords}
        if None in given:  # several texts are given the same
            continue
        assert given in (names(first.value), set()), ast.unparse(call)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("path", languages.BESIDE, ids=lambda path: path.name)
def test_words_and_sections_are_those_of_the_english_files(code, path):
    known = [each.figure for each in article.sections()]
    if path == places.GLOSSARY:
        known = [each.term for each in words()]
    assert list(languages.entries(path, code)) == known


@pytest.mark.parametrize("code", CODES)
def test_a_story_differs_from_the_english_one_in_what_it_says_alone(code):
    said = reading.stories(code)
    for name, story in reading.stories().items():
        assert languages.beside(places.STORIES / f"{name}.toml", code).is_file()
        for own, step in zip(said[name].steps, story.steps, strict=True):
            assert (own.page, own.state) == (step.page, step.state)
            assert all(getattr(own, each) != getattr(step, each) for each in reading.SENTENCES)
    assert set(said) == set(reading.stories())


# Files


def test_what_a_language_lacks_is_said_in_english(folder):
    (folder / "nl.toml").write_text(
        'name = "Nederlands"\n[texts]\n"{n} of {all}" = "{n} van {all}"\n'
    )
    assert languages.names() == {"en": "English", "nl": "Nederlands"}
    with languages.speaking("nl"):
        assert languages.say("{n} of {all}", n=1, all=2) == "1 van 2"
        assert languages.say("Home") == "Home"
        assert words("nl") == words()
    assert languages.say("{n} of {all}", n=1, all=2) == "1 of 2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = =", ("nl.toml", "line 1")),
        ("[texts]\n", ("nl.toml", "has no name")),
        ('name = "N"\n[texts]\n"Home" = 7\n', ("nl.toml, line 3", "7", "text")),
        ('name = "N"\n[texts]\n"Home" = ""\n', ("line 3", "''")),
        ('name = "N"\n[texts]\n"{n} of" = "{m} van"\n', ("line 3", "{m}", "{n}")),
        ('name = "N"\n[texts]\n"{n:.2g}" = "{n}"\n', ("line 3", "{n:.2g}")),
        ('name = "N"\n[texts]\n"{n}" = "{n"\n', ("line 3", "{n}")),
        ('name = "N"\ncolour = "red"\n', ("colour", "not known")),
        ("#" * 1_000_001, ("nl.toml", "bytes")),
    ],
)
def test_a_broken_language_is_one_sentence_and_not_offered(folder, text, said):
    (folder / "nl.toml").write_text(text)
    (sentence,) = languages.broken()
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert all(each in sentence for each in said), sentence
    assert languages.names() == {"en": "English"}


def test_a_broken_file_of_words_is_one_sentence_and_the_words_are_english(monkeypatch, tmp_path):
    path = tmp_path / "glossary.toml"
    path.write_text(places.GLOSSARY.read_text())
    languages.beside(path, "de").write_text(
        '[[word]]\nenglish = "Cutoff"\nterm = "Grenzfrequenz"\n'
    )
    monkeypatch.setitem(languages.BESIDE, path, languages.BESIDE[places.GLOSSARY])
    (sentence,) = languages.broken()
    assert "glossary.de.toml, word 1 (line 1) has no says" in sentence
    assert languages.entries(path, "de") == {}


STORY = """title = "Mine"
audience = "nobody"
minutes = 1
[[step]]
page = "home"
say = "Look."
expect = "A hybrid."
expert_say = "Look closely."
expert_expect = "A hybrid image."
look = "it"
"""


def test_a_story_of_ones_own_has_its_languages_beside_it(monkeypatch, tmp_path):
    monkeypatch.setenv("BLURLAB_STORIES", str(tmp_path))
    (tmp_path / "mine.toml").write_text(STORY)
    german = tmp_path / "mine.de.toml"
    text = (
        STORY.replace("minutes = 1\n", "").replace('page = "home"\n', "").replace("Look.", "Seht.")
    )
    german.write_text(text)
    assert reading.stories("de")["mine"].steps[0].say == "Seht."
    assert reading.stories()["mine"].steps[0].say == "Look."
    german.write_text(text.replace('look = "it"', ""))
    assert reading.stories("de")["mine"].steps[0].say == "Look."
    (sentence,) = reading.broken("de")
    assert "mine.de.toml, step 1 (line 3) has no look" in sentence
    german.write_text(text + text[text.index("[[step]]") :])
    assert "2 steps" in reading.broken("de")[0]


@pytest.mark.parametrize("code", CODES)
def test_a_card_can_draw_every_letter_of_a_language(code):
    def drawn(letter):
        image = Image.new("L", (100, 100))
        card._text(ImageDraw.Draw(image), (10, 10), letter, 24, 255)
        return image.tobytes()

    letters = set("".join(languages.texts(code).values())) - set(" ?")
    none, unknown = bytes(100 * 100), drawn("\U000f0000")
    assert [each for each in letters if drawn(each) in (none, unknown)] == []


# Who speaks what


@pytest.mark.parametrize(
    ("asked", "code"),
    [("de-CH", "de"), ("en-US,en;q=0.9", "en"), ("fr, de;q=0.8", "de"), ("", "en"), ("fr", "en")],
)
def test_a_browser_is_answered_in_the_first_of_its_languages_that_is_here(asked, code):
    assert languages.best(asked) == code


def test_a_file_that_is_made_later_speaks_the_language_of_the_page():
    with languages.speaking("de"):
        make = languages.later(lambda: languages.say("Home"))
    assert (make(), languages.say("Home")) == ("Start", "Home")


def shown(app):
    """Return what a page says, but for what its views do."""
    found = (app.title, app.markdown, app.caption, app.subheader, app.header)
    return " ".join(each.value for kind in found for each in kind).replace("\\", "")


@needs_models
@pytest.mark.parametrize("page", GERMAN)
def test_a_page_speaks_german_and_keeps_it_in_its_address(opened, page):
    app = opened(page, lang="de")
    assert GERMAN[page] in shown(app)
    assert "".join(app.query_params["lang"]) == "de"
    assert [each.label for each in app.sidebar.selectbox] == ["Sprache", "Einheit der Frequenz"]
    fine(app.switch_page("pages/compare.py").run())
    assert [each.label for each in app.sidebar.selectbox] == ["Sprache", "Einheit der Frequenz"]
    assert "".join(app.query_params["lang"]) == "de"


@needs_models
@pytest.mark.parametrize("page", reading.PAGES)
def test_every_page_is_drawn_in_german(opened, page):
    app = opened(page, lang="de")
    assert [each.label for each in app.sidebar.selectbox] == ["Sprache", "Einheit der Frequenz"]


@needs_models
def test_a_story_is_told_in_german(opened):
    app = opened(story="squint", lang="de")
    step = reading.stories("de")["squint"].steps[0]
    assert step.say in shown(app)
    fine(button(app, "Weiter").click().run())
    assert reading.stories("de")["squint"].steps[1].say in shown(app)


@needs_models
def test_the_sidebar_changes_the_language_and_english_leaves_no_trace(opened):
    app = opened("learn")
    assert "lang" not in app.query_params
    choice = app.sidebar.selectbox(key="lang_chosen")
    fine(choice.set_value("de").run())
    assert app.title[0].value == "Lernen"
    assert "".join(app.query_params["lang"]) == "de"
    assert all(each.says in shown(app) for each in words("de"))


@needs_models
def test_an_unknown_language_is_said_and_english_spoken(opened):
    app = opened("learn", lang="tlh")
    assert "tlh" in app.warning[0].value
    assert app.title[0].value == "Learn"


# In a browser


@pytest.fixture(scope="module")
def server():
    with quiet() as running:
        yield running


def page_of(browser, server, path, locale="en-US"):
    page = browser.new_page(locale=locale)
    page.goto(f"{server.address}{path}")
    return page


@needs_models
@pytest.mark.browser
def test_the_stage_speaks_german_and_the_next_page_too(browser, server):
    page = page_of(browser, server, "/?lang=de&scene=objects")
    page.get_by_text("mehr Fisch →").wait_for(state="attached", timeout=60_000)
    page.get_by_text("Welches Bild nennt welches Netz?").wait_for()
    assert page.get_by_role("slider", name="Grenzfrequenz").count()
    assert page.evaluate("document.documentElement.lang") == "de"
    page.get_by_role("link", name="Du gegen die Netze").click()
    page.get_by_role("button", name="Los", exact=True).wait_for(timeout=60_000)
    page.wait_for_url(re.compile("lang=de"))
    page.get_by_role("combobox", name="Sprache").click()
    page.get_by_role("option", name="English").click()
    page.get_by_role("button", name="Start", exact=True).wait_for(timeout=60_000)
    page.wait_for_url(re.compile("lang=en"))
    page.close()


@needs_models
@pytest.mark.browser
@pytest.mark.parametrize(
    ("locale", "path", "words"),
    [
        ("de-DE", "/join", "Du bist dabei"),
        ("fr-FR", "/join?lang=de", "Du bist dabei"),
        ("en-GB", "/join?lang=de", "You are in"),
        ("fr-FR", "/join", "You are in"),
    ],
)
def test_a_phone_speaks_its_own_language_or_the_presenters(browser, server, locale, path, words):
    page = page_of(browser, server, path, locale)
    page.get_by_text(re.compile(words)).wait_for(timeout=30_000)
    page.close()


@needs_models
@pytest.mark.browser
def test_a_german_browser_is_greeted_in_german(browser, server):
    page = page_of(browser, server, "/learn", "de-AT")
    page.get_by_role("heading", name="Lernen").wait_for(timeout=60_000)
    assert "lang" not in page.url
    page.close()


def test_the_code_is_where_the_tests_look():
    assert all(isinstance(path, Path) and path.is_file() for path in SOURCES)
