"""The page on hosting: its limits are the program's, and stand where it says that they do."""

import ast
import re
import tomllib

import pytest

from blurlab import limits, places
from blurlab.attacks.table import STEPS
from blurlab.people import finished
from blurlab.pictures import images
from blurlab.training import live
from blurlab.ui import channel, jobs, link, messages, pictures
from blurlab.ui.audience import room, routes
from blurlab.ui.models import own

PAGE = (places.ROOT / "docs" / "hosting.md").read_text()
SERVER = tomllib.loads((places.ROOT / ".streamlit" / "config.toml").read_text())["server"]
PLACED = re.findall(r"(?:`(\w+)` in )?`(\w+/[\w/]+\.py)`", PAGE)
patience = {name: f"{queue.patience:.0f} s" for name, queue in jobs.QUEUES.items()}


@pytest.mark.parametrize(("name", "file"), PLACED)
def test_every_limit_is_set_where_the_page_says(name, file):
    lines = ast.parse((places.ROOT / file).read_text()).body
    targets = [target for line in lines for target in getattr(line, "targets", ())]
    assert not name or name in {getattr(target, "id", "") for target in targets}


@pytest.mark.parametrize(
    "words",
    [
        f"| {pictures.MOST_MB} MB, {images.MAX_PIXELS // 10**6} megapixels |",
        f"| {own.MOST_MB} MB |",
        f"{limits.MOST_MODELS} networks, {limits.MODELS_MB:,} MB together, and {limits.ROOM_MB:,} "
        "MB of the disk stay free",
        f"{limits.MOST_CLASSES:,} names of {limits.LONGEST_CLASS} characters",
        f"{limits.LONGEST_TEXT:,} characters; what cannot be seen is a box",
        f"a sentence repeats {link.SHOWN} of them",
        f"stopped {patience['measures']} after its last viewer has left; none is begun with less "
        f"than {limits.ROOM_MB:,} MB",
        f"{STEPS.high} steps at most, stopped {patience['answers']} after its viewer",
        f"stopped {patience['lessons']} after its viewer has left; {live.MOST_LENT} pairs",
        f"{room.MOST_PHONES:,} phones, {max(room.EACH)} trials each; {room.MOST_SILENT} of one "
        f"address that have answered nothing; {routes.MOST_BYTES:,} bytes",
        f"{finished.MOST:,} results, of which",
        f"{channel.MOST_A_SECOND} messages a second of at most {messages.MOST_BYTES:,} bytes",
        f"{channel.MOST_CLIENTS} clients",
    ],
)
def test_every_limit_is_the_programs(words):
    assert words in PAGE


def test_a_file_of_weights_is_as_large_as_the_server_takes():
    assert SERVER["maxUploadSize"] == own.MOST_MB


def test_a_container_needs_nothing_of_what_only_tests_do():
    """It installs requirements.txt up to the line that begins what tests need."""
    (named,) = re.findall(r"sed '/\^(.+)\$/", (places.ROOT / "Dockerfile").read_text())
    needed = (places.ROOT / "requirements.txt").read_text().split(f"\n{named}\n")
    assert len(needed) == 2
    packages = [set(re.findall(r"^([\w-]+)[>=]", part, re.M)) for part in needed]
    project = tomllib.loads((places.ROOT / "pyproject.toml").read_text())["project"]
    assert packages[0] == {re.match(r"[\w-]+", each)[0] for each in project["dependencies"]}
