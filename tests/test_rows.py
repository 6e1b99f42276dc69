"""Rows of the tables: what each must say of itself, and that one row is all that is needed.

A corruption, an attack and a norm that are in the tables for the time of a test alone are offered
by the pages, the addresses, the commands and the measures, and leave what ships as it is.
"""

import time
from pathlib import Path

import pytest
import torch
from opening import ended, fed, fine, needs_models, said

from blurlab.__main__ import main
from blurlab.attacks.norms import NORMS, Norm
from blurlab.attacks.table import ATTACKS, SEED, Attack
from blurlab.claims import compare
from blurlab.claims.table import claims
from blurlab.corruptions.row import BANDS, ROLES, Corruption
from blurlab.corruptions.table import CORRUPTIONS, in_class, published
from blurlab.data import sources
from blurlab.data.sets import Pictures
from blurlab.knobs import Knob
from blurlab.measures import measuring
from blurlab.measures.attacked import ATTACKED, by_epsilon
from blurlab.measures.corrupted import CORRUPTED
from blurlab.measures.table import MEASURES
from blurlab.measures.tallies import tallies, total
from blurlab.networks import store
from blurlab.pictures.images import load_image
from blurlab.ui import cache
from blurlab.ui.attacks import controls
from blurlab.ui.corruptions import job as corrupting
from blurlab.ui.sensitivity import figures

DOCS = Path(__file__).parents[1] / "docs"
FISH = cache.Choice("object", "fish", 22)
TABLES = {"corruptions": CORRUPTIONS, "attacks": ATTACKS, "norms": NORMS}
ROWS = [(name, row) for table in TABLES.values() for name, row in table.items()]


# What every row says of itself


@pytest.mark.parametrize(("name", "row"), ROWS, ids=[name for name, _ in ROWS])
def test_a_row_is_named_by_its_key_and_explained_in_one_sentence(name, row):
    assert row.name == name
    assert row.title
    assert row.explanation[0].isupper()
    assert row.explanation.endswith(".")
    assert row.explanation.count(". ") == row.explanation.count("al. ")


def test_a_corruption_plays_a_known_part_in_a_known_class():
    assert {row.role for row in CORRUPTIONS.values()} <= set(ROLES)
    assert {row.band for row in CORRUPTIONS.values()} <= {*BANDS, None}
    assert all(row.band for row in CORRUPTIONS.values() if row.role == "test")


def test_no_two_knobs_of_attacks_and_norms_share_a_place_in_the_address():
    knobs = [knob for row in ATTACKS.values() for knob in row.knobs]
    knobs += [norm.epsilon for norm in NORMS.values()]
    for knob in knobs:
        assert [other for other in knobs if other.key == knob.key and other != knob] == []
        assert knob.check(knob.default) == knob.default


@pytest.mark.parametrize("norm", NORMS.values(), ids=NORMS)
def test_a_norm_offers_radii_that_it_allows(norm):
    low, high = norm.epsilon.low, norm.epsilon.high
    assert norm.ladder[0] == low == 0
    assert list(norm.ladder) == sorted(set(norm.ladder))
    assert norm.ladder[-1] == high
    assert high / norm.scale <= norm.most
    assert norm.epsilon.default in norm.ladder


@pytest.mark.parametrize("table", TABLES)
def test_the_documents_hold_every_row_as_the_command_prints_it(table, capsys):
    assert main(["rows", table]) == 0
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 2 + len(TABLES[table])
    document = DOCS / ("corruptions.md" if table == "corruptions" else "attacks.md")
    assert f"\n\n{printed}" in document.read_text(encoding="utf-8")


AXIS = figures.Axis("nyquist", 32, None)

# Rows that are there for the time of a test


def darken_corners(images, share):
    size = images.shape[-1]
    place = torch.linspace(-1, 1, size, device=images.device).square()
    return images * (1 - share * (place + place[:, None]) / 2)


VIGNETTE = Corruption(
    "vignette",
    "Vignette",
    "Darkens the corners.",
    darken_corners,
    {"imagenet": tuple((share,) for share in (0.1, 0.3, 0.5, 0.7, 0.9))},
    "low",
    role="offered",
)
SHARE = Knob("share", "Share of the values", 0.5, 0.0, 1.0, step=0.25)


def sign_noise(
    model, images, labels, *, epsilon, norm, generator, targeted=False, share=SHARE.default
):
    """Add noise of one size to a share of the values, and keep it within the ball."""
    drawn = torch.rand(2, *images.shape, generator=generator).to(images)
    change = 2 * epsilon * (drawn[0] - 0.5).sign() * (drawn[1] < share)
    yield (images + NORMS[norm].project(change, epsilon)).clamp(0, 1)


NOISE = Attack(
    "sign_noise", "Sign noise", "Adds noise of one size.", sign_noise, knobs=(SEED, SHARE)
)


