"""The report on networks, as one file."""

import re

import pytest

from blurlab.__main__ import main
from blurlab.claims import compare
from blurlab.measures.table import MEASURES
from blurlab.networks import store
from blurlab.ui.written import report

TWO = [name for name in store.pair("objects") if name in store.names()]
pytestmark = pytest.mark.skipif(len(TWO) < 2, reason="the networks of the objects do not ship")


@pytest.fixture(scope="module")
def page():
    return report(TWO, "objects")


def test_a_report_has_a_figure_and_the_numbers_of_every_measure_that_is_kept(page):
    kept = {measure for name in TWO for measure in compare.kept(name, "objects")}
    heads = re.findall(r"<h2>(.*?)</h2>", page)
    shown = [row.title for name, row in MEASURES.items() if name in kept]
    assert heads == [*shown, "Methods", "How to cite"]
    assert page.count('class="plotly-graph-div"') == len(shown)
    f_rev = compare.kept(TWO[0], "objects")["hybrids"][1]["f_rev_nyquist"].value * 64
    assert f"{f_rev:#.3g}".rstrip(".") in page


def test_a_report_says_how_and_needs_no_other_file(page):
    assert store.card(TWO[0])["sha256"][:16] in page
    assert "10.1371/journal.pcbi.1010932" in page
    assert not re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="http', page)


def test_nothing_kept_is_one_sentence(tmp_path, capsys):
    asked = ["report", str(tmp_path / "a.html"), "--data", "cifar10", "--model", TWO[0]]
    assert main(asked) == 2
    assert "nothing is kept" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_command_writes_the_file(tmp_path, capsys):
    main(["report", str(tmp_path / "a.html"), "--data", "objects"])
    assert (tmp_path / "a.html").stat().st_size > 1_000_000
    assert "MB" in capsys.readouterr().out
