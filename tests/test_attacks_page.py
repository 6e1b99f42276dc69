"""The attacks page runs, answers to its knobs, pauses, and its numbers are the core's."""

from itertools import pairwise

import pytest
import torch
from opening import button, components, ended, fed, fine, labels, until

from blurlab.attacks import descent
from blurlab.attacks.norms import NORMS
from blurlab.filters import spectrum
from blurlab.networks import store
from blurlab.pictures import resizing
from blurlab.ui import cache
from blurlab.ui.attacks import controls, job, report

# What makes the page the same where the photograph that it opens with is missing.
DRAWN = {"picture": "object:fish", "epsilon": "8"} if controls.OPENING != controls.DRAWN else {}
FISH = cache.Choice("object", "fish", 22)
BASE, BLUR = "objects_base", "objects_blur2"
pytestmark = pytest.mark.skipif(
    not {BASE, BLUR} <= set(store.names()), reason="the models of objects are not installed"
)


def setting(**changes):
    first = job.Setting(BASE, FISH, "pgd", "linf", 8 / 255, (("steps", 3),), None)
    return first._replace(**changes)


@pytest.fixture(scope="module")
def found():
    return list(job.steps(setting(), (BASE, BLUR)))


def test_every_step_is_described_and_the_first_is_the_picture(found):
    assert [step.number for step in found] == [0, 1, 2, 3]
    assert found[0].size == 0
    assert all(0 < step.size <= 8 / 255 + 1e-6 for step in found[1:])
    assert all(step.picture != before.picture for before, step in pairwise(found))


def test_the_answers_and_the_spectrum_are_the_cores(found):
    model = store.load(BASE)
    original = resizing.resize(cache.picture(FISH)[None], model.input_size)
    label = torch.tensor([store.card(BASE)["classes"].index("fish")])
    *_, adversarial = descent.pgd(model, original, label, epsilon=8 / 255, steps=3)
    for name in (BASE, BLUR):
        expected = store.load(name)(adversarial).softmax(-1)[0]
        assert found[-1].said[name] == pytest.approx(expected.tolist(), abs=1e-5)
    half = spectrum.half_power_exact(spectrum.mean_power(adversarial - original))
    assert found[-1].half_power == pytest.approx(half * model.input_size)


def test_the_attack_lowers_the_true_class_of_its_own_model(found):
    fed = report.feed(setting(), (BASE, BLUR), found)
    true = fed[BASE]["curves"]["true"]
    assert true[-1] < true[0] - 0.3
    assert "Transfer" in fed[BLUR]["note"]


def test_half_of_the_power_lies_lower_for_the_network_behind_a_blur(found):
    behind = list(job.steps(setting(model=BLUR), (BLUR,)))
    assert behind[-1].half_power < found[-1].half_power / 2


def test_steps_that_are_not_there_yet_are_open(found):
    fed = report.feed(setting(), (BASE,), [*found[:2], None, None])[BASE]
    assert [classes is None for classes in fed["classes"]] == [False, False, True, True]
    assert fed["curves"]["true"][2:] == [None, None]


@pytest.mark.parametrize(
    "changes",
    [
        {"attack": "fgsm", "values": ()},
        {"attack": "minimal", "epsilon": 0.0},
        {"norm": "l2", "epsilon": 2.0},
        {"target": "house"},
        {"values": (("steps", 3), ("random_start", True), ("seed", 3))},
        {"values": (("steps", 3), ("random_start", False), ("seed", 3))},
    ],
)
def test_the_python_lines_make_the_same_attack(changes, tmp_path, monkeypatch, capsys):
    chosen = setting(**changes)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(report.script(chosen, (BASE,)), names)
    *_, expected = job.attacked(chosen)
    assert torch.allclose(names["adversarial"], expected.cpu(), atol=1e-5)
    assert "f_0.5" in capsys.readouterr().out


# ---- The page -------------------------------------------------------------------------------


def table(app):
    return ended(app).dataframe[0].value


def test_the_page_runs_an_attack_by_itself(opened):
    app = opened("attacks", **DRAWN | dict(attack_steps="3"))
    rows = table(app)
    assert list(rows["step"].unique()) == [0, 1, 2, 3]
    assert app.query_params == DRAWN | {"attack_steps": "3"}


def test_each_knob_changes_the_attack(opened):
    app = opened("attacks", **DRAWN | dict(attack_steps="3"))
    before = list(table(app)["p_true"])

    def turned():
        nonlocal before
        after = list(table(fine(app.run()))["p_true"])
        assert after != before
        before = after

    app.slider(key="epsilon").set_value(2.0)
    turned()
    app.selectbox(key="attacked").set_value(BLUR)
    turned()
    app.selectbox(key="target").set_value("house")
    turned()
    app.toggle(key="random_start").set_value(True)
    turned()
    assert app.query_params["target"] == "house"


def test_an_attack_is_paused_resumed_and_cancelled(opened):
    app = opened("attacks", **DRAWN | dict(attack_steps="60", pace="slow"))
    fine(button(app, "Pause").click().run())
    until(app, lambda: "Resume" in labels(app), seconds=5)
    fine(button(app, "Resume").click().run())
    fine(button(app, "Cancel").click().run())
    until(app, lambda: any(t.value.startswith("Cancelled") for t in app.markdown), seconds=5)
    assert button(app, "Cancel").disabled


def test_the_plain_slider_moves_to_any_step(opened):
    app = ended(opened("attacks", **DRAWN | dict(attack_steps="3")))
    (slider,) = [one for one in app.slider if one.key.startswith("step_slider")]
    assert slider.value == 3
    fine(slider.set_value(1.0).run())
    assert app.query_params == DRAWN | {"attack_steps": "3", "step": "1"}
    assert any("change of step 1 lies" in text.value for text in app.markdown)


