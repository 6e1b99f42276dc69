"""Pictures corrupted by one row of the table, at one of five severities."""

import torch
from torch import Tensor

from blurlab.corruptions.draws import picture_seeds
from blurlab.corruptions.row import SEVERITY, Corruption
from blurlab.corruptions.table import CORRUPTIONS, STRENGTHS

SEVERITIES = tuple(range(int(SEVERITY.low), int(SEVERITY.high) + 1))
SMALLEST_SIZE = 32

# On a CPU, a few pictures at a time stay in the cache; the answer does not depend on the number.
PICTURES_AT_ONCE = 4


@torch.no_grad()
def corrupt(
    images: Tensor,
    name: str,
    severity: int,
    generator: torch.Generator | None = None,
    *,
    table: str = "imagenet",
) -> Tensor:
    """Corrupt pictures by one row of CORRUPTIONS.

    images: (N, 3, S, S) in [0, 1], S at least 32. A grey picture has three equal channels; color
        corruptions (spatter, frost, saturate 4-5, noise) leave it colored.
    severity: 1 to 5, of the strengths in the named table of STRENGTHS. Whatever S is, the lengths
        in pixels stay as they are: blurs, motion, glass, the trails of snow, drops of spatter, JPEG
        blocks. Zoom, elastic, pixelate, fog, frost and the size of snowflakes scale with S;
        noise and color have no length. Much smaller pictures than a table was made for are
        corrupted harder than its severity says.
    generator: draws one seed for each picture, so that a batch gets what the same pictures get one
        by one, on any device and beside any others. Only random corruptions need it.
    Returns (N, 3, S, S) in [0, 1], not rounded to 8 bits (see eight_bit), without gradient.
    Raises ValueError for a name, severity, table or size that is not offered, or no generator.
    """
    row = _check(images, name, severity, table)
    strength = row.strengths.get(table, row.strengths["imagenet"])[severity - 1]
    seeds = None
    if row.random:
        if generator is None:
            raise ValueError(f"{name} is random and needs a torch.Generator; generator is None.")
        seeds = picture_seeds(len(images), generator)
    at_once = PICTURES_AT_ONCE if images.device.type == "cpu" else len(images)
    corrupted = torch.empty_like(images)
    for start in range(0, len(images), at_once or 1):
        part = slice(start, start + at_once)
        drawn = () if seeds is None else (seeds[part],)
        corrupted[part] = row.apply(images[part], *drawn, *strength)
    return corrupted


def eight_bit(images: Tensor) -> Tensor:
    """Cut pictures down to 256 levels, as the published sets do after every corruption.

    The levels are truncated, not rounded, which darkens by 0.002 on average. A level that float32
    puts less than a thousandth below its place keeps its place.
    """
    return (images * 255 + 1e-3).floor_().clamp_(0, 255).div_(255)


def _check(images: Tensor, name: str, severity: int, table: str) -> Corruption:
    """Look up the row, or raise ValueError with the value and what is allowed."""
    if name not in CORRUPTIONS:
        raise ValueError(f"No corruption is called {name!r}; there are {', '.join(CORRUPTIONS)}.")
    if not isinstance(severity, int) or severity not in SEVERITIES:
        raise ValueError(f"severity is {severity!r}; it must be a whole number from 1 to 5.")
    if table not in STRENGTHS:
        raise ValueError(f"No table is called {table!r}; there are {', '.join(STRENGTHS)}.")
    shape = tuple(images.shape)
    if len(shape) != 4 or shape[1] != 3 or shape[2] != shape[3] or shape[2] < SMALLEST_SIZE:
        raise ValueError(
            f"images have shape {shape}; it must be (N, 3, S, S) with S at least {SMALLEST_SIZE}."
        )
    return CORRUPTIONS[name]
