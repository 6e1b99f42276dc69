"""Over many pictures: where in the plane of frequencies a corruption changes a data set."""

import io
from collections.abc import Iterator
from typing import Any, NamedTuple

import streamlit as st

from blurlab import public
from blurlab.corruptions.corrupting import SEVERITIES
from blurlab.corruptions.row import SEVERITY
from blurlab.corruptions.table import CORRUPTIONS
from blurlab.data import sets, sources
from blurlab.measures import spectra
from blurlab.measures.measuring import plain
from blurlab.measures.spectra import Spectrum
from blurlab.networks import classifier
from blurlab.statistics import worded
from blurlab.ui import files, jobs, link, polling, protocol, shell, show
from blurlab.ui.corruptions import figures
from blurlab.ui.corruptions import job as corrupting
from blurlab.ui.languages import say
from blurlab.ui.sensitivity import job as measures_job
from blurlab.ui.sensitivity import report as sensitivity
from blurlab.ui.sensitivity.figures import Axis

DATA = ("objects", "imagenette")
SIZE = 128  # pixels, which the networks that ship see
MOST = 2000

PARAMETERS = {
    "many_data": link.choice(DATA, "objects"),
    "many_count": link.number(10, MOST, 100),
    "many_severity": link.choice([str(severity) for severity in SEVERITIES], f"{SEVERITY.default}"),
}

Found = dict[int, Spectrum]  # by severity


class Asked(NamedTuple):
    """What decides the spectra of a corruption at all severities."""

    data: str
    corruption: str
    pictures: int
    seed: int


def show_section(parameters: dict[str, link.Parameter]) -> None:
    """Draw the controls and, once a person has asked for them, the spectra; not in public."""
    if public.is_public():
        return
    st.subheader(say("Over many pictures"))
    st.caption(
        say(
            "The power of what the corruption changes in pictures of {size} pixels, averaged over "
            "a data set: how much at each frequency and in which direction, and how much of it "
            "below a frequency.",
            size=SIZE,
        )
    )
    controls()
    asked = current()

    def draw(job: jobs.Job | None) -> None:
        buttons(asked, job)
        found: Found = job.results[-1] if job is not None and job.results else {}
        if found:
            show_found(asked, found)
        link.write(shell.SHARED | parameters)

    polling.follow(lambda: jobs.find(_key(asked)), draw, seconds=0.5, restart=lambda: start(asked))


def controls() -> None:
    state = st.session_state
    place, count, _ = st.columns([2, 2, 4], vertical_alignment="bottom")
    known = [n for n in DATA if n != "imagenette" or sets.has_imagenette()]
    listed = [*known, *([state["many_data"]] if state["many_data"] not in known else [])]
    place.selectbox(
        say("Pictures"), listed, show.place(listed, "many_data"), key="many_data",
        format_func={name: say(sources.TITLES[name]) for name in listed}.__getitem__,
    )  # fmt: skip
    count.number_input(say("How many"), 10, MOST, state["many_count"], key="many_count", step=50)


def current() -> Asked:
    state = st.session_state
    count, seed = int(state["many_count"]), int(state["seed"])
    return Asked(state["many_data"], state["corruption"], count, seed)


def _key(asked: Asked) -> tuple:
    return ("spectra over many pictures", *asked)


def start(asked: Asked) -> jobs.Job:
    """Return the job that yields what is found so far, by severity, after every few pictures."""
    public.refuse("A spectrum over many pictures")

    def steps() -> Iterator[Found]:
        pictures = measures_job.source(asked.data, SIZE).load()
        found: Found = {}
        for severity in SEVERITIES:
            for summed in spectra.of_corruption(
                pictures, asked.corruption, severity, count=asked.pictures, seed=asked.seed,
                device=classifier.best_device(),
            ):  # fmt: skip
                found = found | {severity: spectra.estimate(summed)}
                yield found

    return jobs.poll(_key(asked), steps, queue="measures", last=1)


def begin(asked: Asked) -> None:
    """Start the job, anew if it was cancelled or has failed."""
    jobs.forget(_key(asked))
    start(asked)


def buttons(asked: Asked, job: jobs.Job | None) -> None:
    """Draw how far the spectra are, and what can be done about it."""
    state = "new" if job is None else job.state
    if state == "done":
        return
    left, rest = st.columns([1, 4], vertical_alignment="center")
    if polling.is_working(job):
        left.button(say("Cancel"), key="many", on_click=jobs.cancel, args=(job,), width="stretch")
        found = job.results[-1] if job.results else {}
        done, count = sum(each.pictures for each in found.values()), _in_all(asked)
        words = say("getting ready")
        if done:
            words = say("{done:,} of {count:,} pictures", done=done, count=count)
        rest.progress(done / count, polling.doing(job, words, say("waiting for the device")))
    else:
        left.button(
            say("Compute"),
            key="many",
            on_click=begin,
            args=(asked,),
            type="primary",
            width="stretch",
        )
    if job is not None and state == "failed":
        show.error(say("The spectra could not be computed: {error}", error=job.error))


