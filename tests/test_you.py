"""You vs the models: a game is dealt, played, counted, shown beside networks, and taken home."""

import json
import math
from io import BytesIO

import pytest
import torch
from opening import button, components, fed, fine, labels, needs_models, said
from PIL import Image
from test_pages import pixels

from blurlab import public
from blurlab.filters.hybrid import hybrid
from blurlab.networks import store, worded
from blurlab.people import finished, quest
from blurlab.people.quest import CUTOFFS
from blurlab.statistics import Interval
from blurlab.ui import cache, files, languages, owner, shell
from blurlab.ui.audience import room
from blurlab.ui.you import card, deck, figure, game, networks, people, players

SEEN = {"shown": 200.0, "frame": 16.7, "dropped": 0, "answered": 700.0}
SENT = SEEN | {"waited": 0.0, "reply": 90.0, "side": 425.0}


def answered(app, coarse, **more):
    """Answer the trial that a page has dealt, as the browser does."""
    (dealt,) = components(app, "blurlab_game")
    state = app.session_state
    before = (state["you_game"] if "you_game" in state else {}).get("trials") or {}  # noqa: SIM401
    records = before.get("records", []) if before.get("game") == dealt["game"] else []
    record = {"n": len(records), "cutoff": fed(app, "course")["cutoff"], "coarse": coarse}
    sent = {"game": dealt["game"], "records": [*records, record | SENT | more]}
    state["you_game"] = {"trials": sent}
    return fine(app.run())


def played(app, threshold=9.0, count=8):
    for _ in range(count):
        app = answered(app, fed(app, "course")["cutoff"] >= threshold)
    return app


def drawn(app):
    (found,) = app.get("plotly_chart")
    return json.loads(found.proto.spec)


# ---- The page ---------------------------------------------------------------------------------


@needs_models
def test_a_game_comes_with_the_pictures_of_its_first_trials_and_the_cutoffs_after_them(opened):
    app = opened("you")
    (drawn,) = components(app, "blurlab_game")
    course = fed(app, "course")
    assert (course["n"], course["cutoff"], course["game"]) == (0, 8.0, drawn["game"])
    for number in range(game.AHEAD):
        dealt, trial = fed(app, f"trial{number}"), deck.trial("objects", drawn["game"], number)
        assert dealt["n"] == number
        assert dealt["right" if dealt["coarseRight"] else "left"] == trial.coarse.name
        assert {dealt["left"], dealt["right"]} == {trial.coarse.name, trial.fine.name}
        for side, choice in (("low", trial.coarse), ("high", trial.fine)):
            assert (pixels(dealt[side]) - cache.picture(choice)).abs().max() < 1 / 255
    for coarse in (True, False):
        told = fed(app, "course")["ahead"]["coarse" if coarse else "fine"]
        app = answered(app, coarse)
        assert fed(app, "course")["cutoff"] == told


@needs_models
def test_a_taste_ends_in_a_result_beside_the_networks_that_its_address_restores(opened, crowd):
    app = opened("you")
    seed = components(app, "blurlab_game")[0]["game"]
    app = played(app)
    assert app.query_params["game_seed"] == str(seed)
    answers = deck.read(app.query_params["trials"])
    assert len(answers) == 8
    value = quest.reverse_frequency(quest.posterior(answers)).value
    assert f"{value:.2g} cycles/image" in app.subheader[0].value
    assert value == pytest.approx(9.0, rel=0.15)
    (headline,) = [each.value for each in app.markdown if "On the same trials" in each.value]
    assert "σ\u00a0=\u00a02\u00a0px" in headline
    names = {trace.get("name") for trace in drawn(app)["data"]}
    assert {"You", *(cache.title(name) for name in shell.fitting("objects"))} <= names
    assert said(app) == []
    address = {key: app.query_params[key] for key in ("game_seed", "trials")}
    again = opened("you", **address)
    assert again.subheader[0].value == app.subheader[0].value
    assert drawn(again)["data"] == drawn(app)["data"]
    # Who has played here can be one of the people so far, once; who has an address alone cannot.
    assert crowd.so_far() == []
    assert ADD not in labels(again)
    fine(button(app, ADD).click().run())
    (kept,) = crowd.so_far()
    assert kept == ("objects", quest.reverse_frequency(quest.posterior(answers)))
    assert dots(app) == dots(fine(again.run())) == [pytest.approx(value)]
    assert ADD not in labels(app)
    fine(button(app, "Play again").click().run())
    assert ADD not in labels(app)


