"""The controls that choose a picture: where it is from, which one, how it lies in its square."""

from collections.abc import Sequence

import streamlit as st

from blurlab import limits, public
from blurlab.data import sets
from blurlab.networks import store
from blurlab.pictures import images, objects, photographs
from blurlab.sentence import why
from blurlab.ui import cache, gallery, link, shell, show
from blurlab.ui.languages import say

SIDES = {
    "low": "Low frequencies from",
    "high": "High frequencies from",
    "picture": "Picture",
}
OBJECT, PHOTOGRAPH, IMAGENETTE = "object", "photograph", "imagenette"
UPLOAD, CAMERA = "upload", "camera"
MOST_MB = public.UPLOAD_MB if public.is_public() else 20
LONGEST_WORD = 40  # characters of what a person says that a file shows

ASKED = {
    "picture": "Picture",
    "low": "Picture for the low frequencies",
    "high": "Picture for the high frequencies",
}


def options() -> list[str]:
    """List every picture that can be chosen, as the address writes it: kind:name."""
    listed = [f"{OBJECT}:{name}" for name in objects.CLASSES]
    listed += [f"{PHOTOGRAPH}:{name}" for name in photographs.here()]
    if sets.has_imagenette():
        listed += [f"{IMAGENETTE}:{name}" for name in sets.IMAGENETTE_CLASSES]
    return [*listed, UPLOAD, CAMERA]


def title(option: str) -> str:
    """Name an option for people."""
    kind, _, name = option.partition(":")
    if kind == PHOTOGRAPH:
        return say("Photograph: {label}", label=say(photographs.PHOTOGRAPHS[name].title))
    return {
        OBJECT: say("Object: {label}", label=say(name)),
        IMAGENETTE: say("Imagenette: {label}", label=say(name)),
        UPLOAD: say("Upload a file …"),
        CAMERA: say("Use the camera …"),
    }[kind]


def opening(photograph: str, otherwise: str) -> str:
    """Return the picture that a page opens with: a photograph where a network can name it."""
    can = can_name_photographs() and photograph in photographs.here()
    return f"{PHOTOGRAPH}:{photograph}" if can else otherwise


def can_name_photographs() -> bool:
    """Tell whether a network is installed that knows what photographs show."""
    return store.pair("imagenet")[0] in store.names()


def parameters(side: str, default: str, variant: int) -> dict[str, link.Parameter]:
    """Return the state of one side's controls, as the address holds it."""
    return {
        side: link.choice(options(), default),
        f"{side}_variant": link.number(0, 9999, variant),
        f"{side}_x": link.number(-0.5, 0.5, 0.0),
        f"{side}_y": link.number(-0.5, 0.5, 0.0),
        f"{side}_scale": link.number(0.5, 2.0, 1.0),
        f"{side}_flip": link.flag(),
        f"{side}_word": link.text("", LONGEST_WORD),
    }


def chooser(side: str) -> cache.Choice:
    """Draw one side's controls and return its picture; a bad file leaves the last good one."""
    state = st.session_state
    state.setdefault(f"{side}_widget", side)  # where its files are; a swap hands them over
    select, shelf, another, align = st.columns(
        [5, 1, 1, 1], vertical_alignment="bottom", gap="small"
    )
    listed = options()
    titles = {option: title(option) for option in listed}
    select.selectbox(
        say(SIDES[side]), listed, show.place(listed, side), format_func=titles.__getitem__, key=side
    )
    gallery.opener(shelf, side, listed, titles.__getitem__)
    kind, _, name = state[side].partition(":")
    another.button(
        say("Another one: {side}", side=say(side)),
        icon=":material/casino:",
        help=say("Another picture of this kind"),
        key=f"{side}_another",
        disabled=kind not in (OBJECT, IMAGENETTE),
        on_click=_next_variant,
        args=(side,),
        width="stretch",
    )
    with align.popover(
        say("Align: {side}", side=say(side)), icon=":material/open_with:", help=say("Align"),
        key=f"{side}_align", width="stretch",
    ):  # fmt: skip
        _align(side)
    if kind in (UPLOAD, CAMERA):
        return _from_file(side, kind)
    state[f"{side}_good"] = _choice(side, kind, name)
    return state[f"{side}_good"]


