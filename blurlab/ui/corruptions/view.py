"""One corruption of a picture at every severity: the frames, the answers, and files."""

import streamlit as st

from blurlab.corruptions.corrupting import SEVERITIES
from blurlab.corruptions.row import SEED, SEVERITY
from blurlab.corruptions.table import CORRUPTIONS
from blurlab.pictures import images
from blurlab.ui import asking, cache, files, jobs, knobs, link, polling, shell, show
from blurlab.ui.corruptions import job as corrupting
from blurlab.ui.corruptions.job import Frame, Setting
from blurlab.ui.frames import frames_html
from blurlab.ui.languages import say

KEY = "corruption_frames"
CURVE = {"own": "probability of the picture's own class"}


def parameters() -> dict[str, link.Parameter]:
    """Return the page's state in its address; severity 0 is the picture itself."""
    return {
        "corruption": link.choice(list(CORRUPTIONS), "motion_blur"),
        "severity": link.number(0, SEVERITY.high, SEVERITY.default),
        "seed": knobs.parameter(SEED),
    }


def controls() -> None:
    """Draw the choice of the corruption and of its random draw."""
    which, seed = st.columns([4, 1], vertical_alignment="bottom")
    listed = list(CORRUPTIONS)
    titles = {name: corrupting.title(name) for name in listed}
    which.selectbox(
        say("Corruption"), listed, show.place(listed, "corruption"), key="corruption",
        format_func=titles.__getitem__,
    )  # fmt: skip
    chosen = CORRUPTIONS[st.session_state["corruption"]]
    knobs.draw(seed, SEED, disabled=SEED not in chosen.knobs)
    if not st.session_state["present"]:
        st.caption(say(chosen.explanation))


def current(picture: cache.Choice) -> Setting:
    state = st.session_state
    return Setting(picture, state["corruption"], int(state["severity"]), int(state["seed"]))


def live(names: tuple[str, ...], picture: cache.Choice, parameters: dict) -> None:
    """Draw the frames and what follows from them, polling the sweep until it is complete."""

    def draw(job: jobs.Job) -> None:
        setting, found = current(picture), list(job.results)
        show_frames(names, setting, found)
        if job.state == "failed":
            show.error(say("The corruption could not be computed: {error}.", error=job.error))
        if not st.session_state["present"]:
            details(names, setting, found)
        link.write(shell.SHARED | parameters)

    polling.follow(lambda: corrupting.sweep(names, current(picture)), draw, seconds=0.3)


def show_frames(names: tuple[str, ...], setting: Setting, found: list[Frame]) -> None:
    """Draw the slider over severities with the picture and every model's answers."""

    def released(severity: float) -> None:
        st.session_state["severity"] = int(severity)

    show.answered_frames(KEY, pictures(setting, found), said(names, setting, found), released)


def pictures(setting: Setting, found: list[Frame]) -> dict:
    """Gather what the frames on the page and those in an exported file show."""
    return {
        "label": say("Severity"),
        "unit": "",
        "positions": corrupting.POSITIONS,
        "texts": [say("clean"), *map(str, SEVERITIES)],
        "position": setting.severity,
        "pictures": [
            {
                "title": corrupting.title(setting.corruption),
                "urls": [frame and frame.url for frame in corrupting.in_order(found)],
            }
        ],
    }


def said(names: tuple[str, ...], setting: Setting, found: list[Frame]) -> dict:
    """Gather the answers, on the page and in an exported file."""
    return {
        "models": [asking.model(index, name) for index, name in enumerate(names)],
        "answers": corrupting.feed(names, setting, found),
        "curve_titles": {name: say(title) for name, title in CURVE.items()},
        "note": say(
            "The earlier a line falls, the less of this corruption the network withstands."
        ),
    }


def details(names: tuple[str, ...], setting: Setting, found: list[Frame]) -> None:
    """Draw the plain slider, and everything to take away."""
    show.slider(say("Severity, exact value"), "severity", 0.0, 5.0, step=1.0, format="%d")
    saving, code = st.tabs([say("Save"), say(files.CODE)])
    table = corrupting.rows(names, setting, found)
    offered: files.Offered = {
        "Picture (PNG)": ("corrupted.png", lambda: images.png_bytes(corrupting.corrupted(setting))),
        "Answers (CSV)": ("corruption.csv", lambda: files.as_csv(table)),
        "Answers (JSON)": ("corruption.json", lambda: files.as_json(setting, table)),
        "This view (HTML)": (
            "corruption.html",
            lambda: frames_html(
                **pictures(setting, found), **said(names, setting, found), title="Corruptions"
            ),
        ),
    }
    files.offer(offered, saving)
    files.code(code, corrupting.script(names, setting), corrupting.command(names, setting))
