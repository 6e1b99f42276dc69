"""The frame channel: every client is answered, and none can hold up or hurt another."""

import io
import json
import logging
import socket
import struct
import threading
import time
from contextlib import suppress

import pytest
import tiny
import torch
from PIL import Image
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from benchmarks.serving import joined, routed
from blurlab import places
from blurlab.networks import store
from blurlab.pictures import images
from blurlab.ui import cache, channel, exact, loaded, messages

SIDE = 32
PICTURES = (255 * tiny.pictures(4, 0).images[:, :, :SIDE, :SIDE].float() / 255).byte()


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Two untrained networks, the same for all tests of this file."""
    folder = tmp_path_factory.mktemp("models")
    patched = pytest.MonkeyPatch()
    patched.setattr(places, "SHIPPED_MODELS", folder)
    patched.setenv("BLURLAB_MODELS", str(folder / "added"))
    for name, seed in (("one", 0), ("other", 1)):
        tiny.install(folder, name, seed=seed)
    cache.forget_models()
    yield folder
    cache.forget_models()
    patched.undo()


@pytest.fixture(scope="module")
def address(models):
    """A server of the channel alone, on the loopback."""
    with routed([channel.route()]) as found:
        yield found.replace("http://", "ws://") + channel.PATH


def closed_by(client, attack):
    """Do to a client's connection what gets it closed, and return how that was."""
    with pytest.raises(ConnectionClosed) as closed:  # noqa: PT012  now or when it is read from
        attack(client)
        while True:
            client.recv(timeout=20)
    return closed.value.rcvd


def frame(number, picture=0):
    return struct.pack("<I", number) + PICTURES[picture].permute(1, 2, 0).numpy().tobytes()


def jpeg(width, height):
    held = io.BytesIO()
    pixels = PICTURES[1].permute(1, 2, 0).numpy()
    Image.fromarray(pixels).resize((width, height)).save(held, "JPEG", quality=95)
    return held.getvalue()


def answer(client, seconds=20):
    return json.loads(client.recv(timeout=seconds))


def test_a_frame_is_answered_as_the_network_answers_to_the_picture(address):
    with joined(address, "one", "other") as client:
        client.send(frame(7, picture=2))
        found = answer(client)
    assert found["number"] == 7
    assert list(found["answers"]) == ["one", "other"]
    for name, said in found["answers"].items():
        with torch.no_grad():
            expected = store.load(name)(PICTURES[2:3].float() / 255).softmax(-1)[0]
        assert [word for word, _ in said] == [
            tiny.CLASSES[place] for place in expected.argsort(descending=True)
        ]
        shares = [share for _, share in said]
        assert shares == pytest.approx(expected.sort(descending=True).values.tolist(), abs=1e-3)


def test_a_frame_may_be_a_jpeg(address):
    with joined(address, "one") as client:
        client.send(struct.pack("<I", 5) + jpeg(SIDE, SIDE))
        found = answer(client)
    assert found["number"] == 5
    decoded = images.read_image(jpeg(SIDE, SIDE), "frame.jpg")[None]
    with torch.no_grad():
        expected = store.load("one")(decoded).softmax(-1)[0]
    shares = [share for _, share in found["answers"]["one"]]
    assert shares == pytest.approx(expected.sort(descending=True).values.tolist(), abs=2e-3)


def test_only_the_newest_frame_waits(address, monkeypatch):
    began, go_on = threading.Event(), threading.Event()
    answer_at_once = channel.answer

    def slowly(frames):
        began.set()
        go_on.wait(20)
        return answer_at_once(frames)

    monkeypatch.setattr(channel, "answer", slowly)
    with joined(address, "one") as client:
        client.send(frame(1))
        began.wait(20)
        for number in range(2, 30):
            client.send(frame(number))
        time.sleep(0.3)
        go_on.set()
        found = [answer(client)["number"]]
        while found[-1] != 29:
            found.append(answer(client)["number"])
        assert found in ([1, 29], [29])  # an answer that is not sent yet gives way to a newer one
        with pytest.raises(TimeoutError):
            answer(client, 0.3)


def test_answers_at_any_value_are_given_to_who_has_the_token_of_an_offer(address):
    def answering(at):
        if at[0] == 7:
            raise FileNotFoundError("a network's weights")
        if at[0] > 128:
            raise ValueError("cutoff is 200.0 cycles/image; pictures of 256 pixels allow 0 to 128.")
        return {"net": at}

    token = exact.offer("a setting", answering)
    assert exact.offer("a setting", answering) == token != exact.offer("another", answering)
    asked = {"exact": token, "at": [12.5, None]}
    with joined(address, "one") as client:
        client.send(json.dumps(asked))
        found = answer(client)
        assert found.pop("took") >= 0
        assert found == asked | {"answers": {"net": [12.5, None]}}
        client.send(json.dumps(asked | {"at": [200, None]}))
        assert "cutoff is 200.0" in answer(client)["refused"]
        client.send('{"exact": "' + token + '", "at": [NaN]}')
        assert "not finite" in answer(client)["refused"]
        client.send(json.dumps(asked | {"at": [7, None]}))
        assert "could not answer" in answer(client)["refused"]
        client.send(json.dumps({"exact": "guessed", "at": []}))
        assert "no longer at hand" in answer(client)["refused"]
        client.send(frame(3))
        assert answer(client)["number"] == 3


