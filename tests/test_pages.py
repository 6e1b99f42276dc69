"""Every page of the app runs, answers to its knobs, and survives bad links and bad files."""

import base64
import json
import struct
import threading
import tomllib
import zlib
from io import BytesIO

import pytest
import torch
from opening import button, components, fed, fine, needs_models, said, slider, until
from PIL import Image

from blurlab import places
from blurlab.networks import store, titles
from blurlab.pictures import images, objects, photographs
from blurlab.ui import cache, loaded, shell
from blurlab.ui.home import scenes
from blurlab.ui.hybrid import job
from blurlab.ui.models import inventory

PAGES = {"home": None, "hybrid": "Hybrid images", "models": "Models and data"}


def stage(app):
    """Return what the stage was given to draw: pictures, labels, models."""
    (found,) = components(app, "blurlab_stage")
    return found


def exact(app):
    """Return each model's probabilities of both pictures at the very cutoff of the page."""
    cutoff = fed(app, "settings")["cutoff"]
    at = {name: said["cutoffs"].index(cutoff) for name, said in fed(app, "answers").items()}
    said = fed(app, "answers")
    return {n: (said[n]["p_low"][i], said[n]["p_high"][i]) for n, i in at.items()}


def settled(app):
    """Run the page until the whole sweep has come."""

    def answered():
        answers = fed(app, "answers").values()
        return answers and all(None not in each["p_low"] for each in answers)

    return until(app, answered)


def pixels(url):
    """Decode a picture that the page holds, (3, H, W) in [0, 1]."""
    return images.read_image(base64.b64decode(url.partition(",")[2]), "picture")


@pytest.mark.parametrize("page", PAGES)
@needs_models
def test_every_page_runs_and_has_its_frame(opened, page):
    app = opened(page)
    (title,) = app.title
    assert title.value == (PAGES[page] or "Which spatial frequencies does a vision model see with?")
    assert app.sidebar.selectbox(key="unit").value == "image"
    assert app.sidebar.multiselect(key="models").options == [
        store.card(name)["title"] for name in store.names()
    ]
    assert said(app) == []
    assert app.query_params == {}


@needs_models
@pytest.mark.parametrize("scene", list(scenes.SCENES))
def test_home_shows_a_live_hybrid_of_each_scene(opened, scene):
    if scene == scenes.PHOTOGRAPHS and not scenes.has_photographs():
        pytest.skip("the photographs, or the networks that can name them, are not installed")
    app = settled(opened(scene=scene))
    drawn = stage(app)
    shown = scenes.SCENES[scene]
    assert drawn["low"] == cache.data_url(shown.low)
    assert drawn["high"] == cache.data_url(shown.high)
    assert pixels(drawn["low"]).shape == pixels(drawn["high"]).shape == (3, cache.SIZE, cache.SIZE)
    names = [model["key"] for model in drawn["models"]]
    assert names
    assert set(fed(app, "answers")) == set(names)
    for said_by_model in fed(app, "answers").values():
        assert len(said_by_model["p_low"]) >= len(job.CUTOFFS)


@needs_models
def test_the_models_page_shows_every_model_with_its_card(opened):
    shown = "".join(each.proto.body for each in opened("models").get("html"))
    cards = {card.partition('"')[0]: card for card in shown.split('data-network="')[1:]}
    assert set(cards) == set(store.names())
    for name, card in cards.items():
        info = store.card(name)
        assert info["sha256"] in card
        assert titles.plain(info) in card
        assert ("<img alt=" in card) == ("hybrids" in info["measured"])


ADDRESSES = [(path.stem, {}) for path in sorted(places.ROOT.glob("pages/*.py"))]


@pytest.mark.parametrize(("page", "address"), [*ADDRESSES, ("sensitivity", {"data": "cifar10"})])
def test_no_page_says_where_on_the_machine_things_are(opened, monkeypatch, tmp_path, page, address):
    for variable in ("BLURLAB_DATA", "BLURLAB_MODELS", "BLURLAB_RESULTS"):
        monkeypatch.setenv(variable, str(tmp_path / "secret"))
    (tmp_path / "secret" / "imagenette2-160").mkdir(parents=True)
    app = opened(page, **address)
    kinds = ("markdown", "html", "caption", "alert", "arrow_data_frame")
    parts = [str(each.proto) for kind in kinds for each in app.get(kind)]
    parts += said(app)
    assert len(parts) > 1
    assert not [part for part in parts if "secret" in part or str(places.ROOT) in part]


