"""The projector's page: where to join, how many did, and what all of them see by."""

import html
import os
import socket
import threading
import time
from contextlib import suppress

import segno
import streamlit as st

from blurlab import public
from blurlab.people import quest
from blurlab.ui import files, languages, link, owner, protocol, shell, show
from blurlab.ui.audience import room
from blurlab.ui.audience.room import ROOM, Answered
from blurlab.ui.audience.routes import JOIN
from blurlab.ui.languages import say
from blurlab.ui.you import deck, figure, networks
from blurlab.ui.you.players import BETWEEN, Played, played

SECONDS = 1.0  # between two looks
PATIENCE = 0.25  # seconds of each look in which networks answer trials
SCRIPT = """import csv
from blurlab.people import quest

with open("audience.csv", newline="") as file:
    rows = [row for row in csv.DictReader(file) if row["counts"] == "1"]
cutoffs = [f"{each:g}" for each in quest.CUTOFFS]  # cycles/image
answers = [
    (cutoffs.index(row["cutoff_cycles_per_image"]), row["named_coarse"] == "1") for row in rows
]
print("reverse frequency", *quest.reverse_frequency(quest.posterior(answers)))
"""
PARAMETERS = {"room_key": link.text("", 100)}


def live() -> None:
    """Draw the page, again and again."""

    @st.fragment(run_every=SECONDS)
    def panel() -> None:
        link.refill()
        left, right = st.columns([2, 5], gap="large")
        with left:
            door()
        with right:
            crowd()
        # Not the presenter's key: the room sees the address, and it may be shared.
        link.write(shell.SHARED)

    panel()


def door() -> None:
    """Show how to join, how many have, and what the presenter can do."""
    addresses = join_addresses()
    if addresses:
        st.html(_code(addresses[0] + _language()))
        short = addresses[0].removeprefix("http://").removeprefix("https://")
        st.markdown(f"### {show.plain(short)}")
        for other in addresses[1:]:
            st.caption(say("or {address}", address=show.plain(other)))
    else:
        st.info(
            say(
                "Only this machine can connect: `python -m blurlab serve --public` opens the "
                "server to the room. Here, {path} joins.",
                path=JOIN,
            )
        )
    joined, here = ROOM.people()
    st.metric(say("People"), f"{joined}", help=say("{here} of them are still there", here=here))
    if owner.is_owner():
        steering()


def steering() -> None:
    """Draw what the presenter can do."""
    words = {"waiting": say("Start"), "open": say("Pause"), "paused": say("Go on")}
    after = "paused" if ROOM.state == "open" else "open"
    st.button(
        words[ROOM.state], on_click=ROOM.steer, args=(after,), key="room_steer", width="stretch",
        type="secondary" if ROOM.state == "open" else "primary",
    )  # fmt: skip
    begin = st.popover(say("Begin anew"), width="stretch")
    with begin:
        here = {name: say(deck.CROWDS[name]) for name in deck.available(deck.CROWDS)}
        name = st.radio(say("Pictures"), list(here), format_func=here.get, key="room_deck")
        if note := deck.note(name):
            st.caption(note)
        each = st.radio(
            say("Trials for each person"), room.EACH, 1, key="room_each", horizontal=True
        )
        count = len(ROOM.given())
        forget = say("Forget {count:,} answers and begin anew", count=count)
        st.button(
            forget if count else say("Begin anew"),
            on_click=ROOM.begin_anew, args=(name, each), key="room_reset",
        )  # fmt: skip
    answers = ROOM.given()
    if not answers:
        return
    is_presented = st.session_state["present"]
    with begin if is_presented else st.container():
        st.download_button(
            say("Answers (CSV)"), ROOM.written, "audience.csv", "text/csv", key="room_csv",
            on_click="ignore", width="stretch",
        )  # fmt: skip
    if not is_presented:
        files.code(st.expander(say(files.CODE)), SCRIPT)


