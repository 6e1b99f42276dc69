"""How an attack measures a change of pictures, (N, 3, S, S): the norms and their geometry."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from blurlab.knobs import Knob

TINY = torch.finfo(torch.float32).tiny


@dataclass(frozen=True)
class Norm:
    """One row of the table.

    name: its key.  title: for people.  explanation: what it measures, in a sentence.
    size: length of each change, (N,).  dual: length of each gradient, (N,), that is the most a loss
    rises along a change of size 1.  steepest: the change of size 1 that does so.  along: the
    gradient itself, of about size 1; unlike steepest it tells strong pixels from weak ones.
    project: the nearest change of at most a size, given as a number or (N, 1, 1, 1).
    draw: changes drawn uniformly from the ball of size 1, one for each of the pictures given.
    peak: about the most that a change alters one value, from its size and the number of values.
    epsilon: the knob of the ball's radius as people write it.  scale: how many of them are 1.
    most: the largest radius of the ball around a picture in [0, 1] that has a meaning.
    ladder: the radii, as people write them, that a slider over epsilon stops at.
    """

    name: str
    title: str
    explanation: str
    size: Callable[[Tensor], Tensor]
    dual: Callable[[Tensor], Tensor]
    steepest: Callable[[Tensor], Tensor]
    along: Callable[[Tensor], Tensor]
    project: Callable[[Tensor, Tensor | float], Tensor]
    draw: Callable[[Tensor, torch.Generator], Tensor]
    peak: Callable[[float, int], float]
    epsilon: Knob
    ladder: tuple[float, ...]
    scale: float = 1.0
    most: float = math.inf

    def in_unit(self, epsilon: float) -> str:
        """Write a size of pictures in [0, 1] as people do, such as 8/255."""
        return f"{epsilon * self.scale:.3g}{self.epsilon.unit}"

    def written(self, epsilon: float) -> str:
        """Write a size with the norm that it is of, such as 8/255 (L∞)."""
        return f"{self.in_unit(epsilon)} ({self.title})"


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
    # Torch declares two numbers or two tensors, but not what may be either.
    return changes.clamp(-epsilon, epsilon)  # type: ignore[arg-type]


def draw_cube(images: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.rand(images.shape, generator=generator, device=generator.device)
    return (2 * noise - 1).to(images)


def draw_ball(images: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.randn(images.shape, generator=generator, device=generator.device)
    radius = torch.rand(len(images), generator=generator, device=generator.device)
    return (unit(noise) * each(radius ** (1 / images[0].numel()))).to(images)


LINF = Norm(
    "linf",
    "L∞",
    "The largest change of any value; 8/255 is eight grey levels.",
    largest, total, torch.sign, spread, clip, draw_cube,
    peak=lambda epsilon, values: epsilon,
    epsilon=Knob("epsilon", "Epsilon, in 255ths", 8.0, 0.0, 32.0, "/255", step=0.5, beyond=True),
    ladder=(0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 16.0, 20.0, 24.0, 32.0),
    scale=255.0,
    most=1.0,
)  # fmt: skip
L2 = Norm(
    "l2",
    "L2",
    "The Euclidean length of the change over all pixels and channels.",
    euclidean, euclidean, unit, unit, shorten, draw_ball,
    # A few pixels change several times more than they would if all changed alike.
    peak=lambda epsilon, values: 5 * epsilon / values**0.5,
    epsilon=Knob(
        "epsilon", "Epsilon, Euclidean", 4.0, 0.0, 20.0, step=0.25, address="radius", beyond=True
    ),
    ladder=(0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 16.0, 20.0),
)  # fmt: skip
NORMS: dict[str, Norm] = {row.name: row for row in (LINF, L2)}


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
    row = NORMS[norm]
    if epsilon > row.most:
        meant = f": write {epsilon:g}{row.epsilon.unit}" if epsilon <= row.scale else ""
        raise ValueError(
            f"epsilon is {epsilon:g}; in {row.title} it is 0 to {row.most:g}, of pictures in "
            f"[0, 1]{meant}."
        )
    for name, count in {"steps": steps, "restarts": restarts}.items():
        if count < 1:
            raise ValueError(f"{name} is {count}; it must be 1 or more.")
