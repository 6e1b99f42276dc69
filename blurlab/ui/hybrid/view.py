"""The live part of a page with hybrids: the stage, and the answers that come while it is used."""

import time

import streamlit as st

from blurlab.filters import eye
from blurlab.ui import asking, cache, channel, exact, files, link, pictures, shell, show
from blurlab.ui.hybrid import job, report
from blurlab.ui.hybrid.controls import current
from blurlab.ui.hybrid.job import Answer, Setting
from blurlab.ui.languages import say
from blurlab.ui.stage import stage, stage_answers, stage_live

# Seconds by which picture and answers precede the figures: drawn by the browser in one go with
# them, they would be seen a tenth later.
HEAD_START = 0.03


def live(
    key: str,
    names: tuple[str, ...],
    low: cache.Choice,
    high: cache.Choice,
    parameters: dict[str, link.Parameter],
    *,
    with_details: bool = True,
) -> None:
    """Draw the stage and, with_details, the numbers and files after it, else only the code.

    The answers come while the sweep behind them runs. Only they are drawn again and again: were
    the numbers and figures redrawn with them, a busy machine would do nothing else. The pictures do
    not wait for models that are still being loaded.
    """
    opening = job.sweep(names, current(low, high))
    waiting, can_answer = not opening.is_over, job.can_answer(names, opening)

    @st.fragment(run_every=0.2 if waiting else None)
    def answering() -> None:
        link.refill()
        setting = current(low, high)
        sweep = job.sweep(names, setting)
        ready = job.can_answer(names, sweep)
        found = job.swept(names, setting, sweep)
        stage_answers(key, feed(names, setting, found) if ready else {})
        if sweep.state == "failed":
            show.error(say("The models could not answer: {error}.", error=sweep.error))
        if sweep.is_over is waiting or ready is not can_answer:
            st.rerun()  # this timer, and what else there is, are set by the whole page

    @st.fragment
    def panel() -> None:
        link.refill()
        setting = current(low, high)
        show_stage(key, names, setting)
        if can_answer:
            stage_live(key, channel.PATH, offered(names, setting))
        answering()
        time.sleep(HEAD_START)
        if can_answer and not st.session_state["present"]:
            if with_details:
                found = job.swept(names, setting, job.sweep(names, setting))
                arguments = stage_arguments(names, setting)
                report.show_report(names, setting, found, arguments, feed(names, setting, found))
            else:
                report.show_code(names, setting, st.expander(say(files.CODE)))
        link.write(shell.SHARED | parameters)

    panel()


def show_stage(key: str, names: tuple[str, ...], setting: Setting) -> None:
    """Draw the stage, whose slider comes back as the same state that the plain slider sets."""

    def released(name: str) -> None:
        st.session_state[name] = st.session_state[key][name]

    stage(
        key,
        **stage_arguments(names, setting),
        presenter=st.session_state["present"],
        on_cutoff_change=lambda: released("cutoff"),
        on_high_cutoff_change=lambda: released("high_cutoff"),
        on_far_change=lambda: released("far"),
    )


def stage_arguments(names: tuple[str, ...], setting: Setting) -> dict:
    """Gather what the stage on the page and the one in an exported file both need."""
    return {
        "low": cache.data_url(setting.low),
        "high": cache.data_url(setting.high),
        "labels": tuple(pictures.label(each, names) for each in (setting.low, setting.high)),
        "models": [
            asking.model(index, name, nyquist=cache.card(name)["recipe"]["input_size"] / 2)
            for index, name in enumerate(names)
        ],
        "cutoffs": job.CUTOFFS,
        "cutoff": setting.cutoff,
        "high_cutoff": setting.high_cutoff,
        "filter": setting.filter,
        "unit": st.session_state["unit"],
        "degrees": shell.degrees(),
        "size": cache.SIZE,
        "far": setting.far,
        "eye": {"cutoff": eye.cutoff(eye.FAR), "words": eye_words()},
    }


def eye_words() -> str:
    """Say what the far picture shows."""
    metres = eye.FAR * st.session_state["width"] / 100
    return say(
        "From {metres:.3g} m, an eye resolves {resolved:.2g} cycles/image of a picture {width:g} "
        "cm wide ({acuity:g} cycles/degree).",
        metres=metres,
        resolved=eye.resolved(eye.FAR),
        width=st.session_state["width"],
        acuity=eye.ACUITY,
    )


def feed(
    names: tuple[str, ...], setting: Setting, found: dict[str, list[Answer | None]]
) -> dict[str, dict]:
    """Lay out the sweep for the stage, with the exact answer in its place among the others."""
    cutoffs = sorted({*job.CUTOFFS, setting.cutoff})
    fed = {}
    for name in names:
        by_cutoff = dict(zip(job.CUTOFFS, found[name], strict=True))
        by_cutoff[setting.cutoff] = job.exact(name, setting)
        fed[name] = laid_out(name, setting, {cutoff: by_cutoff[cutoff] for cutoff in cutoffs})
    return fed


def laid_out(name: str, setting: Setting, answers: dict[float, Answer | None]) -> dict:
    """Lay out one model's answers, by their cutoffs, as stage_answers takes them."""
    classes, found = cache.card(name)["classes"], answers.values()
    return {
        "cutoffs": list(answers),
        "p_low": [answer and answer.p_low for answer in found],
        "p_high": [answer and answer.p_high for answer in found],
        "classes": [a and [classes.index(label) for label, _ in a.top] for a in found],
        "probabilities": [a and [share for _, share in a.top] for a in found],
        "note": same_class_note(name, setting),
    }


def offered(names: tuple[str, ...], setting: Setting) -> str:
    """Offer the answers at any cutoffs to who drags, and return the token for them."""

    def answering(at: exact.Place) -> dict[str, dict]:
        cutoff, high_cutoff = at
        if cutoff is None:
            raise ValueError("cutoff is not set.")
        asked = setting._replace(cutoff=cutoff, high_cutoff=high_cutoff)
        return {name: laid_out(name, asked, {cutoff: job.exact(name, asked)}) for name in names}

    return exact.offer((names, setting._replace(cutoff=0.0, high_cutoff=None)), answering)


def same_class_note(name: str, setting: Setting) -> str | None:
    """Say what a model's two bars mean where the pictures' classes are its own guesses."""
    low, high = (cache.named_class(name, choice) for choice in (setting.low, setting.high))
    classes = cache.card(name)["classes"]
    if low == high:
        return say(
            "It calls both unfiltered pictures {label}, so its curve stays at zero.",
            label=say(classes[low]),
        )
    if cache.knows(name, setting.low) and cache.knows(name, setting.high):
        return None
    taken = say(
        "It takes the unfiltered pictures for {low} (low) and {high} (high).",
        low=say(classes[low]),
        high=say(classes[high]),
    )
    return f"{taken} {asking.knows_only(name)}".strip()
