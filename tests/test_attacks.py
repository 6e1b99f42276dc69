"""Attacks: what every row of the table promises, known answers, and agreement with foolbox."""

import copy
import math
import warnings
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from blurlab.attacks import goals
from blurlab.attacks.descent import fgsm, pgd
from blurlab.attacks.goals import through
from blurlab.attacks.ladder import pgd_ladder
from blurlab.attacks.minimum import minimal_epsilon
from blurlab.attacks.norms import NORMS, parse_epsilon
from blurlab.attacks.table import ATTACKS
from blurlab.filters.blur import gaussian_blur
from blurlab.networks import store
from blurlab.networks.architectures import ResidualNet
from blurlab.networks.classifier import Classifier
from blurlab.pictures import objects

SIZE, CLASSES = 16, 8
# Radii at which about half of the attacks on the trained model below succeed.
HALFWAY = {"linf": 9 / 255, "l2": 0.7}
# Of the minimal attacks that are compared.
STEPS = 60
ALL = [(name, norm) for name in ATTACKS for norm in NORMS]


def gratings(count, generator):
    """Noisy gratings in CLASSES orientations, and the index of each one's orientation."""
    labels = torch.randint(CLASSES, (count,), generator=generator)
    phase, turns, contrast = torch.rand(3, count, 1, 1, generator=generator)
    angle = (labels * math.pi / CLASSES).view(-1, 1, 1)
    y, x = torch.meshgrid(*[torch.arange(SIZE) / SIZE] * 2, indexing="ij")
    across = x * angle.cos() + y * angle.sin()
    wave = (2 * math.pi * (across * (3 + 2 * turns) + phase)).cos()
    noise = torch.randn(count, 3, SIZE, SIZE, generator=generator)
    images = 0.5 + ((0.1 + 0.1 * contrast) * wave)[:, None] + 0.1 * noise
    return images.clamp(0, 1), labels


