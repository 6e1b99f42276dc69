"""Frequencies of square pictures: the grid, its units, filters, and power spectra.

Frequencies are in cycles/image: 0 is the mean, S / 2 (Nyquist) the finest grating that a side of S
pixels holds, and the corners of the Fourier plane reach S / sqrt(2). Edges wrap round.
"""

import math

import numpy as np
import torch
from torch import Tensor

BUTTERWORTH_ORDER = 4
CACHED_VALUES = 320_000  # six planes of 224 x 224, about 2 MB of transforms

UNITS = {
    "image": "cycles/image",
    "pixel": "cycles/pixel",
    "nyquist": "fraction of Nyquist",
    "degree": "cycles/degree",
}


def radial_frequency(size: int, *, device: torch.device | str | None = None) -> Tensor:
    """Give each Fourier coefficient of a size x size picture its distance from zero frequency.

    Returns (size, size) float32 in cycles/image, in the order of torch.fft.fft2.
    """
    # Sums of squared integers are exact, so each radius is rounded once, to float32. The ideal
    # filter compares in float32 too, so that a cutoff of 4.000000000000001 is the cutoff 4.
    squares = torch.fft.fftfreq(size, 1 / size, device=device).round() ** 2
    return (squares[:, None] + squares).sqrt()


def convert(frequency: float, unit: str, *, size: int, degrees: float | None = None) -> float:
    """Express a frequency in cycles/image in one of UNITS.

    size: side of the picture in pixels.
    degrees: side of the picture in degrees of visual angle; only "degree" needs it.
    """
    return frequency / _cycles_per_image(unit, size, degrees)


def to_image(value: float, unit: str, *, size: int, degrees: float | None = None) -> float:
    """Express a frequency given in one of UNITS in cycles/image, the inverse of convert."""
    return value * _cycles_per_image(unit, size, degrees)


def _cycles_per_image(unit: str, size: int, degrees: float | None) -> float:
    if unit == "degree":
        if degrees is None or not degrees > 0:
            raise ValueError(f"degrees is {degrees}; cycles/degree needs a visual angle above 0.")
        return degrees
    if unit not in UNITS:
        raise ValueError(f"unit is {unit!r}; it must be one of {', '.join(UNITS)}.")
    return {"image": 1.0, "pixel": size, "nyquist": size / 2}[unit]


def ideal(frequency: Tensor, cutoff: float) -> Tensor:
    """Pass everything up to the cutoff, its circle included, and nothing beyond."""
    return torch.le(frequency, cutoff, out=torch.empty_like(frequency))


def gaussian(frequency: Tensor, cutoff: float) -> Tensor:
    """Fall as exp2(-(frequency / cutoff)^2): gain 1/2 at the cutoff."""
    return torch.exp2(-((frequency / max(cutoff, 1e-30)) ** 2))


def butterworth(frequency: Tensor, cutoff: float) -> Tensor:
    """Fall as 1 / (1 + (frequency / cutoff)^8), order 4: gain 1/2 at the cutoff."""
    return 1 / (1 + (frequency / max(cutoff, 1e-30)) ** (2 * BUTTERWORTH_ORDER))


FILTERS = {"ideal": ideal, "gaussian": gaussian, "butterworth": butterworth}


def gain(frequency: Tensor, cutoff: float, filter: str) -> Tensor:
    """Look up what share of a frequency a low-pass filter lets through; the high-pass is 1 - gain.

    frequency, cutoff: in cycles/image. At cutoff 0 only the mean passes, whatever the filter.
    filter: a key of FILTERS.
    Returns the shape of frequency, in [0, 1].
    """
    if filter not in FILTERS:
        raise ValueError(f"filter is {filter!r}; it must be one of {', '.join(FILTERS)}.")
    return FILTERS[filter](frequency, cutoff)


def check_cutoff(cutoff: float, size: int, name: str = "cutoff") -> None:
    """Raise ValueError unless the cutoff lies between 0 and Nyquist."""
    if not 0 <= cutoff <= size / 2:
        raise ValueError(
            f"{name} is {cutoff} cycles/image; pictures of {size} pixels allow 0 to {size / 2:g}."
        )


