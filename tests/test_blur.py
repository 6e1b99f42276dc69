"""A blur is one kernel wrapped round the picture, whatever way computes it."""

import copy
import math

import numpy as np
import pytest
import torch
from gratings import grating
from torch.testing import assert_close

from blurlab.filters.blur import GaussianBlur, gaussian_blur

SIZES = [31, 64, 128, 160]  # 128 and 160 are blurred by blocks when sigma is small
SIGMAS = [0.1, 0.5, 1, 3, 8, 15]


def shifted_and_added(images, sigma):
    """Add up weighted, wrapped copies of pictures in float64, down and then across."""
    half = math.ceil(2.5 * sigma)
    weights = {k: math.exp(-0.5 * (k / sigma) ** 2) for k in range(-half, half + 1)}
    images, total = images.double(), sum(weights.values())
    for axis in (-2, -1):
        images = sum(weights[k] / total * images.roll(k, axis) for k in weights)
    return images.float()


@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize("size", SIZES)
def test_a_blur_is_one_circular_convolution(size, sigma, generator):
    images = torch.rand(2, 3, size, size, generator=generator)
    assert_close(gaussian_blur(images, sigma), shifted_and_added(images, sigma), atol=2e-6, rtol=0)


@pytest.mark.parametrize("size", SIZES)
def test_a_dot_becomes_the_truncated_kernel(size):
    dot = torch.zeros(1, 3, size, size)
    dot[..., 0, 0] = 1  # in the corner, so the kernel wraps round both edges
    spread = gaussian_blur(dot, 1).roll((10, 10), (-2, -1))
    assert spread.sum((-2, -1)) == pytest.approx(torch.ones(1, 3), abs=1e-5)
    # ceil(2.5) = 3 pixels to each side of the centre, and nothing further out.
    lit = (spread[0, 0] > 1e-6).nonzero()
    assert lit.amin(0).tolist() == [7, 7]
    assert lit.amax(0).tolist() == [13, 13]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("sigma", [*SIGMAS, 40, 1000])
def test_a_constant_picture_stays(sigma, size):
    grey = torch.full((1, 3, size, size), 0.3)
    assert_close(gaussian_blur(grey, sigma), grey, atol=1e-6, rtol=0)


def test_a_kernel_wider_than_the_picture_leaves_its_mean(images):
    means = images.mean((-2, -1), keepdim=True).expand_as(images)
    assert_close(gaussian_blur(images, 100), means, atol=1e-3, rtol=0)


@pytest.mark.parametrize("sigma", [1.5, 3, 6])
def test_the_gain_is_a_half_at_0_1874_sizes_per_sigma(sigma):
    wave = grating(256, round(0.1874 * 256 / sigma))
    ratio = gaussian_blur(wave, sigma).std() / wave.std()
    assert ratio == pytest.approx(0.5, abs=0.03)


def test_a_blur_ignores_how_pictures_are_stacked_or_laid_out(generator):
    images = torch.rand(3, 3, 128, 128, generator=generator)
    blurred = gaussian_blur(images, 2)
    assert_close(gaussian_blur(images[1], 2), blurred[1], atol=1e-6, rtol=0)
    channels_last = images.to(memory_format=torch.channels_last)
    assert_close(gaussian_blur(channels_last, 2), blurred, atol=1e-6, rtol=0)
    turned = images.transpose(-1, -2)
    assert_close(gaussian_blur(turned, 2), blurred.transpose(-1, -2), atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [31, 128])
def test_gradients_do_not_change_the_blur_and_are_blurred_themselves(size, generator):
    images, weights = torch.rand(2, 1, 3, size, size, generator=generator)
    images.requires_grad_()
    blurred = gaussian_blur(images, 1.5)
    assert_close(blurred, gaussian_blur(images.detach(), 1.5), atol=1e-6, rtol=0)
    (gradient,) = torch.autograd.grad((blurred * weights).sum(), images)
    assert_close(gradient, gaussian_blur(weights, 1.5), atol=1e-6, rtol=0)


def test_gradients_are_exact(generator):
    images = torch.rand(2, 6, 6, dtype=torch.float64, generator=generator, requires_grad=True)
    assert torch.autograd.gradcheck(lambda images: gaussian_blur(images, 2), images)


@pytest.mark.parametrize("sigma", [0, -1, math.nan, math.inf])
@pytest.mark.parametrize(
    "blur", [GaussianBlur, lambda sigma: gaussian_blur(torch.ones(8, 8), sigma)]
)
def test_sigma_must_be_above_zero(blur, sigma):
    with pytest.raises(ValueError, match=f"sigma is {sigma} pixels; it must be above 0"):
        blur(sigma)


def test_the_layer_is_the_function_and_saves_nothing(images):
    layer = GaussianBlur(1.5)
    assert layer.state_dict() == {}
    assert torch.equal(copy.deepcopy(layer)(images), gaussian_blur(images, 1.5))
    assert repr(layer) == "GaussianBlur(sigma=1.5)"


@pytest.mark.parametrize("sigma", ["0.5", "1", "1.5", "3", "5"])
def test_blurs_equal_the_published_layer(sigma, published):
    picture = torch.from_numpy(published["pictures"])[1] / 255
    result = gaussian_blur(picture, float(sigma))[:, ::2, ::2]
    np.testing.assert_allclose(result, published[f"blur_sigma{sigma}"], atol=5e-6)


@pytest.mark.parametrize("sigma", ["0.5", "1", "1.5", "3", "5"])
@pytest.mark.parametrize("size", [160, 224])
def test_blurs_of_photographs_equal_the_published_layer(size, sigma, golden):
    picture = torch.from_numpy(golden("inputs")[f"f32_{size}"][1])
    reference, name = golden("blurnet"), f"b{size}_s{sigma}"
    result = gaussian_blur(picture, float(sigma))
    if name not in reference:
        name, result = f"{name}_s4", result[:, 1::4, 1::4]
    np.testing.assert_allclose(result, reference[name], atol=5e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize("sigma", SIGMAS)
def test_a_gpu_gives_the_blur_of_the_cpu(sigma, generator):
    images = torch.rand(2, 3, 128, 128, generator=generator)
    result = gaussian_blur(images.cuda(), sigma).cpu()
    assert_close(result, gaussian_blur(images, sigma), atol=2e-6, rtol=0)
