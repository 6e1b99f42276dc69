"""How large and how far a screen is, by a bank card and the blind spot of an eye."""

import pytest
from opening import components, fine, said
from streamlit.testing.v1 import AppTest


def measuring():
    """Be a page that has the controls of the screen alone, told what a browser measured."""
    import streamlit as st

    from blurlab.ui.you import screen

    state = st.session_state
    if "kept" in state:
        screen.remember(state.pop("kept"))
    if "sent" in state:
        screen.take_up(state.pop("sent"))
    screen.calibrate()


@pytest.fixture
def screen_controls():
    app = AppTest.from_function(measuring, default_timeout=60)
    for key, value in {"unit": "image", "distance": 57.0, "you_width": 0.0}.items():
        app.session_state[key] = value
    return app


def test_the_blind_spot_gives_the_distance_once_the_card_is_set(screen_controls):
    app = fine(screen_controls.run())
    assert components(app, "blurlab_blindspot")[0]["pixels"] is None
    app.session_state["you_card"] = 216.0
    app.session_state["sent"] = [14.0, 15, 14.5, 13.0, 19.0]
    fine(app.run())
    assert components(app, "blurlab_blindspot")[0]["pixels"] == pytest.approx(216 / 5.398)
    assert app.number_input(key="distance").value == 60.0
    assert any("60 cm, the median of 5 sweeps (54 to 79)" in each.value for each in app.caption)
    fine(app.number_input(key="distance").set_value(58.0).run())
    assert app.session_state["distance"] == 58.0


@pytest.mark.parametrize("sent", [None, "x", [14.0], [True] * 5, [10**400] * 5, [1.0] * 5])
def test_a_distance_that_cannot_be_changes_nothing_and_is_one_sentence(screen_controls, sent):
    screen_controls.session_state["you_card"] = 216.0
    screen_controls.session_state["sent"] = sent
    app = fine(screen_controls.run())
    assert app.session_state["distance"] == 57.0
    (sentence,) = said(app)
    assert sentence.endswith(".")


def test_a_card_that_the_browser_has_kept_is_taken_up_with_the_distance(screen_controls):
    screen_controls.session_state["kept"] = {"card": 216.0, "distance": 61}
    app = fine(screen_controls.run())
    assert app.session_state["you_width"] == round(5.398 * 425 / 216, 2)
    assert app.number_input(key="distance").value == 61.0
    own = components(app, "blurlab_ruler")[0]["own"]
    assert own == {"card": 216.0, "distance": 61.0}


@pytest.mark.parametrize(
    "kept",
    [None, 7, {}, {"card": "x"}, {"card": 5, "distance": 61}, {"card": True},
     {"card": float("nan")}, {"card": 10**400, "distance": 61}],
    ids=lambda each: str(each)[:20],
)  # fmt: skip
def test_a_card_that_cannot_be_is_not_taken_up(screen_controls, kept):
    screen_controls.session_state["kept"] = kept
    app = fine(screen_controls.run())
    assert "you_card" not in app.session_state
    assert app.session_state["distance"] == 57.0


@pytest.mark.parametrize(
    "distance", [None, "x", 1, float("inf"), 10**400], ids=lambda each: str(each)[:5]
)
def test_a_kept_distance_that_cannot_be_is_left_out(screen_controls, distance):
    screen_controls.session_state["kept"] = {"card": 216.0, "distance": distance}
    app = fine(screen_controls.run())
    assert app.session_state["you_card"] == 216.0
    assert app.session_state["distance"] == 57.0
