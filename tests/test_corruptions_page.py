"""The page Corruptions runs, answers to its knobs, survives bad links, and agrees with the core."""

import json
import time

import pytest
import tiny
import torch
from opening import button, components, fed, fine, needs_models, said, slider, until

from blurlab.corruptions.corrupting import SEVERITIES, corrupt
from blurlab.corruptions.table import CORRUPTIONS
from blurlab.data import sets, sources
from blurlab.measures import spectra
from blurlab.networks import store
from blurlab.ui import cache, jobs
from blurlab.ui.corruptions import job as corrupting
from blurlab.ui.corruptions import many

FISH = cache.Choice("object", "fish", 22)

pytestmark = needs_models


@pytest.fixture
def page(opened):
    return settled(opened("corruptions"))


def settled(app):
    """Run the page until every severity has its answers."""

    def answered():
        found = fed(app, "answers")["answers"].values()
        return all(None not in answer["classes"] for answer in found)

    return until(app, answered)


def own(app):
    """Return each model's probabilities of the picture's own class, clean first."""
    return {n: said["curves"]["own"] for n, said in fed(app, "answers")["answers"].items()}


def test_the_page_shows_six_pictures_and_every_models_answers(page):
    assert said(page) == []
    assert page.query_params == {}
    (shown,) = components(page, "blurlab_frames")
    assert shown["texts"] == ["clean", "1", "2", "3", "4", "5"]
    urls = fed(page, "pictures-0-0")
    assert len(set(urls)) == 6
    assert all(len(curve) == 6 for curve in own(page).values())
    assert page.get("plotly_chart")


def test_the_answers_are_those_of_the_core(page):
    name = next(iter(own(page)))
    picture = cache.picture(FISH)[None]
    generator = torch.Generator().manual_seed(0)
    expected = store.load(name)(corrupt(picture, "motion_blur", 3, generator)).softmax(-1)[0]
    index = cache.card(name)["classes"].index("fish")
    assert own(page)[name][3] == pytest.approx(expected[index].item(), abs=1e-3)


def test_each_knob_changes_the_answer_and_the_address(page):
    before = own(page)
    fine(page.selectbox(key="corruption").set_value("fog").run())
    fog = own(settled(page))
    assert all(fog[name] != before[name] for name in before)
    fine(page.number_input(key="seed").set_value(7).run())
    assert all(own(settled(page))[name] != fog[name] for name in before)
    fine(slider(page, "severity").set_value(5.0).run())
    assert fed(page, "settings")["position"] == 5
    assert page.query_params == {"corruption": "fog", "seed": "7", "severity": "5"}


def test_bad_values_in_a_link_fall_back(opened):
    app = opened("corruptions", corruption="rain", severity="6", seed="x")
    assert len(said(app)) == 3
    assert fed(app, "settings")["position"] == 3
    assert app.selectbox(key="corruption").value == "motion_blur"


def test_the_gallery_has_every_corruption_at_every_severity(page):
    end = time.monotonic() + 300
    while not (job := corrupting.gallery(FISH, 0)).is_over:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert {(name, severity) for name, severity, *_ in job.results} == {
        (name, severity) for name in CORRUPTIONS for severity in SEVERITIES
    }
    fine(page.run())
    rows = [html.proto.body for html in page.get("html") if "<img" in html.proto.body]
    rows = [row for row in rows if "blurlab-words" not in row]
    assert len(rows) == len(CORRUPTIONS)
    assert all(row.count("<img") == len(SEVERITIES) for row in rows)


def test_the_files_state_what_was_computed(page):
    setting = corrupting.Setting(FISH, "motion_blur", 3, 0)
    name = next(iter(own(page)))
    found = corrupting.sweep(tuple(own(page)), setting).results
    rows = corrupting.rows((name,), setting, found)
    assert [row["severity"] for row in rows] == [0, 1, 2, 3, 4, 5]
    assert json.loads(json.dumps(rows, allow_nan=False))[0]["f_0.5_cycles_per_image"] is None


def test_the_lines_of_python_make_the_picture(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    setting = corrupting.Setting(FISH, "snow", 4, 5)
    space = {}
    exec(corrupting.script((), setting), space)
    assert torch.equal(space["corrupted"], corrupting.corrupted(setting))


def test_spectra_over_many_pictures_are_computed_when_asked_for(opened, monkeypatch):
    drawn = tiny.pictures(12, 0, 32)
    found = sources.Source("few", drawn.classes, 12, lambda: drawn)
    monkeypatch.setattr(many.measures_job, "source", lambda words, size: found)
    app = opened("corruptions", corruption="fog", many_count="10", many_severity="4")
    assert "Severity in the plane" not in [each.label for each in app.get("button_group")]
    fine(button(app, "Compute").click().run())
    until(app, lambda: jobs.find(many._key(many.Asked("objects", "fog", 10, 0))).is_over)
    fine(app.run())
    *_, summed = spectra.of_corruption(drawn, "fog", 4, count=10)
    expected = spectra.estimate(summed)
    table = app.dataframe[0].value
    assert list(table["severity"]) == list(SEVERITIES)
    shown = 128 * expected.f_half.value
    assert table["f_0.5 (cycles/image)"][3].startswith(f"{shown:#.3g}".rstrip("."))
    assert "--corruption fog --severity 4 -n 10 --seed 0" in "".join(e.value for e in app.code)
    assert app.query_params["many_severity"] == "4"


def test_the_lines_that_compute_spectra_are_whole(monkeypatch, capsys):
    drawn = tiny.pictures(12, 0, 32)
    monkeypatch.setitem(sets.DATASETS, "objects", lambda split, size: drawn)
    monkeypatch.setitem(sources.KNOWN, "objects", lambda: (drawn.classes, 12))
    exec(many.script(many.Asked("objects", "snow", 4, 1)), {})
    assert capsys.readouterr().out.startswith("1 Interval(value=")
