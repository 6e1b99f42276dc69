"""What was measured, kept as Parquet: found again at once, and resumed where it was killed."""

import hashlib
import json
import os
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import Tensor

from blurlab import places, public
from blurlab.measures.provenance import Made
from blurlab.measures.row import EACH, Tally

# What entries of tallies are kept as.
TYPES = {
    torch.float64: pa.float64(),
    torch.float32: pa.float32(),
    torch.int32: pa.int32(),
    torch.uint8: pa.uint8(),
}
MADE = "made"  # the column that says what made a tally
UNFINISHED = "unfinished"  # a setting that tallies of parts of batches are kept under

_damaged: dict[Path, str] = {}  # a sentence by file


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


def read(key: Key) -> dict[int, Tally]:
    """Return the tallies kept under this key, by the number of the batch; none is no error.

    A file among them that is damaged or holds something else is left out, and damaged() tells of
    it. In folder() it is set aside under its name and ".damaged"; what ships stays as it is.
    """
    return {number: each.tally for number, each in _read(key).items()}


def provenance(key: Key) -> dict[int, Made | None]:
    """Return what made the tallies that read returns, by the number of the batch.

    None where it was not recorded.
    """
    return {number: each.made for number, each in _read(key).items()}


class _Kept(NamedTuple):
    tally: Tally
    made: Made | None


def _read(key: Key) -> dict[int, _Kept]:
    found: dict[int, _Kept] = {}
    for root in (places.SHIPPED_RESULTS, places.results_folder()):
        # In this order nothing is missed while another process joins the parts.
        for path in [*_parts(root, key), root / f"{key.digest}.parquet"]:
            with suppress(FileNotFoundError):
                found |= _read_file(path, key)
    return found


def listed() -> list[Key]:
    """List every key that tallies of whole batches are kept under, those that ship first."""
    found = {}
    for root in (places.SHIPPED_RESULTS, places.results_folder()):
        for path in sorted([*root.glob("*.parquet"), *root.glob("*/*.parquet")]):
            with suppress(pa.ArrowException, OSError, KeyError, TypeError, ValueError):
                key = Key(**json.loads(pq.read_schema(path).metadata[b"key"]))
                if UNFINISHED not in key.settings:
                    found[key.digest] = key
    return list(found.values())


def stamp(key: Key) -> tuple[int, ...]:
    """Return what changes whenever something is added to the tallies kept under this key."""
    watched = (
        path
        for root in (places.SHIPPED_RESULTS, places.results_folder())
        for path in (root / key.digest, root / f"{key.digest}.parquet")
    )
    return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in watched)


def add(key: Key, number: int, tally: Tally, made: Made | None = None) -> None:
    """Keep the tally of one batch; it is there whole or not at all, whenever the process dies.

    made: what made it, where that is known.
    """
    public.refuse("Keeping results")
    path = places.results_folder() / key.digest / f"{number:06d}.parquet"
    _write_file(path, key, {number: _Kept(tally, made)})


def call(data: str, title: str) -> None:
    """Note what people call the pictures of a key's data."""
    place = hashlib.sha256(pictures_of(data).encode()).hexdigest()[:16]
    path = places.results_folder() / "names" / f"{place}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        unfinished.write_text(json.dumps([pictures_of(data), title]))
        os.replace(unfinished, path)


def titles() -> dict[str, str]:
    """Return what call has noted, by pictures_of the data."""
    found = {}
    for path in sorted((places.results_folder() / "names").glob("*.json")):
        with suppress(OSError, TypeError, ValueError):
            data, title = json.loads(path.read_text())
            found[str(data)] = str(title)
    return found


def pictures_of(data: str) -> str:
    """Return the part of a key's data that says which pictures, at whatever size."""
    return "/".join(data.split("/")[:2])


def drop(key: Key, number: int) -> None:
    """Remove the tally that was added of one batch, if any."""
    folder = places.results_folder() / key.digest
    (folder / f"{number:06d}.parquet").unlink(missing_ok=True)
    with suppress(OSError):  # it is not there, or holds more
        folder.rmdir()


def damaged() -> list[str]:
    """Return a sentence for each damaged file that was met since the start."""
    return list(_damaged.values())


