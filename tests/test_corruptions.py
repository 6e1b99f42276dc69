"""Corruptions agree with the published arithmetic and keep the contract of their table.

fixtures/corruptions.npz and the reference folder hold outputs of imagecorruptions 1.1.2, with the
random numbers that it drew. Its outputs are 8-bit, truncated.
"""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from blurlab.corruptions.blurs import clipped_zoom, shuffle_between_blurs, smear
from blurlab.corruptions.corrupting import SEVERITIES, corrupt, eight_bit
from blurlab.corruptions.digital import warp
from blurlab.corruptions.draws import normal, picture_seeds, uniform
from blurlab.corruptions.ice import draw_ice
from blurlab.corruptions.noise import add_noise, from_counts, poisson
from blurlab.corruptions.table import CORRUPTIONS, STRENGTHS
from blurlab.corruptions.weather import add_fog, add_ice, draw_cloud, snowfall, splash

RANDOM = [name for name, row in CORRUPTIONS.items() if row.random]
FIXED = [name for name, row in CORRUPTIONS.items() if not row.random]
COLORING = {
    "gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise", "frost", "spatter", "saturate"
}  # fmt: skip
LEVEL = 1 / 255

# Water and mud are two scales. Glass shuffles fewer rounds at 2 and 4, and frost dims the picture
# more than it adds ice at 4 and 5, so that their change falls there.
COMPARABLE_SEVERITIES = {"spatter": (1, 2, 3), "glass_blur": (1, 3), "frost": (1, 2, 3)}


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def pictures(count, size, seed=0):
    """Random pictures with coarse and fine detail, at 256 levels like a file's."""
    generator = seeded(seed)
    total = torch.zeros(count, 3, size, size)
    for cells in (3, 8, 24, size):
        detail = torch.rand(count, 3, cells, cells, generator=generator) / cells
        total += torch.nn.functional.interpolate(detail, size, mode="bilinear")
    total -= total.amin((1, 2, 3), keepdim=True)
    return (total / total.amax((1, 2, 3), keepdim=True) * 255).round() / 255


def from_levels(levels):
    """Turn (3, S, S) uint8 into one picture (1, 3, S, S)."""
    return torch.from_numpy(levels.astype(np.float32))[None] / 255


# --- against the published arithmetic -------------------------------------------------------------


@pytest.fixture(scope="module")
def synthetic():
    """Published outputs for two synthetic pictures at severity 3."""
    return np.load(Path(__file__).parent / "fixtures" / "corruptions.npz")


def assert_published(corrupted, levels):
    """Agree within a level, since the reference truncates and the last bit decides which."""
    ours = torch.floor(corrupted[0] * 255).numpy()
    assert np.abs(ours - levels).max() <= 1
    assert np.abs(corrupted[0].numpy() * 255 - levels - 0.5).max() <= 0.501 + 1


def assert_published_exactly(corrupted, values):
    """Agree with the reference's values from 0 to 255 before it truncates them."""
    assert np.abs(corrupted[0].numpy() * 255 - values).max() <= 3e-6 * 255


def with_recorded_draws(name, picture, draw, strength):
    """Corrupt one picture with the numbers that the reference drew: draw(key) is one of them."""
    size = picture.shape[-1]

    def channels_first():
        return draw("noise").movedim(-1, 0)[None]

    def angle():
        return draw("angle").double().view(1)

    def moves():
        _, reach, rounds = strength
        side = size - 2 * reach
        # Recorded as (dx, dy) in the order of the loop, which runs from the last pixel backwards.
        return draw("dxdy").int().view(rounds, side, side, 2).flip(1, 2, 3).movedim(-1, 0)[None]

    runs = {
        "gaussian_noise": lambda: add_noise(picture, channels_first()),
        "speckle_noise": lambda: add_noise(picture, picture * channels_first()),
        "shot_noise": lambda: from_counts(draw("counts").movedim(-1, 0)[None], *strength),
        "glass_blur": lambda: shuffle_between_blurs(picture, moves(), *strength[:2]),
        "motion_blur": lambda: smear(picture, angle(), *strength, around=0),
        "snow": lambda: snowfall(
            picture, clipped_zoom(draw("noise")[None, None], strength[2]), angle(), *strength[3:]
        ),
        "frost": lambda: add_ice(picture, from_levels(draw("crop").numpy()), *strength),
        "fog": lambda: add_fog(picture, draw("map")[None, None], strength[0]),
        "elastic_transform": lambda: warp(
            picture, draw("u")[None] * (strength[1] / 0.005), strength[2] * size
        ),
        "spatter": lambda: splash(picture, draw("noise")[None], *strength[2:]),
    }
    return runs[name]()