@needs_models
def test_playing_again_deals_other_pictures(opened):
    app = opened("you", game_seed="5", trials="mROlNlNl")
    (again,) = [each for each in app.button if each.label == "Play again"]
    fine(again.click().run())
    assert "trials" not in app.query_params
    assert components(app, "blurlab_game")[0]["game"] != 5
    first = components(app, "blurlab_game")[0]["game"]
    fine(app.number_input(key="shown_ms").set_value(100).run())
    (drawn,) = components(app, "blurlab_game")
    assert drawn["asked"] == 100
    assert drawn["game"] != first


@needs_models
def test_a_number_ends_once_it_is_precise(opened, monkeypatch):
    monkeypatch.setitem(quest.GAMES, "number", quest.Game(40, 1.0))
    app = opened("you", game="number")
    while "trials" not in app.query_params:
        app = answered(app, fed(app, "course")["cutoff"] >= 9.0)
    answers = deck.read(app.query_params["trials"])
    assert 4 < len(answers) < 40
    octaves = [quest.octaves(quest.posterior(each)).item() for each in (answers[:-1], answers)]
    assert octaves[0] > 1.0 >= octaves[1]


@needs_models
def test_a_trial_that_was_seen_for_too_long_does_not_count_and_a_late_frame_marks_it(opened):
    app = opened("you")
    before = fed(app, "course")["cutoff"]
    app = answered(app, True, shown=450.0)
    assert fed(app, "course")["cutoff"] == before
    assert fed(app, "course")["n"] == 1
    app = answered(app, False, shown=217.0, dropped=1)
    app = played(app, count=7)
    answers = deck.read(app.query_params["trials"])
    assert answers[0] is None
    assert len(answers) == 9
    (times,) = [each.value for each in app.caption if "median" in each.value]
    assert "2 of 9 trials are marked" in times
    assert "1 did not count" in times


@needs_models
@pytest.mark.parametrize(
    "sent",
    [
        "x", 7, {}, {"game": 1}, {"game": None, "records": 3}, {"game": "own", "records": 3},
        {"game": "own", "records": [{}]}, {"game": "own", "records": ["x"]},
        {"game": "own", "records": [SENT | {"cutoff": "x", "coarse": True}]},
        {"game": "own", "records": [SENT | {"cutoff": 8, "coarse": 1, "shown": float("nan")}]},
        {"game": "own", "records": [SENT | {"cutoff": 8, "coarse": 1, "dropped": 1e999}]},
    ],
    ids=str,
)  # fmt: skip
def test_what_a_browser_cannot_have_seen_changes_nothing(opened, sent):
    app = opened("you")
    own = components(app, "blurlab_game")[0]["game"]
    if isinstance(sent, dict) and sent.get("game") == "own":
        sent = sent | {"game": own}
    app.session_state["you_game"] = {"trials": sent}
    fine(app.run())
    assert fed(app, "course")["n"] == 0


