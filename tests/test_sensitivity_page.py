"""The pages that measure and compare: what they show is what the core measures and keeps."""

import json
import threading
import time
from dataclasses import replace

import pytest
import tiny
from opening import button, fine, labels, needs_models, said, until

from blurlab import places
from blurlab.claims import compare
from blurlab.data import sets
from blurlab.measures import keeping, measuring
from blurlab.measures.measuring import Running
from blurlab.measures.table import MEASURES
from blurlab.networks import store
from blurlab.ui import jobs, palette, show
from blurlab.ui.models import folder
from blurlab.ui.sensitivity import figures
from blurlab.ui.sensitivity import job as measures_job
from blurlab.ui.sensitivity.figures import Axis

NAME = "objects_blur2"
SHIPPED = places.SHIPPED_RESULTS
FEW = {"data": "objects", "n": "8", "models": NAME}

pytestmark = needs_models


@pytest.fixture(autouse=True, scope="module")
def few_objects():
    """Draw fewer objects for validation than there are, which takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sets.OBJECTS_COUNT, "val", 400)
        measures_job.source.cache_clear()
        yield
    measures_job.source.cache_clear()


@pytest.fixture(autouse=True)
def own_results(tmp_path, monkeypatch):
    """Keep what these tests measure apart, and begin with nothing, shipped or measured."""
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path / "results"))
    monkeypatch.setattr(places, "SHIPPED_RESULTS", tmp_path / "shipped")


def finished(app):
    """Run the page until its measure has ended."""
    return until(app, lambda: "Pause" not in labels(app))


def work_of(measure, count=8, **changed):
    size = store.card(NAME)["recipe"]["input_size"]
    return measuring.plan(NAME, measure, measures_job.source("objects", size), changed, count=count)


def measured(measure, count=8, **changed):
    """Return the core's estimate of the model on the same pictures."""
    work = work_of(measure, count, **changed)
    *_, last = measuring.measure(work)
    return measuring.estimate(work, last.summed)


def figure(app):
    (found,) = app.get("plotly_chart")
    return json.loads(found.proto.spec)


def numbers_of(values):
    """Read a trace's numbers, which plotly may have packed."""
    if isinstance(values, dict):
        import base64

        import numpy as np

        return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"]).tolist()
    return values


def test_a_measure_runs_in_the_page_and_says_what_the_core_says(opened):
    app = opened("sensitivity", **FEW)
    assert said(app) == []
    assert not app.get("plotly_chart")
    finished(fine(button(app, "Measure").click().run()))
    found = measured("hybrids")["f_rev_nyquist"]
    (row,) = app.dataframe[0].value.to_dict("records")
    (written,) = [text for label, text in row.items() if label.startswith("f_rev")]
    nyquist = store.card(NAME)["recipe"]["input_size"] / 2
    assert written == "{:.3g} [{:.3g}, {:.3g}]".format(*(nyquist * end for end in found))
    assert row["pictures"] == 8
    curve = figure(app)["data"][0]
    expected = [each.value for each in measured("hybrids")["difference"]]
    assert numbers_of(curve["y"]) == pytest.approx(expected)


def test_what_was_measured_is_there_at_once_and_needs_no_button(opened):
    measured("attacks")
    app = opened("sensitivity", measure="attacks", **FEW)
    assert app.get("plotly_chart")
    assert not {"Measure", "Continue", "Pause"} & set(labels(app))


def test_a_measure_over_fewer_pictures_is_continued(opened):
    measured("hybrids", count=50)
    app = opened("sensitivity", measure="hybrids", **FEW | {"n": "100"})
    assert "Continue" in labels(app)


def test_a_long_measure_can_be_paused_resumed_and_cancelled_within_a_second(opened):
    app = opened("sensitivity", measure="critical_band", **FEW | {"n": "0"})
    fine(button(app, "Measure").click().run())
    size = store.card(NAME)["recipe"]["input_size"]
    work = measuring.plan(NAME, "critical_band", measures_job.source("objects", size))
    key = measures_job.key([work])

    def becomes(state, seconds):
        end = time.monotonic() + seconds
        while jobs.find(key).state != state:
            assert time.monotonic() < end, jobs.find(key).state
            time.sleep(0.02)

    becomes("running", 60)
    time.sleep(0.5)  # into a batch, which takes longer than a pause may
    for label, state in (("Pause", "paused"), ("Resume", "running"), ("Cancel", "cancelled")):
        fine(app.run())
        fine(button(app, label).click().run())
        becomes(state, 3)  # a second on a machine with nothing else to do
    fine(app.run())
    assert {"Measure", "Continue"} & set(labels(app))


