"""Pages speak the visitor's language: its texts are the code's, and what it lacks is English."""

import ast
import json
import re
import string
from pathlib import Path

import pytest
from browser import quiet
from opening import button, fine, needs_models, texts
from PIL import Image, ImageDraw

from blurlab import places
from blurlab.corruptions.table import CORRUPTIONS
from blurlab.measures.table import MEASURES
from blurlab.networks import store, worded
from blurlab.pictures import images
from blurlab.sentence import Sentence, listed, together, why
from blurlab.statistics import Interval
from blurlab.ui import asking, cache, feed, languages, show
from blurlab.ui.compare import figure
from blurlab.ui.learn import article
from blurlab.ui.learn.words import words
from blurlab.ui.models import inventory
from blurlab.ui.stories import reading
from blurlab.ui.you import card

CODES = [code for code in languages.names() if code != languages.ENGLISH]
SOURCES = [
    places.APP,
    *(places.APP.parent / "pages").glob("*.py"),
    *places.PACKAGE.rglob("*.py"),
]
ONE = Interval(1, 1, 1)
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
        ('name = "N"\ndecimal = ";"\n', ("decimal", "';'")),
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


# Numbers, and what the core says


def test_numbers_are_written_as_the_language_writes_them():
    filled = {"value": 0.123, "count": 12345, "name": "v1.5"}
    text = "{value:.2f} of {count:,} in {name}"
    assert languages.say(text, **filled) == "0.12 of 12,345 in v1.5"
    assert languages.numeral("1,234.5 [0.5, 2.5]") == "1,234.5 [0.5, 2.5]"
    with languages.speaking("de"):
        assert languages.say(text, **filled) == "0,12 of 12.345 in v1.5"
        assert languages.numeral("1,234.5 [0.5, 2.5]") == "1.234,5 [0,5, 2,5]"


@needs_models
@pytest.mark.parametrize("code", CODES)
def test_a_sigma_stays_on_the_line_of_its_number_wherever_lines_are_wrapped(code, monkeypatch):
    for drawn in ("drawn", "numbers"):  # in a unit that a session has chosen
        monkeypatch.setattr(inventory, drawn, lambda of: "")
    with languages.speaking(code):
        title = cache.title("objects_blur2")
        written = (
            show.plain(title),
            asking.model(0, "objects_blur2")["title"],
            inventory.card("objects_blur2"),
            inventory.card("objects_blur2", title),
            figure.key(
                [figure.Point("", title, "", 64, ONE, ONE, {"symbol": "star", "color": ""})]
            ),
        )
    assert " = 2 px" in title
    for each in written:
        assert "σ\u00a0=\u00a02\u00a0px" in each
        assert "σ =" not in each


def test_a_sentence_of_the_core_is_english_and_is_said_in_other_languages():
    inner = Sentence("severity {severity}", severity=3)
    made = together(
        Sentence("{value:.2f} of {title}", value=0.5, title=inner),
        Sentence("Home"),
        listed(["fish", inner]),
    )
    assert made == "0.50 of severity 3 Home fish, severity 3" == languages.say(made)
    with languages.speaking("de"):
        assert languages.say(made) == "0,50 of Stärke 3 Start fish, Stärke 3"
        assert made == "0.50 of severity 3 Home fish, severity 3"


def test_an_error_that_is_raised_with_a_sentence_is_said_in_other_languages():
    with pytest.raises(images.ImageError) as raised:
        images.read_image(b"", "{mine}.png")
    assert str(raised.value) == why(raised.value) != ""
    with languages.speaking("de"):
        assert languages.say(why(raised.value)).startswith("{mine}.png ist leer: schick eine Datei")
    assert why(ValueError("plain")) == "plain"
    assert why(ValueError()) == ""


@needs_models
def test_a_bad_link_is_answered_in_german(opened):
    app = opened("hybrid", lang="de", cutoff="abc", filter="gausian", foo="1")
    said = [each.value.replace("\\", "") for each in app.warning]
    assert "Im Link steht cutoff = „abc“, erlaubt ist 0 bis 128 Perioden/Bild; " in said[0]
    assert "erlaubt ist eines von ideal, gaussian, butterworth; " in said[1]
    assert said[2] == "„foo“ im Link ist hier nicht bekannt."


@needs_models
def test_figures_have_a_comma_in_german(opened):
    for code, separators in (("de", ",."), ("en", None)):
        app = opened("compare", lang=code)
        (figure,) = app.get("plotly_chart")
        assert json.loads(figure.proto.spec)["layout"].get("separators") == separators


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


# Words that English sentences have, and German ones have not.
ENGLISH = re.compile(
    r"\b(and|are|by|each|for|from|has|have|is|its|not|of|only|that|the|their|to|which|with)\b", re.I
)
# Pages in other states than they open in.
STATES = [
    *((page, {}) for page in reading.PAGES),
    ("compare", {"up": "accuracy, one corruption", "means": "1", "paper": "1"}),
    ("models", {"public": "1"}),
    *(("sensitivity", {"measure": name}) for name in MEASURES),
]


