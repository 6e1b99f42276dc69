"""What the page Corruptions draws: the frames, the spectra, the gallery, accuracy, and files."""

import math

import plotly.graph_objects as go
import streamlit as st

from blurlab import images
from blurlab.corruptions import CORRUPTIONS, SEVERITIES
from blurlab.sensitivity import Interval
from blurlab.spectrum import UNITS, convert
from blurlab.ui import (
    cache,
    comparing,
    corrupting,
    files,
    jobs,
    link,
    measure_figures,
    polling,
    shell,
    show,
)
from blurlab.ui.frames import frames, frames_answers, frames_html

KEY = "corruption_frames"
CURVE = {"own": "probability of the picture's own class"}
# From cividis, which stays ordered with any colour vision, bright enough for both themes.
SEVERITY_COLORS = ("#5b6a8f", "#7c7b78", "#a08f67", "#c9ab4f", "#f0d637")
BAND_COLORS = {"low": "#0072B2", "medium": "#009E73", "high": "#D55E00"}
BAND_DASHES = {"low": "dash", "medium": "dot", "high": "dashdot"}

PARAMETERS = {
    "corruption": link.choice(list(CORRUPTIONS), "motion_blur"),
    "severity": link.number(0, 5, 3),
    "seed": link.number(0, 9999, 0),
}


def controls() -> None:
    """Draw the choice of the corruption and of its random draw."""
    which, seed = st.columns([4, 1], vertical_alignment="bottom")
    which.selectbox("Corruption", list(CORRUPTIONS), key="corruption", format_func=corrupting.title)
    seed.number_input("Seed", 0, 9999, key="seed", help="Another one draws other noise or snow")


def current(picture: cache.Choice) -> corrupting.Setting:
    state = st.session_state
    return corrupting.Setting(
        picture, state["corruption"], int(state["severity"]), int(state["seed"])
    )


def live(names: tuple[str, ...], picture: cache.Choice, parameters: dict) -> None:
    """Draw the frames and what follows from them, polling the sweep until it is complete."""

    def draw(job: jobs.Job) -> None:
        setting, found = current(picture), list(job.results)
        show_frames(names, setting, found)
        if job.state == "failed":
            st.error(f"The corruption could not be computed: {job.error}.", icon=":material/error:")
        if not st.session_state["present"]:
            details(names, setting, found)
        link.write(shell.SHARED | parameters)

    polling.follow(lambda: corrupting.sweep(names, current(picture)), draw, seconds=0.3)


def show_frames(names, setting: corrupting.Setting, found: list[corrupting.Frame]) -> None:
    """Draw the slider over severities with the picture and every model's answers."""

    def released() -> None:
        st.session_state["severity"] = int(st.session_state[KEY]["position"])

    frames(
        KEY,
        **pictures(setting, found),
        presenter=st.session_state["present"],
        on_position_change=released,
    )
    frames_answers(KEY, **said(names, setting, found))


def pictures(setting: corrupting.Setting, found: list[corrupting.Frame]) -> dict:
    """Gather what the frames on the page and those in an exported file show."""
    urls = {frame.severity: frame.url for frame in found}
    return {
        "label": "Severity",
        "unit": "",
        "positions": corrupting.POSITIONS,
        "texts": ["clean", *map(str, SEVERITIES)],
        "position": setting.severity,
        "pictures": [
            {
                "title": corrupting.title(setting.corruption),
                "urls": [urls.get(severity) for severity in corrupting.POSITIONS],
            }
        ],
    }


def said(names, setting: corrupting.Setting, found: list[corrupting.Frame]) -> dict:
    """Gather the answers, on the page and in an exported file."""
    return {
        "models": [
            {
                "key": name,
                "title": cache.card(name)["title"],
                "color": index,
                "classes": cache.card(name)["classes"],
            }
            for index, name in enumerate(names)
        ],
        "answers": corrupting.fed(names, setting, found),
        "curve_titles": CURVE,
        "note": "The earlier a line falls, the less of this corruption the network withstands.",
    }


