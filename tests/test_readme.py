"""The README: its tables are what the commands print of the results that ship."""

import re
from pathlib import Path

import pytest

from blurlab import models
from blurlab.__main__ import main
from blurlab.compare import kept
from blurlab.measures.table import MEASURES

README = (Path(__file__).parents[1] / "README.md").read_text()
DATA = pytest.mark.parametrize("data", ["imagenette", "objects"])


@pytest.fixture(autouse=True)
def shipped(tmp_path, monkeypatch):
    """No results but those that ship."""
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path))


@DATA
def test_the_networks_that_ship_come_with_every_measure(data):
    for name in models.pair(data):
        assert kept(name, data).keys() == MEASURES.keys()


@DATA
def test_the_readme_gives_the_family_as_the_command_prints_it(data, capsys):
    assert main(["family", "--data", data]) == 0
    printed = capsys.readouterr().out.strip()
    assert f"`{models.pair(data)[0]}`" in printed
    assert printed in README


@DATA
def test_the_readme_gives_every_claim_as_the_command_prints_it(data, capsys):
    assert main(["claims", "--data", data]) == 0
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
