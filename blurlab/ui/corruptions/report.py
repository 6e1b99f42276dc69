"""All corruptions of a picture: their spectra, their looks, and what models make of them."""

import math
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from blurlab.corruptions.corrupting import SEVERITIES
from blurlab.corruptions.row import BANDS
from blurlab.corruptions.table import CORRUPTIONS, published
from blurlab.filters.spectrum import UNITS, convert
from blurlab.measures.corrupted import CORRUPTED
from blurlab.statistics import Interval
from blurlab.ui import cache, charts, files, jobs, palette, polling, protocol, shell
from blurlab.ui.compare import report
from blurlab.ui.corruptions import job as corrupting
from blurlab.ui.corruptions import view
from blurlab.ui.corruptions.figures import SEVERITY_COLORS
from blurlab.ui.corruptions.job import Frame, Setting
from blurlab.ui.languages import numeral, say
from blurlab.ui.sensitivity import figures
from blurlab.ui.sensitivity import report as sensitivity

BAND_COLORS = {band: palette.COLORS[place] for band, place in zip(BANDS, (0, 2, 1), strict=True)}
BAND_DASHES = dict(zip(BANDS, ("dash", "dot", "dashdot"), strict=True))


def show(names: tuple[str, ...], picture: cache.Choice) -> None:
    """Draw the spectra and the gallery of all corruptions, polling until the gallery is full."""
    seed = int(st.session_state["seed"])

    def draw(job: jobs.Job) -> None:
        setting, results = view.current(picture), list(job.results)
        show_spectra(setting, list(corrupting.sweep(names, setting).results), results)
        show_gallery(results)

    polling.follow(lambda: corrupting.gallery(picture, seed), draw, seconds=1.0)


def show_spectra(setting: Setting, found: list[Frame], results: list[tuple]) -> None:
    st.subheader(say("Which frequencies does the corruption change?"))
    figure = spectra({f.severity: f.power for f in found}, corrupting.band_power(results))
    told = protocol.told(
        f"Power of what {CORRUPTIONS[setting.corruption].title} changes",
        pictures=protocol.picture(setting.picture),
        seed=setting.seed,
        settings=files.described(setting),
    )
    shell.chart(figure, "corruption_spectra", told)
    halves = [
        f"{frame.severity}: {shell.frequency(frame.half_power, cache.SIZE)}"
        for frame in found
        if not math.isnan(frame.half_power)
    ]
    st.caption(
        say(
            "Power of corrupted minus clean; broken lines are the means of the three classes on "
            "this picture over all severities. High-class noise has as much power at fine "
            "frequencies as at coarse ones, low-class weather hardly any. Half of the change's "
            "power lies below f_0.5, by severity: {halves}.",
            halves="; ".join(halves),
        )
    )


def spectra(by_severity: dict[int, list[float]], by_band: dict[str, list[float]]) -> go.Figure:
    """Draw power against frequency: the classes' means, and before them a line per severity."""
    unit, degrees = st.session_state["unit"], shell.degrees()
    figure = go.Figure()

    def add(power: list[float], name: str, color: str, **line: Any) -> None:
        rings = [ring for ring in range(1, len(power)) if power[ring] > 0]
        figure.add_scatter(
            x=[convert(ring, unit, size=cache.SIZE, degrees=degrees) for ring in rings],
            y=[power[ring] for ring in rings],
            name=name,
            mode="lines",
            line={"color": color, **line},
        )

    for band, power in by_band.items():
        add(
            power,
            say("{band} class", band=say(band)),
            BAND_COLORS[band],
            dash=BAND_DASHES[band],
            width=2,
        )
    for severity, color in zip(SEVERITIES, SEVERITY_COLORS, strict=True):
        if severity in by_severity:
            add(
                by_severity[severity], say("severity {severity}", severity=severity), color, width=3
            )
    figure.update_xaxes(
        title=say("frequency ({unit})", unit=say(UNITS[unit])), **charts.LOGARITHMIC
    )
    figure.update_yaxes(type="log", title=say("mean power"), exponentformat="power", dtick=1)
    figure.update_layout(
        height=420,
        margin={"t": 20, "r": 20},
        legend={"orientation": "h", "y": 1.1, "yanchor": "bottom"},
    )
    return figure


