"""A person's own model on a page: the form that adds it, and the button that removes it."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from blurlab import limits, places
from blurlab.networks import class_names, installing, preparing, store
from blurlab.pictures.resizing import INTERPOLATIONS
from blurlab.sentence import why
from blurlab.ui import cache, show
from blurlab.ui.languages import say

MOST_MB = 400
LONGEST = {  # characters
    "own_name": 64,
    "own_architecture": 100,
    "own_classes": 1_000_000,
    "own_mean": 100,
    "own_std": 100,
    "own_prefix": 100,
}


def form() -> None:
    """Draw the form for a model of one's own, and install what it says."""
    if added := st.session_state.pop("added", None):
        st.success(say("{name} is installed: choose it in the sidebar.", name=show.plain(added)))
        for note in cache.card(added).get("notes", ()):
            st.info(show.plain(say(note)))
    name = st.text_input(
        say("Architecture"),
        key="own_architecture",
        max_chars=LONGEST["own_architecture"],
        placeholder="resnet18",
        help=say(
            "A name of torchvision's, timm:NAME, cifar:resnet20 (cifar:resnet20_a if its "
            "shortcuts have no weights and it ends in linear), or the name of an installed model "
            "that is built alike; a .pt2 needs none"
        ),
    )
    usual, whose = preparing.usual(name.strip()[: LONGEST["own_architecture"]])
    shown = {key: preparing.written(value) for key, value in usual.items()}
    told = preparing.sentence(usual, whose, "What you leave empty below is")
    st.caption(show.plain(say(told)))
    with st.form("own"):
        file = st.file_uploader(
            say(
                "Weights, at most {most} MB: safetensors, a state dict of torch.save, or a .pt2 of "
                "torch.export.save",
                most=MOST_MB,
            ),
            key="own_file",
            max_upload_size=MOST_MB,
        )
        st.text_input(say("Name"), key="own_name", max_chars=LONGEST["own_name"])
        st.text_area(
            say("Class names in the order of the answers, one a line or with commas between them"),
            key="own_classes",
            max_chars=LONGEST["own_classes"],
            placeholder=say("imagenet, cifar10, imagenette and objects are known by these names"),
        )
        first, second, third = st.columns(3)
        first.number_input(
            say("Input size (pixels)"), *installing.SIZES, None, key="own_size",
            placeholder=shown["input_size"],
        )  # fmt: skip
        second.number_input(
            say("Crop (pixels)"), 1, installing.SIZES[1], None, key="own_crop",
            placeholder=shown.get("crop", say("all")),
            help=say(
                "Side of the centre that the network sees; all of it where a size is given alone"
            ),
        )  # fmt: skip
        third.selectbox(
            say("Interpolation"), INTERPOLATIONS, None, key="own_interpolation",
            placeholder=shown["interpolation"],
        )  # fmt: skip
        left, right, rest, last = st.columns([2, 2, 1, 1])
        left.text_input(
            say("Mean of the three colours"), max_chars=LONGEST["own_mean"], key="own_mean",
            placeholder=shown["mean"],
        )  # fmt: skip
        right.text_input(
            say("Standard deviation"), max_chars=LONGEST["own_std"], key="own_std",
            placeholder=shown["std"],
        )  # fmt: skip
        rest.text_input(
            say("Prefix"), max_chars=LONGEST["own_prefix"], key="own_prefix",
            help=say("Of the names in the file, if unusual"),
        )  # fmt: skip
        last.text_input(
            say("Key"), max_chars=LONGEST["own_prefix"], key="own_key",
            help=say("Of one network where a file holds several"),
        )  # fmt: skip
        asked = st.form_submit_button(say("Install"))
    st.caption(
        say(
            "Nothing in the file is run: what is no tensor is stepped over. On the command line, "
            "`python -m blurlab add` does the same for files of any size."
        )
    )
    if asked:
        install(file)


def install(file: UploadedFile | None) -> None:
    """Install what the form says, or show the one thing that does not fit."""
    state = st.session_state
    try:
        if file is None:
            raise ValueError(say("no file was chosen; the form takes the weights."))
        check_lengths()
        limits.check_models(places.models_folder(), file.size)
        classes = class_names.listed(state["own_classes"])
        with TemporaryDirectory() as folder:
            path = Path(folder) / file_name(file.name)
            path.write_bytes(file.getbuffer())
            architecture = state["own_architecture"].strip()
            architecture = str(path) if path.suffix == ".pt2" else architecture
            words, taken = preparing.completed(architecture, given())
            recipe = installing.recipe(architecture, words.pop("input_size"), **words)
            card = installing.add(
                state["own_name"].strip(),
                path,
                recipe,
                classes,
                source=path.name,
                prefix=state["own_prefix"] or None,
                key=state["own_key"].strip() or None,
                notes=[taken] if taken else [],
            )
    except ValueError as error:
        show.error(show.capital(why(error)))
    else:
        state["added"] = card["name"]
        st.rerun()


def given() -> dict[str, Any]:
    """Return what the form says of what comes before the network, and None for what it does not."""
    state = st.session_state
    return {
        "input_size": state["own_size"],
        "crop": state["own_crop"],
        "interpolation": state["own_interpolation"],
        "mean": numbers(state["own_mean"]) if state["own_mean"] else None,
        "std": numbers(state["own_std"]) if state["own_std"] else None,
    }


def check_lengths() -> None:
    """Refuse a field that is longer than the form lets anybody write.

    Raises ValueError naming the field.
    """
    for key, longest in LONGEST.items():
        if (length := len(st.session_state[key] or "")) > longest:
            raise ValueError(
                f"{key.removeprefix('own_')} has {length:,} characters; it has at most {longest:,}."
            )


def numbers(words: str) -> list[float]:
    """Read numbers with commas or spaces between them.

    Raises ValueError for anything else.
    """
    try:
        return [float(word) for word in words.replace(",", " ").split()]
    except ValueError:
        raise ValueError(
            f"{words!r} is not three numbers with commas or spaces between them."
        ) from None


def file_name(name: str) -> str:
    """Return a file's name without what could lead it to another folder."""
    return re.sub(r"[^\w.-]", "_", name).strip(".")[-100:] or "weights"


def removing(name: str) -> None:
    """Draw the button that removes a model, where it is an added one."""
    if store.card_path(name).parent == places.models_folder():
        st.button(
            say("Remove from this machine"), on_click=remove, args=(name,), key=f"remove_{name}"
        )


def remove(name: str) -> None:
    """Remove a model, here and from what sessions share."""
    installing.remove(name)
    cache.forget_models()
