"""What a game found: a person's curve beside the networks' on the very same trials."""

from collections.abc import Sequence

import streamlit as st

from blurlab.filters.spectrum import UNITS
from blurlab.networks import store
from blurlab.people.quest import CUTOFFS
from blurlab.ui import cache, files, protocol, shell, show
from blurlab.ui.languages import say
from blurlab.ui.you import card, code, deck, game, networks, people, players, screen
from blurlab.ui.you.figure import figure
from blurlab.ui.you.players import Played, played


def live() -> None:
    """Draw the result of the answers in trials, and what there is to take home."""
    state = st.session_state
    name, seed = state["deck"], int(state["game_seed"])
    answers = deck.read(state["trials"])
    counted = [each for each in answers if each is not None]
    if not counted:
        show.error("None of these trials counts, for their pictures were seen for too long.")
        return
    you = played("You", counted)
    with st.spinner("The networks play the same trials"):
        others = _networks(name, seed, answers)
    headline(you, others)
    told = protocol.told(
        "Psychometric functions of a person and of networks on the same hybrids",
        list(others),
        pictures=f"{deck.DECKS[name]}, {len(counted)} trials",
        seed=seed,
        settings={"shown_ms": float(state["shown_ms"])},
    )
    drawn = figure([you, *others.values()], screen.degrees(), people=people.so_far(name))
    shell.chart(drawn, "you_figure", told)
    people.ask(you)
    _kept_out(name)
    _table(you, others)
    _times()
    _take_home(you, others)


def _networks(
    name: str, seed: int, answers: Sequence[tuple[int, bool] | None]
) -> dict[str, Played]:
    """Have the networks play the trials of a game at the cutoffs that the person had."""
    if name not in deck.available():
        return {}
    found = {}
    for model in networks.asked(name):
        if not networks.knows(model, name):
            continue
        try:
            said = [
                (each[0], networks.names_coarse(model, name, seed, number, each[0]))
                for number, each in enumerate(answers)
                if each is not None
            ]
        except ValueError as error:
            show.left_out(str(error))
        else:
            found[model] = played(cache.title(model), said)
    return found


def headline(you: Played, others: dict[str, Played]) -> None:
    """Say in a few words what was found."""
    value, low, high = you.f_rev
    side, degrees = players.end(you), screen.degrees()
    if side:
        found, kind = (low, "fine") if side == "above" else (high, "coarse")
        st.subheader(f"Your reverse frequency: {side} {found:.2g} cycles/image")
        words = f"You named the {kind} picture every time, so only this end of it is known."
    else:
        st.subheader(f"Your reverse frequency: {value:.2g} cycles/image")
        words = (
            f"With 95 % certainty it lies between {low:.2g} and {high:.2g}. With fewer "
            "cycles/image than that in the coarse picture, you name the fine one; with more, the "
            "coarse one."
        )
        if degrees:
            words += f" For your eye it is {value / degrees:.2g} cycles/degree."
    if others:
        told = [f"{each.title}, {_short(each)}" for each in others.values()]
        words += f" On the same trials: {show.plain('; '.join(told))}."
    st.markdown(words)


def _short(player: Played) -> str:
    return players.written(player, 2) if players.end(player) else f"{player.f_rev.value:.2g}"


def _kept_out(name: str) -> None:
    """Say which networks did not play, and why."""
    if name not in deck.available():
        show.left_out("These photographs are not on this server, so that no network can play.")
        return
    for model in networks.asked(name):
        if not networks.knows(model, name):
            show.left_out(f"{cache.title(model)} does not know what these pictures show.")


def rows(you: Played, others: dict[str, Played]) -> list[dict]:
    """Return one row for each player, as the table shows them."""
    found = []
    for model, each in {"": you, **others}.items():
        alike = sum(a == b for (_, a), (_, b) in zip(you.answers, each.answers, strict=True))
        found.append(
            {
                "player": each.title,
                "reverse frequency": players.written(each),
                "answers as you": f"{alike} of {len(you.answers)}" if model else "",
                "over many pictures": _measured(model) if model else "",
            }
        )
    return found


