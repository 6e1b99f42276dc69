"""Distilling: what a student starts as, what it learns from its teacher, what its card tells."""

from dataclasses import replace

import pytest
import tiny
import torch
from PIL import Image
from torch.testing import assert_close

from blurlab import places
from blurlab.networks import store
from blurlab.training import distilling
from blurlab.training.distilling import UNLABELLED
from blurlab.training.loop import train, training_pictures, untrained
from blurlab.training.objectives import Shown, distilled, distilled_noisy
from blurlab.training.saving import export

RECIPE = replace(
    tiny.RECIPE,
    start="teacher",
    sigma=4.0,
    epochs=6,
    optimizer="adamw",
    learning_rate=2e-3,
    finish_rate=5e-4,
    shown=48,
    objective="distilled",
    settings={"teacher": "teacher", "photographs": ["drawn"]},
)
KINDS = {
    "distilled": RECIPE,
    "distilled_noisy": replace(
        RECIPE, objective="distilled_noisy", settings=RECIPE.settings | {"deviation": 0.2}
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a trained teacher alone, and drawn pictures in place of photographs."""
    found = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "SHIPPED_MODELS", found)
        patch.setitem(distilling.SETS, "drawn", lambda size: tiny.pictures(96, 0, size).images)
        recipe = replace(tiny.RECIPE, epochs=12)
        model = untrained(recipe, len(tiny.CLASSES))
        list(train(model, recipe, tiny.pictures(180, 0), found / "run.pt"))
        export("teacher", recipe, model, tiny.CLASSES, found)
        yield found


@pytest.fixture
def shown(folder, generator):
    images = tiny.pictures(24, 0, 32).images.float() / 255
    nothing = torch.full((24,), UNLABELLED)
    return Shown(images, nothing, 0.0, generator, teacher=store.load("teacher"))


def divergence(model, images, shown):
    target = shown.teacher(shown.images).log_softmax(-1)
    log_ratio = target - model(images).log_softmax(-1)
    return (target.exp() * log_ratio).sum(-1).mean()


# The objectives


def test_what_is_distilled_is_the_divergence_from_the_teacher(shown):
    student = untrained(RECIPE, 3).eval()
    assert_close(distilled(student, shown, {}), divergence(student, shown.images, shown))
    assert distilled(student, shown, {}) > 0
    alike = distilling.student(replace(RECIPE, sigma=0.0)).eval()
    assert_close(distilled(alike, shown, {}).detach(), torch.tensor(0.0), atol=1e-6, rtol=0)


def test_noised_pictures_are_held_to_the_answers_to_clean_ones(shown):
    student = untrained(RECIPE, 3).eval()
    assert_close(distilled_noisy(student, shown, {"deviation": 0.0}), distilled(student, shown, {}))
    assert distilled_noisy(student, shown, {"deviation": 0.5}) != distilled(student, shown, {})


def test_no_gradient_reaches_the_teacher(shown):
    student = untrained(RECIPE, 3)
    distilled(student, shown, {}).backward()
    assert all(parameter.grad is not None for parameter in student.parameters())
    assert all(parameter.grad is None for parameter in shown.teacher.parameters())


# The student


def test_a_student_starts_with_the_weights_and_preparation_of_another_network(folder):
    student, teacher = untrained(RECIPE, 3), store.load("teacher")
    assert_close(dict(student.net.state_dict()), dict(teacher.net.state_dict()), atol=0, rtol=0)
    assert all(parameter.requires_grad for parameter in student.parameters())
    assert student.blur.sigma == 4
    assert_close(student.mean, teacher.mean)
    assert (student.input_size, student.crop) == (teacher.input_size, teacher.crop)


def test_its_batch_statistics_keep_up_with_a_short_training(folder, monkeypatch):
    slow = store.load("teacher")
    for layer in slow.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 0.01
    monkeypatch.setattr(store, "load", lambda name: slow)
    student = distilling.student(RECIPE)
    found = {each.momentum for each in student.modules() if isinstance(each, torch.nn.BatchNorm2d)}
    assert found == {distilling.MOMENTUM}


def mean_divergence(model):
    """How far a network is from the teacher on pictures that neither was trained on."""
    images = tiny.pictures(60, 7, 32).images.float() / 255
    teacher = store.load("teacher")
    shown = Shown(images, torch.full((60,), UNLABELLED), 0.0, torch.Generator(), teacher=teacher)
    with torch.no_grad():
        return distilled(model.eval(), shown, {}).item()


@pytest.mark.parametrize("kind", KINDS)
def test_a_student_behind_a_blur_learns_its_teachers_answers(folder, tmp_path, kind):
    recipe = KINDS[kind]
    student = untrained(recipe, 3)
    before = mean_divergence(student)
    list(train(student, recipe, training_pictures(recipe), tmp_path / "run.pt"))
    assert mean_divergence(student) < 0.6 * before


def test_a_run_that_was_stopped_goes_on_to_the_weights_of_a_whole_one(folder, tmp_path):
    recipe = replace(KINDS["distilled_noisy"], epochs=2)
    pictures, whole, model = training_pictures(recipe), untrained(recipe, 3), untrained(recipe, 3)
    list(train(whole, recipe, pictures, tmp_path / "whole.pt"))
    stopped = train(model, recipe, pictures, tmp_path / "stopped.pt")
    assert next(stopped).number == 1
    stopped.close()
    resumed = untrained(recipe, 3)
    assert [each.number for each in train(resumed, recipe, pictures, tmp_path / "stopped.pt")] == [
        2,
        3,
    ]
    assert_close(dict(resumed.state_dict()), dict(whole.state_dict()), atol=0, rtol=0)


def test_teacher_and_student_see_the_same_crops_of_as_many_pictures_as_the_recipe_says(
    folder, tmp_path, monkeypatch
):
    seen = {"student": [], "teacher": []}
    teacher = store.load("teacher")
    monkeypatch.setattr(distilling, "teacher", lambda recipe: teacher)
    recipe = replace(RECIPE, sigma=0.0, epochs=1, crop_size=24)
    student = untrained(recipe, 3)
    for name, model in (("student", student), ("teacher", teacher)):
        model.net.register_forward_pre_hook(
            lambda _, inputs, name=name: seen[name].append(inputs[0].detach().clone())
        )
    run = train(student, recipe, training_pictures(recipe), tmp_path / "run.pt")
    next(run), next(run)
    assert [len(each) for each in seen["student"]] == [16] * 6  # two epochs of 48
    assert [each.shape[-1] for each in seen["student"]] == [24] * 3 + [32] * 3
    for mine, theirs in zip(seen["student"], seen["teacher"], strict=True):
        assert_close(mine, theirs, atol=0, rtol=0)


# The card


def test_a_card_tells_what_was_distilled_from_what_on_which_pictures(folder):
    recipe = replace(RECIPE, title="Student")
    source = distilling.told(recipe, 96)
    export("student", recipe, untrained(recipe, 3), tiny.CLASSES, folder, source)
    card = store.card("student")
    sha256 = store.card("teacher")["sha256"]
    assert card["source"] == (
        f"distilled from Tiny (SHA-256 {sha256[:16]}) on 96 photographs of drawn, "
        "without their labels"
    )
    assert card["recipe"]["start"] == "teacher"
    assert card["recipe"]["settings"] == {"teacher": "teacher", "photographs": ["drawn"]}
    images = torch.rand(2, 3, 32, 32)
    loaded = store.load("student")
    assert_close(loaded(images), untrained(recipe, 3).eval()(images), atol=0.02, rtol=0.02)
    assert distilling.told(tiny.RECIPE, 96) == ""


# The photographs


def test_photographs_come_as_squares_without_labels(tmp_path, monkeypatch):
    monkeypatch.setenv("BLURLAB_DATA", str(tmp_path))
    for kind, colour in (("a", (255, 0, 0)), ("b", (0, 0, 255))):
        (tmp_path / "caltech101" / kind).mkdir(parents=True)
        Image.new("RGB", (30, 20), colour).save(tmp_path / "caltech101" / kind / "image.jpg")
    found = distilling.photographs(["caltech101"], tiny.CLASSES, 16)
    assert found.images.shape == (2, 3, 16, 16)
    assert found.labels.tolist() == [UNLABELLED] * 2
    assert found.classes == tiny.CLASSES
    red, blue = found.images.float().mean((-1, -2))
    assert red[0] > 250 > 10 > red[2]
    assert blue[2] > 250 > 10 > blue[0]


def test_photographs_that_are_not_here_are_named_with_a_remedy(tmp_path, monkeypatch):
    monkeypatch.setenv("BLURLAB_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=r"^Caltech-101's pictures are not in .* set BLURLAB_DATA"):
        distilling.photographs(["caltech101"], tiny.CLASSES)
