"""Whose frequencies a hybrid holds, that shortcuts change nothing, and the authors' own hybrids."""

import math

import numpy as np
import pytest
import torch
from gratings import grating
from torch.testing import assert_close

from blurlab.filters.hybrid import hybrid, iter_sweep, sweep
from blurlab.filters.spectrum import FILTERS, gain, radial_frequency

PHOTOGRAPHS = [(size, alpha) for size in (160, 224) for alpha in (0, 5, 11, 27, 57, 100)]


def by_definition(low, high, low_gain, high_gain):
    """Join two pictures in float64, whole complex spectra and nothing left out."""
    spectrum = torch.fft.fft2(low.double()) * low_gain
    spectrum = spectrum + torch.fft.fft2(high.double()) * (1 - high_gain)
    return torch.fft.ifft2(spectrum).real.clamp(0, 1).float()


def test_a_hybrid_takes_coarse_gratings_from_low_and_fine_ones_from_high():
    coarse, fine = 0.1 * grating(64, 5), 0.1 * grating(64, 20)
    low, high = 0.6 + coarse + fine, 0.3 - coarse - fine
    expected = 0.6 + coarse - fine
    assert_close(hybrid(low, high, 10), expected, atol=1e-6, rtol=0)


def test_the_ideal_circle_itself_belongs_to_low():
    on, beyond = 0.2 * grating(64, 5, math.atan2(3, 4)), 0.2 * grating(64, math.sqrt(26), 0.1974)
    black = torch.zeros(64, 64)
    assert_close(hybrid(0.5 + on, black, 5), 0.5 + on, atol=1e-6, rtol=0)
    assert_close(hybrid(0.5 + beyond, black, 5), black + 0.5, atol=1e-4, rtol=0)


def test_at_cutoff_zero_low_gives_only_its_mean(images):
    low, high = 0.4 + 0.2 * images[:2], 0.4 + 0.2 * images[2:]
    shift = (low - high).mean((-2, -1), keepdim=True)
    assert_close(hybrid(low, high, 0), high + shift, atol=1e-6, rtol=0)


def test_at_nyquist_high_still_gives_the_corners():
    checkerboard = 0.2 * grating(64, 32 * math.sqrt(2), math.pi / 4)
    grey = torch.full((64, 64), 0.5)
    assert_close(hybrid(grey, 0.5 + checkerboard, 32), 0.5 + checkerboard, atol=1e-6, rtol=0)
    assert_close(hybrid(0.5 + checkerboard, grey, 32), grey, atol=1e-6, rtol=0)


@pytest.mark.parametrize("filter", FILTERS)
def test_a_picture_with_itself_is_itself(filter, images):
    assert_close(hybrid(images, images, 9, filter=filter), images, atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [15, 32, 96])
@pytest.mark.parametrize("share", [0, 0.05, 0.3, 0.99, 1])
@pytest.mark.parametrize("filter", FILTERS)
def test_shortcuts_change_nothing(filter, share, size, generator):
    low, high = torch.rand(2, 50, 3, size, size, generator=generator)
    cutoff = share * size / 2
    response = gain(radial_frequency(size).double(), cutoff, filter)
    expected = by_definition(low, high, response, response)
    assert_close(hybrid(low, high, cutoff, filter=filter), expected, atol=2e-6, rtol=0)


@pytest.mark.parametrize("filter", FILTERS)
def test_the_two_cutoffs_can_differ(filter, images):
    low, high = images[:2], images[2:]
    responses = [gain(radial_frequency(64).double(), cutoff, filter) for cutoff in (4, 12)]
    expected = by_definition(low, high, *responses)
    result = hybrid(low, high, 4, high_cutoff=12, filter=filter)
    assert_close(result, expected, atol=2e-6, rtol=0)


def test_equal_cutoffs_are_linked_cutoffs(images):
    low, high = images[:2], images[2:]
    linked = hybrid(low, high, 7, filter="gaussian")
    assert torch.equal(hybrid(low, high, 7, high_cutoff=7, filter="gaussian"), linked)