def _align(side: str) -> None:
    """Draw the controls of how a picture lies in its square."""
    x, y, scale, flip = (f"{side}_{each}" for each in ("x", "y", "scale", "flip"))
    state, unit = st.session_state, say("as a fraction of the picture's side")
    st.slider(say("Shift right"), -0.5, 0.5, state[x], key=x, help=unit)
    st.slider(say("Shift down"), -0.5, 0.5, state[y], key=y, help=unit)
    st.slider(say("Scale"), 0.5, 2.0, state[scale], key=scale)
    st.toggle(say("Mirror"), state[flip], key=flip)


def swap() -> None:
    """Exchange the two pictures with everything that was chosen for them."""
    state = st.session_state
    for low in [*parameters("low", "", 0), "low_good", "low_widget"]:
        high = low.replace("low", "high", 1)
        state[low], state[high] = state[high], state[low]


def label(choice: cache.Choice, names: Sequence[str]) -> str:
    """Say in a word or two what a picture shows.

    names: models, of which the first says what a picture shows that nobody has said it of.
    """
    if choice.kind == PHOTOGRAPH:
        return say(photographs.PHOTOGRAPHS[choice.name].title)
    if (known := cache.shown(choice)) is not None:
        return say(known) if choice.kind in cache.LABELLED else known
    guess = cache.card(names[0])["classes"][cache.named_class(names[0], choice)]
    return say("guess: {label}", label=say(guess))


def _next_variant(side: str) -> None:
    st.session_state[f"{side}_variant"] = (st.session_state[f"{side}_variant"] + 1) % 10_000


def _choice(side: str, kind: str, name: str, upload: bytes = b"") -> cache.Choice:
    state = st.session_state
    variant = state[f"{side}_variant"]
    if kind == IMAGENETTE:
        variant %= len(cache.imagenette(name))
    chosen = cache.Choice(kind, name, variant if kind in (OBJECT, IMAGENETTE) else 0, upload)
    return _aligned(side, chosen)


def _aligned(side: str, choice: cache.Choice) -> cache.Choice:
    state = st.session_state
    return choice._replace(
        shift_x=state[f"{side}_x"],
        shift_y=state[f"{side}_y"],
        scale=state[f"{side}_scale"],
        flip=state[f"{side}_flip"],
    )


def _from_file(side: str, kind: str) -> cache.Choice:
    state = st.session_state
    widget = state[f"{side}_widget"]
    asked = say(ASKED[side])
    if kind == UPLOAD:
        file = st.file_uploader(
            say("{asked}, at most {most} MB", asked=asked, most=MOST_MB),
            key=f"{widget}_file",
            max_upload_size=MOST_MB,
        )
    else:
        file = st.camera_input(asked, key=f"{widget}_camera")
    default = _choice(side, OBJECT, objects.CLASSES[side == "high"])
    last = _aligned(side, state.setdefault(f"{side}_good", default))
    if file is None:
        st.caption(
            say("Until there is a file, the last picture stays. A link cannot carry a file.")
        )
        return last
    name = limits.legible(file.name)
    choice = _choice(side, "file", name, file.getvalue())._replace(word=_word(side))
    try:
        cache.picture(choice)
    except images.ImageError as error:
        show.error(why(error), icon=":material/broken_image:")
        return last
    state[f"{side}_good"] = choice
    return choice


def _word(side: str) -> str:
    """Draw the field for what a file shows, and return that."""
    written = st.text_input(
        say("What does it show?"), st.session_state[f"{side}_word"], LONGEST_WORD,
        key=f"{side}_word",
        placeholder=say("such as cat; left empty, a network guesses"),
        help=say("The centre square is used; Align moves and scales it"),
    )  # fmt: skip
    return limits.legible(written.strip(), LONGEST_WORD)


def fitting_models(*choices: cache.Choice) -> tuple[str, ...]:
    """Return the chosen models or, where none is chosen, two that know pictures like these."""
    return tuple(st.session_state["models"]) or suited(*choices)


def suited(*choices: cache.Choice) -> tuple[str, ...]:
    """Return two models that know pictures like these: their own, or those that know most."""
    kinds = {choice.kind for choice in choices}
    if kinds in ({OBJECT}, {IMAGENETTE}):
        return shell.fitting("objects" if kinds == {OBJECT} else "imagenette")
    return shell.fitting("imagenet" if can_name_photographs() else "imagenette")
