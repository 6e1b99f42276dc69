"""The PCA defence: exact where the answer is known, and the same after saving and loading."""

import json

import pytest
import torch
from safetensors.torch import save_file
from torch.testing import assert_close

from blurlab.data import sets
from blurlab.filters.pca import Basis, Projection, defend, fit, largest_shares, load, project, save
from blurlab.networks import classifier, store
from blurlab.pictures import resizing
from blurlab.places import SHIPPED_BASIS
from blurlab.training import fit_pca

SIZE, RANK = 8, 5


@pytest.fixture
def flat(generator):
    """100 pictures that vary along only RANK directions."""
    directions = torch.randn(RANK, 3, SIZE, SIZE, generator=generator)
    weights = torch.rand(100, RANK, generator=generator)
    return 0.5 + 0.02 * torch.einsum("nk,kchw->nchw", weights, directions)


@pytest.fixture
def full(generator):
    return torch.rand(300, 3, SIZE, SIZE, generator=generator)


def test_as_many_components_as_the_pictures_vary_along_reproduce_them(flat):
    basis = fit(flat, RANK)
    assert_close(project(flat, basis), flat, atol=1e-6, rtol=0)
    assert basis.variance.sum() == pytest.approx(1)
    assert (project(flat, fit(flat, RANK - 1)) - flat).abs().max() > 1e-3


def test_all_components_reproduce_any_picture(full):
    basis = fit(full, 3 * SIZE * SIZE)
    assert_close(project(1 - full, basis), 1 - full, atol=1e-5, rtol=0)


def test_projecting_twice_is_projecting_once(full):
    basis = fit(full, 20)
    once = project(full, basis)
    assert_close(project(once, basis), once, atol=1e-6, rtol=0)


def test_the_mean_picture_is_kept(full):
    basis = fit(full, 20)
    assert_close(basis.mean, full.mean(0), atol=1e-6, rtol=0)
    assert_close(project(basis.mean[None], basis)[0], basis.mean)
    assert_close(project(full, basis).mean(0), full.mean(0), atol=1e-5, rtol=0)


def test_components_are_orthonormal_and_keep_the_most_variance_first(full):
    basis = fit(full, 20)
    assert_close(basis.components @ basis.components.T, torch.eye(20), atol=1e-5, rtol=0)
    along = ((full - basis.mean).flatten(1) @ basis.components.T).var(0)
    total = full.flatten(1).var(0).sum()
    assert_close(along / total, basis.variance, atol=1e-5, rtol=0)
    assert (basis.variance.diff() <= 0).all()


def test_fitting_again_and_in_other_parts_gives_the_same_basis(full, monkeypatch):
    whole = fit(full, 10)
    assert torch.equal(fit(full, 10).components, whole.components)
    monkeypatch.setattr("blurlab.filters.pca.CHUNK", 70)
    assert_close(fit(full, 10).components, whole.components, atol=1e-4, rtol=0)


def test_eight_bit_pictures_give_the_basis_of_their_values(full):
    grey_levels = full.mul(255).round().byte()
    exact = fit(grey_levels.float() / 255, 10)
    assert_close(fit(grey_levels, 10).components, exact.components, atol=1e-4, rtol=0)


def test_the_gradient_is_the_projection_of_the_gradient(full, generator):
    basis = fit(full, 20)
    images = full[:4].clone().requires_grad_()
    wanted = torch.randn(images.shape, generator=generator)
    (gradient,) = torch.autograd.grad((project(images, basis) * wanted).sum(), images)
    assert_close(gradient, project(basis.mean + wanted, basis) - basis.mean, atol=1e-5, rtol=0)


def test_a_loaded_basis_projects_as_the_saved_one_and_still_idempotently(full, tmp_path):
    basis = fit(full, 20)
    save(basis, tmp_path / "basis.safetensors")
    loaded = load(tmp_path / "basis.safetensors")
    once = project(full, loaded)
    assert_close(once, project(full, basis), atol=3e-3, rtol=0)
    assert_close(project(once, loaded), once, atol=1e-6, rtol=0)
    assert_close(loaded.variance, basis.variance, atol=1e-4, rtol=0)


def test_a_basis_of_the_paper_s_size_takes_less_than_6_megabytes(tmp_path):
    basis = Basis(torch.zeros(3, 32, 32), torch.eye(512, 3072), torch.zeros(512))
    save(basis, tmp_path / "basis.safetensors")
    assert (tmp_path / "basis.safetensors").stat().st_size < 6e6
    assert_close(load(tmp_path / "basis.safetensors").components, basis.components)


