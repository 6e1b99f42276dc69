"""Text that people hand over: read as editors write it, and compared as people do."""

import codecs
from pathlib import Path

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def read(path: Path) -> str:
    """Read a file of text in UTF-8 or, where a mark at its start says so, in UTF-16.

    Raises ValueError for any other encoding.
    """
    data = path.read_bytes()
    encoding = next((name for mark, name in MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise ValueError(f"{path} is not text in UTF-8 or marked UTF-16; save it as UTF-8.")
    return text


def spelling(label: str) -> str:
    """Return a label as it is compared with others, whatever its case, spaces and underscores."""
    return " ".join(label.replace("_", " ").split()).casefold()
