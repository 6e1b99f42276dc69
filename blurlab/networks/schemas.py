"""Each call of an exported network held to its operator's schema, before anything is run."""

import math
import re
from typing import Any

from blurlab.networks import operators
from blurlab.networks.operators import Refused

LISTED = 1024  # numbers or tensors in one argument
NODES = 20_000  # calls in a network; the largest of torchvision's have about 2,000
NUMBERS = {"as_int": int, "as_bool": bool, "as_float": float}
NAMED = {"as_tensor": "name", "as_sym_int": "as_name", "as_sym_bool": "as_name"}
LISTS = {"as_tensors": "as_tensor", "as_sym_ints": "as_sym_int", "as_ints": "as_int",
         "as_floats": "as_float", "as_bools": "as_bool",
         "as_optional_tensors": "as_optional_tensor"}  # fmt: skip
# How a file may write what a schema asks for.
KINDS = {
    "Tensor": {"as_tensor", "as_int", "as_float", "as_bool", "as_sym_int"},
    "int": {"as_int", "as_sym_int"},
    "float": {"as_float", "as_int"},
    "bool": {"as_bool"},
    "number": {"as_int", "as_float", "as_bool", "as_sym_int"},
    "str": {"as_string"},
    "ScalarType": {"as_scalar_type"},
    "MemoryFormat": {"as_memory_format"},
    "Layout": {"as_layout"},
    "Device": {"as_device"},
    "List[Tensor]": {"as_tensors"},
    "List[Optional[Tensor]]": {"as_optional_tensors", "as_tensors"},
    "List[int]": {"as_ints", "as_sym_ints"},
    "List[float]": {"as_floats"},
    "List[bool]": {"as_bools"},
}
INFINITE = {"Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan}


def check(graph: dict[str, Any]) -> None:
    """Raise Refused for a graph with a call in it that is not listed or not given what it takes.

    graph: as programs.read() returns it.
    Every name is made before it is used, once; nothing is changed in place that is known to be a
    weight or the pictures; and the numbers by which tensors are indexed come from the file, not
    from the pictures.
    """
    nodes = graph["nodes"]
    if len(nodes) > NODES:
        raise Refused(f"it has {len(nodes):,} calls; the most is {NODES:,}")
    fixed = {*graph["tensors"], graph["images"]}
    known = dict.fromkeys(fixed, "tensor")
    seen = {graph["images"]}  # names whose values depend on the pictures
    for node in nodes:
        _check_node(node, known, fixed, seen)
    if known.get(graph["logits"]) != "tensor":
        raise Refused("it does not make one tensor of one batch of pictures")


def used(node: dict) -> list[str]:
    """Return the names that a call takes, and those that it makes, for these may go unused."""
    names = [name for group in node["outputs"] for name in _flat(group)]
    for _, argument in node["inputs"]:
        names += _names(argument)
    return names


def _flat(group: str | list[str]) -> list[str]:
    return [group] if isinstance(group, str) else group


def _names(argument: dict) -> list[str]:
    ((kind, value),) = argument.items()
    if kind in LISTS:
        listed = LISTS[kind]
        found = [value for value in value if isinstance(value, dict)]
        return [
            name
            for each in found
            for name in _names(each if listed == "as_optional_tensor" else {listed: each})
        ]
    if kind == "as_optional_tensor":
        return _names(value)
    named = NAMED.get(kind)
    return [value[named]] if named in (value if isinstance(value, dict) else ()) else []


def _check_node(node: dict, known: dict[str, str], fixed: set[str], seen: set[str]) -> None:
    target, inputs = node["target"], node["inputs"]
    name, which = operators.split(target)
    given = dict(map(tuple, inputs))
    if len(given) != len(inputs):
        raise Refused(f"it gives {name} an argument twice")
    if not which:
        for argument in given.values():
            _check_kind(name, "x", {"as_int", "as_bool", "as_sym_int", "as_sym_bool"}, argument)
            _check_value(name, "x", argument, known)
        if len(given) != (1 if target == "_operator.neg" else 2):
            raise Refused(f"it gives {name} {len(given)} numbers")
        made = ["number"]
    else:
        made = _check_call(name, which, given, known, fixed, seen)
    _check_outputs(name, node["outputs"], made, known)
    takes = {each for argument in given.values() for each in _names(argument)}
    if seen & takes and name not in operators.SHAPES:
        if f"{name}.{which}" in operators.CHANGING:  # which may change what looks at the same
            seen |= known.keys() - fixed
        seen.update(each for group in node["outputs"] for each in _flat(group))


def _check_call(
    name: str, which: str, given: dict, known: dict, fixed: set[str], seen: set[str]
) -> list[str]:
    """Check what an operator is given; return the kinds of what it makes."""
    schema = operators.overload(name, which)._schema
    arguments = {each.name: each for each in schema.arguments}
    for argument in given.keys() - arguments.keys():
        raise Refused(f"it gives {name} {argument[:80]!r}, which it does not take")
    for argument, asked in arguments.items():
        if argument not in given:
            if not asked.has_default_value():
                raise Refused(f"it does not give {name} {argument!r}, which it needs")
            continue
        kind, value = str(asked.real_type), given[argument]
        _check_type(name, argument, kind, value, known)
        names = _names(value)
        writes = asked.is_write
        if writes and (not names or fixed & set(names)):
            raise Refused(f"it changes its own weights or pictures, by {name}")
        if argument in operators.ANSWERING:
            (number,) = value.values()
            if number not in operators.ANSWERING[argument]:
                raise Refused("it was exported in training mode; call eval() before exporting")
        if argument in operators.INDICES and seen & set(names):
            raise Refused(f"it chooses what {name} reads by what is in the pictures")
    own = given["use_input_stats"] != {"as_bool": False} if name == "instance_norm" else False
    if own and _names(given["running_mean"]):
        raise Refused("it was exported in training mode; call eval() before exporting")
    if f"{name}.{which}" in operators.REPLACED and len(schema.returns) > 1:
        return ["tensor"]  # the others are for learning
    returned = [str(each.type) for each in schema.returns]
    return ["tensors" if r == "List[Tensor]" else "tensor" if r == "Tensor" else "number"
            for r in returned]  # fmt: skip


def _check_type(name: str, argument: str, kind: str, value: dict, known: dict) -> None:
    while kind.startswith("Optional["):
        if "as_none" in value:
            return
        kind = kind.removeprefix("Optional[").removesuffix("]")
        value = value.get("as_optional_tensor", value)
        if "as_none" in value:
            return
    if kind not in KINDS:
        raise Refused(f"it gives {name} {argument!r}, which classifiers do not need")
    _check_kind(name, argument, KINDS[kind], value)
    _check_value(name, argument, value, known)


def _check_kind(name: str, argument: str, kinds: set[str], value: dict) -> None:
    (kind,) = value
    if kind not in kinds:
        wrong = kind.removeprefix("as_").replace("_", " ")
        if kind in ("as_string", "as_strings"):
            wrong = "words"
        raise Refused(f"it gives {wrong} to {name}, which does not take that as {argument}")


def _check_value(name: str, argument: str, value: dict, known: dict) -> None:
    ((kind, content),) = value.items()
    fits = True
    if kind in LISTS:
        fits = isinstance(content, list) and len(content) <= LISTED
        each = LISTS[kind]
        for one in content if fits else ():
            if each != "as_optional_tensor":
                one = {each: one}
            if "as_none" not in one:
                _check_value(name, argument, one, known)
    elif kind in NAMED:
        named = NAMED[kind]
        if named in content:
            wanted = "tensor" if kind == "as_tensor" else "number"
            if known.get(content[named]) != wanted:
                raise Refused(f"it gives {name} {str(content[named])[:80]!r}, which is no {wanted}")
        else:
            ((plain, number),) = content.items()
            fits = plain in NUMBERS
            if fits:
                _check_value(name, argument, {plain: number}, known)
    elif kind in NUMBERS:
        fits = type(content) is NUMBERS[kind] or (
            kind == "as_float" and (type(content) is int or content in INFINITE)
        )
        if fits and type(content) is int:
            fits = -operators.LIMIT <= content < operators.LIMIT
    elif kind == "as_string":
        allowed = operators.WORDS.get((name, argument))
        fits = isinstance(content, str) and bool(allowed and re.fullmatch(allowed, content))
    elif kind == "as_scalar_type":
        fits = content in operators.DTYPES
    elif kind == "as_memory_format":
        fits = content in operators.FORMATS
    if not fits:
        shown = str(content)
        raise Refused(f"it gives {name} {shown[:40]!r} as {argument}, which it does not take")


def _check_outputs(name: str, outputs: list, made: list[str], known: dict) -> None:
    for index, group in enumerate(outputs):
        kind = made[index] if index < len(made) else None
        if isinstance(group, list) != (kind == "tensors"):
            raise Refused(f"it takes other things from {name} than it makes")
        for each in _flat(group):
            if each in known:
                raise Refused(f"it makes {each[:80]!r} twice")
            if kind and each:
                known[each] = "number" if kind == "number" else "tensor"


def value(argument: dict, known: dict[str, Any], device: Any) -> Any:
    """Return what a call is given, from how the file writes it.

    known: values by name.  device: that of the pictures, which is every tensor's.
    """
    ((kind, content),) = argument.items()
    if kind in LISTS:
        each = LISTS[kind]
        return [
            value(one if each == "as_optional_tensor" else {each: one}, known, device)
            for one in content
        ]
    if kind in NAMED:
        named = NAMED[kind]
        return known[content[named]] if named in content else next(iter(content.values()))
    if kind == "as_float":
        return INFINITE.get(content, content)
    if kind == "as_optional_tensor":
        return value(content, known, device)
    return {
        "as_none": lambda: None,
        "as_scalar_type": lambda: operators.DTYPES[content],
        "as_memory_format": lambda: operators.FORMATS[content],
        "as_layout": lambda: None,
        "as_device": lambda: device,
    }.get(kind, lambda: content)()