@needs_models
def test_what_one_page_sets_is_what_another_that_only_uses_it_shows(opened):
    app = opened("home")
    assert fed(app, "settings")["filter"] == "gaussian"
    fine(app.switch_page("pages/hybrid.py").run())
    fine(app.segmented_control(key="filter").set_value("ideal").run())
    fine(app.switch_page("pages/home.py").run())
    assert fed(app, "settings")["filter"] == "ideal"
    assert app.query_params == {"filter": "ideal"}
    fine(app.switch_page("pages/hybrid.py").run())
    assert app.segmented_control(key="filter").value == "ideal"


# ---- One turn of each knob ------------------------------------------------------------------


@pytest.fixture
def hybrid_page(opened):
    if not store.names():
        pytest.skip("no models are installed")
    return opened("hybrid")


def test_the_cutoff_slider_changes_the_answer_and_the_address(hybrid_page):
    before = exact(hybrid_page)
    fine(slider(hybrid_page, "cutoff").set_value(40.0).run())
    after = exact(hybrid_page)
    assert fed(hybrid_page, "settings")["cutoff"] == 40.0
    assert all(after[name] != before[name] for name in before)
    assert hybrid_page.query_params == {"cutoff": "40"}
    low, high = (hybrid_page.session_state[f"{side}_good"] for side in ("low", "high"))
    chosen = job.Setting(low, high, 40.0, None, "gaussian")
    for name, (p_low, _) in after.items():
        assert p_low == pytest.approx(job.exact(name, chosen).p_low)


def test_the_cutoff_slider_begins_anew_only_when_another_has_set_its_value(hybrid_page):
    first = slider(hybrid_page, "cutoff").key
    fine(slider(hybrid_page, "cutoff").set_value(40.0).run())
    fine(slider(hybrid_page, "cutoff").set_value(41.0).run())
    assert slider(hybrid_page, "cutoff").key == first
    hybrid_page.session_state["cutoff"] = 20.0
    fine(hybrid_page.run())
    assert slider(hybrid_page, "cutoff").key != first
    assert slider(hybrid_page, "cutoff").value == 20.0
    assert fed(hybrid_page, "settings")["cutoff"] == 20.0


def test_whole_and_extreme_cutoffs_are_as_good_as_others(hybrid_page):
    for cutoff in (16, 0.0, 1.0, 128.0):
        hybrid_page.session_state["cutoff"] = cutoff
        fine(hybrid_page.run())
        assert fed(hybrid_page, "settings")["cutoff"] == cutoff
        assert all(None not in pair for pair in exact(hybrid_page).values())


def test_the_filter_changes_the_answer(hybrid_page):
    before = exact(hybrid_page)
    control = hybrid_page.segmented_control(key="filter")
    fine(control.set_value("ideal").run())
    assert fed(hybrid_page, "settings")["filter"] == "ideal"
    assert exact(hybrid_page) != before
    assert hybrid_page.query_params == {"filter": "ideal"}


def test_separate_cutoffs_bring_a_second_slider_that_changes_the_answer(hybrid_page):
    before = exact(hybrid_page)
    fine(hybrid_page.toggle(key="separate").set_value(True).run())
    fine(slider(hybrid_page, "high_cutoff").set_value(64.0).run())
    assert fed(hybrid_page, "settings")["highCutoff"] == 64.0
    assert exact(hybrid_page) != before
    assert hybrid_page.query_params == {"high_cutoff": "64", "separate": "1"}


def test_another_picture_changes_the_stage_and_the_answers(hybrid_page):
    before, old = exact(hybrid_page), stage(hybrid_page)
    fine(hybrid_page.selectbox(key="low").set_value("object:cup").run())
    assert stage(hybrid_page)["labels"]["low"] == "cup"
    assert stage(hybrid_page)["low"] != old["low"]
    assert stage(hybrid_page)["high"] == old["high"]
    assert exact(hybrid_page) != before
    (rolled,) = [button for button in hybrid_page.button if button.key == "low_another"]
    cup, variant = stage(hybrid_page)["low"], hybrid_page.session_state["low_variant"]
    fine(rolled.click().run())
    assert stage(hybrid_page)["low"] != cup
    assert hybrid_page.query_params == {"low": "object:cup", "low_variant": str(variant + 1)}


