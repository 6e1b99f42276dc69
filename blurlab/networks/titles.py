"""What networks are, in words that need no knowledge of the field; their titles hold the terms."""

from typing import Any

from blurlab import places
from blurlab.networks import packaged, store

FAMILIES = {
    "objects": "Objects",
    "imagenette": "Imagenette",
    "imagenet": "ImageNet",
    "public": "Public weights",
    "own": "Your own",
}
ABOUT = {
    "objects": "They know twelve drawn objects; outline and texture each tell which one it is.",
    "imagenette": "They know ten classes of photographs.",
    "imagenet": "They know ImageNet's thousand classes.",
    "public": "Fetched by you, trained by others.",
    "own": "Added or trained by you.",
}
# By what sets a recipe apart.
PLAIN = {
    "sharp": "Trained on sharp pictures",
    "blurred": "Trained on blurred pictures",
    "attacked": "Trained on pictures changed to fool it",
    "noisy": "Trained on noisy pictures",
    "brain": "Taught to resemble the visual cortex",
    "components": "Trained on pictures rebuilt from few components",
    "mixed": "Trained on sharp and blurred pictures",
    "grey": "Trained on grey pictures",
    "unknown": "",
}
# The same of what sees small pictures.
PLAIN_SMALL = {
    "sharp": "Trained on sharp small pictures",
    "blurred": "Trained on blurred small pictures",
    "attacked": "Trained on small pictures changed to fool it",
    "noisy": "Trained on noisy small pictures",
    "components": "Trained on small pictures rebuilt from few components",
    "mixed": "Trained on sharp and blurred small pictures",
    "grey": "Trained on grey small pictures",
}
OBJECTIVES = {
    "adversarial": "attacked",
    "noisy": "noisy",
    "distilled_noisy": "noisy",
    "similar": "brain",
    "blurred": "mixed",
}
SMALL = 64  # pixels, below which a picture is called small


def kind(card: dict[str, Any]) -> str:
    """Return what sets a network apart by its card, a key of PLAIN."""
    recipe = card["recipe"]
    if "epochs" not in recipe and card["name"] not in packaged.PACKAGED:
        return "unknown"
    if recipe.get("components"):
        return "components"
    if recipe.get("grey"):
        return "grey"
    return "blurred" if recipe["sigma"] else OBJECTIVES.get(recipe.get("objective", ""), "sharp")


def plain(card: dict[str, Any]) -> str:
    """Say what sets a network apart in words for newcomers; "" where its card does not tell."""
    found = kind(card)
    if card["recipe"]["input_size"] < SMALL:
        return PLAIN_SMALL.get(found, PLAIN[found])
    return PLAIN[found]


def term(card: dict[str, Any]) -> str:
    """Return a network's title without the data that it was trained on, which others share."""
    known = FAMILIES.get(card["recipe"].get("data", ""), "")
    return card["title"].removeprefix(f"{known}, ") or card["title"]


def is_own(name: str) -> bool:
    """Tell whether a person has added or trained an installed network.

    Raises ValueError for a name that is not installed.
    """
    return store.card_path(name).parent != places.SHIPPED_MODELS


def family(name: str) -> str:
    """Return which of FAMILIES an installed network belongs to.

    Raises ValueError for a name that is not installed.
    """
    card = store.card(name)
    if is_own(name):
        return "public" if card.get("source", "").startswith("https://") else "own"
    data = card["recipe"]["data"]
    return data if data in FAMILIES else "own"
