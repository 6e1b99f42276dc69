"""A folder in which commands are run, and a network that they find."""

from pathlib import Path

import pytest
import tiny
import torch

from blurlab import places
from blurlab.pictures.images import save_image

SIZE = 40


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in with two square pictures, low.npy and high.npy, and some odd files."""
    monkeypatch.chdir(tmp_path)
    low, high = torch.rand(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    save_image(low, "low.npy")
    save_image(high, "high.npy")
    save_image(torch.rand(3, 30, 30), "small.png")
    save_image(torch.rand(3, 30, 50), "wide.png")
    Path("text.png").write_text("not a picture")
    Path("empty.toml").write_text("")
    return tmp_path


@pytest.fixture
def installed(here, monkeypatch, tmp_path_factory):
    """One untrained tiny model in a folder of models of its own."""
    folder = here / "models"
    folder.mkdir()
    monkeypatch.setattr(places, "SHIPPED_MODELS", folder)
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path_factory.mktemp("results")))
    tiny.write_folders(here / "folder", 6)
    return tiny.install(folder)
