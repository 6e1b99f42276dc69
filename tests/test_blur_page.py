"""The page Blur defence runs, answers to its knobs, survives bad links, and is the core's."""

import json
from functools import partial

import pytest
import torch
from opening import components, fed, fine, said, slider, until

from blurlab import places
from blurlab.attacks import descent, goals
from blurlab.corruptions.corrupting import corrupt
from blurlab.filters import pca
from blurlab.filters.blur import gaussian_blur
from blurlab.networks import store
from blurlab.pictures import objects, resizing
from blurlab.ui import cache, files
from blurlab.ui.attacks import job as attacking
from blurlab.ui.blur import job as defending
from blurlab.ui.blur import report
from blurlab.ui.frames import frames_html

FISH = cache.Choice("object", "fish", 22)
BASE, BLUR = "objects_base", "objects_blur2"
NAMES = (BASE, BLUR)
pytestmark = pytest.mark.skipif(
    not set(NAMES) <= set(store.names()), reason="the models of objects are not installed"
)


def setting(epsilon=12 / 255, target=None, **changes):
    values = (("steps", defending.STEPS),)
    attack = attacking.Setting(BASE, FISH, "pgd", "linf", epsilon, values, target)
    first = defending.Setting(attack, True, "gaussian_noise", 1, 0, "blur")
    return first._replace(**changes)


def frame(setting, strength):
    return defending.described(NAMES, setting, defending.position(setting, strength))


# ---- The chain ------------------------------------------------------------------------------


@pytest.mark.parametrize("adaptive", [True, False])
def test_every_stage_is_the_cores(adaptive):
    model, blur = store.load(BASE), partial(gaussian_blur, sigma=0.75)
    original = resizing.resize(cache.picture(FISH)[None], model.input_size)
    label = torch.tensor([objects.CLASSES.index("fish")])
    seen = goals.through(blur, model) if adaptive else model
    *_, attacked = descent.pgd(seen, original, label, epsilon=12 / 255, steps=defending.STEPS)
    corrupted = corrupt(attacked, "gaussian_noise", 1, torch.Generator().manual_seed(0))
    expected = [original, attacked, corrupted, blur(corrupted)]
    chain = defending.chain(setting(adaptive=adaptive), 0.75)
    assert list(chain) == ["picture", "attacked", "corrupted", "defended"]
    for stage, picture in zip(expected, chain.values(), strict=True):
        torch.testing.assert_close(stage, picture, atol=1e-5, rtol=0)


def test_stages_that_are_off_are_left_out():
    assert list(defending.chain(setting(epsilon=0.0, corruption=None), 1)) == [
        "picture",
        "defended",
    ]
    assert defending.kinds(setting(corruption=None)) == ["picture", "attacked", "defended"]


def test_an_attacker_who_knows_the_blur_lowers_the_true_class_more():
    """On several objects, as any one of them may be an exception."""
    label, total = {}, {True: 0.0, False: 0.0}
    for name, variant in (("fish", 22), ("house", 50), ("duck", 3), ("guitar", 2)):
        label[name] = objects.CLASSES.index(name)
        choice = cache.Choice("object", name, variant)
        for adaptive in total:
            known = setting(epsilon=8 / 255, corruption=None, adaptive=adaptive)
            known = known._replace(attack=known.attack._replace(picture=choice))
            total[adaptive] += frame(known, 0.75).said["defended"][BASE][label[name]]
    assert total[True] < total[False] - 0.5


def test_without_the_defence_both_attacks_are_one():
    adaptive, transfer = (
        defending.chain(setting(adaptive=adaptive), 0.0)["attacked"] for adaptive in (True, False)
    )
    assert torch.equal(adaptive, transfer)


def test_the_blur_takes_the_fine_end_of_the_spectrum_away():
    power = frame(setting(), 2).power
    assert sum(power["defended"][32:]) < 0.01 * sum(power["corrupted"][32:])
    assert power["defended"][1] == pytest.approx(power["corrupted"][1], rel=0.1)


def test_the_other_class_is_the_target_where_there_is_one():
    found = frame(setting(target="house"), 0.5)
    said = found.said["defended"]
    values = report.probabilities(BLUR, setting(target="house"), found.said)
    assert values["wanted"] == said[BLUR][objects.CLASSES.index("house")]
    values = report.probabilities(BLUR, setting(), found.said)
    own = objects.CLASSES.index("fish")
    assert values["wanted"] == max(p for index, p in enumerate(said[BLUR]) if index != own)


def test_each_card_says_which_experiment_and_which_attack_it_is():
    assert "only put in front of it. Adaptive" in report.note(BASE, setting())
    assert "Transfer" in report.note(BASE, setting(adaptive=False))
    behind = report.note(BLUR, setting())
    assert "Trained behind a blur layer of 2 pixels" in behind
    assert "made for another network" in behind
    assert "attack" not in report.note(BASE, setting(epsilon=0.0))


