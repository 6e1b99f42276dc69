"""A knob takes what it allows, and names everything else."""

import math

import pytest
from streamlit.testing.v1 import AppTest

from blurlab.knobs import Knob
from blurlab.ui import knobs

RATIO = Knob("ratio", "Ratio", 0.5, 0.0, 1.0, unit="of Nyquist")
COUNT = Knob("steps", "Steps", 10, low=1)
KIND = Knob("filter", "Filter", "ideal", choices={"ideal": "Ideal", "human": "As people saw it"})
LADDER = Knob("epsilons", "Sizes", [1, 2.5], low=0, above=True, unit="255ths")
SIGMA = Knob("sigma", "Sigma", 2.0, low=0, high=9, above=True, unit="pixels")
OTHER = Knob("source", "Made on", None)
LIVE = Knob("norm", "Norm", "linf", choices=lambda: {"linf": "L∞"})
FLAG = Knob("random_start", "Random start", False)
LENGTH = Knob("step_size", "Step size", None, 0.0, kind=float)  # follows from others where None
OPEN = Knob("seed", "Seed", 0, 0, 9999, address="attack_seed", beyond=True)


@pytest.mark.parametrize(
    ("knob", "value"),
    [
        (RATIO, 0.0),
        (RATIO, 1.0),
        (COUNT, 1),
        (KIND, "human"),
        (FLAG, True),
        (LADDER, [0.5, 2]),
        (SIGMA, 9.0),
        (OTHER, None),
        (OTHER, "base"),
        (LIVE, "linf"),
        (LENGTH, None),
        (LENGTH, 0.5),
        (OPEN, 10_000),
    ],
)
def test_what_is_allowed_passes_unchanged(knob, value):
    assert knob.check(value) is value


def test_a_word_stands_for_a_value_at_a_size():
    knob = Knob("sizes", "Sizes", [1], low=0, words={"halves": lambda size: [size / 4, size / 2]})
    assert knob.check(knob.meant("halves", 32)) == [8, 16]
    assert knob.meant([3], 32) == [3]
    with pytest.raises(ValueError, match=r"'thirds'; it must be ascending numbers, .* or halves\."):
        knob.check(knob.meant("thirds", 32))


def test_a_whole_number_becomes_a_float_where_the_knob_is_one():
    assert type(RATIO.check(1)) is float


@pytest.mark.parametrize(
    ("knob", "value", "sentence"),
    [
        (RATIO, 1.01, "ratio is 1.01; it must be 0 to 1 of Nyquist."),
        (RATIO, math.nan, "ratio is nan; it must be 0 to 1 of Nyquist."),
        (RATIO, "1", "ratio is '1'; it must be 0 to 1 of Nyquist."),
        (COUNT, 0, "steps is 0; it must be 1 or more."),
        (COUNT, 2.5, "steps is 2.5; it must be 1 or more."),
        (COUNT, True, "steps is True; it must be 1 or more."),
        (KIND, "dirac", "filter is 'dirac'; it must be one of ideal, human."),
        (FLAG, 1, "random_start is 1; it must be true or false."),
        (LADDER, [], "epsilons is []; it must be ascending numbers, above 0 (255ths)."),
        (LADDER, [0, 1], "epsilons is [0, 1]; it must be ascending numbers, above 0 (255ths)."),
        (LADDER, [1, 1], "epsilons is [1, 1]; it must be ascending numbers, above 0 (255ths)."),
        (LADDER, ["1"], "epsilons is ['1']; it must be ascending numbers, above 0 (255ths)."),
        (SIGMA, 0.0, "sigma is 0.0; it must be above 0 and at most 9 pixels."),
        (SIGMA, math.inf, "sigma is inf; it must be above 0 and at most 9 pixels."),
        (OTHER, 3, "source is 3; it must be a word or null."),
        (LIVE, "l2", "norm is 'l2'; it must be one of linf."),
        (FLAG, None, "random_start is None; it must be true or false."),
        (LENGTH, -0.5, "step_size is -0.5; it must be 0 or more."),
        (OPEN, -1, "seed is -1; it must be 0 or more."),
    ],
)
def test_everything_else_is_named_with_what_is_allowed(knob, value, sentence):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 (the whole sentence is compared)
        knob.check(value)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("knob", "text", "value"),
    [(RATIO, "0.25", 0.25), (KIND, "human", "human"), (FLAG, "1", True), (OPEN, "9999", 9999)],
)
def test_an_address_holds_what_a_control_can_be_set_to(knob, text, value):
    parameter = knobs.parameter(knob)
    assert parameter.default == knob.default
    assert parameter.read(text) == value
    assert parameter.write(value) == text


@pytest.mark.parametrize(
    ("knob", "text"), [(RATIO, "2"), (KIND, "dirac"), (FLAG, "yes"), (OPEN, "10000")]
)
def test_an_address_refuses_what_no_control_can_be_set_to(knob, text):
    with pytest.raises(ValueError):  # noqa: PT011 (link writes the sentence)
        knobs.parameter(knob).read(text)


def drawn():
    import streamlit as st

    from blurlab.knobs import Knob
    from blurlab.ui import knobs

    for knob in (
        Knob("ratio", "Ratio", 0.5, 0.0, 1.0, step=0.25),
        Knob("seed", "Seed", 0, 0, 9999, address="attack_seed"),
        Knob("filter", "Filter", "ideal", choices={"ideal": "Ideal", "human": "People"}),
        Knob("start", "Random start", False, help="Anywhere"),
    ):
        st.session_state.setdefault(knob.key, knob.default)
        knobs.draw(st, knob)


def test_each_kind_of_knob_has_its_control():
    app = AppTest.from_function(drawn).run()
    assert [error.message for error in app.exception] == []
    assert app.slider(key="ratio").value == 0.5
    assert app.number_input(key="attack_seed").value == 0
    assert app.segmented_control(key="filter").options == ["Ideal", "People"]
    assert app.toggle(key="start").help == "Anywhere"
