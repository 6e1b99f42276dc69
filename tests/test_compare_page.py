"""The page Compare: one figure of two numbers, and no name in it lies on another."""

import itertools
import json
import math
import re

import pytest
import tiny
from opening import fine, needs_models, said
from test_sensitivity_page import NAME, measured, numbers_of, work_of

from blurlab import places
from blurlab.claims import compare, paper
from blurlab.data import sets, sources
from blurlab.measures import measuring, results
from blurlab.measures.table import MEASURES
from blurlab.networks import store, titles
from blurlab.statistics import Interval, correlation
from blurlab.ui import palette
from blurlab.ui.compare import figure, groups, labels, report
from blurlab.ui.compare.figure import Point, Scale
from blurlab.ui.sensitivity import job as measures_job

pytestmark = needs_models


@pytest.fixture
def nothing_kept(tmp_path, monkeypatch):
    """Keep what a test measures apart, and begin with nothing, shipped or measured."""
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path / "results"))
    monkeypatch.setattr(places, "SHIPPED_RESULTS", tmp_path / "shipped")
    monkeypatch.setitem(sets.OBJECTS_COUNT, "val", 400)  # drawn faster than all
    measures_job.source.cache_clear()
    yield
    measures_job.source.cache_clear()


def drawn(app):
    (found,) = app.get("plotly_chart")
    return json.loads(found.proto.spec)


def named(app):
    """Return the names beside points, without those that mark them as the paper's or ours."""
    return [bare(note) for note in drawn(app)["layout"]["annotations"]]


def bare(note):
    return re.sub("</?[bi]>", "", note["text"])


# ---- Names beside points ------------------------------------------------------------------------


def boxes(layout, traces, width):
    """Return what the names of a figure cover, by their text, and its points, in pixels."""
    margin, height = layout["margin"], layout["height"]
    inner = width - margin["l"] - margin["r"], height - margin["t"] - margin["b"]

    def at(value, axis, is_written_as_logarithm):
        low, high = axis["range"]
        logarithmic = axis["type"] == "log" and not is_written_as_logarithm
        return ((math.log10(value) if logarithmic else value) - low) / (high - low)

    def place(x, y, is_note):
        across = at(x, layout["xaxis"], is_note)
        return across * inner[0], (1 - at(y, layout["yaxis"], is_note)) * inner[1]

    covered = {}
    for note in layout["annotations"]:
        text = bare(note)
        spot = labels.Place(note["ax"], note["ay"], 0)
        middle = place(note["x"], note["y"], True)
        covered[text] = labels.box(middle, spot, text, note["font"]["size"])
    points = [place(numbers_of(t["x"])[0], numbers_of(t["y"])[0], False) for t in traces]
    return covered, points


@pytest.mark.parametrize("with_paper", ["0", "1"])
@pytest.mark.parametrize(
    ("data", "across", "up"),
    [
        ("imagenette", "f_rev", "accuracy, all corruptions"),
        ("imagenette", "f_rev", "accuracy, high-frequency corruptions"),
        ("imagenette", "f_0.5", "median minimal epsilon (FMN, 100 steps)"),
        ("imagenet", "f_rev", "accuracy, clean"),
        ("objects", "f_rev", "accuracy, all corruptions"),
    ],
)
@pytest.mark.parametrize("present", ["0", "1"])
def test_no_name_lies_on_another_or_on_a_point(opened, data, across, up, with_paper, present):
    app = opened("compare", compared=data, across=across, up=up, paper=with_paper, present=present)
    spec = drawn(app)
    trained = [n for n in store.names() if store.card(n)["recipe"]["data"] == data]
    measured = [n for n in trained if {across, up} <= report.row(n, data).numbers.keys()]
    recipes = {compare.without_seed(store.card(n)["recipe"]) for n in measured}
    assert len(named(app)) >= len(recipes) > 1
    for width in figure.WIDTHS:
        covered, points = boxes(spec["layout"], spec["data"], width)
        for (one, a), (other, b) in itertools.combinations(covered.items(), 2):
            assert not a.meets(b), (width, one, other)
        for name, box in covered.items():
            assert not [p for p in points if box.left < p[0] < box.right
                        and box.top < p[1] < box.bottom], (width, name)  # fmt: skip