@pytest.fixture(scope="module")
def model():
    """A small network that has learned to name the orientation of gratings."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    net = Classifier(ResidualNet(CLASSES, 8, [16], [1]), input_size=SIZE)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    for _ in range(100):
        images, labels = gratings(32, generator)
        optimizer.zero_grad()
        F.cross_entropy(net(images), labels).backward()
        optimizer.step()
    optimizer.zero_grad()
    return net.eval()


@pytest.fixture(scope="module")
def pictures(model):
    """Pictures that the model names correctly, and their labels."""
    images, labels = gratings(80, torch.Generator().manual_seed(2))
    with torch.no_grad():
        right = model(images).argmax(1) == labels
    assert right.float().mean() > 0.85
    return images[right], labels[right]


def last(steps):
    *_, final = steps
    return final


def options(name, norm, steps=5):
    row = ATTACKS[name]
    epsilon = {"epsilon": HALFWAY[norm]} if row.has_epsilon else {}
    return {"norm": norm} | epsilon | ({"steps": steps} if row.takes("steps") else {})


def success(model, images, labels, *, targeted=False):
    with torch.no_grad():
        named = model(images).argmax(1) == labels
    return named if targeted else ~named


@pytest.mark.parametrize(("name", "norm"), ALL)
def test_every_step_is_a_picture_within_the_ball(name, norm, model, pictures):
    images, labels = pictures[0][:8], pictures[1][:8]
    before, count = images.clone(), 0
    for step in ATTACKS[name].run(model, images, labels, **options(name, norm)):
        count += 1
        assert step.shape == images.shape
        assert step.dtype == images.dtype
        assert step.min() >= 0
        assert step.max() <= 1
        if ATTACKS[name].has_epsilon:
            assert (NORMS[norm].size(step - images) <= HALFWAY[norm] + 1e-6).all()
    assert count == ATTACKS[name].count({"steps": 5}) == (1 if name == "fgsm" else 5)
    assert torch.equal(images, before)


@pytest.mark.parametrize(("name", "norm"), ALL)
def test_one_by_one_and_under_no_grad_an_attack_finds_the_same(name, norm, model, pictures):
    images, labels = pictures[0][:4], pictures[1][:4]
    together = last(ATTACKS[name].run(model, images, labels, **options(name, norm)))
    with torch.no_grad():
        alone = [
            last(ATTACKS[name].run(model, image[None], label[None], **options(name, norm)))
            for image, label in zip(images, labels, strict=True)
        ]
    assert_close(torch.cat(alone), together, atol=2e-4, rtol=0)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_leaves_the_model_as_it_was(name, model, pictures):
    before = {key: value.clone() for key, value in model.state_dict().items()}
    last(ATTACKS[name].run(model, *(part[:4] for part in pictures), **options(name, "linf", 2)))
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


@pytest.mark.parametrize("norm", NORMS)
def test_pgd_fools_more_than_fgsm_and_fgsm_more_than_noise(norm, model, pictures, generator):
    images, labels = pictures
    epsilon = HALFWAY[norm]
    noisy = (images + epsilon * NORMS[norm].draw(images, generator)).clamp(0, 1)
    once = last(fgsm(model, images, labels, epsilon=epsilon, norm=norm))
    often = last(pgd(model, images, labels, epsilon=epsilon, norm=norm, steps=20))
    shares = [success(model, each, labels).float().mean() for each in (noisy, once, often)]
    assert shares[0] + 0.1 < shares[1] <= shares[2]
    assert 0.2 < shares[2] < 0.95


def test_targeted_attacks_lead_to_the_target(model, pictures):
    images, targets = pictures[0][:16], (pictures[1][:16] + 2) % CLASSES
    final = last(pgd(model, images, targets, targeted=True, epsilon=0.2, steps=15))
    assert success(model, final, targets, targeted=True).float().mean() > 0.9
    found = last(minimal_epsilon(model, images, targets, targeted=True, steps=40))
    assert success(model, found.images, targets, targeted=True).all()
    assert (found.epsilon < 0.2).all()


def linear(images):
    """Two classes; the second leads by the sum over pixels of 2 (x - 1/2), where it is the red."""
    lead = 2 * (images[:, 0] - 0.5).flatten(1).sum(1)
    return torch.stack([torch.zeros_like(lead), lead], 1)


@pytest.mark.parametrize("norm", NORMS)
def test_the_smallest_change_of_a_linear_model_is_its_distance_to_the_boundary(norm):
    images = torch.tensor([0.6, 0.7, 0.52]).view(-1, 1, 1, 1).expand(-1, 3, 8, 8).contiguous()
    found = last(minimal_epsilon(linear, images, torch.ones(3, dtype=torch.long), norm=norm))
    distance = torch.tensor([0.1, 0.2, 0.02]) * (1 if norm == "linf" else 8)
    assert_close(found.epsilon, distance, rtol=3e-3, atol=0)


def test_minimal_sizes_never_grow_and_are_those_of_pictures_that_fool(model, pictures):
    images, labels = pictures[0][:8], pictures[1][:8]
    known = torch.full((8,), math.inf)
    for found in minimal_epsilon(model, images, labels, steps=20):
        assert (found.epsilon <= known).all()
        known = found.epsilon
    assert success(model, found.images, labels).all()
    assert torch.equal(NORMS["linf"].size(found.images - images), found.epsilon)


def test_minimal_size_is_zero_when_done_and_infinite_when_impossible(model, pictures):
    images, labels = pictures[0][:4], pictures[1][:4]
    wrong = (labels + 1) % CLASSES
    assert (last(minimal_epsilon(model, images, wrong, steps=3)).epsilon == 0).all()

    def stubborn(images):
        return F.one_hot(labels, CLASSES) + 1e-9 * images.mean((1, 2, 3))[:, None]

    found = last(minimal_epsilon(stubborn, images, labels, steps=3))
    assert found.epsilon.isinf().all()
    assert torch.equal(found.images, images)


def test_no_search_for_the_smallest_change_ends_far_from_the_others(generator):
    images, labels = objects.objects(12, 128, generator)
    targets = (labels + 1) % len(objects.CLASSES)
    found = last(minimal_epsilon(store.load("objects_base"), images, targets, targeted=True))
    assert (found.epsilon < 3 * found.epsilon.median()).all()


def test_restarts_keep_what_fooled_and_fool_no_fewer(model, pictures, generator):
    images, labels = pictures
    steps = list(
        pgd(
            model, images, labels, epsilon=HALFWAY["linf"], steps=3, generator=generator, restarts=4
        )
    )
    first, final = steps[2], steps[-1]
    fooled = success(model, first, labels)
    assert torch.equal(first[fooled], final[fooled])
    assert success(model, final, labels).sum() > fooled.sum()
    assert len(steps) == 3 + 3 * 4


def test_a_random_start_is_repeated_by_its_seed(model, pictures):
    images, labels = pictures[0][:4], pictures[1][:4]
    runs = [
        last(
            pgd(model, images, labels, epsilon=0.02, steps=2,
                generator=torch.Generator().manual_seed(seed))
        )
        for seed in (5, 5, 6)
    ]  # fmt: skip
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize(("name", "norm"), ALL)
def test_a_gpu_finds_what_a_cpu_finds(name, norm, model, pictures, generator):
    images, labels = pictures[0][:8], pictures[1][:8]
    given = options(name, norm, steps=2)
    if name == "pgd":
        given["generator"] = generator
    state = generator.get_state()
    on_cpu = last(ATTACKS[name].run(model, images, labels, **given))
    generator.set_state(state)
    on_gpu = last(
        ATTACKS[name].run(copy.deepcopy(model).cuda(), images.cuda(), labels.cuda(), **given)
    )
    # A gradient near zero may change its sign with rounding, so a few pixels may step away.
    assert ((on_gpu.cpu() - on_cpu).abs() < 1e-3).float().mean() > 0.99


def test_draws_fill_the_euclidean_ball_evenly(generator):
    changes = NORMS["l2"].draw(torch.zeros(4000, 3, 1, 1), generator)
    inside = (NORMS["l2"].size(changes) <= 0.5).float().mean()
    assert inside == pytest.approx(0.5**3, abs=0.02)


def test_a_confident_model_still_gives_a_direction():
    gradient = torch.full((1, 3, 4, 4), 1e-30)
    assert NORMS["l2"].size(NORMS["l2"].steepest(gradient)) == pytest.approx(1)


def test_an_adaptive_attack_beats_the_blur_that_a_transfer_does_not(model, pictures):
    images, labels = pictures
    defended = through(partial(gaussian_blur, sigma=1.0), model)
    transfer = last(pgd(model, images, labels, epsilon=HALFWAY["linf"]))
    adaptive = last(pgd(defended, images, labels, epsilon=HALFWAY["linf"]))
    assert success(defended, adaptive, labels).sum() > success(defended, transfer, labels).sum()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"epsilon": -0.1}, "epsilon is -0.1; .* 0 or above"),
        ({"epsilon": math.nan}, "epsilon is nan"),
        ({"epsilon": 8}, r"epsilon is 8; in L∞ it is 0 to 1, of pictures in \[0, 1\]: write 8/255"),
        ({"epsilon": 300}, r"epsilon is 300; in L∞ it is 0 to 1, of pictures in \[0, 1\]\."),
        ({"steps": 0}, "steps is 0; it must be 1 or more"),
        ({"restarts": 0}, "restarts is 0; it must be 1 or more"),
        ({"restarts": 2}, "restarts is 2; without a random start"),
        ({"step_size": 0}, "step_size is 0; it must be above 0"),
        ({"norm": "l7"}, "norm is 'l7'; it must be one of linf, l2"),
        ({"labels": torch.tensor([-1, 0])}, "class is -1; classes are 0 and above"),
        ({"labels": torch.tensor([0])}, "2 pictures need as many labels"),
    ],
)
def test_arguments_out_of_range_are_refused_at_once(changed, message):
    given = {"images": torch.rand(2, 3, 8, 8), "labels": torch.tensor([0, 1]), "epsilon": 0.1}
    with pytest.raises(ValueError, match=message):
        pgd(linear, **given | changed)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_class_that_the_model_lacks_is_refused_at_the_first_step(name):
    steps = ATTACKS[name].run(
        linear, torch.rand(1, 3, 8, 8), torch.tensor([2]), targeted=True, **options(name, "linf")
    )
    with pytest.raises(ValueError, match="class is 2; this model's classes are 0 to 1"):
        next(steps)


def test_epsilon_zero_changes_nothing():
    images = torch.rand(2, 3, 8, 8)
    for attack in (fgsm, pgd):
        final = last(attack(linear, images, torch.tensor([0, 1]), epsilon=0))
        assert_close(final, images, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("text", "epsilon"), [("8/255", 8 / 255), ("0.03", 0.03), (" 1 / 4 ", 0.25), ("0", 0.0)]
)
def test_epsilon_is_read_as_people_write_it(text, epsilon):
    assert parse_epsilon(text) == epsilon


@pytest.mark.parametrize("text", ["", "8/", "8/0", "-1/255", "eight", "1/2/3", "inf", "nan"])
def test_an_unreadable_epsilon_is_refused_in_one_sentence(text):
    with pytest.raises(ValueError, match=f"epsilon is '{text}'; it must be 0 or above"):
        parse_epsilon(text)


@pytest.fixture(scope="module")
def foolbox():
    with warnings.catch_warnings():
        # foolbox imports names that SciPy has moved.
        warnings.simplefilter("ignore", DeprecationWarning)
        return pytest.importorskip(
            "foolbox",
            reason="foolbox is not installed: no peer to compare with",
            exc_type=ImportError,
        )


@pytest.mark.parametrize("norm", NORMS)
def test_pgd_succeeds_as_often_as_foolbox(norm, foolbox, model, pictures):
    images, labels = pictures
    name = {"linf": "LinfPGD", "l2": "L2PGD"}[norm]
    peer = getattr(foolbox.attacks, name)(
        abs_stepsize=HALFWAY[norm] / 6, steps=20, random_start=False
    )
    theirs = peer(
        foolbox.PyTorchModel(model, bounds=(0, 1)), images, labels, epsilons=HALFWAY[norm]
    )[2]
    final = last(
        pgd(model, images, labels, norm=norm, epsilon=HALFWAY[norm],
            step_size=HALFWAY[norm] / 6, steps=20)
    )  # fmt: skip
    share = success(model, final, labels).float().mean().item()
    peer_share = theirs.float().mean().item()
    print(f"PGD {norm}: success {share:.3f}, foolbox {peer_share:.3f}")
    assert share == pytest.approx(peer_share, abs=0.02)


@pytest.mark.parametrize("norm", NORMS)
def test_minimal_sizes_are_no_larger_than_foolbox_finds(norm, foolbox, model, pictures):
    images, labels = pictures[0][:20], pictures[1][:20]
    found = last(minimal_epsilon(model, images, labels, norm=norm, steps=STEPS))
    peers = peer_sizes(foolbox, model, images, labels, norm)
    print(f"minimal {norm}: {found.epsilon.median():.4f}, foolbox {peers}")
    assert found.epsilon.isfinite().all()
    assert found.epsilon.median() <= 1.1 * min(peers.values())


def peer_sizes(foolbox, model, images, labels, norm):
    """Median sizes by foolbox's own minimal attacks and by its PGD on a ladder of radii."""
    wrapped, attacks = foolbox.PyTorchModel(model, bounds=(0, 1)), foolbox.attacks
    minimal, ladder = {
        "linf": ({"FMN": attacks.LInfFMNAttack}, attacks.LinfPGD),
        "l2": ({"FMN": attacks.L2FMNAttack, "DDN": attacks.DDNAttack}, attacks.L2PGD),
    }[norm]
    sizes = {}
    for name, attack in minimal.items():
        _, found, done = attack(steps=STEPS)(wrapped, images, labels, epsilons=None)
        distance = NORMS[norm].size(found - images)
        sizes[name] = distance.where(done, torch.tensor(math.inf)).median().item()
    radii = torch.linspace(0.25, 2, 8) * HALFWAY[norm]
    steps = ladder(steps=10, rel_stepsize=0.25)
    done = steps(wrapped, images, labels, epsilons=radii.tolist())[2]
    reached = radii[:, None].where(done, torch.tensor(math.inf)).amin(0)
    return sizes | {"PGD ladder": reached.median().item()}


