"""Random numbers that belong to one picture: its seed gives them, whatever batch it comes in.

Each number is a hash of the picture's seed and the number's position, so that a batch, its pictures
one by one, and any device get the same draws.
"""

import math

import torch
from torch import Tensor

# Odd constants near 2^32 and 2^60 over the golden ratio spread consecutive numbers apart.
POSITION_STEP = 0x9E3779B1 - 2**32
STREAM_STEP = 0x09E3779B97F4A7C1

# Wellons' two-round integer hash (hash-prospector, "lowbias32"); multipliers as signed 32 bits.
FIRST_MULTIPLIER = 0x7FEB352D
SECOND_MULTIPLIER = 0x846CA68B - 2**32


def picture_seeds(count: int, generator: torch.Generator) -> Tensor:
    """Draw one seed per picture: (count,) int64 on the CPU.

    The pictures are served one after another, so that a batch takes from the generator exactly
    what the same pictures take one by one.
    """
    device = generator.device
    draws = [torch.randint(2**62, (1,), generator=generator, device=device) for _ in range(count)]
    return torch.cat(draws).cpu() if draws else torch.zeros(0, dtype=torch.int64)


def uniform(
    seeds: Tensor, *shape: int, stream: int = 0, device: torch.device | None = None
) -> Tensor:
    """Draw (N, *shape) float32 numbers from [0, 1), in steps of 2^-24.

    stream: tells apart the draws that one picture needs.
    """
    bits = _random_bits(seeds, math.prod(shape), stream, device)
    numbers = bits.bitwise_right_shift_(8).to(torch.float32).mul_(2**-24).add_(0.5)
    return numbers.view(len(seeds), *shape)


def normal(
    seeds: Tensor, *shape: int, stream: int = 0, device: torch.device | None = None
) -> Tensor:
    """Draw (N, *shape) float32 standard normal numbers by Box and Muller's method."""
    count = math.prod(shape)
    radius, angle = uniform(seeds, 2, (count + 1) // 2, stream=stream, device=device).unbind(1)
    # 1 - uniform lies in (0, 1], where the logarithm is finite.
    radius = (1 - radius).log_().mul_(-2).sqrt_()
    angle = angle * (2 * math.pi)
    numbers = torch.cat([radius * angle.cos(), radius * angle.sin_()], dim=1)
    return numbers[:, :count].view(len(seeds), *shape)


def _random_bits(seeds: Tensor, count: int, stream: int, device: torch.device | None) -> Tensor:
    """Hash (seed, stream, position) to (N, count) int32."""
    keys = (seeds + stream * STREAM_STEP)[:, None]
    low, high = (part.to(torch.int32).to(device) for part in (keys, keys >> 32))
    hashed = torch.arange(count, dtype=torch.int32, device=device).mul_(POSITION_STEP) + low
    shifted = torch.empty_like(hashed)
    _fold(hashed, 16, shifted)
    hashed.mul_(FIRST_MULTIPLIER).add_(high)
    _fold(hashed, 15, shifted)
    hashed.mul_(SECOND_MULTIPLIER)
    return _fold(hashed, 16, shifted)


def _fold(hashed: Tensor, shift: int, shifted: Tensor) -> Tensor:
    """Exclusive-or each number with itself shifted right, in place; shifted is working space."""
    torch.bitwise_right_shift(hashed, shift, out=shifted)
    # The shift repeats the sign bit, which the mask takes away again.
    return hashed.bitwise_xor_(shifted.bitwise_and_(2 ** (32 - shift) - 1))