def _measured(model: str) -> str:
    """Write the reverse frequency on a model's card, cycles/image; "" where it has none."""
    info = store.card(model)
    found = info.get("measured", {}).get("hybrids", {}).get("f_rev_nyquist", {}).get("value")
    return "" if found is None else f"{found * info['recipe']['input_size'] / 2:.3g}"


def _table(you: Played, others: dict[str, Played]) -> None:
    if st.session_state["present"]:
        return
    unit = UNITS["image"]
    st.dataframe(
        rows(you, others),
        hide_index=True,
        column_config={
            "reverse frequency": f"reverse frequency [95 %], {unit}",
            "over many pictures": f"over many pictures, {unit}",
        },
    )


def _times() -> None:
    """Say how long the hybrids were seen, where they were seen in this session."""
    records: list[game.Record] = st.session_state.get("you_records") or []
    if not records or st.session_state["present"]:
        return
    asked = float(st.session_state["shown_ms"])
    shown = sorted(each.shown for each in records)
    marked = sum(each.is_marked(asked) for each in records)
    uncounted = sum(not each.counts(asked) for each in records)
    words = (
        f"Hybrids were seen for {shown[len(shown) // 2]:.0f} ms (median; asked: {asked:.0f}), "
        f"{shown[0]:.0f} to {shown[-1]:.0f}. {marked} of {len(records)} trials are marked: "
        "seen for another time than asked, by more than a frame, or with a late one."
    )
    if uncounted:
        words += f" {uncounted} did not count, for they were seen for over twice the time."
    st.caption(words)


def _take_home(you: Played, others: dict[str, Played]) -> None:
    if st.session_state["present"]:
        return
    players = [you, *others.values()]
    degrees = screen.degrees()
    table = trial_rows(others)
    offered: files.Offered = {
        "Card (PNG)": ("you.png", lambda: card.png(players, degrees)),
        "Trials (CSV)": ("you.csv", lambda: files.as_csv(table)),
    }
    files.offer(offered)
    st.caption("The address of this page holds your answers: whoever has it sees this result.")
    state = st.session_state
    answers = deck.read(state["trials"])
    lines = code.script(list(others), state["deck"], int(state["game_seed"]), answers)
    files.code(st.expander(say(files.CODE)), lines)


def trial_rows(others: dict[str, Played]) -> list[dict]:
    """Return one row for each trial; times are there in the session that played it."""
    state = st.session_state
    name, seed, asked = state["deck"], int(state["game_seed"]), float(state["shown_ms"])
    answers, records = deck.read(state["trials"]), state.get("you_records") or []
    said = {model: iter(each.answers) for model, each in others.items()}
    found = []
    for number, answer in enumerate(answers):
        trial = deck.trial(name, seed, number)
        row = {
            "trial": number + 1, "deck": name, "seed": seed,
            "coarse": trial.coarse.name, "coarse_variant": trial.coarse.variant,
            "fine": trial.fine.name, "fine_variant": trial.fine.variant,
            "counts": answer is not None,
            "cutoff_cycles_per_image": None if answer is None else round(CUTOFFS[answer[0]], 4),
            "answer": None if answer is None else ("fine", "coarse")[answer[1]],
        }  # fmt: skip
        if number < len(records):
            record = records[number]
            row |= {
                "asked_ms": asked, "shown_ms": record.shown, "frame_ms": record.frame,
                "dropped_frames": record.dropped, "marked": record.is_marked(asked),
                "answered_ms": record.answered, "waited_ms": record.waited,
                "reply_ms": record.reply,
            }  # fmt: skip
        for model, each in said.items():
            row[model] = None if answer is None else ("fine", "coarse")[next(each)[1]]
        found.append(row)
    return found
