"""The frame around every page: configuration, navigation, and the sidebar that pages share."""

import math

import streamlit as st
import torch
from plotly.graph_objects import Figure
from streamlit.navigation.page import StreamlitPage

from blurlab import places, public
from blurlab.filters import spectrum
from blurlab.networks import classifier, store
from blurlab.ui import languages, link, saving, share, show, styles
from blurlab.ui.languages import say
from blurlab.ui.learn import in_place, words
from blurlab.ui.stories import telling

PRESENTER_TYPE, PRESENTER_HEIGHT = 18, 560  # pixels, of figures
NO_MODELS = "No models are installed; `python -m blurlab train NAME` makes one."
STAGE_CM = 10.0  # rough width of the stage's picture on a laptop's screen

SHARED = {
    "unit": link.choice(list(spectrum.UNITS), "image"),
    "models": link.choices(store.names(), []),
    "distance": link.number(10.0, 2000.0, 57.0, "cm"),
    "width": link.number(1.0, 1000.0, STAGE_CM, "cm"),
    "present": link.flag(),
    "lang": link.choice(list(languages.names()), ""),  # "" is the browser's, where it is here
    **telling.parameters(),
}
TOLD = ("unit", "models")  # of SHARED, what a step of a story sets


def main() -> None:
    """Draw the frame and run the page that the address names."""
    st.set_page_config(page_title="BlurLab", page_icon=str(places.ICON), layout="wide")
    # Some may be new, or gone.
    SHARED.update(telling.parameters() | {"models": link.choices(store.names(), [])})
    link.restore(SHARED)  # the language first, in which pages are named
    page = st.navigation(pages(), expanded=True)  # else the last ones are folded away
    telling.follow(page)
    link.turn({key: SHARED[key] for key in TOLD})
    chosen = st.session_state["models"]
    if not set(chosen) <= set(store.names()):
        st.session_state["models"] = [name for name in chosen if name in store.names()]
    st.html(
        styles.CLICKS
        + styles.ICONS
        + styles.FIGURES
        + styles.COLORS
        + styles.TOUCH
        + (styles.PRESENTER_STYLE if st.session_state["present"] else styles.STYLE)
    )
    st.html(
        styles.ONE_ENTRY + styles.LANGUAGE.format(code=languages.current()),
        unsafe_allow_javascript=True,
    )
    sidebar()
    telling.tell()
    page.run()


def pages() -> list[StreamlitPage]:
    """List the pages; a public server lacks the one that adds and removes what is on its disk."""
    found = [
        st.Page("pages/home.py", title=say("Home"), icon=":material/home:", default=True),
        st.Page("pages/hybrid.py", title=say("Hybrid images"), icon=":material/blur_on:"),
        st.Page("pages/camera.py", title=say("Camera"), icon=":material/photo_camera:"),
        st.Page("pages/blur.py", title=say("Blur defence"), icon=":material/shield:"),
        st.Page("pages/attacks.py", title=say("Attacks"), icon=":material/bolt:"),
        st.Page("pages/corruptions.py", title=say("Corruptions"), icon=":material/grain:"),
        st.Page(
            "pages/sensitivity.py", title=say("Spectral sensitivity"), icon=":material/insights:"
        ),
        st.Page("pages/compare.py", title=say("Compare"), icon=":material/scatter_plot:"),
        st.Page("pages/train.py", title=say("Train live"), icon=":material/model_training:"),
        st.Page("pages/you.py", title=say("You vs the models"), icon=":material/visibility:"),
        st.Page("pages/audience.py", title=say("Audience"), icon=":material/groups:"),
        st.Page("pages/learn.py", title=say("Learn"), icon=":material/school:"),
    ]
    if not public.is_public():
        found.append(
            st.Page(
                "pages/models.py", title=say("Models and data"), icon=":material/deployed_code:"
            )
        )
    return found


def begin(title: str, parameters: dict[str, link.Parameter], words: str = "") -> None:
    """Restore a page's state from its address, and draw its title and the words below it.

    title, words: English.  words: Markdown that says what there is to find out; presenters and
    stories go without.
    """
    link.arrive(parameters)
    link.restore(SHARED | parameters)
    link.turn(parameters, known=[*TOLD, *parameters])
    if not st.session_state["present"]:
        st.title(say(title))
    link.report(SHARED | parameters)
    if is_whole():
        if words:
            st.markdown(say(words))
        in_place.explain(title)


def is_whole() -> bool:
    """Tell whether a page has room for all that it says, as it has not below a story's step, nor on
    a presenter's screen.
    """
    return not (st.session_state["present"] or st.session_state["story"])


def stop_without_models() -> None:
    """End the page where no model is installed, and say how to make one."""
    if not store.names():
        st.error(say(NO_MODELS))
        st.stop()


