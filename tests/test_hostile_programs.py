"""Exported networks that are made to do harm: each is refused, in a sentence, before it does."""

import json
import time
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from blurlab import places
from blurlab.networks import installing, operators, programs, schemas, trials

PIXELS = 8
CLASSES = 3
SECONDS = 20  # for a file whose reading takes milliseconds, on a machine that is busy


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path / "shipped")
    monkeypatch.setenv("BLURLAB_MODELS", str(tmp_path / "added"))
    return tmp_path


@pytest.fixture
def in_time():
    start = time.monotonic()
    yield
    assert time.monotonic() - start < SECONDS


def name(of):
    return {"as_tensor": {"name": of}}


def number(of):
    return {"as_sym_int": {"as_name": of}}


def written(value):
    """Write an argument as torch.export does; those that are dictionaries already stay."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        if all(isinstance(each, int) for each in value):
            return {"as_ints": value}
        return {"as_sym_ints": [written(each).get("as_sym_int", written(each)) for each in value]}
    kinds = {bool: "as_bool", int: "as_int", float: "as_float", str: "as_string"}
    return {kinds[type(value)]: value}


def call(target, output="y", *, outputs=None, **inputs):
    """Describe a call of an operator of aten, or of Python's operator."""
    whole = target if target.startswith("_operator.") else f"torch.ops.aten.{target}"
    made = {"as_tensor": {"name": output}}
    if target.startswith(("_operator.", "sym_")):
        made = {"as_sym_int": {"as_name": output}}
    return {
        "target": whole,
        "inputs": [{"name": key, "arg": written(value)} for key, value in inputs.items()],
        "outputs": [made] if outputs is None else outputs,
    }


def spread(of):
    """Describe the calls that make logits of any tensor, for what comes before them matters."""
    return [
        call("mean.default", "mean", self=name(of)),
        call("expand.default", "one", self=name("mean"), size=[1, CLASSES]),
        call("sym_size.int", "count", self=name("images"), dim=0),
        call("repeat.default", "logits", self=name("one"), repeats=[number("count"), 1]),
    ]


