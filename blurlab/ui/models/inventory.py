"""What is installed here: a card for every network, and what the machine holds."""

import html
import os
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import streamlit as st
import torch

from blurlab.claims import compare
from blurlab.data import sources
from blurlab.measures.measured_data import data_sets
from blurlab.networks import architectures, store, titles
from blurlab.ui import cache, files, loaded, shell
from blurlab.ui.languages import say
from blurlab.ui.models import own, sketch

COLUMNS = {
    name: st.column_config.NumberColumn(format="%.1f")
    for name in ("in memory (MB)", "one picture (ms)")
}
STYLE = """<style>
.networks { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr));
  align-items: start; }
.network-card { border: 1px solid color-mix(in srgb, currentColor 20%, transparent);
  border-radius: 0.5rem; padding: 0.8rem 1rem; font-size: 0.875rem; line-height: 1.4; }
.network-card b { font-size: 1rem; display: block; }
.network-card img { display: block; width: 100%; margin: 0.5rem 0; }
.network-card p { font-size: inherit; margin: 0.5rem 0; }
.network-card summary { cursor: pointer; margin-top: 0.3rem; }
.network-card dl { margin: 0.4rem 0 0; padding: 0; overflow-wrap: anywhere; }
.network-card dl :is(dt, dd) { font-size: 0.8rem; margin: 0; padding: 0; }
.network-card dl dt { opacity: 0.75; }
.network-card dl dd { margin-bottom: 0.4rem; max-height: 12rem; overflow: auto; }
</style>"""
UNMEASURED = "Not measured on hybrid images yet."


def networks() -> None:
    """Draw a card for every installed network, by family, with a button for those to remove."""
    families: dict[str, list[str]] = {family: [] for family in titles.FAMILIES}
    for name in store.names():
        families[titles.family(name)].append(name)
    for family, names in families.items():
        if not names:
            continue
        st.markdown(f"##### {titles.FAMILIES[family]}\n{titles.ABOUT[family]}")
        if family in ("own", "public"):
            columns = st.columns(3)
            for number, name in enumerate(names):
                with columns[number % 3]:
                    st.html(STYLE + card(name))
                    own.removing(name)
        else:
            _cards(map(card, names))


def presented(names: Sequence[str]) -> None:
    """Draw the cards of these networks alone, each with the name that all pages call it by."""
    _cards(card(name, cache.title(name)) for name in names)


def _cards(cards: Iterable[str]) -> None:
    st.html(f'{STYLE}<div class="networks">{"".join(cards)}</div>')


def code() -> None:
    """Draw the commands and the Python lines that give the numbers of the cards."""
    lines = [
        "from blurlab.networks import store",
        "",
        "for name in store.names():",
        '    found = store.card(name).get("measured", {})',
        '    accuracy, hybrids = found.get("accuracy"), found.get("hybrids", {})',
        '    print(name, accuracy and accuracy["value"], hybrids.get("f_rev_nyquist"))',
    ]
    files.code(st.expander(say(files.CODE)), "\n".join(lines) + "\n", "python -m blurlab models")


def card(name: str, title: str = "") -> str:
    """Write a network's card: what it is, how it answers, and its facts, folded, as HTML.

    title: of the network, where nothing above the card says which family it is of.
    """
    info = cache.card(name)
    plain, term = titles.plain(info), html.escape(titles.term(info))
    plain, term = (html.escape(title), plain or term) if title else (plain, term)
    said = f"<b>{plain}</b><div>{term}</div>" if plain else f"<b>{term}</b>"
    rows = "".join(f"<dt>{what}</dt><dd>{html.escape(value)}</dd>" for what, value in facts(info))
    return (
        f'<article class="network-card" data-network="{html.escape(name)}">{said}{drawn(name)}'
        f"<div>{numbers(info)}</div><details><summary>Recipe and numbers</summary>"
        f"<dl>{rows}</dl></details></article>"
    )


def drawn(name: str) -> str:
    """Draw how often a network names a hybrid's coarse picture, from its card or what is kept."""
    info = cache.card(name)
    size, found = info["recipe"]["input_size"], measured(info, "hybrids")
    if found is not None:
        cutoffs = [2 * cutoff / size for cutoff in found["cutoffs_cycles_per_image"]]
        low, high = found["p_low"], found["p_high"]
        f_rev = found["f_rev_nyquist"]["value"]
    elif kept := _kept(name, compare.stamp()):
        cutoffs, f_rev = kept["cutoffs_nyquist"], kept["f_rev_nyquist"].value
        low, high = ([share.value for share in kept[key]] for key in ("p_low", "p_high"))
    else:
        return f"<p>{UNMEASURED}</p>"
    crosses = f_rev is not None and f_rev == f_rev
    return sketch.curve(cutoffs, low, high, reversal(f_rev, size) if crosses else "")