def test_a_photograph_works_with_models_that_do_not_know_its_class(hybrid_page):
    fine(hybrid_page.selectbox(key="low").set_value("photograph:cat").run())
    assert stage(hybrid_page)["labels"]["low"] == photographs.PHOTOGRAPHS["cat"].title
    for said_by_model in fed(hybrid_page, "answers").values():
        assert "unfiltered picture" in said_by_model["note"]


@pytest.mark.parametrize(("key", "value"), [("low_x", 0.2), ("low_y", -0.2), ("low_scale", 1.5)])
def test_aligning_a_picture_changes_it(hybrid_page, key, value):
    before = stage(hybrid_page)["low"]
    fine(hybrid_page.slider(key=key).set_value(value).run())
    assert stage(hybrid_page)["low"] != before
    assert hybrid_page.query_params == {key: f"{value:g}"}


def test_mirroring_and_swapping(hybrid_page):
    before = stage(hybrid_page)
    fine(hybrid_page.toggle(key="low_flip").set_value(True).run())
    assert torch.equal(pixels(stage(hybrid_page)["low"]), pixels(before["low"]).flip(-1))
    (swap,) = [button for button in hybrid_page.button if "swap" in button.icon]
    fine(swap.click().run())
    assert stage(hybrid_page)["labels"] == {"low": "house", "high": "fish"}
    assert stage(hybrid_page)["low"] == before["high"]
    assert torch.equal(pixels(stage(hybrid_page)["high"]), pixels(before["low"]).flip(-1))


@pytest.mark.parametrize(
    ("unit", "suffix", "scale"),
    [("pixel", "cycles/pixel", 256), ("nyquist", "of Nyquist", 128)],
)
def test_the_unit_switch_shows_another_unit_everywhere(hybrid_page, unit, suffix, scale):
    settled(hybrid_page)
    fine(hybrid_page.sidebar.selectbox(key="unit").set_value(unit).run())
    shown = fed(hybrid_page, "settings")["unit"]
    assert (shown["suffix"], shown["scale"]) == (suffix, scale)
    assert hybrid_page.query_params == {"unit": unit}


def test_cycles_per_degree_need_and_use_a_viewing_distance(hybrid_page):
    fine(hybrid_page.sidebar.selectbox(key="unit").set_value("degree").run())
    near = fed(hybrid_page, "settings")["unit"]
    assert near["suffix"] == "cycles/degree"
    fine(hybrid_page.sidebar.number_input(key="distance").set_value(570.0).run())
    far = fed(hybrid_page, "settings")["unit"]
    assert far["scale"] < near["scale"] / 9


def test_only_the_chosen_models_are_asked(hybrid_page):
    chosen = store.names()[-1:]
    fine(hybrid_page.sidebar.multiselect(key="models").set_value(chosen).run())
    settled(hybrid_page)
    assert [model["key"] for model in stage(hybrid_page)["models"]] == chosen
    assert list(fed(hybrid_page, "answers")) == chosen
    assert list(hybrid_page.dataframe[0].value["model"]) == [store.card(chosen[0])["title"]]
    assert hybrid_page.query_params == {"models": chosen[0]}


# ---- The address ----------------------------------------------------------------------------

ADDRESS = {
    "low": "object:cup", "low_variant": "7", "low_scale": "1.5", "low_flip": "1",
    "high": "photograph:cat", "cutoff": "20.5", "filter": "butterworth", "unit": "nyquist",
}  # fmt: skip


