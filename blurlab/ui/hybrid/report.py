"""What follows the stage: the exact numbers, and everything to take away."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import streamlit as st

from blurlab.pictures import films, images
from blurlab.ui import cache, files, palette, shell, show
from blurlab.ui.hybrid import job, slide
from blurlab.ui.hybrid.controls import NYQUIST
from blurlab.ui.hybrid.job import Answer, Setting
from blurlab.ui.languages import say
from blurlab.ui.stage import stage_html


def show_sliders(setting: Setting) -> None:
    """Draw the cutoffs as plain sliders, for the keyboard and for exact values."""
    show.slider(say("Cutoff (cycles/image), exact value"), "cutoff", 0.0, NYQUIST, step=0.25)
    if setting.high_cutoff is not None:
        label = say("Cutoff of the high picture (cycles/image), exact value")
        show.slider(label, "high_cutoff", 0.0, NYQUIST, step=0.25)


def show_report(
    names: tuple[str, ...],
    setting: Setting,
    found: dict[str, list[Answer | None]],
    arguments: dict[str, Any],
    fed: dict[str, dict],
) -> None:
    """Draw the exact numbers of a setting, its files and its Python lines.

    found: job.swept.  arguments, fed: what the stage is drawn with.
    """
    show_sliders(setting)
    st.dataframe(
        [summary_row(name, setting, found[name]) for name in names],
        hide_index=True,
        column_config={
            "model": say("model"),
            "answer": say("answer"),
            "reverses at": say("reverses at"),
            "low": st.column_config.NumberColumn("p_low", format="percent"),
            "high": st.column_config.NumberColumn("p_high", format="percent"),
        },
    )
    saving, code = st.tabs([say("Save"), say(files.CODE)])
    with saving:
        downloads(names, setting, found, arguments, fed)
    show_code(names, setting, code)


def show_code(names: tuple[str, ...], setting: Setting, place: Any) -> None:
    """Draw the commands and the Python lines that do the same as the stage."""
    files.code(place, script(names, setting), command(names, setting))


def summary_row(name: str, setting: Setting, found: list[Answer | None]) -> dict[str, str | float]:
    answer, crossing = job.exact(name, setting), job.reversal(found)
    label, probability = answer.top[0]
    return {
        "model": cache.title(name),
        "answer": f"{say(label)} ({probability:.0%})",
        "low": answer.p_low,
        "high": answer.p_high,
        "reverses at": say("nowhere")
        if crossing is None
        else shell.frequency(crossing, cache.SIZE),
    }


def downloads(
    names: tuple[str, ...],
    setting: Setting,
    found: dict[str, list[Answer | None]],
    arguments: dict[str, Any],
    fed: dict[str, dict[str, Any]],
) -> None:
    """Offer the picture, the numbers and the whole stage as files, made when they are asked for."""
    table = rows(found)
    drawn = {cache.title(name): (_best(name, setting), curve(found[name])) for name in names}
    labels, unit, degrees = arguments["labels"], arguments["unit"], arguments["degrees"]
    texts = [
        say("cutoff {frequency}", frequency=shell.frequency(cutoff, cache.SIZE))
        for cutoff in job.CUTOFFS
    ]
    offered: files.Offered = {  # each is made without the session
        "Slide (SVG)": (
            "hybrid.svg",
            lambda: slide.svg(
                images.data_url(job.mixed(setting)), labels, drawn, setting.cutoff, unit, degrees
            ),
        ),
        "Picture (PNG)": ("hybrid.png", lambda: images.png_bytes(job.mixed(setting))),
        "Numbers (CSV)": ("hybrid.csv", lambda: files.as_csv(table)),
        "Numbers (JSON)": (
            "hybrid.json",
            lambda: files.as_json(setting, table, size_pixels=cache.SIZE),
        ),
        "Film (GIF)": ("hybrid.gif", lambda: film(".gif", names, setting, found, texts)),
        "Film (MP4)": ("hybrid.mp4", lambda: film(".mp4", names, setting, found, texts)),
        "This stage (HTML)": ("hybrid.html", lambda: stage_html(**arguments, answers=fed)),
    }
    files.offer(offered)
    st.caption(say("The address of this page restores it, except for uploads and camera pictures."))


def _best(name: str, setting: Setting) -> tuple[str, float]:
    label, share = job.exact(name, setting).top[0]
    return say(label), share


def film(
    kind: str,
    names: tuple[str, ...],
    setting: Setting,
    found: dict[str, list[Answer | None]],
    texts: Sequence[str],
) -> bytes:
    """Film the hybrids of the sweep, from coarse to fine, with what each model says of them.

    kind: as films.film takes it.  texts: of the cutoffs.
    """
    ends = len(job.CUTOFFS) - 1

    def frames() -> Iterator[np.ndarray]:
        for place, cutoff in enumerate(job.CUTOFFS):
            at = setting._replace(cutoff=cutoff)
            said = [
                films.Said(
                    cache.title(name),
                    [
                        (say(label), share)
                        for label, share in (found[name][place] or job.exact(name, at)).top
                    ],
                    palette.line(index)["color"],
                )
                for index, name in enumerate(names)
            ]
            yield films.frame(job.mixed(at), texts[place], place / ends, said)

    return films.film(kind, frames(), json.dumps(files.described(setting)))


def curve(answers: list[Answer | None]) -> list[tuple[float, float]]:
    """Return p_low - p_high against the cutoff in cycles/image, where it is known."""
    known = zip(job.CUTOFFS, answers, strict=True)
    return [(cutoff, answer.p_low - answer.p_high) for cutoff, answer in known if answer]


def rows(swept: dict[str, list[Answer | None]]) -> list[dict]:
    """Return one row per model and cutoff, as the tables and files show them."""
    return [
        {
            "model": name,
            "cutoff_cycles_per_image": round(cutoff, 4),
            "p_low": round(answer.p_low, 6),
            "p_high": round(answer.p_high, 6),
            "p_low_minus_p_high": round(answer.p_low - answer.p_high, 6),
            "answer": answer.top[0][0],
            "probability": round(answer.top[0][1], 6),
        }
        for name, answers in swept.items()
        for cutoff, answer in zip(job.CUTOFFS, answers, strict=True)
        if answer
    ]


def command(names: tuple[str, ...], setting: Setting) -> str:
    """Write the commands that do the same, "" for what only Python does."""
    low, high = files.picture_words(setting.low), files.picture_words(setting.high)
    if not low or not high or setting.far:
        return ""
    cutoffs = f"--cutoff {setting.cutoff!r}"
    if setting.high_cutoff is not None:
        cutoffs += f" --high-cutoff {setting.high_cutoff!r}"
    made = f"{low} {high} hybrid.npy --size {cache.SIZE} {cutoffs} --filter {setting.filter}"
    lines = [f"python -m blurlab hybrid {made}", files.asking_line(names, "hybrid.npy")]
    if setting.high_cutoff is None:
        asked = " ".join(f"--model {name}" for name in names)
        filmed = f"{low} {high} hybrid.gif --size {cache.SIZE} --filter {setting.filter} {asked}"
        lines.append(f"python -m blurlab film {filmed}")
    return "\n".join(lines)


def script(names: tuple[str, ...], setting: Setting) -> str:
    """Write the Python lines that make the same hybrid and the same answers without the app."""
    imports = [
        "import torch",
        "from blurlab.data import sets",
        "from blurlab.filters import eye",
        "from blurlab.filters.hybrid import hybrid",
        "from blurlab.networks import worded",
        "from blurlab.networks.classifier import top_k",
        "from blurlab.pictures import images, objects, photographs",
    ]
    lines = [
        files.picture_lines("low", setting.low),
        files.picture_lines("high", setting.high),
        f"cutoff, high_cutoff = {setting.cutoff!r}, {setting.high_cutoff!r}  # cycles/image",
        "picture = hybrid(",
        f"    low, high, cutoff, high_cutoff=high_cutoff, filter={setting.filter!r}",
        ")",
        *(["picture = eye.seen(picture)"] if setting.far else []),
        'images.save_image(picture, "hybrid.png")',
        *files.answer_lines(names, "picture[None]"),
    ]
    return files.program(imports, lines)
