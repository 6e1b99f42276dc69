"""The classifier, how models are loaded, and what the cards of those that ship promise."""

import json
import math
import re
import subprocess
import sys

import pytest
import tiny
import torch
import torch.nn.functional as F
from safetensors import safe_open
from torch.testing import assert_close

from blurlab import places
from blurlab.data import imagenet, sets
from blurlab.filters.blur import gaussian_blur
from blurlab.networks import classifier, installing, packaged, store
from blurlab.networks.architectures import ResidualNet
from blurlab.networks.classifier import Classifier
from blurlab.pictures import objects, resizing
from blurlab.statistics import Interval, ratio, share
from blurlab.training import cards, distilling
from blurlab.training.recipes import RECIPES

SHIPPED = [name for name in store.names() if name not in packaged.PACKAGED]
ONES = torch.ones(3, 3, 1, 1)
MANY = 300  # pictures that a shipped model names again


class Net(torch.nn.Module):
    """A function as a network without weights."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, images):
        return self.function(images)


def first_pixels(images):
    """Logits that are the colours of the upper left pixel."""
    return images[:, :, 0, 0]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder of models, in place of those that ship."""
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path)
    return tmp_path


# The classifier


def test_a_network_of_grey_pictures_sees_no_colour(generator):
    images = torch.rand(4, 3, 32, 32, generator=generator)
    seen = []
    ours = Classifier(Net(lambda shown: seen.append(shown) or first_pixels(shown)), input_size=32,
                      mean=(0, 0, 0), std=(1, 1, 1), grey=True)  # fmt: skip
    weighed = (images * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(1, keepdim=True)
    assert_close(ours(images), weighed[:, :, 0, 0].expand(-1, 3))
    assert_close(seen[0], weighed.expand_as(images))
    assert_close(ours(weighed.expand_as(images)), ours(images))


@pytest.mark.parametrize("size", [1, 20, 32, 45, 128])
def test_a_classifier_brings_pictures_of_any_size_to_its_own(size):
    seen = []

    def net(images):
        seen.append(images.shape)
        return first_pixels(images)

    assert Classifier(Net(net), input_size=32)(torch.rand(2, 3, size, size)).shape == (2, 3)
    assert seen == [(2, 3, 32, 32)]


def test_a_classifier_normalizes_black_and_white_as_imagenet_does():
    seen = Classifier(Net(first_pixels), input_size=8)
    black, white = seen(torch.stack([torch.zeros(3, 8, 8), torch.ones(3, 8, 8)]))
    assert_close(black, -torch.tensor(classifier.MEAN) / torch.tensor(classifier.STD))
    assert_close(white, (1 - torch.tensor(classifier.MEAN)) / torch.tensor(classifier.STD))


def test_resizing_keeps_a_constant_and_removes_what_the_smaller_size_cannot_hold():
    checks = (torch.arange(64).view(-1, 1) + torch.arange(64)) % 2
    resized = resizing.resize(checks.float().expand(1, 3, 64, 64), 16)
    assert_close(resized[..., 2:-2, 2:-2], torch.full((1, 3, 12, 12), 0.5), atol=1e-5, rtol=0)


def test_a_classifier_with_a_blur_layer_answers_as_the_net_does_on_a_blurred_picture(images):
    torch.manual_seed(0)
    net = ResidualNet(5, 4, [8], [1]).eval()
    plain = Classifier(net, input_size=48)
    blurred = Classifier(net, input_size=48, sigma=2.0)
    expected = plain(gaussian_blur(resizing.resize(images, 48), 2.0))
    assert_close(blurred(images), expected)
    assert not torch.allclose(blurred(images), plain(images), atol=1e-3)


class Room(torch.nn.Module):
    """A net on a device with memory for so many pictures; it notes how many were answered."""

    def __init__(self, most):
        super().__init__()
        self.most, self.answered = most, []
        self.net = ResidualNet(5, 8, [8], [1])

    def forward(self, images):
        if len(images) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate more.")
        self.answered.append(len(images))
        return self.net(images)


def test_pictures_that_do_not_fit_the_memory_together_are_answered_in_halves(images):
    room = Room(most=2)
    network = Classifier(room, input_size=32).eval()
    expected = Classifier(room.net, input_size=32).eval()(images)
    assert_close(network(images), expected, rtol=0, atol=1e-6)
    assert room.answered == [2, 2]


def test_gradients_of_halves_are_those_of_all_pictures(images):
    room = Room(most=3)
    gradients = []
    for net in (room, room.net):
        shown = images.clone().requires_grad_()
        Classifier(net, input_size=32).eval()(shown).logsumexp(-1).sum().backward()
        gradients.append(shown.grad)
    assert gradients[0].abs().max() > 0
    assert_close(*gradients, rtol=1e-4, atol=1e-7)


def test_one_picture_that_does_not_fit_is_an_error_in_a_sentence(images):
    network = Classifier(Room(most=0), input_size=32).eval()
    with pytest.raises(
        ValueError, match=r"one picture of 64 .* does not fit the memory left on cpu"
    ):
        network(images[:3])


def test_training_without_memory_stops_for_halves_have_other_statistics(images):
    with pytest.raises(torch.OutOfMemoryError):
        Classifier(Room(most=2), input_size=32).train()(images[:3])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")
def test_a_full_gpu_answers_in_halves():
    network = store.load("imagenette_base", "cuda")
    shown = torch.rand(512, 3, 128, 128)
    with torch.no_grad():
        expected = torch.cat([network(part.cuda()) for part in shown.split(16)])
        whole = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(600e6 / whole)
        try:
            found = network(shown.cuda())
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0)
    assert_close(found, expected, rtol=1e-3, atol=1e-3)


