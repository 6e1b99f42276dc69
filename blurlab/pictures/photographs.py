"""The photographs that come with scikit-image, by name."""

import importlib.util
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from blurlab.pictures.images import load_image, square


class Photograph(NamedTuple):
    """A file among scikit-image's data, with its title and category in plain words."""

    file: str
    title: str
    category: str


PHOTOGRAPHS = {
    "astronaut": Photograph("astronaut.png", "Astronaut Eileen Collins", "person"),
    "cat": Photograph("chelsea.png", "Chelsea the cat", "cat"),
    "coffee": Photograph("coffee.png", "Cup of espresso", "cup"),
    "motorcycle": Photograph("motorcycle_left.png", "Motorcycle in a garage", "motorcycle"),
    "rocket": Photograph("rocket.jpg", "Rocket on its launch pad", "rocket"),
    "photographer": Photograph("camera.png", "Photographer with a tripod", "person"),
    "coins": Photograph("coins.png", "Greek coins from Pompeii", "coins"),
    "moon": Photograph("moon.png", "Surface of the Moon", "moon"),
    "galaxies": Photograph("hubble_deep_field.jpg", "Hubble deep field", "galaxies"),
    "retina": Photograph("retina.jpg", "Human retina", "retina"),
    "bricks": Photograph("brick.png", "Brick wall", "brick wall"),
    "grass": Photograph("grass.png", "Grass", "grass"),
    "gravel": Photograph("gravel.png", "Gravel", "gravel"),
}


def _folder() -> Path | None:
    # scikit-image itself is not imported: its own loaders download what they do not find.
    package = importlib.util.find_spec("skimage")
    places = package.submodule_search_locations if package else None
    return Path(places[0]) / "data" if places else None


def here() -> dict[str, Photograph]:
    """The PHOTOGRAPHS that lie inside the installed scikit-image, in menu order.

    Nothing is downloaded; a file that is not there is left out.
    """
    folder = _folder()
    if folder is None:
        return {}
    return {name: photo for name, photo in PHOTOGRAPHS.items() if (folder / photo.file).is_file()}


def photograph(name: str, size: int) -> Tensor:
    """One of here(), centred and cropped to (3, size, size) in [0, 1]."""
    folder, known = _folder(), here()
    if folder is None or name not in known:
        raise ValueError(f"{name} is not a photograph here: choose from {', '.join(known)}.")
    return square(load_image(folder / known[name].file), size)