def file(calls, *, tensor=None, key="weight", meta=None, logits="logits", path="crafted.pt2"):
    """Write a program: its calls, and one tensor."""
    tensor = torch.ones(6, 6) if tensor is None else tensor
    described = {
        "dtype": 7,
        "sizes": [{"as_int": side} for side in tensor.shape],
        "strides": [{"as_int": step} for step in tensor.stride()],
        "storage_offset": {"as_int": 0},
    } | (meta or {})
    config = {key: {"path_name": "w0", "use_pickle": False, "tensor_meta": described}}
    specs = [
        {"parameter": {"arg": {"name": "w"}, "parameter_name": key}},
        {"user_input": {"arg": {"as_tensor": {"name": "images"}}}},
    ]
    graph = {"nodes": calls, "outputs": [name(logits)]}
    whole = {"graph_module": {"graph": graph, "signature": {"input_specs": specs}}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("p/models/model.json", json.dumps(whole))
        archive.writestr("p/data/weights/model_weights_config.json", json.dumps({"config": config}))
        archive.writestr("p/data/weights/w0", tensor.numpy().tobytes())
    return Path(path)


def answer(path) -> Tensor:
    """Read a program and ask it about two pictures, here."""
    graph, tensors = programs.read(path)
    program = programs.Program(graph)
    program.load_state_dict(tensors)
    return program.requires_grad_(False)(torch.rand(2, 3, PIXELS, PIXELS))


def test_a_program_that_is_written_like_these_answers():
    calls = [call("relu.default", "y", self=name("images")), *spread("y")]
    assert answer(file(calls)).shape == (2, CLASSES)


# Files and memory of the server


@pytest.mark.parametrize(
    "target",
    [
        "from_file.default", "save.default", "_reshape_alias.default", "set_.source_Storage",
        "empty.memory_format", "empty_like.default", "empty_strided.default", "resize_.default",
        "_unsafe_masked_index.default", "add.out", "relu.out", "copy.out", "as_strided_.default",
        "as_strided_copy.default", "native_batch_norm.default", "batch_norm_update_stats.default",
        "random.default", "_local_scalar_dense.default", "nonzero.default", "set_data.default",
        "embedding_renorm_.default", "view.dtype", "max_unpool2d.default", "_cudnn_rnn.default",
    ],
)  # fmt: skip
def test_operators_that_are_not_listed_are_named(target, in_time):
    path = file([call(target, "y", self=name("images"))], logits="y")
    message = (
        f"crafted.pt2 is not run: it calls 'torch.ops.aten.{target}', which is not an operator"
    )
    with pytest.raises(ValueError, match=message):
        programs.read(path)


@pytest.mark.parametrize("shared", [True, False])
def test_a_file_of_the_server_is_neither_read_nor_written(folder, shared):
    secret = folder / "secret"
    secret.write_bytes(b"\1" * 400)
    calls = [
        call("from_file.default", "y", filename=str(secret), shared=shared, size=100),
        call("fill_.Scalar", "z", self=name("y"), value=0),
        *spread("z"),
    ]
    with pytest.raises(ValueError, match=r"it calls 'torch\.ops\.aten\.from_file\.default'"):
        installing.recipe(str(file(calls)), PIXELS)
    assert secret.read_bytes() == b"\1" * 400


@pytest.mark.parametrize(
    ("size", "stride", "offset"),
    [([400], [1], 0), ([6, 6], [6, 1], 12), ([6, 6], [60, 1], 0), ([6, 6], [1, 6], 0)],
)
def test_no_view_reaches_beyond_its_tensor(size, stride, offset, in_time):
    calls = [
        call(
            "as_strided.default",
            self=name("w"),
            size=size,
            stride=stride,
            storage_offset=offset,
        ),
        *spread("y"),
    ]
    with pytest.raises(ValueError, match="it looks at numbers outside a tensor, by as_strided"):
        answer(file(calls))


@pytest.mark.parametrize("wrong", [{"HxW": 10_000}, {"C": 30}, {"N": 50}])
def test_a_group_norm_that_says_other_sizes_than_its_input_has_is_refused(wrong):
    given = {"N": 2, "C": 3, "HxW": PIXELS**2} | wrong
    none = {"as_none": True}
    outputs = [name("y"), name("m"), name("r")]
    calls = [
        call("native_group_norm.default", outputs=outputs, input=name("images"), weight=none,
             bias=none, group=1, eps=1e-5, **given),
        *spread("y"),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="a group norm of another shape"):
        answer(file(calls))


def test_a_batch_norm_with_too_few_statistics_is_refused():
    none = {"as_none": True}
    outputs = [name("y"), name("m"), name("r")]
    calls = [
        call("select.int", "short", self=name("w"), dim=0, index=0),
        call("_native_batch_norm_legit_no_training.default", outputs=outputs, input=name("images"),
             weight=none, bias=none, running_mean=name("short"), running_var=name("short"),
             momentum=0.1, eps=1e-5),
        *spread("y"),
    ]  # fmt: skip
    with pytest.raises(RuntimeError, match="running_mean should contain 3 elements"):
        answer(file(calls))


# Weights and pictures changed


def views():
    """Return the ways in which a call can look at a tensor's own memory."""
    return {
        "itself": [],
        "alias": [call("alias.default", "v", self=name("w"))],
        "detach": [call("detach.default", "v", self=name("w"))],
        "reshape": [call("reshape.default", "v", self=name("w"), shape=[36])],
        "view": [call("view.default", "v", self=name("w"), size=[36])],
        "transpose": [call("transpose.int", "v", self=name("w"), dim0=0, dim1=1)],
        "slice": [call("slice.Tensor", "v", self=name("w"), dim=0, start=0, end=2)],
        "contiguous": [call("contiguous.default", "v", self=name("w"))],
        "to": [call("to.dtype", "v", self=name("w"), dtype={"as_scalar_type": 7})],
        "dropout": [call("dropout.default", "v", input=name("w"), p=0.1, train=False)],
        "split": [
            call("split.Tensor", outputs=[{"as_tensors": [{"name": "v"}, {"name": "u"}]}],
                 self=name("w"), split_size=3)
        ],
        "two": [
            call("unsqueeze.default", "u", self=name("w"), dim=0),
            call("permute.default", "v", self=name("u"), dims=[2, 0, 1]),
        ],
    }  # fmt: skip


@pytest.mark.parametrize("way", views())
def test_no_weight_is_changed_in_place_also_through_a_view(way, in_time):
    calls = views()[way]
    changed = name("v") if calls else name("w")
    path = file([*calls, call("mul_.Scalar", self=changed, other=2), *spread("y")])
    with pytest.raises(ValueError, match="it changes its own weights or pictures, by mul_"):
        answer(path)


def test_the_pictures_are_not_changed_in_place():
    calls = [
        call("flatten.using_ints", "v", self=name("images"), start_dim=1),
        call("zero_.default", "y", self=name("v")),
        *spread("y"),
    ]
    with pytest.raises(ValueError, match="it changes its own weights or pictures, by zero_"):
        answer(file(calls))


def test_what_a_program_made_itself_it_may_change():
    calls = [
        call("clone.default", "v", self=name("w")),
        call("mul_.Scalar", self=name("v"), other=2),
        *spread("y"),
    ]
    assert answer(file(calls)).tolist() == [[2.0] * CLASSES] * 2


def test_batch_statistics_are_not_learned():
    none = {"as_none": True}
    for true in (True, {"as_sym_bool": {"as_bool": True}}):
        calls = [
            call("batch_norm.default", input=name("images"), weight=none, bias=none,
                 running_mean=name("w"), running_var=name("w"), training=true, momentum=0.1,
                 eps=1e-5, cudnn_enabled=False),
        ]  # fmt: skip
        with pytest.raises(ValueError, match="training"):
            programs.read(file(calls, logits="y"))


# Arguments that no schema allows


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (call("relu.default"), "does not give relu 'self', which it needs"),
        (call("relu.default", self=name("w"), x=1), "gives relu 'x', which it does not take"),
        (call("relu.default", self=name("no")), "gives relu 'no', which is no tensor"),
        (call("relu.default", self="words"), "gives words to relu"),
        (call("relu.default", self=[1, 2]), "gives ints to relu"),
        (call("mul.Tensor", self=name("w"), other="a" * 9), "gives words to mul"),
        (call("sum.dim_IntList", self=name("w"), dim="a"), "gives words to sum"),
        (call("add.Scalar", self=name("w"), other=2**63), "gives add '9223372036854775808'"),
        (call("gelu.default", self=name("w"), approximate="/etc"), "gives gelu '/etc'"),
        (call("repeat.default", self=name("w"), repeats=[1] * 2000), "gives repeat"),
        (call("relu.default", "w", self=name("w")), "makes 'w' twice"),
        (call("unbind.int", self=name("w")), "takes other things from unbind than it makes"),
        (call("_operator.mul", a="text", b=10**9), "gives words to _operator.mul"),
        (call("_operator.mul", a=name("w"), b=2), "gives tensor to _operator.mul"),
        (call("_operator.pow", a=9, b=9), "calls '_operator.pow'"),
        (call("gather.default", self=name("w"), dim=0, index=name("images")), "by what is in"),
    ],
)
def test_arguments_are_held_to_the_schema(given, problem, in_time):
    with pytest.raises(ValueError, match=rf"crafted\.pt2 is not run: it .*{problem}"):
        programs.read(file([given], logits="y"))


