"""BlurLab: which spatial frequencies does a vision model see with? See blurlab.library."""

from typing import Any

__version__ = "0.1.0"

OFFERED = (
    "accuracy", "as_pictures", "attack", "f_half", "f_rev", "figure", "hybrid", "kept", "labelled",
    "measure", "network",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load the library when something of it is first asked for: parts of blurlab run without it."""
    if name not in OFFERED:
        raise AttributeError(f"module 'blurlab' has no attribute {name!r}")
    from blurlab import library

    return getattr(library, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *OFFERED])