def sharpest(gradient):
    """The change of L1 size 1 along which a loss rises most: one value alone."""
    flat = gradient.flatten(1)
    place = flat.abs().argmax(1, keepdim=True)
    return torch.zeros_like(flat).scatter(1, place, flat.gather(1, place).sign()).view_as(gradient)


def shrink(changes, epsilon):
    """Scale down to a size, which is within the ball and near enough for a test."""
    size = changes.abs().sum((1, 2, 3), keepdim=True).clamp(min=1e-12)
    return changes * (epsilon / size).clamp(max=1)


L1 = Norm(
    "l1", "L1", "The sum of all changes.",
    size=lambda changes: changes.abs().sum((1, 2, 3)),
    dual=lambda gradient: gradient.abs().amax((1, 2, 3)),
    steepest=sharpest,
    along=lambda gradient: shrink(gradient * 1e6, 1.0),
    project=shrink,
    draw=lambda images, generator: shrink(
        torch.randn(images.shape, generator=generator).to(images), 1.0
    ),
    peak=lambda epsilon, values: min(1.0, epsilon),
    epsilon=Knob("epsilon", "Epsilon, L1", 30.0, 0.0, 100.0, step=1.0, address="epsilon_l1"),
    ladder=(0.0, 30.0, 100.0),
)  # fmt: skip


# What makes the page of attacks the same where its opening photograph is missing.
DRAWN = {"picture": "object:fish", "epsilon": "8"} if controls.OPENING != controls.DRAWN else {}


@pytest.fixture
def vignette(monkeypatch):
    monkeypatch.setitem(CORRUPTIONS, "vignette", VIGNETTE)


@pytest.fixture
def noise(monkeypatch):
    monkeypatch.setitem(ATTACKS, "sign_noise", NOISE)


@pytest.fixture
def l1(monkeypatch):
    monkeypatch.setitem(NORMS, "l1", L1)


def kept():
    """What ships of the networks of the objects, and of the claims about them."""
    return {name: compare.kept(name, "objects") for name in store.pair("objects")}, [
        (each.quantity, each.found, each.verdict)
        for each in claims(*store.pair("objects"), "objects")
    ]


def shown(app, title):
    return any(f"<b>{title}" in html.proto.body for html in app.get("html"))


@needs_models
def test_a_new_corruption_is_in_the_picker_and_in_the_gallery(vignette, opened):
    app = opened("corruptions", corruption="vignette", severity="5")
    assert said(app) == []
    assert app.query_params == {"corruption": "vignette", "severity": "5"}
    assert "Vignette (low frequencies, in no measure)" in app.selectbox(key="corruption").options
    assert app.number_input(key="seed").disabled
    end = time.monotonic() + 300
    while not (job := corrupting.gallery(FISH, 0)).is_over:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert job.state == "done"
    assert [severity for name, severity, *_ in job.results if name == "vignette"] == [1, 2, 3, 4, 5]
    assert shown(fine(app.run()), "Vignette")


@needs_models
def test_a_new_corruption_is_in_the_chain_of_the_defence(vignette, opened):
    app = opened("blur", then="vignette", then_severity="5", attack_size="0")
    assert said(app) == []
    assert app.selectbox(key="then").value == "vignette"
    end = time.monotonic() + 120
    while None in fed(app, "answers")["answers"]["objects_base"]["classes"]:
        assert time.monotonic() < end
        time.sleep(0.1)
        fine(app.run())
    assert app.query_params == {"then": "vignette", "then_severity": "5", "attack_size": "0"}


def test_a_new_corruption_is_in_the_command(vignette, here):
    arguments = ["low.npy", "out.npy", "--corruption", "vignette", "--severity", "5"]
    assert main(["corrupt", *arguments]) == 0
    expected = darken_corners(load_image("low.npy"), 0.9)
    torch.testing.assert_close(load_image("out.npy"), expected)


@needs_models
def test_a_new_corruption_leaves_what_ships_and_every_measure_as_they_are(
    vignette, drawn, monkeypatch
):
    def measured():
        settings = CORRUPTED.settings
        found = dict(tallies(CORRUPTED, by_roughness, drawn, settings, numbers=[0], count=6))
        return found[0].keys(), CORRUPTED.estimate(total(found), settings)

    with_it = kept(), measured(), published(), in_class("low")
    monkeypatch.delitem(CORRUPTIONS, "vignette")
    assert (kept(), measured(), published(), in_class("low")) == with_it


@needs_models
@pytest.mark.parametrize("page", ["compare", "sensitivity"])
def test_a_new_corruption_breaks_no_page_of_numbers(vignette, opened, page):
    address = {"compared": "objects"} if page == "compare" else {"measure": "corruptions"}
    app = opened(page, **address)
    assert said(app) == []
    assert app.get("plotly_chart")


