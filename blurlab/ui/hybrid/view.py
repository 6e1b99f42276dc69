"""The live part of a page with hybrids: the stage, the sweep behind it, and the exact answers."""

import time

import streamlit as st

from blurlab.filters import spectrum
from blurlab.pictures import images
from blurlab.ui import asking, cache, charts, files, jobs, link, pictures, shell, show
from blurlab.ui.hybrid import job as answers
from blurlab.ui.stage import stage, stage_answers, stage_html

# Seconds by which picture and answers precede the figures: drawn by the browser in one go with
# them, they would be seen a tenth later.
HEAD_START = 0.03
NYQUIST = cache.SIZE / 2
FILTERS = {"ideal": "Ideal", "gaussian": "Gaussian", "butterworth": "Butterworth"}

PARAMETERS = {
    "cutoff": link.number(0.0, NYQUIST, 8.0, "cycles/image"),
    "high_cutoff": link.number(0.0, NYQUIST, 16.0, "cycles/image"),
    "separate": link.flag(),
    "filter": link.choice(list(spectrum.FILTERS), "gaussian"),
    "far": link.flag(),
}


def fitting_models(low: cache.Choice, high: cache.Choice) -> tuple[str, ...]:
    """Return the chosen models or, where none is chosen, two trained on pictures like these."""
    if st.session_state["models"]:
        return tuple(st.session_state["models"])
    return shell.fitting("objects" if low.kind == high.kind == pictures.OBJECT else "imagenette")


def filter_controls() -> None:
    """Draw the choice of filter and of one or two cutoffs."""
    shape, cutoffs = st.columns([3, 1], vertical_alignment="bottom")
    shape.segmented_control(
        "Filter",
        list(FILTERS),
        key="filter",
        format_func=FILTERS.get,
        required=True,
        help="Ideal is the paper's: it cuts sharply and rings. The others have gain 1/2 there.",
    )
    cutoffs.toggle("Separate cutoffs", key="separate", help="Where low ends and where high begins")


def current(low: cache.Choice, high: cache.Choice) -> answers.Setting:
    """Return the setting that the controls now describe."""
    state = st.session_state
    high_cutoff = state["high_cutoff"] if state["separate"] else None
    return answers.Setting(low, high, state["cutoff"], high_cutoff, state["filter"])


def poll(names: tuple[str, ...], setting: answers.Setting) -> jobs.Job:
    return cache.sweep(names, setting.low, setting.high, setting.filter, setting.high_cutoff)


def live(
    key: str,
    names: tuple[str, ...],
    low: cache.Choice,
    high: cache.Choice,
    parameters: dict[str, link.Parameter],
    *,
    with_details: bool = True,
) -> None:
    """Draw the stage and, with_details, the numbers and files after it.

    The answers come while the sweep behind them runs. Only they are drawn again and again: were
    the numbers and figures redrawn with them, a busy machine would do nothing else.
    """
    waiting = not poll(names, current(low, high)).is_over

    @st.fragment(run_every=0.2 if waiting else None)
    def answering() -> None:
        link.refill()
        setting = current(low, high)
        job = poll(names, setting)
        stage_answers(key, feed(names, setting, answers.swept(names, setting, job)))
        if job.state == "failed":
            st.error(f"The models could not answer: {job.error}.", icon=":material/error:")
        if job.is_over is waiting:
            st.rerun()  # this timer is set by the whole page, and is now wrong

    @st.fragment
    def panel() -> None:
        link.refill()
        setting = current(low, high)
        show_stage(key, names, setting)
        answering()
        time.sleep(HEAD_START)
        if with_details and not st.session_state["present"]:
            found = answers.swept(names, setting, poll(names, setting))
            details(names, setting, found)
        link.write(shell.SHARED | parameters)

    panel()


def show_stage(key: str, names: tuple[str, ...], setting: answers.Setting) -> None:
    """Draw the stage, whose slider comes back as the same state that the plain slider sets."""

    def released(name: str) -> None:
        st.session_state[name] = st.session_state[key][name]

    stage(
        key,
        **stage_arguments(names, setting),
        presenter=st.session_state["present"],
        far=st.session_state["far"],
        on_cutoff_change=lambda: released("cutoff"),
        on_high_cutoff_change=lambda: released("high_cutoff"),
        on_far_change=lambda: released("far"),
    )


def stage_arguments(names: tuple[str, ...], setting: answers.Setting) -> dict:
    """Gather what the stage on the page and the one in an exported file both need."""
    return {
        "low": cache.data_url(setting.low),
        "high": cache.data_url(setting.high),
        "labels": (pictures.label(setting.low), pictures.label(setting.high)),
        "models": [
            asking.model(index, name, nyquist=cache.card(name)["recipe"]["input_size"] / 2)
            for index, name in enumerate(names)
        ],
        "cutoffs": cache.CUTOFFS,
        "cutoff": setting.cutoff,
        "high_cutoff": setting.high_cutoff,
        "filter": setting.filter,
        "unit": st.session_state["unit"],
        "degrees": shell.degrees(),
        "size": cache.SIZE,
    }


