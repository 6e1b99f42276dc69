"""The documents: their numbers, tables, settings, commands and links are those of the program."""

import functools
import json
import re
import shlex
from statistics import fmean

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from blurlab import places
from blurlab.__main__ import main, parser
from blurlab.claims import coverage, scatter
from blurlab.claims.compare import kept, tallied
from blurlab.claims.paper import POINTS
from blurlab.corruptions.table import CORRUPTIONS, published
from blurlab.measures import results, sweep
from blurlab.measures.results import Key
from blurlab.measures.table import MEASURES
from blurlab.measures.tallies import total
from blurlab.networks import packaged, store
from blurlab.training import similarity
from blurlab.training.cards import f_rev_ratios
from blurlab.training.recipes import RECIPES

PAGES = {
    str(path.relative_to(places.ROOT)): path.read_text()
    for path in (*places.ROOT.glob("*.md"), *(places.ROOT / "docs").rglob("*.md"))
}
NETWORKS, CLAIMS = PAGES["docs/networks.md"], PAGES["docs/claims.md"]
IMAGENET = PAGES["docs/imagenet.md"]
DATA = pytest.mark.parametrize("data", ["imagenette", "objects"])


@pytest.fixture(autouse=True)
def shipped(tmp_path, monkeypatch):
    """No results but those that ship."""
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path))


# Links, commands, settings


def targets(text: str) -> list[str]:
    """Find what a page links to inside the repository."""
    found = re.findall(r"\]\(([^)\s]+)\)", text)
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_somewhere(page):
    for target in targets(PAGES[page]):
        path, _, anchor = target.partition("#")
        found = (places.ROOT / page).parent / path if path else places.ROOT / page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found.read_text()), target


def test_every_page_of_the_documents_can_be_reached_from_the_readme():
    reached, open_pages = set(), ["README.md"]
    while open_pages:
        page = open_pages.pop()
        reached.add(page)
        for target in targets(PAGES[page]):
            found = ((places.ROOT / page).parent / target.partition("#")[0]).resolve()
            name = str(found.relative_to(places.ROOT.resolve()))
            if name in PAGES and name not in reached:
                open_pages.append(name)
    assert reached == PAGES.keys()


COMMAND = re.compile(r"^    (?:\S+=\S+ )*(?:python -m )?blurlab ([a-z].*?)(?: +#.*)?$", re.M)


@pytest.mark.parametrize("page", [page for page in PAGES if COMMAND.search(PAGES[page])])
def test_every_command_is_one_that_the_program_takes(page, capsys):
    for line in COMMAND.findall(PAGES[page]):
        words = ["." if word == "PLAN.toml" else word for word in shlex.split(line)]
        try:
            parser().parse_args(words)
        except SystemExit:
            pytest.fail(f"{line}: {capsys.readouterr().err}")


@pytest.mark.parametrize("page", PAGES)
def test_every_file_of_ours_that_is_named_is_there(page):
    for name in re.findall(
        r"`((?:blurlab|benchmarks|pages|tests|assets)/[\w/.]+\.\w+)`", PAGES[page]
    ):
        assert "NAME" in name or (places.ROOT / name).is_file(), name


@pytest.mark.parametrize("page", PAGES)
def test_every_target_of_make_is_one(page):
    known = re.findall(r"^(\w+):", (places.ROOT / "Makefile").read_text(), re.M)
    assert set(re.findall(r"(?:^    |`)make (\w+)", PAGES[page], re.M)) <= set(known)