# Networks whose gradient misleads


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("scale", [1.0, 100.0, 1000.0])
def test_large_logits_make_no_network_robust(model, norm, scale):
    images, labels = gratings(24, torch.Generator().manual_seed(5))
    with torch.no_grad():
        right = model(images).argmax(-1) == labels
    images, labels = images[right], labels[right]
    options = {"epsilon": 2.5 * HALFWAY[norm], "norm": norm, "steps": 10}
    *_, expected = pgd(model, images, labels, **options)
    *_, changed = pgd(lambda shown: scale * model(shown), images, labels, **options)
    survivors = [int((model(each).argmax(-1) == labels).sum()) for each in (expected, changed)]
    assert survivors[0] <= len(labels) // 6
    assert abs(survivors[1] - survivors[0]) <= 1


def test_confident_answers_of_ordinary_size_are_attacked_as_ever(model):
    """Scaling begins where float32 ends, so that no other attack changes by it."""
    images, labels = gratings(8, torch.Generator().manual_seed(6))
    logits = model(images).detach()
    logits *= 0.9 * goals.WIDEST / (logits.amax() - logits.amin())
    goal = goals.goal_of(images, labels, targeted=False)
    expected = F.cross_entropy(logits, labels, reduction="none")
    assert torch.equal(goals.cross_entropy(logits, goal), expected)


