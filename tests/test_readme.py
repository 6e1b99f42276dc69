"""The README: its tables are what the commands print of the results that ship."""

import re
from pathlib import Path
from statistics import fmean

import pytest

from blurlab.__main__ import main
from blurlab.claims.compare import kept
from blurlab.corruptions.table import CORRUPTIONS
from blurlab.measures import results
from blurlab.measures.results import Key
from blurlab.measures.table import MEASURES
from blurlab.measures.tallies import total
from blurlab.networks import store

README = (Path(__file__).parents[1] / "README.md").read_text()
DATA = pytest.mark.parametrize("data", ["imagenette", "objects"])


@pytest.fixture(autouse=True)
def shipped(tmp_path, monkeypatch):
    """No results but those that ship."""
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path))


@DATA
def test_the_networks_that_ship_come_with_every_measure(data):
    for name in store.pair(data):
        assert kept(name, data).keys() == MEASURES.keys()


@DATA
def test_the_readme_gives_the_family_as_the_command_prints_it(data, capsys):
    assert main(["family", "--data", data]) == 0
    printed = capsys.readouterr().out.strip()
    assert f"`{store.pair(data)[0]}`" in printed
    assert printed in README


@pytest.mark.parametrize("options", [
    ["--data", "imagenette"],
    ["--data", "imagenette", "--plain", "imagenette_base_seed1",
     "--blurred", "imagenette_blur2_seed1"],
    ["--data", "imagenette", "--plain", "imagenette_base_seed2",
     "--blurred", "imagenette_blur2_seed2"],
    ["--data", "objects"],
])  # fmt: skip
def test_the_readme_gives_every_claim_as_the_command_prints_it(options, capsys):
    assert main(["claims", *options]) == 0
    assert f"    python -m blurlab claims {' '.join(options)}\n" in README
    head, line, *rows = capsys.readouterr().out.splitlines()[:-2]
    assert head.startswith("| claim | measured | value [95 % interval] | pictures | verdict |")
    assert set(line) == set("| -")
    assert sorted({row[2:5] for row in rows}) == ["(a)", "(b)", "(c)", "(d)"]
    for row in rows:
        claim, quantity, value, _, verdict = (cell.strip() for cell in row.split("|")[1:-1])
        assert f"| {claim} |" in README
        assert re.search(
            rf"\| {re.escape(quantity)} \|.*{re.escape(f'{value}: {verdict}')}", README
        )


def pair(data):
    """Return what ships of the plain and of the blurred network: estimates by measure."""
    return [
        {measure: estimate for measure, (_, estimate) in kept(name, data).items()}
        for name in store.pair(data)
    ]


def percent(shares):
    return 100 * fmean(share.value for share in shares)


def test_the_readme_gives_what_the_blur_gains_under_corruptions():
    plain, blurred = (each["corruptions"] for each in pair("imagenette"))
    low, medium, high = (
        100 * (blurred["classes"][band].value - plain["classes"][band].value)
        for band in ("low", "medium", "high")
    )
    clean = 100 * (blurred["clean"].value - plain["clean"].value)
    assert (
        f"the corruptions of medium ({medium:.0f} points) and high frequency ({high:.0f} points) "
        f"and loses under those of low frequency ({-low:.0f} points) and without any "
        f"({-clean:.0f} points)"
    ) in README
    gains = {
        name: percent(blurred["accuracy"][name]) - percent(plain["accuracy"][name])
        for name, row in CORRUPTIONS.items()
        if row.band
    }
    worst, second, *_, next_best, best = sorted(gains, key=gains.get)
    assert (best, next_best, {worst, second}) == (
        "glass_blur", "defocus_blur", {"brightness", "fog"}
    )  # fmt: skip
    assert (
        f"glass blur ({gains[best]:.0f} points) and defocus blur ({gains[next_best]:.0f}) "
        f"and loses most under brightness and fog ({-gains['brightness']:.0f} each)"
    ) in README
    assert f"{gains['brightness']:.0f}" == f"{gains['fog']:.0f}"