def names_of_classes():
    return {each for name in store.names() for each in worded.card(name)["classes"]}


def english(found, german):
    """Return the texts that are English: by a word of theirs, or since German has another."""
    left = set(found) - names_of_classes() - {Path.home().as_posix(), "/path/to/pictures"}
    # The paper has its own title.
    return [
        each
        for each in left
        if german.get(each, each) != each or ENGLISH.search(each.replace(PAPER, ""))
    ]


PAPER = (
    "Robust deep learning object recognition models rely on low frequency information in natural "
    "images"
)


@needs_models
@pytest.mark.parametrize(("page", "state"), STATES)
def test_every_page_is_drawn_in_german(opened, page, state):
    app = opened(page, lang="de", **state)
    assert [each.label for each in app.sidebar.selectbox] == ["Sprache", "Einheit der Frequenz"]
    assert len(texts(app)) > 20
    assert english(texts(app), languages.texts("de")) == []


@needs_models
def test_what_is_english_on_a_page_is_found(opened):
    found = english(texts(opened("compare")), languages.texts("de"))
    for each in ("Compare", "Measured on", "accuracy, all corruptions", "Numbers (CSV)"):
        assert each in found
    assert any(each.startswith("The plain network and one trained") for each in found)


# What is written on a page, by the function that writes it, and where it stands.
WRITES = {
    "button", "camera_input", "caption", "download_button", "error", "expander", "file_uploader",
    "form_submit_button", "header", "info", "left_out", "link_button", "markdown", "metric",
    "multiselect", "number_input", "page_link", "popover", "progress", "radio", "segmented_control",
    "select_slider", "selectbox", "slider", "subheader", "success", "text_area", "text_input",
    "title", "toggle", "update_xaxes", "update_yaxes", "warning",
}  # fmt: skip
SHOWN = ("help", "label", "placeholder", "text", "title")


def unsaid(call):
    """Return the texts that a call writes without say: words, also with something filled in."""
    count = 2 if call.func.attr == "progress" else 1
    given = [*call.args[:count], *(each.value for each in call.keywords if each.arg in SHOWN)]
    for each in given:
        parts = each.values if isinstance(each, ast.JoinedStr) else [each]
        constants = [part.value for part in parts if isinstance(part, ast.Constant)]
        text = "".join(each for each in constants if isinstance(each, str))
        if re.search(r"[A-Z][a-z]{2}|[a-z]{2} [a-z]", re.sub(r"\w+_[\w.]+", "", text)):
            yield text


def test_every_label_that_html_has_is_said():
    for path in feed.HERE.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        for label in re.findall(r'aria-label="([^"]+)"', text):
            assert label in languages.said_by(text), f"{path.name}: {label}"


def test_nothing_is_written_on_a_page_that_is_not_said():
    found = {}
    for path in [*places.APP.parent.glob("pages/*.py"), *feed.HERE.parent.rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr in WRITES and ast.unparse(node.func.value) != "log":
                found |= {text: f"{path.name}, line {node.lineno}" for text in unsaid(node)}
    assert found == {}


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


# What Streamlit says, and what a saved figure is called in its file.
STAYS = re.compile(
    r"^Link to heading$|^Help for |^Copy to clipboard$|(?<= sichern: ).*|^(increment|decrement)$",
    re.I,
)
# Every text and label of a page, in the views of its own too, but for code, tables of numbers, and
# sliders, whose numbers Streamlit writes.
DRAWN = """() => {
  const found = [];
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) found.push(node.textContent.trim());
    if (/^(STYLE|SCRIPT|CODE)$/.test(node.nodeName)) return;
    if (["stIconMaterial", "stDataFrame", "stSlider"].includes(node.dataset?.testid)) return;
    found.push(node.ariaLabel ?? "", node.title ?? "");
    [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes].forEach(walk);
  };
  walk(document.querySelector('[data-testid="stMain"]'));
  return found.filter((each) => each);
}"""


@needs_models
@pytest.mark.browser
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/camera", "Antworten nach"),
        ("/hybrid", "kehrt um bei"),
        ("/attacks?target=key", "Fertig: Schritt"),
        ("/blur", "Angriff und Rauschen heben"),
        ("/train?lesson_sigma=2.5", "Unschärfe des zweiten Netzes"),
        ("/you", "Leertaste oder Tippen startet"),
    ],
)
def test_what_the_browser_draws_is_german_with_commas(browser, server, path, words):
    page = page_of(browser, server, path, "de-DE")
    page.get_by_text(words).first.wait_for(state="attached", timeout=60_000)
    for _ in range(20):  # other views than the one that is waited for may come later
        found = {STAYS.sub("", each) for each in page.evaluate(DRAWN)}
        if not english(found, languages.texts("de")):
            break
        page.wait_for_timeout(250)
    assert len(found) > 20
    assert english(found, languages.texts("de")) == []
    points = re.compile(r"\d\.(?!\d{3}(?!\d))\d")  # but for those of thousands
    assert [each for each in found if points.search(each.replace("f_0.5", ""))] == []
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
