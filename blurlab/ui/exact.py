"""The networks' own answers at the very value of a slider, over the channel that frames take.

Between the points of a sweep a page can only guess. So a page offers what its slider stands for,
and gets a token; a browser that has the token may ask for the answers at any one value.
"""

import logging
import math
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

MOST_OFFERS = 256  # the last ones; a page offers its own again whenever it is drawn
MOST_VALUES = 4

log = logging.getLogger(__name__)

Place = tuple[float | None, ...]
Answering = Callable[[Place], dict[str, Any]]


class Question(NamedTuple):
    """What a client asks: the token of an offer, the slider's values, and when it came."""

    token: str
    at: Place
    since: float


_tokens: OrderedDict[Hashable, str] = OrderedDict()
_offers: dict[str, Answering] = {}
_lock = threading.Lock()


def offer(what: Hashable, answering: Answering) -> str:
    """Offer the answers at any value of a slider, and return the token that asks for them.

    what: all that they depend on beside the value; the same has the same token.
    answering: called in another thread with the values; returns what goes to the browser as JSON,
    and raises ValueError where there is no answer at these.
    """
    with _lock:
        token = _tokens.pop(what, None) or secrets.token_urlsafe(16)
        _tokens[what], _offers[token] = token, answering
        while len(_tokens) > MOST_OFFERS:
            del _offers[_tokens.popitem(last=False)[1]]
    return token


def read(words: dict[str, Any], now: float) -> Question:
    """Read {"exact": token, "at": [values]}, null for a value that is not set.

    Raises ValueError unless it is that.
    """
    token, at = words["exact"], words.get("at")
    if not isinstance(token, str) or not isinstance(at, list) or len(at) > MOST_VALUES:
        raise ValueError('a question must be {"exact": token, "at": [values]}.')
    if not all(each is None or type(each) in (int, float) for each in at):
        raise ValueError(f"at is {str(at)[:40]}; it must be a list of numbers.")
    try:
        values = tuple(each if each is None else float(each) for each in at)
    except OverflowError:
        raise ValueError("a value of at is too large.") from None
    return Question(token, values, now)


def answer(question: Question) -> dict[str, Any]:
    """Answer a question, or say in a word why there is no answer."""
    started = time.perf_counter()
    said: dict[str, Any] = {"exact": question.token, "at": question.at}
    answering = _offers.get(question.token)
    if answering is None:
        return said | {"refused": "this page's pictures are no longer at hand"}
    if not all(each is None or math.isfinite(each) for each in question.at):
        return said | {"at": None, "refused": "a value is not finite"}
    try:
        said["answers"] = answering(question.at)
    except ValueError as error:
        said["refused"] = str(error)
    except Exception as error:  # one question's fault must not end everybody's answers
        log.warning("a question was not answered: %s", type(error).__name__)
        said["refused"] = "the networks could not answer"
    return said | {"took": round(1000 * (time.perf_counter() - started), 1)}