def test_cuda_does_not_round_float32_to_tf32():
    """In one process of its own: there torch convolves in TF32 until BlurLab asks it not to."""
    told = "import torch; allowed = lambda: torch.backends.cudnn.allow_tf32; print(allowed())"
    said = "import blurlab.networks.classifier; print(allowed())"
    done = subprocess.run(
        [sys.executable, "-c", f"{told}; {said}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "False"]


@pytest.mark.parametrize("name", ["objects_base", "objects_blur2"])
def test_half_precision_changes_no_probability_beyond_the_tolerance(name):
    network = store.load(name)
    shown, _ = objects.objects(40, 128, torch.Generator().manual_seed(9))
    assert classifier.survives_half_precision(network)
    with torch.no_grad():
        expected = network(shown)
        network.half_precision = True
        found = network(shown)
    assert found.dtype == torch.float32
    assert not torch.equal(found, expected)
    assert_close(found.softmax(-1), expected.softmax(-1), rtol=0, atol=classifier.HALF_TOLERANCE)


def test_gradients_are_of_full_precision(images):
    network = store.load("objects_base")
    shown = images[:2].clone().requires_grad_()
    expected = network(shown)
    network.half_precision = True
    assert torch.equal(network(shown), expected)


@pytest.mark.parametrize(
    "function",
    [
        lambda images: first_pixels(F.conv2d(images, 1e6 * ONES) / 1e6),
        lambda images: first_pixels(torch.lerp(F.conv2d(images, ONES), images, 0.5)),
    ],
    ids=["leaves its range", "refuses mixed types"],
)
def test_a_net_that_half_precision_spoils_is_left_alone(function):
    network = Classifier(Net(function), input_size=32, mean=(0, 0, 0), std=(1, 1, 1)).eval()
    assert not classifier.survives_half_precision(network)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")
@pytest.mark.parametrize("name", SHIPPED)
def test_a_gpu_answers_as_the_processor_does(name):
    there, here = store.load(name, "cuda"), store.load(name)
    assert there.half_precision or name.startswith("imagenet_")
    shown, _ = objects.objects(100, here.input_size, torch.Generator().manual_seed(9))
    with torch.no_grad():
        found, expected = (m(shown.to(m.mean.device)).softmax(-1).cpu() for m in (there, here))
    assert_close(found, expected, rtol=0, atol=2 * classifier.HALF_TOLERANCE)


def test_the_net_takes_any_size_from_16_and_gives_one_logit_for_each_class():
    net = ResidualNet(7, 4, [8, 8, 8], [1, 2, 1]).eval()
    for size in (16, 33, 64):
        assert net(torch.zeros(2, 3, size, size)).shape == (2, 7)


def test_top_k_gives_the_best_answers_first_with_their_softmax():
    logits = torch.tensor([[0.0, math.log(6), math.log(3)], [5.0, 5.0, -100.0]])
    probabilities, indices = classifier.top_k(logits, 2)
    assert_close(probabilities, torch.tensor([[0.6, 0.3], [0.5, 0.5]]))
    assert indices[0].tolist() == [1, 2]
    assert set(indices[1].tolist()) == {0, 1}


# Loading


def test_a_loaded_model_answers_as_the_one_that_was_written(folder):
    written = tiny.install(folder, sigma=1.5)
    loaded = store.load("tiny")
    images = tiny.pictures(6, 0).images.float() / 255
    assert store.names() == ["tiny"]
    assert_close(loaded(images), written(images), atol=0.02, rtol=0.02)  # half precision on disk
    assert loaded.blur.sigma == 1.5


def test_a_loaded_model_is_frozen_in_evaluation_mode_and_float32(folder):
    tiny.install(folder)
    model = store.load("tiny")
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model(torch.rand(4, 3, 32, 32))
    assert not any(module.training for module in model.modules())
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert_close(model.state_dict(), before, atol=0, rtol=0)  # as running means of a norm would


def test_gradients_reach_the_pictures_of_a_frozen_model(folder):
    tiny.install(folder, sigma=1.0)
    images = torch.rand(2, 3, 40, 40, requires_grad=True)
    store.load("tiny")(images).sum().backward()
    assert images.grad.abs().sum() > 0


CARD = {"title": "Torn", "classes": ["a"], "sha256": "0", "recipe": {"input_size": 8, "sigma": 0}}
WRONG = [
    CARD | {"classes": 3}, CARD | {"classes": [1]}, CARD | {"title": None}, CARD | {"sha256": 1},
    CARD | {"recipe": "base"}, CARD | {"recipe": {"input_size": "8", "sigma": 0}},
    CARD | {"recipe": {"input_size": 8, "sigma": None}},
]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"recipe": {}}',
     *(json.dumps(each).encode() for each in WRONG)],
)  # fmt: skip
def test_a_damaged_card_is_named_with_a_remedy(text, tmp_path, monkeypatch):
    monkeypatch.setenv("BLURLAB_MODELS", str(tmp_path))
    (tmp_path / "torn.json").write_bytes(text)
    (tmp_path / "folder.json").mkdir()
    assert "folder" not in store.names()
    assert "torn" not in store.names()  # pages and commands go on without it
    assert store.damaged() == ["the card torn.json is damaged; remove torn, and install it again."]
    with pytest.raises(ValueError, match=r"torn\.json is damaged; remove torn, and install it"):
        store.card("torn")
    installing.remove("torn")
    assert store.damaged() == []
    (tmp_path / "torn.json").write_text(json.dumps(CARD))
    assert "torn" in store.names()


