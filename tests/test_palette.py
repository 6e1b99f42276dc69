"""A network looks alike wherever it is drawn."""

import re
import tomllib
from pathlib import Path

import pytest

from blurlab.ui import feed, frames, palette, stage

THEME = tomllib.loads((Path(__file__).parents[1] / ".streamlit" / "config.toml").read_text())[
    "theme"
]


def test_as_many_as_36_networks_differ():
    assert len({tuple(palette.line(index).values()) for index in range(36)}) == 36


@pytest.mark.parametrize("script", [stage.SCRIPT, frames.SCRIPT])
def test_the_browser_draws_with_the_colours_and_dashes_of_python(script):
    for name, values in {"COLORS": palette.COLORS, "DASHES": palette.DASHES.values()}.items():
        (written,) = re.findall(rf"^const {name} = (.*);$", script, re.M)
        assert re.findall(r'"([^"]*)"', written) == list(values)
    own = {file.name: file.read_text() for file in feed.HERE.glob("*.js")}
    assert not [
        name for name, text in own.items() for c in palette.COLORS if c.lower() in text.lower()
    ]


def test_the_theme_draws_with_the_same_colours():
    for mode in THEME["light"], THEME["dark"]:
        assert set(palette.COLORS) <= set(mode["chartCategoricalColors"])
        assert mode["primaryColor"] in palette.COLORS
    assert tuple(THEME["light"]["chartCategoricalColors"][:6]) == palette.COLORS
