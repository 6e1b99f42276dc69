"""Training: what a seed decides, crops, the learning rate, kills and resumes, and learning."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from torch.testing import assert_close

from blurlab import places
from blurlab.attacks import descent
from blurlab.data.sets import Pictures
from blurlab.networks import packaged, store
from blurlab.pictures import resizing
from blurlab.training import distilling, loop
from blurlab.training.cards import answers
from blurlab.training.loop import OPTIMIZERS, aimed, learning_rate, train, untrained
from blurlab.training.objectives import OBJECTIVES, plain
from blurlab.training.recipes import RECIPES
from blurlab.training.saving import export

# Noise is cheaper than objects where nothing has to be learned.
NOISE = Pictures(
    torch.randint(256, (64, 3, 40, 40), generator=torch.Generator().manual_seed(5)).byte(),
    torch.arange(64) % 3,
    tiny.CLASSES,
)
# One small recipe of each kind that ships.
KINDS = {
    "plain": tiny.RECIPE,
    "adversarial": replace(tiny.RECIPE, objective="adversarial", settings={"epsilon": 4}),
    "noisy": replace(tiny.RECIPE, objective="noisy", settings={"deviation": 0.1}),
    "blurred": replace(tiny.RECIPE, objective="blurred", settings={"sigmas": [0, 1.0]}),
    "similar": replace(
        tiny.RECIPE,
        objective="similar",
        settings={"target": "V1 model", "weight": 5.0, "pictures": 16},
    ),
    "components": replace(tiny.RECIPE, components=100),
}


def trained(recipe, checkpoint, pictures=NOISE, file=None):
    """Train from the first weights, or the checkpoint, to the end; return the classifier."""
    recipe, stimuli = aimed(recipe, pictures, file)
    model = untrained(recipe, len(pictures.classes))
    for _ in train(model, recipe, pictures, checkpoint, stimuli=stimuli):
        pass
    return model


def assert_same_weights(model, other):
    assert_close(dict(model.state_dict()), dict(other.state_dict()), atol=0, rtol=0)


def differ(model, other):
    pairs = zip(model.parameters(), other.parameters(), strict=True)
    return any(not torch.equal(mine, theirs) for mine, theirs in pairs)


# What the seed decides


def test_a_seed_decides_the_first_weights_whatever_was_drawn_before():
    first = untrained(tiny.RECIPE, 3)
    torch.rand(10)
    assert_same_weights(first, untrained(tiny.RECIPE, 3))
    assert differ(first, untrained(replace(tiny.RECIPE, seed=1), 3))


def test_making_a_network_leaves_the_global_random_numbers_alone():
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    untrained(tiny.RECIPE, 3)
    assert_close(torch.rand(4), expected, atol=0, rtol=0)


def test_a_seed_decides_the_trained_weights(tmp_path):
    first, again = (trained(tiny.RECIPE, tmp_path / name) for name in ("first.pt", "again.pt"))
    other = trained(replace(tiny.RECIPE, seed=1), tmp_path / "other.pt")
    assert_same_weights(first, again)
    assert differ(first, other)


# The learning rate


def test_the_learning_rate_rises_in_the_warm_up_and_falls_to_zero():
    recipe = replace(tiny.RECIPE, epochs=10, learning_rate=0.4)
    rates = [learning_rate(recipe, step / 10) for step in range(100)]
    assert rates[0] == 0
    assert rates[10] == pytest.approx(0.4)
    assert rates[55] == pytest.approx(0.2)
    assert 0 < rates[99] < 1e-3
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_the_finish_starts_at_its_own_rate_and_falls_to_zero():
    recipe = replace(tiny.RECIPE, epochs=10, finish_epochs=2, finish_rate=0.04)
    rates = [learning_rate(recipe, 10 + step / 10) for step in range(21)]
    assert rates[0] == pytest.approx(0.04)
    assert rates[10] == pytest.approx(0.02)
    assert rates[20] == pytest.approx(0, abs=1e-9)


# Kills and resumes


def test_every_epoch_is_reported_and_the_finish_is_made_at_the_input_size(tmp_path):
    recipe = replace(tiny.RECIPE, crop_size=24)
    model = untrained(recipe, 3)
    sizes = []
    model.net.register_forward_pre_hook(lambda _, inputs: sizes.append(inputs[0].shape[-1]))
    records = list(train(model, recipe, NOISE, tmp_path / "run.pt"))
    assert [(record.number, record.epochs) for record in records] == [(1, 3), (2, 3), (3, 3)]
    assert all(0.5 < record.loss < 5 for record in records)
    assert sizes[:12] == [24] * 8 + [32] * 4  # four batches an epoch
    assert model.input_size == 32


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_stopped_after_each_epoch_and_resumed_gives_the_weights_of_a_whole_one(
    tmp_path, kind
):
    recipe, stimuli = aimed(KINDS[kind], NOISE)
    whole, model = untrained(recipe, 3), untrained(recipe, 3)
    list(train(whole, recipe, NOISE, tmp_path / "whole.pt", stimuli=stimuli))
    for number in (1, 2):
        stopped = train(model, recipe, NOISE, tmp_path / "stopped.pt", stimuli=stimuli)
        assert next(stopped).number == number
        stopped.close()
        model = untrained(replace(recipe, seed=9), 3)  # weights that the checkpoint replaces
    (last,) = train(model, recipe, NOISE, tmp_path / "stopped.pt", stimuli=stimuli)
    assert last.number == 3
    assert_same_weights(model, whole)


def test_a_finished_run_is_loaded_without_another_epoch(tmp_path):
    whole = trained(tiny.RECIPE, tmp_path / "run.pt")
    model = untrained(tiny.RECIPE, 3)
    assert list(train(model, tiny.RECIPE, NOISE, tmp_path / "run.pt")) == []
    assert_same_weights(model, whole)
    assert model.input_size == tiny.RECIPE.input_size


KILLED = """
import sys
from pathlib import Path
from dataclasses import replace
sys.path.insert(0, sys.argv[1])
from test_training import KINDS, NOISE
from blurlab.training.loop import train, untrained
recipe = replace(KINDS[sys.argv[3]], epochs=60)
for epoch in train(untrained(recipe, 3), recipe, NOISE, Path(sys.argv[2])):
    print(epoch.number, flush=True)
