"""How large and how far a screen is, by a bank card and the blind spot of an eye."""

import pytest
from opening import components, fine, said
from streamlit.testing.v1 import AppTest


def measuring():
    """Be a page that has the controls of the screen alone, told what a browser measured."""
    import streamlit as st

    from blurlab.ui.you import screen

    state = st.session_state
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