@needs_models
def test_a_link_restores_the_page(opened):
    app = opened("hybrid", **ADDRESS, models=store.names()[0])
    assert app.query_params == ADDRESS | {"models": store.names()[0]}
    settings, drawn = fed(app, "settings"), stage(app)
    assert (settings["cutoff"], settings["filter"]) == (20.5, "butterworth")
    assert settings["unit"]["suffix"] == "of Nyquist"
    assert drawn["labels"] == {"low": "cup", "high": photographs.PHOTOGRAPHS["cat"].title}
    cup = cache.picture(cache.Choice("object", "cup", 7, scale=1.5, flip=True))
    assert (pixels(drawn["low"]) - cup).abs().max() <= 0.5 / 255 + 1e-6
    assert [model["key"] for model in drawn["models"]] == store.names()[:1]
    assert said(app) == []


@pytest.mark.parametrize(
    ("key", "text", "reason"),
    [
        ("cutoff", "128.5", "0 to 128 cycles/image: 8 is used"),
        ("cutoff", "-3", "0 to 128 cycles/image: 8 is used"),
        ("low", "object:unicorn", "not one of the "),
        ("high", "photograph:../../secret", "not one of the "),
        ("low_variant", "x", "0 to 9999"),
        ("low_scale", "0", "0.5 to 2: 1 is used"),
        ("filter", "box", "one of ideal, gaussian, butterworth: gaussian is used"),
        ("unit", "furlong", "one of image, pixel, nyquist, degree: image is used"),
        ("models", "resnet9000", "with commas between them"),
        ("present", "yes", "0 or 1: 0 is used"),
    ],
)
@needs_models
def test_a_bad_value_in_a_link_falls_back_alone_and_the_page_says_so(opened, key, text, reason):
    good = {k: v for k, v in ADDRESS.items() if k != key}
    app = opened("hybrid", **good, **{key: text})
    (sentence,) = said(app)
    assert f"The link's {key} is “{text}”" in sentence
    assert reason in sentence
    assert app.query_params == good
    settled(app)
    assert len(said(app)) == 1


@needs_models
def test_an_unknown_key_in_a_link_is_named_and_dropped(opened):
    app = opened("hybrid", cutoff="20", colour="red")
    assert said(app) == ["The link's “colour” is not known here."]
    assert app.query_params == {"cutoff": "20"}


@needs_models
def test_the_state_is_kept_from_page_to_page(opened):
    app = opened("hybrid", low="object:cup", cutoff="20", unit="pixel")
    fine(app.switch_page("pages/home.py").run())
    assert fed(app, "settings")["cutoff"] == 20.0
    assert app.query_params == {"cutoff": "20", "unit": "pixel"}
    fine(app.switch_page("pages/models.py").run())
    assert app.query_params == {"unit": "pixel"}
    fine(app.switch_page("pages/hybrid.py").run())
    assert stage(app)["labels"]["low"] == "cup"
    assert app.query_params == {"low": "object:cup", "cutoff": "20", "unit": "pixel"}


# ---- Files ----------------------------------------------------------------------------------


def picture_file(kind="PNG", size=(300, 200)):
    stream = BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(stream, kind)
    return stream.getvalue()


def promised_png(side):
    """Write a header that promises side x side pixels, of which none may be decoded."""
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + picture_file()[33:]