@pytest.mark.parametrize("name", ["huge", "", "../tiny", "tiny.json"])
def test_a_name_that_is_not_installed_is_refused_with_those_that_are(folder, name):
    tiny.install(folder)
    with pytest.raises(ValueError, match=re.escape(repr(name)) + r".*choose from tiny\.$"):
        store.load(name)


def test_what_ships_is_listed_in_its_order_and_the_others_by_name(folder):
    for name in ("zebra", "ape", "objects_base", "imagenette_blur2", "imagenette_base"):
        (folder / f"{name}.json").write_text(json.dumps(CARD))
    ours = ["imagenette_base", "imagenette_blur2", "objects_base"]
    (folder / store.ORDER).write_text("\n".join([*ours, "one_that_is_gone"]))
    assert store.names() == [*ours, "ape", "zebra"]


def test_a_network_that_is_made_anew_keeps_its_place_and_a_new_one_comes_last(folder):
    for name in ("objects_base", "imagenette_base", "objects_base"):
        tiny.install(folder, name)
    tiny.install(folder, "ape")
    assert (folder / store.ORDER).read_text().split() == ["objects_base", "imagenette_base"]
    assert store.names() == ["objects_base", "imagenette_base", "ape"]


def test_with_nothing_installed_the_error_says_so(folder):
    with pytest.raises(ValueError, match=r"'tiny' is not installed; .+ holds no model\.$"):
        store.card("tiny")


def test_weights_other_than_those_on_the_card_are_refused(folder):
    tiny.install(folder)
    path = folder / "tiny.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"tiny\.safetensors .*sha256"):
        store.load("tiny")


def test_weights_that_are_cut_short_or_gone_are_refused(folder):
    tiny.install(folder)
    path = folder / "tiny.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match="sha256"):
        store.load("tiny")
    path.unlink()
    with pytest.raises(ValueError, match=r"tiny\.safetensors .*missing"):
        store.load("tiny")


# The models that ship


def measured(name):
    return store.card(name)["measured"]


def interval(numbers):
    return Interval(*(numbers[key] for key in Interval._fields))


def test_a_plain_and_a_blurred_network_of_each_data_set_ship():
    assert {*store.pair("imagenette"), *store.pair("objects")} <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_card_holds_the_recipe_of_the_table(name):
    tiny.skip_without_start(RECIPES[name])
    recipe = store.card(name)["recipe"]
    expected = json.loads(json.dumps(distilling.written(RECIPES[name])))
    assert recipe == {key: expected[key] for key in recipe}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_card_is_complete_and_true_of_its_weights(name):
    tiny.skip_without_start(RECIPES[name])
    card, path = store.card(name), places.SHIPPED_MODELS / f"{name}.safetensors"
    keys = {"name", "title", "classes", "recipe", "parameters", "bytes", "sha256", "measured"}
    assert keys <= set(card)
    assert card["name"] == name
    assert card["sha256"] == store.sha256(path)
    assert card["bytes"] == path.stat().st_size <= (1e7 if name.startswith("imagenet_") else 6e6)
    model = store.load(name)
    assert card["parameters"] == sum(parameter.numel() for parameter in model.parameters())
    assert model(torch.rand(1, 3, 64, 64)).shape == (1, len(card["classes"]))
    known = {"imagenette": sets.IMAGENETTE_CLASSES, "objects": objects.CLASSES}
    known["imagenet"] = imagenet.classes()
    assert tuple(card["classes"]) == known[card["recipe"]["data"]]