@lru_cache(maxsize=64)
def _kept(name: str, stamp: tuple[int, ...]) -> dict[str, Any] | None:
    """Return what is kept of a network's answers to hybrids, on the first pictures that have it."""
    for data in data_sets():
        if found := compare.kept(name, data, ("hybrids",)):
            return found["hybrids"][1]
    return None


def reversal(f_rev: float, size: int) -> str:
    """Write f_rev, a fraction of Nyquist, in the sidebar's unit."""
    return shell.frequency(f_rev * size / 2, size)


def numbers(info: dict[str, Any]) -> str:
    """Write the accuracy and f_rev that a card has, in one line."""
    accuracy, f_rev = measured(info, "accuracy"), measured(info, "hybrids", "f_rev_nyquist")
    said = [f"{accuracy['value']:.1%} right"] if accuracy else []
    if f_rev and f_rev["value"] is not None:
        said.append(f"f_rev {reversal(f_rev['value'], info['recipe']['input_size'])}")
    return " · ".join(said)


def facts(info: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what a card says of a network, in words: its recipe, its numbers and its classes."""
    recipe, size = info["recipe"], info["recipe"]["input_size"]
    cut = f", of which it sees the inner {recipe['crop']}" if recipe.get("crop") else ""
    found = {
        "Learned from": sources.TITLES.get(recipe["data"], recipe["data"]),
        "Learned with": taught(recipe),
        "Blur before it": f"σ = {recipe['sigma']:g} px" if recipe["sigma"] else "",
        "Sees": f"pictures of {size} × {size} pixels{cut}",
        "Built as": built(recipe),
        "Training": trained(recipe),
        "Size": f"{info['parameters']:,} parameters, {info['bytes'] / 1e6:.1f} MB",
        "Accuracy": estimate(measured(info, "accuracy")),
        "f_rev, of Nyquist": estimate(measured(info, "hybrids", "f_rev_nyquist"), percent=False),
        "Names the shape in a cue conflict": estimate(measured(info, "cue_conflicts", "shape")),
        "Names the texture in one": estimate(measured(info, "cue_conflicts", "texture")),
        "From": info.get("source", ""),
        "SHA-256 of its weights": info["sha256"],
        f"Its {len(info['classes']):,} classes": ", ".join(info["classes"]),
    }
    return [(what, value) for what, value in found.items() if value]


def taught(recipe: dict[str, Any]) -> str:
    """Say what a recipe shows a network in training, beyond the pictures; "" for nothing."""
    settings = recipe.get("settings") or {}
    said = []
    if teacher := settings.get("teacher"):
        said.append(f"the answers of {teacher}")
    if "epsilon" in settings:
        said.append(f"attacks of one step, L∞ {settings['epsilon']:g}/255")
    if "deviation" in settings:
        said.append(f"Gaussian noise of a deviation of up to {settings['deviation']:g}")
    if settings.get("target"):
        said.append(f"the similarities of pictures to the {settings['target']}")
    if recipe.get("components"):
        said.append(f"the first {recipe['components']} principal components of pictures")
    return "; ".join(said)


def built(recipe: dict[str, Any]) -> str:
    if "architecture" in recipe:
        return architectures.title(recipe)
    if "widths" not in recipe:
        return ""
    return f"a residual network of {', '.join(map(str, recipe['widths']))} channels"


def trained(recipe: dict[str, Any]) -> str:
    if "epochs" not in recipe:
        return ""
    more = f" and {recipe['finish_epochs']} at full size" if recipe["finish_epochs"] else ""
    rest = f"batches of {recipe['batch']}, learning rate {recipe['learning_rate']:g}"
    return f"{recipe['epochs']} epochs{more}, {rest}, seed {recipe['seed']}"


def measured(info: dict[str, Any], *keys: str) -> dict | None:
    """Return what a model's card says was measured, or None where it was not."""
    found = info.get("measured", {})
    for key in keys:
        found = found.get(key, {})
    return found or None


def estimate(found: dict | None, *, percent: bool = True) -> str:
    """Write an estimate with its interval; "" where there is none."""
    if found is None:
        return ""
    ends = [found[key] for key in ("value", "low", "high")]
    if None in ends:
        return "does not cross"
    return ("{:.1%} [{:.1%}, {:.1%}]" if percent else "{:.3f} [{:.3f}, {:.3f}]").format(*ends)


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
