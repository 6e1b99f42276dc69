"""Sixteen words for ImageNet's classes: which belong to which, and how their answers are joined."""

import pytest
import torch
from torch.testing import assert_close

from blurlab.data import imagenet
from blurlab.data.entry_level import CATEGORIES, category_of, knows, numbers
from blurlab.data.folders import Source
from blurlab.measures.shared_classes import answering, share_classes, shared_names

CLASSES = imagenet.classes()
COUNTS = {
    "airplane": 1, "bear": 4, "bicycle": 2, "bird": 49, "boat": 5, "bottle": 7, "car": 3, "cat": 6,
    "chair": 4, "clock": 3, "dog": 109, "elephant": 2, "keyboard": 2, "knife": 1, "oven": 1,
    "truck": 8,
}  # fmt: skip


def test_every_category_has_as_many_classes_as_were_published():
    assert {word: len(numbers(word)) for word in CATEGORIES} == COUNTS


def test_no_class_belongs_to_two_categories_and_none_bears_the_name_of_one():
    every = [number for word in CATEGORIES for number in numbers(word)]
    assert len(every) == len(set(every)) == sum(COUNTS.values())
    assert not set(CATEGORIES) & set(CLASSES)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("tabby", "cat"),
        ("Egyptian cat", "cat"),
        ("airliner", "airplane"),
        ("golden retriever", "dog"),
        ("mountain bike", "bicycle"),
        ("garbage truck", "truck"),
        ("bald eagle", "bird"),
        ("rotisserie", "oven"),
        ("tench", None),
        ("timber wolf", None),
    ],
)
def test_a_class_belongs_to_the_word_that_people_would_use(name, word):
    assert category_of(CLASSES.index(name)) == word


def test_only_a_network_of_imagenets_classes_knows_the_categories():
    assert knows(CLASSES)
    assert knows(list(CLASSES))
    assert not knows(CLASSES[:999])
    assert not knows(CLASSES[::-1])


def test_pictures_of_categories_are_answered_by_sums_over_imagenets_classes():
    source = Source("drawn", ("cat", "truck", "oven"), 0, load=lambda: pytest.fail("not needed"))
    found, logits = share_classes(source, CLASSES, "imagenet_x")
    assert found.classes == source.classes
    assert found.name != source.name
    answers = torch.randn(4, 1000, generator=torch.Generator().manual_seed(0))
    given = answering(lambda images: answers, logits)(torch.zeros(4, 3, 8, 8)).softmax(-1)
    sums = torch.stack(
        [answers.softmax(-1)[:, list(numbers(word))].sum(-1) for word in source.classes], -1
    )
    assert_close(given, sums / sums.sum(-1, keepdim=True))


def test_a_network_that_knows_a_word_itself_answers_with_it():
    assert shared_names(("bird", "cat", "ship"), ("airplane", "bird", "cat")) == ["bird", "cat"]
    source = Source("drawn", ("bird", "cat"), 0, load=lambda: pytest.fail("not needed"))
    _, logits = share_classes(source, ("airplane", "bird", "cat"), "own")
    assert logits == [1, 2]
