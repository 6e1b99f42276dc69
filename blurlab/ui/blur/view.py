"""What the page Blur defence draws: the chain, the spectra, and files."""

import streamlit as st

from blurlab.attacks.norms import NORMS
from blurlab.attacks.table import ATTACKS
from blurlab.corruptions.table import CORRUPTIONS
from blurlab.pictures import images
from blurlab.ui import cache, files, jobs, link, polling, protocol, shell, show, spectra
from blurlab.ui.blur import job as defending
from blurlab.ui.blur import report
from blurlab.ui.blur.controls import STATE, STRENGTHS, current, position, strength
from blurlab.ui.blur.job import ATTACKED, CORRUPTED, DEFENCES, DEFENDED, PICTURE, Frame, Setting
from blurlab.ui.blur.report import said
from blurlab.ui.frames import frames_html
from blurlab.ui.languages import say

KEY = "defence_frames"
DONE = {"blur": "Blurred", "pca": "PCA at 32 pixels"}


def live(names: tuple[str, ...], picture: cache.Choice, parameters: dict) -> None:
    """Draw the chain and what follows from it, polling the sweep until it is complete."""

    def draw(job: jobs.Job) -> None:
        setting, found = current(picture), list(job.results)
        show_chain(names, setting, found)
        if job.state == "failed":
            show.error(say("The chain could not be computed: {error}.", error=job.error))
        if not st.session_state["present"]:
            details(names, setting, found)
        link.write(shell.SHARED | parameters)

    polling.follow(lambda: run(names, current(picture)), draw, seconds=0.3)


def run(names: tuple[str, ...], setting: Setting) -> jobs.Job:
    return defending.sweep(names, setting, position(setting))


def show_chain(names: tuple[str, ...], setting: Setting, found: list[Frame]) -> None:
    """Draw the stages with the slider over the defence's strength, and every model's answers."""

    def released(index: float) -> None:
        state = STATE[setting.defence]
        chosen = DEFENCES[setting.defence].strengths[round(index)]
        st.session_state[state] = type(STRENGTHS[state].default)(chosen)

    if not st.session_state["present"]:
        frame = report.in_order(setting, found)[position(setting)]
        st.markdown(report.verdict(setting, strength(setting), frame))
    show.answered_frames(KEY, pictures(setting, found), said(names, setting, found), released)


def pictures(setting: Setting, found: list[Frame]) -> dict:
    """Gather what the frames on the page and those in an exported file show."""
    defence, laid = DEFENCES[setting.defence], report.in_order(setting, found)
    texts = defending.texts(setting)
    return {
        "label": say(defence.label),
        "unit": say(defence.unit),
        "positions": [float(index) for index in range(len(texts))],
        "texts": texts,
        "position": float(position(setting)),
        "pictures": [
            {
                "title": title(stage, setting),
                "urls": [frame and frame.urls[stage] for frame in laid],
            }
            for stage in defending.kinds(setting)
        ],
    }


def title(stage: str, setting: Setting) -> str:
    """Name a stage for people."""
    if stage == CORRUPTED:
        assert setting.corruption is not None
        return f"{say(CORRUPTIONS[setting.corruption].title)} {setting.severity}"
    norm = NORMS[setting.attack.norm]
    size = norm.in_unit(setting.attack.epsilon)
    return {
        PICTURE: say("Picture"),
        ATTACKED: say("Attacked, ± {size}", size=size),
        DEFENDED: say(DONE[setting.defence]),
    }[stage]


def details(names: tuple[str, ...], setting: Setting, found: list[Frame]) -> None:
    """Draw the plain slider, the spectra, the numbers, and everything to take away."""
    if setting.defence == "blur":
        label = say("Blur sigma (pixels), exact value")
        show.slider(label, "sigma", 0.0, 4.0, step=0.25)
    else:
        options = [int(each) for each in DEFENCES["pca"].strengths]
        st.session_state["components"] = int(strength(setting))
        st.radio(
            say("Components kept"), options, show.place(options, "components"), key="components",
            horizontal=True, format_func={n: str(n or say("off")) for n in options}.__getitem__,
        )  # fmt: skip
    power, numbers, saving, code, about = st.tabs(
        [say("Spectra"), say("Numbers"), say("Save"), say(files.CODE), say("What this shows")]
    )
    with power:
        show_spectra(setting, found)
    table = report.rows(names, setting, found)
    numbers.dataframe(table, hide_index=True, height=280)
    with saving:
        downloads(names, setting, found, table)
    files.code(code, report.script(names, setting, strength(setting)))
    about.markdown(about_text(setting))