@needs_models
def test_a_game_that_the_browser_has_kept_goes_on_and_choices_rest_until_it_is_over(opened):
    app = opened("you")
    (dealt,) = components(app, "blurlab_game")
    record = SENT | {"cutoff": 8.0, "coarse": True}
    kept = {"game": 7, "of": dealt["of"], "records": [record] * 3}
    app.session_state["you_game"] = {"trials": kept}
    fine(app.run())
    assert components(app, "blurlab_game")[0]["game"] == 7
    assert fed(app, "course")["n"] == 3
    assert app.number_input(key="shown_ms").disabled
    app = played(app, count=5)
    assert app.query_params["game_seed"] == "7"
    assert deck.read(app.query_params["trials"])[:3] == [(12, True)] * 3
    assert not app.number_input(key="shown_ms").disabled
    fine(button(app, "Play again").click().run())
    app.session_state["you_game"] = {"trials": kept}  # of which nobody asked to go on
    fine(app.run())
    assert fed(app, "course")["n"] == 0


@needs_models
@pytest.mark.parametrize(
    "other",
    [{"game": -1}, {"game": 2**31}, {"game": True}, {"game": "7"}, {"of": "objects 100"},
     {"of": None}, {"records": []}, {"records": "x"}],
    ids=str,
)  # fmt: skip
def test_a_kept_game_that_cannot_be_is_not_taken_up(opened, other):
    app = opened("you")
    (dealt,) = components(app, "blurlab_game")
    kept = {"game": 7, "of": dealt["of"], "records": [SENT | {"cutoff": 8.0, "coarse": True}]}
    app.session_state["you_game"] = {"trials": kept | other}
    fine(app.run())
    assert components(app, "blurlab_game")[0]["game"] == dealt["game"]
    assert fed(app, "course")["n"] == 0


@needs_models
def test_a_measured_screen_adds_cycles_per_degree(opened):
    app = opened("you", game_seed="5", trials="mROlNlNl")
    assert "xaxis2" not in drawn(app)["layout"]
    width = 5.398 * 425 / 204
    app = opened("you", game_seed="5", trials="mROlNlNl", you_width=f"{width:.2f}")
    degrees = width / 57 * 57.3  # of a small angle, at 57 cm
    low, high = drawn(app)["layout"]["xaxis2"]["range"]
    assert 10**low == pytest.approx(1 / degrees, rel=0.01)
    assert 10**high == pytest.approx(64 / degrees, rel=0.01)
    assert any("cycles/degree" in each.value for each in app.markdown)


@needs_models
def test_the_screen_of_whoever_made_a_link_is_not_taken_for_ones_own(opened):
    shown = {"game_seed": "960968180", "trials": "mruwwXVU", "you_width": "10.72"}
    app = opened("you", distance="38", **shown)
    result = app.subheader[0].value, drawn(app)["data"]
    assert app.session_state["you_width"] == 10.72  # of the result that the link shows
    app.session_state["you_card"] = 204.0
    app.session_state["distance"] = 61.0
    fine(app.run())
    assert (app.subheader[0].value, drawn(app)["data"]) == result
    assert not any("The picture is" in each.value for each in app.caption)
    fine(button(app, "Play again").click().run())
    assert app.session_state["you_width"] == pytest.approx(5.398 * 425 / 204, abs=0.01)
    assert app.session_state["distance"] == 61
    assert any("The picture is 11.2 cm wide" in each.value for each in app.caption)


@needs_models
def test_a_links_distance_goes_with_its_result(opened):
    app = opened("you", distance="38", game_seed="5", trials="mruwwXVU", you_width="10.72")
    fine(button(app, "Play again").click().run())
    assert app.session_state["you_width"] == 0
    assert app.session_state["distance"] == 57
    assert set(app.query_params) <= {"game_seed"}
    app = played(app)
    assert not any("For your eye" in each.value for each in app.markdown)


@needs_models
def test_a_network_that_does_not_know_the_pictures_does_not_play(opened):
    if "imagenette_base" not in store.names():
        pytest.skip("it is not installed")
    models = "objects_base,imagenette_base"
    app = opened("you", game_seed="5", trials="mROlNlNl", models=models)
    assert [cache.title("imagenette_base") in each for each in said(app)] == [True]
    names = {trace.get("name") for trace in drawn(app)["data"]}
    assert cache.title("imagenette_base") not in names


