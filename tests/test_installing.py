"""Models that people add: installed under a name, they answer and are measured as all others."""

import json
import re
import sys
from argparse import Namespace
from importlib.util import find_spec
from pathlib import Path

import pytest
import tiny
import torch
from safetensors.torch import save_file
from torch.testing import assert_close
from torchvision.transforms.functional import to_pil_image

from blurlab import places
from blurlab.__main__ import main
from blurlab.data import sources
from blurlab.measures import keeping, measuring
from blurlab.networks import architectures, class_names, classifier, installing, preparing, store
from blurlab.networks.classifier import Classifier
from blurlab.pictures.images import save_image
from blurlab.pictures.resizing import INTERPOLATIONS

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
ARCHITECTURE = "cifar:resnet20"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Empty folders in place of the models that ship and of those that were added."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path / "shipped")
    monkeypatch.setenv("BLURLAB_MODELS", str(tmp_path / "added"))
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path / "results"))
    places.SHIPPED_MODELS.mkdir()
    return tmp_path / "added"


@pytest.fixture
def net():
    torch.manual_seed(0)
    return architectures.net({"architecture": ARCHITECTURE}, len(tiny.CLASSES)).eval()


@pytest.fixture
def file(net):
    """The net's weights as a training script with several GPUs writes them."""
    path = Path("trained.pth")
    state = {f"module.{key}": value for key, value in net.state_dict().items()}
    torch.save({"epoch": 9, "state_dict": state}, path)
    return path


def recipe(**changes):
    return installing.recipe(ARCHITECTURE, 32, **({"mean": MEAN, "std": STD} | changes))


def test_an_added_model_answers_as_its_network_does_behind_its_own_preprocessing(net, file):
    card = installing.add("own", file, recipe(), tiny.CLASSES, title="My own")
    images = torch.rand(3, 3, 48, 48)
    own = Classifier(net, input_size=32, mean=MEAN, std=STD)
    assert store.names() == ["own"]
    assert store.card("own") == card
    assert card["title"] == "My own"
    assert card["parameters"] == sum(parameter.numel() for parameter in net.parameters())
    assert_close(store.load("own")(images), own(images))


def test_an_added_model_is_measured_and_known_by_its_weights(file):
    installing.add("own", file, recipe(), tiny.CLASSES)
    tiny.write_folders(Path("pictures"), 6)
    source = sources.find("pictures", 32)
    work = measuring.plan("own", "corruptions", source, count=2)
    *_, last = measuring.measure(work)
    assert last.pictures == 2
    installing.add("again", file, recipe(), tiny.CLASSES)
    assert store.identity(store.card("again")) == store.identity(store.card("own"))
    assert keeping.kept(measuring.plan("again", "corruptions", source, count=2))


@pytest.mark.parametrize(
    "change",
    [
        {"mean": classifier.MEAN},
        {"std": classifier.STD},
        {"crop": 28},
        {"interpolation": "bicubic"},
    ],
)
def test_other_preprocessing_makes_another_model(file, change):
    installing.add("own", file, recipe(), tiny.CLASSES)
    installing.add("other", file, recipe(**change), tiny.CLASSES)
    assert store.identity(store.card("other")) != store.identity(store.card("own"))


def test_other_weights_make_another_model(file, net):
    installing.add("own", file, recipe(), tiny.CLASSES)
    save_file(
        {k: v + 0.01 if v.is_floating_point() else v for k, v in net.state_dict().items()},
        "more.safetensors",
    )
    installing.add("other", Path("more.safetensors"), recipe(), tiny.CLASSES)
    assert store.identity(store.card("other")) != store.identity(store.card("own"))


def test_weights_of_a_net_that_is_built_as_a_shipped_one_can_be_added():
    tiny.install(places.SHIPPED_MODELS)
    torch.save(store.load("tiny").net.state_dict(), "own.pt")
    installing.add("own", Path("own.pt"), installing.recipe("tiny", 32), tiny.CLASSES)
    images = torch.rand(2, 3, 40, 40)
    assert_close(store.load("own")(images), store.load("tiny")(images), atol=0, rtol=0)


def test_a_removed_model_is_gone_and_its_name_free(file, folder):
    installing.add("own", file, recipe(), tiny.CLASSES)
    installing.remove("own")
    assert store.names() == []
    assert list(folder.iterdir()) == []
    installing.add("own", file, recipe(), tiny.CLASSES)
    assert store.names() == ["own"]