def join(key: Key, into: Path | None = None) -> Path:
    """Put all tallies of a key into one file, in results_folder() or another; return its path.

    Tallies that are added in the meantime stay where they are.
    Raises ValueError when there is none.
    """
    public.refuse("Keeping results")
    joined = _parts(places.results_folder(), key)
    found = _read(key)
    if not found:
        raise ValueError(f"nothing is kept of measure {key.measure!r} under {key.digest}.")
    path = (into or places.results_folder()) / f"{key.digest}.parquet"
    _write_file(path, key, found)
    for part in joined:
        part.unlink(missing_ok=True)
    return path


def _parts(root: Path, key: Key) -> list[Path]:
    return sorted((root / key.digest).glob("*.parquet"))


def _written(key: Key) -> str:
    return json.dumps(key._asdict(), sort_keys=True)


def _write_file(path: Path, key: Key, found: dict[int, _Kept]) -> None:
    numbers = sorted(found)
    tallies = [found[number].tally for number in numbers]
    made = [_told(found[number].made) for number in numbers]
    # Batches of an earlier version may lack what each picture said.
    first = {name: value for tally in reversed(tallies) for name, value in tally.items()}
    shapes = {name: _shape(name, value) for name, value in first.items()}
    columns = {"batch": pa.array(numbers, pa.int32()), MADE: pa.array(made, pa.string())} | {
        name: pa.array([_flat(tally.get(name)) for tally in tallies], pa.list_(TYPES[value.dtype]))
        for name, value in first.items()
    }
    about = {"key": _written(key), "shapes": json.dumps(shapes)}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    pq.write_table(pa.table(columns, metadata=about), unfinished, compression="zstd")
    os.replace(unfinished, path)


def _shape(name: str, value: Tensor) -> list[int]:
    """Return an entry's shape, with -1 where it depends on how many pictures a batch has."""
    return [-1, *value.shape[1:]] if name.startswith(EACH) else list(value.shape)


def _told(made: Made | None) -> str | None:
    return None if made is None else json.dumps(made._asdict())


def _flat(value: Tensor | None) -> np.ndarray | None:
    return None if value is None else value.flatten().numpy()


def _read_file(path: Path, key: Key) -> dict[int, _Kept]:
    try:
        table = pq.read_table(path)
        shapes = json.loads(table.schema.metadata[b"shapes"])
        if table.schema.metadata[b"key"].decode() != _written(key):
            raise ValueError("these are the tallies of another key")
        columns = {name: _column(table[name], shape) for name, shape in shapes.items()}
        rows = zip(*columns.values(), strict=True)
        numbers = table["batch"].to_pylist()
        # Earlier versions did not say what made a tally.
        told = table[MADE].to_pylist() if MADE in table.schema.names else [None] * len(numbers)
        found = {}
        for number, row, made in zip(numbers, rows, told, strict=True):
            entries = zip(columns, row, strict=True)
            tally = {name: value for name, value in entries if value is not None}
            found[number] = _Kept(tally, Made(**json.loads(made)) if made else None)
        return found
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno is not None:  # pyarrow's own, about what is in the file, have no number
            _damaged[path] = (
                f"{_called(path)} cannot be read ({os.strerror(error.errno)}) and is left out."
            )
            return {}
    except (pa.ArrowException, *BROKEN):
        pass
    _set_aside(path)
    return {}


def _column(column: pa.ChunkedArray, shape: list[int]) -> list[Tensor | None]:
    """Return the entries of one name, by batch; None where a batch has none."""
    return [
        None if not each.is_valid else torch.tensor(each.values.to_numpy()).reshape(shape)
        for each in column
    ]


BROKEN = (
    KeyError,
    AttributeError,
    TypeError,
    ValueError,
    RuntimeError,
    OverflowError,
    MemoryError,
    RecursionError,
)


def _set_aside(path: Path) -> None:
    """Rename a damaged file, unless it ships, and note a sentence about it."""
    what = f"{_called(path)} is damaged or holds other results than its name says"
    if path.is_relative_to(places.SHIPPED_RESULTS):
        _damaged[path] = f"{what}, and is left out; install BlurLab anew to have it."
        return
    aside = path.with_name(f"{path.name}.damaged")
    try:
        os.replace(path, aside)
    except OSError as error:
        _damaged[path] = f"{what}, is left out, and cannot be renamed ({error.strerror})."
    else:
        _damaged[path] = f"{what}; it is now {aside.name}, and is measured again when asked for."


def _called(path: Path) -> str:
    """Name a file to whoever may see the sentence, who need not know where on the machine it is."""
    root = (
        places.SHIPPED_RESULTS
        if path.is_relative_to(places.SHIPPED_RESULTS)
        else places.results_folder()
    )
    return f"the results file {path.relative_to(root)}"