def show_spectra(setting: Setting, found: list[Frame]) -> None:
    """Draw the spectrum of every stage at the strength that is looked at."""
    frame = report.in_order(setting, found)[position(setting)]
    if frame is None:
        st.caption(say("Computing …"))
        return
    side = cache.card(setting.attack.model)["recipe"]["input_size"]
    figure = spectra.power_spectra(
        {title(stage, setting): power for stage, power in frame.power.items()}, {},
        st.session_state["unit"], size=cache.SIZE, degrees=shell.degrees(),
    )  # fmt: skip
    about = protocol.told(
        "Power spectra of the stages of a defence",
        [setting.attack.model],
        pictures=protocol.picture(setting.attack.picture),
        seed=setting.seed if setting.corruption else None,
        settings=files.described(setting) | {"strength": strength(setting)},
    )
    shell.chart(figure, "defence_spectra", about)
    st.caption(
        say(
            "Attack and noise raise the fine end, on the right; the defence takes it away, with "
            "whatever of the picture is there. The network's {side} pixels end at {end}.",
            side=side,
            end=shell.frequency(side / 2, cache.SIZE),
        )
    )


def downloads(
    names: tuple[str, ...], setting: Setting, found: list[Frame], table: list[dict]
) -> None:
    """Offer the last picture, the numbers and the whole chain, made when they are asked for."""
    at, shown = strength(setting), pictures(setting, found)  # a file is made without the session
    files.offer(
        {
            "Defended picture (PNG)": (
                "defended.png",
                lambda: images.png_bytes(defending.chain(setting, at)[DEFENDED][0]),
            ),
            "Numbers (CSV)": ("defence.csv", lambda: files.as_csv(table)),
            "Numbers (JSON)": ("defence.json", lambda: files.as_json(setting, table)),
            "This chain (HTML)": (
                "defence.html",
                lambda: frames_html(**shown, **said(names, setting, found), title="Blur defence"),
            ),
        }
    )
    st.caption(say("The address of this page restores it, except for uploads and camera pictures."))


def about_text(setting: Setting) -> str:
    side = cache.card(setting.attack.model)["recipe"]["input_size"]
    attack, norm = ATTACKS[setting.attack.attack].title, NORMS[setting.attack.norm].title
    filled = {"side": side, "attack": say(attack), "norm": norm, "steps": defending.STEPS}
    return "\n".join(f"- {say(each, **filled)}" for each in ABOUT)


ABOUT = (
    "**A blur is no defence against an attacker who knows of it.** An *adaptive* attack takes its "
    "gradient through the defence; a *transfer* attack is made on the same network without it, and "
    "then meets it. Only the adaptive one says how robust a network is. Both are {attack} in the "
    "{norm} ball, {steps} steps from the picture itself (Madry et al. 2018); neither knows of the "
    "corruption.",
    "**Two experiments.** A network *trained behind* a blur layer has learnt to do without fine "
    "detail (Li et al. 2023). A blur *put in front of* a network trained without one takes away "
    "detail that the network relies on. Each card says which it is. The slider's blur comes before "
    "either, and a blur layer stays where it is.",
    "**Sizes.** The chain works on the {side} x {side} pixels that the attacked network takes; "
    "sigma is in these pixels. A corruption's severity was made for pictures of 224 pixels "
    "(ImageNet-C, Hendrycks and Dietterich 2019): on fewer, what is measured in pixels weighs "
    "more.",
    "**PCA** reduces the picture to 32 x 32, keeps its part along the leading principal components "
    "of Imagenette's training photographs, and enlarges it again. Li et al. 2023 keep 512 of "
    "3,072, for networks trained on pictures of 32 pixels. These were not: it is put in front of "
    "them, and the lost detail weighs more than the components.",
    "One picture is an anecdote. For how robust a network is, see the numbers of many pictures.",
)
