"""What a measure has found: its figure, its numbers, and both to take away."""

import json
import math

import streamlit as st

from blurlab.measures import measuring
from blurlab.measures.measuring import Running, Work
from blurlab.statistics import Interval
from blurlab.ui import cache, files, shell
from blurlab.ui.sensitivity import controls, job
from blurlab.ui.sensitivity.figures import FIGURES, Axis

SEEN = {
    "hybrids": "Every hybrid joins two pictures of different classes. Above zero the model names "
    "the coarse one, below zero the fine one; it reverses at f_rev, the diamond. **The further "
    "left, the lower the frequencies it goes by.**",
    "passes": "How many pictures are still named when only their coarse, or only their fine, "
    "structure is left. **A model that goes by low frequencies rises early on the left and falls "
    "early on the right.** High-passed pictures keep their mean, so that they can be shown.",
    "heatmap": "One wave of a fixed length is added to every picture; each cell is the error rate "
    "for its frequency and direction, coarse waves in the middle. **Bright cells are frequencies "
    "that the model can be disturbed with.**",
    "critical_band": "Faint grey pictures in octaves of noise: the deviation that leaves half of "
    "the answers right. **The lowest point is the octave that the model needs most**, its "
    "critical band; the dotted line is the centre of a Gaussian fitted to it. A triangle at the "
    "top: even the strongest noise leaves half right.",
    "perturbation": "The smallest change that makes the model name a given other class, and where "
    "its power lies: half of it below f_0.5, the diamond. **The further left, the coarser what it "
    "takes to fool the model.**",
    "corruptions": "Accuracy under ImageNet-C's corruptions at five severities, by where Li et al. "
    "(2023) see their power; networks of 32 pixels meet CIFAR-10-C's strengths. **A blur should "
    "cost on the left and pay on the right.** Intervals are over pictures.",
    "attacks": "Accuracy under untargeted L∞ PGD. Made on the model itself, blur layer included, "
    "the attack is **adaptive**; made on another model and shown to this one, it is a "
    "**transfer**, which says little about security.",
}


def show_figure(works: list[Work], found: dict[str, tuple[Running, dict]]) -> None:
    """Draw the measure's figure, what to see in it, and the numbers that sum it up."""
    measure = works[0].key.measure
    axes = {cache.title(name): axis(name) for name in found}
    by_title = {cache.title(name): numbers for name, (_, numbers) in found.items()}
    figure = shell.for_presenters(FIGURES[measure](by_title, axes))
    st.plotly_chart(figure, key=f"measured_{measure}")
    st.caption(SEEN[measure])
    if measure == "passes" and works[0].settings["filter"] == "human":
        st.caption(
            "People: 16 classes, chance 6 %, 224-pixel grey photographs shown for 200 ms, 640 "
            "trials a point (Geirhos et al. 2018, by model-vs-human's raw data). The models choose "
            f"among {len(works[0].source.classes)} classes, chance "
            f"{1 / len(works[0].source.classes):.0%}, and take their time: compare where the "
            "lines fall, not how high they are."
        )
    rows = [
        {"model": cache.title(name), "pictures": running.pictures}
        | summary(measure, numbers, axes[cache.title(name)])
        for name, (running, numbers) in found.items()
    ]
    st.dataframe(rows, hide_index=True)
    for numbers in by_title.values():
        if numbers.get("undefined"):
            st.caption(numbers["undefined"])


def axis(name: str) -> Axis:
    size = cache.card(name)["recipe"]["input_size"]
    return Axis(st.session_state["unit"], size, shell.degrees())


def summary(measure: str, numbers: dict, axis: Axis) -> dict[str, str]:
    """Return the few numbers that a measure is known by, written with their intervals."""

    def frequency(found: Interval, of_image: float) -> str:
        return written(Interval(*(axis.of_image(end * of_image) for end in found)))

    nyquist, size, unit = axis.size / 2, axis.size, axis.title
    match measure:
        case "hybrids":
            return {f"f_rev ({unit})": frequency(numbers["f_rev_nyquist"], nyquist)}
        case "passes":
            return {"clean": written(numbers["clean"], percent=True)}
        case "heatmap":
            worst = max((cell for row in numbers["error"] for cell in row), key=lambda c: c.value)
            shown = {"clean": numbers["clean"], "most harmful wave": worst}
            return {f"wrong, {name}": written(each, percent=True) for name, each in shown.items()}
        case "critical_band":
            return {
                f"centre ({unit})": frequency(numbers["centre"], 1),
                "bandwidth (octaves)": written(numbers["bandwidth"]),
            }
        case "perturbation":
            median = Interval(*(255 * end for end in numbers["epsilon"]["median"]))
            return {
                f"f_0.5 ({unit})": frequency(numbers["f_half"], size),
                "median smallest epsilon (255ths)": written(median),
                "attack": numbers["attack"],
            }
        case "corruptions":
            shown = {"clean": numbers["clean"], **numbers["classes"]}
            return {name: written(each, percent=True) for name, each in shown.items()}
    pairs = zip(numbers["epsilons_of_255"], numbers["accuracy"], strict=True)
    return {"clean": written(numbers["clean"], percent=True)} | {
        f"epsilon {epsilon}/255": written(each, percent=True) for epsilon, each in pairs
    }


def written(found: Interval, *, percent: bool = False, points: bool = False) -> str:
    """Write an estimate with its 95 % interval; points: it is a difference of shares."""
    if math.isnan(found.value):
        return "undefined"
    if points:
        return "{:+.1f} [{:+.1f}, {:+.1f}] points".format(*(100 * end for end in found))
    if percent:
        return "{:.1%} [{:.1%}, {:.1%}]".format(*found)
    return "{} [{}, {}]".format(*(f"{number:#.3g}".rstrip(".") for number in found))


def take_away(names: tuple[str, ...], works: list[Work], found: dict) -> None:
    """Offer the numbers as files, and the lines that measure them without the app."""
    measure = works[0].key.measure
    saving, code = st.tabs(["Save", "Command line and Python"])
    table = [
        {"model": name, "pictures": running.pictures} | row
        for name, (running, numbers) in found.items()
        for row in measuring.rows(numbers)
    ]
    whole = [
        {"name": work.model, **work.key._asdict(), "pictures": found[work.model][0].pictures}
        | {"estimate": measuring.plain(found[work.model][1])}
        for work in works
        if work.model in found
    ]
    offered = {
        "Numbers (CSV)": (f"{measure}.csv", lambda: files.as_csv(table)),
        "Numbers (JSON)": (f"{measure}.json", lambda: json.dumps(whole, indent=1)),
    }
    files.offer(offered, saving)
    saving.caption(
        "The camera above the figure saves it. JSON holds the model's hash, the data, the settings "
        "and the seed. Brackets and error bars are 95 % intervals."
    )
    code.code(job.command(*controls.asked(names)), language="bash")
    code.code(job.script(*controls.asked(names)), language="python")