@pytest.mark.parametrize("name", SHIPPED)
def test_weights_are_stored_in_half_precision(name):
    with safe_open(places.SHIPPED_MODELS / f"{name}.safetensors", "pt") as weights:
        kinds = {key: weights.get_slice(key).get_dtype() for key in weights.keys()}  # noqa: SIM118
    counters = [key for key in kinds if key.endswith("num_batches_tracked")]
    assert {kind for key, kind in kinds.items() if key not in counters} == {"F16"}


@pytest.mark.parametrize("name", [name for name in SHIPPED if "hybrids" in measured(name)])
def test_a_card_holds_accuracy_and_reverse_frequency_with_their_intervals(name):
    found = measured(name)
    count = {"imagenette": 3925, "objects": 2000, "imagenet": 1300}[name.split("_")[0]]
    assert found["accuracy"]["pictures"] == count
    assert found["hybrids"]["pairs"] == found["accuracy"]["pictures"]
    for numbers in (found["accuracy"], found["hybrids"]["f_rev_nyquist"]):
        value, low, high = interval(numbers)
        assert 0 < low < high <= 1
        assert low <= value <= high
    curve = found["hybrids"]
    assert len(curve["cutoffs_cycles_per_image"]) == len(curve["p_low"]) == len(curve["p_high"])
    assert curve["p_low"][0] < curve["p_high"][0]
    assert curve["p_low"][-1] > curve["p_high"][-1]


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("imagenette_base", 0.89),
        ("imagenette_blur2", 0.84),
        ("objects_base", 0.99),
        ("objects_blur2", 0.97),
    ],
)
def test_a_model_that_ships_reaches_its_accuracy(name, least):
    assert measured(name)["accuracy"]["value"] >= least


def test_in_cue_conflicts_the_base_net_names_the_texture_and_the_blur_net_the_shape():
    base, blur = (measured(f"objects_{kind}")["cue_conflicts"] for kind in ("base", "blur2"))
    assert base["texture"]["low"] > base["shape"]["high"]
    assert blur["shape"]["low"] > blur["texture"]["high"]


@pytest.mark.parametrize(("data_set", "least"), [("imagenette", 1.6), ("objects", 3)])
def test_the_blur_layer_lowers_the_reverse_frequency(data_set, least):
    base, blur = (
        interval(measured(f"{data_set}_{kind}")["hybrids"]["f_rev_nyquist"])
        for kind in ("base", "blur2")
    )
    found = ratio(base, blur)
    assert found.value >= least
    assert 1 < found.low < found.value < found.high < math.inf


def assert_agrees(name, images, labels):
    """Check the accuracy on these pictures against the card: their 95 % intervals overlap."""
    right = int((cards.answers(store.load(name), images) == labels).sum())
    found, card = share(right, len(labels)), interval(measured(name)["accuracy"])
    assert found.low <= card.high
    assert found.high >= card.low


@pytest.fixture(scope="module")
def fresh_objects():
    images, labels = objects.objects(MANY, 128, torch.Generator().manual_seed(20_240_607))
    return images.mul(255).round().byte(), labels


@pytest.mark.parametrize("name", [name for name in SHIPPED if name.startswith("objects")])
def test_a_model_is_as_accurate_on_freshly_drawn_objects_as_its_card_says(name, fresh_objects):
    assert_agrees(name, *fresh_objects)


@pytest.fixture(scope="module")
def validation_photographs(shared):
    """The first validation photographs of each Imagenette class, MANY in all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLURLAB_DATA", str(shared / "data"))
        each = MANY // len(sets.IMAGENETTE_CLASSES)
        images = [sets.imagenette_class(name, each) for name in sets.IMAGENETTE_CLASSES]
    return torch.cat(images), torch.arange(len(images)).repeat_interleave(each)


@pytest.mark.parametrize("name", [name for name in SHIPPED if name.startswith("imagenette")])
def test_a_model_is_as_accurate_on_photographs_as_its_card_says(name, validation_photographs):
    assert_agrees(name, *validation_photographs)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_card_is_plain_json_without_not_a_number(name):
    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    text = (places.SHIPPED_MODELS / f"{name}.json").read_text()
    assert json.loads(text, parse_constant=refuse) == store.card(name)
