"""Checkpoints of others: their tensors are found, what does not fit is named, nothing is run."""

import io
import os
import pickle
import re
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.testing import assert_close
from torchvision.models import resnet18

from blurlab.networks import architectures, checkpoints, inert

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
    return checkpoints.fitted(given, SHAPES, "this net", classes, prefix)


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
    with pytest.raises(ValueError, match=r"run\.ckpt holds code or objects \(test_checkpoints\."):
        checkpoints.tensors(path)
    found = checkpoints.tensors(path, published=True)
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


def test_a_pickle_with_code_in_it_is_refused_and_nothing_in_it_runs(malicious):
    path, canary = malicious
    with pytest.raises(ValueError, match=r"malicious\.pt holds code .*\((posix|nt)\.system\)"):
        checkpoints.tensors(path)
    assert not canary.exists()


def test_stepping_over_code_does_not_run_it_either(malicious):
    path, canary = malicious
    stepped = inert.load(path)
    assert not canary.exists()
    if isinstance(stepped, dict) and "extra" in stepped:
        assert_close(checkpoints.tensors(path, published=True), STATE, atol=0, rtol=0)
    else:
        with pytest.raises(ValueError, match="holds no tensors"):
            checkpoints.tensors(path, published=True)
    assert not canary.exists()


def test_the_canary_sings_when_it_is_unpickled(tmp_path):
    pickle.loads(pickle.dumps(Canary(tmp_path / "canary")))
    assert (tmp_path / "canary").exists()


@pytest.mark.parametrize("start", ["<!DOCTYPE html><html>", "\n <html lang='en'>", "\ufeff<HTML>"])
def test_a_web_page_is_refused_as_one(tmp_path, start):
    path = tmp_path / "weights.pt"
    path.write_text(f"{start}<body>Quota exceeded</body>")
    for published in (False, True):
        with pytest.raises(ValueError, match=r"weights\.pt is a web page"):
            checkpoints.tensors(path, published=published)


@pytest.mark.parametrize("published", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("kind", ["zipped", "old", "safetensors"])
def test_a_cut_file_is_refused(tmp_path, kind, share, published):
    path = tmp_path / "cut.pt"
    state = {"weight": torch.rand(100, 100)}
    if kind == "safetensors":
        save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=kind == "zipped")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"cut\.pt .*\.$"):
        checkpoints.tensors(path, published=published)


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
    with pytest.raises(ValueError, match=r"lying\.pt is cut short, damaged"):
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


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("architecture", ["torchvision:resnet18", "cifar:resnet20"])
def test_published_layouts_load_and_answer(tmp_path, architecture, prefix, zipped):
    recipe, path = {"architecture": architecture}, tmp_path / "published.pth"
    torch.manual_seed(0)
    net = architectures.net(recipe, 10).eval()
    state = behind(prefix, net.state_dict())
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    expected = architectures.shapes(recipe, 10)
    loaded = architectures.net(recipe, 10).eval()
    given = checkpoints.tensors(path)
    loaded.load_state_dict(checkpoints.fitted(given, expected, architecture, 10))
    images = torch.rand(2, 3, 32, 32)
    assert loaded(images).shape == (2, 10)
    assert_close(loaded(images), net(images))


def test_the_names_of_torchvisions_resnet18_are_torchvisions():
    expected = architectures.shapes({"architecture": "torchvision:resnet18"}, 1000)
    assert expected == {key: value.shape for key, value in resnet18().state_dict().items()}
