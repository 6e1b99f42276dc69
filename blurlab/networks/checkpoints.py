"""Tensors out of files that others wrote, without running anything that the files hold.

torch.load is not used here or elsewhere: what it refuses to run it refuses to read, and some files
that it reads take all memory.
"""

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from blurlab.networks import formats, inert, programs
from blurlab.networks.inert import SAVED

# Under which keys training runs keep a network, in the order in which they are looked for.
PLAIN = (
    "state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights", "params",
)  # fmt: skip
AVERAGED = (
    "state_dict_ema", "ema_state_dict", "model_ema_state_dict", "model_ema", "params_ema", "ema",
)  # fmt: skip
PAIRED = ("student", "teacher")
DEEPEST = 4  # of a network's dictionary within others
MOST_KEYS = 12  # that an error names
LONGEST_HEADER = 100_000_000  # bytes; the limit that safetensors itself has
MOST_HEADER = 8 * 2**20  # bytes; the largest networks have a few hundred thousand
SAFETENSORS_DTYPES = {
    "F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL",
}  # fmt: skip


class Checkpoint(NamedTuple):
    """A network's tensors by name, and sentences about what else was in the file."""

    tensors: dict[str, Tensor]
    notes: list[str]


def read(path: Path, key: str | None = None) -> Checkpoint:
    """Read a network's tensors by name from a safetensors file, one of torch.save or a .pt2.

    key: of the dictionary to take from a training run that keeps several networks; those inside
    others are written with dots between. Without it the usual ones are looked for.
    What is no tensor is stepped over, and nothing in the file is run.
    Raises ValueError, in one sentence, for a file that is something else, damaged, or asks for more
    time or memory than a network's needs.
    """
    formats.refuse(path)
    is_one = {
        is_safetensors: _safetensors,
        programs.is_program: lambda path: programs.read(path)[1],
    }
    for is_it, read_all in is_one.items():
        if is_it(path):
            if key is not None:
                raise ValueError(f"{path.name} holds one network and no keys; leave {key!r} out.")
            return Checkpoint(read_all(path), [])
    payload, foreign = inert.load(path)
    if foreign and not isinstance(payload, Mapping):
        raise ValueError(
            f"{path.name} holds code or objects ({foreign[0]}) in place of tensors by name, and "
            f"none of it was run; {SAVED}."
        )
    found, notes = state(payload, path.name, key)
    if foreign:
        named = ", ".join(foreign[:3]) + (f" and {len(foreign) - 3} more" if foreign[3:] else "")
        notes.append(f"{path.name} also holds {named}, which was stepped over and not run.")
    return Checkpoint(found, notes)


def tensors(path: Path, key: str | None = None) -> dict[str, Tensor]:
    """Return the tensors that read() finds."""
    return read(path, key).tensors


def is_safetensors(path: Path) -> bool:
    """Tell whether a file begins as safetensors does: a length, then JSON."""
    with path.open("rb") as file:
        start = file.read(9)
    return len(start) == 9 and start[8:] == b"{" and 0 < _length(start) <= LONGEST_HEADER


def _length(start: bytes) -> int:
    return struct.unpack("<Q", start[:8])[0]


def _safetensors(path: Path) -> dict[str, Tensor]:
    with path.open("rb") as file:
        length = _length(file.read(8))
        if length > MOST_HEADER:
            raise ValueError(
                f"{path.name} has a header of {length / 2**20:.0f} MB; that of a network has up to "
                f"{MOST_HEADER // 2**20}."
            )
        header = file.read(length)
    try:
        for name, entry in json.loads(header, object_pairs_hook=_once).items():
            if name != "__metadata__":
                _check_entry(name, entry)
        return load_file(path)
    except _Refused as error:
        raise ValueError(f"{path.name} {error}.") from None
    except (SafetensorError, *inert.BROKEN, OSError):
        raise ValueError(f"{path.name} is cut short or damaged; fetch or save it again.") from None


class _Refused(Exception):
    """Raised for what a safetensors file has and a network has not; its words end a sentence."""


