"""The room that an audience is in: who joined, what each was asked, what all have answered.

Everything is in memory, and nobody has a name. What a phone sends may be anything.
"""

import csv
import io
import math
import os
import random
import secrets
import threading
import time
from typing import Any, NamedTuple

import torch

from blurlab import public
from blurlab.people import quest
from blurlab.people.quest import CUTOFFS
from blurlab.ui.you import deck

MOST_PHONES = 1000
MOST_SILENT = 200  # phones of one address that have answered nothing yet
EACH = (4, 8, 16)  # trials that one person may be asked
SHOWN = 200  # ms that a hybrid is seen
TOO_LONG = 2  # times as long, from which a trial does not count
QUICK = 0.5  # seconds within which nobody has seen a trial and answered it
GONE = 30.0  # seconds after which a phone that said nothing counts as gone
ENOUGH = 10  # answers from which on cutoffs are drawn about the crowd's threshold
SPREAD = 1.25  # octaves about it: their standard deviation
STATES = ("waiting", "open", "paused")


class Refused(Exception):
    """Why a phone is not answered: code, one of HTTP's, and a sentence."""

    def __init__(self, code: int, words: str):
        super().__init__(words)
        self.code = code


class Asked(NamedTuple):
    """A trial that a phone has. number: of its pictures.  step: of its cutoff in CUTOFFS.

    since: when it was asked, seconds.
    """

    number: int
    step: int
    since: float


class Answered(NamedTuple):
    """An answer. person: a number from 1.  coarse: whether the coarse picture was named."""

    person: int
    number: int
    step: int
    coarse: bool
    shown: float
    counts: bool


class Phone:
    """What is known of one phone: its number, the trial that it has, and how many it answered."""

    def __init__(self, number: int, now: float, address: str = ""):
        self.number, self.seen, self.answered, self.address = number, now, 0, address
        self.asked: Asked | None = None


