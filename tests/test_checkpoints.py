"""Checkpoints of others: their tensors are found, what does not fit is named, nothing is run."""

import gzip
import io
import json
import lzma
import os
import pickle
import re
import struct
import tarfile
import time
import warnings
import zipfile
from argparse import Namespace
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.testing import assert_close
from torchvision.models import resnet18

from blurlab.networks import architectures, checkpoints, fitting, inert

CLASSES = 5
SHAPES = {"features.weight": torch.Size([4, 3, 3, 3]), "fc.weight": torch.Size([CLASSES, 4])}
STATE = {name: torch.rand(shape) for name, shape in SHAPES.items()}


class Canary:
    """Pickles as a call that writes a file: what runs it leaves a trace."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


class Meter:
    """An object of somebody's training code, as published checkpoints hold."""

    def __init__(self):
        self.history = [1.0, 2.0]


def behind(prefix, state=STATE):
    return {prefix + name: tensor for name, tensor in state.items()}


def fit(given, prefix=None, classes=CLASSES):
    return fitting.fitted(given, SHAPES, "this net", classes, prefix)


# Files that hold tensors


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".old", ".safetensors"])
def test_tensors_are_read_as_they_were_written(tmp_path, suffix):
    path = tmp_path / f"weights{suffix}"
    if suffix == ".safetensors":
        save_file(STATE, path)
    else:
        torch.save(STATE, path, _use_new_zipfile_serialization=suffix != ".old")
    assert_close(checkpoints.tensors(path), STATE, atol=0, rtol=0)


@pytest.mark.parametrize("key", ["state_dict", "model", "net"])
def test_the_state_dict_of_a_training_run_is_found(tmp_path, key):
    run = {"step": torch.tensor(3), "optimizer": {"lr": 0.1}, key: STATE}
    torch.save(run, tmp_path / "run.pt")
    assert_close(checkpoints.tensors(tmp_path / "run.pt"), STATE, atol=0, rtol=0)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_published_run_gives_its_tensors_though_it_holds_more(tmp_path, zipped):
    path = tmp_path / "run.ckpt"
    shared = torch.arange(12.0).half()
    state = OrderedDict(
        STATE,
        view=shared[2:8].view(2, 3).t(),
        parameter=nn.Parameter(shared[:3]),
        count=torch.tensor(7),
        flags=torch.tensor([True, False]),
        nothing=torch.empty(0, 4),
    )
    run = {"meter": Meter(), "schedule": [Meter, {"best": Meter()}], "model": state}
    torch.save(run, path, _use_new_zipfile_serialization=zipped)
    found, notes = checkpoints.read(path)
    assert notes == [
        "run.ckpt also holds test_checkpoints.Meter, which was stepped over and not run."
    ]
    assert list(found) == list(state)
    for name, tensor in found.items():
        assert_close(tensor, state[name].detach(), atol=0, rtol=0)


# Files that do not


@pytest.fixture(params=["zipped", "old", "bare", "code among tensors"])
def malicious(tmp_path, request):
    """A file that runs a command in whoever unpickles it, and the file which that would write."""
    path, canary = tmp_path / "malicious.pt", tmp_path / "canary"
    match request.param:
        case "zipped":
            torch.save({"state_dict": Canary(canary)}, path)
        case "old":
            torch.save({"model": Canary(canary)}, path, _use_new_zipfile_serialization=False)
        case "bare":
            path.write_bytes(pickle.dumps(Canary(canary)))
        case _:
            torch.save({"state_dict": STATE, "extra": Canary(canary)}, path)
    return path, canary


def test_code_in_a_pickle_is_named_and_never_run(malicious):
    path, canary = malicious
    payload, foreign = inert.load(path)
    assert foreign in (["posix.system"], ["nt.system"])
    if isinstance(payload, dict) and "extra" in payload:
        found, (note,) = checkpoints.read(path)
        assert_close(found, STATE, atol=0, rtol=0)
        assert re.search(r"malicious\.pt also holds (posix|nt)\.system, which was stepped", note)
    else:
        with pytest.raises(ValueError, match=r"malicious\.pt holds (code|no tensors)"):
            checkpoints.read(path)
    assert not canary.exists()