@pytest.mark.parametrize("up", ["all", "high-frequency"])
def test_no_line_to_a_name_lies_on_another_or_on_a_name(opened, up):
    spec = drawn(opened("compare", compared="imagenette", up=f"accuracy, {up} corruptions"))
    layout = spec["layout"]
    for width in figure.WIDTHS:
        covered, _ = boxes(layout, spec["data"], width)
        lines = {}
        for note in layout["annotations"]:
            if note["arrowcolor"] == palette.GREY:
                box, text = covered[bare(note)], bare(note)
                middle = (box.left + box.right) / 2, (box.top + box.bottom) / 2
                begun = middle[0] - note["ax"], middle[1] - note["ay"]
                lines[text] = labels.Line(*begun, note["ax"], note["ay"])
        assert lines
        for (one, a), (other, b) in itertools.combinations(lines.items(), 2):
            assert not a.crosses(b), (width, one, other)
        for (one, line), (other, box) in itertools.product(lines.items(), covered.items()):
            assert one == other or not line.meets(box), (width, one, other)


def test_a_line_meets_what_it_runs_through():
    across = labels.Line(0, 5, 10, 0)
    assert across.meets(labels.Box(4, 4, 6, 6))
    assert not across.meets(labels.Box(4, 6, 6, 8))
    assert not across.meets(labels.Box(11, 4, 12, 6))
    assert across.crosses(labels.Line(5, 0, 0, 10))
    assert not across.crosses(labels.Line(5, 0, 0, 4))
    assert not across.crosses(labels.Line(0, 6, 10, 0))


def test_a_name_without_room_is_left_out():
    spot = labels.Spot(0.5, 0.5, (0.4, 0.6), (0.4, 0.6))
    assert labels.spread([spot], ["name"], [(30, 30)], 13) == [None]
    (place,) = labels.spread([spot], ["name"], [(300, 300)], 13)
    assert place.right > 0
    wide = spot._replace(reach=20)
    (far,) = labels.spread([wide], ["name"], [(300, 300)], 13)
    mark = labels.Box(130, 130, 170, 170)
    assert not labels.box((150, 150), far, "name", 13).meets(mark)
    assert labels.box((150, 150), place, "name", 13).meets(mark)
    (shunned, _) = labels.spread([spot, spot._replace(x=0.58)], ["name", ""], [(300, 300)], 13)
    assert shunned.right < 0


# ---- What is shown ------------------------------------------------------------------------------


@pytest.mark.parametrize(("unit", "scale"), [("image", 64), ("pixel", 0.5), ("nyquist", 1)])
def test_the_axis_is_in_the_unit_of_the_sidebar(opened, unit, scale):
    app = opened("compare", compared="objects", unit=unit, models=NAME)
    f_rev = compare.kept(NAME, "objects", ("hybrids",))["hybrids"][1]["f_rev_nyquist"]
    (point,) = drawn(app)["data"]
    assert numbers_of(point["x"]) == pytest.approx([scale * f_rev.value])
    classes = compare.kept(NAME, "objects", ("corruptions",))["corruptions"][1]["classes"]
    weighted = 5 * classes["low"].value + 7 * classes["medium"].value + 3 * classes["high"].value
    assert numbers_of(point["y"]) == pytest.approx([weighted / 15])


def test_a_number_that_an_address_names_wrongly_gives_way_to_the_usual_one(opened):
    app = opened("compare", compared="objects", across="colour", up="f_rev")
    assert app.selectbox(key="across").value == "f_rev"
    assert app.selectbox(key="up").value == "accuracy, all corruptions"


def test_the_papers_points_stand_behind_where_asked_for_and_behind_imagenet_always(opened):
    def of_paper(app):
        return [trace["name"] for trace in drawn(app)["data"] if "Li et al." in trace["name"]]

    assert of_paper(opened("compare")) == []
    known = of_paper(opened("compare", paper="1"))
    assert any("CIFAR-10" in name for name in known)
    assert any("ImageNet" in name for name in known)
    known = of_paper(opened("compare", compared="imagenet"))
    assert len(known) == sum(point.data == "ImageNet" for point in paper.POINTS)


