"""What networks are called, and in which words newcomers are told what they are."""

import pytest
import tiny

from blurlab import places
from blurlab.networks import store, titles
from blurlab.training.recipes import RECIPES


@pytest.fixture
def cards(tmp_path, monkeypatch):
    """Install tiny networks as if they shipped, and others as a person's own."""
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path / "shipped")
    monkeypatch.setenv("BLURLAB_MODELS", str(tmp_path / "added"))

    def install(where, name, **changes):
        (tmp_path / where).mkdir(exist_ok=True)
        tiny.install(tmp_path / where, name, **changes)
        return store.card(name)

    return install


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_has_words_for_newcomers(name):
    recipe = vars(RECIPES[name])
    card = {"name": name, "title": recipe["title"], "recipe": recipe}
    assert titles.plain(card)
    is_blurred = recipe["sigma"] or recipe["objective"] == "blurred"
    assert ("blur" in titles.plain(card)) == bool(is_blurred)
    assert ("small" in titles.plain(card)) == (recipe["input_size"] == 32)
    family = titles.FAMILIES[recipe["data"]]
    assert card["title"] == f"{family}, {titles.term(card)}"


def test_what_a_card_does_not_tell_is_not_told():
    recipe = {"architecture": "resnet18", "data": "unknown", "sigma": 0.0, "input_size": 224}
    card = {"name": "mine", "title": "mine", "recipe": recipe}
    assert titles.plain(card) == ""
    assert titles.term(card) == "mine"


def test_own_and_public_networks_are_families_of_their_own(cards):
    cards("shipped", "one")
    mine = cards("added", "mine")
    path = store.card_path("mine")
    assert [titles.family(name) for name in ("one", "mine")] == ["objects", "own"]
    store.write_card(path, mine | {"source": "https://example.org/weights.pth"})
    assert titles.family("mine") == "public"
    assert [titles.is_own(name) for name in ("one", "mine")] == [False, True]
