"""Networks exported with torch.export: their steps are read and repeated, without their loader.

torch.export.load runs what a file says: it unpickles, and makes Python out of names and
expressions. Here a program is a list of calls of aten's operators on tensors and numbers, or it is
refused.
"""

import json
import operator
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from blurlab.networks import inert

TARGET = re.compile(r"torch\.ops\.aten\.(\w+)\.(\w+)")
ARITHMETIC = {
    f"_operator.{name}": getattr(operator, name)
    for name in ("add", "sub", "mul", "floordiv", "mod", "eq", "ne", "lt", "le", "gt", "ge")
}
# Checks of the exporter's: the shapes are those of the pictures, whatever they are.
CHECKS = {"_assert_scalar", "_assert_async", "_assert_tensor_metadata", "sym_constrain_range"}
WITH_WORDS = {"gelu", "div", "scaled_dot_product_attention"}  # the rest could name files
DTYPES = {
    1: torch.uint8, 2: torch.int8, 3: torch.int16, 4: torch.int32, 5: torch.int64,
    6: torch.float16, 7: torch.float32, 8: torch.float64, 12: torch.bool, 13: torch.bfloat16,
}  # fmt: skip
FORMATS = {1: torch.contiguous_format, 2: torch.channels_last, 4: torch.preserve_format}
LONGEST = 50_000_000  # bytes of a program's description
PLAIN = {"as_int", "as_float", "as_bool", "as_ints", "as_floats", "as_bools", "as_string"}
NAMED = {"as_tensor": "name", "as_sym_int": "as_name", "as_sym_bool": "as_name"}
LISTS = {"as_tensors": "as_tensor", "as_sym_ints": "as_sym_int"}


class Program(nn.Module):
    """An exported network: tensors under their own names, and the calls that make logits of them.

    graph: as read() returns it.
    Takes what was exported for, (N, 3, S, S) normalised pictures; returns (N, classes) logits.
    """

    def __init__(self, graph: dict[str, Any]):
        super().__init__()
        self.graph = graph
        self.calls = [(_function(node["target"]), node) for node in graph["nodes"]]
        for tensor in graph["tensors"].values():
            empty = torch.empty(tensor["shape"], dtype=DTYPES[tensor["dtype"]])
            _place(self, tensor["key"], empty)
        last = {name: index for index, node in enumerate(graph["nodes"]) for name in _used(node)}
        self.over = [[] for _ in self.calls]
        for name, index in last.items():
            if name != graph["logits"]:
                self.over[index].append(name)

    def forward(self, images: Tensor) -> Tensor:
        own = dict(self.named_parameters()) | dict(self.named_buffers())
        known = {name: own[each["key"]] for name, each in self.graph["tensors"].items()}
        known[self.graph["images"]] = images
        for (function, node), over in zip(self.calls, self.over, strict=True):
            given = {name: _value(value, known, images) for name, value in node["inputs"]}
            if node["target"] in ARITHMETIC:
                result = function(*given.values())
            else:
                result = function(**given)
            _keep(node["outputs"], result, known)
            for name in over:  # a deep network's features would not fit all at once
                known.pop(name, None)
        return known[self.graph["logits"]]


def _function(target: str):
    if target in ARITHMETIC:
        return ARITHMETIC[target]
    name, overload = TARGET.fullmatch(target).groups()
    return getattr(getattr(torch.ops.aten, name), overload)


def _place(root: nn.Module, key: str, tensor: Tensor) -> None:
    """Hang a tensor into a tree of modules, so that its name there is its key."""
    *path, last = key.split(".")
    for part in path:
        if part not in root._modules:
            root.add_module(part, nn.Module())
        root = root._modules[part]
    if tensor.is_floating_point() and not last.startswith("running_"):
        root.register_parameter(last, nn.Parameter(tensor))
    else:
        root.register_buffer(last, tensor)


def _used(node: dict) -> list[str]:
    """Return the names that a call takes; what it makes counts too, for it may go unused."""
    names = [name for name in node["outputs"] if isinstance(name, str)]
    names += [name for group in node["outputs"] if isinstance(group, list) for name in group]

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            names.extend(v for k, v in value.items() if k in ("name", "as_name"))
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)

    walk([value for _, value in node["inputs"]])
    return names


def _value(argument: dict, known: dict, images: Tensor) -> Any:
    """Return what a call is given, from how the file writes it."""
    ((kind, value),) = argument.items()
    if kind in PLAIN:
        return value
    if kind in NAMED:
        name = value.get(NAMED[kind])
        return known[name] if name is not None else next(iter(value.values()))
    if kind in LISTS:
        return [_value({LISTS[kind]: each}, known, images) for each in value]
    if kind == "as_optional_tensor":
        return _value(value, known, images)
    if kind == "as_optional_tensors":
        return [_value(each, known, images) for each in value]
    return {
        "as_none": lambda: None,
        "as_scalar_type": lambda: DTYPES[value],
        "as_memory_format": lambda: FORMATS[value],
        "as_layout": lambda: torch.strided,
        "as_device": lambda: images.device,
    }[kind]()


