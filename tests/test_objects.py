import pytest
import torch
from torch.testing import assert_close

from blurlab.pictures.objects import CLASSES, cue_conflicts, draw, objects
from blurlab.pictures.outlines import MARGIN, SIDE, distance_field
from blurlab.pictures.textures import TEXTURES

MANY = len(CLASSES)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def grey(images):
    return images.mean(1)


def band_power(pictures, low, high):
    """Power of (N, S, S) pictures between two frequencies, in cycles/image."""
    size = pictures.shape[-1]
    axis = torch.fft.fftfreq(size, 1 / size)
    radius = torch.hypot(axis[:, None], axis[None])
    power = torch.fft.fft2(pictures, norm="ortho").abs() ** 2
    return (power * ((radius > low) & (radius <= high))).sum((1, 2))


def smoothed(pictures, cutoff):
    size = pictures.shape[-1]
    axis = torch.fft.fftfreq(size, 1 / size)
    gain = torch.exp2(-(axis[:, None] ** 2 + axis[None] ** 2) / cutoff**2)
    return torch.fft.ifft2(torch.fft.fft2(pictures) * gain).real


@pytest.fixture(scope="module")
def silhouettes():
    return torch.stack([torch.from_numpy(distance_field(name)) > 0 for name in CLASSES]).float()


@pytest.mark.parametrize("size", [32, 100, 256])
def test_objects_have_the_asked_shape_and_range(size):
    images, labels = objects(3, size, seeded())
    assert images.shape == (3, 3, size, size)
    assert images.dtype == torch.float32
    assert labels.shape == (3,)
    assert 0 <= images.min() < images.max() <= 1


def test_a_size_below_32_is_refused():
    with pytest.raises(ValueError, match="31"):
        objects(1, 31, seeded())


def test_the_same_seed_gives_the_same_pictures_and_another_seed_does_not():
    first, labels = objects(66, 64, seeded(5))  # more than one chunk
    again, labels_again = objects(66, 64, seeded(5))
    other, _ = objects(66, 64, seeded(6))
    assert_close(first, again, atol=0, rtol=0)
    assert_close(labels, labels_again)
    assert (first - other).abs().mean() > 0.1


def test_the_same_seed_gives_the_same_scenes_at_another_size():
    classes = torch.arange(MANY)
    small = draw(classes, classes, 128, seeded())
    large = draw(classes, classes, 256, seeded())
    reduced = torch.nn.functional.avg_pool2d(large, 2)
    assert (reduced - small).abs().mean() < 0.02


def test_labels_cover_every_class_about_equally():
    _, labels = objects(240, 32, seeded())
    counts = labels.bincount(minlength=MANY)
    assert len(counts) == MANY
    assert counts.min() > 240 / MANY / 3


def test_cue_conflicts_never_agree_and_name_every_class():
    images, shapes, textures = cue_conflicts(120, 32, seeded())
    assert len(images) == 120
    assert (shapes != textures).all()
    assert textures.bincount(minlength=MANY).min() > 120 / MANY / 4
    assert shapes.bincount(minlength=MANY).min() > 120 / MANY / 4


def test_another_texture_changes_nothing_outside_the_outline():
    shapes = torch.arange(MANY)
    one, two = (draw(shapes, (shapes + k) % MANY, 128, seeded()) for k in (0, 1))
    changed = ((one - two).abs().sum(1) > 1e-4).float().mean((1, 2))
    # Objects cover from a tenth to a third of the picture; the rest is the same background.
    assert (changed > 0.05).all()
    assert (changed < 0.4).all()


def test_another_outline_leaves_the_background_far_from_it():
    textures = torch.zeros(MANY, dtype=torch.long)
    one, two = (draw((textures + k) % MANY, textures, 128, seeded()) for k in (1, 2))
    corners = torch.zeros(128, 128, dtype=torch.bool)
    corners[:6, :6] = corners[:6, -6:] = corners[-6:, :6] = corners[-6:, -6:] = True
    assert (one - two)[:, :, corners].abs().mean() < 0.01


