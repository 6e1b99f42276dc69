"""An audience: the room that phones join, what it refuses, and the page on the projector."""

import csv
import io
import json
import logging
import math
import statistics
import threading
import time
import urllib.request
from contextlib import closing
from http.client import HTTPConnection

import pytest
from opening import button, fine, needs_models

from benchmarks.serving import routed
from blurlab import public
from blurlab.people import quest
from blurlab.pictures import images
from blurlab.ui import cache, owner
from blurlab.ui.audience import room as rooms
from blurlab.ui.audience import routes, view
from blurlab.ui.audience.room import Refused, Room
from blurlab.ui.you import deck

THRESHOLD = 3.0  # octaves above 1 cycle/image, of simulated people
PHONES = 40


def played(room, count=1, each=8, coarse=lambda trial: trial["cutoff"] >= 2**THRESHOLD):
    """Let simulated people play to their end, in turns; return their phones' names."""
    now, told = 1000.0, [room.turn({"phone": ""}, 1000.0) for _ in range(count)]
    for _ in range(each):
        now += 2
        for place, before in enumerate(told):
            trial = before["trial"]
            answer = {"number": trial["number"], "coarse": coarse(trial), "shown": 200.0}
            told[place] = room.turn({"phone": before["phone"], "answer": answer}, now)
    assert all(each["state"] == "done" for each in told)
    return [each["phone"] for each in told]


@pytest.fixture
def room():
    made = Room()
    made.steer("open")
    return made


def test_a_crowds_threshold_is_found(room):
    played(room, 30)
    assert len(room.given()) == 240
    found = quest.reverse_frequency(room.belief)
    assert found.low < 2**THRESHOLD * 1.1
    assert found.high > 2**THRESHOLD / 1.1
    assert found.value == pytest.approx(2**THRESHOLD, rel=0.12)


def test_cutoffs_lie_about_the_crowds_threshold_and_apart(room):
    played(room, 40)
    steps = [each.step for each in room.given()][100:]
    assert statistics.fmean(steps) == pytest.approx(4 * THRESHOLD, abs=1.5)
    assert statistics.stdev(steps) > 3


def test_nobody_gets_the_trial_of_another(room):
    played(room, 20)
    numbers = [each.number for each in room.given()]
    assert len(set(numbers)) == len(numbers)


def test_a_room_waits_and_pauses_and_keeps_what_was_seen_before_the_pause():
    room = Room()
    phone = room.turn({"phone": ""}, 0.0)
    assert (phone["state"], phone["trial"]) == ("waiting", None)
    name = {"phone": phone["phone"]}
    room.steer("open")
    trial = room.turn(name, 1.0)["trial"]
    room.steer("paused")
    answer = {"number": trial["number"], "coarse": True, "shown": 200.0}
    told = room.turn(name | {"answer": answer}, 3.0)
    assert (told["state"], told["answered"], told["trial"]) == ("paused", 1, None)
    assert len(room.given()) == 1
    room.steer("open")
    assert room.turn(name, 4.0)["trial"]["number"] != trial["number"]


def test_after_a_reset_a_phone_joins_again_and_nothing_is_left(room):
    (name,) = played(room)
    room.begin_anew("crowd", 4)
    assert (room.given(), room.people(0.0), room.state) == ([], (0, 0), "waiting")
    again = room.turn({"phone": name, "answer": {"number": 8, "coarse": True, "shown": 1}}, 0.0)
    assert again["phone"] != name
    assert again["each"] == 4


def test_who_leaves_is_no_loss(room):
    room.turn({"phone": ""}, 0.0)
    played(room, 2)
    assert room.people(1016.0) == (3, 2)
    assert len(room.given()) == 16


def test_a_picture_that_was_seen_too_long_is_kept_and_does_not_count(room):
    told = room.turn({"phone": ""}, 0.0)
    answer = {"number": told["trial"]["number"], "coarse": True, "shown": 900.0}
    room.turn({"phone": told["phone"], "answer": answer}, 5.0)
    (found,) = room.given()
    assert not found.counts
    assert room.belief.equal(quest.prior())


def test_answers_are_written_one_row_a_trial_without_what_phones_are_called(room):
    names = played(room, 3)
    written = room.written()
    rows = list(csv.DictReader(io.StringIO(written)))
    assert len(rows) == 24
    assert {row["person"] for row in rows} == {"1", "2", "3"}
    assert not any(name in written for name in names)
    first = rows[0]
    trial = deck.trial(first["deck"], int(first["seed"]), int(first["trial"]))
    assert (first["coarse_class"], first["fine_class"]) == (trial.coarse.name, trial.fine.name)