def chart(
    figure: Figure, key: str, told: dict[str, str], presented: int = PRESENTER_HEIGHT
) -> None:
    """Show a Plotly figure, which presenters get larger; the figures of all pages come by here.

    told: what the file of a saved figure says of it, as protocol.told gives it.
    presented: pixels that it is high for presenters at least.
    """
    if st.session_state["present"]:
        height = max(figure.layout.height or 0, presented)
        figure.update_layout(font_size=PRESENTER_TYPE, height=height)
        figure.update_layout(legend_font_size=PRESENTER_TYPE)
        figure.update_annotations(font_size=PRESENTER_TYPE)
        for axes in (figure.update_xaxes, figure.update_yaxes):
            axes(tickfont_size=PRESENTER_TYPE, title_font_size=PRESENTER_TYPE)
        bars = {"tickfont_size": PRESENTER_TYPE, "title_font_size": PRESENTER_TYPE}
        figure.update_coloraxes(colorbar=bars)
        figure.update_traces(colorbar=bars, selector={"type": "heatmap"})
        figure.update_traces(textfont_size=PRESENTER_TYPE, selector={"type": "scatter"})
    if languages.decimal() != languages.POINT:
        figure.update_layout(separators=",.")
    # The camera of Plotly's would save it without a word on what it shows.
    st.plotly_chart(figure, key=key, config={"modeBarButtonsToRemove": ["toImage"]})
    if not st.session_state["present"]:
        saving.buttons(figure, key, told)


def sidebar() -> None:
    """Draw the choices that hold for every page."""
    with st.sidebar:
        state, units = st.session_state, list(spectrum.UNITS)
        _choose_language()
        st.selectbox(
            say("Unit of frequency"), units, show.place(units, "unit"), key="unit",
            format_func={unit: unit_title(unit) for unit in units}.__getitem__,
        )  # fmt: skip
        if state["unit"] == "degree":
            width, distance = float(state["width"]), float(state["distance"])
            st.number_input(say("Width of the picture (cm)"), 1.0, 1000.0, width, key="width")
            st.number_input(say("Viewing distance (cm)"), 10.0, 2000.0, distance, key="distance")
        titles = {name: say(store.card(name)["title"]) for name in store.names()}
        st.multiselect(
            say("Models"),
            list(titles),
            state["models"],
            key="models",
            format_func=titles.__getitem__,
            placeholder=say("Two that know the pictures"),
        )
        st.toggle(
            say("Presenter mode"), state["present"], key="present",
            help=say("Big type and nothing else; leave with P"),
        )  # fmt: skip
        words.offer()
        share.share()
        st.caption(say("Computing on {device}", device=device_title()))
    if state["present"]:
        st.button(
            say("Leave presenter mode"), shortcut="p", on_click=_leave, type="tertiary",
            icon=":material/close:", key="leave",
        )  # fmt: skip


def _choose_language() -> None:
    """Draw the choice of the language, and say which files of any are broken."""
    names = languages.names()
    if len(names) > 1:
        codes, code = list(names), languages.current()
        st.selectbox(
            say("Language"), codes, codes.index(code), key="lang_chosen",
            format_func=names.__getitem__, on_change=_speak,
        )  # fmt: skip
    for sentence in languages.broken():
        show.error(sentence)


def _speak() -> None:
    link.hand_over({"lang": st.session_state["lang_chosen"]})


def fitting(data: str) -> tuple[str, ...]:
    """Return the models to ask where a person has chosen none: the plain and the blurred one.

    data: a key of data.DATASETS.  Where there is neither, those trained on it, or else all.
    """
    names = store.names()
    two = [name for name in store.pair(data) if name in names]
    trained = [name for name in names if store.card(name)["recipe"].get("data") == data]
    return tuple(two or trained or names)


def _leave() -> None:
    st.session_state["present"] = False


def unit_title(unit: str) -> str:
    return say(spectrum.UNITS[unit])


def degrees() -> float:
    """Return the visual angle of the picture's side, in degrees, from the sidebar's numbers."""
    half = st.session_state["width"] / 2
    return math.degrees(2 * math.atan(half / st.session_state["distance"]))


def device_title() -> str:
    device = classifier.best_device()
    if device == "cuda":
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    cpu = say("CPU, {count} threads", count=threads) if threads > 1 else say("CPU, 1 thread")
    return {"mps": "Apple GPU", "cpu": cpu}[device]


def frequency(value: float, size: int) -> str:
    """Write a frequency in cycles/image in the unit that the sidebar says, with its name."""
    unit = st.session_state["unit"]
    shown = spectrum.convert(value, unit, size=size, degrees=degrees())
    return f"{languages.numeral(f'{shown:.3g}')} {unit_title(unit)}"
