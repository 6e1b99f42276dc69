"""The sixteen words that people would call things by, for networks that know a thousand classes.

Geirhos et al. 2018 (NeurIPS, "Generalisation in humans and deep neural networks") let people
choose among these entry-level categories of MS COCO, and map 207 of ImageNet's classes to them. A
network's probability of a category is here the sum of those of its classes; their code takes the
mean, by which a category of many classes seldom wins.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from blurlab import places
from blurlab.data import imagenet

# Numbers of ImageNet's classes, from 0, in the order of their WordNet numbers. From
# github.com/bethgelab/model-vs-human, modelvshuman/helper/human_categories.py.
CLASSES_OF = {
    "airplane": "404",
    "bear": "294-297",
    "bicycle": "444 671",
    "bird": "8 10-16 18-20 22-24 80-83 87-96 98-100 127-133 135-145",
    "boat": "472 554 625 814 914",
    "bottle": "440 720 737 898-899 901 907",
    "car": "436 511 817",
    "cat": "281-286",
    "chair": "423 559 765 857",
    "clock": "409 530 892",
    "dog": "152-191 193-203 205-226 228-241 243-250 252-257 259 261-263 265-268",
    "elephant": "385-386",
    "keyboard": "508 878",
    "knife": "499",
    "oven": "766",
    "truck": "555 569 656 675 717 734 864 867",
}
CATEGORIES = tuple(CLASSES_OF)
# How many of the 1,300 pictures of ImageNet's validation set show each of them.
PICTURES = {
    "airplane": 0, "bear": 8, "bicycle": 3, "bird": 88, "boat": 9, "bottle": 7, "car": 7, "cat": 9,
    "chair": 10, "clock": 6, "dog": 130, "elephant": 3, "keyboard": 1, "knife": 1, "oven": 0,
    "truck": 5,
}  # fmt: skip


@cache
def numbers(category: str) -> tuple[int, ...]:
    """Return the numbers of the classes of a category, from 0, ascending."""
    spans = [span.partition("-") for span in CLASSES_OF[category].split()]
    return tuple(n for first, _, last in spans for n in range(int(first), int(last or first) + 1))


@cache
def category_of(number: int) -> str | None:
    """Return the category that one of ImageNet's classes belongs to; None for most."""
    return next((word for word in CATEGORIES if number in numbers(word)), None)


def knows(classes: Sequence[str]) -> bool:
    """Tell whether a network's classes are ImageNet's thousand, so that categories are of them."""
    return len(classes) == 1000 and imagenet.digest(classes) == imagenet.DIGEST


def has_pictures() -> bool:
    """Tell whether these pictures lie under places.data_folder(), as many as PICTURES says."""
    listed = places.data_folder() / "imagenet-val1300" / "labels.txt"
    return listed.is_file() and _counted(listed, listed.stat().st_mtime_ns) == PICTURES


@cache
def _counted(listed: Path, changed: int) -> dict[str, int]:
    """Count the pictures of each category in a list that was changed at a time; {} if damaged."""
    try:
        rows = [line.split() for line in listed.read_text().splitlines()]
        counts = Counter(category_of(int(label)) for _, label in rows)
    except ValueError:
        return {}
    return {word: counts[word] for word in CATEGORIES}
