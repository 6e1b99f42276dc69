"""Networks exported with torch.export: their steps are read and repeated, without their loader.

torch.export.load runs what a file says: it unpickles, and makes Python out of names and
expressions. Here a program is a list of calls of the operators that classifiers need, on tensors
and numbers that their schemas allow, or it is refused. Before it computes anything, a pass over
shapes alone tells how large its tensors get and how much there is to do.
"""

import json
import math
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from blurlab.networks import inert, meter, operators, schemas
from blurlab.networks.operators import DTYPES, Refused

LONGEST = 50_000_000  # bytes of a program's description
DEEPEST, KEY = 32, 256  # modules in one another, and letters in a tensor's name
ELEMENTS = 2**28  # of one tensor, for every picture
WORK = 2e12  # operations for a picture; a ViT-H/14 takes 0.33e12 at 224 pixels


class Step(NamedTuple):
    """A call: its function, what it is given, what it makes, and which names are over after it."""

    call: Callable
    inputs: list[tuple[str, dict]]
    outputs: list
    over: list[str]
    changes: str  # the argument that it changes in place, if any
    name: str


class Program(nn.Module):
    """An exported network: tensors under their own names, and the calls that make logits of them.

    graph: as read() returns it.
    Takes what was exported for, (N, 3, S, S) normalised pictures; returns (N, classes) logits.
    Raises Refused, a ValueError, for a graph with more in it than operators on the list, for one
    that changes its own weights or the pictures, and where one picture would take more than
    ELEMENTS or WORK, or N more than N times as much as two do.
    """

    def __init__(self, graph: dict[str, Any]):
        super().__init__()
        schemas.check(graph)
        self.graph = graph
        self.measured: dict[tuple, float] = {}
        for tensor in graph["tensors"].values():
            empty = torch.empty(tensor["shape"], dtype=DTYPES[tensor["dtype"]])
            _place(self, tensor["key"], empty)
        nodes = graph["nodes"]
        last = {name: index for index, node in enumerate(nodes) for name in schemas.used(node)}
        over: list[list[str]] = [[] for _ in nodes]
        for name, index in last.items():
            if name != graph["logits"]:
                over[index].append(name)
        self.steps = [_step(*each) for each in zip(nodes, over, strict=True)]

    def forward(self, images: Tensor) -> Tensor:
        self.measure(images)
        return self._run(dict(self.named_parameters()) | dict(self.named_buffers()), images)

    def measure(self, images: Tensor) -> float:
        """Return how many operations pictures take, without one of them; see meter."""
        shape = (*images.shape, images.dtype)
        if shape not in self.measured:
            count = len(images)
            work = WORK * count
            if count > 2:
                work = self.measure(images[:2]) * count
            own = {key: _shaped(tensor) for key, tensor in self.state_dict().items()}
            self.measured[shape] = meter.of(
                self._run, own, _shaped(images), elements=ELEMENTS * count, work=work
            )
        return self.measured[shape]

    def _run(self, own: dict[str, Tensor], images: Tensor) -> Tensor:
        known = {name: own[each["key"]] for name, each in self.graph["tensors"].items()}
        known[self.graph["images"]] = images
        fixed = {tensor.untyped_storage()._cdata for tensor in known.values()}
        for step in self.steps:
            given = {name: schemas.value(each, known, images.device) for name, each in step.inputs}
            if step.changes:
                operators.unchanged(given[step.changes], fixed, step.name)
            result = step.call(**given)
            results = result if isinstance(result, tuple) else (result,)
            for group, made in zip(step.outputs, results, strict=False):
                if isinstance(group, list):
                    known.update(zip(group, made, strict=False))
                else:
                    known[group] = made
            for name in step.over:  # a deep network's features would not fit all at once
                known.pop(name, None)
        return known[self.graph["logits"]]


def _shaped(tensor: Tensor) -> Tensor:
    return torch.empty_like(tensor, device="meta", requires_grad=False)


def _step(node: dict, over: list[str]) -> Step:
    name, which = operators.split(node["target"])
    inputs, changes = [tuple(each) for each in node["inputs"]], ""
    if not which:
        made = operators.ARITHMETIC[name]
        return Step(_arithmetic(made), inputs, node["outputs"], over, changes, name)
    for argument in operators.overload(name, which)._schema.arguments:
        if argument.name == "device":  # all tensors are where the pictures are
            inputs = [each for each in inputs if each[0] != "device"]
            inputs.append(("device", {"as_device": {}}))
        if argument.is_write:
            changes = argument.name
    call = operators.function(name, which)
    return Step(call, inputs, node["outputs"], over, changes, name)


def _arithmetic(made: Callable) -> Callable:
    return lambda **given: operators.whole(made(*given.values()))


def _place(root: nn.Module, key: str, tensor: Tensor) -> None:
    """Hang a tensor into a tree of modules, so that its name there is its key."""
    *path, last = key.split(".")
    if len(path) > DEEPEST or len(key) > KEY:
        raise Refused(
            f"the name {key[:20]!r}... of a tensor is {len(path)} modules deep and {len(key)} long;"
            f" the most is {DEEPEST} and {KEY}"
        )
    for part in path:
        inner = root._modules.get(part)
        if inner is None:
            inner = nn.Module()
            root.add_module(part, inner)
        root = inner
    if tensor.is_floating_point() and not last.startswith("running_"):
        root.register_parameter(last, nn.Parameter(tensor))
    else:
        root.register_buffer(last, tensor)