def low_pass(images: Tensor, cutoff: float, filter: str = "gaussian") -> Tensor:
    """Keep the coarse structure of square pictures.

    images: (..., S, S), any range.
    cutoff: in cycles/image, 0 to S / 2; gain 1/2 there, or the last frequency kept if ideal.
    filter: a key of FILTERS.
    Returns (..., S, S), differentiable, never clamped. The mean is unchanged; the edges wrap round.
    Raises ValueError when the cutoff is out of range.
    """
    size = images.shape[-1]
    check_cutoff(cutoff, size)
    frequency = radial_frequency(size, device=images.device)[:, : size // 2 + 1]
    return multiply_spectrum(images, gain(frequency, cutoff, filter))


def high_pass(images: Tensor, cutoff: float, filter: str = "gaussian") -> Tensor:
    """Keep the fine structure of square pictures: what low_pass removes, so the mean becomes 0."""
    return images - low_pass(images, cutoff, filter)


def multiply_spectrum(images: Tensor, response: Tensor) -> Tensor:
    """Filter square pictures by a real response that is even in each direction.

    images: (..., S, S).  response: (S, S // 2 + 1), laid out as torch.fft.rfft2 does.
    Returns (..., S, S), differentiable.
    """
    size, response = images.shape[-1], response.to(images)
    # A complex response is multiplied in place without conversion, in half the time.
    response = torch.complex(response, torch.zeros_like(response))
    filtered = [
        # In two steps, because irfft2 takes a third longer on a CPU.
        torch.fft.irfft(torch.fft.ifft(torch.fft.rfft2(part).mul_(response), dim=-2), n=size)
        for part in images.reshape(-1, size, size).split(planes_at_once(images))
    ]
    return torch.cat(filtered).view(images.shape)


def planes_at_once(images: Tensor) -> int:
    """Say how many of the (S, S) planes of a batch to transform together.

    On a CPU, few enough to stay in a core's cache, which is faster than a whole batch.
    """
    if images.device.type != "cpu" or torch.compiler.is_compiling():
        return max(1, images[..., 0, 0].numel())
    return max(1, CACHED_VALUES // images.shape[-1] ** 2)


def radial_power_spectrum(images: Tensor) -> tuple[Tensor, Tensor]:
    """Average the power of square pictures over rings one cycle/image wide.

    images: (..., S, S), any range.
    Returns the ring frequencies (S // 2 + 1,) in cycles/image and (..., S // 2 + 1) of the mean of
    |orthonormal FFT|^2 over the coefficients whose radius rounds to that frequency. White noise of
    variance v gives v in every ring; the corners beyond Nyquist are left out.
    """
    return ring_means(torch.fft.fft2(images, norm="ortho").abs().square())


def ring_means(power: Tensor) -> tuple[Tensor, Tensor]:
    """Average power over rings one cycle/image wide, as radial_power_spectrum returns it.

    power: (..., S, S) in the order of torch.fft.fft2.
    """
    size = power.shape[-1]
    rings = size // 2 + 1
    ring = radial_frequency(size, device=power.device).round().long().flatten()
    inside = ring < rings
    held = power.flatten(-2)[..., inside]
    totals = held.new_zeros(*held.shape[:-1], rings).index_add(-1, ring[inside], held)
    counts = torch.bincount(ring[inside], minlength=rings)
    return torch.arange(rings, device=power.device), totals / counts


def mean_power(differences: Tensor) -> Tensor:
    """Average the power of perturbations over pictures and channels, without their means.

    differences: (N, C, S, S), perturbed minus original pictures.
    Returns (S, S) float64 on the CPU: mean of |orthonormal FFT|^2 in the order of torch.fft.fft2,
    0 at zero frequency. Averages of these over batches are the power of all their pictures.
    """
    power = torch.fft.fft2(differences, norm="ortho").abs().square().mean((0, 1))
    power[0, 0] = 0  # dropping this coefficient removes each channel's mean
    return power.cpu().double()


def half_power_exact(power: Tensor) -> float:
    """Find the smallest radius on the Fourier grid that holds at least half of the power.

    power: (S, S) from mean_power.
    Returns cycles/pixel, 0 to 0.707; not a number where there is no power at all.
    """
    squares = radial_frequency(len(power)).double().square().round().long().flatten()
    sums = np.cumsum(np.bincount(squares.numpy(), power.numpy().ravel()))
    if not sums[-1] > 0:
        return math.nan
    return math.sqrt(np.argmax(sums >= sums[-1] / 2)) / len(power)
