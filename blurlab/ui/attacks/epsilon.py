"""The same attack at every epsilon: computed once, then dragged in the browser."""

from collections.abc import Iterator

import streamlit as st

from blurlab.attacks.norms import NORMS
from blurlab.filters.pairs import coarse_to_fine
from blurlab.ui import asking, files, jobs, link, polling, shell, show
from blurlab.ui.attacks import controls, report, spectra, view
from blurlab.ui.attacks import job as attacking
from blurlab.ui.attacks.job import Setting, Step
from blurlab.ui.frames import frames_html
from blurlab.ui.languages import numeral, say

KEY = "epsilon-frames"
NOTE = (
    "Each epsilon is an attack of its own. The further right a line holds, the larger the change "
    "that this network withstands. The axis is stretched where epsilons are small."
)


def at(setting: Setting, index: int) -> Setting:
    """Return the attack with the epsilon of an index."""
    norm = NORMS[setting.norm]
    return setting._replace(epsilon=norm.ladder[index] / norm.scale)


def index_of(setting: Setting) -> int:
    """Return the index whose epsilon is nearest to the attack's."""
    sizes = [at(setting, index).epsilon for index in range(len(NORMS[setting.norm].ladder))]
    return min(range(len(sizes)), key=lambda index: abs(sizes[index] - setting.epsilon))


def sweep(setting: Setting, names: tuple[str, ...]) -> jobs.Job:
    """Return the job that yields the end of the attack at every epsilon, as a Step of its index.

    The epsilon shown comes first, then coarse to fine.
    """
    first, count = index_of(setting), len(NORMS[setting.norm].ladder)
    finer = [index for stage in coarse_to_fine(count) for index in stage if index != first]

    def steps() -> Iterator[Step]:
        return (ended(at(setting, index), index, names) for index in [first, *finer])

    return jobs.poll(("attack sizes", setting._replace(epsilon=0.0), names), steps)


def ended(setting: Setting, index: int, names: tuple[str, ...]) -> Step:
    """Describe the end of an attack; with no epsilon, the picture itself."""
    original = attacking.model_picture(setting.model, setting.picture)
    *_, last = attacking.attacked(setting) if setting.epsilon else [original]
    return attacking.described(setting, index, last - original, last, names)


def live(setting: Setting, names: tuple[str, ...], parameters: dict) -> None:
    """Draw the slider over epsilon, polling the sweep until it is complete."""

    def draw(job: jobs.Job) -> None:
        shown, found = controls.current(setting.picture), sorted(job.results)
        show_frames(shown, names, found)
        if job.state == "failed":
            show.error(say("The attack failed: {error}.", error=job.error))
        if not controls.is_compact() and found:
            details(shown, names, found)
        link.write(shell.SHARED | parameters)

    polling.follow(lambda: sweep(controls.current(setting.picture), names), draw, seconds=0.3)


def show_frames(setting: Setting, names: tuple[str, ...], found: list[Step]) -> None:
    """Draw the pictures, the answers, and where the change of the epsilon shown lies."""

    def released(index: float) -> None:
        norm = NORMS[setting.norm]
        st.session_state[norm.epsilon.key] = norm.ladder[round(index)]

    shown = by_index(setting, found)[index_of(setting)]
    if not controls.is_compact():
        st.markdown(report.verdict(setting, shown) if shown else say("Computing …"))
    if controls.sees("pictures"):
        show.answered_frames(KEY, pictures(setting, found), said(setting, names, found), released)
    if controls.sees("spectrum") and shown is not None and shown.size:
        size = numeral(NORMS[setting.norm].written(at(setting, shown.number).epsilon))
        spectra.draw(setting, shown, size, key="epsilon_spectrum")


def by_index(setting: Setting, found: list[Step]) -> list[Step | None]:
    return asking.in_order(found, len(NORMS[setting.norm].ladder))


def pictures(setting: Setting, found: list[Step]) -> dict:
    """Gather what the frames on the page and those in an exported file show."""
    steps, norm = by_index(setting, found), NORMS[setting.norm]
    return {
        "label": say("Epsilon"),
        "unit": f"{norm.epsilon.unit} ({norm.title})".strip(),
        "positions": [float(index) for index in range(len(steps))],
        "texts": [numeral(f"{epsilon:g}") for epsilon in norm.ladder],
        "position": float(index_of(setting)),
        "pictures": [
            {
                "title": say("Original"),
                "urls": [attacking.original_url(setting.model, setting.picture)] * len(steps),
            },
            {"title": say("Attacked"), "urls": [step and step.picture for step in steps]},
            {
                "title": say("The change, magnified to the same contrast"),
                "urls": [step and step.change for step in steps],
            },
        ],
        "compared": view.COMPARED,
    }


def said(setting: Setting, names: tuple[str, ...], found: list[Step]) -> dict:
    return report.said(setting, names, by_index(setting, found), say(NOTE))


def rows(setting: Setting, found: list[Step]) -> list[dict]:
    """Return one row per epsilon and model, as the files hold them."""
    return [
        {"epsilon": at(setting, row["step"]).epsilon, "norm": setting.norm}
        | {key: value for key, value in row.items() if key != "step"}
        for row in report.rows(setting, found)
    ]


def details(setting: Setting, names: tuple[str, ...], found: list[Step]) -> None:
    """Draw the plain slider, the numbers, everything to take away, and what this shows."""
    norm = NORMS[setting.norm]
    show.select_slider(
        say("{name}, exact value", name=say(norm.epsilon.title)), norm.epsilon.key, norm.ladder,
        shown=norm.ladder[index_of(setting)],
    )  # fmt: skip
    table, shown = rows(setting, found), pictures(setting, found)
    offered: files.Offered = {  # each is made without the session
        "Numbers (CSV)": ("epsilon.csv", lambda: files.as_csv(table)),
        "Numbers (JSON)": ("epsilon.json", lambda: files.as_json(setting, table)),
        "This view (HTML)": (
            "epsilon.html",
            lambda: frames_html(**shown, **said(setting, names, found), title="Attacks"),
        ),
    }
    view.take_away(setting, names, table, offered)