@pytest.mark.parametrize(
    "blind",
    [
        lambda images: (images * 255).byte().float().mean((-1, -2)),
        lambda images: (images * 255).round().mean((-1, -2)),
        lambda images: torch.ones(len(images), 3),
    ],
    ids=["uint8", "round", "constant"],
)
@pytest.mark.parametrize("attack", [partial(pgd, epsilon=0.1), minimal_epsilon], ids=["pgd", "FMN"])
def test_a_network_without_a_gradient_is_said_to_have_none(attack, blind):
    images, labels = torch.rand(2, 3, SIZE, SIZE), torch.tensor([0, 1])
    with pytest.raises(ValueError, match="gives no gradient to attack it by"):
        list(attack(blind, images, labels))


@pytest.mark.parametrize("norm", NORMS)
def test_a_gradient_that_is_not_finite_is_an_error_and_no_black_picture(norm):
    images, labels = torch.zeros(2, 3, SIZE, SIZE), torch.tensor([0, 1])
    with pytest.raises(ValueError, match=r"gradient is (nan|inf); an attack needs finite numbers"):
        list(pgd(lambda shown: shown.sqrt().mean((-1, -2)), images, labels, epsilon=0.1, norm=norm))


# The ladder


def linear_of(weights):
    """Answer 1 where the weighted sum of a picture less a half is positive, by that sum."""

    def model(images):
        lead = ((images - 0.5) * weights).sum((1, 2, 3))
        return torch.stack([-lead / 2, lead / 2], 1)

    return model


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("criterion", ["boundary", "half"])
@pytest.mark.parametrize("search", [minimal_epsilon, pgd_ladder])
def test_both_searches_find_the_distance_of_a_linear_model(search, criterion, norm):
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(3, 8, 8, generator=generator)
    images = 0.5 + 0.1 * torch.rand(6, 3, 8, 8, generator=generator) - 0.05
    labels = linear_of(weights)(images).argmax(1)
    *_, found = search(linear_of(weights), images, labels, norm=norm, criterion=criterion, steps=40)
    lead = ((images - 0.5) * weights).sum((1, 2, 3)).abs()
    dual = weights.abs().sum() if norm == "linf" else weights.norm()
    assert (found.epsilon >= lead / dual - 1e-6).all()
    within = 1.1 if search is pgd_ladder else 1.02  # rungs lie a twelfth apart
    assert (found.epsilon <= within * lead / dual).all()


