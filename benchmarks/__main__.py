"""Measure and print the table: python -m benchmarks, or with the names of some rows' functions."""

import importlib
import pkgutil
import platform
import sys
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import torch

import benchmarks
from benchmarks import Row

PACKAGES = ("torch", "torchvision", "numpy", "scipy", "streamlit")


def measurements() -> dict:
    """Collect the functions that every module of this folder lists in ROWS, by their names.

    Modules that need what is not installed, as those of the app on a bare GPU machine, are named
    and left out.
    """
    found: dict[str, Callable] = {}
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if module.name == "__main__":
            continue
        try:
            rows = getattr(importlib.import_module(f"benchmarks.{module.name}"), "ROWS", [])
        except ModuleNotFoundError as error:
            print(f"left out: benchmarks.{module.name} needs {error.name}", file=sys.stderr)
            continue
        found |= {row.__name__: row for row in rows}
    return found


def machine() -> str:
    """Name the processor, its cores, any GPU, and the versions that matter."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor()
    parts = [f"{processor}, {torch.get_num_threads()} thread"]
    if torch.cuda.is_available():
        parts.append(torch.cuda.get_device_name())
    parts.append(f"Python {platform.python_version()}")
    versions = [f"{name} {version(name)}" for name in PACKAGES if find_spec(name)]
    return "; ".join([*parts, ", ".join(versions)])


def line(row: Row) -> str:
    """Write one row of the Markdown table."""
    met, reach = True, "for information"
    if row.at_least is not None:
        met, reach = row.ratio >= row.at_least, f">= {row.at_least:g}"
    if row.at_most is not None:
        met, reach = row.ratio <= row.at_most, f"<= {row.at_most:g}"
    verdict = "" if reach == "for information" else "ok" if met else "short"
    return f"| {row.what} | {row.against} | {row.ratio:.2f} | {reach} | {verdict} | {row.times} |"


def main(names: list[str]) -> int:
    """Print the table as it is measured; return 2 when a name is unknown."""
    torch.set_num_threads(1)
    known = measurements()
    if unknown := [name for name in names if name not in known]:
        print(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}", file=sys.stderr)
        return 2
    print(machine())
    print("\n| what | against | ratio | reach | | times |\n|---|---|---|---|---|---|")
    for name in names or known:
        for row in known[name]():
            print(line(row), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
