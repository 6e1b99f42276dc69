"""Where things are: what ships with BlurLab, and the folders that the environment names.

A checkout holds the app and its assets beside the package; a wheel carries them inside it.
"""

import os
import secrets
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).parent
STORIES = PACKAGE / "stories"
GLOSSARY = PACKAGE / "glossary.toml"
ARTICLE = PACKAGE / "article.toml"
LANGUAGES = PACKAGE / "languages"
CARRIED = PACKAGE / "shipped"  # there in an installed wheel alone
INSTALLED = CARRIED.is_dir()
ROOT = CARRIED if INSTALLED else PACKAGE.parent

APP = ROOT / "app.py"  # Streamlit's script, beside its pages and its .streamlit/config.toml
ICON = ROOT / "assets" / "icon.png"
SHIPPED_MODELS = ROOT / "assets" / "models"
SHIPPED_GRAPHS = ROOT / "assets" / "graphs"
SHIPPED_RESULTS = ROOT / "assets" / "results"
# Networks that a visitor made, which are gone when this process ends; there once there is one.
PASSING_MODELS = Path(tempfile.gettempdir()) / f"blurlab-{secrets.token_hex(8)}"
SHIPPED_BASIS = ROOT / "assets" / "pca" / "imagenette_32.safetensors"


def models_folder() -> Path:
    """Return where added models lie: $BLURLAB_MODELS, or a folder in the user's cache."""
    return _named("BLURLAB_MODELS", "models")


def results_folder() -> Path:
    """Return where new results are kept: $BLURLAB_RESULTS, or a folder in the user's cache."""
    return _named("BLURLAB_RESULTS", "results")


def stories_folder() -> Path:
    """Return where stories of one's own lie: $BLURLAB_STORIES, or a folder in the user's cache."""
    return _named("BLURLAB_STORIES", "stories")


def data_folder() -> Path:
    """Return where data sets are looked for: $BLURLAB_DATA, or a folder in the user's cache."""
    return _named("BLURLAB_DATA", "")


def _named(variable: str, usual: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / ".cache" / "blurlab" / usual)
