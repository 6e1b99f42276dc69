"""The tensors of a file become those that an architecture expects, or it is said what differs."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

MOST_TRIED = 100  # prefixes
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