@pytest.mark.parametrize("name", FIXED)
def test_fixed_corruptions_equal_the_published_ones_on_a_synthetic_picture(name, synthetic):
    corrupted = corrupt(from_levels(synthetic["plain"]), name, 3)
    assert_published(corrupted, synthetic[f"synth_{name}_3"])


@pytest.mark.parametrize("name", sorted({*RANDOM} - {"gaussian_noise", "speckle_noise",
                                                     "impulse_noise", "frost"}))  # fmt: skip
def test_random_corruptions_equal_the_published_ones_with_the_same_draws(name, synthetic):
    def draw(key):
        return torch.from_numpy(np.asarray(synthetic[f"{name}_3_{key}"]))

    strength = CORRUPTIONS[name].strengths["imagenet"][2]
    corrupted = with_recorded_draws(name, from_levels(synthetic["drawn"]), draw, strength)
    assert_published(corrupted, synthetic[f"{name}_3_out"])


@pytest.mark.parametrize("name", FIXED)
def test_fixed_corruptions_equal_all_published_references(name, golden):
    references, inputs = golden("corrupt_det"), golden("inputs")
    plain = {"p224": inputs["u8_224"][0], "synth": inputs["u8_synth64"][0]}
    compared = 0
    for picture, levels in plain.items():
        for severity in SEVERITIES:
            key = f"{picture}_{name}_{severity}"
            corrupted = corrupt(from_levels(levels), name, severity)
            if key in references:
                assert_published(corrupted, references[key])
            if f"{key}_s2" in references:
                assert_published(corrupted[..., ::2, ::2], references[f"{key}_s2"])
            if f"{key}_float" in references:
                assert_published_exactly(corrupted, references[f"{key}_float"])
            compared += key in references or f"{key}_s2" in references
    assert compared == 6


@pytest.mark.parametrize("name", sorted({*RANDOM} - {"impulse_noise"}))
def test_random_corruptions_equal_all_published_references_with_the_same_draws(name, golden):
    references, picture = golden("corrupt_inject"), from_levels(golden("inputs")["u8_synth64"][1])
    severities = [k for k in SEVERITIES if f"{name}_{k}_out" in references]
    assert severities
    for severity in severities:

        def draw(key, severity=severity):
            return torch.from_numpy(np.asarray(references[f"{name}_{severity}_{key}"]))

        strength = CORRUPTIONS[name].strengths["imagenet"][severity - 1]
        corrupted = with_recorded_draws(name, picture, draw, strength)
        assert_published(corrupted, references[f"{name}_{severity}_out"])
        if f"{name}_{severity}_out_float" in references:
            assert_published_exactly(corrupted, references[f"{name}_{severity}_out_float"])


@pytest.mark.parametrize("name", ["pixelate", "jpeg_compression"])
def test_corruptions_that_end_in_bytes_equal_the_published_bytes(name, synthetic):
    corrupted = corrupt(from_levels(synthetic["plain"]), name, 3)
    assert np.array_equal((corrupted[0] * 255).round().numpy(), synthetic[f"synth_{name}_3"])


PUBLISHED_STATISTICS = [(name, "imagenet", k) for name in RANDOM for k in (1, 3, 5)]
PUBLISHED_STATISTICS += [("elastic_transform", "imagenet_original", k) for k in (1, 3, 5)]