def feed(
    names: tuple[str, ...], setting: answers.Setting, found: dict[str, list[answers.Answer | None]]
) -> dict[str, dict]:
    """Lay out the sweep for the stage, with the exact answer in its place among the others."""
    cutoffs = sorted({*cache.CUTOFFS, setting.cutoff})
    fed = {}
    for name in names:
        by_cutoff = dict(zip(cache.CUTOFFS, found[name], strict=True))
        by_cutoff[setting.cutoff] = answers.exact(name, setting)
        classes = cache.card(name)["classes"]
        in_order = [by_cutoff[cutoff] for cutoff in cutoffs]
        fed[name] = {
            "cutoffs": cutoffs,
            "p_low": [answer and answer.p_low for answer in in_order],
            "p_high": [answer and answer.p_high for answer in in_order],
            "classes": [a and [classes.index(label) for label, _ in a.top] for a in in_order],
            "probabilities": [a and [share for _, share in a.top] for a in in_order],
            "note": same_class_note(name, setting),
        }
    return fed


def same_class_note(name: str, setting: answers.Setting) -> str | None:
    """Say what a model's two bars mean where the pictures' classes are its own guesses."""
    low, high = (cache.named_class(name, choice) for choice in (setting.low, setting.high))
    classes = cache.card(name)["classes"]
    if low == high:
        return f"It calls both unfiltered pictures {classes[low]}, so its curve stays at zero."
    if cache.knows(name, setting.low) and cache.knows(name, setting.high):
        return None
    return f"It takes the unfiltered pictures for {classes[low]} (low) and {classes[high]} (high)."


def details(
    names: tuple[str, ...], setting: answers.Setting, found: dict[str, list[answers.Answer | None]]
) -> None:
    """Draw what follows the stage: the exact numbers, and everything to take away."""
    exactly = "Cutoff (cycles/image), by keyboard or exactly"
    show.slider(exactly, "cutoff", 0.0, NYQUIST, step=0.25)
    if setting.high_cutoff is not None:
        high_label = "Cutoff of the high picture (cycles/image)"
        show.slider(high_label, "high_cutoff", 0.0, NYQUIST, step=0.25)
    st.dataframe(
        [summary_row(name, setting, found[name]) for name in names],
        hide_index=True,
        column_config={
            "low": st.column_config.NumberColumn("p_low", format="percent"),
            "high": st.column_config.NumberColumn("p_high", format="percent"),
        },
    )
    curves, saving, code = st.tabs(["Curve", "Save", "Python"])
    with curves:
        st.plotly_chart(figure(names, setting, found), key="pair_curves")
        st.caption(
            "Above zero the model names the low picture, below zero the high one; where its line "
            "crosses zero is its reverse frequency for this pair. The camera saves the figure."
        )
    with saving:
        downloads(names, setting, found)
    code.code(answers.script(names, setting), language="python")


def summary_row(
    name: str, setting: answers.Setting, found: list[answers.Answer | None]
) -> dict[str, str | float]:
    answer, crossing = answers.exact(name, setting), answers.reversal(found)
    label, probability = answer.top[0]
    return {
        "model": cache.title(name),
        "answer": f"{label} ({probability:.0%})",
        "low": answer.p_low,
        "high": answer.p_high,
        "reverses at": "nowhere" if crossing is None else shell.frequency(crossing, cache.SIZE),
    }


def figure(names, setting, found):
    curves = {
        cache.title(name): tuple(
            zip(
                *[
                    (cutoff, answer.p_low - answer.p_high)
                    for cutoff, answer in zip(cache.CUTOFFS, found[name], strict=True)
                    if answer
                ],
                strict=True,
            )
        )
        or ((), ())
        for name in names
    }
    return charts.pair_curves(
        curves,
        setting.cutoff,
        st.session_state["unit"],
        size=cache.SIZE,
        degrees=shell.degrees(),
    )


def downloads(names, setting, found) -> None:
    """Offer the picture, the numbers and the whole stage as files, made when they are asked for."""
    table, arguments = answers.rows(found), stage_arguments(names, setting)
    offered = {  # each is made without the session
        "Picture (PNG)": ("hybrid.png", lambda: images.png_bytes(answers.mixed(setting))),
        "Numbers (CSV)": ("hybrid.csv", lambda: files.as_csv(table)),
        "Numbers (JSON)": ("hybrid.json", lambda: answers.as_json(setting, table)),
        "This stage (HTML)": (
            "hybrid.html",
            lambda: stage_html(**arguments, answers=feed(names, setting, found)),
        ),
    }
    files.offer(offered)
    st.caption("The address of this page restores it, but for uploaded and camera pictures.")
