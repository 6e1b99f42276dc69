"""The controls of a measure, and what they ask for."""

from typing import Any

import streamlit as st

from blurlab.data import sets
from blurlab.knobs import Knob
from blurlab.measures.row import Measure
from blurlab.measures.table import MEASURES
from blurlab.ui import link, shell, show
from blurlab.ui.languages import numeral, say

DATA = ("objects", "imagenette", "cifar10")
MOST = 10_000_000  # pictures

# Beside the sidebar of a laptop they fill two rows, which shall be even.
ROWS = """<style>
@media (min-width: 641px) and (max-width: 1500px) {
  .st-key-measure [role="radiogroup"] {
    display: grid; grid-template-columns: repeat(auto-fit, minmax(9.2rem, 1fr));
  }
  .st-key-measure button { padding-inline: 0.3rem; }
}
</style>"""

PARAMETERS = {
    "data": link.text("objects"),
    "n": link.number(0, MOST, 0),
    "measure_seed": link.number(0, 9999, 0),
    "protocol": link.choice(["ours", "paper"], "ours"),
}
PROTOCOLS = {"ours": "Usual", "paper": "Li et al. 2023"}


def parameters() -> dict[str, link.Parameter]:
    """Return the page's state in its address: what measures there are, and their knobs."""
    knobs = {
        address(row, knob): link.choice([text(value) for value in knob.control], text(knob.default))
        for row in MEASURES.values()
        for knob in offered(row)
    }
    return {"measure": link.choice(list(MEASURES), next(iter(MEASURES)))} | PARAMETERS | knobs


def offered(row: Measure) -> list[Knob]:
    """Return the knobs of a measure that have a control."""
    return [knob for knob in row.knobs if knob.offered]


def address(row: Measure, knob: Knob) -> str:
    """Return the name of a knob in the address; pages share one namespace."""
    return knob.address or f"{row.name}_{knob.name}"


def text(value: Any) -> str:
    """Write a knob's value as in an address."""
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def controls() -> None:
    """Draw the choice of measure, pictures, and what the measure can be set to."""
    state = st.session_state
    st.html(ROWS)
    titles = {name: row.title for name, row in MEASURES.items()}
    show.one_of(st, say("Measure"), titles, "measure", width="stretch")
    row = MEASURES[state["measure"]]
    knobs = offered(row)
    widths = [3, 2, 1, 2, *[2] * len(knobs)]
    place, count, seed, whose, *settings = st.columns(widths, vertical_alignment="bottom")
    known = [name for name in DATA if name != "imagenette" or sets.has_imagenette()]
    chosen = state["data"]
    listed = [*known, *([chosen] if chosen not in known else [])]
    place.selectbox(
        say("Pictures"),
        listed,
        show.place(listed, "data"),
        key="data",
        accept_new_options=True,
        help=say("A data set, or type a folder that holds one folder of pictures per class"),
    )
    count.number_input(say("How many (0 for all)"), 0, MOST, state["n"], key="n", step=100)
    seed.number_input(say("Seed"), 0, 9999, state["measure_seed"], key="measure_seed")
    protocols = {name: say(title) for name, title in PROTOCOLS.items()}
    whose.selectbox(
        say("Settings"),
        list(protocols),
        list(protocols).index(state["protocol"]),
        key="protocol",
        format_func=protocols.__getitem__,
        disabled=row.paper is None,
        help=say("Li et al. 2023 have no such measure") if row.paper is None else None,
    )
    for column, knob in zip(settings, knobs, strict=False):
        offers = {text(value): numeral(say(title)) for value, title in knob.control.items()}
        key = address(row, knob)
        column.selectbox(
            say(knob.title),
            list(offers),
            show.place(list(offers), key),
            key=key,
            format_func=offers.__getitem__,
            disabled=is_papers(row),
            help=say(knob.help) or None,
        )


def is_papers(row: Measure) -> bool:
    """Tell whether a measure is to have the settings of Li et al. 2023, who know of it."""
    return st.session_state["protocol"] == "paper" and row.paper is not None


def changed() -> dict[str, Any]:
    """Return the settings that the controls change from the measure's own."""
    row, found = MEASURES[st.session_state["measure"]], {}
    if is_papers(row):
        return dict(row.paper or {})
    for knob in offered(row):
        values = {text(value): value for value in knob.control}
        value = values[st.session_state[address(row, knob)]]
        if value != knob.default:
            found[knob.name] = value
    return found


def fitting_models() -> tuple[str, ...]:
    """Return the sidebar's models or, where none is chosen, two trained on these pictures."""
    if st.session_state["models"]:
        return tuple(st.session_state["models"])
    return shell.fitting(st.session_state["data"])


def asked(names: tuple[str, ...]) -> tuple:
    """Return what the controls ask for, as measures_job.plan takes it."""
    state = st.session_state
    how_many, seed = int(state["n"]), int(state["measure_seed"])
    return names, state["measure"], state["data"].strip(), changed(), how_many, seed
