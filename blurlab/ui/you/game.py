"""The game as it is played: trials go to the browser ahead of time, answers come back."""

import math
import random
from functools import lru_cache
from typing import Any, NamedTuple

import streamlit as st
import torch

from blurlab.filters.hybrid import hybrid
from blurlab.people import quest
from blurlab.people.quest import CUTOFFS, GAMES
from blurlab.pictures import images
from blurlab.ui import cache, languages, link, show
from blurlab.ui.feed import feed, nothing, source, timed
from blurlab.ui.languages import say
from blurlab.ui.you import deck, networks, screen

KEY = "you_game"
SEEDS = 2**31
EXAMPLE, EXAMPLE_CUTOFF = (("fish", 22), ("house", 50)), 8.0  # cycles/image
AHEAD = 3  # trials whose pictures the browser has before it needs them
PARTS = 4  # among which they alternate, as in game.js
TOO_LONG = 2  # times the asked duration, from which a trial does not count, as in game.js

HTML = source("game.html")
SCRIPT = source("say.js", "elements.js", "fft.js", "trial.js", "game.js")

_game = st.components.v2.component(
    "blurlab_game", html=HTML, css=source("stage.css", "game.css"), js=SCRIPT
)


class Record(NamedTuple):
    """What a browser says of a trial; all times are in ms.

    step: index of the cutoff in CUTOFFS.  coarse: whether the coarse picture was named.
    shown: how long the hybrid was seen.  frame: of the screen.  dropped: frames that were late
    while the hybrid was seen.  answered: time from the mask to the answer.  waited: for the server,
    before the trial.  reply: from the answer before to what the server said next.  side: of the
    picture, CSS pixels.
    """

    step: int
    coarse: bool
    shown: float
    frame: float
    dropped: int
    answered: float
    waited: float
    reply: float
    side: float

    def counts(self, asked: float) -> bool:
        return self.shown <= TOO_LONG * asked

    def is_marked(self, asked: float) -> bool:
        """Tell whether the hybrid was seen for another time than asked, or a frame was late."""
        return self.dropped > 0 or abs(self.shown - asked) > self.frame


def anew() -> None:
    """Begin another game, for it was asked for."""
    deal()
    st.session_state["you_asked"] = True
    screen.own()


def deal() -> None:
    """Take pictures that nobody has seen."""
    state = st.session_state
    state["you_seed"] = random.randrange(SEEDS)
    state["trials"], state["you_records"] = "", []
    state["you_under_way"] = False


def play() -> None:
    """Draw the game until it is over, and then the page anew, with its answers in trials."""
    state = st.session_state
    if state["deck"] not in deck.available():
        show.left_out(
            say("The photographs that were asked for are not on this server; play objects.")
        )
        state["deck"] = "objects"
    if state.pop("you_asked", False):
        state["you_goes_on"] = False
    elif KEY not in state or "you_seed" not in state:  # a reload, or another page came between
        deal()
        state["you_goes_on"] = True

    @st.fragment
    def playing() -> None:
        link.refill()
        _go_on()
        seed, name, asked = state["you_seed"], state["deck"], float(state["shown_ms"])
        records = _records(_drawn(seed, asked), seed)
        counted = [(each.step, each.coarse) for each in records if each.counts(asked)]
        belief = quest.posterior(counted)
        is_over = quest.is_over(belief, len(counted), GAMES[state["game"]])
        if is_over or len(records) >= deck.LONGEST:
            finish(records, asked)
            st.rerun()
        if state["you_under_way"] != bool(records):  # the choices rest, or do so no more
            state["you_under_way"] = bool(records)
            st.rerun()
        feed(KEY, "course", _course(belief, counted, records) | {"game": seed})
        for number in range(len(records), len(records) + AHEAD):
            feed(KEY, f"trial{number % PARTS}", _pictures(name, seed, number))
        for number, each in enumerate(records):  # while the next trial is played
            networks.ask_all(name, seed, number, each.step)

    playing()


def is_under_way() -> bool:
    """Tell whether a trial of the game on the page has been answered."""
    state = st.session_state
    return not state["trials"] and state.get("you_under_way", False)


