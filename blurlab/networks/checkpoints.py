"""Tensors out of files that others wrote, without running anything that the files hold.

torch.load is not used here or elsewhere: what it refuses to run it refuses to read, and some files
that it reads take all memory.
"""

import json
import math
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
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
MOST_TRIED = 100  # prefixes
DEEPEST = 4  # of a network's dictionary within others
MOST_KEYS = 12  # that an error names
PREFIXES = ("", "module.", "module.model.", "model.", "net.", "network.", "backbone.")
# What tensors were called in older files of torchvision's DenseNets and ViTs, and are called now.
RENAMED = (
    (re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.(?=[12]\.)"), r"\1"),
    (re.compile(r"(encoder_layer_\d+\.mlp\.)linear_1\."), r"\g<1>0."),
    (re.compile(r"(encoder_layer_\d+\.mlp\.)linear_2\."), r"\g<1>3."),
)
# Buffers that counters of operations, averages of weights and older libraries leave, and that no
# answer depends on; a network that has them itself gets them.
SPARE = {
    "total_ops", "total_params", "n_averaged", "num_batches_tracked", "position_ids",
    "relative_position_index", "attn_mask",
}  # fmt: skip
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


def fitted(
    given: Mapping[str, Tensor],
    expected: Mapping[str, torch.Size],
    architecture: str,
    classes: int,
    prefix: str | None = None,
) -> dict[str, Tensor]:
    """Return the tensors that an architecture expects, under its own names.

    given: names as in the file; a usual prefix such as "module." is found by itself. Tensors that
    do not begin with the prefix belong to something else and are left out.
    prefix: what the names begin with, where it is another.
    Spare buffers, which spare() names, are left out.
    Raises ValueError naming the first mismatch, and the likely prefix if there is one.
    """
    left_out = set(spare(given, expected))
    given = {today(key): value for key, value in given.items() if key not in left_out}
    if prefix is None:
        prefix = max(PREFIXES, key=lambda each: (matches(given, expected, each), -len(each)))
    own = {key.removeprefix(prefix): given[key] for key in given if key.startswith(prefix)}
    counters = {key for key in expected if key.endswith("num_batches_tracked")}
    for key in counters - set(own):  # files older than PyTorch 0.4.1 have none, and none is needed
        own[key] = torch.tensor(0)
    problem = mismatch(own, expected, architecture, classes)
    if problem:
        raise ValueError(f"{problem}{advice(given, expected, prefix)}.")
    return own


def spare(given: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """Name the buffers that an architecture lacks and that no answer depends on."""
    own = {key.rpartition(".")[2] for key in expected}
    return [key for key in given if key.rpartition(".")[2] in SPARE - own]


def today(name: str) -> str:
    """Return the name that a tensor of an older file has in torchvision today."""
    for old, new in RENAMED:
        name = old.sub(new, name)
    return name


def matches(given: Mapping, expected: Mapping, prefix: str) -> int:
    """Count the names that an architecture expects and that are there behind a prefix."""
    return sum(prefix + key in given for key in expected)


def mismatch(
    own: Mapping[str, Tensor], expected: Mapping[str, torch.Size], architecture: str, classes: int
) -> str:
    """Say the first thing in which tensors and architecture differ; nothing when they agree."""
    for key, shape in expected.items():
        if key not in own:
            return f"{architecture} has a tensor {key}, which the file lacks"
        found = own[key].shape
        if found == shape:
            continue
        if len(found) == len(shape) and found[1:] == shape[1:] and shape[0] == classes:
            return f"the file's {key} is for {found[0]} classes, and {classes} were given"
        return f"{key} is {_written(found)} in the file and {_written(shape)} in {architecture}"
    unexpected = next((key for key in own if key not in expected), None)
    return f"the file has a tensor {unexpected}, which {architecture} lacks" if unexpected else ""


def _written(shape: torch.Size) -> str:
    return " x ".join(map(str, shape)) or "a single number"


def advice(given: Mapping, expected: Mapping, prefix: str) -> str:
    """Suggest the prefix behind which more of the expected names are found."""
    first = next(iter(expected))
    likely = [key.removesuffix(first) for key in given if key.endswith(f".{first}")][:MOST_TRIED]
    best = max(likely, key=lambda each: matches(given, expected, each), default=prefix)
    if matches(given, expected, best) > matches(given, expected, prefix):
        return f"; its names seem to begin with the prefix {best!r}"
    return ""