def test_models_that_ship_are_neither_removed_nor_replaced(file):
    tiny.install(places.SHIPPED_MODELS)
    with pytest.raises(ValueError, match="tiny ships with BlurLab"):
        installing.remove("tiny")
    with pytest.raises(ValueError, match="a model tiny is installed already"):
        installing.add("tiny", file, recipe(), tiny.CLASSES)
    with pytest.raises(ValueError, match="'gone' is not installed"):
        installing.remove("gone")


@pytest.mark.parametrize("name", ["", "../own", "a b", "a,b", ".hidden", "a" * 65, "a/b"])
def test_a_name_that_is_none_is_refused(file, name):
    with pytest.raises(ValueError, match=r"cannot be a name: use up to 64 letters"):
        installing.add(name, file, recipe(), tiny.CLASSES)


def test_what_does_not_fit_is_refused_and_nothing_is_left(file, folder):
    for wrong, classes, problem in (
        (recipe(), ("a", "b"), "is for 3 classes, and 2 were given"),
        (installing.recipe("resnet18", 32), tiny.CLASSES, "resnet18"),
        (installing.recipe("resnet19", 32), tiny.CLASSES, "has no classifier 'resnet19'.*resnet18"),
        (installing.recipe("keras:vgg", 32), tiny.CLASSES, "'keras:vgg' is none"),
        (recipe(), ("a", "b", "a"), "'a' is given twice"),
        (recipe(), ("a",), "1 classes were given"),
    ):
        with pytest.raises(ValueError, match=problem):
            installing.add("own", file, wrong, classes)
    assert not folder.exists()


def test_without_timm_its_models_are_refused_with_what_to_install(file, monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ValueError, match="timm is not installed; `pip install timm`"):
        installing.add("own", file, installing.recipe("timm:resnet18", 32), tiny.CLASSES)


@pytest.mark.skipif(find_spec("timm") is None, reason="timm is not installed")
def test_timms_models_are_added_and_names_it_lacks_refused():
    net = architectures.net({"architecture": "timm:resnet18"}, 3)
    torch.save(net.state_dict(), "timm.pt")
    installing.add("own", Path("timm.pt"), installing.recipe("timm:resnet18", 64), ("a", "b", "c"))
    assert store.load("own")(torch.zeros(1, 3, 64, 64)).shape == (1, 3)
    with pytest.raises(ValueError, match="has no model 'nonet'"):
        architectures.net({"architecture": "timm:nonet"}, 3)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"std": (0.2, 0.0, 0.2)}, "std is"),
        ({"mean": (0.5,)}, "mean is"),
        ({"mean": (0.5, float("nan"), 0.5)}, "mean is"),
        (
            {"mean": (123.675, 116.28, 103.53), "std": (58.395, 57.12, 57.375)},
            "mean 123.675 116.28 103.53 and standard deviation 58.395 57.12 57.375 are of pictures "
            "from 0 to 255; for ours, from 0 to 1, give 0.485 0.456 0.406 and 0.229 0.224 0.225.",
        ),
        ({"mean": (127.5,) * 3, "std": (1,) * 3}, "give 0.5 0.5 0.5 and 0.003922"),
        ({"std": (58.395, 57.12, 57.375)}, "from 0 to 1, give 0.229 0.224 0.225."),
        ({"crop": 33}, "crop is 33 pixels; it is 1 to the input size, 32"),
    ],
)
def test_impossible_preprocessing_is_refused(changes, problem):
    with pytest.raises(ValueError, match=re.escape(problem)):
        recipe(**changes)


@pytest.mark.parametrize(
    ("key", "change", "problem"),
    [
        ("conv1.weight", lambda w: w * torch.nan, "conv1.weight holds nan, so training failed"),
        ("fc.bias", lambda w: w + torch.inf, "fc.bias holds inf, so training failed"),
        ("bn1.running_var", lambda w: w - 2, "bn1.running_var holds -1; a variance is 0 or more"),
        ("bn1.running_mean", lambda w: w * torch.nan, "bn1.running_mean holds nan"),
        ("fc.weight", lambda w: (99 * w).char(), "fc.weight holds int8, as quantised networks do"),
        ("fc.weight", lambda w: w * 0 + 3e38, "answers are not finite numbers"),
    ],
)
def test_weights_that_cannot_answer_are_refused(net, folder, key, change, problem):
    state = net.state_dict()
    save_file(state | {key: change(state[key])}, "wrong.safetensors")
    with pytest.raises(ValueError, match=re.escape(problem)):
        installing.add("own", Path("wrong.safetensors"), recipe(), tiny.CLASSES)
    assert not folder.exists()