def crowd() -> None:
    """Draw the crowd's curve against the networks', of the same trials."""
    answers = [each for each in ROOM.given() if each.counts]
    if not answers:
        st.markdown(say("The curve forms here with the first answers."))
        return
    belief = ROOM.belief
    told = [(each.step, each.coarse) for each in answers]
    everybody = Played(
        say("Everybody"), told, quest.reverse_frequency(belief), quest.curve(belief, BETWEEN)
    )
    asked = others(answers)
    drawn = figure.figure([everybody, *asked], None, say("the crowd's answers"))
    about = protocol.told(
        "Psychometric function of an audience, and of networks on the same hybrids",
        [model for model in networks.asked(ROOM.deck) if networks.knows(model, ROOM.deck)],
        pictures=f"{deck.CROWDS[ROOM.deck]}, {len(answers)} answers",
        seed=ROOM.seed,
        settings={"shown_ms": room.SHOWN},
    )
    shell.chart(drawn, "room_figure", about)
    value = everybody.f_rev
    count = len(answers)
    many = say("{count:,} answers.", count=count) if count > 1 else say("1 answer.")
    found = say(
        "The crowd changes its mind at {value:.3g} cycles/image [{low:.3g}, {high:.3g}], as if it "
        "were one observer: people differ by more. Networks have answered {done:,} of the same "
        "trials.",
        done=min((len(each.answers) for each in asked), default=0),
        value=value.value,
        low=value.low,
        high=value.high,
    )
    st.caption(f"{many} {found}")


def others(answers: list[Answered]) -> list[Played]:
    """Return what the networks say of the trials, all of them of the same, as far as they come."""
    until, name, seed = time.monotonic() + PATIENCE, ROOM.deck, ROOM.seed
    known = [model for model in networks.asked(name) if networks.knows(model, name)]
    told: dict[str, list[tuple[int, bool]]] = {model: [] for model in known}
    for each in answers:
        if time.monotonic() > until:
            break
        for model in known:
            coarse = networks.names_coarse(model, name, seed, each.number, each.step)
            told[model].append((each.step, coarse))
    if known and len(told[known[0]]) < len(answers):
        _answer_on(known, name, seed)
    return [
        played(say(shell.store.card(model)["title"]), said) for model, said in told.items() if said
    ]


_answering = threading.Thread()


def _answer_on(models: list[str], name: str, seed: int) -> None:
    """Have networks answer what they have not yet, beside the looks at it."""
    global _answering
    if _answering.is_alive():
        return

    def answer() -> None:
        for each in ROOM.given():
            for model in models:
                if seed != ROOM.seed:
                    return
                with suppress(ValueError):  # the page says which network is damaged
                    networks.names_coarse(model, name, seed, each.number, each.step)

    _answering = threading.Thread(target=answer, daemon=True)
    _answering.start()


def join_addresses() -> list[str]:
    """Return where phones find this server: none where only its own machine may connect."""
    if whole := os.environ.get(public.ADDRESS):
        return [f"{whole.rstrip('/')}{JOIN}"]
    listens = st.get_option("server.address")
    port, base = st.get_option("server.port"), st.get_option("server.baseUrlPath").strip("/")
    if listens in ("127.0.0.1", "localhost", "::1"):
        return []
    named = st.get_option("browser.serverAddress")
    if named not in owner.LOCAL:
        hosts = [named]
    else:
        hosts = [listens] if listens not in (None, "", "0.0.0.0", "::") else own_addresses()
    return [f"http://{host}:{port}{'/' + base if base else ''}{JOIN}" for host in hosts]


def _language() -> str:
    """Return what the address that phones scan says of the presenter's language, if not English.

    A phone whose own language is here speaks that one.
    """
    code = languages.current()
    return "" if code == languages.ENGLISH else f"?lang={code}"


def own_addresses() -> list[str]:
    """Return this machine's addresses in its networks, the one that leads out first."""
    found: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("192.0.2.1", 9))  # of no machine; nothing is sent
        found.append(probe.getsockname()[0])
    with suppress(OSError):  # where the machine does not know its own name
        _, _, others = socket.gethostbyname_ex(socket.gethostname())
        found += others
    return [each for each in dict.fromkeys(found) if not each.startswith("127.")]


def _code(address: str) -> str:
    """Draw an address as a QR code, dark on light in either theme."""
    drawn = segno.make(address, error="m").png_data_uri(scale=10, border=3)
    words, style = (
        html.escape(say("QR code of {address}", address=address)),
        "width: min(100%, 45vh)",
    )
    return f'<img style="{style}" src="{drawn}" alt="{words}">'
