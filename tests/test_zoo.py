"""Public weights: what is listed is what is published, and what is fetched answers as it should."""

import re

import pytest
import torch
from servers import MADRY
from torch.testing import assert_close
from torchvision import models as torchvision_models

from blurlab.__main__ import main
from blurlab.networks import (
    architectures,
    classifier,
    fitting,
    installing,
    preparing,
    published,
    store,
    zoo,
)

HASHES = r"[0-9a-f]{8}|[0-9a-f]{10}|[0-9a-f]{64}"


def test_a_robust_network_is_fetched_checked_and_answers_behind_torchvisions_transforms(
    publish_network, added, capsys
):
    torch.manual_seed(0)
    net = torchvision_models.resnet18().eval()
    publish_network(net)
    assert main(["download", MADRY]) == 0
    assert "installed in" in capsys.readouterr().out
    images = torch.rand(1, 3, 20, 20).repeat_interleave(15, 2).repeat_interleave(15, 3)
    transforms = torchvision_models.ResNet18_Weights.IMAGENET1K_V1.transforms()
    assert_close(store.load(MADRY)(images), net(transforms(images)), atol=1e-3, rtol=1e-3)
    assert store.card(MADRY)["classes"][0] == "tench"
    assert sorted(path.name for path in added.rglob("*") if path.is_file()) == [
        f"{MADRY}.json",
        f"{MADRY}.safetensors",
    ]


def test_a_file_with_another_hash_is_removed_before_it_is_opened(served, added, capsys):
    (served / "resnet18_l2_eps3.ckpt").write_bytes(b"anything else")
    published.table.cache_clear()
    assert main(["download", MADRY]) == 2
    err = capsys.readouterr().err
    assert "has the SHA-256" in err
    assert "put it at" in err
    assert not [path for path in added.rglob("*") if path.is_file()]


def test_a_file_that_was_put_there_by_hand_is_checked_too(served, added):
    file = zoo.downloaded(MADRY)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"anything else")
    with pytest.raises(ValueError, match="is not the published file"):
        list(zoo.download(MADRY))


def test_without_a_network_one_sentence_says_what_to_do(served, added, monkeypatch, capsys):
    monkeypatch.setattr(published, "MADRY", "http://127.0.0.1:9")
    published.table.cache_clear()
    assert main(["download", MADRY]) == 2
    err = capsys.readouterr().err
    assert "cannot be reached" in err
    assert err.count("\n") == 1


def test_the_command_lists_what_there_is_with_its_size(added, capsys):
    assert main(["download"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(published.table())
    assert "93.6 MB" in lines[0]


def test_a_name_that_is_not_public_is_refused_with_those_like_it(added):
    with pytest.raises(ValueError, match=r"'resnet18'; madry_resnet18.*resnet18_imagenet1k_v1"):
        list(zoo.download("resnet18"))


# The table


def torchvision_weights():
    return [
        (architecture, weights)
        for architecture in torchvision_models.list_models(module=torchvision_models)
        for weights in torchvision_models.get_model_weights(architecture)
    ]


def test_every_classifier_of_torchvision_is_listed_with_its_file():
    listed = {weights.url for weights in published.table().values()}
    missing = [str(w) for _, w in torchvision_weights() if w.url not in listed]
    assert missing == ["VGG16_Weights.IMAGENET1K_FEATURES"]  # has no classifier
    assert len(listed) == len(published.table())


@pytest.mark.parametrize("name", list(published.table()))
def test_every_row_can_be_installed_under_its_name(name):
    weights = published.table()[name]
    recipe = installing.recipe(**weights.recipe)
    assert installing.NAME.fullmatch(name)
    assert weights.url.startswith("https://")
    assert weights.pointer.startswith("https://") or re.fullmatch(HASHES, weights.sha256)
    assert weights.pointer or 1 <= weights.megabytes < 3000
    assert recipe["architecture"].partition(":")[0] in architectures.LIBRARIES


def test_pictures_are_prepared_as_torchvisions_own_transforms_do():
    coarse = torch.rand(1, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    picture = torch.nn.functional.interpolate(coarse, 300, mode="bilinear")
    seen = set()
    for architecture, weights in torchvision_weights():
        row = published.table().get(f"{architecture}_{weights.name.lower()}")
        if row is None or str(row.recipe | {"architecture": ""}) in seen:
            continue
        seen.add(str(row.recipe | {"architecture": ""}))
        prepared = classifier.around(torch.nn.Identity(), installing.recipe(**row.recipe))(picture)
        expected = weights.transforms()(picture)
        if (
            architecture in preparing.FROM_TENSORFLOW
        ):  # these go on from there to [-1, 1] by themselves
            mean, std = (
                torch.tensor(each).view(3, 1, 1) for each in (classifier.MEAN, classifier.STD)
            )
            expected = (expected * std + mean) * 2 - 1
        assert_close(prepared, expected, atol=1e-4, rtol=0)
    assert len(seen) > 20


@pytest.mark.parametrize(
    ("architecture", "renamed"),
    [
        ("densenet121", [("norm1.", "norm.1."), ("conv2.", "conv.2.")]),
        ("vit_b_32", [("mlp.0.", "mlp.linear_1."), ("mlp.3.", "mlp.linear_2.")]),
    ],
)
def test_the_names_in_older_files_of_torchvision_are_understood(architecture, renamed):
    expected = architectures.shapes({"architecture": f"torchvision:{architecture}"}, 1000)
    old = {}
    for key, shape in expected.items():
        name = key
        for new, before in renamed:
            if "denselayer" in key or "mlp" in key:
                name = name.replace(new, before)
        old[name] = torch.empty(shape, device="meta")
    assert list(old) != list(expected)
    assert fitting.fitted(old, expected, architecture, 1000).keys() == expected.keys()


def test_mnasnet_takes_weights_that_do_not_say_their_version():
    recipe = {"architecture": "torchvision:mnasnet0_5"}
    first, second = (architectures.net(recipe, 4).eval() for _ in range(2))
    architectures.fill(second, dict(first.state_dict()))
    images = torch.rand(1, 3, 64, 64)
    assert_close(second(images), first(images))