def _keep(outputs: Sequence, result: Any, known: dict) -> None:
    if len(outputs) == 1 and isinstance(outputs[0], str):
        known[outputs[0]] = result
        return
    names = outputs[0] if len(outputs) == 1 else outputs
    for name, each in zip(names, result, strict=False):
        known[name] = each


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
            graph, tensors = _read(archive)
        Program(graph)
    except _Unknown as error:
        raise ValueError(f"{path.name} is not run: {error}.") from None
    except inert.BROKEN:
        raise ValueError(f"{path.name} is damaged, or not written by torch.export.save.") from None
    return graph, tensors


class _Unknown(Exception):
    """Raised for a program that asks for more than is repeated here; its words end a sentence."""


def _read(archive: zipfile.ZipFile) -> tuple[dict[str, Any], dict[str, Tensor]]:
    names = archive.namelist()
    (main,) = [name for name in names if re.fullmatch(r".*/models/[^/]+\.json", name)]
    whole = json.loads(_text(archive, main))["graph_module"]
    tensors = {}
    for name in names:
        if re.fullmatch(r".*/data/(weights|constants)/[^/]+_config\.json", name):
            folder = name.rpartition("/")[0]
            for key, entry in json.loads(_text(archive, name))["config"].items():
                tensors[key] = _tensor(archive, folder, entry)
    return _graph(whole, tensors), tensors


def _text(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > LONGEST:
        raise _Unknown("its description is longer than that of any network we know")
    return archive.read(name)


def _tensor(archive: zipfile.ZipFile, folder: str, entry: dict) -> Tensor:
    info = archive.getinfo(f"{folder}/{entry['path_name']}")
    if info.compress_type != zipfile.ZIP_STORED or entry["use_pickle"]:
        raise _Unknown("it holds objects that are no tensors")
    content = archive.read(info)
    meta = entry["tensor_meta"]
    dtype = DTYPES[meta["dtype"]]
    kept = inert.Kept(dtype, len(content) // inert.item_size(dtype), bytearray(content))
    sizes, strides = ([each["as_int"] for each in meta[key]] for key in ("sizes", "strides"))
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
            raise _Unknown(f"it takes a {kind}, which is no tensor")
        tensor = tensors[key]
        dtype = next(number for number, each in DTYPES.items() if each == tensor.dtype)
        used[value["arg"]["name"]] = {"key": key, "shape": list(tensor.shape), "dtype": dtype}
    outputs = whole["graph"]["outputs"]
    if len(images) != 1 or len(outputs) != 1 or "as_tensor" not in outputs[0]:
        raise _Unknown("it does not make one tensor of one batch of pictures")
    nodes = [_node(node, used) for node in whole["graph"]["nodes"] if not _is_check(node)]
    logits = outputs[0]["as_tensor"]["name"]
    return {"images": images[0], "logits": logits, "tensors": used, "nodes": nodes}


def _is_check(node: dict) -> bool:
    found = TARGET.fullmatch(node["target"])
    return bool(found) and found[1] in CHECKS


def _node(node: dict, own: dict) -> dict[str, Any]:
    target, inputs = node["target"], [[each["name"], each["arg"]] for each in node["inputs"]]
    found = TARGET.fullmatch(target)
    if not found and target not in ARITHMETIC:
        raise _Unknown(f"it calls {target[:80]!r}, and only operators of torch.ops.aten are called")
    name = found[1] if found else ""
    kinds = {kind for _, argument in inputs for kind in argument}
    if kinds & {"as_string", "as_strings"} and name not in WITH_WORDS:
        raise _Unknown(f"it gives words to {name}")
    for argument, value in inputs:
        if argument in ("training", "train") and value.get("as_bool") is True:
            raise _Unknown("it was exported in training mode; call eval() before exporting")
    changed = _used({"inputs": inputs[:1], "outputs": []}) if name.endswith("_") else []
    if any(each in own for each in changed):
        raise _Unknown(f"it changes its own weights, by {name}")
    if target == "torch.ops.aten.view.default":  # reshape takes numbers in any order in memory
        target, inputs = "torch.ops.aten.reshape.default", [inputs[0], ["shape", inputs[1][1]]]
    if found:
        try:
            _function(target)
        except (AttributeError, RuntimeError):
            raise _Unknown(f"this torch has no operator {target}") from None
    return {"target": target, "inputs": inputs, "outputs": [_output(o) for o in node["outputs"]]}


def _output(output: dict) -> str | list[str]:
    ((kind, value),) = output.items()
    if kind == "as_tensors":
        return [each["name"] for each in value]
    if kind in NAMED:
        return value[NAMED[kind]]
    if kind == "as_none":
        return ""
    raise _Unknown(f"a call in it returns {kind.removeprefix('as_')}")
