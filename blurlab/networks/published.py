"""Tables of published weights: torchvision's classifiers, the Madry lab's, CIFAR's, timm's."""

from functools import cache
from typing import Any, NamedTuple

from blurlab.attacks.norms import NORMS
from blurlab.networks import preparing

MADRY = "https://huggingface.co/madrylab/robust-imagenet-models/resolve/main"
# SHA-256 by file, from the pages of the files themselves. Their card gives the licence as MIT.
# Salman et al. 2020, Do Adversarially Robust ImageNet Models Transfer Better?
MADRY_FILES = {
    "resnet18_l2_eps0": "d762c58693a2ecaf93160060bb2c32493598540a08852fb3068e95e88f032623",
    "resnet18_l2_eps0.5": "69a10462280f266ab855547fde0649ac909f06174ed8df83b8bf2ea0f6fc8150",
    "resnet18_l2_eps1": "92e6c37af550167c7c49c77ad31aad027de4e1f47fbef57546a48ef43626ebcf",
    "resnet18_l2_eps3": "b4315784a1a10257b05906aee94d6884678f7b77412d10100d7c05daa959eab0",
    "resnet18_l2_eps5": "d3ef126afdf9144a22020988dc46f552a0c39347e954c34359a3cb6bf83df186",
    "resnet18_linf_eps0.5": "48d5e933d4ec99b390a0b7c628a4303343f9517a46245cbd7d2f2c034cbd93ee",
    "resnet18_linf_eps1.0": "b49800111d38197deefb0c236055fbdd9d91a0607e55d6cc0bce15504adc9582",
    "resnet18_linf_eps2.0": "bf2611291cc5f792c7f8f17ff6f841f9a0ede32dbe575cbd5bc57233139ae8bd",
    "resnet18_linf_eps4.0": "6f8ccef1ae4958c381617081e9e0fb5f50e7cccd4965192d1caa452fd6c5cd1e",
    "resnet50_l2_eps0": "72d4a99582db5d7fa86c3fd2a089f0bfd6a10f69d635bca51f6ad72ac6b458f0",
    "resnet50_l2_eps0.5": "a5fc6fcc54946b73af7bd74289b0003cc9d2744fa0ff55c1a3d9fb2bce8fbd30",
    "resnet50_l2_eps3": "380b14e6f9750bffa1447cf7017f65da4dc5ce71a3dd112f107515dcf7b14d9d",
    "resnet50_l2_eps5": "c50db4bbd9a61bc0e0a33290e1f07a79080e16489aa5ada869efc88306f497be",
    "resnet50_linf_eps2.0": "59f28de783a049cb4d91ba1c0a09c314db2cc4bb1e859566e023f842b02772ac",
    "resnet50_linf_eps4.0": "9e62216975c111b8081481533b6142dec34be69abe5d90b54d7f860015c263db",
    "resnet50_linf_eps8.0": "b907957f8e3ce209816813d8811c682e965a1b0f48455def828d35a4cc2953dc",
}
MADRY_MB = {"resnet18": 93.6, "resnet50": 205.0}

CIFAR = "https://github.com/chenyaofo/pytorch-cifar-models/releases/download"
CIFAR_FILES = {"resnet20": "4118986f", "resnet56": "187c023a"}
CIFAR_MB = {"resnet20": 1.1, "resnet56": 3.4}

HUB = "https://huggingface.co"  # of which timm's own shelf holds a safetensors file for each name


class Weights(NamedTuple):
    """A published file of weights.

    sha256: of the file, or its first digits where no more are published; None where only pointer,
    the address of a Git LFS pointer to the file, says it.
    megabytes: about how many, where that is known before.  recipe: words for installing.recipe.
    classes: a set's name.
    """

    title: str
    url: str
    sha256: str | None
    megabytes: float | None
    recipe: dict[str, Any]
    classes: str
    pointer: str = ""


@cache
def table() -> dict[str, Weights]:
    """Return every published file of weights by the name that it is installed under."""
    return {**_madry(), **_cifar(), **_torchvision(), **_timm()}


def _madry() -> dict[str, Weights]:
    found = {}
    for file, sha256 in MADRY_FILES.items():
        architecture, norm, epsilon = file.split("_")
        row = NORMS[norm]
        strength = f"{epsilon.removeprefix('eps').removesuffix('.0')}{row.epsilon.unit}"
        found[f"madry_{file}"] = Weights(
            f"Madry lab, {architecture}, {row.title} {strength}",
            f"{MADRY}/{file}.ckpt",
            sha256,
            MADRY_MB[architecture],
            {"architecture": f"torchvision:{architecture}", "input_size": 256, "crop": 224}
            | {"data": "imagenet"},
            "imagenet",
        )
    return found


def _cifar() -> dict[str, Weights]:
    return {
        f"cifar10_{name}": Weights(
            f"CIFAR-10, {name}",
            f"{CIFAR}/resnet/cifar10_{name}-{digits}.pt",
            digits,
            CIFAR_MB[name],
            {"architecture": f"cifar:{name}", "input_size": 32, "data": "cifar10"}
            | {"mean": preparing.CIFAR_MEAN, "std": preparing.CIFAR_STD},
            "cifar10",
        )
        for name, digits in CIFAR_FILES.items()
    }


def _torchvision() -> dict[str, Weights]:
    from torchvision import models as registry  # takes as long to import as torch

    found = {}
    for architecture in registry.list_models(module=registry):
        for weights in registry.get_model_weights(architecture):
            if weights.meta["categories"] is None:  # features alone, which name nothing
                continue
            digits = weights.url.rpartition("-")[2].removesuffix(".pth")
            found[f"{architecture}_{weights.name.lower()}"] = Weights(
                f"torchvision, {architecture}, {weights.name}",
                weights.url,
                digits,
                weights.meta["_file_size"] * 1.048576,  # from MiB
                {"architecture": f"torchvision:{architecture}", "data": "imagenet"}
                | preparing.of_torchvision(architecture, weights.transforms()),
                "imagenet",
            )
    return found


def _timm() -> dict[str, Weights]:
    """List those of timm that name ImageNet's thousand classes; none where it is not installed."""
    try:
        import timm  # takes twice as long to import as torch
    except ImportError:
        return {}
    found = {}
    for name in timm.list_pretrained():
        row = timm.get_pretrained_cfg(name)
        assert row is not None  # for it is listed
        shelf = row.hf_hub_id or ""
        if row.num_classes != 1000 or row.custom_load or not shelf.startswith("timm/"):
            continue
        if row.crop_pct > 1:  # pictures with a black border, which no classifier here draws
            continue
        found[f"timm_{name}"] = Weights(
            f"timm, {name}",
            f"{HUB}/{shelf}/resolve/main/model.safetensors",
            None,
            None,
            {"architecture": f"timm:{row.architecture}", "data": "imagenet"}
            | preparing.of_timm(row),
            "imagenet",
            pointer=f"{HUB}/{shelf}/raw/main/model.safetensors",
        )
    return found