def _go_on() -> None:
    """Take up a game that the browser has kept, of the same pictures for the same time."""
    state = st.session_state
    sent = (state.get(KEY) or {}).get("trials")
    if not state.get("you_goes_on") or not isinstance(sent, dict) or sent.get("of") != _of():
        return
    seed = sent.get("game")
    if seed == state.get("you_finished"):  # in this session, whose result has been seen
        return
    if type(seed) is int and 0 <= seed < SEEDS and _records(sent, seed):
        state["you_seed"] = seed


def _of() -> str:
    """Say what the answers of a game depend on, besides its seed."""
    return f"{st.session_state['deck']} {st.session_state['shown_ms']}"


def finish(records: list[Record], asked: float) -> None:
    """Keep the answers of a game where the address and the page take them from."""
    state = st.session_state
    answers = [(each.step, each.coarse) if each.counts(asked) else None for each in records]
    state["trials"], state["game_seed"] = deck.written(answers), state["you_seed"]
    state["you_records"], state["you_finished"] = records, state["you_seed"]
    screen.measure(records[-1].side)


def _drawn(seed: int, asked: float) -> Any:
    """Draw the game, and return what the browser has sent of it."""
    state = st.session_state
    game = GAMES[state["game"]]
    data = {
        "stage": KEY,
        "game": seed,
        "of": _of(),
        "goesOn": state["you_goes_on"],
        "size": cache.SIZE,
        "asked": asked,
        "most": game.trials,
        "mayEnd": game.octaves > 0,
        "presenter": state["present"],
        "example": _example(),
        "words": {
            "start": say("Start"),
            "goOn": say("Go on"),
            "keys": say("Space or a tap starts. Answer with ← and →, or tap."),
            "over": say("Done."),
        },
        **languages.shown(HTML, SCRIPT),
    }
    return _game(
        key=KEY, data=timed(KEY, data), default={"trials": None}, on_trials_change=nothing
    ).trials


@lru_cache(maxsize=1)
def _example() -> str:
    """Return a hybrid that shows what is to come."""
    low, high = (cache.picture(cache.Choice("object", *of)) for of in EXAMPLE)
    return images.data_url(hybrid(low[None], high[None], EXAMPLE_CUTOFF)[0])


def _records(sent: Any, seed: int) -> list[Record]:
    """Read what a browser sent, which may be anything; nothing of another game."""
    try:
        if sent is None or sent["game"] != seed:
            return []
        return [_record(each) for each in sent["records"][: deck.LONGEST]]
    except (KeyError, TypeError, ValueError, OverflowError):
        return []


def _record(sent: dict[str, Any]) -> Record:
    step = min(range(len(CUTOFFS)), key=lambda each: abs(CUTOFFS[each] - float(sent["cutoff"])))
    times = {
        name: float(sent[name])
        for name in ("shown", "frame", "answered", "waited", "reply", "side")
    }
    if not all(math.isfinite(value) and value >= 0 for value in times.values()):
        raise ValueError(f"{times} are not times.")
    return Record(step, bool(sent["coarse"]), dropped=int(sent["dropped"]), **times)


def _course(
    belief: torch.Tensor, counted: list[tuple[int, bool]], records: list[Record]
) -> dict[str, Any]:
    """Say the next trial's cutoff and, for either answer to it, the one after; None is the end."""
    index, game = quest.next_cutoff(belief), GAMES[st.session_state["game"]]

    def after(coarse: bool) -> float | None:
        later = quest.updated(belief, index, torch.tensor(coarse))
        if quest.is_over(later, len(counted) + 1, game) or len(records) + 1 >= deck.LONGEST:
            return None
        return CUTOFFS[quest.next_cutoff(later)]

    return {
        "n": len(records),
        "cutoff": CUTOFFS[index],
        "ahead": {"coarse": after(True), "fine": after(False)},
    }


def _pictures(name: str, seed: int, number: int) -> dict[str, Any]:
    trial = deck.trial(name, seed, number)
    words = [say(trial.coarse.name), say(trial.fine.name)]
    left, right = words[::-1] if trial.is_coarse_right else words
    return {
        "game": seed,
        "n": number,
        "low": cache.data_url(trial.coarse),
        "high": cache.data_url(trial.fine),
        "left": left,
        "right": right,
        "coarseRight": trial.is_coarse_right,
    }
