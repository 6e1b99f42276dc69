"""What was measured, kept as Parquet: found again at once, and resumed where it was killed."""

import hashlib
import json
import os
import uuid
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from blurlab.measures import Tally

SHIPPED = Path(__file__).parents[1] / "assets" / "results"


class Key(NamedTuple):
    """Everything that decides a result.

    model: models.identity.  data: which pictures, at which size.  measure: a key of MEASURES.
    settings: all of the measure's.  seed: of the order, the partners and the draws.
    """

    model: str
    data: str
    measure: str
    settings: dict[str, Any]
    seed: int

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(self, sort_keys=True).encode()).hexdigest()[:16]


def folder() -> Path:
    """Return where new results are kept: $BLURLAB_RESULTS, or the user's cache."""
    return Path(os.environ.get("BLURLAB_RESULTS", Path.home() / ".cache" / "blurlab" / "results"))


def read(key: Key) -> dict[int, Tally]:
    """Return the tallies kept under this key, by the number of the batch; none is no error."""
    found = {}
    for root in (SHIPPED, folder()):
        whole, parts = root / f"{key.digest}.parquet", root / key.digest
        for path in [whole, *sorted(parts.glob("*.parquet"))]:
            if path.is_file():
                found |= _read_file(path)
    return found


def add(key: Key, number: int, tally: Tally) -> None:
    """Keep the tally of one batch; it is there whole or not at all, whenever the process dies."""
    _write_file(folder() / key.digest / f"{number:06d}.parquet", key, {number: tally})


def join(key: Key, into: Path | None = None) -> Path:
    """Put all tallies of a key into one file, in folder() or another, and return its path.

    Nobody may be adding to this key in the meantime.
    """
    root = into or folder()
    path = root / f"{key.digest}.parquet"
    _write_file(path, key, read(key))
    parts = folder() / key.digest
    for part in parts.glob("*.parquet"):
        part.unlink()
    if parts.is_dir():
        parts.rmdir()
    return path


def _write_file(path: Path, key: Key, found: dict[int, Tally]) -> None:
    numbers = sorted(found)
    shapes = {name: list(value.shape) for name, value in found[numbers[0]].items()}
    columns = {"batch": pa.array(numbers, pa.int32())} | {
        name: pa.array([found[n][name].flatten().tolist() for n in numbers], pa.list_(pa.float64()))
        for name in shapes
    }
    about = {"key": json.dumps(key._asdict(), sort_keys=True), "shapes": json.dumps(shapes)}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    pq.write_table(pa.table(columns, metadata=about), unfinished, compression="zstd")
    os.replace(unfinished, path)


def _read_file(path: Path) -> dict[int, Tally]:
    table = pq.read_table(path)
    shapes = json.loads(table.schema.metadata[b"shapes"])
    return {
        row["batch"]: {
            name: torch.tensor(row[name], dtype=torch.float64).reshape(shape)
            for name, shape in shapes.items()
        }
        for row in table.to_pylist()
    }
