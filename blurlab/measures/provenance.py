"""What made a result: which versions, on what, when; and what its pictures were."""

import hashlib
import subprocess
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

import blurlab
from blurlab import places
from blurlab.measures.row import EACH, Tally

CHECKSUM = f"{EACH}checksum"


class Made(NamedTuple):
    """What made the tally of a batch.

    blurlab, torch: versions.  commit: of the checkout that ran, with "-dirty" where it was changed;
    "" where there is none.  device: its name.  precision: that networks computed in.  date: in UTC.
    """

    blurlab: str
    commit: str
    torch: str
    device: str
    precision: str
    date: str


def made(device: str | torch.device) -> Made:
    """Say what makes a tally now; measures compute in float32 everywhere."""
    kind = torch.device(device).type
    name = torch.cuda.get_device_name(device) if kind == "cuda" else kind
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    return Made(blurlab.__version__, _commit(), str(torch.__version__), name, "float32", date)


@cache
def _commit() -> str:
    if not (places.ROOT / ".git").exists():
        return ""
    words = ["git", "-C", str(places.ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        found = subprocess.run(words, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.strip()


def checksums(images: Tensor) -> Tensor:
    """Return a CRC-32 of every picture, (N,) int32, by which it is known again.

    images: (N, 3, S, S) uint8.
    """
    each = [zlib.crc32(image.contiguous().numpy().tobytes()) for image in images.cpu()]
    return torch.tensor(each, dtype=torch.int64).sub(2**31).int()


def fingerprint(summed: Tally) -> str:
    """Return what tells these pictures from any others; "" where their checksums were not kept."""
    if CHECKSUM not in summed:
        return ""
    return hashlib.sha256(summed[CHECKSUM].numpy().tobytes()).hexdigest()[:16]


def told(found: Iterable[Made | None]) -> list[dict[str, Any]]:
    """Say what made batches, each way once: how many, and from when until when.

    found: of every batch; None where it was not recorded.
    """
    ways: dict[tuple[str, ...], list[str]] = {}
    unknown = 0
    for each in found:
        if each is None:
            unknown += 1
        else:
            ways.setdefault(each[:-1], []).append(each.date)
    told: list[dict[str, Any]] = [
        dict(zip(Made._fields, way, strict=False))
        | {"batches": len(dates), "from": min(dates), "until": max(dates)}
        for way, dates in ways.items()
    ]
    return told + ([{"batches": unknown, "recorded": False}] if unknown else [])