@pytest.mark.parametrize(("name", "table", "severity"), PUBLISHED_STATISTICS)
def test_random_corruptions_have_the_published_statistics(name, table, severity, shared, golden):
    count = 8
    key = name if table == "imagenet" else "elastic_transform_imagenetc_original"
    known = json.loads((shared / "golden" / "corrupt_stat.json").read_text())[f"{key}_{severity}"]
    clean = from_levels(golden("inputs")["u8_224"][0]).expand(count, -1, -1, -1)
    change = eight_bit(corrupt(clean, name, severity, seeded(1), table=table)) - clean
    power = torch.fft.fft2(change.double()).abs().square() / change.shape[-1] ** 4
    radius = torch.fft.fftfreq(224, dtype=torch.float64).mul(224)
    radius = torch.hypot(radius, radius[:, None]).flatten()
    spread = math.sqrt(1 / 32 + 1 / count)

    measured = {
        "diff_mean_rgb": (change.mean((0, 2, 3)), 0.001),
        "diff_std_rgb": (change.std((2, 3)).mean(0), 0.001),
        "abs_diff_mean": (change.abs().mean(), 0.001),
        "half_power_freq": (half_power_frequency(power.mean(1).flatten(1), radius).mean(), 0.0045),
    }
    deviations = {"abs_diff_mean": "abs_diff_sd", "half_power_freq": "half_power_freq_sd"}
    for quantity, (value, slack) in measured.items():
        deviation = np.array(known[deviations.get(quantity, f"{quantity}_sd_over_seeds")])
        miss = np.abs(value.numpy() - np.array(known[quantity]))
        assert (miss <= 5 * deviation * spread + slack).all(), quantity

    ring, power = radius.round().long(), power.mean((0, 1)).flatten()
    rings = torch.bincount(ring, power) / torch.bincount(ring)
    miss = np.abs(np.log10(rings.numpy() / np.array(known["radial_power_mean"], float)))
    allowed = 5 * np.array(known["radial_log10_power_sd"], float) * spread + 0.02
    assert (miss > allowed)[1:112].mean() <= 0.05


def half_power_frequency(power, radius):
    """Radius in cycles/pixel within which half the power lies, DC left out: power (N, S * S)."""
    order = radius.argsort()
    power, radius = power[:, order], radius[order]
    share = power[:, 1:].cumsum(1) / power[:, 1:].sum(1, keepdim=True)
    return radius[1:][(share < 0.5).sum(1)] / math.isqrt(len(radius))


# --- the contract of the table --------------------------------------------------------------------


def test_the_table_has_fifteen_test_and_four_validation_corruptions():
    held_out = [name for name, row in CORRUPTIONS.items() if row.role == "validation"]
    assert sorted(held_out) == ["gaussian_blur", "saturate", "spatter", "speckle_noise"]
    bands = [row.band for row in CORRUPTIONS.values()]
    assert [bands.count(band) for band in ("low", "medium", "high", None)] == [5, 7, 3, 4]
    for row in CORRUPTIONS.values():
        assert {"imagenet", "cifar"} <= set(row.strengths) <= set(STRENGTHS)
        assert all(len(strengths) == 5 for strengths in row.strengths.values())


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("size", [32, 100])
def test_shape_type_and_range_are_kept_at_every_severity(name, size):
    clean = pictures(2, size)
    before = clean.clone()
    for table in STRENGTHS:
        for severity in SEVERITIES:
            corrupted = corrupt(clean, name, severity, seeded(0), table=table)
            assert corrupted.shape == clean.shape
            assert corrupted.dtype == torch.float32
            assert 0 <= corrupted.min() <= corrupted.max() <= 1
    assert torch.equal(clean, before)


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_black_and_white_pictures_stay_finite(name, level):
    corrupted = corrupt(torch.full((1, 3, 40, 40), level), name, 5, seeded(0))
    assert 0 <= corrupted.min() <= corrupted.max() <= 1


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_same_seed_gives_the_same_answer(name):
    clean = pictures(2, 48)
    once, again = (corrupt(clean, name, 3, seeded(5)) for _ in range(2))
    assert torch.equal(once, again)