def test_strengths_that_are_not_there_yet_are_open():
    fed_so_far = report.feed(NAMES, setting(), [frame(setting(), 0.5)])[BASE]
    count = len(defending.DEFENCES["blur"].strengths)
    assert [i for i in range(count) if fed_so_far["classes"][i]] == [2]
    assert fed_so_far["curves"]["true"][3:] == [None] * (count - 3)


@pytest.mark.parametrize(
    ("changes", "strength"),
    [
        ({}, 0.75),
        ({"adaptive": False, "target": "house"}, 2),
        ({"epsilon": 0.0, "corruption": None}, 0),
        ({"defence": "pca"}, 64),
    ],
)
def test_the_python_lines_make_the_same_chain(changes, strength, capsys):
    chosen = setting(**changes)
    space = {}
    exec(report.script(NAMES, chosen, strength), space)
    expected = defending.chain(chosen, strength).values()
    for stage, picture in zip(space["stages"], expected, strict=True):
        torch.testing.assert_close(stage, picture, atol=1e-5, rtol=0)
    assert capsys.readouterr().out.count(BLUR) == len(expected)


def test_pca_keeps_no_detail_beyond_its_32_pixels():
    shown = defending.chain(setting(defence="pca", adaptive=False), 512)
    basis = pca.load(places.SHIPPED_BASIS)
    torch.testing.assert_close(shown["defended"], pca.defend(shown["corrupted"], basis))
    power = frame(setting(defence="pca"), 512).power
    assert sum(power["defended"][32:]) < 0.01 * sum(power["corrupted"][32:])


# ---- The page -------------------------------------------------------------------------------


def settled(app):
    """Run the page until every strength has its answers."""

    def answered():
        found = fed(app, "answers")["answers"].values()
        return all(None not in answer["classes"] for answer in found)

    return until(app, answered)


@pytest.fixture
def page(opened, monkeypatch):
    monkeypatch.setattr(defending, "STEPS", 2)  # enough to see that a knob turns something
    return settled(opened("blur"))


def curves(app):
    return {name: said["curves"] for name, said in fed(app, "answers")["answers"].items()}


def test_the_page_shows_the_chain_with_what_models_say_at_each_stage(page):
    assert said(page) == []
    assert page.query_params == {}
    (shown,) = components(page, "blurlab_frames")
    assert shown["titles"] == ["Picture", "Attacked, ± 8/255", "Blurred"]
    answers = fed(page, "answers")
    assert [model["key"] for model in answers["models"]] == list(NAMES)
    assert len(answers["stages"]) == 3
    for stage in answers["stages"]:
        assert all(None not in stage["said"][name]["classes"] for name in NAMES)
        assert all(len(row) == 64 for row in stage["spectra"])
    assert len(set(fed(page, "pictures-2-0"))) == len(fed(page, "pictures-2-0"))
    assert page.get("plotly_chart")


def test_each_knob_changes_the_chain_and_the_address(opened, monkeypatch):
    monkeypatch.setattr(defending, "STEPS", 1)  # of no other test, whose strengths are more
    few = defending.DEFENCES["blur"]._replace(strengths=(0.0, 1.0, 2.0))
    monkeypatch.setitem(defending.DEFENCES, "blur", few)
    page = settled(opened("blur"))
    before = curves(page)

    def turned():
        nonlocal before
        after = curves(settled(fine(page.run())))
        assert after[BASE] != before[BASE]
        before = after

    page.slider(key="attack_size").set_value(4.0)
    turned()
    page.segmented_control(key="attacker").set_value("adaptive")
    turned()
    page.selectbox(key="then").set_value("contrast")
    turned()
    page.slider(key="then_severity").set_value(4)
    turned()
    page.selectbox(key="target").set_value("house")
    turned()
    page.selectbox(key="attacked").set_value(BLUR)
    turned()
    page.segmented_control(key="defence").set_value("pca")
    turned()
    fine(page.radio(key="components").set_value(128).run())
    assert fed(page, "settings")["position"] == 3
    assert page.query_params == {
        "attack_size": "4",
        "attacker": "adaptive",
        "then": "contrast",
        "then_severity": "4",
        "target": "house",
        "attacked": BLUR,
        "defence": "pca",
        "components": "128",
    }


def test_the_plain_slider_moves_the_frames(page):
    fine(slider(page, "sigma").set_value(2.0).run())
    assert fed(page, "settings")["position"] == 8
    assert page.query_params == {"sigma": "2"}


def test_without_an_attack_there_is_no_attacker(opened):
    app = settled(opened("blur", attack_size="0", then="none"))
    assert components(app, "blurlab_frames")[0]["titles"] == ["Picture", "Blurred"]
    assert list(curves(app)[BASE]) == ["true", "untouched"]
    assert curves(app)[BASE]["true"] == curves(app)[BASE]["untouched"]


