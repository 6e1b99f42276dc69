"""Brendel-Bethge: known answers, a boundary that is one, and agreement with foolbox."""

import warnings
from types import SimpleNamespace

import pytest
import torch

from blurlab.attacks import goals
from blurlab.attacks.brendel_bethge import brendel_bethge, nearest_step
from blurlab.attacks.ladder import pgd_ladder
from blurlab.attacks.norms import NORMS
from blurlab.measures.perturbation import PERTURBATION

SIZE, CLASSES, STEPS = 4, 4, 12


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def pictures():
    """Pictures away from black and white, so that a small change is not cut off there."""
    return 0.5 + 0.1 * drawn(6, 3, SIZE, SIZE, seed=1).clamp(-3, 3)


@pytest.fixture(scope="module")
def model():
    """A smooth network of two layers that no training has made tame."""
    first, second = drawn(24, 3 * SIZE**2, seed=2), drawn(CLASSES, 24, seed=3)

    def answer(images):
        hidden = (images.flatten(1) @ first.T.to(images)).tanh()
        return hidden @ second.T.to(images)

    return answer


@pytest.fixture(scope="module")
def labels(model, pictures):
    return model(pictures).argmax(1)


def last(steps):
    *_, found = steps
    return found


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("targeted", [True, False])
def test_the_smallest_change_of_a_linear_network_is_its_distance(norm, targeted, pictures):
    """The margin over the gradient's l1 norm in L∞, and over its Euclidean one in L2."""
    weights = drawn(2, 3 * SIZE**2, seed=4)
    linear = lambda images: images.flatten(1) @ weights.T  # noqa: E731
    logits = linear(pictures)
    label, other = logits.argmax(1), logits.argmin(1)
    gradient, lead = weights[0] - weights[1], logits.amax(1) - logits.amin(1)
    length = {"linf": gradient.abs().sum(), "l2": gradient.norm()}[norm]
    goal = other if targeted else label
    found = last(brendel_bethge(linear, pictures, goal, norm=norm, targeted=targeted, steps=8))
    assert found.epsilon.tolist() == pytest.approx((lead / length).tolist(), rel=2e-3)


@pytest.mark.parametrize(
    ("norm", "targeted", "criterion"),
    [("linf", True, "half"), ("linf", False, "boundary"), ("l2", True, "boundary")],
)
def test_what_is_found_lies_at_the_boundary_and_no_further_than_pgd_found(
    norm, targeted, criterion, model, pictures, labels
):
    asked = (labels + 1) % CLASSES if targeted else labels
    options = {"norm": norm, "targeted": targeted, "criterion": criterion}
    found = last(brendel_bethge(model, pictures, asked, steps=12, **options))
    assert found.epsilon.isfinite().all()
    assert found.images.min() >= 0
    assert found.images.max() <= 1
    assert torch.equal(NORMS[norm].size(found.images - pictures), found.epsilon)
    goal, met = goals.goal_of(pictures, asked, targeted), goals.CRITERIA[criterion]
    assert (met(model(found.images), goal) > 0).all()
    change = found.images - pictures
    shorter = NORMS[norm].project(change, 0.998 * found.epsilon.view(-1, 1, 1, 1))
    assert (met(model(pictures + shorter), goal) <= 0).all()
    ladder = last(pgd_ladder(model, pictures, asked, **options))
    assert (found.epsilon <= ladder.epsilon).all()
    assert found.epsilon.mean() < 0.98 * ladder.epsilon.mean()


def test_sizes_never_grow_from_step_to_step(model, pictures, labels):
    sizes = torch.stack([each.epsilon for each in brendel_bethge(model, pictures, labels, steps=4)])
    assert len(sizes) == 4 + 2
    assert (sizes.diff(dim=0) <= 0).all()


def test_a_picture_that_is_answered_as_wanted_needs_no_change(model, pictures, labels):
    found = last(brendel_bethge(model, pictures, labels, targeted=True, steps=3))
    assert torch.equal(found.images, pictures)
    assert found.epsilon.tolist() == [0] * len(pictures)


def test_pictures_are_attacked_alike_whatever_others_are_beside_them(model, pictures, labels):
    """Parts of a batch have to add up to it."""
    options = {"steps": 5, "criterion": "half"}
    whole = last(brendel_bethge(model, pictures, labels, **options)).epsilon
    part = last(brendel_bethge(model, pictures[:3], labels[:3], **options)).epsilon
    assert part.tolist() == pytest.approx(whole[:3].tolist(), rel=1e-4)


def test_the_measure_takes_it(model):
    settings = PERTURBATION.settings | {"attack": "brendel_bethge", "steps": 7}
    assert PERTURBATION.written(settings)["attack"] == "brendel_bethge"
    assert "7 steps along the boundary [brendel2019]" in PERTURBATION.methods(settings)


@pytest.fixture(scope="module")
def peer():
    """foolbox's attacks, whose solver runs without numba too, only slower."""
    with warnings.catch_warnings():
        # foolbox imports names that SciPy has moved.
        warnings.simplefilter("ignore", DeprecationWarning)
        module = pytest.importorskip(
            "foolbox.attacks.brendel_bethge",
            reason="foolbox is not installed: no peer to compare Brendel-Bethge with",
            exc_type=ImportError,
        )
    with pytest.MonkeyPatch.context() as patch:
        if module.NUMBA_IMPORT_ERROR is not None:
            patch.setattr(module, "NUMBA_IMPORT_ERROR", None)
            patch.setattr(module, "numba", SimpleNamespace(__version__="none"), raising=False)
        yield module


@pytest.mark.parametrize("rise", [0.02, 0.2, -0.1])
@pytest.mark.parametrize("radius", [0.05, 1.0])
def test_a_step_is_the_one_that_foolbox_solves_for(rise, radius, peer, pictures):
    image = pictures[:1]
    point = (image + 0.03 * drawn(*image.shape, seed=5).sign()).clamp(0, 1)
    normal = drawn(*image.shape, seed=6)
    ours = nearest_step(image, point, normal, torch.tensor([rise]), radius, NORMS["linf"])
    flat = [each.flatten().double().numpy() for each in (image, point, normal)]
    theirs = torch.from_numpy(peer.LinfOptimizer().solve(*flat, 0.0, 1.0, rise, radius))
    assert (normal * ours).sum().item() == pytest.approx(rise, rel=0.01)
    assert ours.norm() <= radius * 1.001
    reached = [(step.view_as(image) + point - image).abs().amax() for step in (ours, theirs)]
    assert reached[0].item() == pytest.approx(reached[1].item(), rel=0.01)


def test_sizes_are_those_that_foolbox_finds(peer, model, pictures, labels):
    import foolbox

    class Network(torch.nn.Module):
        def forward(self, images):
            return model(images)

    start = last(pgd_ladder(model, pictures, labels))
    # In float32 a margin may be 0, where foolbox's solver never ends.
    fine = pictures.double()
    # Its trust region grows with the number of pictures, ours does not.
    attack = peer.LinfinityBrendelBethgeAttack(steps=STEPS, lr=1e-3 / len(pictures))
    theirs = attack.run(
        foolbox.PyTorchModel(Network().eval(), bounds=(0, 1), device="cpu"),
        fine,
        foolbox.criteria.Misclassification(labels),
        starting_points=start.images.double(),
    )
    sizes = NORMS["linf"].size(theirs - fine)
    ours = last(brendel_bethge(model, pictures, labels, steps=STEPS)).epsilon
    print(f"Brendel-Bethge: median {ours.median():.5f}, foolbox {sizes.median():.5f}")
    assert ours.tolist() == pytest.approx(sizes.tolist(), rel=0.03)