# ---- The people so far ------------------------------------------------------------------------

ADD = "Add mine to the people so far"


@pytest.fixture
def crowd(monkeypatch):
    """Put nobody in the place of the server's people."""
    made = finished.People()
    monkeypatch.setattr(people, "PEOPLE", made)
    return made


def dots(app):
    """Return where the dots of other people are on the page's figure, cycles/image."""
    traces = [each for each in drawn(app)["data"] if each.get("name") == "people so far"]
    for each in traces:  # which stand in piles
        assert each["x"] == pytest.approx([value for value, *_ in each["customdata"]], rel=0.03)
    return [value for each in traces for value, *_ in each["customdata"]]


def filled(crowd, *values, name="objects"):
    for value in values:
        crowd.add(finished.Finished(name, Interval(value, value / 2, value * 2)))


def test_the_newest_people_are_kept_in_no_order_of_coming(crowd):
    filled(crowd, *range(finished.MOST + 10, 0, -1))
    assert [each.f_rev.value for each in crowd.so_far()] == list(range(1, finished.MOST + 1))
    crowd.forget()
    assert crowd.so_far() == []


@needs_models
def test_people_who_saw_the_same_kind_of_pictures_are_dots_beside_the_networks(opened, crowd):
    filled(crowd, 9.0, 8.0, 8.01)
    filled(crowd, 20.0, name="imagenette")
    app = opened("you", game_seed="5", trials="mROlNlNl")
    assert dots(app) == [8.0, 8.01, 9.0]
    assert any("3 people" in each.value and "8 cycles" in each.value for each in app.caption)


def test_people_are_piled_up_below_the_curves():
    you = players.played("You", [(12, True), (8, False)])
    for count in (1, 3, 1000):
        made = figure.figure([you], None, people=[Interval(8.0, 6.0, 11.0)] * count)
        (heights,) = [trace.y for trace in made.data if trace.name == "people so far"]
        assert len(set(heights)) == count
        assert made.layout.yaxis.range[0] < min(heights) <= max(heights) < 0
        assert made.layout.yaxis.range[0] > -0.5


@needs_models
def test_the_owner_alone_saves_and_clears_them(opened, crowd, monkeypatch):
    filled(crowd, 8.0)
    forget = "Forget 1 for good"
    assert forget not in labels(opened("you"))
    monkeypatch.setattr(owner, "is_here", lambda: True)
    assert forget in labels(opened("you"))
    monkeypatch.setenv(public.VARIABLE, "1")
    assert forget not in labels(opened("you"))
    app = opened("audience", room_key=room.KEY)
    fine(app.switch_page("pages/you.py").run())
    assert room.KEY not in str(app.query_params)  # a result's address is passed on
    fine(button(app, forget).click().run())
    assert crowd.so_far() == []
    assert forget not in labels(app)


def test_people_are_written_as_numbers_alone(crowd):
    filled(crowd, 8.0)
    assert files.as_csv(people.rows(crowd.so_far())).splitlines() == [
        "deck,f_rev_cycles_per_image,low_95,high_95",
        "objects,8,4,16",
    ]


# ---- What networks answer, and what there is to take home ---------------------------------------


@needs_models
@pytest.mark.parametrize(("coarse", "side"), [(False, "above"), (True, "below")])
def test_of_answers_that_are_all_alike_only_one_end_is_known(opened, crowd, coarse, side):
    app = opened("you")
    for _ in range(8):
        app = answered(app, coarse)
    assert f"Your reverse frequency: {side}" in app.subheader[0].value
    assert any("picture every time" in text.value for text in app.markdown)
    row = app.dataframe[0].value.to_dict("records")[0]
    assert row["reverse frequency"].startswith(side)
    assert "Add mine to the people so far" not in labels(app)


