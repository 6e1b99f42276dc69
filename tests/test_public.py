"""A public server refuses what its pages do not offer, whoever calls it and however."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest
import torch
from opening import fine, labels, needs_models

from blurlab import places, public
from blurlab.data import archives
from blurlab.measures import results
from blurlab.networks import installing, zoo
from blurlab.training import live
from blurlab.ui import allowed, jobs, owner, shell
from blurlab.ui.corruptions import many
from blurlab.ui.sensitivity import job as measures_job


@pytest.fixture
def room(monkeypatch, tmp_path):
    """Make this process one that serves a room; nothing may be written in its folders."""
    monkeypatch.setenv(public.VARIABLE, "1")
    for variable in ("BLURLAB_MODELS", "BLURLAB_RESULTS"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    yield tmp_path
    assert list(tmp_path.rglob("*")) == []


REFUSED = {
    "installs a network": lambda: installing.add(
        "mine", Path("weights.pt"), ["a", "b"], {}, title="", source=""
    ),
    "writes a network": lambda: installing.write("mine", torch.nn.Identity(), {}, [], "", ""),
    "removes a network": lambda: installing.remove("objects_base"),
    "downloads weights": lambda: list(zoo.download("torchvision_resnet18")),
    "installs weights": lambda: zoo.install("torchvision_resnet18", Path("weights.pth")),
    "downloads pictures": lambda: list(archives.download("cifar10")),
    "keeps results": lambda: results.add(None, 0, {}),
    "joins results": lambda: results.join(None),
    "starts a measure": lambda: measures_job.start([]),
    "keeps a network that learned": lambda: live.keep(live.Lesson(), (None, None), Path("models")),
    "lends a network that learned": lambda: live.lend(live.Lesson(), (None, None)),
    "reads a folder": lambda: allowed.opened(str(Path.home())),
    "measures a spectrum": lambda: many.start(None),
}


def test_every_function_that_refuses_is_tried_here():
    refusing = sum(
        len(re.findall(r"\bpublic\.refuse\(", path.read_text()))
        for path in places.PACKAGE.rglob("*.py")
    )
    assert len(REFUSED) == refusing + 1  # of a folder the sentence is its own


@pytest.mark.parametrize("what", REFUSED)
def test_a_public_server_refuses_it_in_a_sentence(room, what):
    with pytest.raises(ValueError, match=r"\.$") as refused:
        REFUSED[what]()
    assert "\n" not in str(refused.value)


def test_no_folder_is_read_even_if_some_are_named(room, monkeypatch):
    monkeypatch.setenv("BLURLAB_FOLDERS", str(room))
    assert allowed.folders() == []


@needs_models
def test_pages_do_not_offer_what_is_refused(opened, monkeypatch):
    monkeypatch.setenv(public.VARIABLE, "1")
    offered = []
    with monkeypatch.context() as patch:
        patch.setattr(shell.st, "Page", lambda path, **options: offered.append(path))
        shell.pages()
    files = {f"pages/{path.name}" for path in (places.APP.parent / "pages").glob("*.py")}
    assert files - set(offered) == {"pages/models.py"}
    assert not {"Measure", "Continue"} & set(labels(opened("sensitivity", measure="critical_band")))
    for page in ("home", "hybrid", "train", "compare"):
        fine(opened(page))


@needs_models
def test_the_presenters_key_is_needed_on_the_servers_machine_too(opened, room, monkeypatch):
    monkeypatch.setattr(owner, "is_here", lambda: True)
    assert "Start" not in labels(opened("audience"))


def test_a_visitor_has_no_more_than_a_few_jobs_at_once(monkeypatch):
    monkeypatch.setattr(jobs, "_visitor", lambda: "somebody")

    def waiting():
        while True:
            time.sleep(0.01)
            yield 1

    keys = [("public", number) for number in range(jobs.MOST_EACH + 3)]
    try:
        found = [jobs.poll(key, waiting, queue="checks") for key in keys]
        end = time.monotonic() + 20
        while found[0].state not in ("stopped", "cancelled"):
            assert time.monotonic() < end
            time.sleep(0.01)
        assert [job.wish for job in found[: -jobs.MOST_EACH]] == ["stop"] * 3
        assert [job.wish for job in found[-jobs.MOST_EACH :]] == ["run"] * jobs.MOST_EACH
    finally:
        for key in keys:
            jobs.forget(key)


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_serve_public_listens_to_others_and_tells_the_key():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "blurlab", "serve", "--public", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=places.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        try:
            told = "".join(server.stdout.readline() for _ in range(2))
            assert re.search(rf"localhost:{port}/audience\?room_key=[\w-]{{8,}}", told)
            asked = urllib.request.Request(
                f"http://127.0.0.1:{port}/join", headers={"Host": "laptop.local"}
            )
            end = time.monotonic() + 60
            while True:
                try:
                    page = urllib.request.urlopen(asked, timeout=10).read().decode()
                    break
                except OSError:
                    assert time.monotonic() < end
                    time.sleep(0.2)
            assert "blurlab/room" in page
            assert _uploaded(port, 10**5) not in (413, None)
            assert _uploaded(port, public.UPLOAD_MB * 2**20 + 10**6) in (413, None)
            listening = subprocess.run(
                ["cat", "/proc/net/tcp"], capture_output=True, text=True, check=False
            ).stdout
            assert not listening or f"00000000:{port:04X}" in listening  # every address
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)


def _uploaded(port, count):
    """Send so many bytes to where pictures are uploaded, past the page.

    Returns the status; None where the server hung up.
    """
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/_stcore/upload_file/nobody/1",
        data=bytes(count), method="PUT", headers={"Content-Type": "application/octet-stream"},
    )  # fmt: skip
    try:
        return urllib.request.urlopen(asked, timeout=30).status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def test_nothing_is_refused_elsewhere(monkeypatch):
    monkeypatch.delenv(public.VARIABLE, raising=False)
    public.refuse("Anything")