def test_the_canary_sings_when_it_is_unpickled(tmp_path):
    pickle.loads(pickle.dumps(Canary(tmp_path / "canary")))
    assert (tmp_path / "canary").exists()


@pytest.mark.parametrize("start", ["<!DOCTYPE html><html>", "\n <html lang='en'>", "\ufeff<HTML>"])
def test_a_web_page_is_refused_as_one(tmp_path, start):
    path = tmp_path / "weights.pt"
    path.write_text(f"{start}<body>Quota exceeded</body>")
    with pytest.raises(ValueError, match=r"weights\.pt is a web page"):
        checkpoints.tensors(path)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("kind", ["zipped", "old", "safetensors"])
def test_a_cut_file_is_refused(tmp_path, kind, share):
    path = tmp_path / "cut.pt"
    state = {"weight": torch.rand(100, 100)}
    if kind == "safetensors":
        save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=kind == "zipped")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"cut\.pt .*\.$"):
        checkpoints.tensors(path)


@pytest.mark.parametrize("payload", [torch.rand(3), [1, 2], {"epoch": 3}, {"model": {"a": 1}}])
def test_a_file_without_tensors_by_name_is_refused(tmp_path, payload):
    torch.save(payload, tmp_path / "odd.pt")
    with pytest.raises(ValueError, match=r"odd\.pt holds no tensors by name"):
        checkpoints.tensors(tmp_path / "odd.pt")


def test_a_whole_network_is_refused_with_what_to_save_instead(tmp_path):
    torch.save(nn.Linear(2, 2), tmp_path / "net.pt")
    with pytest.raises(
        ValueError, match=r"torch\.nn\.modules\.linear\.Linear.*save the state dict"
    ):
        checkpoints.tensors(tmp_path / "net.pt")