def test_the_oldest_offers_are_forgotten():
    first = exact.offer("first", dict)
    for number in range(exact.MOST_OFFERS):
        exact.offer(number, dict)
    assert "refused" in exact.answer(exact.Question(first, (), 0.0))
    assert exact.offer("first", dict) != first


def test_frames_of_several_clients_are_answered_in_one_pass(models):
    now = time.perf_counter()
    images = [PICTURES[n].permute(1, 2, 0).numpy() for n in range(3)]
    passes = []
    network = loaded.model("one")
    handle = network.register_forward_hook(lambda *each: passes.append(len(each[1][0])))
    frames = [messages.Frame(n, image, ("one",), now) for n, image in enumerate(images)]
    found = channel.answer(frames)
    handle.remove()
    assert passes == [3]
    assert [each["number"] for each in found] == [0, 1, 2]
    alone = [channel.answer([each])[0]["answers"]["one"] for each in frames]
    assert [each["answers"]["one"] for each in found] == alone


def test_twelve_clients_each_have_their_share(address):
    counts = [0] * 12
    end = time.perf_counter() + 3

    def ask(index):
        with joined(address, "one") as client:
            while time.perf_counter() < end:
                client.send(frame(counts[index]))
                assert answer(client)["number"] == counts[index]
                counts[index] += 1
                time.sleep(0.005)  # as a browser does, which sends one for each of its frames

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert min(counts) >= sum(counts) / 12 / 2
    assert min(counts) > 0


HOSTILE = {
    "a frame of no square": (lambda c: c.send(b"\0" * 1000), messages.BREACH, "1,000 bytes"),
    "a frame that is too small": (lambda c: c.send(b"\0" * 7), messages.BREACH, "7 bytes"),
    "a number that no computer holds": (
        lambda c: c.send('{"exact": "x", "at": [' + "9" * 400 + "]}"), messages.BREACH, "models",
    ),
    "a JPEG of no square": (
        lambda c: c.send(b"\0" * 4 + jpeg(32, 48)), messages.BREACH, "32 x 48 pixels",
    ),
    "a JPEG that is too large": (
        lambda c: c.send(b"\0" * 4 + jpeg(512, 512)), messages.BREACH, "512 x 512 pixels",
    ),
    "a JPEG that is cut off": (
        lambda c: c.send(b"\0" * 4 + jpeg(32, 32)[:200]), messages.BREACH, "damaged JPEG",
    ),
    "an empty message": (lambda c: c.send(b""), messages.BREACH, "0 bytes"),
    "a message too large": (lambda c: c.send(b"\0" * 3_000_000), messages.TOO_LARGE, "3,000,000"),
    "text that is no JSON": (lambda c: c.send("{"), messages.BREACH, "models"),
    "text without models": (lambda c: c.send("[1, 2]"), messages.BREACH, "models"),
    "models that are no list": (
        lambda c: c.send('{"models": "one"}'), messages.BREACH, "list",
    ),
    "a network that is not there": (
        lambda c: c.send('{"models": ["../../etc"]}'), messages.BREACH, "no installed network",
    ),
    "a name that is no text": (
        lambda c: c.send('{"models": [{}]}'), messages.BREACH, "no installed network",
    ),
    "too many networks": (
        lambda c: c.send(json.dumps({"models": ["one"] * 7})), messages.BREACH, "at most 6",
    ),
    "too many messages": (
        lambda c: [c.send(frame(n)) for n in range(1000)], messages.BREACH, "in a second",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_who_breaks_a_rule_is_closed_in_one_line_and_others_are_answered(what, address, caplog):
    attack, code, words = HOSTILE[what]
    caplog.set_level(logging.INFO, "blurlab")
    with joined(address, "one") as other:
        other.send(frame(1))
        answer(other)
        with joined(address) as client:
            closed = closed_by(client, attack)
            assert closed.code == code
            assert words in closed.reason
        other.send(frame(2))
        assert answer(other)["number"] == 2
    lines = [each for each in caplog.records if each.name.startswith("blurlab")]
    assert len(lines) == 1
    assert words in lines[0].getMessage()


def test_a_message_of_a_hundred_megabytes_is_not_even_read(address):
    with joined(address, "one") as other, joined(address) as client:
        closed = closed_by(client, lambda each: each.send(b"\0" * 100_000_000))
        assert closed is None or closed.code == messages.TOO_LARGE
        other.send(frame(1))
        assert answer(other)["number"] == 1


@pytest.mark.parametrize("origin", [None, "https://elsewhere.example", "null"])
def test_other_sites_are_refused(origin, address):
    with pytest.raises(InvalidStatus) as refused, connect(address, origin=origin):
        pass
    assert refused.value.response.status_code == 403


def test_a_cut_connection_is_no_error_and_frees_its_place(address, caplog):
    caplog.set_level(logging.INFO)
    with suppress(ConnectionClosed), joined(address, "one") as client:
        client.send(frame(1))
        client.socket.shutdown(socket.SHUT_RDWR)
    deadline = time.monotonic() + 10
    while channel._clients and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not channel._clients
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []
    with joined(address, "one") as other:
        other.send(frame(2))
        assert answer(other)["number"] == 2


def test_a_network_that_fails_says_so_and_the_others_answer(address, monkeypatch):
    whole = cache.model

    def failing(name):
        if name == "one":
            raise ValueError("damaged")
        return whole(name)

    monkeypatch.setattr(cache, "model", failing)
    with joined(address, "one", "other") as client:
        client.send(frame(1))
        found = answer(client)["answers"]
    assert found["one"] == "one could not answer."
    assert len(found["other"]) == 3
