"""What the page Blur defence draws: its controls, the chain, the spectra, and files."""

import streamlit as st

from blurlab import images
from blurlab.corruptions import CORRUPTIONS
from blurlab.ui import (
    attack_view,
    attacking,
    cache,
    corrupting,
    defending,
    files,
    jobs,
    link,
    polling,
    shell,
    show,
    spectra,
)  # fmt: skip
from blurlab.ui.defending import ATTACKED, CORRUPTED, DEFENCES, DEFENDED, PICTURE
from blurlab.ui.frames import frames, frames_answers, frames_html

KEY = "defence_frames"
NONE = "none"
KNOWLEDGE = {"adaptive": "Yes (adaptive)", "transfer": "No (transfer)"}
STATE = {"blur": "sigma", "pca": "components"}  # where a defence's strength is kept
DONE = {"blur": "Blurred", "pca": "PCA at 32 pixels"}

PARAMETERS = {
    "attacked": attack_view.CHOICES["attacked"],
    "target": attack_view.CHOICES["target"],
    "attack_size": link.number(0.0, 32.0, 12.0, "/255"),
    "attacker": link.choice(list(KNOWLEDGE), "adaptive"),
    "then": link.choice([NONE, *CORRUPTIONS], "gaussian_noise"),
    "then_severity": link.number(1, 5, 1),
    "then_seed": link.number(0, 9999, 0),
    "defence": link.choice(list(DEFENCES), "blur"),
    "sigma": link.number(0.0, 4.0, 0.75, "pixels"),
    "components": link.number(0, 512, 512),
}


def controls(picture: cache.Choice) -> None:
    """Draw the chain's controls; a presenter sees the attacker's alone, the rest on demand."""
    if st.session_state["present"]:
        attacker, more = st.columns([3, 1], vertical_alignment="bottom", gap="medium")
        attacker_control(attacker)
        with more.popover("Chain", width="stretch"):
            attack_size(st)
            corruption_controls()
            defence_control(st)
            attack_view.goal_controls(picture)
        return
    size, attacker, more, defence = st.columns(
        [3, 6, 2, 3], vertical_alignment="bottom", gap="medium"
    )
    attack_size(size)
    attacker_control(attacker)
    with more.popover("Details", width="stretch"):
        attack_view.goal_controls(picture)
        st.number_input("Seed of the corruption", 0, 9999, key="then_seed")
    defence_control(defence)


def corruption_controls() -> None:
    """Draw the choice of the corruption and of its severity."""
    then, severity = st.columns([3, 2], vertical_alignment="bottom", gap="medium")
    then.selectbox(
        "Then a corruption",
        [NONE, *CORRUPTIONS],
        key="then",
        format_func=lambda name: "None" if name == NONE else corrupting.title(name),
    )
    off = st.session_state["then"] == NONE
    severity.slider("Severity", 1, 5, key="then_severity", disabled=off)


def attack_size(place) -> None:
    place.slider(
        "Attack, in 255ths", 0.0, 32.0, step=1.0, format="%g", key="attack_size",
        help="The most that it changes a pixel; at 0 there is none",
    )  # fmt: skip


def attacker_control(place) -> None:
    place.segmented_control(
        "Does the attacker know the defence?", list(KNOWLEDGE), key="attacker", required=True,
        format_func=KNOWLEDGE.get, disabled=not st.session_state["attack_size"], width="stretch",
    )  # fmt: skip


def defence_control(place) -> None:
    place.segmented_control(
        "Defence", list(DEFENCES), key="defence", required=True,
        format_func=lambda name: DEFENCES[name].title, width="stretch",
    )  # fmt: skip


def current(picture: cache.Choice) -> defending.Setting:
    """Return the chain that the controls now describe."""
    state = st.session_state
    target = None if state["target"] == attack_view.ANY else state["target"]
    attack = attacking.Setting(
        attack_view.attacked_model(picture), picture, "pgd", "linf",
        state["attack_size"] / 255, defending.STEPS, target, None,
    )  # fmt: skip
    return defending.Setting(
        attack,
        state["attacker"] == "adaptive",
        None if state["then"] == NONE else state["then"],
        int(state["then_severity"]),
        int(state["then_seed"]),
        state["defence"],
    )


