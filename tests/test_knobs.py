"""A knob takes what it allows, and names everything else."""

import math

import pytest

from blurlab.knobs import Knob

RATIO = Knob("ratio", "Ratio", 0.5, 0.0, 1.0, unit="of Nyquist")
COUNT = Knob("steps", "Steps", 10, low=1)
KIND = Knob("filter", "Filter", "ideal", choices={"ideal": "Ideal", "human": "As people saw it"})
FLAG = Knob("random_start", "Random start", False)


@pytest.mark.parametrize(
    ("knob", "value"), [(RATIO, 0.0), (RATIO, 1.0), (COUNT, 1), (KIND, "human"), (FLAG, True)]
)
def test_what_is_allowed_passes_unchanged(knob, value):
    assert knob.check(value) is value


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
    ],
)
def test_everything_else_is_named_with_what_is_allowed(knob, value, sentence):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 (the whole sentence is compared)
        knob.check(value)
    assert str(refusal.value) == sentence