def _once(items: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(items)
    if len(made) < len(items):
        names = [name for name, _ in items]
        twice = next(name for name in made if names.count(name) > 1)
        raise _Refused(f"holds {twice[:80]!r} twice; every tensor has its own name")
    return made


def _check_entry(name: str, entry: dict[str, Any]) -> None:
    if entry["dtype"] not in SAFETENSORS_DTYPES:
        raise _Refused(
            f"holds {name[:80]!r} in {str(entry['dtype'])[:20]}; save it in float32 or float16"
        )
    shape = entry["shape"]
    if (
        not all(type(n) is int and n >= 0 for n in shape)
        or math.prod(max(n, 1) for n in shape) > inert.MOST_NUMBERS
    ):
        raise _Refused(f"gives {name[:80]!r} a shape that no tensor has")


def state(payload: Any, file: str, key: str | None = None) -> Checkpoint:
    """Find a network's tensors by name in what a file holds.

    Raises ValueError when there are none, or several networks and no key that chooses.
    """
    found = _candidates(payload)
    if key is not None:
        if key not in found:
            raise ValueError(f"{file} has no tensors under the key {key!r}; {_choices(found)}.")
        return Checkpoint(_plain(found[key], file), [])
    own = found.pop("", None)
    for names in (PLAIN, AVERAGED, PAIRED):
        known = [path for path in found if path.partition(".")[0] in names]
        if known:
            break
    else:
        known = [""] if own is not None else list(found)
    if not known:
        raise ValueError(f"{file} holds no tensors by name; {SAVED}.")
    if len(known) > 1:
        raise ValueError(f"{file} holds several networks; {_choices(dict.fromkeys(known))}.")
    (taken,) = known
    if own is not None and not taken:
        return Checkpoint(_plain(own, file), [])
    averaged = [path for path in found if path.partition(".")[0] in AVERAGED and path != taken]
    notes = []
    if averaged:
        notes.append(
            f"{file} holds averaged weights too, under {averaged[0]!r}; those under {taken!r} were "
            "taken, and the key chooses others."
        )
    elif taken.partition(".")[0] not in PLAIN + AVERAGED + PAIRED:
        notes.append(f"The tensors were taken from under {taken!r} in {file}.")
    return Checkpoint(_plain(found[taken], file), notes)


def _choices(found: Mapping[str, Any]) -> str:
    paths = [path for path in found if path]
    if not paths:
        return "leave the key out, for it has none"
    shown = ", ".join(repr(path[:80]) for path in paths[:MOST_KEYS])
    more = f" and {len(paths) - MOST_KEYS} more" if paths[MOST_KEYS:] else ""
    return f"choose one by its key: {shown}{more}"


def _candidates(payload: Any) -> dict[str, Mapping]:
    """Return the dictionaries that hold tensors, by their keys with dots between; "" is the whole.

    Within one that holds tensors no others are looked for, except at the top.
    """
    found, left = {}, [("", payload, 0)]
    while left:
        path, here, depth = left.pop(0)
        if not isinstance(here, Mapping):
            continue
        has_tensors = any(isinstance(value, Tensor | inert.Unusable) for value in here.values())
        if has_tensors:
            found[path] = here
        if (not has_tensors or depth == 0) and depth < DEEPEST:
            inside = ((f"{path}.{key}" if path else str(key), each) for key, each in here.items())
            left += [
                (below, each, depth + 1) for below, each in inside if isinstance(each, Mapping)
            ]
    return found


def _plain(found: Mapping, file: str) -> dict[str, Tensor]:
    """Return the tensors of a dictionary under their names as words."""
    made = {}
    for key, value in found.items():
        if isinstance(value, inert.Unusable):
            raise ValueError(
                f"{file} holds {str(key)[:80]!r} as a {value.kind} tensor; save plain ones of "
                "floating-point numbers."
            )
        if isinstance(value, Tensor):
            if str(key) in made:
                raise ValueError(f"{file} holds {str(key)[:80]!r} twice; names are words.")
            made[str(key)] = value.detach()
    return made
