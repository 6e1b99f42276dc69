"""Servers that stand in for those of publishers, and what they have to serve."""

import hashlib
import io
import pickle
import re
import tarfile
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torchvision.datasets import CIFAR10, Imagenette

from blurlab import places
from blurlab.data import sets
from blurlab.networks import published
from blurlab.pictures.images import png_bytes

CONTENT = bytes(range(256)) * 4000  # 1 MB
PAGE = b"<!DOCTYPE html><html><body>Quota exceeded</body></html>"
ARCHIVE_FILES = {"imagenette": "imagenette2-160.tgz", "cifar10": CIFAR10.filename}
NOISE = np.random.default_rng(0).bytes(600_000)  # which nothing packs into less
MADRY = "madry_resnet18_l2_eps3"


class Handler(BaseHTTPRequestHandler):
    """Serves content in the way that the path names; its server notes the ranges asked for."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.ranges.append(self.headers.get("Range"))
        start = 0
        if self.headers.get("Range") and self.path != "/no-ranges":
            start = int(re.fullmatch(r"bytes=(\d+)-", self.headers["Range"])[1])
        content = self.server.content
        if start >= len(content):
            self.send_error(416)
            return
        way = self.path[1:].partition("?")[0].replace("-", "_")
        getattr(self, way)(content[start:], start)

    def start(self, length, start, kind="application/octet-stream"):
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        if start:
            whole = len(self.server.content)
            self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        self.end_headers()

    def whole(self, content, start):
        self.start(len(content), start)
        self.wfile.write(content)

    no_ranges = whole

    def unknown_length(self, content, start):
        self.start(None, start)
        self.wfile.write(content)

    def truncated(self, content, start):
        """Ends in the middle the first time, and serves the rest when it is asked for it."""
        self.start(len(content), start)
        self.wfile.write(content if start else content[:400_000])

    def stalled(self, content, start):
        """Stops sending in the middle the first time, with the connection open."""
        self.start(len(content), start)
        if start:
            self.wfile.write(content)
            return
        self.wfile.write(content[:300_000])
        self.wfile.flush()
        self.server.released.wait(20)

    def longer(self, content, start):
        """Says that there is less than it sends, and without a length sends more."""
        self.start(len(content) - 1000, start)
        self.wfile.write(content)

    def shorter(self, content, start):
        self.start(len(content) + 1000, start)
        self.wfile.write(content)

    def page(self, content, start):
        self.start(len(PAGE), 0, "text/html")
        self.wfile.write(PAGE)

    def other(self, content, start):
        self.start(len(content), start)
        self.wfile.write(content[:-1] + b"\0")

    def slow(self, content, start):
        self.start(len(content), start)
        for first in range(0, len(content), 10_000):
            self.wfile.write(content[first : first + 10_000])
            self.wfile.flush()
            if self.server.released.wait(0.05):
                return

    def gone(self, content, start):
        self.send_error(404)


@pytest.fixture
def server():
    """A server of CONTENT: its address, what it has been asked for, and set_content(bytes)."""
    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.content, found.ranges, found.released = CONTENT, [], threading.Event()
    found.handle_error = lambda *_: None  # a client that goes away is what some tests are about
    thread = threading.Thread(target=found.serve_forever, args=(0.02,))
    thread.start()
    address = f"http://127.0.0.1:{found.server_port}"
    yield SimpleNamespace(
        address=address,
        ranges=found.ranges,
        set_content=lambda content: setattr(found, "content", content),
    )
    found.released.set()
    found.shutdown()
    thread.join()
    found.server_close()


def packed(files):
    """Pack files by their names, as data sets are."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def cifar_files():
    """Two pictures per file, as CIFAR-10 lays them out."""
    grey = np.repeat([[9], [200]], 3072, 1).astype(np.uint8)
    picked = pickle.dumps({"data": grey, "labels": [3, 5]})
    names = pickle.dumps({"label_names": list(sets.CIFAR10_CLASSES)})
    return {"data_batch_1": picked, "test_batch": picked, "batches.meta": names}


def imagenette_files():
    """One grey picture of each of two classes in either split, in Imagenette's folders."""
    return {
        f"imagenette2-160/{split}/{folder}/{split}_{number}.JPEG": png_bytes(
            torch.full((3, 20, 30), 0.2 * (number + 1))
        )
        for split in ("train", "val")
        for number, folder in enumerate(sets.IMAGENETTE_FOLDERS[:2])
    }


@pytest.fixture
def publish(server, monkeypatch):
    """Let the server have a data set's archive in place of its publisher, to serve in some way."""

    def put(name, way="whole", content=None):
        files = cifar_files()
        if content is None and name == "cifar10":
            inside = {f"{CIFAR10.base_folder}/{key}": files[key] for key in files}
            content = packed(inside | {f"{CIFAR10.base_folder}/noise": NOISE})
        elif content is None:
            content = packed(imagenette_files() | {"imagenette2-160/noise": NOISE})
        server.set_content(content)
        url, md5 = (
            f"{server.address}/{way}?/{ARCHIVE_FILES[name]}",
            hashlib.md5(content).hexdigest(),
        )
        sums = {key: hashlib.md5(files[key]).hexdigest() for key in files}
        monkeypatch.setattr(CIFAR10, "url", url)
        monkeypatch.setattr(CIFAR10, "tgz_md5", md5)
        monkeypatch.setattr(CIFAR10, "train_list", [["data_batch_1", sums["data_batch_1"]]])
        monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
        monkeypatch.setitem(CIFAR10.meta, "md5", sums["batches.meta"])
        monkeypatch.setitem(Imagenette._ARCHIVES, "160px", (url, md5))
        return content

    return put


class Quiet(SimpleHTTPRequestHandler):
    """Serves the files of a folder."""

    def log_message(self, *_):
        pass


@pytest.fixture
def added(tmp_path, monkeypatch):
    """Empty folders in place of the models that ship and of those that were added."""
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path / "shipped")
    monkeypatch.setenv("BLURLAB_MODELS", str(tmp_path / "added"))
    return tmp_path / "added"


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A folder that a server has in place of the Madry lab's, and the table that says so."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=shelf))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setattr(published, "MADRY", f"http://127.0.0.1:{server.server_port}")
    published.table.cache_clear()
    yield shelf
    published.table.cache_clear()
    server.shutdown()
    thread.join()
    server.server_close()


class Meter:
    """An object of somebody's training code, as published checkpoints hold."""

    def __init__(self):
        self.history = [1.0, 2.0]


@pytest.fixture
def publish_network(served, monkeypatch):
    """Let the shelf have a network in a file as the Madry lab's, and the table its hash."""

    def put(net):
        state = net.state_dict()
        attacked = {key: torch.zeros_like(value) for key, value in state.items()}
        whole = (
            {f"module.model.{key}": value for key, value in state.items()}
            | {f"module.attacker.model.{key}": value for key, value in attacked.items()}
            | {"module.normalizer.new_mean": torch.zeros(3, 1, 1)}
        )
        run = {"model": whole, "schedule": Meter(), "epoch": 90, "optimizer": {"lr": 0.1}}
        file = served / "resnet18_l2_eps3.ckpt"
        torch.save(run, file, _use_new_zipfile_serialization=False)
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        monkeypatch.setitem(published.MADRY_FILES, "resnet18_l2_eps3", sha256)
        published.table.cache_clear()

    return put