def test_what_is_kept_is_read_again_only_when_there_is_more(monkeypatch):
    measured("hybrids", count=50)
    source = measures_job.source("objects", store.card(NAME)["recipe"]["input_size"])
    work, read = measuring.plan(NAME, "hybrids", source, count=100), []
    kept = keeping.kept
    monkeypatch.setattr(keeping, "kept", lambda work: read.append(work) or kept(work))
    found = [measures_job.estimates([work], None)[NAME] for _ in range(3)]
    assert len(read) == 1
    assert all(running.pictures == 50 for running, _ in found)
    assert found[0][1] is found[2][1]
    tally = measuring.tallier(work, measuring.network(work))(1, 0, 50)
    keeping.keep(work, 1, tally)
    running, estimate = measures_job.estimates([work], None)[NAME]
    assert len(read) == 2
    assert running.pictures == 100
    assert estimate == measuring.estimate(work, running.summed) != found[0][1]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ({"data": "nowhere"}, "nowhere"),
        ({"data": "objects", "n": "100000"}, "100000"),
        ({"data": "objects", "measure": "colour"}, "measure"),
        ({"data": "objects", "n": "-3"}, "-3"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(opened, address, sentence):
    app = opened("sensitivity", **{"models": NAME} | address)
    until(app, lambda: "Cancel" not in labels(app))  # what may be a folder is checked first
    shown = [each.value for each in (*app.error, *app.warning)]
    assert len(shown) == 1
    assert sentence in shown[0].replace("\\", "")


def test_a_check_that_ends_while_the_page_looks_is_not_waited_for(opened, monkeypatch):
    check, looked = folder.checking, []

    def checking(words):
        job = check(words)
        while not job.is_over:
            time.sleep(0.01)
        looked.append(job)
        return job if len(looked) > 1 else replace(job, state="running")

    monkeypatch.setattr(folder, "checking", checking)
    app = opened("sensitivity", models=NAME, data="no_folder_here")
    (problem,) = app.error
    assert "no_folder_here" in problem.value.replace("\\", "")


def test_models_are_asked_about_their_own_classes_only(opened):
    app = opened("sensitivity", data="objects", models="imagenette_base")
    (error,) = app.error
    assert "share 0 classes" in error.value


def test_a_model_that_does_not_fit_leaves_the_others_their_result(opened, tmp_path):
    measured("hybrids")
    app = opened("sensitivity", **FEW | {"models": f"{NAME},imagenette_base"})
    (row,) = app.dataframe[0].value.to_dict("records")
    assert row["model"] == store.card(NAME)["title"]
    (sentence,) = said(app)
    assert store.card("imagenette_base")["title"] in sentence
    assert "Objects" in sentence
    assert "imagenette_base" not in sentence + app.code[0].value
    tiny.write_folders(tmp_path / "my birds", 9)
    app = opened("sensitivity", data=str(tmp_path / "my birds"), models=f"{NAME},imagenette_base")
    until(app, lambda: "Cancel" not in labels(app))  # the folder is checked first
    (sentence,) = said(app)
    assert "my birds shows" in sentence
    assert "folder/" not in sentence
    assert "Measure" in labels(app)


def test_a_model_that_fails_on_its_way_leaves_the_others_their_result(opened, monkeypatch):
    measure = measuring.measure

    def failing(work, *given, **options):
        if work.model == "objects_base":
            raise ValueError("its weights are damaged.")
        return measure(work, *given, **options)

    monkeypatch.setattr(measuring, "measure", failing)
    app = opened("sensitivity", **FEW | {"models": f"objects_base,{NAME}"})
    finished(fine(button(app, "Measure").click().run()))
    assert [row["model"] for row in app.dataframe[0].value.to_dict("records")] == [
        store.card(NAME)["title"]
    ]
    assert said(app) == ["Its weights are damaged."]


def test_the_axes_are_there_before_the_first_picture_with_what_is_left_to_do(opened, monkeypatch):
    gate, measure = threading.Event(), measuring.measure

    def waiting(*given, **options):
        gate.wait(60)
        yield from measure(*given, **options)

    monkeypatch.setattr(measuring, "measure", waiting)
    app = opened("sensitivity", **FEW | {"n": "6"})
    fine(button(app, "Measure").click().run())
    drawn = figure(app)
    assert numbers_of(drawn["data"][0]["x"])[-1] == 64  # cycles/image
    assert set(drawn["data"][0]["y"]) == {None}
    assert "0 of 6 pictures" in progress(app)
    assert not app.dataframe
    gate.set()
    finished(app)
    assert "6 of 6 pictures" in progress(app)


def test_progress_is_that_of_each_network(opened):
    app = opened("sensitivity", **FEW | {"n": "6", "models": f"objects_base,{NAME}"})
    assert progress(app) == "0 of 6 pictures for each of 2 models"
    fine(button(app, "Measure").click().run())
    finished(app)
    assert progress(app) == "6 of 6 pictures for each of 2 models"


def progress(app):
    (bar,) = app.get("progress")
    return bar.proto.text


def test_the_rest_takes_as_long_as_the_last_steps_say():
    works = [work_of("hybrids", 100), work_of("passes", 40)]
    done = [Running(20, 100, {}), Running(10, 40, {})]
    steps = [measures_job.Step({0: done[0]}, {}, 0, 10, 2.0)]
    job = jobs.Job(iter, results=steps)
    assert measures_job.seconds_left(works, job) is None  # of the other nothing is known
    steps.append(measures_job.Step(dict(enumerate(done)), {}, 1, 10, 1.0))
    assert measures_job.seconds_left(works, job) == pytest.approx(80 * 0.2 + 30 * 0.1)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3, "10 s"), (41, "50 s"), (58, "1 min"), (170, "3 min"), (3000, "50 min"), (7300, "2 h")],
)
def test_what_is_left_is_said_as_a_person_would(seconds, words):
    assert show.time_left(seconds) == f"about {words} left"