def test_a_network_plays_the_very_hybrid_that_was_seen():
    name = store.pair("objects")[0]
    network, classes = worded.load(name), worded.card(name)["classes"]
    found = set()
    for index in (4, 12, 23):
        trial = deck.trial("objects", 3, index)
        low, high = (cache.picture(each)[None] for each in (trial.coarse, trial.fine))
        with torch.no_grad():
            logits = network(hybrid(low, high, CUTOFFS[index]))[0]
        coarse, fine = (classes.index(each.name) for each in (trial.coarse, trial.fine))
        expected = bool(logits[coarse] > logits[fine])
        assert networks.names_coarse(name, "objects", 3, index, index) is expected
        found.add(expected)
    assert found == {True, False}


def test_shares_of_coarse_answers_are_counted_by_cutoff():
    answers = [(12, True), (12, False), (20, True), (12, True)]
    assert players.shares(answers) == ([8.0, 32.0], [2 / 3, 1.0], [3, 1])


def test_the_figure_shows_every_player_and_the_persons_band():
    you = players.played("You", [(12, True), (8, False)])
    net = players.played("Net", [(12, False), (8, False)])
    made = figure.figure([you, net], None)
    band, *_ = made.data
    assert band.fill == "toself"
    lines = {trace.name: trace for trace in made.data if trace.mode == "lines" and trace.name}
    for each in (you, net):
        assert list(lines[each.title].y) == [point.value for point in each.curve]
    assert lines["You"].line.color == players.YOU != lines["Net"].line.color


@pytest.mark.parametrize("code", languages.names())
@pytest.mark.parametrize(
    ("width", "distance", "others"),
    [
        (1, 57, 0), (2, 120, 2), (3, 57, 2), (7.9, 28, 2), (10.72, 38, 2), (10.6, 57, 7),
        (15, 50, 9), (30, 20, 30), (60, 40, 2),
    ],
)  # fmt: skip
def test_no_words_of_the_card_lie_over_others(monkeypatch, width, distance, others, code):
    boxes = []

    def drawn(draw, at, words, size, color="", anchor="lt"):
        width, height = card._wide(words, size), card.CAPITAL * size
        left = at[0] - {"l": 0, "m": 0.5, "r": 1}[anchor[0]] * width
        top = at[1] - {"t": 0, "m": 0.5, "b": 1}[anchor[1]] * height
        boxes.append((left, top, left + width, top + height, words))

    monkeypatch.setattr(card, "_text", drawn)
    you = players.played("You", [(12, True), (8, False)])
    more = [you._replace(title="Imagenette, blur σ = 1.5 px, seed 12")] * others
    with languages.speaking(code):
        card.png([you, *more], math.degrees(2 * math.atan(width / 2 / distance)))
    assert len(boxes) > 12
    for place, one in enumerate(boxes):
        assert min(one[:2]) > 0, one[4]
        assert one[2] < card.WIDTH, one[4]
        assert one[3] < card.HEIGHT, one[4]
        for other in boxes[:place]:
            across = one[2] <= other[0] or other[2] <= one[0]
            assert across or one[3] <= other[1] or other[3] <= one[1], (one[4], other[4])


@pytest.mark.parametrize("others", [0, 2, 9])
@pytest.mark.parametrize("degrees", [None, 9.5])
def test_the_card_is_a_picture_of_every_players_curve(others, degrees):
    you = players.played("You", [(12, True), (8, False)])
    more = [players.played(f"Net σ {n}" * 9, [(12, False), (n, False)]) for n in range(others)]
    image = Image.open(BytesIO(card.png([you, *more], degrees)))
    assert image.size == (card.WIDTH, card.HEIGHT)
    colors = {color for _, color in image.getcolors(2**24)}
    for color in (players.YOU, *(players.line(n)["color"] for n in range(others))):
        assert tuple(bytes.fromhex(color[1:])) in colors
