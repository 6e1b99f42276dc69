"""timm's own weights: fetched by name and shown pictures as timm shows them."""

import hashlib
from importlib.util import find_spec

import pytest
import torch
from safetensors.torch import save
from torch.testing import assert_close

from blurlab.networks import installing, published, store, zoo

if find_spec("timm") is None:
    pytest.skip("timm is not installed", allow_module_level=True)
import timm
from timm.data import create_transform, resolve_data_config
from torchvision.transforms import ToTensor

NAME = "resnet10t.c3_in1k"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"


@pytest.fixture
def shelf(served, monkeypatch):
    """A folder that a server has in place of timm's own shelf, and the table that says so."""
    monkeypatch.setattr(published, "HUB", published.MADRY)
    published.table.cache_clear()
    found = served / "timm" / NAME
    for folder_of in ("raw", "resolve"):
        (found / folder_of / "main").mkdir(parents=True)
    return found


def publish(shelf, written: bytes, pointed: bytes) -> None:
    (shelf / "resolve" / "main" / "model.safetensors").write_bytes(written)
    pointer = POINTER.format(hashlib.sha256(pointed).hexdigest(), len(pointed))
    (shelf / "raw" / "main" / "model.safetensors").write_text(pointer)


def test_a_network_of_timms_is_fetched_checked_and_answers_as_timms_own(shelf, added):
    torch.manual_seed(0)
    net = timm.create_model(NAME, pretrained=False).eval()
    written = save(net.state_dict())
    publish(shelf, written, written)
    *_, last = zoo.download(f"timm_{NAME}")
    assert last.done == last.total == len(written)
    image = torch.rand(1, 3, 12, 12).repeat_interleave(20, 2).repeat_interleave(20, 3)
    config = resolve_data_config({}, model=net)
    transform = create_transform(**config)
    transform.transforms = [t for t in transform.transforms if not isinstance(t, ToTensor)]
    expected = net(torch.stack([transform(each) for each in image]))
    assert_close(store.load(f"timm_{NAME}")(image), expected, atol=1e-2, rtol=1e-2)
    assert store.card(f"timm_{NAME}")["classes"][0] == "tench"
    assert not list((added / "downloads").iterdir())


def test_a_file_that_its_pointer_does_not_point_to_is_removed(shelf, added):
    publish(shelf, b"one file", b"another file")
    with pytest.raises(ValueError, match=r"has the SHA-256 .* and was removed"):
        list(zoo.download(f"timm_{NAME}"))
    assert not list((added / "downloads").iterdir())


def test_what_is_no_pointer_is_named(shelf, added):
    (shelf / "raw" / "main" / "model.safetensors").write_text("sha256:1234")
    with pytest.raises(ValueError, match="is no pointer that gives a SHA-256; try again, or fetch"):
        list(zoo.download(f"timm_{NAME}"))
    assert not list((added / "downloads").iterdir())


def test_the_list_has_what_names_imagenets_thousand_classes_alone():
    names = [name for name in published.table() if name.startswith("timm_")]
    assert len(names) > 1000
    for name in names:
        recipe = installing.recipe(**published.table()[name].recipe)
        config = timm.get_pretrained_cfg(name.removeprefix("timm_"))
        assert config.num_classes == 1000
        assert recipe["crop"] == config.input_size[-1] <= recipe["input_size"]