def position(setting: defending.Setting) -> int:
    """Return the index of the strength that is looked at."""
    return defending.position(setting, st.session_state[STATE[setting.defence]])


def strength(setting: defending.Setting) -> float:
    """Return the strength that is looked at, one of those swept over."""
    return DEFENCES[setting.defence].strengths[position(setting)]


# ---- The live view --------------------------------------------------------------------------


def live(names: tuple[str, ...], picture: cache.Choice, parameters: dict) -> None:
    """Draw the chain and what follows from it, polling the sweep until it is complete."""

    def draw(job: jobs.Job) -> None:
        setting, found = current(picture), list(job.results)
        show_chain(names, setting, found)
        if job.state == "failed":
            st.error(f"The chain could not be computed: {job.error}.", icon=":material/error:")
        if not st.session_state["present"]:
            details(names, setting, found)
        link.write(shell.SHARED | parameters)

    polling.follow(lambda: run(names, current(picture)), draw, seconds=0.3)


def run(names: tuple[str, ...], setting: defending.Setting) -> jobs.Job:
    return defending.sweep(names, setting, position(setting))


def show_chain(names, setting: defending.Setting, found: list[defending.Frame]) -> None:
    """Draw the stages with the slider over the defence's strength, and every model's answers."""

    def released() -> None:
        index = round(st.session_state[KEY]["position"])
        st.session_state[STATE[setting.defence]] = type_of(setting)(
            DEFENCES[setting.defence].strengths[index]
        )

    frames(
        KEY,
        **pictures(setting, found),
        presenter=st.session_state["present"],
        on_position_change=released,
    )
    frames_answers(KEY, **said(names, setting, found))


def type_of(setting: defending.Setting) -> type:
    return type(PARAMETERS[STATE[setting.defence]].default)