@pytest.mark.parametrize("search", [minimal_epsilon, pgd_ladder])
def test_a_probability_of_a_half_takes_more_than_to_lead_among_three(search):
    """Of three classes the target leads at a third: at a half it must lead by a factor of two."""

    def model(images):
        lead = 40 * (images.mean((1, 2, 3)) - 0.5)
        return torch.stack([torch.zeros_like(lead), torch.zeros_like(lead), lead], 1)

    images, target = torch.full((1, 3, 8, 8), 0.45), torch.tensor([2])
    sizes = {}
    for criterion in ("boundary", "half"):
        *_, found = search(model, images, target, targeted=True, criterion=criterion, steps=60)
        sizes[criterion] = found.epsilon.item()
        (probability,) = model(found.images).softmax(1)[:, 2].tolist()
        assert probability > {"boundary": 1 / 3, "half": 0.5}[criterion]
    assert sizes["boundary"] == pytest.approx(0.05, rel=0.09)
    assert sizes["half"] == pytest.approx(0.05 + math.log(2) / 40, rel=0.09)


def test_what_the_ladder_cannot_reach_is_infinite_and_what_is_met_already_zero():
    def stays(images):
        return torch.stack([images.sum((1, 2, 3)) * 0 + 1, images.sum((1, 2, 3)) * 1e-9], 1)

    images = torch.full((2, 3, 8, 8), 0.5)
    *_, found = pgd_ladder(stays, images, torch.tensor([1, 0]), targeted=True, steps=2)
    assert found.epsilon.tolist() == [math.inf, 0]
    assert torch.equal(found.images, images)
