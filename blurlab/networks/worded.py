"""Networks of ImageNet's thousand classes, made to answer in words that people use.

Nobody calls a cat a tabby, tiger cat, Egyptian cat, Persian or Siamese: the classes of each of the
sixteen entry-level categories become one word, and so do classes of the same name.
"""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor, nn

from blurlab import texts
from blurlab.data import entry_level
from blurlab.networks import store
from blurlab.networks.classifier import Classifier


class Worded(nn.Module):
    """A network whose answers are words, each as probable as its classes are together.

    network: of ImageNet's thousand classes, whose names are classes.
    Takes (N, 3, S, S) in [0, 1]; returns the logarithms (N, words) of probabilities, whose softmax
    they are; words() names them.
    """

    def __init__(self, network: Classifier, classes: Sequence[str]):
        super().__init__()
        self.network, self.classes = network, tuple(classes)

    @property
    def mean(self) -> Tensor:
        return self.network.mean

    @property
    def input_size(self) -> int:
        return self.network.input_size

    @property
    def interpolation(self) -> str:
        return self.network.interpolation

    def forward(self, images: Tensor) -> Tensor:
        return summed(self.network(images), self.classes)


def summed(logits: Tensor, classes: tuple[str, ...]) -> Tensor:
    """Return the logarithms (N, words) of the words' probabilities from logits (N, 1000)."""
    groups = list(_groups(classes).values())
    said = logits.log_softmax(-1)
    found = said[:, [group[0] for group in groups]]
    several = [place for place, group in enumerate(groups) if len(group) > 1]
    together = torch.stack([said[:, groups[place]].logsumexp(-1) for place in several], -1)
    return found.index_copy(-1, torch.tensor(several, device=said.device), together)


@lru_cache(maxsize=8)
def _groups(classes: tuple[str, ...]) -> dict[str, list[int]]:
    """Return the numbers of the classes behind each word, in the order of their first."""
    found: dict[str, list[int]] = {}
    for number, name in enumerate(classes):
        found.setdefault(entry_level.category_of(number) or name, []).append(number)
    return found


def words(classes: Sequence[str]) -> list[str]:
    """Return what a network of these classes answers in: words, or the classes themselves."""
    return list(_groups(tuple(classes))) if entry_level.knows(classes) else list(classes)


def around(network: Classifier, classes: Sequence[str]) -> Classifier | Worded:
    """Let a network answer in the words of its classes."""
    return Worded(network, classes) if entry_level.knows(classes) else network


def load(name: str, device: str | torch.device = "cpu") -> Classifier | Worded:
    """Load an installed model that answers in words, as store.load does.

    Raises ValueError as it does.
    """
    return around(store.load(name, device), store.card(name)["classes"])


def card(name: str) -> dict:
    """Return an installed model's card, its classes in words.

    Raises ValueError for a name that is not installed.
    """
    info = store.card(name)
    return info | {"classes": words(info["classes"])}


def place(label: str, answers: Sequence[str], classes: Sequence[str]) -> int | None:
    """Return the index of the answer that a label belongs to, whatever its case and its spaces.

    label: a word or the name of a class.  answers: words(classes).  None where there is none.
    """
    for known in (answers, classes):
        number = _spelt(tuple(known)).get(texts.spelling(label))
        if number is not None:
            word = answers[number] if known is answers else entry_level.category_of(number)
            return list(answers).index(word) if word is not None and word in answers else None
    return None


@lru_cache(maxsize=64)
def _spelt(names: tuple[str, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, name in enumerate(names):
        found.setdefault(texts.spelling(name), number)
    return found
