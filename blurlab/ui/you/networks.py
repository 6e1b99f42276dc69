"""What networks answer to the trials of a game: the likelier one of the two words."""

from contextlib import suppress
from functools import lru_cache

import streamlit as st

from blurlab.filters.hybrid import hybrid
from blurlab.people.quest import CUTOFFS
from blurlab.ui import asking, cache, shell
from blurlab.ui.you import deck


def asked(name: str) -> tuple[str, ...]:
    """Return the chosen models, or two that know the pictures of a deck."""
    return tuple(st.session_state["models"]) or shell.fitting(deck.DATA[name])


def knows(model: str, name: str) -> bool:
    """Tell whether a model has an answer for every class of a deck."""
    return all(cache.place(model, label) is not None for label in deck.CLASSES[name])


def ask_all(name: str, seed: int, number: int, index: int) -> None:
    """Have the networks answer a trial, so that the answers are there when the game is over."""
    for model in asked(name):
        if knows(model, name):
            with suppress(ValueError):  # the result says which network is damaged
                names_coarse(model, name, seed, number, index)


@lru_cache(maxsize=2**15)
def names_coarse(model: str, name: str, seed: int, number: int, index: int) -> bool:
    """Tell whether a model finds a hybrid's coarse picture likelier than its fine one.

    name, seed, number: of the trial.  index: of the cutoff in CUTOFFS.
    """
    trial = deck.trial(name, seed, number)
    low, high = (cache.picture(each)[None] for each in (trial.coarse, trial.fine))
    said = asking.ask(model, hybrid(low, high, CUTOFFS[index]))
    coarse, fine = (cache.place(model, each.name) for each in (trial.coarse, trial.fine))
    assert coarse is not None
    assert fine is not None
    return said[coarse] > said[fine]
