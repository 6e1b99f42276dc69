"""Answers in words: sums over the classes behind each, and which word a label belongs to."""

import pytest
import torch
from torch.testing import assert_close

from blurlab.data import entry_level, imagenet
from blurlab.networks import store, worded

CLASSES = imagenet.classes()
WORDS = worded.words(CLASSES)
TELLING = {"tabby": 0.3, "Egyptian cat": 0.2, "espresso": 0.4, "lynx": 0.1}


class Saying(torch.nn.Module):
    """A network that gives every picture the same logits."""

    input_size = 8

    def __init__(self, logits):
        super().__init__()
        self.logits = torch.nn.Parameter(logits)
        self.register_buffer("mean", torch.zeros(3, 1, 1))

    def forward(self, images):
        return self.logits.expand(len(images), -1)


def logits_of(probabilities):
    given = torch.full((1000,), 1e-12)
    for name, probability in probabilities.items():
        given[CLASSES.index(name)] = probability
    return given.log()


def test_probabilities_of_one_category_are_summed_and_the_others_stay():
    network = worded.around(Saying(logits_of(TELLING)), CLASSES)
    with torch.no_grad():
        found = network(torch.zeros(2, 3, 8, 8)).softmax(-1)
    assert found.shape == (2, len(WORDS))
    told = {WORDS[index]: found[1, index].item() for index in found[1].topk(3).indices.tolist()}
    assert told == pytest.approx({"cat": 0.5, "espresso": 0.4, "lynx": 0.1})
    assert_close(found.sum(-1), torch.ones(2))


def test_every_class_is_in_one_word_and_the_words_are_all_different():
    assert len(set(WORDS)) == len(WORDS)
    assert set(entry_level.CATEGORIES) <= set(WORDS)
    each = torch.eye(1000).clamp_min(1e-12).log()
    placed = worded.summed(each, CLASSES).argmax(-1).tolist()
    expected = [entry_level.category_of(n) or name for n, name in enumerate(CLASSES)]
    assert [WORDS[index] for index in placed] == expected


def test_answers_are_the_logarithms_of_probabilities_and_have_gradients():
    logits = torch.randn(1000, generator=torch.Generator().manual_seed(0)) * 200  # saturated
    network = worded.around(Saying(logits), CLASSES)
    said = network(torch.zeros(1, 3, 8, 8))
    assert_close(said.exp().sum(-1), torch.ones(1))
    assert_close(said.log_softmax(-1), said, atol=1e-4, rtol=0)
    said[0, WORDS.index("dog")].backward()
    assert network.network.logits.grad.isfinite().all()
    assert network.network.logits.grad.abs().sum() > 0


def test_a_network_of_other_classes_answers_as_it_is():
    network = Saying(torch.zeros(3))
    for classes in (("fish", "house", "cup"), CLASSES[::-1]):
        assert worded.around(network, classes) is network
        assert worded.words(classes) == list(classes)


@pytest.mark.parametrize(
    ("label", "word"),
    [
        ("cat", "cat"),
        (" Cat ", "cat"),
        ("Egyptian_cat", "cat"),
        ("English springer", "dog"),
        ("garbage truck", "truck"),
        ("GOLF  ball", "golf ball"),
        ("espresso", "espresso"),
        ("unicorn", None),
        ("", None),
    ],
)
def test_a_label_belongs_to_the_word_of_its_class(label, word):
    found = worded.place(label, WORDS, CLASSES)
    assert (None if found is None else WORDS[found]) == word


def test_the_names_are_known_by_their_digest_alone():
    assert imagenet.digest(CLASSES) == imagenet.DIGEST


@pytest.mark.skipif("imagenet_blur3" not in store.names(), reason="timm is not installed")
def test_an_installed_network_answers_in_words_with_its_own_probabilities():
    network, raw = worded.load("imagenet_blur3"), store.load("imagenet_blur3")
    images = torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        said, probabilities = network(images).softmax(-1), raw(images).softmax(-1)
    assert worded.card("imagenet_blur3")["classes"] == WORDS
    cats = list(entry_level.numbers("cat"))
    assert_close(said[:, WORDS.index("cat")], probabilities[:, cats].sum(-1))
    assert_close(said[:, WORDS.index("espresso")], probabilities[:, CLASSES.index("espresso")])