def test_a_hybrid_is_clipped_and_its_sources_are_left_alone(generator):
    low, high = torch.rand(2, 4, 3, 32, 32, generator=generator).round()
    before = low.clone(), high.clone()
    result = hybrid(low, high, 5)
    assert result.min() == 0
    assert result.max() == 1
    assert torch.equal(low, before[0])
    assert torch.equal(high, before[1])


@pytest.mark.parametrize("filter", FILTERS)
def test_a_sweep_is_the_hybrid_at_each_cutoff_in_any_order(filter, images):
    cutoffs = [32, 0, 7.5, 8, 3, 31]
    expected = torch.stack([hybrid(images[0], images[1], c, filter=filter) for c in cutoffs])
    result = sweep(images[0], images[1], cutoffs, filter=filter)
    assert_close(result, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("chunk", [1, 4, 9])
def test_a_sweep_in_chunks_is_the_same_sweep(chunk, images):
    cutoffs = [4.0 * step for step in range(9)]
    parts = list(iter_sweep(images[0], images[1], cutoffs, chunk=chunk))
    assert all(len(part) == chunk for part in parts[:-1])
    assert torch.equal(torch.cat(parts), sweep(images[0], images[1], cutoffs))


def test_chunks_that_were_yielded_stay_as_they_were(images):
    parts = iter_sweep(images[0], images[1], [0, 16], chunk=1)
    first = next(parts)
    kept = first.clone()
    next(parts)
    assert torch.equal(first, kept)


@pytest.mark.parametrize("cutoff", [-0.1, 33, math.nan])
def test_cutoffs_beyond_nyquist_are_refused(cutoff, images):
    with pytest.raises(ValueError, match=f"cutoff is {cutoff} .*allow 0 to 32"):
        hybrid(images, images, cutoff)
    with pytest.raises(ValueError, match=f"high_cutoff is {cutoff} .*allow 0 to 32"):
        hybrid(images, images, 8, high_cutoff=cutoff)
    with pytest.raises(ValueError, match=f"cutoff is {cutoff} .*allow 0 to 32"):
        sweep(images[0], images[1], [8, cutoff])


@pytest.mark.parametrize("alpha", [0, 5, 11, 27, 57, 100])
def test_hybrids_equal_the_published_generator(alpha, published):
    low, high = torch.from_numpy(published["pictures"]) / 255
    result = hybrid(low, high, alpha * 64 / 200)[:, ::2, ::2]
    np.testing.assert_allclose(result, published[f"hybrid_alpha{alpha}"], atol=2e-6)


@pytest.mark.parametrize(("size", "alpha"), PHOTOGRAPHS)
def test_hybrids_of_photographs_equal_the_published_generator(size, alpha, golden):
    low, high = torch.from_numpy(golden("inputs")[f"f32_{size}"])
    reference = golden("hybrid")
    # At 160 pixels the generator's own mask for alpha 5 is lopsided by rounding; the exact one is
    # recorded beside it.
    names = [f"h{size}_a{alpha}{form}" for form in ("_intmask", "", "_s4")]
    name = next(name for name in names if name in reference)
    result = hybrid(low, high, alpha * size / 200)
    if name.endswith("_s4"):
        result = result[:, 1::4, 1::4]
    np.testing.assert_allclose(result, reference[name], atol=2e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize("filter", FILTERS)
def test_a_gpu_gives_the_hybrids_of_the_cpu(filter, images):
    on_gpu = images.cuda()
    expected = hybrid(images[:2], images[2:], 7.5, filter=filter)
    result = hybrid(on_gpu[:2], on_gpu[2:], 7.5, filter=filter)
    assert_close(result.cpu(), expected, atol=2e-6, rtol=0)
    cutoffs = [0, 5, 32]
    expected = sweep(images[0], images[1], cutoffs, filter=filter)
    assert_close(sweep(*on_gpu[:2], cutoffs, filter=filter).cpu(), expected, atol=2e-6, rtol=0)
