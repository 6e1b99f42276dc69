"""The package: a wheel holds all that the commands and the app need, far from any checkout."""

import http.client
import os
import re
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import torch

from blurlab import __version__, places
from blurlab.__main__ import main
from blurlab.pictures import objects
from blurlab.pictures.images import save_image

PROJECT = tomllib.loads((places.ROOT / "pyproject.toml").read_text())["project"]
WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
HOME = """
from streamlit.testing.v1 import AppTest
from blurlab import places
app = AppTest.from_file(places.APP, default_timeout=120).run()
print(places.ROOT, len(app.exception), len(app.title) + len(app.header) > 0, sep="\\n")
"""


def requirements(name: str) -> set[str]:
    lines = (places.ROOT / name).read_text().splitlines()
    return {line.replace("'", '"') for line in lines if line and not line.startswith("#")}


# What it asks for


def test_the_app_asks_for_what_the_package_asks_for():
    extras = PROJECT["optional-dependencies"]
    asked = [*PROJECT["dependencies"], *extras["sweep"], *extras["test"]]
    assert requirements("requirements.txt") == {line.replace("'", '"') for line in asked}


def test_every_requirement_is_bounded_on_both_sides_and_allows_the_release_of_the_constraints():
    from packaging.requirements import Requirement

    pinned = dict(line.lower().split("==") for line in requirements("constraints.txt"))
    for requirement in map(Requirement, requirements("requirements.txt")):
        signs = {each.operator for each in requirement.specifier}
        assert signs == {"=="} or signs == {">=", "<"}, requirement
        assert requirement.specifier.contains(pinned[requirement.name])


def test_the_version_is_everywhere_the_same(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert (stop.value.code, capsys.readouterr().out) == (0, f"blurlab {__version__}\n")
    assert f"\nversion: {__version__}\n" in (places.ROOT / "CITATION.cff").read_text()
    released = re.findall(r"^## \[?(\d\S*?)\]? ", (places.ROOT / "CHANGELOG.md").read_text(), re.M)
    assert released[0] == __version__


def test_a_change_is_listed_under_one_version():
    listed = [
        line for line in (places.ROOT / "CHANGELOG.md").read_text().splitlines() if line[:1] == "-"
    ]
    opening = [line[:60] for line in listed]  # a later sentence may be added to one
    assert len(set(opening)) == len(opening)


# What it holds


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """Build the wheel and unpack it, without network and without what it depends on."""
    folder = tmp_path_factory.mktemp("package")
    pip = [sys.executable, "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, places.ROOT], check=True
    )
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", folder / "site", wheel], check=True)
    return folder / "site"


@pytest.fixture
def environment(installed, tmp_path, monkeypatch) -> dict[str, str]:
    """Return the environment of a user who has installed the wheel and no models of their own."""
    monkeypatch.chdir(tmp_path)
    ours = {"PYTHONPATH": str(installed), "PYTHONWARNINGS": "error", "OMP_NUM_THREADS": "1"}
    return {**os.environ, **ours, "HOME": str(tmp_path)}


def test_the_installed_command_answers_about_a_picture_in_any_folder(installed, environment):
    picture, labels = objects.objects(1, 128, torch.Generator().manual_seed(11))
    save_image(picture[0], Path("object.png"))
    ran = subprocess.run(
        [installed / "bin" / "blurlab", "predict", "object.png", "--model", "objects_blur2"],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"objects_blur2: {objects.CLASSES[labels[0]]} ")


def test_the_installed_app_draws_its_first_page(installed, environment):
    ran = subprocess.run(
        [sys.executable, "-c", HOME], env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [str(installed / "blurlab" / "shipped"), "0", "True"]


def test_the_installed_app_is_served_with_the_settings_of_the_checkout(installed, environment):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [installed / "bin" / "blurlab", "app", "--port", str(port)],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        while (found := status(port, "/_stcore/health")) is None:
            assert server.poll() is None, server.stderr.read()
            time.sleep(0.05)
        assert found == 200
        assert status(port, "/_stcore/stream", WEBSOCKET) == 101
        elsewhere = {"Host": "elsewhere.example"}  # which .streamlit/config.toml does not allow
        assert status(port, "/_stcore/stream", WEBSOCKET | elsewhere) == 403
    finally:
        server.terminate()
        server.communicate(timeout=30)


def status(port: int, path: str, headers: dict[str, str] | None = None) -> int | None:
    """Return what the server answers with; None where nothing listens yet."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers or {})
        return connection.getresponse().status
    except ConnectionError:
        return None
    finally:
        connection.close()