def show_gallery(results: list[tuple]) -> None:
    """Draw what is there of the pictures, a row per corruption, in the order of classes."""
    st.subheader(say("All {count} corruptions at five severities", count=len(CORRUPTIONS)))
    urls = {(name, severity): url for name, severity, url, _ in results}
    total = len(CORRUPTIONS) * len(SEVERITIES)
    if len(urls) < total:
        st.progress(
            len(urls) / total, say("{number} of {total} pictures", number=len(urls), total=total)
        )
    st.caption(say("Severity grows from left to right; name and class are above each row."))
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
    return BANDS.index(band) if band else len(BANDS)


def _thumbnail(name: str, severity: int, url: str | None) -> str:
    style = "width:100%;aspect-ratio:1;border-radius:3px;background:#8884;display:block"
    if url is None:
        return f'<span style="{style}"></span>'
    said = f"{say(CORRUPTIONS[name].title)}, {say('severity {severity}', severity=severity)}"
    return f'<img src="{url}" alt="{said}" style="{style}">'


def accuracy(names: tuple[str, ...]) -> None:
    """Draw what is kept of the models' accuracy by class and by corruption."""
    st.subheader(say("Accuracy over whole validation sets"))
    kept = {name: report.of(name, cache.card(name)["recipe"]["data"]) for name in names}
    found = {name: each["corruptions"] for name, each in kept.items() if "corruptions" in each}
    if not found:
        st.caption(
            say(
                "Nothing is measured of these models yet: *Spectral sensitivity* measures it, or "
                "`python -m blurlab measure corruptions`."
            )
        )
        return
    by_title = {cache.title(name): numbers for name, (_, numbers) in found.items()}
    axes = {cache.title(name): sensitivity.axis(name) for name in found}
    told = protocol.kept(
        "Accuracy under corruptions, by class",
        " and ".join(dict.fromkeys(cache.card(name)["recipe"]["data"] for name in found)),
        {name: {"corruptions": pictures} for name, (pictures, _) in found.items()},
    )
    shell.chart(figures.figure(CORRUPTED, by_title, axes), "corruption_accuracy", told)
    counts = dict.fromkeys(pictures for pictures, _ in found.values())
    st.caption(
        say(
            "Mean over a class's corruptions and severities, with 95 % intervals, over {pictures} "
            "pictures: compare how much each network loses from class to class.",
            pictures=f" {say('and')} ".join(numeral(f"{count:,}") for count in counts),
        )
    )
    heads = {"corruption": say("Corruption")}
    st.dataframe(_accuracy_rows(by_title), hide_index=True, column_config=heads)
    files.code(st.expander(say(files.CODE)), script(list(found)), command(list(found)))


def command(names: list[str]) -> str:
    """Write the commands that measure accuracy under corruptions, a line for each data set."""
    by_data: dict[str, list[str]] = {}
    for name in names:
        by_data.setdefault(cache.card(name)["recipe"]["data"], []).append(f"--model {name}")
    return "\n".join(
        f"python -m blurlab measure corruptions {' '.join(models)} --data {data}"
        for data, models in by_data.items()
    )


def script(names: list[str]) -> str:
    """Write the Python lines that give the mean accuracy of every corruption."""
    lines = [
        "from blurlab.claims import compare",
        "from blurlab.networks import store",
        "",
        f"for name in {names!r}:",
        '    data = store.card(name)["recipe"]["data"]',
        '    pictures, found = compare.kept(name, data)["corruptions"]',
        '    for corruption, shares in found["accuracy"].items():',
        "        print(name, corruption, sum(each.value for each in shares) / len(shares))",
    ]
    return "\n".join(lines) + "\n"


def _accuracy_rows(by_title: dict[str, dict]) -> list[dict]:
    """Return one row per corruption: each model's mean accuracy over the severities."""
    return [
        {"corruption": corrupting.title(name)}
        | {title: _mean(numbers["accuracy"][name]) for title, numbers in by_title.items()}
        for name in sorted(published(), key=_place)
    ]


def _mean(shares: list[Interval]) -> str:
    return numeral(f"{sum(share.value for share in shares) / len(shares):.1%}")
