"""The core runs without the app."""

import ast
import pkgutil
import subprocess
import sys

import blurlab
from blurlab import places

APP = ("blurlab.ui", "blurlab.__main__")
# What stands above the core and the pages' drawing alike, and loads the latter when asked for it.
FRONT = ("__init__.py", "__main__.py", "commands", "ui")


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


def test_no_line_of_the_core_names_the_app_or_its_libraries():
    """Nor one within a function or for types alone, which importing it would not show."""
    wrong = [
        f"{path.relative_to(places.PACKAGE)}, line {line.lineno}: {name}"
        for path in sorted(places.PACKAGE.rglob("*.py"))
        if path.relative_to(places.PACKAGE).parts[0] not in FRONT
        for line in ast.walk(ast.parse(path.read_text()))
        for name in named(line)
        if name.startswith("blurlab.ui") or name.partition(".")[0] in ("streamlit", "plotly")
    ]
    assert wrong == []


def named(line):
    """Return the modules that an import names, with what it takes of them."""
    if isinstance(line, ast.ImportFrom):
        return [f"{line.module}.{each.name}" for each in line.names]
    return [each.name for each in line.names] if isinstance(line, ast.Import) else []


def test_libraries_that_load_slowly_are_imported_whole_before_their_parts():
    """Else two threads, each of which holds a part, are handed halves of what they import."""
    wrong = []
    for path in sorted(places.PACKAGE.rglob("*.py")):
        for block in ast.walk(ast.parse(path.read_text())):
            whole = set()
            lines = getattr(block, "body", [])
            for line in lines if isinstance(lines, list) else []:
                if isinstance(line, ast.Import):
                    whole |= {each.name for each in line.names}
                for name in parts(line):
                    package = name.partition(".")[0]
                    if package in ("torchvision", "timm") and package not in whole:
                        wrong.append(f"{path.name}, line {line.lineno}: {name}")
    assert wrong == []


def parts(line):
    """Return the dotted names that an import of a module's part begins with."""
    if isinstance(line, ast.ImportFrom) and line.module and not line.level:
        return [line.module] if "." in line.module else []
    if isinstance(line, ast.Import):
        return [each.name for each in line.names if "." in each.name]
    return []