def _in_all(asked: Asked) -> int:
    return len(SEVERITIES) * asked.pictures


def show_found(asked: Asked, found: Found) -> None:
    """Draw the plane of one severity beside the curves of all, their f_0.5, and the files."""
    axis = Axis(st.session_state["unit"], SIZE, shell.degrees())
    severities = {f"{severity}": f"{severity}" for severity in SEVERITIES}
    show.one_of(st, say("Severity in the plane"), severities, "many_severity")
    chosen = int(st.session_state["many_severity"])
    left, right = st.columns(2, gap="medium")
    with left:
        if chosen in found:
            told = _told(asked, f"severity {chosen}, by frequency and direction")
            shell.chart(figures.plane(found[chosen], axis), "many_plane", told)
    with right:
        told = _told(asked, "by frequency, at each severity")
        shell.chart(figures.radial_and_share(found, axis), "many_curves", told)
    words = axis.words("pixel")
    st.caption(
        say(
            "{corruption}. Left, the mean power of each frequency and direction, zero in the "
            "middle; half of it lies within the circle. Right, its mean over all directions, and "
            "the share of all power up to a frequency, whose diamond is f_0.5. **Where f_0.5 is "
            "small, the corruption changes coarse structure.** Each channel's mean does not count. "
            "Brackets are 95 % intervals over pictures.",
            corruption=corrupting.title(asked.corruption),
        )
    )
    heads = {
        "severity": say("Severity"),
        "pictures": say("pictures"),
        "pictures of equal power": say("pictures of equal power"),
    }
    st.dataframe(rows(found, axis, words), hide_index=True, column_config=heads)
    take_away(asked, found)


def _told(asked: Asked, what: str) -> dict[str, str]:
    return protocol.told(
        f"Power of what {CORRUPTIONS[asked.corruption].title} changes, {what}",
        pictures=f"{asked.pictures:,} of {sources.TITLES[asked.data]}, {SIZE} x {SIZE} pixels",
        seed=asked.seed,
        settings=asked._asdict(),
    )


def rows(found: Found, axis: Axis, words: str) -> list[dict[str, Any]]:
    """Return one row per severity, f_0.5 in the unit of the page."""
    return [
        {
            "severity": severity,
            "pictures": each.pictures,
            f"f_0.5 ({words})": sensitivity.written(axis.interval(each.f_half, "pixel")),
            f"{say('f_0.5 of the median picture')} ({words})": sensitivity.written(
                axis.interval(each.f_half_median, "pixel")
            ),
            "pictures of equal power": worded(each.effective, ".0f"),
        }
        for severity, each in found.items()
    ]


def take_away(asked: Asked, found: Found) -> None:
    """Offer the numbers as files, and the lines that make them without the app."""
    saving, code = st.tabs([say("Save"), say(files.CODE)])
    table = [
        {
            "corruption": asked.corruption,
            "severity": severity,
            "pictures": each.pictures,
            "f_0.5_cycles_per_pixel": plain(each.f_half.value),
            "low": plain(each.f_half.low),
            "high": plain(each.f_half.high),
            "frequency_cycles_per_image": ring,
            "mean_power": power,
        }
        for severity, each in found.items()
        for ring, power in enumerate(each.radial.tolist())
    ]
    offered: files.Offered = {
        "Radial power (CSV)": ("spectra.csv", lambda: files.as_csv(table)),
        "Radial power (JSON)": ("spectra.json", lambda: files.as_json(asked, table)),
        "Planes (NPZ)": ("spectra.npz", lambda: planes(found)),
    }
    files.offer(offered, saving)
    files.code(code, script(asked), commands(asked, tuple(found)))


def planes(found: Found) -> bytes:
    """Write the planes and curves by severity, as spectra.save does."""
    held = io.BytesIO()
    spectra.save({f"severity_{severity}": each for severity, each in found.items()}, held)
    return held.getvalue()


def commands(asked: Asked, severities: tuple[int, ...]) -> str:
    """Write the command lines that compute the same."""
    line = f"python -m blurlab spectra --data {asked.data} --corruption {asked.corruption}"
    more = f"-n {asked.pictures} --seed {asked.seed}"
    return "\n".join(f"{line} --severity {severity} {more}" for severity in severities)


def script(asked: Asked) -> str:
    """Write the Python lines that compute the same."""
    lines = [
        "from blurlab.data import sources",
        "from blurlab.measures import spectra",
        "",
        f"pictures = sources.find({asked.data!r}, {SIZE}).load()",
        f"for severity in {SEVERITIES}:",
        "    *_, summed = spectra.of_corruption(",
        f"        pictures, {asked.corruption!r}, severity, count={asked.pictures}, "
        f"seed={asked.seed}",
        "    )",
        "    print(severity, spectra.estimate(summed).f_half)",
    ]
    return "\n".join(lines) + "\n"