@pytest.mark.parametrize("name", RANDOM)
def test_another_seed_and_another_place_in_the_batch_give_another_answer(name):
    clean = pictures(1, 48).expand(2, -1, -1, -1)
    corrupted, other = corrupt(clean, name, 3, seeded(5)), corrupt(clean, name, 3, seeded(6))
    assert (corrupted[0] - other[0]).abs().mean() > 1e-4
    assert (corrupted[0] - corrupted[1]).abs().mean() > 1e-4


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_batch_equals_its_pictures_one_by_one(name):
    clean = pictures(6, 48)
    batch, generator = corrupt(clean, name, 3, seeded(5)), seeded(5)
    singles = torch.cat([corrupt(picture[None], name, 3, generator) for picture in clean])
    torch.testing.assert_close(batch, singles, atol=2e-6, rtol=0)
    assert corrupt(clean[:0], name, 3, generator).shape == (0, 3, 48, 48)


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_a_gpu_gives_the_same_answer_as_the_cpu(name):
    clean = pictures(3, 96)
    here = corrupt(clean, name, 3, seeded(5))
    there = corrupt(clean.cuda(), name, 3, seeded(5)).cpu()
    # Where a value is compared or cut to 8 bits, the last bit may decide for single pixels.
    assert (here - there).abs().gt(2e-5).float().mean() < 1e-3


# Saturate takes color away at severities 1 and 2 and adds it from 3 on.
@pytest.mark.parametrize("name", [name for name in CORRUPTIONS if name != "saturate"])
def test_the_change_grows_with_severity(name):
    severities = COMPARABLE_SEVERITIES.get(name, SEVERITIES)
    clean = pictures(4, 96)
    changes = [
        (corrupt(clean, name, severity, seeded(3)) - clean).square().mean()
        for severity in severities
    ]
    assert changes == sorted(changes)
    assert changes[-1] > 1.2 * changes[0] > 0


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_cifar_strengths_change_a_small_picture_less(name):
    clean = pictures(8, 32)
    mild, strong = (
        (corrupt(clean, name, 3, seeded(3), table=table) - clean).square().mean()
        for table in ("cifar", "imagenet")
    )
    assert 0 < mild < strong


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_grey_pictures_stay_grey_unless_the_corruption_has_color(name):
    clean = pictures(1, 64)[:, :1].expand(-1, 3, -1, -1)
    corrupted = corrupt(clean, name, 5, seeded(0))
    colorful = corrupted.amax(1) - corrupted.amin(1)
    # A JPEG's grey may come back one level off in one channel.
    assert (colorful.max() > 0.1) == (name in COLORING)
    if name not in COLORING:
        assert colorful.max() <= LEVEL + 1e-5


@pytest.mark.parametrize("severity", [0, 6, -1, 2.5, "3", None])
def test_other_severities_are_refused_by_value_and_range(severity):
    with pytest.raises(ValueError, match="from 1 to 5") as refusal:
        corrupt(pictures(1, 32), "fog", severity, seeded(0))
    assert repr(severity) in str(refusal.value)


def test_unknown_names_tables_and_shapes_are_refused():
    clean = pictures(1, 32)
    with pytest.raises(ValueError, match=r"'rain'.*gaussian_noise"):
        corrupt(clean, "rain", 1, seeded(0))
    with pytest.raises(ValueError, match=r"'mnist'.*imagenet"):
        corrupt(clean, "fog", 1, seeded(0), table="mnist")
    with pytest.raises(ValueError, match=r"\(1, 3, 31, 31\).*at least 32"):
        corrupt(clean[..., 1:, 1:], "fog", 1, seeded(0))
    with pytest.raises(ValueError, match=r"\(3, 32, 32\)"):
        corrupt(clean[0], "fog", 1, seeded(0))


def test_random_corruptions_ask_for_a_generator():
    for name, row in CORRUPTIONS.items():
        if row.random:
            with pytest.raises(ValueError, match=r"needs a torch\.Generator"):
                corrupt(pictures(1, 32), name, 1)
        else:
            corrupt(pictures(1, 32), name, 1)


# --- known answers --------------------------------------------------------------------------------


