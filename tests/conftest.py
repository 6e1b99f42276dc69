"""Pictures with known answers, and the reference data beside the checkout."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch

pytest_plugins = ["browser", "commanding", "opening", "servers"]
SHARED = Path(__file__).parents[2] / "shared"
# Models that the user of this machine has added are no part of the tests.
os.environ["BLURLAB_MODELS"] = str(Path(__file__).parent / "no_models")

# Pages may read the folders that tests make.
os.environ["BLURLAB_FOLDERS"] = tempfile.gettempdir()


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


@pytest.fixture
def images(generator):
    """Four smooth random pictures, (4, 3, 64, 64) in [0, 1]."""
    coarse = torch.rand(4, 3, 8, 8, generator=generator)
    return torch.nn.functional.interpolate(coarse, 64, mode="bilinear")


@pytest.fixture(scope="session")
def shared():
    """The folder of reference data beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("there is no folder named shared beside the checkout")
    return SHARED


@pytest.fixture(scope="session")
def golden(shared):
    """Load a reference file by its name without .npz."""
    return lambda name: np.load(shared / "golden" / f"{name}.npz")


@pytest.fixture(scope="session")
def published():
    """What the authors' arithmetic gives for synthetic pictures, every second row and column."""
    return np.load(Path(__file__).parent / "fixtures" / "published_arithmetic.npz")
