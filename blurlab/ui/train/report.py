"""What two networks that learn say and do, drawn anew as they go on."""

import html
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from blurlab.pictures import images
from blurlab.sentence import Sentence
from blurlab.training import live
from blurlab.training.live import CUTOFFS, Learned, Lesson, Told
from blurlab.ui import charts, files, palette, protocol, shell
from blurlab.ui.languages import say

HEIGHT = 380
SHAPES = ("●", "■")  # of the networks, beside their colours
# (title, row, column, what of Learned, axis)
HISTORY: tuple[tuple[str, int, int, str, dict[str, Any]], ...] = (
    ("Loss", 1, 2, "loss", {}),
    ("Names new objects", 1, 3, "accuracy", {"tickformat": ".0%", "range": [-0.03, 1.03]}),
    ("Goes by the outline", 2, 2, "outline", {"tickformat": ".0%", "range": [-0.03, 1.03]}),
    ("f_rev (cycles/image)", 2, 3, "f_rev", {"range": [0, CUTOFFS[-1]]}),
)
STYLE = """<style>
.strip { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 0.75rem; }
.strip img { width: 100%; max-width: min(9rem, 16vh); display: block; border-radius: 0.3rem; }
.strip div > span { display: block; overflow-wrap: anywhere; line-height: 1.35; }
.strip small { opacity: 0.8; line-height: 1.3; }
.strip div > small { display: block; margin: 0.2rem 0; }
@media (max-width: 640px) { .strip { grid-template-columns: repeat(3, minmax(0, 1fr)); } }
</style>"""


def names(lesson: Lesson) -> tuple[Sentence, Sentence]:
    """Name the two networks."""
    return Sentence("plain"), Sentence("behind a blur of σ = {sigma:g} px", sigma=lesson.sigma)


def show(lesson: Lesson, told: Sequence[Told]) -> None:
    """Draw the strip and the figures."""
    st.html(strip(lesson, told[-1].learned if told else None))
    if told:
        shell.chart(figure(lesson, told), "lesson_figure", _protocol(lesson), presented=HEIGHT)
        if not st.session_state["present"]:
            files.code(st.expander(say(files.CODE)), script(lesson))


def script(lesson: Lesson) -> str:
    """Write the Python lines that teach the same two networks."""
    lines = [
        "from blurlab.training import live",
        "",
        f"for told in live.lessons(live.{lesson}):",
        f"    for name, each in zip({[str(name) for name in names(lesson)]!r}, told.learned):",
        "        print(told.shown, name, each.loss, each.accuracy, each.outline, each.f_rev)",
        "    print(*(each.difference for each in told.learned))",
    ]
    return "\n".join(lines) + "\n"


def _protocol(lesson: Lesson) -> dict[str, str]:
    return protocol.told(
        f"Two networks while they learn: {' and '.join(names(lesson))}",
        pictures=f"drawn objects, {live.SIZE} x {live.SIZE} pixels",
        seed=lesson.seed,
        settings=lesson._asdict(),
    )


def strip(lesson: Lesson, learned: Sequence[Learned] | None) -> str:
    """Write the hybrids of the strip with both networks' answers, as HTML."""
    urls, low, high = _pictures(lesson.seed)
    cells = []
    for place, url in enumerate(urls):
        classes = {low[place]: say("coarse"), high[place]: say("fine")}
        words = [f"{which}: {say(name)}" for name, which in classes.items()]
        said = [
            _answer(index, each.strip[place][0] if each else "…", classes)
            for index, each in enumerate(learned or (None, None))
        ]
        cells.append(
            f'<div><img src="{url}" alt="{", ".join(words)}"><small>{"<br>".join(words)}</small>'
            f"{''.join(said)}</div>"
        )
    return f'{STYLE}<div class="strip">{"".join(cells)}</div>'


def _answer(index: int, word: str, classes: dict[str, str]) -> str:
    color, which = palette.COLORS[index], classes.get(word)
    note = f" <small>({which})</small>" if which else ""
    return (
        f'<span data-network="{index}"><b style="color:{color}">{SHAPES[index]}</b> '
        f"<b>{html.escape(say(word))}</b>{note}</span>"
    )


@lru_cache(maxsize=16)
def _pictures(seed: int) -> tuple[list[str], list[str], list[str]]:
    drawn = live.strip(seed)
    return [images.data_url(each) for each in drawn.hybrids], drawn.low, drawn.high


def figure(lesson: Lesson, told: Sequence[Told]) -> go.Figure:
    """Draw by how much the coarse picture is named more often, and how all came about."""
    titles = [say("Coarse minus fine, by cutoff"), *(say(row[0]) for row in HISTORY)]
    made = make_subplots(
        2, 3, specs=[[{"rowspan": 2}, {}, {}], [None, {}, {}]], column_widths=[0.42, 0.29, 0.29],
        subplot_titles=titles, vertical_spacing=0.24, horizontal_spacing=0.07,
    )  # fmt: skip
    shown = [each.shown for each in told]
    for index, name in enumerate(map(say, names(lesson))):
        line, now = palette.line(index), told[-1].learned[index]
        made.add_scatter(
            x=CUTOFFS, y=now.difference, name=name, line=line, mode="lines+markers", row=1, col=1
        )
        if now.f_rev is not None:
            made.add_scatter(
                x=[now.f_rev], y=[0], mode="markers", showlegend=False, name=f"f_rev, {name}",
                marker={"color": line["color"], "size": 13, "symbol": "diamond"}, row=1, col=1,
            )  # fmt: skip
        for _, row, column, what, _ in HISTORY:
            values = [getattr(each.learned[index], what) for each in told]
            made.add_scatter(
                x=shown, y=values, name=name, line=line, showlegend=False, row=row, col=column
            )
    made.update_xaxes(charts.LOGARITHMIC, title=say("cutoff (cycles/image)"), row=1, col=1)
    made.update_yaxes(title="p_low − p_high", range=[-1.05, 1.05], row=1, col=1)
    made.add_hline(0, line_width=1, line_color=palette.GREY, row=1, col=1)
    most = live.RECIPE.shown
    for _, row, column, _, axis in HISTORY:
        title = say("pictures shown") if row == 2 else None
        made.update_xaxes(range=[0, most], title=title, row=row, col=column)
        made.update_yaxes(**axis, row=row, col=column)
    return made.update_layout(
        height=HEIGHT, margin={"t": 40, "r": 20, "b": 80}, uirevision="keep",
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"},
    )  # fmt: skip
