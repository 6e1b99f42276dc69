"""Exported networks: their steps are repeated exactly, and what is more than steps is refused."""

import json
import os
import pickle
import re
import zipfile
from pathlib import Path

import pytest
import tiny
import torch
from torch import nn
from torch.testing import assert_close
from torchvision import models as torchvision_models

from blurlab import places
from blurlab.networks import architectures, checkpoints, classifier, installing, programs, store

CIFAR = {"architecture": "cifar:resnet20"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Empty folders in place of the models that ship and of those that were added."""
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path / "shipped")
    monkeypatch.setenv("BLURLAB_MODELS", str(tmp_path / "added"))
    return tmp_path


def export(net, path, size=32, dynamic=True):
    images = torch.rand(2, 3, size, size)
    shapes = ({0: torch.export.Dim("batch")},) if dynamic else None
    torch.export.save(torch.export.export(net, (images,), dynamic_shapes=shapes), path)
    return path


class Odd(nn.Module):
    """Uses what exporters write in other ways: constants, views, splits, shapes, words."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(inplace=True), nn.GELU("tanh"))
        self.linear = nn.Linear(4 * 30 * 30, 3)
        self.register_buffer("scale", torch.tensor([2.0]), persistent=False)

    def forward(self, images):
        first, second = self.layers(images).chunk(2, 1)
        features = (first + second * self.scale + torch.ones(1)).view(images.shape[0], -1)
        return nn.functional.dropout(self.linear(features), 0.5, self.training)


@pytest.mark.parametrize(
    ("make", "size"),
    [
        (lambda: architectures.net(CIFAR, 3), 32),
        (Odd, 32),
        (lambda: torchvision_models.mobilenet_v3_small(num_classes=3), 64),
        (lambda: torchvision_models.squeezenet1_1(num_classes=3), 64),
        (lambda: torchvision_models.VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=3), 32),
    ],
    ids=["residual", "odd", "mobile", "squeeze", "transformer"],
)
def test_a_program_answers_as_the_network_that_was_exported(tmp_path, make, size):
    torch.manual_seed(0)
    net = make().eval()
    graph, tensors = programs.read(export(net, tmp_path / "net.pt2", size))
    program = programs.Program(json.loads(json.dumps(graph))).eval()
    architectures.fill(program, tensors)
    program.to(memory_format=torch.channels_last)
    for count in (1, 5):
        images = torch.rand(count, 3, size, size, requires_grad=True)
        assert_close(program(images), net(images), atol=1e-4, rtol=1e-4)
        (gradient,) = torch.autograd.grad(program(images).square().sum(), images)
        (expected,) = torch.autograd.grad(net(images).square().sum(), images)
        assert_close(gradient, expected, atol=1e-4, rtol=1e-3)


def test_a_program_is_installed_and_takes_other_weights_of_its_network(tmp_path):
    net, other = (architectures.net(CIFAR, len(tiny.CLASSES)).eval() for _ in range(2))
    path = export(net, tmp_path / "net.pt2")
    recipe = installing.recipe(str(path), 32)
    installing.add("own", path, recipe, tiny.CLASSES)
    torch.save({f"module.{k}": v for k, v in other.state_dict().items()}, tmp_path / "other.pt")
    installing.add("other", tmp_path / "other.pt", recipe, tiny.CLASSES)
    images = torch.rand(3, 3, 32, 32)
    shown = classifier.Classifier(net, input_size=32).prepare(images)
    assert_close(store.load("own")(images), net(shown), atol=1e-5, rtol=1e-4)
    assert_close(store.load("other")(images), other(shown), atol=1e-5, rtol=1e-4)
    assert store.identity(store.card("own")) != store.identity(store.card("other"))


def test_a_program_for_one_number_of_pictures_is_refused(tmp_path):
    path = export(Odd().eval(), tmp_path / "fixed.pt2", dynamic=False)
    with pytest.raises(ValueError, match="does not take one and two pictures of 32 pixels"):
        installing.add("own", path, installing.recipe(str(path), 32), ("a", "b", "c"))


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_a_program_that_still_trains_is_refused(tmp_path):
    path = export(Odd().train(), tmp_path / "training.pt2")
    with pytest.raises(ValueError, match=r"training\.pt2 is not run: it was exported in training"):
        programs.read(path)


# Programs that somebody changed


@pytest.fixture
def changed(tmp_path):
    """Make the function that rewrites an exported network's description."""
    path = export(Odd().eval(), tmp_path / "net.pt2")

    def change(**replaced):
        target = tmp_path / "changed.pt2"
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
            for entry in old.infolist():
                content = old.read(entry)
                kind = "description" if "/models/" in entry.filename else ""
                kind = "config" if "weights_config" in entry.filename else kind
                kind = "weights" if entry.filename.endswith("/weight_0") else kind
                new.writestr(entry.filename, replaced.get(kind, lambda c: c)(content))
        return target

    return change


class Canary:
    """Pickles as a call that writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def rename(old, new):
    def change(content):
        assert old.encode() in content
        return content.replace(old.encode(), new.encode())

    return change


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("torch.serialization.os.system", "it calls 'torch.serialization.os.system'"),
        ("torch.ops.prim.Print.default", "it calls 'torch.ops.prim.Print.default'"),
        ("torch.ops.aten.conv2d.default.__globals__", "it calls"),
        ("_operator.attrgetter", "it calls '_operator.attrgetter'"),
        ("torch.ops.aten.save.default", "which is not an operator that classifiers need"),
        ("torch.ops.aten.from_file.default", "which is not an operator that classifiers need"),
    ],
)
def test_calls_of_anything_but_atens_operators_are_refused(changed, target, problem):
    old = "torch.ops.aten.gelu.default"  # is given words
    with pytest.raises(ValueError, match=rf"changed\.pt2 is not run: .*{re.escape(problem)}"):
        programs.read(changed(description=rename(old, target)))


def test_an_operator_that_this_torch_lacks_is_named(changed):
    path = changed(description=rename("torch.ops.aten.chunk.default", "torch.ops.aten.no.default"))
    with pytest.raises(ValueError, match=r"torch.ops.aten.no.default., which is not an operator"):
        programs.read(path)


def test_a_pickle_in_place_of_a_tensor_is_refused_and_nothing_in_it_runs(changed, tmp_path):
    canary = tmp_path / "canary"
    path = changed(
        config=rename('"use_pickle": false', '"use_pickle": true'),
        weights=lambda content: pickle.dumps(Canary(canary)),
    )
    for read in (programs.read, checkpoints.tensors):
        with pytest.raises(ValueError, match="it holds objects that are no tensors"):
            read(path)
    assert not canary.exists()


def test_names_are_never_made_into_python(changed, tmp_path):
    canary = tmp_path / "canary"
    name = f"images=__import__('os').system('touch {canary}')"
    path = changed(description=rename('"images"', json.dumps(name)))
    graph, tensors = programs.read(path)
    program = programs.Program(graph)
    architectures.fill(program, tensors)
    assert program(torch.rand(1, 3, 32, 32)).shape == (1, 3)
    assert not canary.exists()


@pytest.mark.parametrize("share", [0.2, 0.9, 0.999])
def test_a_cut_program_is_refused(tmp_path, share):
    path = export(Odd().eval(), tmp_path / "net.pt2")
    content = path.read_bytes()
    cut = Path(tmp_path / "cut.pt2")
    cut.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"cut\.pt2"):
        installing.recipe(str(cut), 32)
