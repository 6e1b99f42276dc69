"""What a measure has found: its figure, its numbers, and both to take away."""

import json
import math
from typing import Any

import streamlit as st

from blurlab.claims import methods
from blurlab.measures import keeping, measuring
from blurlab.measures.measuring import Running
from blurlab.measures.row import Measure, Number
from blurlab.measures.work import Work
from blurlab.statistics import Interval
from blurlab.ui import cache, files, protocol, shell
from blurlab.ui.languages import numeral, say
from blurlab.ui.sensitivity import controls, figures, job
from blurlab.ui.sensitivity.figures import Axis

PRESENTED = 520  # pixels of the figure for presenters, between the buttons and the numbers


def show_figure(
    works: list[Work], found: dict[str, tuple[Running, dict]], *, with_others: bool
) -> None:
    """Draw the measure's figure, what to see in it, and the numbers that sum it up; presenters
    unfold all but the figure.

    with_others: networks of which nothing is found yet have their place in it too.
    """
    measure, present = works[0].measure, st.session_state["present"]
    axes = {cache.title(work.model): axis(work.model) for work in works}
    by_title = {cache.title(name): numbers for name, (_, numbers) in found.items()}
    if with_others and measure.blank:
        titled = {cache.title(work.model): work.settings for work in works}
        blank = {name: measure.blank(its, axes[name].size) for name, its in titled.items()}
        by_title = blank | by_title
    if by_title:
        told = protocol_of(works, found, is_over=not with_others)
        drawn = figures.figure(measure, by_title, axes, whole=not present)
        shell.chart(drawn, f"measured_{measure.name}", told, presented=PRESENTED)
    if not present:
        show_numbers(works, found, by_title, axes)
    elif not st.session_state["story"]:  # whose sentence needs the room
        with st.expander(say("Numbers")):
            show_numbers(works, found, by_title, axes)


def show_numbers(
    works: list[Work],
    found: dict[str, tuple[Running, dict]],
    by_title: dict[str, dict[str, Any]],
    axes: dict[str, Axis],
) -> None:
    """Draw what to see in a measure's figure, and the numbers that sum it up."""
    measure = works[0].measure
    st.caption(say(measure.seen))
    if note := measure.note(works[0].settings, len(works[0].source.classes)):
        st.caption(say(note))
    rows = [
        {"model": cache.title(name), "pictures": running.pictures}
        | summary(measure, numbers, axes[cache.title(name)])
        for name, (running, numbers) in found.items()
    ]
    if rows:
        heads = {"model": say("model"), "pictures": say("pictures")}
        st.dataframe(rows, hide_index=True, column_config=heads)
    for numbers in by_title.values():
        if numbers.get("undefined"):
            st.caption(say(numbers["undefined"]))


def protocol_of(
    works: list[Work], found: dict[str, tuple[Running, dict]], *, is_over: bool
) -> dict[str, str]:
    """Say how what a figure shows of works was measured; is_over: no more is being measured."""
    measure, key, title = works[0].measure, works[0].key, works[0].source.called
    counts = {found[work.model][0].pictures for work in works if work.model in found}
    how = list(dict.fromkeys(measure.methods(work.settings) for work in works))
    if is_over:
        recorded = [way for work in works for way in keeping.recorded(work)]
        how.append(f"Measured by {methods.ways(recorded)}.")
    return protocol.told(
        measure.title,
        [work.model for work in works],
        pictures=f"{title}: {' or '.join(f'{count:,}' for count in sorted(counts)) or 'none'}",
        seed=key.seed,
        settings={work.model: work.settings for work in works},
        how=how,
    )


def axis(name: str) -> Axis:
    size = cache.card(name)["recipe"]["input_size"]
    return Axis(st.session_state["unit"], size, shell.degrees())


def summary(measure: Measure, numbers: dict, axis: Axis) -> dict[str, str]:
    """Return the few numbers that a measure is known by, written with their intervals."""
    return {label(each, axis): summed_up(each, axis) for each in measure.summary(numbers)}


def label(number: Number, axis: Axis) -> str:
    words = "" if number.unit == "share" else axis.words(number.unit)
    return f"{say(number.label)} ({words})" if words else say(number.label)


def summed_up(number: Number, axis: Axis) -> str:
    if isinstance(number.found, str):
        return numeral(say(number.found))
    return written(axis.interval(number.found, number.unit), percent=number.unit == "share")


def written(found: Interval, *, percent: bool = False, points: bool = False) -> str:
    """Write an estimate with its 95 % interval; points: it is a difference of shares."""
    if math.isnan(found.value):
        return say("undefined")
    value, low, high = found
    if points:
        value, low, high = 100 * value, 100 * low, 100 * high
        return say("{value:+.1f} [{low:+.1f}, {high:+.1f}] points", value=value, low=low, high=high)
    if percent:
        return say("{value:.1%} [{low:.1%}, {high:.1%}]", value=value, low=low, high=high)
    ends = [numeral(f"{each:#.3g}".rstrip(".")) for each in found]
    return say("{value} [{low}, {high}]", **dict(zip(Interval._fields, ends, strict=True)))


def _protocol(work: Work) -> dict[str, Any]:
    """Return what decides the numbers of a work, for the lines of a table."""
    return {
        "data": work.key.data,
        "settings": json.dumps(work.settings),
        "seed": work.key.seed,
        "model_hash": work.key.model,
        "protocol": measuring.protocol(work),
        "made": methods.ways(keeping.recorded(work)),
    }


def take_away(works: list[Work], found: dict) -> None:
    """Offer the numbers as files, and the lines that measure them without the app."""
    names = tuple(work.model for work in works)
    measure = works[0].key.measure
    saving, code = st.tabs([say("Save"), say(files.CODE)])
    known = [(work, *found[work.model]) for work in works if work.model in found]

    def table() -> str:
        protocols = {work.model: _protocol(work) for work, *_ in known}
        return files.as_csv(
            [
                {"model": work.model, "pictures": last.pictures} | row | protocols[work.model]
                for work, last, estimate in known
                for row in measuring.rows(estimate)
            ]
        )

    def whole() -> str:
        written = [
            measuring.written(work, last.summed) | {"estimate": measuring.plain(estimate)}
            for work, last, estimate in known
        ]
        return json.dumps(written, indent=1)

    offered: files.Offered = {
        "Numbers (CSV)": (f"{measure}.csv", table),
        "Numbers (JSON)": (f"{measure}.json", whole),
    }
    files.offer(offered, saving)
    saving.caption(
        say(
            "JSON holds the model's hash, the data, the settings, the seed, and what made the "
            "numbers: versions, device and dates. Brackets and error bars are 95 % intervals."
        )
    )
    asked = controls.asked(names)
    files.code(code, job.script(*asked), job.command(*asked))
