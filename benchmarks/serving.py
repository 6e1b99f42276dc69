"""The app as a new user starts it, for whoever looks at it through a browser."""

import json
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from blurlab import places
from blurlab.ui import channel

PATIENCE = 180  # seconds for a server to answer
LEFT = "starlette.websockets.WebSocketDisconnected"


class Server(NamedTuple):
    """address: http://localhost:port.  started: time.monotonic() when the command was given.
    log: what the server writes.
    """

    address: str
    started: float
    log: Path

    def errors(self) -> list[str]:
        """Return the last line of every traceback in the log so far, and other lines of errors.

        Streamlit's own, of a visitor who left while something was being sent, is no error of ours.
        """
        found, is_within, is_streamlits = [], False, False
        for line in self.log.read_text(errors="replace").splitlines():
            if line.startswith("Traceback (most recent call last)"):
                is_within, is_streamlits = True, False
            elif is_within and line[:1] not in ("", " "):
                if not (is_streamlits and line.startswith(LEFT)):
                    found.append(line)
                is_within = False
            elif re.search(r"\b(ERROR|CRITICAL)\b|[Uu]ncaught|[Uu]nhandled|never awaited", line):
                found.append(line)
            is_streamlits |= "starlette_websocket.py" in line
        return found


@contextmanager
def served(app: str | Path = "app.py") -> Iterator[Server]:
    """Run streamlit on a free port until the block ends, from when it answers requests.

    Raises RuntimeError with what the server wrote when it does not come up.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(app), "--server.port", str(port)]
    started = time.monotonic()
    # A pipe that nobody empties would stop it when full.
    with tempfile.NamedTemporaryFile("w+") as said:
        process = subprocess.Popen(command, cwd=places.ROOT, stdout=subprocess.DEVNULL, stderr=said)
        try:
            while not _is_up(port):
                if process.poll() is not None or time.monotonic() - started > PATIENCE:
                    process.kill()
                    said.seek(0)
                    raise RuntimeError(f"the server did not come up: {said.read()}")
                time.sleep(0.02)
            yield Server(f"http://localhost:{port}", started, Path(said.name))
        finally:
            process.terminate()
            process.wait(timeout=30)


def _is_up(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer:
            return answer.status == 200
    except (URLError, ConnectionError, TimeoutError):
        return False


@contextmanager
def routed(routes: Sequence[BaseRoute]) -> Iterator[str]:
    """Serve some routes alone on a free port of this machine; yield their address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = uvicorn.Config(
        Starlette(routes=routes), port=port, log_level="critical", ws="websockets-sansio"
    )
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@contextmanager
def joined(address: str, *names: str) -> Iterator[ClientConnection]:
    """Connect to the frame channel as a page of the same server does, and ask networks, if any."""
    origin = address.replace("ws://", "http://").removesuffix(channel.PATH)
    with connect(address, origin=Origin(origin), compression=None, max_size=None) as client:
        if names:
            client.send(json.dumps({"models": names}))
        yield client
