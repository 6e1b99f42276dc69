"""A measure is one row: it is measured, drawn, tabled and compared with nothing else written."""

import json
from pathlib import Path

import pytest
import tiny
import torch
from opening import button, fine, labels, needs_models
from test_sensitivity_page import figure, finished, numbers_of

from blurlab import places
from blurlab.__main__ import main
from blurlab.claims import compare
from blurlab.claims.table import claims
from blurlab.commands.measures import listed
from blurlab.data import sources
from blurlab.knobs import Knob
from blurlab.measures import keeping, measuring
from blurlab.measures.figure import Curves, Scale, Series
from blurlab.measures.row import Measure, Number
from blurlab.measures.table import MEASURES
from blurlab.networks import store
from blurlab.statistics import share
from blurlab.ui.sensitivity import job as measures_job

ROOT = Path(__file__).parents[1]
NAME = "objects_blur2"


# ---- The one file -----------------------------------------------------------------------------


@torch.no_grad()
def tally(network, batch, settings):
    """Count the right answers, by contrast."""
    around = {"grey": 0.5, "black": 0.0}[settings["around"]]
    faint = [contrast * (batch.images - around) + around for contrast in settings["contrasts"]]
    return {"right": torch.stack([(network(f).argmax(-1) == batch.labels).sum() for f in faint])}


def estimate(summed, settings):
    """Return the accuracy at each contrast."""
    pictures = int(summed["pictures"])
    accuracy = [share(int(count), pictures) for count in summed["right"]]
    return {"contrasts": settings["contrasts"], "accuracy": accuracy}


def draw(numbers):
    """Draw the accuracy against the contrast."""
    curve = Series(numbers["contrasts"], numbers["accuracy"])
    return (Curves(Scale("contrast", log=True), Scale("accuracy", "share"), [curve]),)


def told(numbers):
    """Tell the accuracy at the lowest contrast."""
    lowest = numbers["contrasts"][0]
    return [Number(f"accuracy, contrast of {lowest:g}", numbers["accuracy"][0], "share")]


CONTRAST = Measure(
    "faint",
    "Contrast",
    "Accuracy on pictures of less contrast.",
    tally,
    estimate,
    draw,
    "**The further left a model holds out, the less contrast it needs.**",
    summary=told,
    compared=told,
    knobs=(
        Knob("contrasts", "Contrasts", [0.1, 0.5, 1], low=0, high=1, above=True),
        Knob(
            "around", "Faded to", "grey",
            choices={"grey": "Grey", "black": "Black"}, offered={"grey": "Grey", "black": "Black"},
        ),
    ),
)  # fmt: skip


# ---- What follows from it ---------------------------------------------------------------------


@pytest.fixture(autouse=True)
def row(monkeypatch, tmp_path):
    """Add the row, and keep what is measured apart."""
    monkeypatch.setitem(MEASURES, CONTRAST.name, CONTRAST)
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path / "results"))


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """One untrained tiny model, and a folder of six pictures to work beside."""
    (tmp_path / "models").mkdir()
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    tiny.write_folders(tmp_path / "folder", 6)
    return tiny.install(tmp_path / "models")


def measured(count=8, **changed):
    """Return the core's estimate of the model that ships."""
    source = measures_job.source("objects", store.card(NAME)["recipe"]["input_size"])
    work = measuring.plan(NAME, "faint", source, changed, count=count)
    *_, last = measuring.measure(work)
    return measuring.estimate(work, last.summed)


def test_it_is_measured_and_kept(installed):
    work = measuring.plan("tiny", "faint", sources.find("folder", 32), {"contrasts": [0.5]})
    first, again = ([*measuring.measure(work)][-1] for _ in range(2))
    assert int(first.summed["pictures"]) == 6
    assert torch.equal(first.summed["right"], again.summed["right"])
    assert keeping.kept(work)


def test_the_command_measures_it_checks_its_knobs_and_lists_them(installed, capsys):
    asked = ["measure", "faint", "--model", "tiny", "--data", "folder"]
    assert main([*asked, "--set", "contrasts=[0.2, 1]", "--json", "out.json"]) == 0
    assert capsys.readouterr().out.startswith("Contrast: folder/")
    (written,) = json.loads(Path("out.json").read_text())
    assert written["settings"] == {"contrasts": [0.2, 1], "around": "grey"}
    assert len(written["estimate"]["accuracy"]) == 2
    assert main([*asked, "--set", "contrasts=[0, 1]"]) == 2
    assert "contrasts is [0, 1]; it must be ascending numbers, above 0" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        main(["measure", "--list"])
    assert stop.value.code == 0
    assert CONTRAST.explanation in capsys.readouterr().out.splitlines()[-1]


@needs_models
def test_the_page_measures_draws_and_tables_it(opened):
    app = opened("sensitivity", measure="faint", data="objects", n="8", models=NAME)
    finished(fine(button(app, "Measure").click().run()))
    found = measured()
    drawn = figure(app)
    assert numbers_of(drawn["data"][0]["y"]) == [each.value for each in found["accuracy"]]
    assert numbers_of(drawn["data"][0]["x"]) == [0.1, 0.5, 1]
    assert drawn["layout"]["xaxis"]["title"]["text"] == "contrast"
    (line,) = app.dataframe[0].value.to_dict("records")
    assert line["accuracy, contrast of 0.1"].startswith(f"{found['accuracy'][0].value:.1%} [")
    assert CONTRAST.seen in [each.value for each in app.caption]


@needs_models
def test_its_control_is_in_the_address_and_in_the_lines_to_take_away(opened):
    measured(6, around="black")
    address = {"measure": "faint", "data": "objects", "n": "6", "models": NAME}
    app = opened("sensitivity", faint_around="black", **address)
    assert app.get("plotly_chart")
    assert "Measure" not in labels(app)
    assert "--set around=black" in app.code[0].value
    fine(app.selectbox(key="faint_around").set_value("grey").run())
    assert "faint_around" not in app.query_params
    assert "Measure" in labels(app)


@needs_models
def test_compare_gives_its_number_beside_the_others(opened):
    found = measured(count=50)["accuracy"][0]
    app = opened("compare", compared="objects", models=NAME)
    tables = [each.value.to_dict("records") for each in app.dataframe]
    (line,) = next(table for table in tables if "network" in table[0])
    assert line["accuracy, contrast of 0.1"].startswith(f"{found.value:.1%} [")
    assert line["f_rev (cycles/image)"] != "not measured"
    (up,) = [box for box in app.selectbox if box.key == "up"]
    assert "accuracy, contrast of 0.1" in up.options


@needs_models
def test_nothing_that_ships_is_changed_by_it(opened, monkeypatch):
    pair = store.pair("objects")

    def found():
        told = [(each.quantity, each.found, each.verdict) for each in claims(*pair, "objects")]
        return [compare.kept(name, "objects") for name in pair], told

    with_it = found()
    opened("compare", compared="objects")
    monkeypatch.delitem(MEASURES, "faint")
    without = found()
    assert str(with_it) == str(without)  # some estimates are not numbers
    assert len(without[0][0]) == len(MEASURES)


# ---- The table of the documentation -----------------------------------------------------------


def test_the_documented_table_is_that_of_the_rows(monkeypatch):
    monkeypatch.delitem(MEASURES, "faint")
    text = (ROOT / "docs" / "measures.md").read_text()
    assert [line for line in text.splitlines() if line.startswith("|")] == listed()
