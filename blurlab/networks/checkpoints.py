"""Tensors out of files that others wrote, without running anything that the files hold.

torch.load(weights_only=False) is never used here or elsewhere: it runs what a file tells it to.
"""

import json
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from blurlab.data.downloads import is_html
from blurlab.networks import inert, programs

KEYS = ("state_dict", "model_state_dict", "model", "net", "network", "weights")
PREFIXES = ("", "module.", "module.model.", "model.", "net.", "network.", "backbone.")
# What tensors were called in older files of torchvision's DenseNets and ViTs, and are called now.
RENAMED = (
    (re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.(?=[12]\.)"), r"\1"),
    (re.compile(r"(encoder_layer_\d+\.mlp\.)linear_1\."), r"\g<1>0."),
    (re.compile(r"(encoder_layer_\d+\.mlp\.)linear_2\."), r"\g<1>3."),
)
LONGEST_HEADER = 100_000_000  # bytes; the limit that safetensors itself has
SAVED = "save the state dict alone, as safetensors or with torch.save"


def tensors(path: Path, *, published: bool = False) -> dict[str, Tensor]:
    """Read a network's tensors by name from a safetensors file or one of torch.save.

    Of a file that holds a training run, those under its state_dict or model are returned.
    published: step over what is no tensor, as files need that come with more. Without it, such a
    file is refused. Neither way is anything in it run.
    Raises ValueError, in one sentence, for a file that is something else or damaged.
    """
    if is_html(path):
        raise ValueError(f"{path.name} is a web page, not weights; download the file itself.")
    if is_safetensors(path):
        return _safetensors(path)
    if programs.is_program(path):
        return programs.read(path)[1]
    if published:
        return state(inert.load(path), path.name)
    return state(_weights_only(path), path.name)


def is_safetensors(path: Path) -> bool:
    """Tell whether a file begins as safetensors does: a length, then JSON."""
    with path.open("rb") as file:
        start = file.read(9)
    return len(start) == 9 and start[8:] == b"{" and start[:8] != b"\0" * 8 and _length(start)


def _length(start: bytes) -> bool:
    return struct.unpack("<Q", start[:8])[0] <= LONGEST_HEADER


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, json.JSONDecodeError, OSError, ValueError, KeyError):
        raise ValueError(f"{path.name} is cut short or damaged; fetch or save it again.") from None


def _weights_only(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file can make torch.load stumble over anything
        found = inert.foreign(path)
        if found:
            raise ValueError(
                f"{path.name} holds code or objects ({found[0]}) beside tensors, and none of it "
                f"was run; {SAVED}."
            ) from None
        raise ValueError(
            f"{path.name} is neither safetensors nor whole as torch.save writes; {SAVED}."
        ) from error


def state(payload: Any, file: str) -> dict[str, Tensor]:
    """Find a network's tensors by name in what a file holds.

    Raises ValueError when there are none, or the file holds a whole network instead.
    """
    if not isinstance(payload, Mapping):
        raise ValueError(f"{file} holds no tensors by name; {SAVED}.")
    for key in KEYS:  # first, for a run may count its steps in tensors
        if isinstance(payload.get(key), Mapping):
            return state(payload[key], file)
    found = {key: value for key, value in payload.items() if isinstance(value, Tensor)}
    if found:
        return {str(key): value.detach() for key, value in found.items()}
    raise ValueError(f"{file} holds no tensors by name; {SAVED}.")


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
    Raises ValueError naming the first mismatch, and the likely prefix if there is one.
    """
    given = {today(key): value for key, value in given.items()}
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
    likely = {key.removesuffix(first) for key in given if key.endswith(f".{first}")}
    best = max(likely, key=lambda each: matches(given, expected, each), default=prefix)
    if matches(given, expected, best) > matches(given, expected, prefix):
        return f"; its names seem to begin with the prefix {best!r}"
    return ""
