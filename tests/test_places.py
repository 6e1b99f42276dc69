"""Where things are."""

from pathlib import Path

import pytest

from blurlab import places


def test_what_ships_is_where_it_says():
    there = (places.APP, places.ICON, places.SHIPPED_MODELS, places.SHIPPED_RESULTS)
    assert all(path.exists() for path in (*there, places.SHIPPED_BASIS))


@pytest.mark.parametrize(
    ("variable", "folder", "usual"),
    [
        ("BLURLAB_MODELS", places.models_folder, ".cache/blurlab/models"),
        ("BLURLAB_RESULTS", places.results_folder, ".cache/blurlab/results"),
        ("BLURLAB_DATA", places.data_folder, ".cache/blurlab"),
    ],
)
def test_a_folder_is_in_the_users_cache_unless_the_environment_names_it(
    monkeypatch, variable, folder, usual
):
    monkeypatch.setenv(variable, "somewhere")
    assert folder() == Path("somewhere")
    monkeypatch.setenv(variable, "")
    assert folder() == Path.home() / usual
    monkeypatch.delenv(variable)
    assert folder() == Path.home() / usual