def test_the_python_lines_on_the_page_measure_the_same(capsys):
    script = measures_job.script((NAME,), "attacks", "objects", {}, 8, 0)
    exec(compile(script, "script", "exec"), {})
    assert str(measured("attacks")["accuracy"][0].value)[:6] in capsys.readouterr().out


@pytest.mark.parametrize("measure", ["attacks", "hybrids", "passes"])
def test_a_figure_shows_every_interval_of_its_estimate(measure):
    found = measured(measure)
    axis = Axis("nyquist", 128, None)
    drawn = figures.figure(MEASURES[measure], {"a": found}, {"a": axis})
    points = sum(len(trace.y) for trace in drawn.data if trace.error_y.array is not None)
    expected = {"attacks": 4, "hybrids": 48, "passes": 32}[measure]
    assert points == expected


def test_what_was_kept_without_confidence_is_drawn_beside_what_has_it():
    found = measured("hybrids")
    before = {name: each for name, each in found.items() if "confidence" not in name}
    axis = Axis("nyquist", 128, None)
    both = {"before": before, "now": found}
    drawn = figures.figure(MEASURES["hybrids"], both, dict.fromkeys(both, axis))
    panels = {title: {t.xaxis for t in drawn.data if t.name == title} for title in both}
    assert panels == {"before": {"x"}, "now": {"x", "x2"}}
    assert drawn.layout.yaxis2.title.text == "mean confidence"
    assert drawn.layout.yaxis.range != drawn.layout.yaxis2.range


def test_the_axis_is_in_the_unit_of_the_sidebar():
    found = measured("hybrids")
    for unit, last in (("nyquist", 1), ("image", 64), ("pixel", 0.5)):
        drawn = figures.figure(MEASURES["hybrids"], {"a": found}, {"a": Axis(unit, 128, None)})
        assert drawn.data[0].x[-1] == pytest.approx(last)


def test_as_many_as_36_models_have_lines_of_their_own():
    assert len({tuple(palette.line(index).values()) for index in range(36)}) == 36


def test_what_ships_of_photographs_is_shown_where_these_are_not(opened, tmp_path, monkeypatch):
    monkeypatch.setenv("BLURLAB_DATA", str(tmp_path))
    monkeypatch.setattr(places, "SHIPPED_RESULTS", SHIPPED)
    measures_job.source.cache_clear()
    app = opened("sensitivity", data="imagenette", measure="hybrids", models="imagenette_base")
    assert not app.error
    assert any("Only what is kept can be shown" in note.value for note in app.caption)
    (chart,) = app.get("plotly_chart")
    expected = compare.kept("imagenette_base", "imagenette", ("hybrids",))["hybrids"][1]
    curve = json.loads(chart.proto.spec)["data"][0]["y"]
    assert numbers_of(curve) == pytest.approx([each.value for each in expected["difference"]])
    measures_job.source.cache_clear()


def test_the_settings_of_the_paper_can_be_chosen_for_measures_that_it_has(opened, monkeypatch):
    asked = []
    plan = measures_job.plan

    def planned(names, measure, data, changed, *rest):
        asked.append(changed)
        return plan(names, measure, data, changed, *rest)

    monkeypatch.setattr(measures_job, "plan", planned)
    app = fine(opened("sensitivity", measure="perturbation", protocol="paper", **FEW))
    assert asked[-1] == MEASURES["perturbation"].paper
    assert app.selectbox(key="search").disabled  # it is the paper's
    fine(app.selectbox(key="protocol").set_value("ours").run())
    assert asked[-1] == {}
    app = fine(opened("sensitivity", measure="mask", protocol="paper", **FEW))
    assert app.selectbox(key="protocol").disabled
    assert asked[-1] == {}