def test_a_sigma_between_two_strengths_shows_the_nearest(opened):
    app = opened("blur", sigma="1.4")
    assert said(app) == []
    assert fed(app, "settings")["position"] == 6


@pytest.mark.parametrize(
    ("key", "text", "allowed"),
    [
        ("sigma", "-1", "0 to 4 pixels"),
        ("sigma", "99", "0 to 4 pixels"),
        ("attack_size", "nan", "0 to 32 /255"),
        ("components", "513", "0 to 512"),
        ("attacker", "oracle", "one of adaptive, transfer"),
        ("then", "rain", "one of the 20 choices here"),
    ],
)
def test_a_bad_value_in_a_link_falls_back_alone(opened, key, text, allowed):
    app = opened("blur", **{key: text})
    (warning,) = said(app)
    assert warning.startswith(f"The link's {key} is “{text}”, not {allowed}")
    assert fed(app, "settings")["position"] == 4


def test_presenters_get_the_chain_and_little_else(opened, monkeypatch):
    monkeypatch.setattr(defending, "STEPS", 2)
    app = settled(opened("blur", present="1"))
    assert fed(app, "settings")["presenter"] is True
    assert app.get("plotly_chart") == []
    assert app.segmented_control(key="attacker").value == "transfer"


def test_the_numbers_are_complete_and_fit_a_file():
    found = [frame(setting(), strength) for strength in (2, 0, 0.5)]
    rows = report.rows(NAMES, setting(), found)
    assert [row["blur"] for row in rows] == [0, 0, 0.5, 0.5, 2, 2]
    assert rows[0]["answer_picture"] == "fish"
    stated = json.loads(files.as_json(setting(), rows))
    assert stated["setting"]["attack"]["epsilon"] == 12 / 255
    assert stated["setting"]["attack"]["values"] == {"steps": defending.STEPS}
    assert stated["rows"] == rows


@pytest.mark.browser
def test_the_file_shows_the_chain_and_its_slider_moves_every_stage(browser, tmp_path):
    found = [frame(setting(), strength) for strength in (0, 4)]
    shown = {
        "label": "Blur sigma",
        "unit": "pixels",
        "positions": [0.0, 1.0],
        "position": 0.0,
        "pictures": [
            {"title": stage, "urls": [each.urls[stage] for each in found]}
            for stage in defending.kinds(setting())
        ],
        "models": [report.model(i, name, setting()) for i, name in enumerate(NAMES)],
        "answers": {},
        "curve_titles": {},
        "stages": [
            {
                "said": {name: report.said_of(stage, name, found) for name in NAMES},
                "spectra": [report.logarithms(each.power[stage]) for each in found],
            }
            for stage in defending.kinds(setting())
        ],
    }
    path = tmp_path / "chain.html"
    path.write_text(frames_html(**shown), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(path.as_uri())
    page.wait_for_selector("canvas[data-position='0']")
    lines = page.locator(".verdict .name")
    before, marks = lines.all_text_contents(), page.locator(".mark").all_text_contents()
    expected = [
        objects.CLASSES[max(range(12), key=found[0].said[stage][name].__getitem__)]
        for stage in defending.kinds(setting())
        for name in NAMES
    ]
    assert before == expected
    assert marks == ["✓" if name == "fish" else "✗" for name in expected]
    sketch = page.locator(".sketch .kept").nth(3)
    drawn = sketch.get_attribute("d")
    page.focus("[data-part='position']")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("canvas[data-position='1']")
    assert sketch.get_attribute("d") != drawn


# The story that the page opens with


def last_verdict(app):
    told = [each.value for each in app.markdown if " says **" in each.value]
    return told[-1]


def test_the_blur_undoes_an_attack_until_the_attacker_knows_of_it(opened):
    app = settled(opened("blur", sigma="0"))
    assert "the attack meets no defence" in last_verdict(app)
    assert "says **umbrella**" not in last_verdict(app)
    app = settled(opened("blur"))
    assert "says **umbrella**: the defence undoes the attack" in last_verdict(app)
    fine(app.segmented_control(key="attacker").set_value("adaptive").run())
    settled(app)
    assert "this attacker knows of the defence, and gets through it" in last_verdict(app)
    assert "says **umbrella**" not in last_verdict(app)


@pytest.mark.parametrize("variant", [22, 50, 3])
def test_other_umbrellas_tell_the_same(variant):
    picture = cache.Choice("object", "umbrella", variant)
    own = cache.named_class(BASE, picture)
    attack = defending.job.Setting(
        BASE, picture, defending.ATTACK, defending.NORM, 8 / 255, (("steps", 10),), None
    )
    answers = {}
    for known, sigma in ((0.0, 0.0), (0.0, 1.0), (1.0, 1.0)):
        changed = defending.attacked(attack, "blur", known)
        seen = defending.front("blur", sigma)(changed)
        answers[known, sigma] = int(cache.model(BASE)(seen).argmax()) == own
    assert list(answers.values()) == [False, True, False]