HOSTILE = [
    (None, 400),
    ([], 400),
    ({"phone": 7}, 400),
    ({"phone": "PHONE", "answer": 7}, 400),
    ({"phone": "PHONE", "answer": {"number": 0, "coarse": True}}, 400),
    ({"phone": "PHONE", "answer": {"number": True, "coarse": True, "shown": 200}}, 400),
    ({"phone": "PHONE", "answer": {"number": 8, "coarse": 1, "shown": 200}}, 400),
    ({"phone": "PHONE", "answer": {"number": 8, "coarse": True, "shown": "nan"}}, 400),
    ({"phone": "PHONE", "answer": {"number": 8, "coarse": True, "shown": -1}}, 400),
    *(
        ({"phone": "PHONE", "answer": {"number": "NUMBER", "coarse": True, "shown": shown}}, 400)
        for shown in ("200", True, math.nan, math.inf, 1e9, [200], None)
    ),
    ({"phone": "PHONE", "answer": {"number": 99, "coarse": True, "shown": 200}}, 409),
    ({"phone": "PHONE", "answer": {"number": "NUMBER", "coarse": True, "shown": 200}}, 429),
]


@pytest.mark.parametrize(("sent", "code"), HOSTILE)
def test_what_a_phone_may_not_send_is_refused_in_a_sentence(room, sent, code):
    told = room.turn({"phone": ""}, 0.0)
    if isinstance(sent, dict) and sent["phone"] == "PHONE":
        sent = sent | {"phone": told["phone"]}
        if isinstance(sent["answer"], dict) and sent["answer"]["number"] == "NUMBER":
            sent["answer"] = sent["answer"] | {"number": told["trial"]["number"]}
    with pytest.raises(Refused, match=r"\.$") as refused:
        room.turn(sent, 0.1)
    assert refused.value.code == code
    assert room.given() == []


def test_a_room_is_full_at_some_time(room, monkeypatch):
    monkeypatch.setattr(rooms, "MOST_PHONES", 2)
    for _ in range(2):
        room.turn({"phone": ""}, 0.0)
    with pytest.raises(Refused, match="2 phones"):
        room.turn({"phone": ""}, 0.0)


def test_places_of_phones_that_are_gone_and_said_nothing_are_given_back(room, monkeypatch):
    monkeypatch.setattr(rooms, "MOST_PHONES", 3)
    (played_one,) = played(room)
    silent = [room.turn({"phone": ""}, 100.0)["phone"] for _ in range(2)]
    room.turn({"phone": silent[1]}, 100.0 + rooms.GONE)  # still there
    late = room.turn({"phone": ""}, 101.0 + rooms.GONE)["phone"]
    assert set(room.phones) == {played_one, silent[1], late}
    numbers = [phone.number for phone in room.phones.values()]
    assert len(set(numbers)) == len(numbers)


def test_one_address_cannot_fill_the_room(room, monkeypatch):
    monkeypatch.setattr(rooms, "MOST_SILENT", 2)
    for _ in range(2):
        room.turn({"phone": ""}, 0.0, "10.0.0.1")
    with pytest.raises(Refused, match="2 phones of one address") as refused:
        room.turn({"phone": ""}, 0.0, "10.0.0.1")
    assert refused.value.code == 503
    assert room.turn({"phone": ""}, 0.0, "10.0.0.2")["phone"]
    assert room.turn({"phone": ""}, rooms.GONE, "10.0.0.1")["phone"]


# ---- Over the network ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address():
    with routed(routes.routes()) as found:
        yield found


@pytest.fixture
def shared(monkeypatch):
    """Put a new room in the place of the server's."""
    made = Room()
    made.steer("open")
    monkeypatch.setattr(rooms, "ROOM", made)
    return made


def post(address, body, headers=()):
    """Send a body to the room; return the status and what was answered."""
    host = address.removeprefix("http://")
    with closing(HTTPConnection(host, timeout=30)) as connection:
        connection.request("POST", routes.ROOM_PATH, body, dict(headers))
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"{", {}, 400),
        (b"[" * 900, {}, 400),
        (b"\xff\xfe", {}, 400),
        (b" " * 2_000_000, {}, 413),
        (b'{"phone": ""}', {"Origin": "http://elsewhere.example"}, 403),
    ],
)
def test_hostile_messages_are_refused_in_one_line_of_the_log(
    address, shared, caplog, body, headers, code
):
    with caplog.at_level(logging.WARNING, "blurlab"):
        status, said = post(address, body, headers)
    assert status == code
    assert said["refused"].endswith(".")
    assert len(caplog.records) == 1
    assert shared.people() == (0, 0)