def test_any_one_corruption_and_severity_can_lie_upward(opened):
    asked = {"compared": "objects", "models": NAME, "up": report.ONE}
    found = compare.kept(NAME, "objects", ("corruptions",))["corruptions"][1]["accuracy"]
    app = opened("compare", **asked, under="fog", under_severity="3")
    assert numbers_of(drawn(app)["data"][0]["y"]) == pytest.approx([found["fog"][2].value])
    assert drawn(app)["layout"]["yaxis"]["title"]["text"] == "accuracy, fog, severity 3"
    app = opened("compare", **asked, under="fog")
    mean = sum(each.value for each in found["fog"]) / 5
    assert numbers_of(drawn(app)["data"][0]["y"]) == pytest.approx([mean])
    app, usual = (
        opened("compare", **asked, under="all"),
        opened("compare", compared="objects", models=NAME),
    )
    assert numbers_of(drawn(app)["data"][0]["y"]) == pytest.approx(
        numbers_of(drawn(usual)["data"][0]["y"])
    )


def test_kinds_of_several_recipes_have_their_mean(opened):
    app = opened("compare", compared="imagenette", means="1", unit="nyquist")
    points = {trace["name"]: trace for trace in drawn(app)["data"]}
    (mean,) = (trace for name, trace in points.items() if "kind, adversarial" in name)
    adversarial = [n for n in store.names() if n.startswith("imagenette_adv")]
    values = [compare.kept(n, "imagenette", ("hybrids",)) for n in adversarial]
    expected = sum(v["hybrids"][1]["f_rev_nyquist"].value for v in values) / len(values)
    assert numbers_of(mean["x"]) == pytest.approx([expected])
    assert not any("kind, V1" in name for name in points)


@pytest.mark.parametrize(
    ("up", "measures"),
    [
        ("accuracy, all corruptions", {"hybrids", "corruptions"}),
        (report.ONE, {"hybrids", "corruptions"}),
        ("accuracy, attacks of 4/255", {"hybrids", "attacks"}),
    ],
)
def test_a_figures_file_tells_of_the_two_measures_that_are_drawn(up, measures):
    row = report.row(NAME, "objects")
    assert measures < row.found.keys()
    told = report.protocol_of([row], [NAME], "f_rev", up, "what lies up", "objects")
    methods = told["Methods"].splitlines()
    assert {each for each in MEASURES if any(
        line.startswith(f"{MEASURES[each].title}: ") for line in methods
    )} == measures  # fmt: skip


def test_compare_says_so_where_nothing_is_measured(opened, nothing_kept):
    app = opened("compare", compared="objects")
    assert "Nothing is measured" in app.info[0].value


def test_compare_shows_what_is_kept(opened, nothing_kept):
    reversal, attacked = measured("hybrids", count=50), measured("attacks", count=50)
    app = opened("compare", compared="objects", unit="nyquist")
    (row,) = app.dataframe[0].value.to_dict("records")
    assert row["network"] == store.card(NAME)["title"]
    f_rev = reversal["f_rev_nyquist"]
    found = row["f_rev (fraction of Nyquist)"]
    assert found == "{:#.3g} [{:#.3g}, {:#.3g}]".format(*f_rev)
    assert row["accuracy, attacks of 4/255"].startswith(f"{attacked['accuracy'][2].value:.1%}")


def test_compare_shows_the_rest_where_a_file_is_damaged(opened, nothing_kept, monkeypatch):
    monkeypatch.setattr(results, "_damaged", {})
    measured("hybrids", count=50)
    harmed = places.results_folder() / f"{work_of('passes').key.digest}.parquet"
    harmed.write_bytes(b"PAR1")
    app = opened("compare", compared="objects")
    assert len(app.dataframe) == 1
    (warning,) = app.warning
    assert harmed.stem in warning.value
    assert "is damaged or holds other results" in warning.value
    assert harmed.with_name(f"{harmed.name}.damaged").is_file()


