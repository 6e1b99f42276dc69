"""Answers by ONNX Runtime are those of torch, wherever they are given."""

import copy
from importlib.util import find_spec

import pytest
import torch
from torch.testing import assert_close

from blurlab.networks import graphs, packaged, store

HERE = [name for name in packaged.PACKAGED if name in store.names() and find_spec("timm")]

pytestmark = pytest.mark.skipif(
    not (HERE and find_spec("onnxruntime")), reason="no packaged network, or no ONNX Runtime"
)


@pytest.fixture(params=HERE)
def model(request):
    return store.load(request.param)


def pictures(count: int, side: int) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def by_torch(model, images):
    plain = copy.copy(model)
    plain.quick = None
    return plain(images)


@torch.no_grad()
@pytest.mark.parametrize("count", [1, 5])
def test_probabilities_are_those_of_torch_whatever_the_number_of_pictures(model, count):
    images = pictures(count, 256)
    asked = []
    answer = model.quick
    model.quick = lambda prepared: asked.append(len(prepared)) or answer(prepared)
    found = model(images).softmax(-1)
    assert asked == [count]
    assert_close(found, by_torch(model, images).softmax(-1), atol=1e-5, rtol=0)


def test_where_a_gradient_is_wanted_torch_answers(model):
    model.quick = None if model.quick is None else pytest.fail
    images = pictures(1, 64).requires_grad_()
    model(images)[0, 3].backward()
    assert images.grad.abs().sum() > 0


def test_a_student_answers_by_its_own_weights():
    """Networks distilled from a packaged one share its graph."""
    students = [
        name
        for name in store.names()
        if store.card(name)["recipe"].get("start") == "imagenet_lite0"
    ]
    assert students
    for name in students:
        model, images = store.load(name), pictures(1, 256)
        with torch.no_grad():
            assert model.quick is not None
            assert_close(model(images), by_torch(model, images), atol=1e-3, rtol=1e-3)


def test_a_net_that_no_graph_fits_has_none():
    net, known = torch.nn.Identity(), "timm:tf_efficientnet_lite0"
    assert graphs.answering(net, known, 192, 1000) is None
    assert graphs.answering(net, known, 224, 10) is None
    assert graphs.answering(net, "timm:resnet18", 224, 1000) is None
    assert graphs.answering(net, "residual", 128, 10) is None
