"""What the server does before its first visitor."""

import subprocess
import sys

from blurlab import places

CODE = """
import gc
from blurlab.networks import store
from blurlab.ui import loaded, server
server.import_libraries()
print(gc.get_freeze_count(), len(loaded.in_memory()))
server.load_models()
opening = {name for data in ("imagenet", "objects", "imagenette") for name in store.pair(data)}
opening &= set(store.names())
print(gc.get_freeze_count(), set(loaded.in_memory()) == opening)
"""


def test_libraries_and_then_the_models_that_pages_open_with_are_loaded_and_frozen():
    run = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=places.ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    before, after = (line.split() for line in run.stdout.splitlines())
    assert int(after[0]) > int(before[0]) > 100_000
    assert (before[1], after[1]) == ("0", "True")