def test_what_was_left_out_of_a_file_is_noted_on_the_card_and_told(net, capsys):
    state = net.state_dict() | {"total_ops": torch.zeros(1), "fc.total_ops": torch.zeros(1)}
    other = {key: value + (key == "fc.bias") for key, value in state.items()}
    run = {"args": Namespace(lr=1), "state_dict": state, "state_dict_ema": other}
    torch.save(run, "run.pth")
    card = installing.add("own", Path("run.pth"), recipe(), tiny.CLASSES)
    assert [note.split(",")[0] for note in card["notes"]] == [
        "run.pth holds averaged weights too",
        "run.pth also holds argparse.Namespace",
        "run.pth has total_ops and 1 more",
    ]
    assert store.card("own") == card
    words = ["--checkpoint", "run.pth", "--architecture", ARCHITECTURE, "--input-size", "32"]
    words += ["--classes", ",".join(tiny.CLASSES)]
    assert main(["add", "ema", *words, "--key", "state_dict_ema"]) == 0
    assert "also holds argparse.Namespace" in capsys.readouterr().err
    bias = [store.load(name).net.fc.bias for name in ("own", "ema")]
    assert_close(bias[1], bias[0] + 1)


@pytest.mark.parametrize("architecture", ["gone.pt2", "gone/" * 2000 + "a.pt2", "a\0.pt2", ".pt2"])
def test_an_architecture_that_is_no_file_is_refused(architecture):
    with pytest.raises(ValueError, match=r"^architecture .* is no file here; it is a \.pt2"):
        installing.recipe(architecture, 32)


def test_a_thousand_class_names_are_no_file():
    names = [f"class {number}" for number in range(1000)]
    assert class_names.read(", ".join(names)) == tuple(names)


def test_a_network_that_cannot_take_pictures_of_the_size_is_refused(folder):
    net = architectures.net({"architecture": "torchvision:squeezenet1_1"}, 2)
    save_file(net.state_dict(), "squeezenet1_1.safetensors")
    with pytest.raises(ValueError, match="does not take one and two pictures of 16"):
        installing.add(
            "own",
            Path("squeezenet1_1.safetensors"),
            installing.recipe("squeezenet1_1", 16),
            ("a", "b"),
        )
    assert not folder.exists()


def test_class_names_come_from_a_file_a_list_or_a_known_set():
    Path("names.txt").write_text("red fox\n\nhouse, old\n")
    assert class_names.read("names.txt") == ("red fox", "house, old")
    assert class_names.read("cat, dog") == ("cat", "dog")
    assert class_names.read("cifar10")[:2] == ("airplane", "automobile")
    imagenet = class_names.read("imagenet")
    assert len(set(imagenet)) == 1000
    assert set(class_names.KNOWN["imagenette"]) <= set(imagenet)


def saved(name, architecture, classes=3):
    net = architectures.net({"architecture": architecture}, classes)
    torch.save({f"module.{key}": value for key, value in net.state_dict().items()}, name)
    return Path(name)


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        ("cifar:resnet20_a", "cifar:resnet20"),
        ("cifar:resnet20", "cifar:resnet20_a"),
        ("cifar:resnet32_a", "cifar:resnet20_a"),
        ("cifar:resnet20_a", "torchvision:resnet18"),
    ],
)
def test_a_file_of_another_cifar_net_is_told_which(held, asked, folder):
    file = saved("held.pth", held)
    with pytest.raises(ValueError, match=f"the file looks like {held}\\.$") as error:
        installing.add("own", file, installing.recipe(asked, 32), tiny.CLASSES)
    assert ("end in fc" in str(error.value)) == asked.startswith("cifar:")
    assert not folder.exists()
    installing.add("own", file, installing.recipe(held, 32), tiny.CLASSES)


def test_a_name_of_cifars_without_its_library_is_told_where_it_is():
    with pytest.raises(ValueError, match="'resnet20_a'; there is cifar:resnet20_a"):
        architectures.net({"architecture": "torchvision:resnet20_a"}, 3)


# Networks that answer with probabilities


def assert_attackable(model, images):
    shown = images.clone().requires_grad_()
    loss = torch.nn.functional.cross_entropy(model(shown), torch.zeros(len(images)).long())
    (gradient,) = torch.autograd.grad(loss, shown)
    assert (gradient.flatten(1).abs().amax(1) > 0).all()


