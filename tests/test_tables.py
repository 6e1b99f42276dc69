"""Estimates as text: one line for a quantity of a model, its interval beside it."""

import math

from blurlab.commands.tables import LONGEST, table
from blurlab.statistics import Interval

SHARE = Interval(0.5, 0.41, 0.59)


def rows(found):
    """The table's lines but its head, each without its runs of spaces."""
    return [" ".join(line.split()) for line in table(found)[1:]]


def test_a_number_stands_beside_its_interval():
    assert rows({"net": {"clean": SHARE}}) == ["clean net 0.500 [0.410, 0.590]"]


def test_large_and_small_numbers_keep_three_digits():
    found = {"net": {"f": Interval(123.4, 1.0, 4567.8), "e": Interval(0.00123, 0.001, 0.0)}}
    assert rows(found) == ["f net 123 [1.00, 4.57e+03]", "e net 0.00123 [0.00100, 0.00]"]


def test_what_is_not_a_number_is_undefined():
    assert rows({"net": {"f_rev": Interval(*[math.nan] * 3)}}) == ["f_rev net undefined"]


def test_a_curve_is_its_values_and_a_long_or_square_one_is_left_to_the_file():
    found = {"p": [SHARE, Interval(0.25, 0.2, 0.3)], "long": [1] * (LONGEST + 2), "map": [[1] * 3]}
    curve, long, square = rows({"net": found})
    assert curve == "p net 0.5 0.25"
    assert long.endswith("and 2 more; --json has them")
    assert square == "map net 1 lists of 3; --json has them"


def test_nested_quantities_are_named_by_their_path():
    assert rows({"net": {"classes": {"low": SHARE}}}) == ["classes low net 0.500 [0.410, 0.590]"]


def test_models_share_a_block_and_what_they_have_alike_is_said_once():
    found = {
        "one": {"cutoffs": [0.0, 1.0], "clean": SHARE},
        "two": {"cutoffs": [0.0, 1.0], "clean": Interval(1.0, 0.9, 1.0)},
    }
    assert rows(found) == [
        "cutoffs all 0 1",
        "clean one 0.500 [0.410, 0.590]",
        "two 1.00 [0.900, 1.00]",
    ]


def test_the_columns_are_aligned():
    head, *lines = table({"a": {"x": SHARE}, "longer": {"x": Interval(0.1, 0.0, 0.2)}})
    start = head.index("value")
    assert all(line[start - 1] == " " and line[start] != " " for line in lines)
