"""What is installed here, as tables and figures for a page."""

import os

import plotly.graph_objects as go
import streamlit as st
import torch

from blurlab.networks import store
from blurlab.ui import cache, charts, link, loaded, shell

COLUMNS = {
    name: st.column_config.NumberColumn(format="%.1f")
    for name in ("weights (MB)", "in memory (MB)", "one picture (ms)")
}


def parameters() -> dict[str, link.Parameter]:
    """Return the page's state in its address, which names models that are installed now."""
    names = store.names()
    return {"card": link.choice(names, next(iter(names), ""))}


def table(names: list[str]) -> list[dict]:
    """Return one row per model, from the numbers on its card."""
    return [
        {
            "network": cache.title(name),
            "trained on": cache.card(name)["recipe"]["data"],
            "accuracy": estimate(measured(name, "accuracy"), percent=True),
            "f_rev": estimate(measured(name, "hybrids", "f_rev_nyquist")),
            "weights (MB)": cache.card(name)["bytes"] / 1e6,
        }
        for name in names
    ]


def measured(name: str, *keys: str) -> dict | None:
    """Return what a model's card says was measured, or None where it was not."""
    found = cache.card(name).get("measured", {})
    for key in keys:
        found = found.get(key, {})
    return found or None


def estimate(measured: dict | None, *, percent: bool = False) -> str:
    """Write an estimate with its interval, or that there is none."""
    if measured is None:
        return "not measured yet"
    numbers = [measured[key] for key in ("value", "low", "high")]
    if None in numbers:
        return "does not cross"
    if percent:
        return "{:.1%} [{:.1%}, {:.1%}]".format(*numbers)
    return "{:.3f} [{:.3f}, {:.3f}]".format(*numbers)


def curves(names: list[str]) -> go.Figure:
    """Draw the measured p_low - p_high of the models, in the sidebar's unit."""
    lines = {}
    for name in names:
        hybrids, size = measured(name, "hybrids"), cache.card(name)["recipe"]["input_size"]
        if hybrids is None:
            continue
        difference = [
            low - high for low, high in zip(hybrids["p_low"], hybrids["p_high"], strict=True)
        ]
        lines[cache.title(name)] = (hybrids["cutoffs_cycles_per_image"], difference, size)
    return charts.measured_curves(lines, st.session_state["unit"], degrees=shell.degrees())


def show_card(name: str) -> None:
    """Show what a card says: recipe, classes, and everything measured."""
    card = cache.card(name)
    recipe, numbers, classes = st.columns([2, 2, 1], gap="medium")
    said = {key: value for key, value in card["recipe"].items() if key != "graph"}  # is long
    if card.get("source"):
        said["source"] = card["source"]
    recipe.dataframe(
        [{"recipe": key, "value": str(value)} for key, value in said.items()], hide_index=True
    )
    conflicts = measured(name, "cue_conflicts")
    rows = [
        {"measured": "accuracy", "value": estimate(measured(name, "accuracy"), percent=True)},
        {
            "measured": "f_rev (fraction of Nyquist)",
            "value": estimate(measured(name, "hybrids", "f_rev_nyquist")),
        },
    ]
    if conflicts:
        rows += [
            {
                "measured": f"names the {cue} in a cue conflict",
                "value": estimate(conflicts[cue], percent=True),
            }
            for cue in ("shape", "texture")
        ]
    rows.append({"measured": "parameters", "value": f"{card['parameters']:,}"})
    rows.append({"measured": "sha256", "value": card["sha256"]})
    numbers.dataframe(rows, hide_index=True)
    classes.dataframe([{"classes": label} for label in card["classes"]], hide_index=True)


def machine() -> list[dict]:
    """Return the device, its memory and the models' share of it, and the versions in use."""
    used = sum(each.bytes for each in loaded.in_memory().values())
    rows = [
        {"what": "device", "value": shell.device_title()},
        {"what": "free memory", "value": f"{free_memory() / 2**30:.1f} GiB"},
        {
            "what": "models in memory",
            "value": f"{used / 1e6:,.0f} MB, at most {loaded.budget() / 1e6:,.0f} MB",
        },
        {"what": "processor cores", "value": str(os.cpu_count())},
        {"what": "torch", "value": torch.__version__},
        {"what": "streamlit", "value": st.__version__},
    ]
    return rows


def in_memory() -> list[dict]:
    """Return one row per model in memory, the most recently used first."""
    return [
        {
            "network": cache.title(name),
            "in memory (MB)": each.bytes / 1e6,
            "one picture (ms)": each.seconds * 1e3,
            "input (pixels)": each.model.input_size,
            "computes in": "float16" if each.model.half_precision else "float32",
        }
        for name, each in reversed(loaded.in_memory().items())
    ]


def free_memory() -> int:
    """Return the bytes free on the device that computes."""
    if torch.cuda.is_available():
        return torch.cuda.mem_get_info()[0]
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