# Memory and time


def grown(count, *calls):
    """Repeat calls whose input and output are x0, x1, ..."""
    made = []
    for index in range(count):
        made += [each(f"x{index}", f"x{index + 1}") for each in calls]
    return made


def tensors(target, **inputs):
    return lambda before, after: call(target, after, self=name(before), **inputs)


GREEDY = {
    "ones of 4 GB": (
        [call("ones.default", size=[10**9]), *spread("y")],
        r"it makes a tensor of 1,000,000,000 numbers by aten\.",
    ),
    "a range": (
        [call("arange.default", end=10**12), *spread("y")],
        r"it makes a tensor of 1,000,000,000,000 numbers",
    ),
    "by the number of pictures": (
        [
            call("sym_size.int", "n", self=name("images"), dim=0),
            call("_operator.mul", "m", a=number("n"), b=10**9),
            call("ones.default", size=[number("m")]),
            *spread("y"),
        ],
        "it makes a tensor of",
    ),
    "expanded": (
        [
            call("unsqueeze.default", "x0", self=name("w"), dim=0),
            call("expand.default", self=name("x0"), size=[10**8, 6, 6]),
            *spread("y"),
        ],
        "it makes a tensor of 100,000,000 x 6 x 6 numbers",
    ),
    "doublings": (
        [
            call("reshape.default", "x0", self=name("w"), shape=[36]),
            *grown(40, tensors("repeat.default", repeats=[2])),
            *spread("x40"),
        ],
        "it makes a tensor of",
    ),
    "pieces": (
        [
            call("zeros.default", "x", size=[10**6]),
            call("unbind.int", outputs=[{"as_tensors": [{"name": "y"}]}], self=name("x")),
            *spread("y"),
        ],
        "it splits a tensor into more than 4,096 by unbind",
    ),
    "products": (
        [
            call("ones.default", "x0", size=[6000, 6000]),
            *grown(200, lambda a, b: call("mm.default", b, self=name(a), mat2=name(a))),
            *spread("x200"),
        ],
        "it takes more than .* operations",
    ),
    "sines": (
        [
            call("ones.default", "x0", size=[10**8]),
            *grown(2000, tensors("sin.default")),
            *spread("x2000"),
        ],
        "it takes more than .* operations",
    ),
    "a large kernel": (
        [
            call("ones.default", "x0", size=[1, 1, 6000, 6000]),
            call("avg_pool2d.default", self=name("x0"), kernel_size=[2000, 2000], stride=[1, 1]),
            *spread("y"),
        ],
        "it takes more than .* operations",
    ),
    "inside einsum": (
        [
            call("ones.default", "x0", size=[6000, 6000]),
            call("einsum.default", equation="ab,cd->abcd", tensors={"as_tensors": [
                {"name": "x0"}, {"name": "x0"}]}),
            *spread("y"),
        ],
        "it makes a tensor of",
    ),
    "squares": (
        [
            call("sym_size.int", "x0", self=name("w"), dim=0),
            *grown(14, lambda a, b: call("_operator.mul", b, a=number(a), b=number(a))),
            call("ones.default", size=[number("x14")]),
            *spread("y"),
        ],
        "it makes whole numbers of more than 64 bits",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", GREEDY)
def test_what_takes_too_much_is_refused_before_anything_is_computed(kind, in_time):
    calls, problem = GREEDY[kind]
    with pytest.raises(ValueError, match=problem):
        answer(file(calls))


def test_many_pictures_take_no_more_than_as_many_pictures_do():
    cubed = [
        call("sym_size.int", "n", self=name("images"), dim=0),
        call("_operator.mul", "m", a=number("n"), b=number("n")),
        call("_operator.mul", "l", a=number("m"), b=number("m")),
        call("ones.default", size=[number("l"), 1000]),
        *spread("y"),
    ]
    graph, tensors = programs.read(file(cubed))
    program = programs.Program(graph)
    program.load_state_dict(tensors)
    program(torch.rand(2, 3, PIXELS, PIXELS))
    with pytest.raises(ValueError, match="operations"):
        program(torch.rand(16, 3, PIXELS, PIXELS))


def test_a_program_of_too_many_calls_is_refused(in_time):
    calls = grown(schemas.NODES + 1, lambda a, b: call("ones.default", b, size=[1]))
    with pytest.raises(ValueError, match=r"it has 20,001 calls; the most is 20,000"):
        programs.read(file(calls))


def test_a_tensor_has_no_more_numbers_than_the_file(in_time):
    meta = {"sizes": [{"as_int": 700_000_000}], "strides": [{"as_int": 0}]}
    path = file(spread("w"), meta=meta)
    with pytest.raises(ValueError, match=r"a tensor of 700,000,000 numbers has 36 in the file"):
        programs.read(path)


@pytest.mark.parametrize("key", [".".join("a" * 3000), "a" * 3000, "weight"])
def test_names_are_short_and_flat(key, in_time):
    path = file(spread("w"), key=key)
    if key == "weight":
        programs.read(path)
        return
    with pytest.raises(ValueError, match=r"crafted\.pt2 is not run: the name .* the most is 32"):
        programs.read(path)


def test_a_description_that_is_nested_deep_is_refused(in_time):
    with zipfile.ZipFile("deep.pt2", "w") as archive:
        archive.writestr("p/models/model.json", "[" * 100_000 + "]" * 100_000)
    with pytest.raises(ValueError, match=r"deep\.pt2 is damaged"):
        programs.read(Path("deep.pt2"))


# The process in which programs are tried out


def tried(calls, tensor=None):
    graph, state = programs.read(file(calls, tensor=tensor))
    save_file({key: value.contiguous() for key, value in state.items()}, "w.safetensors")
    trials.ask_apart(graph, Path("w.safetensors"), PIXELS, CLASSES)


def test_answers_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="answers are not finite numbers"):
        tried(spread("w"), torch.full((6, 6), torch.nan))


def test_a_program_that_takes_long_is_ended(monkeypatch):
    monkeypatch.setattr(trials, "SECONDS", 2)
    calls = [
        call("ones.default", "x0", size=[10**7]),
        *grown(900, tensors("sin.default")),
        *spread("x900"),
    ]  # fmt: skip
    with pytest.raises(ValueError, match=r"did not answer within 2 seconds"):
        tried(calls)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no limit on memory")
def test_a_program_that_takes_much_memory_is_ended(monkeypatch):
    monkeypatch.setattr(trials, "MEMORY", 300_000_000)
    many = [call("ones.default", f"x{index}", size=[2 * 10**7]) for index in range(20)]
    sums = [call("add.Tensor", f"s{i}", self=name(f"x{i}"), other=name("x0")) for i in range(20)]
    with pytest.raises(ValueError, match=r"takes more than 0\.3 GB of memory"):
        tried([*many, *sums, *spread("s19")])


def test_every_listed_operator_is_known_to_this_torch_with_arguments_that_can_be_checked():
    for full in sorted(operators.ALLOWED):
        schema = operators.overload(*full.split("."))._schema
        written = [
            each for each in schema.arguments if each.alias_info and each.alias_info.is_write
        ]
        assert bool(written) == (full in operators.CHANGING), full
        assert not any(each.is_out for each in schema.arguments), full
        assert {str(each.type) for each in schema.returns} <= {"Tensor", "List[Tensor]", "int"}