def test_probabilities_become_logits_that_attacks_can_follow():
    logits = torch.tensor([[0.0, 50.0, -20.0], [1.0, 2.0, 3.0]], requires_grad=True)
    probabilities = logits.softmax(-1)
    assert classifier.are_probabilities(probabilities)
    assert not classifier.are_probabilities(logits)
    made = classifier.as_logits(probabilities)
    assert_close(made.softmax(-1), probabilities)
    right = torch.tensor([1, 2])
    (gradient,) = torch.autograd.grad(torch.nn.functional.cross_entropy(made, right), logits)
    assert (gradient[0] != 0).all()  # where a second softmax would see 0, 1 and 0
    certain = classifier.as_logits(torch.tensor([[0.0, 1.0, 0.0]]))
    assert certain.isfinite().all()
    assert_close(certain.softmax(-1), torch.tensor([[0.0, 1.0, 0.0]]))


def exported(net, name):
    shapes = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(net, (torch.rand(2, 3, 32, 32),), dynamic_shapes=shapes)
    torch.export.save(program, name)
    return Path(name)


@pytest.mark.parametrize("ends", ["logits", "softmax", "log_softmax"])
def test_a_program_that_ends_in_a_softmax_is_noticed_and_answers_right(net, ends):
    last = {"softmax": [torch.nn.Softmax(-1)], "log_softmax": [torch.nn.LogSoftmax(-1)]}
    whole = torch.nn.Sequential(net, *last.get(ends, [])).eval()
    file = exported(whole, "net.pt2")
    recipe = installing.recipe(str(file), 32, mean=MEAN, std=STD)
    card = installing.add("own", file, recipe, tiny.CLASSES)
    assert (installing.PROBABILITIES in card.get("notes", [])) == (ends == "softmax")
    model, images = store.load("own"), torch.rand(3, 3, 32, 32)
    plain = Classifier(net, input_size=32, mean=MEAN, std=STD)
    assert_close(model(images).softmax(-1), plain(images).softmax(-1))
    assert_attackable(model, images)


# What comes before a network


def test_what_is_not_given_is_taken_from_the_librarys_own_weights_and_said():
    words, taken = preparing.completed("torchvision:googlenet", {"mean": [0.1, 0.2, 0.3]})
    assert words["mean"] == [0.1, 0.2, 0.3]
    assert (words["input_size"], words["crop"], words["std"]) == (256, 224, (0.5, 0.5, 0.5))
    assert "torchvision" in taken
    assert "deviation 0.5 0.5 0.5" in taken
    assert "mean" not in taken


