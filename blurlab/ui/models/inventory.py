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
from blurlab.ui import cache, files, loaded, shell, show
from blurlab.ui.languages import say, say_each, unbroken
from blurlab.ui.models import own, sketch

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
    for sentence in store.damaged():
        show.error(sentence)
    families: dict[str, list[str]] = {family: [] for family in titles.FAMILIES}
    for name in store.names():
        families[titles.family(name)].append(name)
    for family, names in families.items():
        if not names:
            continue
        st.markdown(f"##### {say(titles.FAMILIES[family])}\n{say(titles.ABOUT[family])}")
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
    plain, term = say(titles.plain(info)), html.escape(cache.term(name))
    plain, term = (html.escape(title), plain or term) if title else (plain, term)
    said = f"<b>{plain}</b><div>{term}</div>" if plain else f"<b>{term}</b>"
    rows = "".join(f"<dt>{what}</dt><dd>{html.escape(value)}</dd>" for what, value in facts(info))
    return unbroken(
        f'<article class="network-card" data-network="{html.escape(name)}">{said}{drawn(name)}'
        f"<div>{numbers(info)}</div><details><summary>{say('Recipe and numbers')}</summary>"
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
        return f"<p>{say(UNMEASURED)}</p>"
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
    said = [say("{share:.1%} right", share=accuracy["value"])] if accuracy else []
    if f_rev and f_rev["value"] is not None:
        said.append(f"f_rev {reversal(f_rev['value'], info['recipe']['input_size'])}")
    return " · ".join(said)


def facts(info: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what a card says of a network, in words: its recipe, its numbers and its classes."""
    recipe, size = info["recipe"], info["recipe"]["input_size"]
    sees = say("pictures of {size} × {size} pixels", size=size)
    if recipe.get("crop"):
        sees += say(", of which it sees the inner {crop}", crop=recipe["crop"])
    blur = say("σ = {sigma:g} px", sigma=recipe["sigma"]) if recipe["sigma"] else ""
    weighs = say(
        "{count:,} parameters, {size:.1f} MB", count=info["parameters"], size=info["bytes"] / 1e6
    )
    f_rev = estimate(measured(info, "hybrids", "f_rev_nyquist"), percent=False)
    found = {
        say("Learned from"): say(sources.TITLES.get(recipe["data"], recipe["data"])),
        say("Learned with"): taught(recipe),
        say("Blur before it"): blur,
        say("Sees"): sees,
        say("Built as"): built(recipe),
        say("Training"): trained(recipe),
        say("Size"): weighs,
        say("Accuracy"): estimate(measured(info, "accuracy")),
        say("f_rev, of Nyquist"): f_rev,
        say("Names the shape in a cue conflict"): estimate(
            measured(info, "cue_conflicts", "shape")
        ),
        say("Names the texture in one"): estimate(measured(info, "cue_conflicts", "texture")),
        say("From"): info.get("source", ""),
        say("SHA-256 of its weights"): info["sha256"],
        say("Its {count:,} classes", count=len(info["classes"])): ", ".join(
            say_each(info["classes"])
        ),
    }
    return [(what, value) for what, value in found.items() if value]


def taught(recipe: dict[str, Any]) -> str:
    """Say what a recipe shows a network in training, beyond the pictures; "" for nothing."""
    settings = recipe.get("settings") or {}
    said = []
    if teacher := settings.get("teacher"):
        said.append(say("the answers of {teacher}", teacher=teacher))
    if "epsilon" in settings:
        said.append(say("attacks of one step, L∞ {size:g}/255", size=settings["epsilon"]))
    if "deviation" in settings:
        most = settings["deviation"]
        said.append(say("Gaussian noise of a deviation of up to {most:g}", most=most))
    if settings.get("target"):
        target = settings["target"]
        said.append(say("the similarities of pictures to the {target}", target=target))
    if recipe.get("components"):
        count = recipe["components"]
        said.append(say("the first {count} principal components of pictures", count=count))
    if recipe.get("grey"):
        said.append(say("pictures in grey"))
    return "; ".join(said)


def built(recipe: dict[str, Any]) -> str:
    if "architecture" in recipe:
        return architectures.title(recipe)
    if "widths" not in recipe:
        return ""
    widths = ", ".join(map(str, recipe["widths"]))
    return say("a residual network of {widths} channels", widths=widths)


def trained(recipe: dict[str, Any]) -> str:
    if "epochs" not in recipe:
        return ""
    said = say("{epochs} epochs", epochs=recipe["epochs"])
    if recipe["finish_epochs"]:
        said += say(" and {epochs} at full size", epochs=recipe["finish_epochs"])
    return said + say(
        ", batches of {batch}, learning rate {rate:g}, seed {seed}",
        batch=recipe["batch"],
        rate=recipe["learning_rate"],
        seed=recipe["seed"],
    )


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
    ends = {key: found[key] for key in ("value", "low", "high")}
    if None in ends.values():
        return say("does not cross")
    if percent:
        return say("{value:.1%} [{low:.1%}, {high:.1%}]", **ends)
    return say("{value:.3f} [{low:.3f}, {high:.3f}]", **ends)


def machine() -> list[dict]:
    """Return the device, its memory and the models' share of it, and the versions in use."""
    used = sum(each.bytes for each in loaded.in_memory().values())
    rows = [
        {"what": say("device"), "value": shell.device_title()},
        {"what": say("free memory"), "value": say("{size:.1f} GiB", size=free_memory() / 2**30)},
        {
            "what": say("models in memory"),
            "value": say(
                "{used:,.0f} MB, at most {most:,.0f} MB",
                used=used / 1e6,
                most=loaded.budget() / 1e6,
            ),
        },
        {"what": say("processor cores"), "value": str(os.cpu_count())},
        {"what": "torch", "value": torch.__version__},
        {"what": "streamlit", "value": st.__version__},
    ]
    return rows


def machine_columns() -> dict[str, str]:
    """Return what stands above the columns of machine."""
    return {"what": say("what"), "value": say("value")}


def columns() -> dict[str, Any]:
    """Return how the columns of in_memory are shown."""
    number = st.column_config.NumberColumn
    return {
        "network": say("network"),
        "in memory (MB)": number(say("in memory (MB)"), format="%.1f"),
        "one picture (ms)": number(say("one picture (ms)"), format="%.1f"),
        "input (pixels)": say("input (pixels)"),
        "computes in": say("computes in"),
    }


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