def details(names, setting: corrupting.Setting, found: list[corrupting.Frame]) -> None:
    """Draw the plain slider, and everything to take away."""
    show.slider("Severity, by keyboard or exactly", "severity", 0.0, 5.0, step=1.0, format="%d")
    saving, code = st.tabs(["Save", "Python"])
    table = corrupting.rows(names, setting, found)
    offered = {
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
    code.code(corrupting.script(names, setting), language="python")


def overview(names: tuple[str, ...], picture: cache.Choice) -> None:
    """Draw the spectra and the gallery of all corruptions, polling until the gallery is full."""
    seed = int(st.session_state["seed"])

    def draw(job: jobs.Job) -> None:
        setting, results = current(picture), list(job.results)
        show_spectra(setting, list(corrupting.sweep(names, setting).results), results)
        show_gallery(results)

    polling.follow(lambda: corrupting.gallery(picture, seed), draw, seconds=1.0)


def show_spectra(setting: corrupting.Setting, found: list[corrupting.Frame], results) -> None:
    st.subheader("Which frequencies does the corruption change?")
    figure = spectra({f.severity: f.power for f in found}, corrupting.band_power(results))
    st.plotly_chart(figure, key="corruption_spectra")
    halves = [
        f"{frame.severity}: {shell.frequency(frame.half_power, cache.SIZE)}"
        for frame in found
        if not math.isnan(frame.half_power)
    ]
    st.caption(
        "Power of corrupted minus clean; broken lines are the means of the three classes on this "
        "picture over all severities. High-class noise has as much power at fine frequencies as "
        "at coarse ones, low-class weather hardly any. "
        f"Half of the change's power lies below f_0.5, by severity: {'; '.join(halves)}."
    )


def spectra(by_severity: dict[int, list[float]], by_band: dict[str, list[float]]) -> go.Figure:
    """Draw power against frequency: the classes' means, and before them a line per severity."""
    unit, degrees = st.session_state["unit"], shell.degrees()
    figure = go.Figure()

    def add(power: list[float], name: str, color: str, **line) -> None:
        rings = [ring for ring in range(1, len(power)) if power[ring] > 0]
        figure.add_scatter(
            x=[convert(ring, unit, size=cache.SIZE, degrees=degrees) for ring in rings],
            y=[power[ring] for ring in rings],
            name=name,
            mode="lines",
            line={"color": color, **line},
        )

    for band, power in by_band.items():
        add(power, f"{band} class", BAND_COLORS[band], dash=BAND_DASHES[band], width=2)
    for severity, color in zip(SEVERITIES, SEVERITY_COLORS, strict=True):
        if severity in by_severity:
            add(by_severity[severity], f"severity {severity}", color, width=3)
    figure.update_xaxes(type="log", title=f"frequency ({UNITS[unit]})")
    figure.update_yaxes(type="log", title="mean power", exponentformat="power")
    figure.update_layout(
        height=420, margin={"t": 20, "r": 20}, legend={"orientation": "h", "y": 1.15}
    )
    return figure


def show_gallery(results) -> None:
    """Draw what is there of the 19 x 5 pictures, a row per corruption, in the order of classes."""
    st.subheader("All 19 corruptions at five severities")
    urls = {(name, severity): url for name, severity, url, _ in results}
    total = len(CORRUPTIONS) * len(SEVERITIES)
    if len(urls) < total:
        st.progress(len(urls) / total, f"{len(urls)} of {total} pictures")
    st.caption("Severity grows from left to right; name and class are above each row.")
    in_order = sorted(CORRUPTIONS, key=lambda name: _place(name))
    columns = st.columns(2, gap="medium")
    for number, name in enumerate(in_order):
        cells = "".join(_thumbnail(name, s, urls.get((name, s))) for s in SEVERITIES)
        columns[number % 2].html(
            f"<b>{corrupting.title(name)}</b>"
            f'<div style="display:grid;grid-template-columns:repeat(5,1fr);gap:4px">{cells}</div>'
        )


def _place(name: str) -> int:
    band = CORRUPTIONS[name].band
    return corrupting.BANDS.index(band) if band else len(corrupting.BANDS)


def _thumbnail(name: str, severity: int, url: str | None) -> str:
    style = "width:100%;aspect-ratio:1;border-radius:3px;background:#8884;display:block"
    if url is None:
        return f'<span style="{style}"></span>'
    return f'<img src="{url}" alt="{name}, severity {severity}" style="{style}">'


def accuracy(names: tuple[str, ...]) -> None:
    """Draw what is kept of the models' accuracy by class and by corruption."""
    st.subheader("Accuracy over whole validation sets")
    kept = {name: comparing.of(name, cache.card(name)["recipe"]["data"]) for name in names}
    found = {name: each["corruptions"] for name, each in kept.items() if "corruptions" in each}
    if not found:
        st.caption(
            "Nothing is measured of these models yet: *Spectral sensitivity* measures it, or "
            "`python -m blurlab measure corruptions`."
        )
        return
    by_title = {cache.card(name)["title"]: numbers for name, (_, numbers) in found.items()}
    st.plotly_chart(measure_figures.corruptions(by_title, {}), key="corruption_accuracy")
    pictures = " and ".join(f"{count:,}" for count in dict.fromkeys(n for n, _ in found.values()))
    st.caption(
        f"Mean over a class's corruptions and severities, with 95 % intervals, over {pictures} "
        "pictures: compare how much each network loses from class to class."
    )
    st.dataframe(_accuracy_rows(by_title), hide_index=True)


def _accuracy_rows(by_title: dict[str, dict]) -> list[dict]:
    """Return one row per corruption: each model's mean accuracy over the severities."""
    return [
        {"corruption": corrupting.title(name)}
        | {title: _mean(numbers["accuracy"][name]) for title, numbers in by_title.items()}
        for name in sorted(CORRUPTIONS, key=_place)
    ]


def _mean(shares: list[Interval]) -> str:
    return f"{sum(share.value for share in shares) / len(shares):.1%}"
