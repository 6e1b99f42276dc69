"""What a game found: a person's curve beside the networks' on the very same trials."""

from collections.abc import Sequence

import streamlit as st

from blurlab.filters.spectrum import UNITS
from blurlab.networks import store
from blurlab.people.quest import CUTOFFS
from blurlab.sentence import why
from blurlab.ui import cache, files, protocol, shell, show
from blurlab.ui.languages import numeral, say
from blurlab.ui.you import card, code, deck, game, networks, people, players, screen
from blurlab.ui.you.figure import figure
from blurlab.ui.you.players import Played, played

PRESENTED = 510  # pixels of the figure for presenters


def live() -> None:
    """Draw the result of the answers in trials, and what there is to take home."""
    state = st.session_state
    name, seed = state["deck"], int(state["game_seed"])
    screen.meet()
    answers = deck.read(state["trials"])
    counted = [each for each in answers if each is not None]
    if not counted:
        show.error(say("None of these trials counts, for their pictures were seen for too long."))
        _again()
        return
    you = played(say("You"), counted)
    with st.spinner(say("The networks play the same trials")):
        others = _networks(name, seed, answers)
    headline(you, others)
    told = protocol.told(
        "Psychometric functions of a person and of networks on the same hybrids",
        list(others),
        pictures=f"{deck.DECKS[name]}, {len(counted)} trials",
        seed=seed,
        settings={"shown_ms": float(state["shown_ms"])},
    )
    whose, crowd = say("your answers"), people.so_far(name)
    drawn = figure([you, *others.values()], screen.degrees(), whose, crowd)
    shell.chart(drawn, "you_figure", told, presented=PRESENTED)
    people.ask(you)
    _kept_out(name)
    _table(you, others)
    _times()
    _take_home(you, others)
    if not state["present"]:
        _again()


def _again() -> None:
    st.button(say("Play again"), type="primary", icon=":material/replay:", on_click=game.anew)


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
            show.left_out(why(error))
        else:
            found[model] = played(cache.title(model), said)
    return found


def headline(you: Played, others: dict[str, Played]) -> None:
    """Say in a few words what was found; presenters play again from here."""
    value, low, high = you.f_rev
    side, degrees = players.end(you), screen.degrees()
    row = st.container(horizontal=True, vertical_alignment="center")
    if side:
        found = players.written(you, 2)
        words = (
            say("You named the fine picture every time, so only this end of it is known.")
            if side == "above"
            else say("You named the coarse picture every time, so only this end of it is known.")
        )
    else:
        found = numeral(f"{value:.2g}")
        words = say(
            "With 95 % certainty it lies between {low:.2g} and {high:.2g}. With fewer cycles/image "
            "than that in the coarse picture, you name the fine one; with more, the coarse one.",
            low=low,
            high=high,
        )
        if degrees:
            fine = value / degrees
            words += " " + say("For your eye it is {value:.2g} cycles/degree.", value=fine)
    row.subheader(say("Your reverse frequency: {found} cycles/image", found=found))
    if st.session_state["present"]:
        with row:
            _again()
    if others:
        told = show.plain("; ".join(f"{each.title}, {_short(each)}" for each in others.values()))
        words += " " + say("On the same trials: {told}.", told=told)
    st.markdown(words)


def _short(player: Played) -> str:
    return (
        players.written(player, 2) if players.end(player) else numeral(f"{player.f_rev.value:.2g}")
    )


def _kept_out(name: str) -> None:
    """Say which networks did not play, and why."""
    if name not in deck.available():
        show.left_out(say("These photographs are not on this server, so that no network can play."))
        return
    for model in networks.asked(name):
        if not networks.knows(model, name):
            title = cache.title(model)
            show.left_out(say("{title} does not know what these pictures show.", title=title))


def rows(you: Played, others: dict[str, Played]) -> list[dict]:
    """Return one row for each player, as the table shows them."""
    found = []
    for model, each in {"": you, **others}.items():
        alike = sum(a == b for (_, a), (_, b) in zip(you.answers, each.answers, strict=True))
        found.append(
            {
                "player": each.title,
                "reverse frequency": players.written(each),
                "answers as you": say("{number} of {count}", number=alike, count=len(you.answers))
                if model
                else "",
                "over many pictures": _measured(model) if model else "",
            }
        )
    return found


def _measured(model: str) -> str:
    """Write the reverse frequency on a model's card, cycles/image; "" where it has none."""
    info = store.card(model)
    found = info.get("measured", {}).get("hybrids", {}).get("f_rev_nyquist", {}).get("value")
    return "" if found is None else numeral(f"{found * info['recipe']['input_size'] / 2:.3g}")


def _table(you: Played, others: dict[str, Played]) -> None:
    if st.session_state["present"]:
        return
    unit = say(UNITS["image"])
    st.dataframe(
        rows(you, others),
        hide_index=True,
        column_config={
            "player": say("player"),
            "answers as you": say("answers as you"),
            "reverse frequency": say("reverse frequency [95 %], {unit}", unit=unit),
            "over many pictures": say("over many pictures, {unit}", unit=unit),
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
    words = say(
        "Hybrids were seen for {median:.0f} ms (median; asked: {asked:.0f}), {least:.0f} to "
        "{most:.0f}. {marked} of {count} trials are marked: seen for another time than asked, by "
        "more than a frame, or with a late one.",
        median=shown[len(shown) // 2],
        asked=asked,
        least=shown[0],
        most=shown[-1],
        marked=marked,
        count=len(records),
    )
    if uncounted:
        words += " " + say(
            "{count} did not count, for they were seen for over twice the time.", count=uncounted
        )
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
    st.caption(say("The address of this page holds your answers: whoever has it sees this result."))
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
