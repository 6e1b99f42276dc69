"""Which folders of this machine a page may read; the command line reads any."""

import os
from pathlib import Path

import streamlit as st

from blurlab import places, public
from blurlab.data import sets

OFF = "This server reads no folders of its disk; its owner can name some in $BLURLAB_FOLDERS."


def is_public() -> bool:
    """Tell whether the server listens to others than this machine."""
    return st.get_option("server.address") not in ("127.0.0.1", "localhost", "::1")


def folders() -> list[Path]:
    """Return the folders that pages may read, with all that lies in them.

    They are those of $BLURLAB_FOLDERS, with the system's separator between them. Without it they
    are the home folder, the working folder and that of the data sets, but none where the server
    listens to others. A public server reads none at all.
    """
    if public.is_public():
        return []
    named = os.environ.get("BLURLAB_FOLDERS")
    if named is not None:
        return [Path(each).absolute() for each in named.split(os.pathsep) if each]
    return [] if is_public() else [Path.home(), Path.cwd(), places.data_folder().absolute()]


def opened(words: str) -> str:
    """Return the words for sources.find that name what a person typed on a page.

    Raises ValueError, with the same sentence whether it exists or not, for a folder outside of
    folders(), by its words or by where its links lead.
    """
    if words in sets.DATASETS:
        return words
    path = Path(os.path.normpath(Path.cwd() / _at_home(words)))
    if _is_within(path):  # by its words, so that the disk is not asked about others
        found = path.resolve()
        # The corruptions of CIFAR-10-C are files two folders up.
        if _is_within(found) and (found.is_dir() or _is_within(found.parent.parent)):
            return str(path)
    raise ValueError(
        f"{words[:100]!r} is no folder that pages may read; $BLURLAB_FOLDERS says which are."
    )


def _at_home(words: str) -> Path:
    """Expand ~ alone: of another's home it would tell whether there is such a person."""
    first, *rest = Path(words).parts or ("",)
    return Path.home().joinpath(*rest) if first == "~" else Path(words)


def _is_within(path: Path) -> bool:
    return any(
        path.is_relative_to(root) or path.is_relative_to(root.resolve()) for root in folders()
    )