BAD_FILES = {
    "notes.png": (b"These are words, not a picture. " * 30, "is not a picture"),
    "cut.png": (picture_file()[:5000], "is damaged or cut short"),
    "cut.jpg": (picture_file("JPEG")[:5000], "is damaged or cut short"),
    "empty.jpg": (b"", "is empty"),
    "drawing.svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "is not a picture"),
    "page_*of*_[a].png": (b"<!doctype html><script>alert(1)</script>", "is not a picture"),
    "tall.png": (picture_file(size=(2, 300)), "too narrow"),
    "huge.png": (promised_png(10_000), "too large"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_in_a_sentence_and_the_last_good_picture_stays(hybrid_page, name):
    content, reason = BAD_FILES[name]
    app = hybrid_page
    fine(app.selectbox(key="low").set_value("upload").run())
    kept = stage(app)["low"]
    fine(app.file_uploader(key="low_file").set_value((name, content, "image/png")).run())
    (sentence,) = said(app)
    assert sentence.startswith(name)
    assert reason in sentence
    assert sentence.endswith(".")
    assert stage(app)["low"] == kept
    good = picture_file()
    fine(app.file_uploader(key="low_file").set_value(("good.png", good, "image/png")).run())
    assert said(app) == []
    shown = stage(app)["low"]
    assert shown != kept
    fine(app.file_uploader(key="low_file").set_value((name, content, "image/png")).run())
    assert stage(app)["low"] == shown


def test_a_good_file_with_a_lying_name_is_shown(hybrid_page):
    fine(hybrid_page.selectbox(key="high").set_value("upload").run())
    content = picture_file("JPEG")
    upload = hybrid_page.file_uploader(key="high_file")
    fine(upload.set_value(("really a jpeg.png", content, "image/png")).run())
    assert said(hybrid_page) == []
    expected = images.square(images.read_image(content, ""), cache.SIZE)
    shown = pixels(stage(hybrid_page)["high"])
    assert (shown - expected).abs().max() <= 0.5 / 255 + 1e-6


def test_the_last_picture_can_still_be_aligned_while_there_is_no_file(hybrid_page):
    fine(hybrid_page.selectbox(key="low").set_value("upload").run())
    before = stage(hybrid_page)["low"]
    fine(hybrid_page.toggle(key="low_flip").set_value(True).run())
    assert torch.equal(pixels(stage(hybrid_page)["low"]), pixels(before).flip(-1))


def test_a_file_is_labelled_by_a_guess_that_says_so_or_by_the_word_of_a_person(hybrid_page):
    fine(hybrid_page.selectbox(key="low").set_value("upload").run())
    upload = hybrid_page.file_uploader(key="low_file")
    fine(upload.set_value(("n04398044_teapot.png", picture_file(), "image/png")).run())
    kind, guess = stage(hybrid_page)["labels"]["low"].split(": ")
    assert kind == "guess"
    asked = stage(hybrid_page)["models"][0]
    assert guess in asked["classes"]
    word = asked["classes"][asked["classes"].index(guess) - 1]
    fine(hybrid_page.text_input(key="low_word").set_value(f" {word.upper()} ").run())
    assert stage(hybrid_page)["labels"]["low"] == word.upper()
    assert hybrid_page.query_params["low_word"] == f" {word.upper()} "
    said_of_it = fed(settled(hybrid_page), "answers")[asked["key"]]
    assert f"for {guess} (low)" not in (said_of_it["note"] or "")


@needs_models
def test_pages_ask_networks_that_know_the_pictures(opened):
    asked = {
        ("object:cup", "object:house"): store.pair("objects"),
        ("photograph:cat", "object:house"): store.pair("imagenet"),
        ("photograph:cat", "photograph:coffee"): store.pair("imagenet"),
    }
    for (low, high), names in asked.items():
        if not set(names) <= set(store.names()):
            names = store.pair("imagenette")
        app = opened("hybrid", low=low, high=high)
        assert tuple(model["key"] for model in stage(app)["models"]) == names


@pytest.mark.skipif("imagenet_lite0" not in store.names(), reason="its package is not installed")
def test_photographs_are_answered_in_words(opened):
    app = settled(opened("hybrid", low="photograph:cat", high="photograph:coffee", cutoff="128"))
    (said_of_it, *_) = fed(app, "answers").values()
    place = said_of_it["cutoffs"].index(128)
    words = stage(app)["models"][0]["classes"]
    assert words[said_of_it["classes"][place][0]] == "cat"


@needs_models
def test_home_opens_on_photographs_and_the_objects_are_one_click_away(opened):
    app = opened()
    if "scene" not in [each.key for each in app.segmented_control]:
        pytest.skip("the photographs, or the networks that can name them, are not installed")
    drawn = stage(app)
    assert {each["key"] for each in drawn["models"]} == set(store.pair("imagenet"))
    fine(app.segmented_control(key="scene").set_value("objects").run())
    assert stage(app)["labels"] == {"low": "fish", "high": "house"}
    assert app.query_params == {"scene": "objects"}


@needs_models
def test_the_picture_does_not_wait_for_its_networks(opened, monkeypatch):
    free = threading.Event()
    load = loaded._load

    def slow(name):
        assert free.wait(60)
        return load(name)

    monkeypatch.setattr(loaded, "_load", slow)
    cache.forget_models()
    try:
        pair = {"low": f"object:{objects.CLASSES[0]}", "high": f"object:{objects.CLASSES[1]}"}
        app = fine(opened("hybrid", **pair, low_variant="9999"))  # which nobody has asked about
        assert list(stage(app)["labels"].values()) == list(objects.CLASSES[:2])
        assert fed(app, "answers") == {}
    finally:
        free.set()
    assert fed(settled(app), "answers").keys() == set(shell.fitting("objects"))


@pytest.mark.parametrize("both", [False, True])
def test_uploaded_pictures_can_be_swapped(hybrid_page, both):
    labels = stage(hybrid_page)["labels"]
    for side in ("low", "high") if both else ("low",):
        labels[side] = f"my {side}"
        fine(hybrid_page.selectbox(key=side).set_value("upload").run())
        upload = hybrid_page.file_uploader(key=f"{side}_file")
        fine(upload.set_value((f"{side}.png", picture_file(), "image/png")).run())
        fine(hybrid_page.text_input(key=f"{side}_word").set_value(labels[side]).run())
    assert stage(hybrid_page)["labels"] == labels
    (swap,) = [button for button in hybrid_page.button if "swap" in button.icon]
    fine(swap.click().run())
    assert stage(hybrid_page)["labels"] == {"low": labels["high"], "high": labels["low"]}


def test_the_camera_offers_itself_and_refuses_a_damaged_snapshot(hybrid_page):
    fine(hybrid_page.selectbox(key="low").set_value("camera").run())
    (camera,) = hybrid_page.get("camera_input")
    fine(camera.set_value(("camera.jpg", picture_file("JPEG")[:5000], "image/jpeg")).run())
    assert "damaged" in said(hybrid_page)[0]
    assert stage(hybrid_page)["labels"]["low"] == "fish"


# ---- Presenter mode, and an empty installation -----------------------------------------------


@pytest.mark.parametrize("page", PAGES)
@needs_models
def test_presenter_mode_hides_the_title_and_can_be_left(opened, page):
    app = opened(page, present="1")
    assert not app.title
    fine(button(app, "Leave presenter mode").click().run())
    assert app.title
    assert app.query_params == {}


@needs_models
def test_presenter_mode_is_entered_by_its_switch_and_enlarges_the_stage(opened):
    app = opened("hybrid")
    fine(app.sidebar.toggle(key="present").set_value(True).run())
    assert fed(app, "settings")["presenter"] is True
    assert not app.get("plotly_chart")
    assert app.query_params == {"present": "1"}


def test_all_figures_are_shown_by_the_function_that_enlarges_them():
    files = [*places.APP.parent.glob("pages/*.py"), *places.APP.parent.glob("blurlab/ui/**/*.py")]
    assert [f.name for f in files if "plotly_chart" in f.read_text()] == ["shell.py"]


@pytest.mark.parametrize("page", PAGES)
def test_without_models_every_page_says_how_to_make_one(opened, page, monkeypatch, tmp_path):
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path)
    app = opened(page)
    assert said(app) == ["No models are installed; `python -m blurlab train NAME` makes one."]


def test_an_unmeasured_model_is_listed(opened, monkeypatch, tmp_path):
    card = {
        "name": "bare", "title": "Bare", "classes": ["a", "b"], "parameters": 3, "bytes": 6,
        "recipe": {"data": "objects", "input_size": 128, "sigma": 0.0}, "sha256": "0",
    }  # fmt: skip
    (tmp_path / "bare.json").write_text(json.dumps(card))
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path)
    app = opened("models")
    shown = "".join(each.proto.body for each in app.get("html"))
    assert "<b>Bare</b>" in shown
    assert inventory.UNMEASURED in shown


@needs_models
def test_a_network_of_few_classes_says_which_where_it_knows_no_class_of_the_pictures(opened):
    app = settled(opened("hybrid", low="photograph:cat", models="objects_base"))
    (told,) = [said_of_it["note"] for said_of_it in fed(app, "answers").values()]
    assert "It knows only" in told
    assert all(name in told for name in store.card("objects_base")["classes"])


def test_no_page_shows_the_value_of_an_expression_that_stands_alone():
    config = tomllib.loads((places.ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert config["runner"]["magicEnabled"] is False
