"""A second channel beside Streamlit's: frames come in, and the networks' answers go out.

A browser that shows a moving picture cannot wait for a page's script. Over this WebSocket it sends
frames as fast as it likes; the newest of each client waits, older ones are dropped, and one thread
asks the networks about all that wait, in one batch. No frame is kept longer than its answer takes,
stored or logged. A page whose slider is dragged asks here too, see exact.py.
"""

import asyncio
import json
import logging
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from starlette.requests import HTTPConnection
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from blurlab.ui import exact, messages
from blurlab.ui.messages import BREACH, Frame, Refusal

PATH = "/blurlab/live"
MOST_A_SECOND = 300  # messages of one client
MOST_CLIENTS = 64
TOP = 5  # answers that are sent of each network
FULL = 1013  # WebSocket's own word for a server that takes no more

log = logging.getLogger(__name__)


class Client:
    """One connection: the frame or question that waits, and the answer that is to be sent."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.waiting: Frame | exact.Question | None = None
        self.answer: dict[str, Any] | None = None
        self.answered = asyncio.Event()

    def give(self, answer: dict[str, Any]) -> None:
        """Put an answer in the place of one that is not sent yet; called from any thread."""

        def put() -> None:
            self.answer = answer
            self.answered.set()

        self.loop.call_soon_threadsafe(put)


_clients: set[Client] = set()
_any_waits = threading.Condition()
_thread: threading.Thread | None = None


def route() -> WebSocketRoute:
    """Return the route that app.py adds to Streamlit's."""
    return WebSocketRoute(PATH, live)


async def live(socket: WebSocket) -> None:
    """Serve one client until it leaves, or breaks a rule, which is said in one line of the log."""
    if not is_same_origin(socket):
        log.warning("a frame channel was refused: it came from another site")
        await socket.close(BREACH)
        return
    await socket.accept()
    client = Client()
    sending = asyncio.create_task(_send(socket, client))
    try:
        _enter(client)
        await _receive(socket, client)
    except Refusal as refusal:
        log.warning("a frame channel was closed: %s", refusal.words)
        await _close(socket, refusal)
    except (WebSocketDisconnect, RuntimeError):  # it left, perhaps while something was being sent
        pass
    finally:
        _clients.discard(client)
        sending.cancel()


def is_same_origin(socket: HTTPConnection) -> bool:
    """Tell whether a page of this server asks, and no other site that the browser has open."""
    origin, host = socket.headers.get("origin", ""), socket.headers.get("host", "")
    return bool(host) and urlsplit(origin).netloc == host


def _enter(client: Client) -> None:
    global _thread
    if len(_clients) >= MOST_CLIENTS:
        raise Refusal(FULL, f"there are {MOST_CLIENTS} already; try again later.")
    _clients.add(client)
    if _thread is None or not _thread.is_alive():
        _thread = threading.Thread(target=_answer_all, name="blurlab-live", daemon=True)
        _thread.start()


async def _close(socket: WebSocket, refusal: Refusal) -> None:
    with suppress(RuntimeError):  # it is gone already
        await socket.close(refusal.code, refusal.words)


async def _receive(socket: WebSocket, client: Client) -> None:
    names: tuple[str, ...] = ()
    times: deque[float] = deque(maxlen=MOST_A_SECOND)
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        now = time.perf_counter()
        if len(times) == MOST_A_SECOND and now - times[0] < 1:
            raise Refusal(BREACH, f"more than {MOST_A_SECOND} messages came in a second.")
        times.append(now)
        if message.get("text") is None:
            _wait(client, messages.read(message["bytes"], names, now))
        elif isinstance(said := messages.asked(message["text"], now), exact.Question):
            _wait(client, said)
        else:
            names = said


def _wait(client: Client, what: Frame | exact.Question) -> None:
    with _any_waits:
        client.waiting = what
        _any_waits.notify()


async def _send(socket: WebSocket, client: Client) -> None:
    while True:
        await client.answered.wait()
        client.answered.clear()
        answer, client.answer = client.answer, None
        if answer is not None:
            try:
                await socket.send_text(json.dumps(answer))
            except (WebSocketDisconnect, RuntimeError):
                return  # it left meanwhile


def _answer_all() -> None:
    """Ask the networks about the newest frames of all clients, round after round."""
    while True:
        with _any_waits:
            _any_waits.wait_for(lambda: any(client.waiting for client in list(_clients)))
            taken = [(client, client.waiting) for client in list(_clients) if client.waiting]
            for client, _ in taken:
                client.waiting = None
        answers = iter(answer([each for _, each in taken if isinstance(each, Frame)]))
        for client, each in taken:
            if isinstance(each, exact.Question):
                client.give(exact.answer(each))
            else:
                client.give(next(answers))


def answer(frames: list[Frame]) -> list[dict[str, Any]]:
    """Return what the networks say of frames, each network asked once for all of a size.

    Returns for each frame its number, the milliseconds that it waited and that the networks took,
    and for each network the most probable answers, [[words, probability], ...], or why not.
    """
    started = time.perf_counter()
    said: list[dict[str, Any]] = [{} for _ in frames]
    asked: dict[tuple[str, int], list[int]] = {}
    for place, frame in enumerate(frames):
        for name in frame.names:
            asked.setdefault((name, len(frame.image)), []).append(place)
    for (name, _), places in asked.items():
        try:
            found = _named(name, np.stack([frames[place].image for place in places]))
        except Exception as error:  # one network's fault must not end everybody's answers
            log.warning("%s did not answer a frame: %s", name, type(error).__name__)
            found = [f"{name} could not answer."] * len(places)
        for place, words in zip(places, found, strict=True):
            said[place][name] = words
    took = 1000 * (time.perf_counter() - started)
    return [
        {
            "number": frame.number,
            "waited": round(1000 * (started - frame.since), 1),
            "took": round(took, 1),
            "answers": answers,
        }
        for frame, answers in zip(frames, said, strict=True)
    ]


def _named(name: str, images: np.ndarray) -> list[Any]:
    import torch

    from blurlab.networks import classifier
    from blurlab.ui import cache

    network, classes = cache.model(name), cache.card(name)["classes"]
    pictures = torch.from_numpy(images).to(network.mean.device).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        shares, places = classifier.top_k(network(pictures), min(TOP, len(classes)))
    return [
        [[classes[place], round(share, 4)] for place, share in zip(*row, strict=True)]
        for row in zip(places.tolist(), shares.tolist(), strict=True)
    ]
