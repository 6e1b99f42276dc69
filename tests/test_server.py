"""What the server does before its first visitor."""

import subprocess
import sys

from blurlab import places

CODE = """
import gc
from blurlab.networks import store
from blurlab.ui import loaded, server
server.warm_up()
opening = {*store.pair("objects"), *store.pair("imagenette")}
print(gc.get_freeze_count(), set(loaded.in_memory()) == opening)
"""


def test_the_models_that_pages_open_with_are_loaded_and_frozen_before_the_first_visitor():
    run = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=places.ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    frozen, loaded = run.stdout.split()
    assert int(frozen) > 100_000
    assert loaded == "True"
