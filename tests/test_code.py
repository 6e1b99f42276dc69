"""The commands and the Python lines that pages show give the numbers that they show."""

import ast
import json
import re
import shlex

import pytest
from opening import button, ended, fed, needs_models, until
from test_audience import played
from test_pages import settled
from test_sensitivity_page import numbers_of

from blurlab.__main__ import main
from blurlab.networks import store
from blurlab.people import quest
from blurlab.training import live
from blurlab.ui import files
from blurlab.ui.audience.room import Room
from blurlab.ui.audience.view import SCRIPT
from blurlab.ui.compare import report
from blurlab.ui.you import code

pytestmark = needs_models
TWO = "objects_base,objects_blur2"
FISH = {"picture": "object:fish", "models": TWO}
FOG = {
    "compared": "objects", "unit": "nyquist", "up": report.ONE, "under": "fog",
    "under_severity": "2",
}  # fmt: skip
NEAR = 1e-4
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?")


def python(app):
    return [each.value for each in app.code if each.language == "python"]


def commands(app):
    """Return the command lines of a page, split as a shell does, without what starts them."""
    lines = [
        line for each in app.code if each.language == "bash" for line in each.value.split("\n")
    ]
    return [shlex.split(line)[3:] for line in lines]


def unused(lines):
    """Return the names that lines import and do nothing with."""
    nodes = list(ast.walk(ast.parse(lines)))
    imported = [each for each in nodes if isinstance(each, ast.Import | ast.ImportFrom)]
    names = {name.name for each in imported for name in each.names}
    return names - {each.id for each in nodes if isinstance(each, ast.Name)}


def traces(app, which=0):
    return json.loads(app.get("plotly_chart")[which].proto.spec)["data"]


def of_curves(app):
    """Return the numbers that a page's figure holds, with and without an interval."""
    return [y for trace in traces(app) for y in numbers_of(trace["y"]) if y is not None]


def of_points(app):
    return of_curves(app) + [x for trace in traces(app) for x in numbers_of(trace["x"])]


def of_intervals(app):
    return [trace["x"][0] for trace in traces(app) if "error_x" in trace]


def of_stage(app):
    cutoff = fed(app, "settings")["cutoff"]
    said = fed(app, "answers").values()
    return [p for each in said for p in each["probabilities"][each["cutoffs"].index(cutoff)]]


def of_frames(app):
    place, said = fed(app, "settings")["position"], fed(app, "answers")["answers"].values()
    return [p for each in said for p in each["probabilities"][int(place)]]


def of_table(app):
    """Return the last rows of a page's table, a row a network."""
    return app.dataframe[0].value["probability"].tolist()[-2:]


def of_defence(app):
    found = app.dataframe[0].value
    return found[found["blur"] == 1.0]["probability"].tolist() if len(found) else []


def of_texts(app):
    """Return the shares in a page's table, written to a tenth of a percent."""
    words = app.dataframe[0].value.iloc[:, 1:].to_numpy().flatten()
    return [float(each.removesuffix("%")) / 100 for each in words]


def of_cards(app):
    cards = " ".join(html.proto.body for html in app.get("html"))
    return [float(each) / 100 for each in re.findall(r"([\d.]+)% right", cards)]


def framed(app):
    until(app, lambda: all(p is not None for p in of_answers(app)))


def of_answers(app):
    return [p for each in fed(app, "answers")["answers"].values() for p in each["probabilities"]]


def at_once(app):
    return app


def swept(app):
    until(app, lambda: len(app.dataframe) and len(of_defence(app)) == 2)


def learned(app):
    button(app, "Start").click().run()
    until(app, lambda: any(each.label == "Start again" for each in app.button))


@pytest.fixture
def short(monkeypatch, tmp_path):
    """Lessons of few steps, and a folder for the files that lines write."""
    for name, count in {"STEPS": 1, "FIRST": 8, "MORE": 8, "ASKED": 20}.items():
        monkeypatch.setattr(live, name, count)
    monkeypatch.chdir(tmp_path)


