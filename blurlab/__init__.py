"""BlurLab: which spatial frequencies does a vision model see with? See blurlab.library."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# What `import blurlab` offers, by the module that it is of.
OFFERED = {
    "library": ("accuracy", "attack", "f_half", "f_rev", "hybrid", "kept", "measure", "network"),
    "data.given": ("as_pictures", "labelled"),
    "ui.notebook": ("figure",),
}


def __getattr__(name: str) -> Any:
    """Load a module when something of it is first asked for: parts of blurlab run without it."""
    for module, names in OFFERED.items():
        if name in names:
            return getattr(import_module(f"blurlab.{module}"), name)
    raise AttributeError(f"module 'blurlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *(name for names in OFFERED.values() for name in names)])
