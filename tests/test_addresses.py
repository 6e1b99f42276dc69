"""Every parameter of every page: written and read back, and shown by the control that sets it."""

import random
import re
from urllib.parse import parse_qs, urlencode

import pytest
from opening import fine, needs_models
from streamlit.testing.v1 import AppTest

from blurlab.ui import link
from blurlab.ui.you import deck

PAGES = (
    "home",
    "hybrid",
    "blur",
    "attacks",
    "corruptions",
    "sensitivity",
    "compare",
    "you",
    "camera",
    "models",
)
pytestmark = needs_models


def ends(parameter):
    """Return the range of a number, as its sentence says it, or None for what is none."""
    found = re.match(r"(-?[\d.]+) to (-?[\d.]+)", parameter.allowed)
    return tuple(map(float, found.groups())) if found else None


def numbers(parameter):
    """Draw numbers from the whole range of a parameter: its ends, small ones, any."""
    low, high = ends(parameter)
    draw = random.Random(0)
    found = [low, high, *(draw.uniform(low, high) for _ in range(50))]
    found += [10.0**power for power in range(-7, 8)] + [0.1 + 0.2, 1 / 3, 1e6, 1234567.0]
    kind = type(parameter.default)
    return [kind(value) for value in found if low <= kind(value) <= high]


def values(parameter):
    """Return values of a parameter, all of them where they are few."""
    if ends(parameter):
        return numbers(parameter)
    if parameter.options:
        if isinstance(parameter.default, list):
            return [[], *([one] for one in parameter.options), list(parameter.options)]
        return list(parameter.options)
    if isinstance(parameter.default, bool):
        return [False, True]
    if "letters" in parameter.allowed:  # of answers
        return ["mROlNlNl", "Ay-M", "A" * deck.LONGEST]
    longest = int(re.search(r"up to (\d+)", parameter.allowed)[1])
    return ["objects", "/a folder/ü%20&=+#?,;", "日本語", "x" * longest]


def in_address(value):
    """Carry a text through an address as a browser does."""
    return parse_qs(urlencode({"key": value}), keep_blank_values=True)["key"][0]


@pytest.mark.parametrize("page", PAGES)
def test_what_the_address_holds_is_read_back_over_the_whole_range(opened, page):
    parameters = opened(page).session_state["link_parameters"]
    assert len(parameters) >= 5
    for key, parameter in parameters.items():
        for value in values(parameter):
            found = parameter.read(in_address(parameter.write(value)))
            assert (found, type(found)) == (value, type(value)), key


def another(key, parameter):
    """Return a value of a parameter other than its default, one with which a page is whole."""
    if key in ("present", "public"):
        return None
    if key == "folder":
        return "/no/such/folder"
    if key == "data":
        return "cifar10"
    if ends(parameter):
        low, high = ends(parameter)
        middle = type(parameter.default)(low + (high - low) / 4)
        return middle if middle != parameter.default else type(parameter.default)(high)
    found = [value for value in values(parameter)[:3] if value not in ([], parameter.default)]
    return found[0]


def first_shown(element):
    """Return what a control shows in a browser that draws it without having been told its value."""
    found, kind = element.proto, element.type
    if kind in ("selectbox", "radio"):
        return element.options[found.default]
    if kind in ("multiselect", "button_group"):
        return [element.options[index] for index in found.default]
    return list(found.default) if kind in ("slider", "select_slider") else found.default


def controls(app):
    kinds = ("selectbox", "multiselect", "toggle", "checkbox", "number_input", "text_input")
    for kind in (*kinds, "slider", "select_slider", "radio", "button_group"):
        yield from app.get(kind)


@pytest.mark.parametrize(
    ("page", "more"),
    [
        *((page, {}) for page in PAGES),
        ("attacks", {"norm": "l2", "dragged": "step"}),
        ("blur", {"defence": "pca"}),
        *(("sensitivity", {"measure": measure, "data": "objects"}) for measure in (
            "passes", "heatmap", "critical_band", "attacks",
        )),
    ],
)  # fmt: skip
def test_a_control_shows_its_value_where_the_browser_was_not_told_of_it(opened, page, more):
    parameters = opened(page).session_state["link_parameters"]
    address = {
        key: parameter.write(value)
        for key, parameter in parameters.items()
        if (value := another(key, parameter)) is not None
    }
    app = opened(page, **{**address, "unit": "degree", **more})
    assert [word.value for word in app.warning if "link" in word.value] == []
    fine(app.run())
    drawn = [one for one in controls(app) if one.key in parameters]
    assert len(drawn) > 3
    for control in drawn:
        value = app.session_state[control.key]
        shown = first_shown(control)
        if control.type in ("selectbox", "radio", "multiselect", "button_group"):
            several = isinstance(shown, list)
            chosen = value if isinstance(value, list) else [value]
            words = [control.format_func(one) for one in chosen]
            assert (shown if several else [shown]) == [str(word) for word in words], control.key
        else:
            assert shown == ([value] if control.type == "slider" else value), control.key


def held():
    """Be a page without controls, whose values come as a browser sends them."""
    import streamlit as st

    from blurlab.ui import link, pictures, shell
    from blurlab.ui.hybrid import controls

    parameters = shell.SHARED | controls.PARAMETERS | pictures.parameters("low", "object:fish", 22)
    link.restore(parameters)
    if "sent" in st.session_state:  # to a panel that is drawn alone
        st.session_state.update(st.session_state.pop("sent"))
        link.refill()
    link.write(parameters)


@pytest.mark.parametrize(
    "sent", [None, "gaussian'", 7.5, ["ideal"], {"x": 1}, "x" * 100_000], ids=lambda e: str(e)[:9]
)
@pytest.mark.parametrize("whole", [True, False], ids=["page", "panel"])
def test_a_value_that_cannot_be_leaves_the_last_one(sent, whole):
    app = AppTest.from_function(held, default_timeout=60)
    address = {"filter": "ideal", "low": "object:cup", "unit": "pixel", "separate": "1"}
    app.query_params.update(address)
    fine(app.run())
    before = {key: app.session_state[key] for key in address}
    if whole:
        for key in address:
            app.session_state[key] = sent
    else:
        app.session_state["sent"] = dict.fromkeys(address, sent)
    fine(app.run())
    assert {key: app.session_state[key] for key in address} == before
    assert app.query_params == address


def test_a_number_is_held_to_its_range_wherever_it_comes_from():
    steps = link.number(1, 60, 20)
    allowed = [value for value in (1, 60, 30.0, 0, 61, 1e9, 1.5, "20", None) if steps.allows(value)]
    assert allowed == [1, 60, 30.0]
