"""Similarity: its known values, what its regulariser pulls at, and files that hold a target."""

import math
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from torch.testing import assert_close

from blurlab.training.loop import untrained
from blurlab.training.similarity import distance, of_network, read, similarity, stand_in


def test_similarity_is_the_cosine_around_the_mean():
    features = torch.tensor([[3.0, 1.0], [1.0, 3.0], [-1.0, 1.0], [1.0, -1.0]])  # mean (1, 1)
    expected = [[1, 0, -1, 0], [0, 1, 0, -1], [-1, 0, 1, 0], [0, -1, 0, 1]]
    assert_close(similarity(features), torch.tensor(expected).float())
    assert_close(similarity(5 * features + 2), torch.tensor(expected).float())


def test_distance_is_the_mean_square_of_fisher_s_z_over_pairs():
    found, target = torch.eye(3), torch.eye(3)
    assert distance(found, target) == 0
    target[0, 1] = target[1, 0] = 0.5
    assert_close(distance(found, target).item(), math.atanh(0.99 * 0.5) ** 2 / 3)


def test_pictures_found_equal_stay_finite():
    equal = similarity(torch.ones(4, 2) + torch.tensor([[0.0], [0], [1], [1]]))
    target = equal.clone().requires_grad_()
    distance(-equal, target).backward()
    assert distance(-equal, equal).isfinite()
    assert target.grad.isfinite().all()


def test_descending_the_distance_pulls_a_network_s_similarity_toward_the_target():
    images = tiny.pictures(12, 0).images.float() / 255
    model = untrained(tiny.RECIPE, len(tiny.CLASSES))
    target = stand_in(tiny.pictures(12, 0).images, 32, seed=0).similarity
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    apart = []
    for _ in range(15):
        loss = distance(of_network(model, images), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        apart.append(loss.item())
    assert apart[-1] < 0.7 * apart[0]


def test_in_bfloat16_a_network_finds_about_the_same_alike():
    images = tiny.pictures(12, 0).images.float() / 255
    model = untrained(tiny.RECIPE, len(tiny.CLASSES)).eval()
    found = of_network(model, images, bfloat16=True)
    assert not torch.equal(found, of_network(model, images))
    assert_close(found, of_network(model, images), atol=0.02, rtol=0)


def test_the_stand_in_is_decided_by_the_seed_and_tells_alike_from_different():
    images = tiny.pictures(30, 0).images
    images = torch.cat([images, images.roll(1, -1)])  # each once more, a pixel further
    stimuli = stand_in(images, 32, seed=3)
    assert stimuli.images.shape == (60, 3, 32, 32)
    assert_close(stimuli.images[:, 0], stimuli.images[:, 2])  # grey
    assert_close(stimuli.similarity, stimuli.similarity.T)
    assert_close(stand_in(images, 32, seed=3).similarity, stimuli.similarity, atol=0, rtol=0)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(3))
    twin = (order[:, None] - order).abs() == 30
    assert stimuli.similarity[twin].min() > stimuli.similarity[~twin].mean() + 0.3


# Files


def write(path, pictures, target):
    np.savez(path, pictures=pictures, similarity=target)
    return path


def test_a_target_of_grey_and_of_coloured_pictures_is_read(tmp_path):
    grey = np.arange(3 * 16, dtype=np.uint8).reshape(3, 4, 4)
    target = np.array([[1, 0.5, -0.2], [0.5, 1, 0], [-0.2, 0, 1]])
    found = read(write(tmp_path / "grey.npz", grey, target))
    assert_close(found.images[:, 1], torch.from_numpy(grey).float() / 255)
    assert_close(found.similarity, torch.from_numpy(target).float())
    coloured = np.random.default_rng(0).random((3, 3, 4, 4))
    found = read(write(tmp_path / "coloured.npz", coloured, target))
    assert_close(found.images, torch.from_numpy(coloured).float())


SQUARE = np.zeros((3, 4, 4), np.uint8)


@pytest.mark.parametrize(
    ("pictures", "target", "message"),
    [
        (SQUARE[:, :3], np.eye(3), r"holds pictures of shape \(3, 3, 3, 4\); it must be an .npz"),
        (SQUARE, np.eye(4), r"holds 3 pictures and a similarity of shape \(4, 4\)"),
        (SQUARE + 2.0, np.eye(3), "holds pictures from 2 to 2"),
        (SQUARE + np.nan, np.eye(3), "holds pictures from nan"),
        (SQUARE, 3 * np.eye(3), "holds similarities from 0 to 3"),
        (SQUARE, np.triu(np.ones((3, 3))), "not symmetric"),
    ],
)
def test_a_target_that_does_not_fit_together_is_refused(pictures, target, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read(write(tmp_path / "target.npz", pictures, target))


def test_a_file_that_is_no_target_is_refused_and_nothing_in_it_is_run(tmp_path):
    ran, path = tmp_path / "ran", tmp_path / "target.npz"

    class Payload:
        def __reduce__(self):
            return (Path.touch, (ran,))

    hostile = np.array([Payload()], dtype=object)
    np.savez(path, pictures=hostile, similarity=hostile)
    contents = [path.read_bytes(), path.read_bytes()[:200], b"<html>", b""]
    np.savez(path, pictures=SQUARE)
    for content in [*contents, path.read_bytes()]:
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"target\.npz is not an \.npz file of two arrays"):
            read(path)
    assert not ran.exists()