def test_the_readme_gives_what_other_recipes_do():
    found = {
        name.removeprefix("imagenette_"): kept(name, "imagenette")
        for name in store.names()
        if name.startswith("imagenette")
    }

    def f_rev(name):
        return found[name]["hybrids"][1]["f_rev_nyquist"].value

    def epsilon(name):
        return found[name]["perturbation"][1]["epsilon"]["median"].value

    one, two, three, noise, similar, small, large = (
        100 - 100 * f_rev(name) / f_rev("base")
        for name in ("blur1", "blur2", "blur3", "noise", "v1", "adv2", "adv4")
    )
    projected = 100 - 100 * f_rev("32px_pca512") / f_rev("32px")
    assert (
        f"A blur of 1 pixel lowers it by {one:.0f} %, of 2 pixels by {two:.0f} %, "
        f"of 3 by {three:.0f} %; noise in training by {noise:.0f} %, "
        f"similarity to the V1 model by {similar:.0f} %, "
        f"attacks in training by {small:.0f} % (2/255) and {large:.0f} % (4/255), "
        f"and projection on 512 components, at 32 pixels, by {projected:.0f} %."
    ) in README
    assert [round(epsilon(name) / epsilon("base")) for name in ("adv2", "adv4")] == [6, 8]
    grown = 100 * epsilon("v1") / epsilon("base") - 100
    assert f"the smallest change that fools grows by {grown:.0f} %, and accuracy" in README
    small, large = (
        100 * attacked["accuracy"][attacked["epsilons_of_255"].index(4)].value
        for attacked in (found[name]["attacks"][1] for name in ("adv2", "adv4"))
    )
    assert (
        f"right on {small:.0f} % and {large:.0f} % of the photographs under PGD at 4/255" in README
    )


def test_the_readme_gives_what_the_seeds_differ_by():
    found = [
        [kept(f"imagenette_{name}{seed}", "imagenette") for seed in ("", "_seed1", "_seed2")]
        for name in ("base", "blur2")
    ]
    f_rev, high = (
        [[number(each) for each in seeds] for seeds in found]
        for number in (
            lambda each: each["hybrids"][1]["f_rev_nyquist"].value,
            lambda each: 100 * each["corruptions"][1]["classes"]["high"].value,
        )
    )

    def between_seeds(numbers):
        return [max(seeds) - min(seeds) for seeds in numbers]

    def between_networks(numbers):
        differences = [abs(plain - blurred) for plain, blurred in zip(*numbers, strict=True)]
        return min(differences), max(differences)

    assert (
        "f_rev differs by up to {:.3f} (plain) and {:.3f} (blurred), where the blur makes a "
        "difference of {:.3f} to {:.3f}; accuracy under high-frequency corruptions differs by up "
        "to {:.0f} and {:.0f} points, where the blur makes {:.0f} to {:.0f}.".format(
            *between_seeds(f_rev), *between_networks(f_rev),
            *between_seeds(high), *between_networks(high),
        )
    ) in README  # fmt: skip


def test_the_readme_gives_where_the_blurred_network_of_the_objects_fails():
    accuracy = pair("objects")[1]["corruptions"]["accuracy"]
    brightness, fog, contrast = (
        f"{accuracy[name][2].value:.0%}".replace("%", " %")
        for name in ("brightness", "fog", "contrast")
    )
    assert fog == contrast
    assert f"right on {brightness} under brightness and on {fog} under fog or contrast" in README


def test_the_readme_gives_what_a_transferred_attack_leaves():
    plain, blurred = (store.identity(store.card(name)) for name in store.pair("imagenette"))
    measure = MEASURES["attacks"]
    settings = measure.settings | {"source": plain}
    summed = total(results.read(Key(blurred, "imagenette/val/128", "attacks", settings, 0)))
    found = measure.estimate(summed, settings)
    value, low, high = (100 * end for end in found["accuracy"][found["epsilons_of_255"].index(4)])
    pictures = int(summed["pictures"])
    written = f"{value:.1f} % [{low:.1f}, {high:.1f}] at 4/255 ({pictures:,} pictures)"
    assert f"leaves it at {written}" in README


def test_the_readme_gives_the_cue_conflicts_of_the_cards():
    plain, blurred = (
        store.card(name)["measured"]["cue_conflicts"] for name in store.pair("objects")
    )

    def written(numbers):
        return "{:.1f} % [{:.1f}, {:.1f}]".format(
            *(100 * numbers[key] for key in ("value", "low", "high"))
        )

    assert (
        f"the plain network names the texture in {written(plain['texture'])} and the shape in "
        f"{written(plain['shape'])}, the blurred one the shape in {written(blurred['shape'])}"
    ) in README
    assert f"of {plain['pictures']:,} cue conflicts" in README


def test_the_readme_gives_the_critical_bands():
    plain, blurred = (
        "{:.1f} [{:.1f}, {:.1f}]".format(*each["critical_band"]["centre"])
        for each in pair("imagenette")
    )
    assert (
        f"at {plain} cycles/image from the base network and at {blurred} from the blurred one"
    ) in README