# page -> (its address, what waits for it, the numbers that it shows, which of its lines, how near).
PAGES = {
    "home": ({"scene": "objects", "models": TWO}, settled, of_stage, 0, NEAR),
    "hybrid": ({"cutoff": "11.3", "models": TWO}, settled, of_stage, 0, NEAR),
    "blur": (FISH | {"sigma": "1"}, swept, of_defence, 0, NEAR),
    "attacks": (FISH | {"attack_steps": "2"}, ended, of_table, 0, NEAR),
    "corruptions": (FISH | {"corruption": "fog"}, framed, of_frames, 0, NEAR),
    "corruptions, accuracy": (FISH, at_once, of_texts, 1, 5.1e-4),
    "sensitivity": ({"measure": "hybrids", "models": TWO}, at_once, of_curves, 0, NEAR),
    "compare": ({"compared": "objects", "unit": "nyquist"}, at_once, of_points, 0, NEAR),
    "compare, one": (FOG, at_once, of_points, 0, NEAR),
    "train": ({}, learned, of_curves, 0, NEAR),
    "you": ({"trials": "mROlNlNl", "models": TWO}, at_once, of_intervals, 0, NEAR),
    "models": ({}, at_once, of_cards, 0, 5.1e-4),
}


@pytest.mark.parametrize("page", PAGES)
def test_the_python_lines_print_the_numbers_that_the_page_shows(opened, page, short, capsys):
    address, wait, shown, which, near = PAGES[page]
    app = opened(page.partition(",")[0], **address)
    wait(app)
    capsys.readouterr()
    lines = python(app)[which]
    exec(compile(lines, page, "exec"), {})
    printed = [float(each) for each in NUMBER.findall(capsys.readouterr().out)]
    wanted = shown(app)
    assert len(wanted) > 1
    for value in wanted:
        assert min(abs(value - each) for each in printed) < near, value
    assert files.CODE in [each.label for each in (*app.expander, *app.tabs)]
    assert unused(lines) == set()


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("hybrid", {"cutoff": "11.3", "separate": "1"}),
        ("corruptions", FISH | {"corruption": "spatter", "seed": "3"}),
    ],
)
def test_the_commands_give_the_answers_of_the_page(opened, page, address, short, capsys):
    app = opened(page, **({"models": TWO} | address))
    (settled if page == "hybrid" else framed)(app)
    making, asking = commands(app)[:2]
    assert main(making) == 0
    capsys.readouterr()
    assert main([*asking, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    printed = [each["probability"] for name in TWO.split(",") for each in found[name]]
    # `predict` rounds the picture that a network sees to 8 bits, as measures do.
    shown = of_stage(app) if page == "hybrid" else of_frames(app)
    assert printed == pytest.approx(shown[: len(printed)], abs=1e-3)


def test_what_no_command_does_is_said(opened):
    app = opened("hybrid", far="1", models=TWO)
    settled(app)
    assert commands(app) == []
    assert any("No command does this" in each.value for each in app.caption)


@pytest.mark.parametrize("page", ["compare", "models"])
def test_the_commands_of_kept_numbers_run(opened, page, capsys):
    app = opened(page, models=TWO, compared="objects")
    capsys.readouterr()
    for line in commands(app):
        assert main(line) == 0
    assert store.card("objects_base")["name"] in capsys.readouterr().out


def test_the_lines_of_an_audience_find_its_reverse_frequency(short, capsys):
    room = Room()
    room.steer("open")
    played(room, 4)
    with open("audience.csv", "w") as file:
        file.write(room.written())
    exec(SCRIPT, {})
    printed = [float(each) for each in NUMBER.findall(capsys.readouterr().out)]
    assert printed == pytest.approx(list(quest.reverse_frequency(room.belief)), rel=1e-6)


def test_trials_that_do_not_count_are_no_part_of_the_lines():
    lines = code.script([], "objects", 3, [(4, True), None, (9, False)])
    space = {}
    exec(lines, space)
    assert [(step, coarse) for step, _, _, coarse in space["trials"]] == [(4, True), (9, False)]