def test_the_plan_of_a_sweep_is_one(tmp_path):
    plans = re.findall(r"^```toml\n(.*?)^```", PAGES["docs/command-line.md"], re.M | re.S)
    assert plans
    for plan in plans:
        (tmp_path / "plan.toml").write_text(plan)
        assert sweep.read_plan(tmp_path / "plan.toml")


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_has_a_page_with_its_settings_and_its_command(name):
    page, measure = PAGES[f"docs/measures/{name}.md"], MEASURES[name]
    assert page.startswith(f"# {measure.title}\n")
    assert f"(docs/measures/{name}.md)" in PAGES["README.md"]
    rows = dict(re.findall(r"^\| `(\w+)` \| `(.+?)` \|", page, re.M))
    assert {key: json.loads(value) for key, value in rows.items()} == measure.settings
    assert any(line.startswith(f"measure {name} ") for line in COMMAND.findall(page))


def test_the_page_of_corruptions_gives_the_class_of_each():
    page = PAGES["docs/measures/corruptions.md"]
    words = dict(re.findall(r"^\| (low|medium|high|none) \| (.+?) \|$", page, re.M))
    for name, row in CORRUPTIONS.items():
        first = name.split("_")[0].replace("jpeg", "JPEG").replace("gaussian", "Gaussian")
        assert first in words[row.band or "none"], name


# Numbers


@DATA
def test_the_networks_that_ship_come_with_every_measure(data):
    for name in store.pair(data):
        assert kept(name, data).keys() == MEASURES.keys()


@DATA
def test_the_networks_are_tabled_as_the_command_prints_them(data, capsys):
    assert main(["family", "--data", data]) == 0
    printed = capsys.readouterr().out.strip()
    assert f"`{store.pair(data)[0]}`" in printed
    assert printed in NETWORKS


@pytest.mark.skipif("imagenet_lite0" not in store.names(), reason="its package is not installed")
def test_what_networks_that_know_imagenet_withstand_is_given_as_the_commands_print_it(capsys):
    for command in ("family", "claims"):
        assert main([command, "--data", "imagenet"]) == 0
        assert capsys.readouterr().out.strip() in IMAGENET


@DATA
def test_every_claim_is_given_as_the_command_prints_it(data, capsys):
    assert main(["claims", "--data", data]) == 0
    printed = capsys.readouterr().out.strip()
    assert "| (d) a blur trades" in printed
    assert printed in CLAIMS


def test_the_f_rev_of_classes_is_tabled_as_the_command_prints_it(capsys):
    assert main(["classes", "--model", "imagenette_base", "--data", "imagenette"]) == 0
    assert capsys.readouterr().out.strip() in PAGES["docs/measures/hybrids.md"]


def test_f_rev_stands_beside_accuracy_under_a_corruption_as_the_command_prints_it(capsys):
    page = PAGES["docs/measures/corruptions.md"]
    assert main(["scatter", "--data", "imagenette", "--corruption", "brightness"]) == 0
    assert capsys.readouterr().out.strip() in page
    found, _ = scatter.points("imagenette_base", "imagenette", "gaussian_noise")
    correlations, _ = scatter.correlations(found)
    value, low, high = correlations[-1]
    assert low < 0 < high
    assert f"{value:.2f} [{low:.2f}, {high:.2f}]" in page


def test_both_protocols_stand_side_by_side_as_the_command_prints_them(capsys):
    assert main(["protocols", "--data", "imagenette"]) == 0
    printed = capsys.readouterr().out.strip()
    assert "| `imagenette_adv4` | 0.078 [" in printed
    assert printed in PAGES["docs/measures/perturbation.md"]


def test_both_protocols_are_refused_where_nothing_is_kept_by_them(capsys):
    assert main(["protocols", "--data", "objects"]) == 2
    assert "nothing is kept of perturbation on objects by both protocols" in capsys.readouterr().err


def test_networks_stand_beside_people_as_the_command_prints_them(capsys):
    assert main(["people"]) == 0
    printed = capsys.readouterr().out.strip()
    assert "| people | 92 [89, 95] |" in printed
    assert "`imagenet_lite0`" in printed
    assert printed in IMAGENET


def test_the_kinds_of_intervals_that_are_simulated_are_those_of_the_table():
    rows = re.findall(r"^\| ([^|]+) \| [\d.]+ \[[\d., ]+\] \| [\d.]+ \|$", CLAIMS, re.M)
    assert rows == list(coverage.CASES)


