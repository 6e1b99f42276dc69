"""How an attack measures a change of pictures, (N, 3, S, S): the norms and their geometry."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

TINY = torch.finfo(torch.float32).tiny


class Norm(NamedTuple):
    """What an attack needs to know of a norm.

    size: length of each change, (N,).  dual: length of each gradient, (N,), that is the most a loss
    rises along a change of size 1.  steepest: the change of size 1 that does so.  along: the
    gradient itself, of about size 1; unlike steepest it tells strong pixels from weak ones.
    project: the nearest change of at most a size, given as a number or (N, 1, 1, 1).
    draw: changes drawn uniformly from the ball of size 1, one for each of the pictures given.
    """

    size: Callable[[Tensor], Tensor]
    dual: Callable[[Tensor], Tensor]
    steepest: Callable[[Tensor], Tensor]
    along: Callable[[Tensor], Tensor]
    project: Callable[[Tensor, Tensor | float], Tensor]
    draw: Callable[[Tensor, torch.Generator], Tensor]


def each(numbers: Tensor) -> Tensor:
    """Shape one number per picture, (N,), to multiply pictures by, (N, 1, 1, 1)."""
    return numbers.view(-1, 1, 1, 1)


def euclidean(changes: Tensor) -> Tensor:
    return changes.flatten(1).norm(dim=1)


def largest(changes: Tensor) -> Tensor:
    return changes.flatten(1).abs().amax(1)


def total(changes: Tensor) -> Tensor:
    return changes.flatten(1).abs().sum(1)


def unit(changes: Tensor) -> Tensor:
    """Scale changes to Euclidean length 1; zero stays zero."""
    # A confident model's gradient is so small that its squares vanish: bring it to 1 first.
    scaled = changes / each(largest(changes).clamp(min=TINY))
    return scaled / each(euclidean(scaled).clamp(min=TINY))


def spread(changes: Tensor) -> Tensor:
    """Scale changes to a root mean square of 1, the size of a change by 1 in every pixel."""
    return unit(changes) * math.sqrt(changes[0].numel())


def shorten(changes: Tensor, epsilon: Tensor | float) -> Tensor:
    return changes * (epsilon / each(euclidean(changes).clamp(min=TINY))).clamp(max=1)


def clip(changes: Tensor, epsilon: Tensor | float) -> Tensor:
    return changes.clamp(-epsilon, epsilon)


def draw_cube(images: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.rand(images.shape, generator=generator, device=generator.device)
    return (2 * noise - 1).to(images)


def draw_ball(images: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.randn(images.shape, generator=generator, device=generator.device)
    radius = torch.rand(len(images), generator=generator, device=generator.device)
    return (unit(noise) * each(radius ** (1 / images[0].numel()))).to(images)


NORMS = {
    "linf": Norm(largest, total, torch.sign, spread, clip, draw_cube),
    "l2": Norm(euclidean, euclidean, unit, unit, shorten, draw_ball),
}


def parse_epsilon(text: str) -> float:
    """Read an epsilon as people write it, "8/255" or "0.03".

    Raises ValueError unless it is one finite number, 0 or above, or two joined by a slash.
    """
    try:
        above, _, below = text.partition("/")
        epsilon = float(above) / float(below or 1)
    except (ValueError, ZeroDivisionError):
        epsilon = math.nan
    if not 0 <= epsilon < math.inf or text.strip().endswith("/"):
        raise ValueError(f"epsilon is {text!r}; it must be 0 or above, such as 8/255 or 0.03.")
    return epsilon


def check(*, epsilon: float, steps: int, norm: str, restarts: int = 1) -> None:
    """Raise ValueError for an argument of an attack that is out of range."""
    if norm not in NORMS:
        raise ValueError(f"norm is {norm!r}; it must be one of {', '.join(NORMS)}.")
    if not 0 <= epsilon < math.inf:
        raise ValueError(f"epsilon is {epsilon}; it must be a finite number, 0 or above.")
    for name, count in {"steps": steps, "restarts": restarts}.items():
        if count < 1:
            raise ValueError(f"{name} is {count}; it must be 1 or more.")
