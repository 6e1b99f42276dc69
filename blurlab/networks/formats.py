"""What a file of weights is, where it is of another format than those that are read."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from blurlab.data.downloads import is_html
from blurlab.networks import inert

HEAD = 512  # bytes that tell formats apart
EXPORT = "in its own framework, save the tensors by name as safetensors"
SHARD = re.compile(r"-(\d{5})-of-(\d{5})\b")


class File(NamedTuple):
    """What is looked at: its name, its first bytes, and the names of what is in an archive."""

    name: str
    head: bytes
    entries: list[str]


class Format(NamedTuple):
    """A format that is not read: how it is recognised, and a sentence's end with the way out."""

    is_it: Callable[[File], bool]
    words: str


def begins(*magics: bytes) -> Callable[[File], bool]:
    return lambda file: file.head.startswith(magics)


def ends(*suffixes: str) -> Callable[[File], bool]:
    return lambda file: file.name.lower().endswith(suffixes)


def holds(pattern: str) -> Callable[[File], bool]:
    return lambda file: any(re.search(pattern, entry) for entry in file.entries)


def is_shard(file: File) -> bool:
    found = SHARD.search(file.name)
    return found is not None and int(found[2]) > 1


def is_onnx(file: File) -> bool:
    """Tell ONNX by its name, or its version and producer, for it begins with no mark of its own."""
    start = re.match(rb"\x08[\x01-\x20]\x12[\x03-\x7f][\x20-\x7e]{3}", file.head)
    return bool(start) or ends(".onnx")(file)


def is_json(file: File) -> bool:
    return bool(re.match(rb"\s*\{[\s\x20-\x7e]{8}", file.head))


def is_packed(file: File) -> bool:
    """Tell an archive with a file of weights in it from what PyTorch writes, an archive too."""
    own = any(entry.endswith(("data.pkl", ".json")) for entry in file.entries)
    return not own and holds(r"\.(pt|pth|ckpt|bin|safetensors|tar)$")(file)


ARRAYS = "holds NumPy arrays; save them by name as safetensors, in PyTorch's layout"
FORMATS = (
    Format(lambda file: not file.head, "is empty; fetch or save it again"),
    Format(lambda file: is_html(file.head), "is a web page, not weights; download the file itself"),
    Format(
        begins(b"version https://git-lfs.github.com/"),
        "is a Git LFS pointer, not the weights; fetch them with `git lfs pull`",
    ),
    Format(
        lambda file: file.name.lower().endswith(".index.json") or b'"weight_map"' in file.head,
        "is the index of a network in several files; load them together and save the state dict "
        "as one",
    ),
    Format(is_json, "is JSON, not weights; choose the file with the tensors"),
    Format(
        is_shard, "is one of several files of a network; join them and save the state dict as one"
    ),
    Format(
        begins(b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"),
        "is compressed; unpack it first",
    ),
    Format(begins(b"7z\xbc\xaf\x27\x1c", b"Rar!"), "is an archive; unpack it first"),
    Format(lambda file: file.head[257:262] == b"ustar", "is a tar archive; unpack it first"),
    Format(begins(b"\x89HDF\r\n\x1a\n"), f"is HDF5, as Keras writes; {EXPORT}"),
    Format(holds(r"^model\.weights\.h5$"), f"is a network of Keras; {EXPORT}"),
    Format(lambda file: file.head[4:8] == b"TFL3", f"is of TensorFlow Lite; {EXPORT}"),
    Format(ends(".pb"), f"is a graph of TensorFlow; {EXPORT}"),
    Format(begins(b"GGUF"), f"is GGUF, which holds language models; {EXPORT}"),
    Format(begins(b"\x93NUMPY"), ARRAYS),
    Format(lambda f: bool(f.entries) and all(e.endswith(".npy") for e in f.entries), ARRAYS),
    Format(
        is_onnx,
        "is ONNX, which is not read; export the network with torch.export.save, or save its "
        "state dict",
    ),
    Format(
        holds(r"(^|/)constants\.pkl$"),
        "is TorchScript, a program that is not run; save the state dict of what torch.jit.load "
        "returns, or export the network with torch.export.save",
    ),
    Format(is_packed, "is an archive with a file of weights in it; unpack it first"),
)


def refuse(path: Path) -> None:
    """Raise ValueError, in one sentence with the way out, for a file of a format that is not read.

    An archive whose list of files would fill the memory is one of those.
    """
    file = look(path)
    words = next((each.words for each in FORMATS if each.is_it(file)), None)
    if words:
        raise ValueError(f"{path.name} {words}.")


def look(path: Path) -> File:
    """Read what tells a file's format."""
    with path.open("rb") as opened:
        head = opened.read(HEAD)
    return File(path.name, head, _entries(path))


def _entries(path: Path) -> list[str]:
    if not zipfile.is_zipfile(path):
        return []
    try:
        with inert.opened(path) as archive:
            return archive.namelist()
    except inert.Excess as error:
        raise ValueError(f"{path.name} {error}; {inert.SAVED}.") from None
    except inert.BROKEN:
        return []