def pair(data):
    """Return what ships of the plain and of the blurred network: estimates by measure."""
    return [estimates(name, data) for name in store.pair(data)]


@functools.cache  # of what ships, which no test changes
def estimates(name, data):
    return {measure: estimate for measure, (_, estimate) in kept(name, data).items()}


def points(of, number, data="imagenette"):
    """Write by how many points a network's number is above the plain one's."""
    plain = f"{data}_base"
    return f"{100 * (number(estimates(of, data)) - number(estimates(plain, data))):+.0f}"


def band(name):
    return lambda each: each["corruptions"]["classes"][name].value


def corruption(name):
    return lambda each: fmean(share.value for share in each["corruptions"]["accuracy"][name])


def test_what_a_blur_gains_is_tabled():
    blurred = store.pair("imagenette")[1]
    numbers = {
        "none": lambda each: each["corruptions"]["clean"].value,
        "low-frequency corruptions": band("low"),
        "medium-frequency corruptions": band("medium"),
        "high-frequency corruptions": band("high"),
        "glass blur, its largest gain": corruption("glass_blur"),
        "defocus blur": corruption("defocus_blur"),
        "fog": corruption("fog"),
        "brightness, its largest loss": corruption("brightness"),
    }
    for words, number in numbers.items():
        assert f"| {words} | {points(blurred, number)} |" in NETWORKS
    gains = {
        name: float(corruption(name)(estimates(blurred, "imagenette")))
        - float(corruption(name)(estimates(store.pair("imagenette")[0], "imagenette")))
        for name, row in CORRUPTIONS.items()
        if row.band
    }
    worst, *_, second, best = sorted(gains, key=gains.get)
    assert (worst, second, best) == ("brightness", "defocus_blur", "glass_blur")


@pytest.mark.parametrize("plain", ["imagenette_base", "imagenette_32px"])
def test_what_recipes_change_is_tabled_as_the_command_prints_it(plain, capsys):
    assert main(["recipes", "--data", "imagenette", "--plain", plain]) == 0
    printed = capsys.readouterr().out.strip()
    assert printed.count("\n| `imagenette_") > 1
    assert printed in NETWORKS