def is_program(path: Path) -> bool:
    """Tell whether a file is an archive of torch.export.save."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(re.fullmatch(r".*/models/[^/]+\.json", name) for name in archive.namelist())


def read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read an exported network: the graph that Program takes, and its tensors by name.

    Raises ValueError, in one sentence, for a file that is damaged, or a program with more in it
    than operators of aten on one batch of pictures.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            graph, tensors = _read(archive, path.stat().st_size)
        with torch.device("meta"):
            Program(graph)
    except Refused as error:
        raise ValueError(f"{path.name} is not run: {error.words}.") from None
    except inert.BROKEN:
        raise ValueError(f"{path.name} is damaged, or not written by torch.export.save.") from None
    return graph, tensors


def _read(archive: zipfile.ZipFile, length: int) -> tuple[dict[str, Any], dict[str, Tensor]]:
    names = archive.namelist()
    (main,) = [name for name in names if re.fullmatch(r".*/models/[^/]+\.json", name)]
    whole = json.loads(_text(archive, main))["graph_module"]
    tensors: dict[str, Tensor] = {}
    contents: dict[str, bytearray] = {}
    for name in names:
        if re.fullmatch(r".*/data/(weights|constants)/[^/]+_config\.json", name):
            folder = name.rpartition("/")[0]
            for key, entry in json.loads(_text(archive, name))["config"].items():
                tensors[key] = _tensor(_content(archive, folder, entry, contents, length), entry)
    if sum(tensor.nbytes for tensor in tensors.values()) > 2 * length:
        raise Refused("it says that it holds more numbers than it does")
    return _graph(whole, tensors), tensors


def _text(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > LONGEST:
        raise Refused("its description is longer than that of any network we know")
    return archive.read(name)


def _content(
    archive: zipfile.ZipFile, folder: str, entry: dict, contents: dict[str, bytearray], length: int
) -> bytearray:
    """Return the bytes that a tensor's numbers are in; those of several are read once."""
    name = f"{folder}/{entry['path_name']}"
    info = archive.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED or entry["use_pickle"]:
        raise Refused("it holds objects that are no tensors")
    if name not in contents:
        held = sum(map(len, contents.values())) + info.file_size
        if held > length:  # entries of an archive can lie over one another
            raise Refused("it says that it holds more numbers than it does")
        contents[name] = bytearray(archive.read(info))
    return contents[name]


def _tensor(content: bytearray, entry: dict) -> Tensor:
    meta = entry["tensor_meta"]
    dtype = DTYPES[meta["dtype"]]
    kept = inert.Kept(dtype, len(content) // inert.item_size(dtype), content)
    sizes, strides = ([each["as_int"] for each in meta[key]] for key in ("sizes", "strides"))
    if math.prod(sizes) > kept.count:
        raise Refused(f"a tensor of {math.prod(sizes):,} numbers has {kept.count:,} in the file")
    return inert.tensor(kept, meta["storage_offset"]["as_int"], sizes, strides)


def _graph(whole: dict, tensors: dict[str, Tensor]) -> dict[str, Any]:
    """Return what Program needs of a graph, after checking every call in it."""
    used, images = {}, []
    for spec in whole["signature"]["input_specs"]:
        ((kind, value),) = spec.items()
        if kind == "user_input":
            images.append(value["arg"]["as_tensor"]["name"])
            continue
        key = value.get(f"{kind}_name")
        if key not in tensors:
            raise Refused(f"it takes a {kind}, which is no tensor")
        tensor = tensors[key]
        dtype = next(number for number, each in DTYPES.items() if each == tensor.dtype)
        used[value["arg"]["name"]] = {"key": key, "shape": list(tensor.shape), "dtype": dtype}
    outputs = whole["graph"]["outputs"]
    if len(images) != 1 or len(outputs) != 1 or "as_tensor" not in outputs[0]:
        raise Refused("it does not make one tensor of one batch of pictures")
    nodes = [_node(node) for node in whole["graph"]["nodes"] if not _is_check(node)]
    logits = outputs[0]["as_tensor"]["name"]
    return {"images": images[0], "logits": logits, "tensors": used, "nodes": nodes}


def _is_check(node: dict) -> bool:
    found = operators.TARGET.fullmatch(node["target"])
    return found is not None and found[1] in operators.CHECKS


def _node(node: dict) -> dict[str, Any]:
    inputs = [[each["name"], each["arg"]] for each in node["inputs"]]
    outputs = [_output(each) for each in node["outputs"]]
    return {"target": node["target"], "inputs": inputs, "outputs": outputs}


def _output(output: dict) -> str | list[str]:
    ((kind, value),) = output.items()
    if kind == "as_tensors":
        return [each["name"] for each in value]
    if kind in schemas.NAMED:
        return value[schemas.NAMED[kind]]
    if kind == "as_none":
        return ""
    raise Refused(f"a call in it returns {kind.removeprefix('as_')}")