class Room:
    """One audience. All that changes it is done under its lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.deck, self.each = next(iter(deck.CROWDS)), 8
        self.reset()

    def reset(self) -> None:
        """Forget every phone and every answer, and wait for the start."""
        self.state, self.seed = "waiting", secrets.randbelow(2**31)
        self.phones: dict[str, Phone] = {}
        self.joined = 0
        self.answers: list[Answered] = []
        self.belief = quest.prior()
        self._random = random.Random(self.seed)

    def steer(self, state: str) -> None:
        """Open or pause the room."""
        with self.lock:
            self.state = state

    def begin_anew(self, name: str, each: int) -> None:
        """Forget all, and take other pictures, or another number of trials for each person."""
        with self.lock:
            self.deck, self.each = name, each
            self.reset()

    def people(self, now: float | None = None) -> tuple[int, int]:
        """Return how many have joined, and how many of them are still there."""
        now = time.monotonic() if now is None else now
        with self.lock:
            here = sum(now - phone.seen < GONE for phone in self.phones.values())
            return len(self.phones), here

    def given(self) -> list[Answered]:
        """Return the answers so far."""
        with self.lock:
            return list(self.answers)

    def turn(self, sent: Any, now: float | None = None, address: str = "") -> dict[str, Any]:
        """Take what a phone sent, and say what it is to do next.

        address: that it sent it from.

        sent: {"phone": what it was called, or ""; "answer": None, or of its trial the number,
        whether it was coarse, and for how many ms it was shown}.
        Raises Refused for what it may not send.
        """
        now = time.monotonic() if now is None else now
        if not isinstance(sent, dict) or not isinstance(sent.get("phone"), str):
            raise Refused(400, 'a phone sends {"phone": its name, "answer": what it answers}.')
        with self.lock:
            # After a reset phones are not known any more, and join again.
            name = sent["phone"] if sent["phone"] in self.phones else self._join(now, address)
            phone = self.phones[name]
            phone.seen = now
            if sent.get("answer") is not None and name == sent["phone"]:
                self._take(phone, sent["answer"], now)
            is_done = phone.answered >= self.each
            told = {
                "phone": name,
                "state": "done" if is_done else self.state,
                "answered": phone.answered,
                "each": self.each,
                "trial": None,
            }
            if self.state == "open" and not is_done:
                phone.asked = phone.asked or self._ask(phone, now)
                told["trial"] = self._described(phone.asked)
            return told

    def _join(self, now: float, address: str) -> str:
        silent = [phone.address for phone in self.phones.values() if not phone.answered]
        if len(self.phones) >= MOST_PHONES or silent.count(address) >= MOST_SILENT:
            self._give_back(now)
        if len(self.phones) >= MOST_PHONES:
            raise Refused(503, f"{MOST_PHONES} phones have joined, and no more can.")
        silent = [phone.address for phone in self.phones.values() if not phone.answered]
        if silent.count(address) >= MOST_SILENT:
            raise Refused(
                503, f"{MOST_SILENT} phones of one address have answered nothing; no more can join."
            )
        name = secrets.token_urlsafe(12)
        self.joined += 1
        self.phones[name] = Phone(self.joined, now, address)
        return name

    def _give_back(self, now: float) -> None:
        """Forget phones that are gone and have answered nothing."""
        gone = [
            name
            for name, phone in self.phones.items()
            if not phone.answered and now - phone.seen >= GONE
        ]
        for name in gone:
            del self.phones[name]

    def _ask(self, phone: Phone, now: float) -> Asked:
        """Draw a trial: pictures that nobody else gets, at a cutoff about the crowd's threshold."""
        if len(self.answers) < ENOUGH:
            octave = self._random.uniform(0, math.log2(CUTOFFS[-1]))
        else:
            (middle,) = quest.threshold_quantiles(self.belief, (0.5,)).tolist()
            octave = self._random.gauss(middle, SPREAD)
        steps = (len(CUTOFFS) - 1) / math.log2(CUTOFFS[-1])
        index = min(max(round(octave * steps), 0), len(CUTOFFS) - 1)
        return Asked(phone.number * max(EACH) + phone.answered, index, now)

    def _take(self, phone: Phone, answer: Any, now: float) -> None:
        asked = phone.asked
        try:
            number, coarse, shown = answer["number"], answer["coarse"], answer["shown"]
            is_right = (type(number), type(coarse)) == (int, bool)
            is_right = is_right and type(shown) in (int, float) and 0 <= shown < 1e5
        except (TypeError, KeyError):
            is_right = False
        if not is_right:
            raise Refused(400, 'an answer is {"number": …, "coarse": true or false, "shown": ms}.')
        if asked is None or number != asked.number:
            raise Refused(409, f"trial {number} was not asked, or is answered.")
        # In a pause too: the trial was seen before it.
        if now - asked.since < QUICK:
            raise Refused(429, f"nobody answers within {QUICK:g} s; wait.")
        phone.asked, phone.answered = None, phone.answered + 1
        counts = shown <= TOO_LONG * SHOWN
        found = Answered(phone.number, number, asked.step, coarse, float(shown), counts)
        self.answers.append(found)
        if counts:
            self.belief = quest.updated(self.belief, torch.tensor(asked.step), torch.tensor(coarse))

    def _described(self, asked: Asked) -> dict[str, Any]:
        trial = deck.trial(self.deck, self.seed, asked.number)
        words = [trial.coarse.name, trial.fine.name]
        left, right = words[::-1] if trial.is_coarse_right else words
        return {
            "number": asked.number,
            "cutoff": CUTOFFS[asked.step],
            "low": address(trial.coarse),
            "high": address(trial.fine),
            "left": left,
            "right": right,
            "coarseRight": trial.is_coarse_right,
        }

    def written(self) -> str:
        """Write the answers as CSV, one row a trial."""
        with self.lock:
            rows, name, seed = list(self.answers), self.deck, self.seed
        file = io.StringIO()
        out = csv.writer(file)
        out.writerow(
            ["person", "trial", "deck", "seed", "coarse_class", "coarse_variant", "fine_class",
             "fine_variant", "cutoff_cycles_per_image", "shown_ms", "named_coarse", "counts"]
        )  # fmt: skip
        for each in rows:
            trial = deck.trial(name, seed, each.number)
            out.writerow(
                [each.person, each.number, name, seed, trial.coarse.name, trial.coarse.variant,
                 trial.fine.name, trial.fine.variant, f"{CUTOFFS[each.step]:g}",
                 f"{each.shown:g}", int(each.coarse), int(each.counts)]
            )  # fmt: skip
        return file.getvalue()


def address(picture: Any) -> str:
    """Return where phones find a picture, from the page that they join on."""
    return f"blurlab/room/{picture.kind}/{picture.name}/{picture.variant}.jpg"


ROOM = Room()
# Whoever has it steers the room from another machine than the server's.
KEY = os.environ.get(public.ROOM_KEY) or secrets.token_urlsafe(9)