def test_uniform_and_normal_draws_have_their_moments_and_no_correlation():
    seeds = picture_seeds(4, seeded(0))
    even, bell = uniform(seeds, 3, 200, 200), normal(seeds, 3, 200, 200)
    assert 0 <= even.min() < even.max() < 1
    assert even.histc(64, 0, 1).sub(7500).square().div(7500).sum() < 130  # chi squared of 63
    for order, moment in ((1, 0), (2, 1), (3, 0), (4, 3)):
        assert bell.pow(order).mean().sub(moment).abs() < 0.05
    rows = torch.cat([bell.flatten(1), normal(seeds, 3, 200, 200, stream=1).flatten(1)])
    assert (torch.corrcoef(rows) - torch.eye(8)).abs().max() < 0.02
    spectrum = torch.fft.fft2(bell - bell.mean((2, 3), keepdim=True)).abs().square().mean((0, 1))
    assert spectrum[:100, 1:100].mean() / spectrum[100:, 1:100].mean() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("photons", [3, 60, 500])
def test_poisson_counts_have_their_mean_and_variance(photons):
    levels = torch.tensor([0.0, 0.2, 1.0]).view(1, 3, 1, 1).expand(2, 3, 200, 200)
    counts = poisson(levels, uniform(picture_seeds(2, seeded(0)), 3, 200, 200), photons).float()
    rate = torch.tensor([0.0, 0.2, 1.0]) * photons
    torch.testing.assert_close(counts.mean((0, 2, 3)), rate, rtol=0.02, atol=0)
    torch.testing.assert_close(counts.var((0, 2, 3)), rate, rtol=0.03, atol=0)


def test_glass_moves_values_as_the_sequential_loop_does():
    size, reach = 32, 3
    generator = seeded(2)
    levels = torch.randint(0, 256, (1, 3, size, size), generator=generator) / 255
    side = size - 2 * reach
    moves = torch.randint(-reach, reach, (1, 2, 2, side, side), generator=generator)
    expected = levels.clone()
    first = reach + 1
    for k in range(2):
        for row in range(size - reach, reach, -1):
            for column in range(size - reach, reach, -1):
                down, right = moves[0, :, k, row - first, column - first].tolist()
                expected[..., row, column] = expected[..., row + down, column + right]
    shuffled = shuffle_between_blurs(levels, moves, 0, reach)
    torch.testing.assert_close(shuffled, expected, atol=1e-6, rtol=0)


def test_a_smear_shifts_a_point_and_keeps_its_light():
    point = torch.zeros(1, 3, 65, 65)
    point[..., 32, 32] = 1
    smeared = smear(point, torch.tensor([0.0]).double(), 5, 2.0, around=0)
    assert smeared.sum() == pytest.approx(3, abs=1e-5)
    assert smeared[0, 0, 32, 22:33].sum() == pytest.approx(1, abs=1e-5)
    assert smeared[0, 0, 32].argmax() == 32


def test_ice_and_clouds_fill_their_range_and_look_alike_at_two_sizes():
    seeds = picture_seeds(6, seeded(0))
    ice = draw_ice(seeds, 224, torch.device("cpu"))
    small = torch.nn.functional.interpolate(ice, 64, mode="area")
    again = draw_ice(seeds, 64, torch.device("cpu"))
    assert torch.corrcoef(torch.stack([small.flatten(), again.flatten()]))[0, 1] > 0.8
    assert 0.05 < ice.std((2, 3)).mean() < 0.15
    cloud = draw_cloud(seeds, 256, 2.0, torch.device("cpu"))
    assert torch.equal(cloud.amin((1, 2, 3)), torch.zeros(6))
    assert torch.equal(cloud.amax((1, 2, 3)), torch.ones(6))


def test_eight_bits_are_truncated_and_stay_where_they_are():
    levels = torch.arange(256).div(255).expand(1, 3, 1, 256)
    assert torch.equal(eight_bit(levels).mul(255).round(), torch.arange(256.0).expand_as(levels))
    assert eight_bit(levels[..., :-1] + 0.9 / 255).mul(255).round().equal(levels[..., :-1] * 255)
