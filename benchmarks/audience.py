"""How fast an audience is served: simulated phones that play at the pace of people."""

import asyncio
import json
import math
import random
import statistics
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from benchmarks import Row
from benchmarks.serving import routed
from benchmarks.ui import ms
from blurlab.ui.audience import room, routes

PHONES, TRIALS = 200, 8
PACE = (1.5, 3.5)  # seconds from a trial to its answer


async def asked(host: str, path: str, sent: object = None) -> bytes:
    """Send one request, as a phone does, and return the answer's body."""
    name, _, port = host.partition(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    body = b"" if sent is None else json.dumps(sent).encode()
    kind = "GET" if sent is None else "POST"
    head = f"{kind} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    told = await reader.read()
    writer.close()
    status, _, content = told.partition(b"\r\n\r\n")
    if b" 200 " not in (first := status.split(b"\r\n")[0]):
        raise RuntimeError(first.decode())
    return content


async def phone(host: str, waits: list[float]) -> None:
    """Join, fetch pictures and answer, as often as one is asked."""
    await asyncio.sleep(random.uniform(0, PACE[1]))
    told = json.loads(await asked(host, routes.ROOM_PATH, {"phone": ""}))
    while (trial := told["trial"]) is not None:
        await asyncio.gather(*(asked(host, f"/{trial[side]}") for side in ("low", "high")))
        await asyncio.sleep(random.uniform(*PACE))
        coarse = trial["cutoff"] > 8
        answer = {"number": trial["number"], "coarse": coarse, "shown": 200.0}
        begun = time.perf_counter()
        told = json.loads(
            await asked(host, routes.ROOM_PATH, {"phone": told["phone"], "answer": answer})
        )
        waits.append(time.perf_counter() - begun)


def audience() -> Iterator[Row]:
    """Let an audience play, the pictures unknown to the server when it begins."""
    room.ROOM.begin_anew("crowd", TRIALS)
    room.ROOM.steer("open")
    waits: list[float] = []

    async def play(host: str) -> list[BaseException | None]:
        phones = [phone(host, waits) for _ in range(PHONES)]
        return await asyncio.gather(*phones, return_exceptions=True)

    with routed(routes.routes()) as address:
        wrong = [each for each in asyncio.run(play(urlsplit(address).netloc)) if each]
    median = 1000 * statistics.median(waits) if waits else math.nan
    late = 1000 * statistics.quantiles(waits, n=20)[-1] if len(waits) > 1 else math.nan
    yield Row(
        f"an answer of one of {PHONES} phones to its next trial", "300 ms", median / 300, at_most=1,
        times=f"{ms(median)}, 95 % within {ms(late)}; {len(waits):,} answers",
    )  # fmt: skip
    yield Row("of these phones, those that met an error", "none", len(wrong), at_most=0)


ROWS = [audience]
