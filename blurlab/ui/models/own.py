"""A person's own model on a page: the form that adds it, and the button that removes it."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from blurlab import limits, places
from blurlab.networks import classifier, installing, store
from blurlab.ui import cache, show

MOST_MB = 400
LONGEST = {  # characters
    "own_name": 64,
    "own_architecture": 100,
    "own_classes": 1_000_000,
    "own_mean": 100,
    "own_std": 100,
    "own_prefix": 100,
}
WRITTEN_MEAN, WRITTEN_STD = (
    ", ".join(map(str, each)) for each in (classifier.MEAN, classifier.STD)
)


def form() -> None:
    """Draw the form for a model of one's own, and install what it says."""
    if added := st.session_state.pop("added", None):
        st.success(f"{show.plain(added)} is installed: choose it in the sidebar.")
        for note in cache.card(added).get("notes", ()):
            st.info(show.plain(note))
    with st.form("own"):
        file = st.file_uploader(
            f"Weights, at most {MOST_MB} MB: safetensors, a state dict of torch.save, or a .pt2 of "
            "torch.export.save",
            key="own_file",
            max_upload_size=MOST_MB,
        )
        first, second, third = st.columns([2, 2, 1])
        first.text_input("Name", key="own_name", max_chars=LONGEST["own_name"])
        second.text_input(
            "Architecture",
            key="own_architecture",
            max_chars=LONGEST["own_architecture"],
            placeholder="resnet18",
            help="A name of torchvision's, timm:NAME, cifar:resnet20, or the name of an installed "
            "model that is built alike; a .pt2 needs none",
        )
        third.number_input("Input size (pixels)", *installing.SIZES, 224, key="own_size")
        st.text_area(
            "Class names in the order of the answers, one a line or with commas between them",
            key="own_classes",
            max_chars=LONGEST["own_classes"],
            placeholder="imagenet, cifar10, imagenette and objects are known by these names",
        )
        left, right, rest, last = st.columns([2, 2, 1, 1])
        left.text_input(
            "Mean of the three colours", WRITTEN_MEAN, LONGEST["own_mean"], key="own_mean"
        )
        right.text_input("Standard deviation", WRITTEN_STD, LONGEST["own_std"], key="own_std")
        rest.text_input(
            "Prefix", max_chars=LONGEST["own_prefix"], key="own_prefix",
            help="Of the names in the file, if unusual",
        )  # fmt: skip
        last.text_input(
            "Key", max_chars=LONGEST["own_prefix"], key="own_key",
            help="Of one network where a file holds several",
        )  # fmt: skip
        asked = st.form_submit_button("Install")
    st.caption(
        "Nothing in the file is run: what is no tensor is stepped over. On the command line, "
        "`python -m blurlab add` does the same for files of any size."
    )
    if asked:
        install(file)


def install(file: UploadedFile | None) -> None:
    """Install what the form says, or show the one thing that does not fit."""
    state = st.session_state
    try:
        if file is None:
            raise ValueError("no file was chosen; the form takes the weights.")
        check_lengths()
        limits.check_models(places.models_folder(), file.size)
        classes = installing.listed(state["own_classes"])
        with TemporaryDirectory() as folder:
            path = Path(folder) / file_name(file.name)
            path.write_bytes(file.getbuffer())
            recipe = installing.recipe(
                str(path) if path.suffix == ".pt2" else state["own_architecture"].strip(),
                int(state["own_size"]),
                mean=numbers(state["own_mean"]),
                std=numbers(state["own_std"]),
            )
            card = installing.add(
                state["own_name"].strip(),
                path,
                recipe,
                classes,
                source=path.name,
                prefix=state["own_prefix"] or None,
                key=state["own_key"].strip() or None,
            )
    except ValueError as error:
        show.error(f"{str(error)[0].upper()}{str(error)[1:]}")
    else:
        state["added"] = card["name"]
        st.rerun()


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
    """Read numbers with commas between them.

    Raises ValueError for anything else.
    """
    try:
        return [float(word) for word in words.split(",")]
    except ValueError:
        raise ValueError(f"{words!r} is not three numbers with commas between them.") from None


def file_name(name: str) -> str:
    """Return a file's name without what could lead it to another folder."""
    return re.sub(r"[^\w.-]", "_", name).strip(".")[-100:] or "weights"


def removing(name: str) -> None:
    """Draw the button that removes a model, where it is an added one."""
    if store.card_path(name).parent == places.models_folder():
        st.button("Remove from this machine", on_click=remove, args=(name,))


def remove(name: str) -> None:
    """Remove a model, here and from what sessions share."""
    installing.remove(name)
    cache.forget_models()