def rewritten(source, target, change):
    """Copy a file of torch.save with its pickle changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            is_pickle = Path(entry.filename).name == "data.pkl"
            new.writestr(entry.filename, change(content) if is_pickle else content)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"K\x64", b"K\x65"), (b"K\x32", b"K\x33"), (b"K\x02", b"K\x63")],  # length, offset, stride
)
def test_a_tensor_that_reaches_beyond_its_numbers_is_refused(tmp_path, old, new):
    torch.save({"weight": torch.rand(100)[50:].view(25, 2)}, tmp_path / "right.pt")
    inert.load(tmp_path / "right.pt")

    def lie(content):
        assert old in content
        return content.replace(old, new)

    rewritten(tmp_path / "right.pt", tmp_path / "lying.pt", lie)
    with pytest.raises(ValueError, match=r"lying\.pt is neither safetensors nor whole"):
        inert.load(tmp_path / "lying.pt")


def test_numbers_that_no_file_could_hold_are_refused_before_room_is_made(tmp_path):
    buffer = io.BytesIO()
    torch.save({"weight": torch.zeros(100)}, buffer, _use_new_zipfile_serialization=False)
    content = buffer.getvalue()
    huge = b"\x8a\x06" + (2**40).to_bytes(6, "little")  # pickle's LONG1
    path = tmp_path / "huge.pt"
    path.write_bytes(content.replace(b"cpuq\x06Kd", b"cpuq\x06" + huge))
    assert path.read_bytes() != content
    with pytest.raises(ValueError, match=r"huge\.pt"):
        inert.load(path)


# What does not fit


@pytest.mark.parametrize("prefix", ["", "module.", "model.", "module.model.", "net."])
def test_usual_prefixes_are_found(prefix):
    assert_close(fit(behind(prefix)), STATE, atol=0, rtol=0)


def test_what_lies_beside_the_prefix_belongs_to_something_else():
    given = behind("module.model.") | {"module.normalizer.mean": torch.zeros(3)}
    given |= behind("module.attacker.model.", {key: value + 1 for key, value in STATE.items()})
    assert_close(fit(given), STATE, atol=0, rtol=0)


def test_an_unusual_prefix_is_suggested_and_can_be_given():
    given = behind("encoder.q.")
    with pytest.raises(ValueError, match=r"lacks; .* the prefix 'encoder\.q\.'\.$"):
        fit(given)
    assert_close(fit(given, "encoder.q."), STATE, atol=0, rtol=0)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"fc.weight": None}, "this net has a tensor fc.weight, which the file lacks."),
        ({"fc.bias": torch.zeros(5)}, "the file has a tensor fc.bias, which this net lacks."),
        ({"fc.weight": torch.zeros(9, 4)}, "the file's fc.weight is for 9 classes, and 5 were"),
        (
            {"features.weight": torch.zeros(4, 1, 3, 3)},
            "features.weight is 4 x 1 x 3 x 3 in the file and 4 x 3 x 3 x 3 in this net.",
        ),
    ],
)
def test_the_first_mismatch_is_named(changed, problem):
    given = {key: value for key, value in (STATE | changed).items() if value is not None}
    with pytest.raises(ValueError, match=re.escape(problem)):
        fit(given)


# Published layouts


def cifar_resnet20_names():
    """The names in a published CIFAR ResNet-20: three stages of three blocks."""
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    names = ["conv1.weight", *(f"bn1.{part}" for part in norm)]
    for stage, block in ((s, b) for s in (1, 2, 3) for b in range(3)):
        here = f"layer{stage}.{block}"
        for index in (1, 2):
            names += [f"{here}.conv{index}.weight", *(f"{here}.bn{index}.{p}" for p in norm)]
        if stage > 1 and block == 0:
            names += [f"{here}.downsample.0.weight", *(f"{here}.downsample.1.{p}" for p in norm)]
    return [*names, "fc.weight", "fc.bias"]


def test_the_cifar_net_has_the_published_names_and_number_of_weights():
    shapes = architectures.shapes({"architecture": "cifar:resnet20"}, 10)
    assert list(shapes) == cifar_resnet20_names()
    counted = [name for name in shapes if "running" not in name and "batches" not in name]
    # 0.27 million, of which the shortcuts' convolutions and norms are 2,752 (He et al. 2016 have
    # 269,722 with shortcuts that pad)
    assert sum(shapes[name].numel() for name in counted) == 269_722 + 2_752


@pytest.mark.parametrize(
    ("name", "count"),  # of weights, in thousands, as github.com/akamaster/pytorch_resnet_cifar10
    [("resnet20_a", 270), ("resnet32_a", 464), ("resnet56_a", 853), ("resnet110_a", 1728)],
)
def test_cifar_nets_with_padded_shortcuts_have_the_papers_number_of_weights(name, count):
    shapes = architectures.shapes({"architecture": f"cifar:{name}"}, 10)
    assert {"linear.weight", "linear.bias"} < shapes.keys()
    assert not [key for key in shapes if "downsample" in key or "shortcut" in key]
    counted = [key for key in shapes if "running" not in key and "batches" not in key]
    assert round(sum(shapes[key].numel() for key in counted) / 1000) == count


def test_a_padded_shortcut_skips_pixels_and_puts_the_channels_in_the_middle():
    block = architectures.CifarBlock(16, 32, 2, padded=True).eval()
    torch.nn.init.zeros_(block.bn2.weight)  # leaves the shortcut alone
    features = torch.rand(2, 16, 9, 9)
    made = block(features)
    assert_close(made[:, 8:24], features[..., ::2, ::2])
    assert not made[:, :8].any()
    assert not made[:, 24:].any()


@pytest.mark.parametrize("prefix", ["", "module.", "odd."])
@pytest.mark.parametrize("name", ["resnet20", "resnet20_a", "resnet56", "resnet56_a"])
def test_a_cifar_net_is_known_by_its_names(prefix, name):
    state = architectures.shapes({"architecture": f"cifar:{name}"}, 7)
    assert architectures.cifar_alike(behind(prefix, state)) == f"cifar:{name}"
    without = [key for key in state if not key.startswith("layer3.2.bn2")]
    assert architectures.cifar_alike(without) is None


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize(
    "architecture", ["torchvision:resnet18", "cifar:resnet20", "cifar:resnet20_a"]
)
def test_published_layouts_load_and_answer(tmp_path, architecture, prefix, zipped):
    recipe, path = {"architecture": architecture}, tmp_path / "published.pth"
    torch.manual_seed(0)
    net = architectures.net(recipe, 10).eval()
    state = behind(prefix, net.state_dict())
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    expected = architectures.shapes(recipe, 10)
    loaded = architectures.net(recipe, 10).eval()
    given = checkpoints.tensors(path)
    loaded.load_state_dict(fitting.fitted(given, expected, architecture, 10))
    images = torch.rand(2, 3, 32, 32)
    assert loaded(images).shape == (2, 10)
    assert_close(loaded(images), net(images))


def test_the_names_of_torchvisions_resnet18_are_torchvisions():
    expected = architectures.shapes({"architecture": "torchvision:resnet18"}, 1000)
    assert expected == {key: value.shape for key, value in resnet18().state_dict().items()}


# Hostile files: each is refused in one sentence, within seconds and little memory

MOST_SECONDS, MOST_MB = 10, 400  # on a slow machine, and beyond what torch takes by itself


def write_zip(path, pickled, numbers=(), compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", pickled)
        for key, content in enumerate(numbers):
            archive.writestr(f"archive/data/{key}", content)


def write_safetensors(path, header, content=b""):
    path.write_bytes(struct.pack("<Q", len(header)) + header + content)


def memo_bomb(path):
    write_zip(path, b"\x80\x04" + b"]\x94" * 5_000_000 + b".")


def far_memo(path):
    write_zip(path, b"\x80\x02]r\xff\xff\xff\x7f.")


def tuples_as_key(path):
    nested = b")" + b"".join(b"q\x00h\x00\x86" for _ in range(60))
    write_zip(path, b"\x80\x02}" + nested + b"K\x01s.")


def deflated(path):
    write_zip(path, b"\x80\x02" + b"N0" * 100_000_000 + b".", compression=zipfile.ZIP_DEFLATED)


def long_words(path):
    write_zip(path, b"\x80\x02X" + struct.pack("<I", 70 * 2**20) + b"a" * (70 * 2**20) + b".")


def old_bomb(path):
    path.write_bytes(pickle.dumps(inert.MAGIC, 2) + b"\x80\x02" + b"}q\x00" * 4_000_000 + b".")


def endless_line(path):
    path.write_bytes(b"\x80\x02c" + b"a" * (100 * 2**20))


def many_tensors(path):
    one = b"h\x00h\x01R0"
    torch.save({"weight": torch.zeros(3)}, path)
    with zipfile.ZipFile(path) as archive:
        (main,) = (name for name in archive.namelist() if name.endswith("data.pkl"))
        content = archive.read(main)
    start = content.index(b"ctorch._utils")
    end = content.index(b"R", content.index(b"OrderedDict"))  # of the empty hooks
    arguments = content.index(b"(", start)
    built = content.index(b"tq", end)
    function, given = content[start:arguments], content[arguments : built + 3]
    hostile = b"\x80\x02" + function.split(b"q")[0] + b"q\x00" + given + b"r\x01\x01\x00\x00"
    whole = hostile + one.replace(b"h\x01", b"j\x01\x01\x00\x00") * 25_000 + b"."
    write_zip(path, whole, [bytes(12)])


def many_entries(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"N.")
    content = path.read_bytes()
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    listed = content[start:end] * 200_000
    about = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFE, 0xFFFE, len(listed), start, 0)
    path.write_bytes(content[:start] + listed + about)


def two_of_one_name(path):
    write_zip(path, b"N.", [b"a", b"b"])
    path.write_bytes(path.read_bytes().replace(b"archive/data/1", b"archive/data/0"))


def key_twice(path):
    write_zip(path, b"\x80\x02}(X\x01\x00\x00\x00aK\x01X\x01\x00\x00\x00aK\x02u.")


def long_header(path):
    write_safetensors(path, b'{"a":"' + b"a" * (90 * 2**20) + b'"}')


def deep_header(path):
    write_safetensors(path, b'{"a":' + b"[" * 4_000_000 + b"}")


def entry(shape, dtype="F32", offsets=(0, 0)):
    return json.dumps({"dtype": dtype, "shape": shape, "data_offsets": offsets}).encode()


def absurd_shape(path):
    write_safetensors(path, b'{"a":' + entry([2**63, 0]) + b"}")


def negative_shape(path):
    write_safetensors(path, b'{"a":' + entry([-1, -4], offsets=[0, 16]) + b"}", bytes(16))


def shape_of_words(path):
    write_safetensors(path, b'{"a":' + entry(["4"], offsets=[0, 16]) + b"}", bytes(16))


def overlapping(path):
    one = entry([4], offsets=[0, 16])
    write_safetensors(path, b'{"a":' + one + b',"b":' + one + b"}", bytes(16))


def name_twice(path):
    first, second = entry([4], offsets=[0, 16]), entry([4], offsets=[16, 32])
    write_safetensors(path, b'{"a":' + first + b',"a":' + second + b"}", bytes(32))


def eight_bits(path):
    write_safetensors(path, b'{"a":' + entry([4], "F8_E4M3", [0, 4]) + b"}", bytes(4))


def sparse(path):
    torch.save({"a": torch.eye(3).to_sparse()}, path)


def meta(path):
    torch.save({"a": torch.empty(3, device="meta")}, path)


def complex_numbers(path):
    torch.save({"a": torch.zeros(3, dtype=torch.complex64)}, path)


def quantised(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that it will do without them
        torch.save({"a": torch.quantize_per_tensor(torch.rand(3), 0.1, 0, torch.qint8)}, path)


HOSTILE = {
    memo_bomb: "takes over 1,000,000 steps to unpickle; save the state dict",
    far_memo: "holds no tensors by name",
    tuples_as_key: "holds no tensors by name",
    deflated: "holds a pickle of over 64 MB",
    long_words: "holds a pickle of over 64 MB",
    old_bomb: "takes over 1,000,000 steps",
    endless_line: "holds a pickle of over 64 MB",
    many_tensors: "holds over 20,000 tensors",
    many_entries: "holds an endless list of files",
    two_of_one_name: "holds two files of one name",
    key_twice: "holds 'a' twice",
    long_header: "has a header of 90 MB; that of a network has up to 8",
    deep_header: "is cut short or damaged",
    absurd_shape: "gives 'a' a shape that no tensor has",
    negative_shape: "gives 'a' a shape that no tensor has",
    shape_of_words: "gives 'a' a shape that no tensor has",
    overlapping: "is cut short or damaged",
    name_twice: "holds 'a' twice",
    eight_bits: "holds 'a' in F8_E4M3; save it in float32",
    sparse: "holds 'a' as a sparse tensor; save plain ones",
    meta: "holds 'a' as a meta tensor; save plain ones",
    quantised: "holds 'a' as a quantised tensor; save plain ones",
    complex_numbers: "holds 'a' as a rare tensor; save plain ones",
}


def peak_mb():
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize(
    ("write", "words"), HOSTILE.items(), ids=lambda each: getattr(each, "__name__", str(each))[:40]
)
def test_a_hostile_file_is_refused_in_seconds_and_little_memory(tmp_path, write, words):
    path = tmp_path / "hostile.pt"
    write(path)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, started = peak_mb(), time.monotonic()
    with pytest.raises(ValueError, match=rf"^hostile\.pt {re.escape(words)}.*\.$") as refused:
        checkpoints.read(path)
    assert time.monotonic() - started < MOST_SECONDS
    assert peak_mb() - before < MOST_MB
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("size", "stride"),
    [([2**20, 2**20], [0, 0]), ([2**63, 0], [1, 1]), ([-1, 4], [4, 1]), (["4"], [1]), ([4.0], [1])],
)
def test_a_tensor_with_an_absurd_shape_is_refused(size, stride):
    kept = inert.Kept(torch.float32, 4, bytearray(16))
    with pytest.raises(pickle.UnpicklingError):
        inert.tensor(kept, 0, size, stride)


# What training runs hold


@pytest.mark.parametrize("zipped", [True, False])
def test_what_is_beside_the_tensors_is_stepped_over_with_a_note(tmp_path, zipped):
    path = tmp_path / "run.pth"
    run = {"args": Namespace(lr=0.1), "best": np.float64(0.9), "model": STATE, "epoch": 3}
    torch.save(run, path, _use_new_zipfile_serialization=zipped)
    found, (note,) = checkpoints.read(path)
    assert_close(found, STATE, atol=0, rtol=0)
    assert note.startswith("run.pth also holds argparse.Namespace, numpy")
    assert note.endswith("which was stepped over and not run.")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_all_protocols_of_pickle_are_read(tmp_path, protocol):
    run = {"state_dict": OrderedDict(STATE), "lists": [[], (1,), {"a": {1, 2}}, 2**70, -1.5]}
    run |= {"flags": (True, False, None), "words": ["ü" * 300, ""], "epoch": 3}
    torch.save(run, tmp_path / "run.pth", pickle_protocol=protocol)
    payload, _ = inert.load(tmp_path / "run.pth")
    assert {key: payload[key] for key in ("flags", "words", "epoch")} == {
        key: run[key] for key in ("flags", "words", "epoch")
    }
    assert payload["lists"][:2] + payload["lists"][3:] == run["lists"][:2] + run["lists"][3:]
    assert_close(checkpoints.tensors(tmp_path / "run.pth"), STATE, atol=0, rtol=0)


OTHER = {name: tensor + 1 for name, tensor in STATE.items()}


@pytest.mark.parametrize("key", [*checkpoints.PLAIN, *checkpoints.AVERAGED, "student", "teacher"])
def test_a_network_under_any_usual_key_is_found(tmp_path, key):
    torch.save(
        {key: STATE, "optimizer": {"state": {0: {"step": torch.ones(1)}}}}, tmp_path / "a.pt"
    )
    assert checkpoints.read(tmp_path / "a.pt").notes == []
    assert_close(checkpoints.tensors(tmp_path / "a.pt"), STATE, atol=0, rtol=0)


@pytest.mark.parametrize("averaged", checkpoints.AVERAGED)
def test_averaged_weights_beside_plain_ones_are_named_and_can_be_chosen(tmp_path, averaged):
    path = tmp_path / "run.pt"
    torch.save({averaged: OTHER, "state_dict": STATE}, path)
    found, (note,) = checkpoints.read(path)
    assert_close(found, STATE, atol=0, rtol=0)
    assert f"averaged weights too, under {averaged!r}" in note
    assert_close(checkpoints.tensors(path, averaged), OTHER, atol=0, rtol=0)


@pytest.mark.parametrize(
    ("run", "named"),
    [
        ({"student": STATE, "teacher": OTHER}, "'student', 'teacher'"),
        ({"ema": {"shadow": STATE, "backup": OTHER}}, "'ema.shadow', 'ema.backup'"),
        ({"left": STATE, "right": OTHER}, "'left', 'right'"),
    ],
)
def test_several_networks_are_named_and_one_is_chosen_by_its_key(tmp_path, run, named):
    path = tmp_path / "run.pt"
    torch.save(run, path)
    with pytest.raises(ValueError, match=rf"^run\.pt holds several .* by its key: {named}\.$"):
        checkpoints.read(path)
    first, second = named.replace("'", "").split(", ")
    assert_close(checkpoints.tensors(path, first), STATE, atol=0, rtol=0)
    assert_close(checkpoints.tensors(path, second), OTHER, atol=0, rtol=0)
    with pytest.raises(ValueError, match=rf"no tensors under the key 'other'; .*{named}\.$"):
        checkpoints.read(path, "other")


def test_a_network_under_a_key_of_its_own_is_taken_with_a_note(tmp_path):
    torch.save({"generator": {"weights": STATE}}, tmp_path / "run.pt")
    found, (note,) = checkpoints.read(tmp_path / "run.pt")
    assert_close(found, STATE, atol=0, rtol=0)
    assert "from under 'generator.weights'" in note


def test_a_key_for_a_file_without_any_is_refused(tmp_path):
    save_file(STATE, tmp_path / "a.safetensors")
    torch.save(STATE, tmp_path / "a.pt")
    for name in ("a.safetensors", "a.pt"):
        with pytest.raises(ValueError, match=rf"{name} .*'ema'"):
            checkpoints.read(tmp_path / name, "ema")


def test_a_dict_that_holds_itself_ends(tmp_path):
    run = {"epoch": 1}
    run["model"] = run
    torch.save(run, tmp_path / "run.pt")
    with pytest.raises(ValueError, match="holds no tensors by name"):
        checkpoints.read(tmp_path / "run.pt")


@pytest.mark.parametrize("prefix", ["", "module."])
def test_spare_buffers_are_left_out(prefix):
    counted = {"total_ops": torch.zeros(1), "features.total_params": torch.zeros(1)}
    given = behind(prefix, STATE | counted) | {"n_averaged": torch.tensor(5)}
    assert_close(fit(given), STATE, atol=0, rtol=0)
    assert fitting.spare(given, SHAPES) == [
        f"{prefix}total_ops", f"{prefix}features.total_params", "n_averaged",
    ]  # fmt: skip


# Other formats


def npz(path):
    np.savez(path, a=np.zeros(3))


def torchscript(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that it is old
        torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)), path)


def keras(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", "")


def zipped_weights(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("folder/net.pth", "")


def tarred(path):
    with tarfile.open(path, "w") as archive:
        archive.addfile(tarfile.TarInfo("net.pth"))


def holding(content):
    return lambda path: path.write_bytes(content)


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"


@pytest.mark.parametrize(
    ("name", "write", "words"),
    [
        ("a.onnx", holding(b"\x08\x07\x12\x07pytorch\x1a\x051.0.0"), "is ONNX"),
        ("a.pt", holding(b"\x08\x07\x12\x07pytorch\x1a\x051.0.0"), "is ONNX"),
        ("a.h5", holding(b"\x89HDF\r\n\x1a\n" + bytes(9)), "is HDF5, as Keras writes"),
        ("a.keras", keras, "is a network of Keras"),
        ("a.tflite", holding(b"\x1c\0\0\0TFL3" + bytes(9)), "is of TensorFlow Lite"),
        ("a.pb", holding(b"\n\x0f"), "is a graph of TensorFlow"),
        ("a.gguf", holding(b"GGUF\x03"), "is GGUF"),
        ("a.npz", npz, "holds NumPy arrays"),
        ("a.npy", holding(b"\x93NUMPY\x01"), "holds NumPy arrays"),
        ("a.pth.gz", holding(gzip.compress(b"a")), "is compressed; unpack it first"),
        ("a.pth.xz", holding(lzma.compress(b"a")), "is compressed; unpack it first"),
        ("a.tar", tarred, "is a tar archive; unpack it first"),
        ("a.zip", zipped_weights, "is an archive with a file of weights in it"),
        ("a.safetensors", holding(POINTER), "is a Git LFS pointer"),
        ("a.pt", holding(b""), "is empty"),
        ("model-00001-of-00002.safetensors", holding(b"\x08"), "is one of several files"),
        ("model.safetensors.index.json", holding(b"{}"), "is the index of a network in several"),
        ("a.json", holding(b'{"weight_map": {}}'), "is the index of a network in several"),
        ("config.json", holding(b'{\n "layers": 3}'), "is JSON, not weights"),
        ("a.pt", torchscript, "is TorchScript, a program that is not run"),
    ],
)
def test_another_format_is_named_with_the_way_out(tmp_path, name, write, words):
    path = tmp_path / name
    write(path)
    with pytest.raises(ValueError, match=rf"^{re.escape(name)} {words}.*\.$"):
        checkpoints.read(path)


def test_safetensors_of_any_header_length_are_told_from_other_formats(tmp_path):
    for length in range(64, 600):
        path = tmp_path / "a.safetensors"
        header = b'{"a":' + entry([1], offsets=[0, 4]) + b"}"
        write_safetensors(path, header.ljust(length), bytes(4))
        assert list(checkpoints.tensors(path)) == ["a"]
