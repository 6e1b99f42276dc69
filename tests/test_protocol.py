"""What a figure says of itself once it is saved, on every page that has one."""

import plotly.graph_objects as go
import pytest
from opening import components, ended, needs_models, until
from plotly.subplots import make_subplots

from blurlab.networks import store
from blurlab.ui import protocol

BASE = "objects_base"


def test_axes_are_named_once_with_their_units():
    figure = make_subplots(1, 2)
    figure.update_xaxes(title="frequency (cycles/image)")
    figure.update_yaxes(title="power", col=1)
    figure.update_layout(coloraxis={"colorbar": {"title": "wrong"}})
    words = "across: frequency (cycles/image); up: power; colour: wrong"
    assert protocol.axes(figure) == words
    assert protocol.axes(go.Figure()) == ""


def test_what_is_not_known_is_left_out():
    found = protocol.told("A title")
    assert set(found) == {"Title", "Software", "Cite"}


@needs_models
@pytest.mark.parametrize(
    ("page", "address", "figures", "said"),
    [
        (
            "attacks",
            {"attack_steps": "1", "picture": "object:fish"},
            2,
            {"Settings": '"attack": "pgd"'},
        ),
        ("blur", {"corruption": "fog"}, 1, {"Pictures": "object umbrella, number 22"}),
        ("corruptions", {"corruption": "fog"}, 2, {"Pictures": "objects: ", "Seed": "0"}),
        ("compare", {"compared": "objects"}, 1, {"Methods": "joined with a partner"}),
        ("sensitivity", {"measure": "passes"}, 1, {"Settings": '"objects_base": {'}),
        ("you", {"game_seed": "5", "trials": "mROlNlNl"}, 1, {"Pictures": "8 trials", "Seed": "5"}),
    ],
)
def test_every_figure_says_what_it_shows_of_what_and_how(opened, page, address, figures, said):
    def found():
        return [each["told"] for each in components(app, "blurlab_saving")]

    app = opened(page, models=BASE, **address)
    if page == "attacks":
        ended(app)
    until(app, lambda: len(found()) == figures)
    told = found()[-1]
    assert "across: " in told["Axes"]
    assert "; up: " in told["Axes"]
    assert store.card(BASE)["sha256"][:16] in told["Networks"]
    for what, words in said.items():
        assert words in told[what], what


@needs_models
def test_presenters_have_no_buttons_below_figures(opened):
    app = opened("compare", compared="objects", present="1")
    assert app.get("plotly_chart")
    assert not components(app, "blurlab_saving")
