"""The core runs without the app."""

import pkgutil
import subprocess
import sys

import blurlab

APP = ("blurlab.ui", "blurlab.__main__")


def test_the_core_imports_neither_streamlit_nor_plotly():
    found = pkgutil.walk_packages(blurlab.__path__, "blurlab.")
    core = [module.name for module in found if not module.name.startswith(APP)]
    assert "blurlab.filters.spectrum" in core
    code = (
        f"import importlib, sys\nfor name in {core}: importlib.import_module(name)\n"
        "print(sorted({'streamlit', 'plotly'} & set(sys.modules)))"
    )
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert fresh.returncode == 0, fresh.stderr
    assert fresh.stdout.strip() == "[]"