def by_roughness(images):
    """Answer 1 for pictures whose neighbouring values differ much, and 0 for the others."""
    rough = (images[..., 1:] - images[..., :-1]).abs().mean((1, 2, 3)) - 0.1
    return torch.stack([-rough, rough], 1)


@pytest.fixture
def drawn(generator):
    """Three even pictures of 32 pixels, class 0, and three of noise, class 1."""
    labels = torch.tensor([0, 1] * 3)
    noise = labels.view(-1, 1, 1, 1) * (torch.rand(6, 3, 32, 32, generator=generator) - 0.5)
    return Pictures((0.5 + noise).mul(255).byte(), labels, ("even", "rough"))


def rows_of(app):
    return ended(app).dataframe[0].value


@needs_models
def test_a_new_attack_is_on_the_page_and_in_the_address(noise, opened):
    app = opened("attacks", **DRAWN, attack="sign_noise", share="1", attack_seed="4")
    assert said(app) == []
    table = rows_of(app)
    assert list(table["step"].unique()) == [0, 1]
    assert table["size"].max() == pytest.approx(8 / 255, abs=1e-5)
    assert "Sign noise" in app.segmented_control(key="attack").options
    fine(app.slider(key="share").set_value(0.0).run())
    assert rows_of(app)["size"].max() == 0
    told = {"attack": "sign_noise", "share": "0", "attack_seed": "4"}
    assert app.query_params == DRAWN | told
    fine(app.segmented_control(key="dragged").set_value("epsilon").run())
    assert app.query_params["dragged"] == "epsilon"


def test_a_new_attack_is_in_the_command(noise, installed):
    asked = ["attack", "low.npy", "out.npy", "--model", "tiny", "--attack", "sign_noise"]
    assert main([*asked, "--epsilon", "4/255", "--share", "1", "--seed", "2"]) == 0
    change = load_image("out.npy") - load_image("low.npy")
    assert change.abs().max() == pytest.approx(4 / 255, abs=1e-6)
    assert main([*asked, "--share", "2"]) == 2
    assert main([*asked, "--steps", "2"]) == 2


def measured(drawn, **changed):
    settings = ATTACKED.settings | changed
    found = tallies(ATTACKED, by_roughness, drawn, settings, numbers=[0], count=len(drawn.labels))
    return ATTACKED.estimate(total(dict(found)), settings)


def test_a_new_attack_is_in_the_measure(noise, drawn, installed):
    found = measured(drawn, attack="sign_noise", epsilons=[1, 255])
    assert found["attack"] == "Sign noise"
    assert list(by_epsilon(found)) == ["1/255", "255/255"]
    assert [each.value for each in (found["clean"], *found["accuracy"])] == [1, 1, 0.5]
    work = measuring.plan("tiny", "attacks", sources.find("folder", 40), {"attack": "sign_noise"})
    assert work.key.settings["attack"] == "sign_noise"


@needs_models
def test_a_new_norm_is_on_the_page_and_in_the_address(l1, opened):
    app = opened("attacks", **DRAWN, norm="l1", attack_steps="3")
    assert said(app) == []
    assert "L1" in app.segmented_control(key="norm").options
    fine(app.slider(key="epsilon_l1").set_value(12.0).run())
    assert 0 < rows_of(app)["size"].max() <= 12 + 1e-3
    assert app.query_params == DRAWN | {"norm": "l1", "attack_steps": "3", "epsilon_l1": "12"}
    assert any("(L1)" in text.value for text in app.markdown)


def test_a_new_norm_is_in_the_command(l1, installed):
    asked = ["attack", "low.npy", "out.npy", "--model", "tiny", "--norm", "l1", "--steps", "3"]
    assert main(asked) == 0
    change = load_image("out.npy") - load_image("low.npy")
    assert 0 < change.abs().sum() <= L1.epsilon.default + 1e-3


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_new_norm_is_in_the_measure_under_every_attack(attack, l1, drawn):
    found = measured(drawn, norm="l1", attack=attack, epsilons=[1, 5000])
    assert list(by_epsilon(found)) == ["1 (L1)", "5000 (L1)"]
    assert found["accuracy"][0].value >= found["accuracy"][1].value
    assert list(figures.figure(ATTACKED, {"net": found}, {"net": AXIS}).data[0].x) == [0, 1, 5000]
    assert list(compare.told({"attacks": found}))[1] == "accuracy, attacks of 1 (L1)"


# Keys of results


def test_settings_that_came_later_are_in_a_key_only_where_they_are_not_the_usual():
    usual = MEASURES["attacks"].settings
    written = measuring.key_of("m", "d", "attacks", usual, 0).settings
    assert written == {"epsilons": [1, 2, 4], "steps": 10, "source": None}
    for changed in ({"attack": "fgsm"}, {"norm": "l2"}):
        key = measuring.key_of("m", "d", "attacks", usual | changed, 0)
        assert key.settings == written | changed