"""


@pytest.mark.parametrize("kind", ["plain", "adversarial"])
def test_a_killed_process_loses_at_most_the_epoch_it_was_in(tmp_path, kind):
    checkpoint = tmp_path / "run.pt"
    recipe = replace(KINDS[kind], epochs=60)
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(checkpoint), kind]
    # As many threads as here, for sums in another order differ in their last digit.
    threads = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=threads) as process:
        reported = int(process.stdout.readline())
        time.sleep(0.02)
        process.kill()
        rest = process.stdout.read().split()
    last = int(rest[-1]) if rest else reported
    resumed = untrained(recipe, 3)
    records = train(resumed, recipe, NOISE, checkpoint)
    following = next(records).number
    assert last + 1 <= following <= last + 2  # the epoch after last may have been saved, unreported
    assert following < recipe.epochs, "the process was over before it was killed"
    whole = untrained(recipe, 3)
    uninterrupted = train(whole, recipe, NOISE, tmp_path / "whole.pt")
    for _ in range(following):
        next(uninterrupted)
    assert_same_weights(resumed, whole)


def test_a_checkpoint_half_written_leaves_the_one_before(tmp_path):
    """A kill while a checkpoint is being written leaves its beginning under another name."""
    whole = trained(tiny.RECIPE, tmp_path / "run.pt")
    (tmp_path / "run.part").write_bytes((tmp_path / "run.pt").read_bytes()[:1000])
    model = untrained(tiny.RECIPE, 3)
    list(train(model, tiny.RECIPE, NOISE, tmp_path / "run.pt"))
    assert_same_weights(model, whole)


@pytest.mark.parametrize("changed", [{"widths": (16, 48)}, {"seed": 1}, {"settings": {"a": 1}}])
def test_a_checkpoint_of_another_recipe_is_refused_with_a_remedy(tmp_path, changed):
    trained(replace(tiny.RECIPE, epochs=1, **changed), tmp_path / "run.pt")
    with pytest.raises(ValueError, match=r"run\.pt is of another recipe, .* delete it to start"):
        trained(replace(tiny.RECIPE, epochs=1), tmp_path / "run.pt")


def test_a_checkpoint_of_the_same_recipe_by_another_title_is_resumed(tmp_path):
    whole = trained(tiny.RECIPE, tmp_path / "run.pt")
    assert_same_weights(whole, trained(replace(tiny.RECIPE, title="New"), tmp_path / "run.pt"))


def test_a_file_that_is_no_checkpoint_is_refused_and_nothing_in_it_is_run(tmp_path):
    ran = tmp_path / "ran"

    class Payload:
        def __reduce__(self):
            return (Path.touch, (ran,))

    for content in (b"", b"<html>", None):
        path = tmp_path / "run.pt"
        if content is None:
            torch.save({"net": Payload(), "epochs": 1}, path)
        else:
            path.write_bytes(content)
        with pytest.raises(ValueError, match=r"run\.pt does not fit .*delete it"):
            trained(tiny.RECIPE, path)
    assert not ran.exists()


# Speed


@pytest.mark.skipif(not shutil.which("c++"), reason="there is no C++ compiler")
def test_a_compiled_network_learns_what_one_that_is_not_learns(tmp_path):
    """Of the kind whose objective asks the network both whole, compiled, and layer by layer."""
    recipe, stimuli = aimed(KINDS["similar"], NOISE)
    losses = []
    for fast in (False, True):
        path = tmp_path / f"{fast}.pt"
        run = train(untrained(recipe, 3), recipe, NOISE, path, stimuli=stimuli, fast=fast)
        losses.append([epoch.loss for epoch in run])
    if loop.has_bfloat16():
        assert losses[0] != losses[1]
    assert losses[1] == pytest.approx(losses[0], rel=0.02)


@pytest.mark.parametrize("able", [True, False])
def test_bfloat16_is_left_alone_where_the_processor_only_imitates_it(tmp_path, monkeypatch, able):
    monkeypatch.setattr(loop, "has_bfloat16", lambda: able)
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, dynamic: None)
    seen = []

    def watched(model, shown, settings):
        seen.append(shown.bfloat16)
        return plain(model, shown, settings)

    monkeypatch.setitem(OBJECTIVES, "plain", watched)
    model = untrained(tiny.RECIPE, 3)
    next(train(model, tiny.RECIPE, NOISE, tmp_path / "run.pt", fast=True))
    assert set(seen) == {able}


# The finish


def test_the_weights_before_and_after_the_finish_are_averaged(tmp_path):
    run = train(model := untrained(tiny.RECIPE, 3), tiny.RECIPE, NOISE, tmp_path / "run.pt")
    next(run), next(run)
    before = {key: weights.detach().clone() for key, weights in model.net.named_parameters()}
    next(run)
    after = {key: weights.detach().clone() for key, weights in model.net.named_parameters()}
    assert next(run, None) is None
    for key, weights in model.net.named_parameters():
        assert_close(weights.detach(), (before[key] + after[key]) / 2)
    assert not torch.equal(before["0.weight"], after["0.weight"])


def test_the_statistics_of_the_averaged_network_are_those_of_whole_pictures(tmp_path):
    model = trained(tiny.RECIPE, tmp_path / "run.pt")
    shown = (resizing.resize(NOISE.images.float() / 255, 32) - model.mean) / model.std
    features = model.net[0](shown).detach()
    assert_close(model.net[1].running_mean, features.mean((0, 2, 3)), atol=1e-4, rtol=1e-4)
    assert_close(model.net[1].running_var, features.var((0, 2, 3)), atol=1e-4, rtol=1e-4)


def test_the_statistics_of_a_network_for_noise_are_those_of_pictures_under_noise(tmp_path):
    recipe = replace(KINDS["noisy"], settings={"deviation": 1.0})
    model = trained(recipe, tmp_path / "run.pt")
    resized = resizing.resize(NOISE.images.float() / 255, 32)
    deviations = torch.rand(64, 1, 1, 1, generator=torch.Generator().manual_seed(3))
    noise = deviations * torch.randn(resized.shape, generator=torch.Generator().manual_seed(4))
    clean, noisy = (
        model.net[0]((shown - model.mean) / model.std).var((0, 2, 3)).detach()
        for shown in (resized, (resized + noise).clamp(0, 1))
    )
    found = model.net[1].running_var
    assert ((found - noisy).abs() < (found - clean).abs() / 3).all()


def test_without_a_finish_the_weights_are_those_of_the_last_epoch(tmp_path):
    model = trained(replace(tiny.RECIPE, finish_epochs=0), tmp_path / "run.pt")
    saved = torch.load(tmp_path / "run.pt", weights_only=True)["net"]
    assert_close(dict(model.net.state_dict()), dict(saved), atol=0, rtol=0)


# Learning and exporting


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    recipe = replace(tiny.RECIPE, epochs=12)
    folder = tmp_path_factory.mktemp("learned")
    model = trained(recipe, folder / "run.pt", tiny.pictures(180, 0)).eval()
    return recipe, model, folder


def test_a_tiny_recipe_learns_to_name_objects_it_has_not_seen(learned):
    _, model, _ = learned
    unseen = tiny.pictures(90, 1)
    assert (answers(model, unseen.images) == unseen.labels).float().mean() > 0.8  # chance is 0.33


def test_an_exported_model_is_loaded_with_its_card_and_answers_alike(learned, monkeypatch):
    recipe, model, folder = learned
    path = export("learned", recipe, model, tiny.CLASSES, folder)
    card = json.loads(path.read_text())
    monkeypatch.setattr(places, "SHIPPED_MODELS", folder)
    assert card["sha256"] == store.sha256(folder / "learned.safetensors")
    assert card["parameters"] == sum(parameter.numel() for parameter in model.parameters())
    assert card["classes"] == list(tiny.CLASSES)
    assert card["recipe"] == json.loads(json.dumps(asdict(recipe)))
    unseen = tiny.pictures(90, 1)
    same = answers(store.load("learned"), unseen.images) == answers(model, unseen.images)
    assert same.float().mean() > 0.97  # half precision


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("plain", "adversarial")])
def test_every_kind_of_recipe_learns(kind, tmp_path):
    model = trained(replace(KINDS[kind], epochs=12), tmp_path / "run.pt", tiny.pictures(180, 0))
    assert accuracy(model.eval(), tiny.pictures(90, 1).images) > 0.6  # chance is 0.33


def test_adversarial_training_learns_to_withstand_attacks(learned, tmp_path):
    recipe = replace(KINDS["adversarial"], epochs=24)
    hardened = trained(recipe, tmp_path / "run.pt", tiny.pictures(180, 0)).eval()
    unseen = tiny.pictures(90, 1, 32)
    withstood = []
    for model in (hardened, learned[1]):
        *_, attacked = descent.pgd(
            model, unseen.images.float() / 255, unseen.labels, epsilon=4 / 255
        )
        withstood.append(accuracy(model, attacked.mul(255).round().byte()))
    assert accuracy(hardened, unseen.images) > 0.6  # chance is 0.33
    assert withstood[0] > withstood[1] + 0.1


def accuracy(model, images):
    return (answers(model, images) == tiny.pictures(90, 1).labels).float().mean()


def test_the_file_of_a_target_decides_the_weights_and_is_named_in_the_recipe(tmp_path):
    file, other = tmp_path / "target.npz", tmp_path / "other.npz"
    shown = NOISE.images[:20].numpy()
    np.savez(file, pictures=shown, similarity=np.eye(20))
    np.savez(other, pictures=shown, similarity=2 * np.eye(20) - 1)
    settings = KINDS["similar"].settings | {"target": None}
    recipe = replace(KINDS["similar"], settings=settings, epochs=1, finish_epochs=0)
    first, second = (
        trained(recipe, tmp_path / f"{path.stem}.pt", NOISE, path) for path in (file, other)
    )
    assert differ(first, second)
    assert store.sha256(file) in aimed(recipe, NOISE, file)[0].settings["target"]
    with pytest.raises(ValueError, match=r"another recipe, whose settings is .* delete it"):
        trained(recipe, tmp_path / "target.pt", NOISE, other)
    with pytest.raises(ValueError, match="'Tiny' needs a file of similarities"):
        aimed(recipe, NOISE)
    with pytest.raises(ValueError, match="'Tiny' takes no file of similarities"):
        aimed(KINDS["similar"], NOISE, file)


# The recipes


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_gives_a_small_network_that_answers(name):
    recipe = RECIPES[name]
    tiny.skip_without_start(recipe)
    classes, most = (1000, 1e7) if recipe.start else (12, 5.9e6)
    model = untrained(recipe, classes).eval()
    assert 2 * sum(parameter.numel() for parameter in model.parameters()) < most
    assert model(torch.rand(1, 3, 40, 40)).shape == (1, classes)
    assert recipe.objective in OBJECTIVES
    assert recipe.optimizer in OPTIMIZERS
    assert json.loads(json.dumps(asdict(recipe))) == asdict(
        replace(recipe, widths=list(recipe.widths), blocks=list(recipe.blocks))
    )


@pytest.mark.parametrize("name", [name for name in RECIPES if not RECIPES[name].start])
def test_a_recipe_differs_from_its_base_in_one_thing(name):
    start = "imagenette_32px" if "32px" in name else name.split("_")[0] + "_base"
    recipe, base = RECIPES[name], RECIPES[start]
    if "seed" in name:
        base = RECIPES[name.rsplit("_", 1)[0]]
    changed = [key for key, value in asdict(base).items() if asdict(recipe)[key] != value]
    told = {"sigma", "components", "grey", "seed", "objective", "settings", "title"}
    assert set(changed) <= told
    assert len(set(changed) - {"title", "settings"}) == (recipe != base)


@pytest.mark.parametrize("name", sorted(set(store.names()) - set(packaged.PACKAGED)))
def test_a_network_that_ships_is_that_of_its_recipe(name):
    tiny.skip_without_start(RECIPES[name])
    written = json.loads(json.dumps(distilling.written(RECIPES[name])))
    assert store.card(name)["recipe"].items() <= written.items()
