"""State in the address: what is read, what falls back, what is said, and what is written again."""

import pytest
from streamlit.testing.v1 import AppTest

from blurlab.ui import link


def page():
    import streamlit as st

    from blurlab.ui import link

    parameters = {
        "cutoff": link.number(0.0, 128.0, 8.0, "cycles/image"),
        "variant": link.number(0, 9999, 3),
        "filter": link.choice(["ideal", "gaussian"], "gaussian"),
        "models": link.choices(["base", "blur"], []),
        "far": link.flag(),
    }
    link.restore(parameters)
    link.report(parameters)
    st.slider("Cutoff", 0.0, 128.0, key="cutoff")
    st.number_input("Variant", 0, 9999, key="variant")
    st.selectbox("Filter", ["ideal", "gaussian"], key="filter")
    st.multiselect("Models", ["base", "blur"], key="models")
    st.toggle("Far", key="far")
    link.write(parameters)


def opened(**address):
    app = AppTest.from_function(page, default_timeout=60)
    app.query_params.update(address)
    app.run()
    assert not app.exception
    return app


def state(app):
    return {key: app.session_state[key] for key in ("cutoff", "variant", "filter", "models", "far")}


def said(app):
    """Return the warnings as Markdown shows them."""
    return [warning.value.replace("\\", "") for warning in app.warning]


DEFAULTS = {"cutoff": 8.0, "variant": 3, "filter": "gaussian", "models": [], "far": False}


def test_an_empty_address_gives_the_defaults_and_stays_empty():
    app = opened()
    assert state(app) == DEFAULTS
    assert app.query_params == {}
    assert not app.warning


def test_every_kind_of_value_comes_from_the_address_and_stays_there():
    address = {
        "cutoff": "12.5", "variant": "7", "filter": "ideal", "models": "blur,base", "far": "1",
    }  # fmt: skip
    app = opened(**address)
    assert state(app) == {
        "cutoff": 12.5, "variant": 7, "filter": "ideal", "models": ["blur", "base"], "far": True,
    }  # fmt: skip
    assert app.query_params == address
    assert not app.warning


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("cutoff", "129"),
        ("cutoff", "-1"),
        ("cutoff", "nan"),
        ("cutoff", "inf"),
        ("cutoff", "twelve"),
        ("cutoff", ""),
        ("variant", "1.5"),
        ("variant", "10000"),
        ("filter", "box"),
        ("filter", ""),
        ("models", "base,unheard"),
        ("far", "2"),
        ("far", "10"),
        ("far", ""),
        ("far", "true"),
    ],
)
def test_a_bad_value_falls_back_alone_and_is_named(key, text):
    good = {"cutoff": "30", "variant": "5", "filter": "ideal", "models": "base", "far": "1"}
    app = opened(**{**good, key: text})
    (sentence,) = said(app)
    assert f"The link's {key} is “{text}”, not " in sentence
    fallen = {**state(opened(**good)), key: DEFAULTS[key]}
    assert state(app) == fallen
    assert key not in app.query_params


def test_two_bad_values_and_an_unknown_one_are_each_named():
    app = opened(cutoff="500", far="maybe", colour="red")
    sentences = said(app)
    assert len(sentences) == 3
    assert "0 to 128 cycles/image: 8 is used" in sentences[0]
    assert "0 or 1: 0 is used" in sentences[1]
    assert "“colour” is not known here" in sentences[2]
    assert app.query_params == {}


def test_of_many_choices_the_sentence_names_those_alike_and_the_default():
    def page():
        from blurlab.ui import link

        words = ("house", "tree", "fish", "cup", "key", "umbrella", "car", "butterfly")
        options = [f"object:{word}" for word in words]
        parameters = {"low": link.choice(options, "object:house"), "two": link.choices(options, [])}
        link.restore(parameters)
        link.report(parameters)

    app = AppTest.from_function(page, default_timeout=60)
    app.query_params.update({"low": "object:fsh", "two": "x", **{f"u{n}": "1" for n in range(50)}})
    low, two, *others = said(app.run())
    assert low == (
        "The link's low is “object:fsh”, not one of the 8 choices here (close to it: object:fish): "
        "object:house is used."
    )
    assert two == (
        "The link's two is “x”, not some of the 8 choices here, with commas between them: none is "
        "used."
    )
    assert others[-1] == "Nor are 45 others."
    assert len(others) == 6


def test_a_long_or_marked_up_value_is_cut_and_shown_as_it_is():
    app = opened(filter="**" + "x" * 500)
    (warning,) = app.warning
    assert "x" * 39 not in warning.value
    assert r"\*\*x" in warning.value


def test_what_was_said_of_the_address_stays_until_the_state_changes():
    app = opened(cutoff="500")
    assert len(app.run().warning) == 1
    app.slider(key="cutoff").set_value(20.0).run()
    assert not app.run().warning


def test_a_turned_control_is_written_and_the_default_is_not():
    app = opened(far="1")
    app.slider(key="cutoff").set_value(20.0).run()
    assert app.query_params == {"cutoff": "20", "far": "1"}
    app.slider(key="cutoff").set_value(8.0).run()
    app.toggle(key="far").set_value(False).run()
    assert app.query_params == {}


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (link.number(0.0, 128.0, 8.0), 4.77),
        (link.number(0.0, 128.0, 8.0), 0.0),
        (link.number(0, 9999, 3), 9999),
        (link.choice(["a", "b c"], "a"), "b c"),
        (link.choices(["a", "b", "c"], ["a"]), ["c", "a"]),
        (link.choices(["a"], ["a"]), []),
        (link.flag(True), False),
    ],
)
def test_what_is_written_is_read_again(parameter, value):
    assert parameter.read(parameter.write(value)) == value