def test_compare_keeps_to_the_usual_settings(nothing_kept):
    measured("attacks", epsilons=[8])
    assert "attacks" not in compare.kept(NAME, "objects")


def test_ones_own_network_and_pictures_are_compared(opened, nothing_kept, tmp_path, monkeypatch):
    """One that knows three of the pictures' classes is always in, whatever the sidebar says."""
    monkeypatch.setenv("BLURLAB_MODELS", str(tmp_path / "added"))
    (tmp_path / "added").mkdir()
    tiny.install(tmp_path / "added", "mine")
    tiny.write_folders(tmp_path / "holiday", 8)
    for name in ("mine", NAME):
        size = store.card(name)["recipe"]["input_size"]
        source = sources.find(str(tmp_path / "holiday"), size)
        for measure in ("hybrids", "corruptions"):
            work = measuring.plan(name, measure, source)
            assert [*measuring.measure(work)]
    app = opened("compare")
    (words,) = [each for each in app.selectbox if each.key == "compared"]
    assert "holiday" in words.options
    data = next(data for data in words.proto.options if data == "holiday")
    fine(words.set_value(f"folder/{work.key.data.split('/')[1]}").run())
    fine(app.sidebar.multiselect(key="models").set_value([NAME]).run())
    assert said(app) == []
    assert data == "holiday"
    listed = next(each.value for each in app.dataframe if "network" in each.value)
    assert set(listed["network"]) == {store.card(name)["title"] for name in ("mine", NAME)}


# ---- Words --------------------------------------------------------------------------------------


def points(*places, size=128):
    """Give points of models of different families."""
    names = {titles.kind(store.card(name)): name for name in store.names()}
    return [
        Point(name, name, "", size, Interval(x, x, x), Interval(y, y, y), {})
        for name, (x, y) in zip(names.values(), places, strict=False)
    ]


def test_a_figure_of_four_families_of_a_size_says_how_far_its_numbers_go_together():
    four = points((1, 10.0), (2, 100.0), (3, 1000.0), (4, 100.0))
    plain, logarithmic = Scale("", 1, 1000), Scale("", 1, 1000, log=True)
    over = "Correlation over these 4 families of networks of 128 px: "
    words = (over + "r = {:.2f} [{:.2f}, {:.2f}].").format
    found = correlation([1, 2, 3, 4], [10, 100, 1000, 100])
    assert groups.correlated(four, plain) == words(*found)
    assert groups.correlated([*points((9, 1.0), size=32), *four], plain) == words(*found)
    found = correlation([1, 2, 3, 4], [1, 2, 3, 2])
    assert groups.correlated(four, logarithmic) == words(*found)
    assert groups.correlated(four[:3], plain) == groups.correlated([], plain) == ""


def test_seeds_share_a_name_and_a_colour(opened):
    app = opened("compare")
    colors = {}
    for trace in drawn(app)["data"]:
        colors.setdefault(trace["name"].split(",")[1], set()).add(trace["marker"]["color"])
    assert len(colors[" base"]) == len(colors[" blur σ = 2 px"]) == 1
    assert colors[" base"] != colors[" blur σ = 2 px"]
    assert [name for name in named(app) if "base" in name] == ["base (3 seeds)"]


def test_the_papers_points_are_ranges_in_their_units():
    for point in paper.POINTS:
        for low, high in filter(None, (point.f_rev, point.f_half, point.epsilon, point.accuracy)):
            assert 0 < low <= high
        assert point.f_rev[1] <= 1
        assert point.f_half[1] <= math.sqrt(0.5)
        assert point.accuracy[1] < 1
    frequencies = [f_rev for f_rev, _ in paper.BLUR_SWEEP]
    assert frequencies == sorted(frequencies)


def test_a_line_of_a_table_says_what_made_its_number(monkeypatch, tmp_path):
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path))
    told = report._protocol("objects_base", "objects", "hybrids")
    assert told["protocol"] == "ours"
    made = r"BlurLab [\d.]+ \(commit \w{12}\) with PyTorch .* on .* in float32, "
    assert re.match(made, told["made"])