@pytest.mark.skipif(find_spec("timm") is None, reason="timm is not installed")
def test_pictures_are_prepared_as_timms_own_transforms_do():
    import timm
    from timm.data import create_transform, resolve_data_config

    coarse = torch.rand(1, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    picture = torch.nn.functional.interpolate(coarse, 300, mode="bilinear").mul(255).byte()
    for name in ("tf_efficientnet_lite0", "resnet18", "vit_tiny_patch16_224", "vgg11"):
        words, _ = preparing.completed(f"timm:{name}", {})
        recipe = installing.recipe(f"timm:{name}", **words)
        own = timm.get_pretrained_cfg(name).to_dict()
        config = resolve_data_config({}, pretrained_cfg=own)
        drawn = create_transform(**config)(to_pil_image(picture[0]))
        prepared = classifier.around(torch.nn.Identity(), recipe)(picture.float() / 255)
        assert_close(prepared[0], drawn, atol=0.04, rtol=0)  # Pillow rounds to 8 bits


def test_a_size_that_is_given_is_not_cropped_to_another_ones():
    words, _ = preparing.completed("resnet18", {"input_size": 128})
    assert "crop" not in words
    assert preparing.completed("resnet18", {"crop": 200})[0]["input_size"] == 256


@pytest.mark.parametrize("architecture", ["", "net.pt2", "keras:vgg", "nonet"])
def test_where_nothing_is_known_the_sentence_says_that_it_is_a_guess(architecture):
    words, taken = preparing.completed(architecture, {})
    assert words == {
        "input_size": 224, "interpolation": "bilinear", "mean": classifier.MEAN,
        "std": classifier.STD,
    }  # fmt: skip
    assert "assumed" in taken
    assert preparing.completed(architecture, words) == (words, "")


def test_a_model_that_is_built_alike_is_shown_pictures_alike(file):
    installing.add("own", file, recipe(crop=28, interpolation="bicubic"), tiny.CLASSES)
    words, taken = preparing.completed("own", {})
    assert installing.recipe("own", **words) == store.card("own")["recipe"]
    assert "own" in taken


def test_another_interpolation_is_refused():
    with pytest.raises(ValueError, match="interpolation is 'lanczos'; it is bilinear or bicubic"):
        recipe(interpolation="lanczos")


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_predict_and_measure_show_one_picture_alike(
    file, interpolation, suffix, monkeypatch, capsys
):
    installing.add("own", file, recipe(interpolation=interpolation), tiny.CLASSES)
    shown = []
    loaded = store.load("own")
    monkeypatch.setattr(store, "load", lambda *_: lambda i: shown.append(i) or loaded(i))
    generator = torch.Generator().manual_seed(0)
    for name in tiny.CLASSES:
        folder = Path("pictures", name)
        folder.mkdir(parents=True)
        picture = to_pil_image(torch.rand(3, 90, 70, generator=generator))
        picture.save(folder / f"one.{suffix}")
    source = sources.find("pictures", *store.showing(store.card("own")))
    measured = source.load().images[torch.arange(3)].float() / 255
    for name, expected in zip(source.classes, measured, strict=True):
        assert main(["predict", f"pictures/{name}/one.{suffix}", "--model", "own"]) == 0
        assert_close(shown.pop()[0], expected, atol=0, rtol=0)
    other = next(each for each in INTERPOLATIONS if each != interpolation)
    changed = sources.find("pictures", 32, interpolation=other)
    assert changed.name != source.name
    assert (changed.load().images[torch.arange(3)].float() / 255 - measured).abs().max() > 0.01


def test_predict_shows_a_ready_stimulus_as_it_is_as_measure_does(file, monkeypatch, capsys):
    card = installing.add("own", file, recipe(crop=24), tiny.CLASSES)
    pictures = torch.rand(3, 3, 24, 24).mul(255).round() / 255
    for name, picture in zip(tiny.CLASSES, pictures, strict=True):
        Path("ready", name).mkdir(parents=True)
        save_image(picture, Path("ready", name, "one.png"))
    source = sources.find("ready", *store.showing(card))
    shown = []
    loaded = store.load("own")
    monkeypatch.setattr(store, "load", lambda *_: lambda i: shown.append(i) or loaded(i))
    assert main(["predict", f"ready/{source.classes[0]}/one.png", "--model", "own"]) == 0
    assert "shown as it is" in capsys.readouterr().err
    first = source.load().images[torch.tensor([0])].float() / 255
    assert_close(shown[0], first, atol=0, rtol=0)
    assert_close(shown[0][0, :, 4:28, 4:28], pictures[tiny.CLASSES.index(source.classes[0])])


# The command line


def test_the_command_adds_a_model_that_predict_then_asks(file, capsys):
    save_image(torch.rand(3, 32, 32), "in.png")
    arguments = ["--checkpoint", str(file), "--architecture", ARCHITECTURE, "--input-size", "32"]
    classes = ["--classes", ",".join(tiny.CLASSES), "--mean", *map(str, MEAN)]
    assert main(["add", "own", *arguments, *classes, "--std", *map(str, STD)]) == 0
    assert "own: " in capsys.readouterr().out
    assert main(["predict", "in.png", "--model", "own", "--json"]) == 0
    (answers,) = json.loads(capsys.readouterr().out).values()
    assert {answer["class"] for answer in answers} == set(tiny.CLASSES)
    assert main(["remove", "own"]) == 0
    assert store.names() == []


def test_the_command_says_what_it_took_for_pictures_and_the_card_holds_it(file, capsys):
    words = ["--checkpoint", str(file), "--architecture", ARCHITECTURE]
    words += ["--classes", ",".join(tiny.CLASSES)]
    assert main(["add", "own", *words, "--interpolation", "bicubic"]) == 0
    told = capsys.readouterr().err.splitlines()
    assert store.card("own")["notes"] == told
    assert "mean 0.4914 0.4822 0.4465" in told[0]
    assert "interpolation" not in told[0]
    made = store.card("own")["recipe"]
    assert (made["interpolation"], made["input_size"]) == ("bicubic", 32)


def test_the_command_refuses_in_one_sentence(file, capsys):
    wrong = ["--checkpoint", str(file), "--architecture", "resnet18", "--classes", "a,b"]
    assert main(["add", "own", *wrong]) == 2
    err = capsys.readouterr().err
    assert err.startswith("blurlab add: ")
    assert err.count("\n") == 1
    assert main(["add", "own", *wrong[2:], "--checkpoint", "gone.pt"]) == 2
    assert capsys.readouterr().err == (
        "blurlab add: gone.pt cannot be used: No such file or directory.\n"
    )