def test_the_texture_lies_in_the_high_band_and_averages_out_in_the_low_one():
    shapes = torch.arange(MANY).repeat(2)
    one = grey(draw(shapes, (shapes + 1) % MANY, 128, seeded()))
    two = grey(draw(shapes, (shapes + 5) % MANY, 128, seeded()))
    difference = one - two
    assert (band_power(difference, 12, 64) > 6 * band_power(difference, -1, 12)).all()


def test_another_outline_changes_the_low_band_most():
    shapes = torch.arange(MANY).repeat(2)
    textures = torch.full_like(shapes, CLASSES.index("car"))
    one = grey(draw(shapes, textures, 128, seeded()))
    two = grey(draw((shapes + 1) % MANY, textures, 128, seeded()))
    a, b = smoothed(one, 12), smoothed(two, 12)
    assert ((a - b).std((1, 2)) > 0.02).all()


@pytest.mark.parametrize("name", TEXTURES)
def test_a_texture_has_its_energy_between_12_and_40_cycles_per_image(name):
    axis = (torch.arange(256) + 0.5) / 256
    y, x = torch.meshgrid(axis * 22, axis * 22, indexing="ij")
    field = TEXTURES[name](x, y)[None]
    field = field - field.mean()
    assert band_power(field, 12, 40) > 0.75 * band_power(field, -1, 128)
    assert field.abs().max() < 2


def test_textures_differ_in_structure():
    """Power spectra of any two textures overlap little, even where their frequencies agree."""
    axis = (torch.arange(256) + 0.5) / 256
    y, x = torch.meshgrid(axis * 22, axis * 22, indexing="ij")
    fields = torch.stack([texture(x, y) for texture in TEXTURES.values()])
    power = torch.fft.fft2(fields - fields.mean((1, 2), keepdim=True)).abs() ** 2
    power = smoothed(power, 24).clamp(min=0).flatten(1).sqrt()
    power = power / power.norm(dim=1, keepdim=True)
    likeness = power @ power.T - torch.eye(MANY)
    assert likeness.max() < 0.9


def test_colour_does_not_tell_the_class():
    """The mean colour of a class differs from that of all by no more than chance gives."""
    images, labels = objects(240, 32, seeded())
    colours = images.mean((2, 3))
    means = torch.stack([colours[labels == k].mean(0) for k in range(MANY)])
    spread = colours.std(0) / (240 / MANY) ** 0.5
    assert ((means - colours.mean(0)).abs() < 4 * spread).all()


def test_silhouettes_overlap_little_once_centred_and_scaled(silhouettes):
    for other in (silhouettes, silhouettes.flip(2)):
        a, b = silhouettes.flatten(1), other.flatten(1)
        shared = a @ b.T
        overlap = shared / (a.sum(1)[:, None] + b.sum(1) - shared)
        overlap.fill_diagonal_(0)
        assert overlap.max() < 0.7


def test_silhouettes_are_whole_in_their_field(silhouettes):
    assert silhouettes.shape == (MANY, SIDE, SIDE)
    rim = torch.cat([silhouettes[:, [0, -1]].flatten(1), silhouettes[:, :, [0, -1]].flatten(1)], 1)
    assert rim.sum() == 0
    area = silhouettes.mean((1, 2)) * MARGIN**2
    assert (area > 0.25).all()
    assert (area < 0.6).all()


def test_the_drawings_are_those_that_the_results_which_ship_are_of():
    """Results are kept by the name of their pictures, which does not tell a changed drawing.

    Whoever changes one gives these pictures another name in sources.find, and measures again.
    """
    images = draw(torch.arange(MANY), torch.arange(MANY), 128, seeded())
    brightness = [
        0.6919, 0.2535, 0.5796, 0.6667, 0.6625, 0.6405,
        0.2001, 0.2461, 0.2428, 0.6215, 0.6692, 0.6450,
    ]  # fmt: skip
    edges = [
        0.0560, 0.0429, 0.0497, 0.0634, 0.0590, 0.0556,
        0.0402, 0.0493, 0.0506, 0.0798, 0.0519, 0.0659,
    ]  # fmt: skip
    for found, expected in (
        (images.mean((1, 2, 3)), brightness),
        (images.diff(dim=-1).abs().mean((1, 2, 3)), edges),
    ):
        assert_close(found, torch.tensor(expected), atol=2e-4, rtol=0)
