"""The controls of a measure, and what they ask for."""

from typing import Any

import streamlit as st

from blurlab.data import sets
from blurlab.networks import store
from blurlab.ui import cache, link, shell, show

TITLES = {
    "hybrids": "Hybrids",
    "passes": "Low- and high-pass",
    "heatmap": "Fourier heatmap",
    "critical_band": "Critical band",
    "perturbation": "Perturbations",
    "corruptions": "Corruptions",
    "attacks": "Attacks",
}
DATA = ("objects", "imagenette", "cifar10")
FILTERS = {"ideal": "Ideal", "human": "As people saw it"}
CELLS = ("7", "15", "31")
CONTRASTS = ("0.2", "0.5", "1")
ITSELF = "itself"
MOST = 10_000_000  # pictures

PARAMETERS = {
    "measure": link.choice(list(TITLES), "hybrids"),
    "data": link.text("objects"),
    "n": link.number(0, MOST, 0),
    "measure_seed": link.number(0, 9999, 0),
    "pass_filter": link.choice(list(FILTERS), "ideal"),
    "cells": link.choice(CELLS, "15"),
    "contrast": link.choice(CONTRASTS, "0.5"),
}


def parameters() -> dict[str, link.Parameter]:
    """Return the page's state in its address, which names models that are installed now."""
    return PARAMETERS | {"made_on": link.choice([ITSELF, *store.names()], ITSELF)}


def controls() -> None:
    """Draw the choice of measure, pictures, and what the measure can be set to."""
    show.one_of(st, "Measure", TITLES, "measure")
    state = st.session_state
    place, count, seed, setting = st.columns([3, 2, 1, 2], vertical_alignment="bottom")
    known = [name for name in DATA if name != "imagenette" or sets.has_imagenette()]
    chosen = state["data"]
    listed = [*known, *([chosen] if chosen not in known else [])]
    place.selectbox(
        "Pictures",
        listed,
        show.place(listed, "data"),
        key="data",
        accept_new_options=True,
        help="A data set, or type a folder that holds one folder of pictures per class",
    )
    count.number_input("How many (0 for all)", 0, MOST, state["n"], key="n", step=100)
    seed.number_input("Seed", 0, 9999, state["measure_seed"], key="measure_seed")
    match state["measure"]:
        case "passes":
            filters = list(FILTERS)
            setting.selectbox(
                "Filter", filters, show.place(filters, "pass_filter"), key="pass_filter",
                format_func=FILTERS.get,
            )  # fmt: skip
        case "heatmap":
            setting.selectbox("Cells to a side", CELLS, show.place(CELLS, "cells"), key="cells")
        case "critical_band":
            setting.selectbox(
                "Contrast of the pictures", CONTRASTS, show.place(CONTRASTS, "contrast"),
                key="contrast",
                help="People were tested at 0.2, where small networks fail without any noise",
            )  # fmt: skip
        case "attacks":
            names = [ITSELF, *store.names()]
            setting.selectbox(
                "Attack made on", names, show.place(names, "made_on"), key="made_on",
                format_func=_title,
            )  # fmt: skip


def _title(name: str) -> str:
    return "the model itself (adaptive)" if name == ITSELF else f"{cache.title(name)} (transfer)"


def changed() -> dict[str, Any]:
    """Return the settings that the controls change from the measure's own."""
    state = st.session_state
    match state["measure"]:
        case "passes" if state["pass_filter"] != "ideal":
            return {"filter": state["pass_filter"]}
        case "heatmap" if state["cells"] != "15":
            return {"cells": int(state["cells"])}
        case "critical_band" if state["contrast"] != "0.5":
            return {"contrast": float(state["contrast"])}
        case "attacks" if state["made_on"] != ITSELF:
            return {"source": state["made_on"]}
    return {}


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