def test_the_lines_that_write_a_similarity_write_what_training_reads(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (lines,) = re.findall(r"```python\n(import numpy.*?)```", NETWORKS, re.S)
    draw = np.random.default_rng(0)
    given = {
        "pictures": draw.integers(0, 256, (6, 32, 32), np.uint8),
        "responses": draw.normal(size=(6, 40)),
    }
    exec(lines, given)
    found = similarity.read(tmp_path / "similarity.npz")
    expected = similarity.similarity(torch.tensor(given["responses"]))
    assert_close(found.similarity.double(), expected, atol=1e-6, rtol=0)
    assert found.images.shape == (6, 3, 32, 32)


def test_what_the_seeds_differ_by_is_tabled():
    found = [
        [estimates(f"imagenette_{name}{seed}", "imagenette") for seed in ("", "_seed1", "_seed2")]
        for name in ("base", "blur2")
    ]

    def row(words, number, form):
        plain, blurred = ([number(each) for each in seeds] for seeds in found)
        between = [abs(a - b) for a, b in zip(plain, blurred, strict=True)]
        cells = [max(plain) - min(plain), max(blurred) - min(blurred), min(between), max(between)]
        return "| {} | {} | {} | {} to {} |".format(words, *(form.format(cell) for cell in cells))

    assert (
        row("f_rev, of Nyquist", lambda each: each["hybrids"]["f_rev_nyquist"].value, "{:.3f}")
        in NETWORKS
    )
    high = row(
        "accuracy under high-frequency corruptions, points",
        lambda each: 100 * band("high")(each),
        "{:.0f}",
    )
    assert high in NETWORKS


def test_what_a_transferred_attack_leaves_is_given():
    plain, blurred = (store.identity(store.card(name)) for name in store.pair("imagenette"))
    measure = MEASURES["attacks"]
    settings = measure.settings | {"source": plain}
    key = Key(blurred, "imagenette/val/128", "attacks", measure.written(settings), 0)
    summed = total(results.read(key))
    found = measure.estimate(summed, settings)
    value, low, high = (100 * end for end in found["accuracy"][found["epsilons_of_255"].index(4)])
    assert f"{value:.1f} % [{low:.1f}, {high:.1f}]" in NETWORKS
    assert int(summed["pictures"]) == 1000
    assert "-n 1000 --set source=imagenette_base\n" in NETWORKS


def test_the_cue_conflicts_of_the_cards_are_tabled():
    for name in store.pair("objects"):
        found = store.card(name)["measured"]["cue_conflicts"]
        texture, shape = (
            "{:.1f} [{:.1f}, {:.1f}]".format(
                *(100 * found[cue][key] for key in ("value", "low", "high"))
            )
            for cue in ("texture", "shape")
        )
        assert f"| `{name}` | {texture} | {shape} |" in NETWORKS
        assert f"{found['pictures']:,} cue conflicts" in NETWORKS


SIBLINGS = [
    name for name in packaged.SIBLINGS if (places.SHIPPED_MODELS / f"{name}.json").is_file()
]


@pytest.mark.parametrize("name", [*packaged.PACKAGED, *SIBLINGS])
def test_how_many_of_imagenets_pictures_a_network_names_is_tabled(name):
    found = json.loads((places.SHIPPED_MODELS / f"{name}.json").read_text())["measured"]
    count = found["accuracy"]["pictures"]
    assert f"On {count:,} of ImageNet's validation pictures" in IMAGENET
    cells = [
        f"{100 * round(each['value'] * count) / count:.1f} "
        f"[{100 * each['low']:.1f}, {100 * each['high']:.1f}]"
        for each in (found["accuracy"], found["accuracy"]["top5"])
    ]
    if "hybrids" in found:
        f_rev = found["hybrids"]["f_rev_nyquist"]
        cells.append("{value:.3f} [{low:.3f}, {high:.3f}]".format(**f_rev))
    else:
        cells.append("not measured")
    assert f"| `{name}` | {' | '.join(cells)} |" in IMAGENET


def test_what_the_blur_does_to_f_rev_on_imagenet_is_given():
    cards = [
        json.loads((places.SHIPPED_MODELS / f"{name}.json").read_text())
        for name in store.pair("imagenet")
    ]
    ((*_, found),) = f_rev_ratios(cards)
    assert "`imagenet_lite0` is {:.2f} [{:.2f}, {:.2f}] times its own".format(*found) in IMAGENET
    points = {point.title: point.f_rev for point in POINTS if point.data == "ImageNet"}
    paper = (
        f"{points['ResNet-50'][0]:.3f} for a ResNet-50 and {points['blur σ = 3'][0]:.3f} for one"
    )
    assert paper in IMAGENET


def test_what_was_distilled_is_given():
    recipe = RECIPES["imagenet_blur3"]
    epochs = recipe.epochs + recipe.finish_epochs
    assert f"shown {epochs * recipe.shown:,} crops" in IMAGENET
    source = json.loads((places.SHIPPED_MODELS / "imagenet_blur3.json").read_text())["source"]
    assert re.search(r"[\d,]+ photographs", source)[0] in IMAGENET


@pytest.mark.parametrize("name", ["brightness", "fog", "contrast"])
def test_where_the_blurred_network_of_the_objects_fails_is_tabled(name):
    accuracy = pair("objects")[1]["corruptions"]["accuracy"]
    assert f"| {name} | {100 * accuracy[name][2].value:.0f} |" in CLAIMS


@DATA
def test_the_noise_that_networks_withstand_is_tabled(data):
    for name, each in zip(store.pair(data), pair(data), strict=True):
        found = [number.found for number in MEASURES["noise"].summary(each["noise"])[1:]]
        cells = [
            threshold
            if isinstance(threshold, str)
            else "{:.3f} [{:.3f}, {:.3f}]".format(*threshold)
            for threshold in found
        ]
        assert f"| `{name}` | {' | '.join(cells)} |" in PAGES["docs/measures/noise.md"]


@DATA
def test_the_masks_of_networks_are_tabled(data):
    for name in store.pair(data):
        count, found = kept(name, data, ("mask",))["mask"]
        cells = ["{:.3f} [{:.3f}, {:.3f}]".format(*found["frequency"])]
        for key in ("all", "kept", "held"):
            cells.append("{:.1f} [{:.1f}, {:.1f}]".format(*(100 * end for end in found[key])))
        row = f"| `{name}` | {count} | {' | '.join(cells)} |"
        assert row in PAGES["docs/measures/mask.md"]


SPECTRA = re.findall(r"^\| `(\w+)` \| (\w*) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$",
                     PAGES["docs/corruptions.md"].partition("## Spectra")[2], re.M)  # fmt: skip


def test_the_spectra_of_corruptions_are_given_as_the_command_prints_them(
    shared, monkeypatch, capsys
):
    """Of one that takes little time; the others are by the same command."""
    monkeypatch.setenv("BLURLAB_DATA", str(shared / "data"))
    asked = ["spectra", "--data", "imagenette", "-n", "500"]
    assert f"    python -m blurlab {' '.join(asked)}\n" in PAGES["docs/corruptions.md"]
    assert main([*asked, "--corruption", "contrast"]) == 0
    *_, printed = capsys.readouterr().out.strip().splitlines()
    (tabled,) = [row for row in SPECTRA if row[0] == "contrast"]
    assert printed.startswith(f"| `contrast` | {' | '.join(tabled[1:4])} | ")


def test_the_spectra_of_corruptions_part_their_classes_as_is_told():
    bands = {name: band for name, band, *_ in SPECTRA}
    assert bands == {name: CORRUPTIONS[name].band or "" for name in published()}
    for column in (2, 4):
        halves = [
            [float(row[column].split()[0]) for row in SPECTRA if row[1] == band]
            for band in ("low", "medium", "high")
        ]
        assert max(halves[0]) < min(halves[1])
        assert max(halves[1]) < min(halves[2])


@pytest.mark.parametrize(
    ("name", "data", "contrast"),
    [
        ("imagenette_base", "imagenette", 0.5),
        ("imagenette_blur2", "imagenette", 0.5),
        ("objects_base", "objects", 0.5),
        ("imagenet_lite0", "imagenet", 0.5),
        ("imagenet_lite0", "imagenet16", 0.2),
    ],
)
def test_the_channels_of_networks_are_tabled_beside_peoples(name, data, contrast):
    if name not in store.names():
        pytest.skip(f"{name} is not installed")
    measure = MEASURES["critical_band"]
    summed = total(tallied(name, data, (measure.name,), contrast=contrast)[measure.name])
    count, found = int(summed["pictures"]), measure.estimate(summed, measure.settings)
    forms = {"centre": "{:.1f} [{:.1f}, {:.1f}]", "bandwidth": "{:.2f} [{:.2f}, {:.2f}]",
             "peak": "{:.3f} [{:.3f}, {:.3f}]"}  # fmt: skip
    cells = [f"{count:,}", *(form.format(*found[key]) for key, form in forms.items())]
    assert f"| `{name}` | {' | '.join(cells)} |" in PAGES["docs/measures/critical_band.md"]


def test_the_critical_bands_are_given():
    for each in pair("imagenette"):
        centre = "{:.1f} [{:.1f}, {:.1f}]".format(*each["critical_band"]["centre"])
        assert f"{centre} cycles/image" in CLAIMS