@pytest.mark.parametrize(
    ("key", "text"),
    [("epsilon", "99"), ("attack", "magic"), ("attacked", "resnet9"), ("target", "unicorn")],
)
def test_a_bad_value_in_a_link_falls_back_alone(opened, key, text):
    app = opened("attacks", **DRAWN | dict(attack_steps="2", **{key: text}))
    (warning,) = app.warning
    assert f"link's {key}" in warning.value.replace("\\", "")
    ended(app)
    assert app.query_params == {k: v for k, v in DRAWN.items() if k != key} | {"attack_steps": "2"}


def swept(app):
    """Run the page until the attack has ended at every epsilon, and return its table."""
    whole = 2 * len(NORMS["linf"].ladder)
    until(app, lambda: app.dataframe and len(app.dataframe[0].value) == whole)
    return app.dataframe[0].value


def test_every_epsilon_is_an_attack_of_its_own(opened):
    app = opened("attacks", **DRAWN | dict(attack_steps="2", dragged="epsilon", epsilon="3"))
    rows = swept(app)
    assert list(rows["epsilon"].unique()) == pytest.approx([e / 255 for e in NORMS["linf"].ladder])
    attacked = rows[rows["model"] == BASE]
    for epsilon in (3, 12):
        *_, last = job.steps(setting(epsilon=epsilon / 255, values=(("steps", 2),)), (BASE,))
        (row,) = attacked[(attacked["epsilon"] - epsilon / 255).abs() < 1e-9].to_dict("records")
        own = store.card(BASE)["classes"].index("fish")
        assert row["p_true"] == pytest.approx(last.said[BASE][own], abs=1e-5)
        assert row["size"] == pytest.approx(epsilon / 255, abs=1e-5)
    assert attacked["p_true"].iloc[0] > attacked["p_true"].iloc[-1] + 0.3
    assert app.query_params == DRAWN | {"attack_steps": "2", "dragged": "epsilon", "epsilon": "3"}


def test_a_minimal_attack_has_no_epsilon_to_drag(opened):
    app = opened("attacks", **DRAWN | dict(attack="minimal", attack_steps="2", dragged="epsilon"))
    assert "step" in table(app)


def test_an_epsilon_of_zero_changes_nothing(opened):
    app = opened("attacks", **DRAWN | dict(attack_steps="2", epsilon="0"))
    assert set(table(app)["size"]) == {0}
    assert not app.warning


def test_every_epsilon_is_reached_by_keyboard(opened):
    app = opened("attacks", **DRAWN | dict(attack_steps="2", dragged="epsilon"))
    swept(app)
    (slider,) = app.select_slider
    assert slider.value == 8
    fine(slider.set_value(20.0).run())
    assert app.query_params["epsilon"] == "20"
    assert any("change of 20/255 (L∞) lies" in text.value for text in app.markdown)


def test_presenters_choose_the_attack_on_demand(opened):
    app = opened("attacks", **DRAWN | dict(attack_steps="2", present="1"))
    fine(app.segmented_control(key="dragged").set_value("epsilon").run())
    assert app.query_params == DRAWN | {"attack_steps": "2", "present": "1", "dragged": "epsilon"}
    assert not app.dataframe


# What is said of an attack


@pytest.mark.skipif(controls.OPENING == controls.DRAWN, reason="no photograph to open with")
def test_the_page_opens_on_a_change_that_fools_a_network_and_is_not_seen(opened):
    app = opened("attacks", attack_steps="5")
    assert table(app)["answer"].iloc[-2] != table(app)["answer"].iloc[0]
    told = " ".join(each.value for each in app.markdown)
    assert "now says" in told
    assert "changed by more than 1/255: too little to see" in told


@pytest.mark.parametrize(
    ("epsilon", "words"),
    [(1, "too little to see"), (4, "hard to see"), (12, "visible where")],
)
def test_whether_a_change_is_seen_is_told_by_its_size(epsilon, words):
    *_, last = job.steps(setting(epsilon=epsilon / 255), (BASE,))
    assert words in report.verdict(setting(epsilon=epsilon / 255), last)


def test_the_verdict_names_both_answers(found):
    assert "Not attacked yet" in report.verdict(setting(), found[0])
    said = report.verdict(setting(), found[-1])
    fooled = report.asking.best(found[-1].said[BASE]) != store.card(BASE)["classes"].index("fish")
    assert ("instead of fish" in said) == fooled
    assert ("still says **fish**" in said) == (not fooled)


def test_an_attack_that_has_ended_begins_again_to_be_watched_slowly(opened):
    app = ended(opened("attacks", **DRAWN | dict(attack_steps="3")))
    app = fine(app.segmented_control(key="pace").set_value("slow").run())
    assert any(
        each.value.startswith(("Running: step", "Starting", "Waiting")) for each in app.markdown
    )
    table(app)


def test_the_original_stands_beside_the_attacked_picture_and_in_its_place_when_held(opened):
    app = ended(opened("attacks", **DRAWN | dict(attack_steps="2")))
    (shown,) = components(app, "blurlab_frames")
    assert [title.split(",")[0] for title in shown["titles"]] == [
        "Original", "Attacked", "The change",
    ]  # fmt: skip
    assert shown["compared"] in ([1, 0], (1, 0))
    assert len(set(fed(app, "pictures-0-0"))) == 1
    assert fed(app, "pictures-0-0")[0] == fed(app, "pictures-1-0")[0]