def pictures(setting: defending.Setting, found: list[defending.Frame]) -> dict:
    """Gather what the frames on the page and those in an exported file show."""
    defence, laid = DEFENCES[setting.defence], defending.by_index(setting, found)
    texts = defending.texts(setting)
    return {
        "label": defence.label,
        "unit": defence.unit,
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


def title(stage: str, setting: defending.Setting) -> str:
    """Name a stage for people."""
    corruption = corrupting.title(setting.corruption or "fog").partition(" (")[0]
    return {
        PICTURE: "Picture",
        ATTACKED: f"Attacked, ± {255 * setting.attack.epsilon:g}/255",
        CORRUPTED: f"{corruption} {setting.severity}",
        DEFENDED: DONE[setting.defence],
    }[stage]


def said(names, setting: defending.Setting, found: list[defending.Frame]) -> dict:
    """Gather the answers, on the page and in an exported file."""
    return {
        "models": [model(index, name, setting) for index, name in enumerate(names)],
        "answers": defending.feed(names, setting, found),
        "curve_titles": {curve: curve_title(curve, setting) for curve in defending.curves(setting)},
        "note": reading(setting),
        "stages": defending.stages(names, setting, found),
    }


def model(index: int, name: str, setting: defending.Setting) -> dict:
    card = cache.card(name)
    is_attacked = setting.attack.epsilon and name == setting.attack.model
    return {
        "key": name,
        "title": f"{card['title']} (attacked)" if is_attacked else card["title"],
        "color": index,
        "classes": card["classes"],
        "true": attacking.own_class(name, setting.attack.picture),
    }


def curve_title(curve: str, setting: defending.Setting) -> str:
    wanted = setting.attack.target
    return {
        defending.TRUE: "probability of the true class",
        defending.WANTED: f"the attacker's class, {wanted}" if wanted else "the likeliest other",
        defending.UNTOUCHED: "the true class, picture left alone",
    }[curve]


def reading(setting: defending.Setting) -> str:
    """Say what to see in the curves."""
    if not setting.attack.epsilon:
        return (
            "Where the defence lifts the full line, it helps; where the dotted one falls, it costs."
        )
    if setting.adaptive:
        return (
            "The attacker has seen this defence at every strength: wherever the full line stays "
            "low, it does not protect. The dotted line is what the defence alone costs."
        )
    return (
        "The attacker has not seen the defence: where the full line rises, it removes the attack. "
        "Now let the attacker know of it."
    )


# ---- What follows ---------------------------------------------------------------------------


def details(names, setting: defending.Setting, found: list[defending.Frame]) -> None:
    """Draw the plain slider, the spectra, the numbers, and everything to take away."""
    if setting.defence == "blur":
        label = "Blur sigma (pixels), by keyboard or exactly"
        show.slider(label, "sigma", 0.0, 4.0, step=0.25)
    else:
        options = [int(each) for each in DEFENCES["pca"].strengths]
        st.session_state["components"] = int(strength(setting))
        st.radio(
            "Components kept", options, key="components", horizontal=True,
            format_func=lambda count: str(count or "off"),
        )  # fmt: skip
    power, numbers, saving, code, about = st.tabs(
        ["Spectra", "Numbers", "Save", "Python", "What this shows"]
    )
    with power:
        show_spectra(setting, found)
    table = defending.rows(names, setting, found)
    numbers.dataframe(table, hide_index=True, height=280)
    with saving:
        downloads(names, setting, found, table)
    code.code(defending.script(names, setting, strength(setting)), language="python")
    about.markdown(about_text(setting))


def show_spectra(setting: defending.Setting, found: list[defending.Frame]) -> None:
    """Draw the spectrum of every stage at the strength that is looked at."""
    frame = defending.by_index(setting, found)[position(setting)]
    if frame is None:
        st.caption("Computing …")
        return
    side = cache.card(setting.attack.model)["recipe"]["input_size"]
    st.plotly_chart(
        spectra.power_spectra(
            {title(stage, setting): power for stage, power in frame.power.items()},
            {},
            st.session_state["unit"],
            size=cache.SIZE,
            degrees=shell.degrees(),
        ),
        key="defence_spectra",
    )
    st.caption(
        "Attack and noise raise the fine end, on the right; the defence takes it away, with "
        f"whatever of the picture is there. The network's {side} pixels end at "
        f"{shell.frequency(side / 2, cache.SIZE)}."
    )


def downloads(names, setting: defending.Setting, found: list[defending.Frame], table) -> None:
    """Offer the last picture, the numbers and the whole chain, made when they are asked for."""
    at, shown = strength(setting), pictures(setting, found)  # a file is made without the session
    offered = {
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
    files.offer(offered)
    st.caption("The address of this page restores it, but for uploaded and camera pictures.")


def about_text(setting: defending.Setting) -> str:
    side = cache.card(setting.attack.model)["recipe"]["input_size"]
    return ABOUT.format(side=side, steps=defending.STEPS)


ABOUT = """
- **A blur is no defence against an attacker who knows of it.** An *adaptive* attack takes its
  gradient through the defence; a *transfer* attack is made on the same network without it, and then
  meets it. Only the adaptive one says how robust a network is. Both are PGD in the L∞ ball, {steps}
  steps from the picture itself (Madry et al. 2018); neither knows of the corruption.
- **Two experiments.** A network *trained behind* a blur layer has learnt to do without fine detail
  (Li et al. 2023). A blur *put in front of* a network trained without one takes away detail that
  the network relies on. Each card says which it is. The slider's blur comes before either, and a
  blur layer stays where it is.
- **Sizes.** The chain works on the {side} x {side} pixels that the attacked network takes; sigma is
  in these pixels. A corruption's severity was made for pictures of 224 pixels (ImageNet-C,
  Hendrycks and Dietterich 2019): on fewer, what is measured in pixels weighs more.
- **PCA** reduces the picture to 32 x 32, keeps its part along the leading principal components of
  Imagenette's training photographs, and enlarges it again. Li et al. 2023 keep 512 of 3,072, for
  networks trained on pictures of 32 pixels. These were not: it is put in front of them, and the
  lost detail weighs more than the components.
- One picture is an anecdote. For how robust a network is, see the numbers of many pictures.
"""
