"""The same attack at every epsilon: computed once, then dragged in the browser."""

from collections.abc import Iterator

import streamlit as st

from blurlab.sensitivity import coarse_to_fine
from blurlab.ui import attack_view, attacking, cache, files, jobs, link, polling, shell, spectra
from blurlab.ui.attacking import Setting, Step
from blurlab.ui.frames import frames, frames_answers, frames_html

KEY = "epsilon-frames"
# In 255ths, or Euclidean.
EPSILONS = {
    "linf": (0, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 32),
    "l2": (0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 10, 12, 16, 20),
}
STATES = {"linf": "epsilon", "l2": "radius"}
UNITS = {"linf": "/255 (L∞)", "l2": "(L2)"}


def at(setting: Setting, index: int) -> Setting:
    """Return the attack with the epsilon of an index."""
    epsilon = EPSILONS[setting.norm][index]
    return setting._replace(epsilon=epsilon / 255 if setting.norm == "linf" else epsilon)


def index_of(setting: Setting) -> int:
    """Return the index whose epsilon is nearest to the attack's."""
    sizes = [at(setting, index).epsilon for index in range(len(EPSILONS[setting.norm]))]
    return min(range(len(sizes)), key=lambda index: abs(sizes[index] - setting.epsilon))


def sweep(setting: Setting, names: tuple[str, ...]) -> jobs.Job:
    """Return the job that yields the end of the attack at every epsilon, as a Step of its index.

    The epsilon shown comes first, then coarse to fine.
    """
    first, count = index_of(setting), len(EPSILONS[setting.norm])
    finer = [index for stage in coarse_to_fine(count) for index in stage if index != first]

    def steps() -> Iterator[Step]:
        return (ended(at(setting, index), index, names) for index in [first, *finer])

    return jobs.poll(("attack sizes", setting._replace(epsilon=0.0), names), steps)


def ended(setting: Setting, index: int, names: tuple[str, ...]) -> Step:
    """Describe the end of an attack; with no epsilon, the picture itself."""
    original, *others = attacking.attacked(setting) if setting.epsilon else [unattacked(setting)]
    last = others[-1] if others else original
    factor = attacking.magnification(setting)
    return attacking.described(index, original, last, factor, setting.norm, names)


def unattacked(setting: Setting):
    return attacking.model_picture(setting.model, setting.picture)


def live(setting: Setting, names: tuple[str, ...], parameters: dict) -> None:
    """Draw the slider over epsilon, polling the sweep until it is complete."""

    def draw(job: jobs.Job) -> None:
        shown, found = attack_view.current(setting.picture), sorted(job.results)
        show_frames(shown, names, found)
        if job.state == "failed":
            st.error(f"The attack failed: {job.error}.", icon=":material/error:")
        if not st.session_state["present"] and found:
            details(shown, names, found)
        link.write(shell.SHARED | parameters)

    polling.follow(lambda: sweep(attack_view.current(setting.picture), names), draw, seconds=0.3)


def show_frames(setting: Setting, names: tuple[str, ...], found: list[Step]) -> None:
    """Draw the pictures, the answers, and where the change of the epsilon shown lies."""

    def released() -> None:
        st.session_state[STATES[setting.norm]] = float(st.session_state[KEY]["position"])

    frames(
        KEY,
        **pictures(setting, found),
        presenter=st.session_state["present"],
        on_position_change=released,
    )
    frames_answers(KEY, **said(setting, names, found))
    shown = next((step for step in found if step.number == index_of(setting)), None)
    if shown is not None and shown.size:
        st.markdown(f"**Where the change of {words(setting, shown.number)} lies**")
        figure = spectra.power_spectra(
            {"the change": shown.power},
            {"f_0.5": shown.half_power},
            st.session_state["unit"],
            size=cache.SIZE,
            degrees=shell.degrees(),
        )
        st.plotly_chart(shell.for_presenters(figure), key="epsilon_spectrum")
        st.caption(attack_view.half_power_text(setting, shown))


def words(setting: Setting, index: int) -> str:
    return f"{EPSILONS[setting.norm][index]:g}{UNITS[setting.norm]}"


def by_index(setting: Setting, found: list[Step]) -> list[Step | None]:
    known = {step.number: step for step in found}
    return [known.get(index) for index in range(len(EPSILONS[setting.norm]))]


def pictures(setting: Setting, found: list[Step]) -> dict:
    """Gather what the frames on the page and those in an exported file show."""
    steps = by_index(setting, found)
    return {
        "label": "Epsilon",
        "unit": UNITS[setting.norm],
        "positions": [float(epsilon) for epsilon in EPSILONS[setting.norm]],
        "position": float(EPSILONS[setting.norm][index_of(setting)]),
        "pictures": [
            {"title": "Attacked picture", "urls": [step and step.picture for step in steps]},
            {
                "title": "The change, magnified to the same strength",
                "urls": [step and step.change for step in steps],
            },
        ],
    }


def said(setting: Setting, names: tuple[str, ...], found: list[Step]) -> dict:
    """Gather the answers, on the page and in an exported file."""
    steps, wanted = by_index(setting, found), attacking.attackers_class(setting, found)
    fed = {}
    for name in names:
        own = attacking.own_class(name, setting.picture)
        curves = {"true": cache.card(name)["classes"][own], "wanted": wanted}
        asked = [step and step.said[name] for step in steps]
        fed[name] = attacking.laid_out(name, asked, curves, len(steps))
        fed[name]["note"] = attacking.note(name, setting)
    return {
        "models": [attack_view.model(index, name, setting) for index, name in enumerate(names)],
        "answers": fed,
        "curve_titles": {
            "true": attack_view.CURVES["true"],
            "wanted": f"{attack_view.CURVES['wanted']}, {wanted}",
        },
        "note": "Each epsilon is an attack of its own. The further right a line holds, the larger "
        "the change that this network withstands.",
    }


def rows(setting: Setting, found: list[Step]) -> list[dict]:
    """Return one row per epsilon and model, as the files hold them."""
    return [
        {"epsilon": at(setting, row["step"]).epsilon, "norm": setting.norm}
        | {key: value for key, value in row.items() if key != "step"}
        for row in attacking.rows(setting, found)
    ]


def details(setting: Setting, names: tuple[str, ...], found: list[Step]) -> None:
    """Draw the numbers, everything to take away, and what this shows."""
    table = rows(setting, found)
    numbers, saving, code, about = st.tabs(["Numbers", "Save", "Python", "What this shows"])
    numbers.dataframe(table, hide_index=True, height=280)
    shown, answered = pictures(setting, found), said(setting, names, found)
    offered = {
        "Numbers (CSV)": ("epsilon.csv", lambda: files.as_csv(table)),
        "Numbers (JSON)": ("epsilon.json", lambda: files.as_json(setting, table)),
        "This view (HTML)": (
            "epsilon.html",
            lambda: frames_html(**shown, **answered, title="Attacks"),
        ),
    }
    files.offer(offered, saving)
    code.code(attacking.script(setting, names), language="python")
    about.markdown(attack_view.ABOUT)