def test_phones_get_their_pictures_and_no_others(address):
    trial = deck.trial("crowd", 0, 1)
    with urllib.request.urlopen(f"{address}/{rooms.address(trial.coarse)}") as reply:
        found = images.read_image(reply.read(), "picture")
    drawn = cache.picture(trial.coarse)
    assert found.shape == drawn.shape
    assert (found - drawn).abs().mean() < 0.01
    for other in ("object/cup/9", "object/cup/-1", "object/none/0", "photograph/cat/0", "file/x/0"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{address}/blurlab/room/{other}.jpg")


def test_many_phones_are_answered_at_once(address, shared):
    """Each waits as long as a trial takes; all are to be served, and none for long."""
    waits, wrong = [], []

    def phone():
        told = {"phone": ""}
        answer = None
        for _ in range(5):
            begun = time.perf_counter()
            status, told = post(address, json.dumps({"phone": told["phone"], "answer": answer}))
            waits.append(time.perf_counter() - begun)
            if status != 200:
                wrong.append(told)
                return
            answer = {"number": told["trial"]["number"], "coarse": True, "shown": 200.0}
            time.sleep(1)

    threads = [threading.Thread(target=phone) for _ in range(PHONES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert shared.people()[0] == PHONES
    assert len(shared.given()) == 4 * PHONES
    assert statistics.median(waits) < 0.3


# ---- On the projector ------------------------------------------------------------------------


@needs_models
def test_the_presenter_starts_and_pauses_and_the_curve_forms(opened, monkeypatch):
    made = Room()
    monkeypatch.setattr(view, "ROOM", made)
    monkeypatch.setattr(owner, "is_here", lambda: True)
    app = fine(opened("audience"))
    fine(button(app, "Start").click().run())
    assert made.state == "open"
    played(made, 3)
    fine(app.run())
    assert any("24 answers" in text.value for text in app.caption)
    fine(button(app, "Pause").click().run())
    assert made.state == "paused"
    fine(button(app, "Forget 24 answers and begin anew").click().run())
    assert (made.state, made.given()) == ("waiting", [])


@needs_models
def test_nobody_else_can_steer_without_the_key(opened, monkeypatch):
    monkeypatch.setattr(owner, "is_here", lambda: False)
    assert not [each for each in opened("audience").button if each.label == "Start"]
    assert not [each for each in opened("audience", room_key="x").button if each.label == "Start"]
    app = opened("audience", room_key=rooms.KEY)
    assert button(app, "Start")
    assert "room_key" not in app.query_params  # the room sees the address
    assert button(app.run(), "Start")


def test_both_networks_answer_the_same_trials(opened, monkeypatch):
    made = Room()
    monkeypatch.setattr(view, "ROOM", made)
    made.steer("open")
    played(made, 3)
    said = []
    monkeypatch.setattr(view, "PATIENCE", 0.2)
    monkeypatch.setattr(view.networks, "asked", lambda name: ("one", "two"))
    monkeypatch.setattr(view.networks, "knows", lambda model, name: True)

    def slow(model, name, seed, number, step):
        time.sleep(0.0 if (model, number) in said else 0.03)
        said.append((model, number))
        return True

    monkeypatch.setattr(view.networks, "names_coarse", slow)
    monkeypatch.setattr(view.shell.store, "card", lambda model: {"title": model})
    first = view.others(made.given())
    assert len(first) == 2
    assert len(first[0].answers) == len(first[1].answers) < 24
    end = time.monotonic() + 20
    while len(view.others(made.given())[1].answers) < 24:  # the rest come beside the looks
        assert time.monotonic() < end
        time.sleep(0.05)


def test_an_address_of_this_machine_alone_is_not_offered(monkeypatch):
    options = {
        "server.port": 8501, "server.baseUrlPath": "/lab/", "browser.serverAddress": "localhost"
    }  # fmt: skip
    monkeypatch.setattr(view.st, "get_option", lambda name: (options | listens)[name])
    listens = {"server.address": "127.0.0.1"}
    assert view.join_addresses() == []
    listens = {"server.address": "10.1.2.3"}
    assert view.join_addresses() == ["http://10.1.2.3:8501/lab/join"]
    options["browser.serverAddress"] = "room.example"
    assert view.join_addresses() == ["http://room.example:8501/lab/join"]
    monkeypatch.setenv(public.ADDRESS, "https://lab.example/blur/")
    assert view.join_addresses() == ["https://lab.example/blur/join"]