@pytest.mark.parametrize("count", [0, 101])
def test_a_count_out_of_range_is_refused(count, flat):
    with pytest.raises(ValueError, match=f"count is {count}; these pictures allow 1 to 100"):
        fit(flat, count)


def test_pictures_of_another_size_are_refused(flat):
    with pytest.raises(ValueError, match="pictures are 16 pixels wide; this basis is for 8"):
        project(torch.rand(1, 3, 16, 16), fit(flat, 2))


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"weight": torch.zeros(2)}, r"holds \['weight'\]; a basis holds"),
        (
            {"mean": torch.zeros(3, 8, 8), "components": torch.eye(4), "variance": torch.ones(4)},
            "holds shapes that do not fit together",
        ),
        (None, "is not a safetensors file"),
    ],
)
def test_a_file_that_is_not_a_basis_is_refused(tensors, message, tmp_path):
    path = tmp_path / "basis.safetensors"
    if tensors is None:
        path.write_text("<html>not found</html>")
    else:
        save_file(tensors, path)
    with pytest.raises(ValueError, match=message):
        load(path)


def test_the_defence_reduces_projects_and_enlarges(full):
    basis, large = fit(full, 20), full[:4].repeat_interleave(4, -1).repeat_interleave(4, -2)
    reduced = resizing.resize(large, SIZE)
    expected = resizing.resize(project(reduced, basis), 4 * SIZE)
    assert_close(defend(large, basis), expected)
    assert_close(defend(full, basis), project(full, basis))


def test_fewer_components_keep_less(full):
    basis = fit(full, 20)
    error = [(defend(full, basis, count) - full).square().mean() for count in (1, 5, 20)]
    assert error[0] > error[1] > error[2]
    assert_close(defend(full, basis, 5), project(full, fit(full, 5)), atol=1e-5, rtol=0)


@pytest.mark.parametrize("count", [0, 21])
def test_a_count_beyond_the_basis_is_refused(count, full):
    with pytest.raises(ValueError, match=f"count is {count}; this basis allows 1 to 20"):
        defend(full, fit(full, 20), count)


def test_a_component_that_is_one_picture_is_told_from_an_average(generator):
    alike = 0.5 + 0.01 * torch.randn(100, 3, SIZE, SIZE, generator=generator)
    assert largest_shares(alike, fit(alike, 3)).max() < 0.2
    alike[7] = torch.rand(3, SIZE, SIZE, generator=generator)
    assert largest_shares(alike, fit(alike, 3))[0] > 0.95


def test_the_fitted_basis_lies_beside_its_card(full, tmp_path, monkeypatch):
    pictures = sets.Pictures(full.mul(255).byte(), torch.zeros(300), ("noise",))
    monkeypatch.setitem(sets.DATASETS, "noise", lambda split, size: pictures)
    path = tmp_path / "made" / "noise.safetensors"
    card = fit_pca.fit("noise", SIZE, 5, path)
    assert json.loads(path.with_suffix(".json").read_text()) == card
    assert card["sha256"] == store.sha256(path)
    assert (card["pictures"], card["components"], card["of"]) == (300, 5, 3 * SIZE * SIZE)
    assert_close(load(path).mean, pictures.images.float().mean(0) / 255, atol=1e-3, rtol=0)


def test_the_shipped_basis_is_its_card_s_and_no_picture_stands_out_in_it():
    card, basis = json.loads(SHIPPED_BASIS.with_suffix(".json").read_text()), load(SHIPPED_BASIS)
    assert card["sha256"] == store.sha256(SHIPPED_BASIS)
    assert card["bytes"] == SHIPPED_BASIS.stat().st_size < 6e6
    assert basis.components.shape == (512, 3 * 32 * 32)
    assert basis.variance.sum().item() == pytest.approx(card["explained_variance"], abs=1e-3)
    assert card["largest_share_of_one_picture"] < 0.05


def test_a_network_behind_components_is_shown_only_their_span(generator):
    recipe = {"stem": 8, "widths": [16], "blocks": [1], "input_size": 32, "sigma": 0.0}
    kept = classifier.build(recipe | {"components": 40}, 3).eval()
    whole = classifier.build(recipe, 3).eval()
    whole.load_state_dict(kept.state_dict())  # the projection adds nothing to the weights
    images = torch.rand(2, 3, 64, 64, generator=generator)
    shown = project(
        resizing.resize(images, 32),
        load(SHIPPED_BASIS)._replace(components=load(SHIPPED_BASIS).components[:40]),
    )
    assert_close(kept(images), whole(shown))
    assert not torch.allclose(kept(images), whole(images), atol=1e-3)


def test_more_components_than_the_basis_has_are_refused():
    with pytest.raises(ValueError, match="components is 513; the basis that ships allows 1 to 512"):
        Projection(513)
