"""A learned Fourier mask: the frequencies and directions that a network's answers need."""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from blurlab.knobs import Knob
from blurlab.measures.figure import Curves, Mark, Panels, Plane, Scale, Series
from blurlab.measures.row import Batch, Measure, Network, Number, Tally
from blurlab.statistics import UNDEFINED, Interval, share, t_quantile

RATE = (
    0.05  # of Adam: a coefficient that is of no use is gone after little more than 1 / RATE steps
)
# Pictures that a mask is learned from: it fits few closely, and then tells less of the network.
LEARNED = 200
SHOWN = 50  # of them, that a step of Adam sees
SECTORS = 12  # directions, 15 degrees each
CELLS = 64  # across the plane of frequencies, as it is drawn


def tally(network: Network, batch: Batch, settings: dict[str, Any]) -> Tally:
    """Learn a mask from a batch's pictures, and see whether the network still says the same.

    plane (C, C), rings (S / 2 + 1,): means of the mask over cells of the plane and over rings.
    directions (SECTORS,): its mean in each, over that of a mask whose rings are uniform.
    frequency: the mean one of its rings, of Nyquist.  all: its mean.  Frequency and directions of a
    mask that keeps nothing are not numbers.
    plane_squares and so on: their squares.  batches: 1.
    kept, each_kept (N,): pictures that are named as before through the mask.  held, each_held (N,):
    their partners; these pictures are cut to [0, 1].  new, held_new: partners that it has not
    learned from, and those of them that are named as before.
    """
    mask = learned(network, batch.images, settings)
    found = seen(mask)
    squares = {f"{name}_squares": value.square() for name, value in found.items()}
    each = {}
    with torch.no_grad():
        for name, images in (("kept", batch.images), ("held", batch.partners)):
            before = network(images).argmax(-1)
            each[name] = network(masked(images)(mask).clamp(0, 1)).argmax(-1) == before
    # A partner can be of the same batch, and in a small data set is.
    own = {_bytes(image) for image in batch.images}
    new = torch.tensor([_bytes(image) not in own for image in batch.partners]).to(each["held"])
    counted = {name: same.sum() for name, same in each.items()}
    counted |= {"new": new.sum(), "held_new": (new & each["held"]).sum()}
    said = {f"each_{name}": same for name, same in each.items()}
    return found | squares | counted | said | {"batches": torch.ones((), dtype=torch.float64)}


def _bytes(image: Tensor) -> bytes:
    return image.cpu().numpy().tobytes()


def learned(network: Network, images: Tensor, settings: dict[str, Any]) -> Tensor:
    """Learn which Fourier coefficients keep a network's own answers right.

    Adam lowers the cross-entropy to what the network says of the whole pictures, plus a penalty on
    the sum of the mask, from a mask of ones on; each step sees the next 50 pictures, the first ones
    again after the last, and is cut to [0, 1]. Pictures are not, for whether a black or white pixel
    has a gradient would hang on the last digit.
    Returns (S, S // 2 + 1), laid out as torch.fft.rfft2 does and alike at a frequency and at its
    mirror image, so that pictures stay real.
    """
    size, parts = images.shape[-1], images.split(SHOWN)
    with torch.no_grad():
        answers = [network(part).argmax(-1) for part in parts]
    shown = [masked(part) for part in parts]
    # Two coefficients of the whole plane for each, but in the columns that mirror themselves.
    weight = torch.full((size // 2 + 1,), 2.0).to(images)
    weight[0] = 1
    if size % 2 == 0:
        weight[-1] = 1
    mask = torch.ones(size, size // 2 + 1).to(images).requires_grad_()
    # Gradients far below the price are noise, which Adam would make as large as any other.
    noise = settings["penalty"] / size**2 / 10
    adam = torch.optim.Adam([mask], lr=RATE, betas=(0.9, 0.99), eps=noise)
    for step in range(settings["steps"]):
        part = step % len(parts)
        lost = F.cross_entropy(network(shown[part](mask)), answers[part])
        price = settings["penalty"] * (mask * weight).sum() / size**2
        (mask.grad,) = torch.autograd.grad(lost + price, mask)
        adam.step()
        with torch.no_grad():
            mask.copy_(_mirrored(mask.clamp(0, 1)))
    return mask.detach()


def masked(images: Tensor) -> Callable[[Tensor], Tensor]:
    """Return what shows pictures through a mask, with the mean that they have."""
    mean = images.mean((-1, -2), keepdim=True)
    spectrum = torch.fft.rfft2(images - mean)
    return lambda mask: torch.fft.irfft2(spectrum * mask, s=images.shape[-2:]) + mean


def _mirrored(mask: Tensor) -> Tensor:
    """Make a half plane alike at the frequencies of it that are mirror images of each other."""
    found, size = mask.clone(), mask.shape[0]
    for column in {0, size // 2} if size % 2 == 0 else {0}:
        found[:, column] = (mask[:, column] + mask[:, column].flip(0).roll(1)) / 2
    return found


def seen(mask: Tensor) -> Tally:
    """Average a mask over cells of the plane, rings and directions, as tally tells.

    Zero frequency, which every picture keeps, counts in the plane alone.
    """
    size = len(mask)
    down = torch.fft.fftfreq(size, 1 / size).round().to(mask)[:, None].expand(mask.shape)
    across = torch.arange(size // 2 + 1).to(mask).expand(mask.shape)
    # The whole plane: each coefficient, and its mirror image where that is another one.
    mirrored = (across > 0) & (across < size / 2)
    rows = torch.cat([down.flatten(), -down[mirrored]])
    columns = torch.cat([across.flatten(), -across[mirrored]])
    whole = torch.cat([mask.flatten(), mask[mirrored]]).double()
    radius = torch.hypot(rows, columns)
    whole[radius == 0] = 1
    side = min(CELLS, size)
    cells = torch.stack([rows, columns]).mul(side / size).round().long()
    drawn = (cells.abs() < side // 2).all(0)
    place = cells[0] * (side - 1) + cells[1] + (side // 2 - 1) * side
    counted = (radius > 0) & (radius.round() <= size // 2)
    ring = radius.round().long()
    rings = _means(whole[counted], ring[counted], size // 2 + 1)
    # Every ring counts alike, or the finest would drown the others; and a ring's few coefficients
    # are not as many in one direction as in another.
    alike, near = rings[ring[counted]], 1 / radius[counted].double()
    sector = torch.atan2(rows, columns).mul(SECTORS / math.pi).round().long() % SECTORS
    directions, even = (
        _means(values * near, sector[counted], SECTORS) for values in (whole[counted], alike)
    )
    return {
        "plane": _means(whole[drawn], place[drawn], (side - 1) ** 2).view(side - 1, side - 1),
        "rings": rings,
        "directions": (directions / even.clamp(min=1e-9)).masked_fill(~rings.any(), math.nan),
        "frequency": (rings * torch.arange(len(rings)).to(rings)).sum() / rings.sum() / (size / 2),
        "all": whole[radius > 0].mean(),
    }


def _means(values: Tensor, index: Tensor, many: int) -> Tensor:
    """Average values by their index, 0 to many - 1."""
    sums = values.new_zeros(many).index_add(0, index, values)
    return sums / index.bincount(minlength=many).clamp(min=1)


def estimate(summed: Tally, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the mask by cell of the plane, by ring and by direction, and what is named as before.

    Each is the mean over batches, which learn a mask each, with Student's 95 % interval over them,
    cut to [0, 1]; one batch alone tells nothing of it.  directions: over what they would be if the
    frequency alone counted, so that 1 is that of no direction more than others.  plane: rows down
    and columns across at frequencies_nyquist; rings at rings_nyquist, both fractions of Nyquist.
    degrees: of directions, 0 for waves that vary across.  frequency: the mean one of the rings, of
    Nyquist; undefined, as the directions are, where a batch's mask keeps nothing.  all: of all
    coefficients.  kept, held: shares named as before through the mask, of the pictures that it was
    learned from and of others; the second undefined where there are none.
    Source: Karantzas et al. 2022, Frontiers in Artificial Intelligence 5: 890016. There the loss is
    to be the same through the mask; here it is that of the network's own answers, at a price.
    """
    pictures, batches = int(summed["pictures"]), int(summed["batches"])
    reach = t_quantile(0.975, batches - 1) / math.sqrt(batches - 1) if batches > 1 else math.inf

    def mean(total: float, squares: float, most: float) -> Interval:
        value = total / batches
        if math.isnan(value):
            return UNDEFINED
        spread = math.sqrt(max(0.0, squares / batches - value**2))
        half = reach * spread if batches > 1 else most
        return Interval(value, max(0.0, value - half), max(value, min(most, value + half)))

    def means(name: str, most: float = 1.0) -> list[Interval]:
        sums = summed[name].flatten().tolist(), summed[f"{name}_squares"].flatten().tolist()
        return [mean(*each, most) for each in zip(*sums, strict=True)]

    others = int(summed["new"])
    cells = len(summed["plane"])
    plane = means("plane")
    return {
        "frequency": means("frequency")[0],
        "all": means("all")[0],
        "kept": share(int(summed["kept"]), pictures),
        "held": share(int(summed["held_new"]), others) if others else UNDEFINED,
        "rings": means("rings")[1:],
        "directions": means("directions", SECTORS),
        "plane": [plane[row * cells : (row + 1) * cells] for row in range(cells)],
    } | _places(len(summed["rings"]) - 1, cells)


def _places(nyquist: int, cells: int) -> dict[str, Any]:
    """Say where the numbers of an estimate lie.  nyquist: in cycles/image."""
    return {
        "rings_nyquist": [ring / nyquist for ring in range(1, nyquist + 1)],
        "degrees": [180 / SECTORS * sector for sector in range(SECTORS)],
        "frequencies_nyquist": [2 * cell / (cells + 1) - 1 for cell in range(1, cells + 1)],
    }


def blank(settings: dict[str, Any], size: int) -> dict[str, Any]:
    """Return an estimate without numbers."""
    cells = min(CELLS, size) - 1
    return {
        "frequency": UNDEFINED,
        "rings": [UNDEFINED] * (size // 2),
        "directions": [UNDEFINED] * SECTORS,
        "plane": [[UNDEFINED] * cells] * cells,
    } | _places(size // 2, cells)


def draw(numbers: dict[str, Any]) -> Panels:
    """Draw the mask in the plane of frequencies, by ring and by direction."""
    scale = Scale("mask", "share")
    rings = Series(numbers["rings_nyquist"], numbers["rings"], "line")
    directions = Series(numbers["degrees"], numbers["directions"])
    mark = Mark("mean frequency", numbers["frequency"])
    turn = Scale("direction of the wave", "degrees", ticks=(0, 45, 90, 135))
    return (
        Plane(numbers["frequencies_nyquist"], numbers["plane"], "mask"),
        Curves(Scale("frequency", "nyquist"), scale, [rings], [mark]),
        Curves(
            turn, Scale("mask, over that of all directions", low=0, high=3), [directions], level=1
        ),
    )


def told(numbers: dict[str, Any]) -> list[Number]:
    """Tell how coarse the mask is, how much it keeps, and what is named as before through it."""
    return [
        Number("mean frequency of the mask", numbers["frequency"], "nyquist"),
        Number("kept of all frequencies", numbers["all"], "share"),
        Number("named as before, new pictures", numbers["held"], "share"),
    ]


def methods(settings: dict[str, Any]) -> str:
    """Say how it is measured, for a paper."""
    return (
        "After [karantzas2022], a mask from 0 to 1 over the Fourier coefficients, the same for "
        f"{LEARNED} pictures, was learned with {settings['steps']} steps of Adam, {SHOWN} of them "
        "a step, such that the cross-entropy to the network's own answers stays low while every "
        f"coefficient has a price, {settings['penalty']:g} nats for all of them together."
    )


MASK = Measure(
    "mask",
    "Fourier mask",
    "The frequencies and directions that a network's own answers need, as a learned mask.",
    tally,
    estimate,
    draw,
    "A mask over all frequencies is learned for the network: each costs something, and is kept "
    "only where the answers need it. **Bright: what the answers hang on**, coarse waves in the "
    "middle. Below, the same by frequency, with its mean, and by direction: at 0° waves vary "
    "across, at 90° down.",
    summary=told,
    compared=lambda numbers: told(numbers)[:2],
    knobs=(
        Knob("penalty", "Price of all frequencies", 1.0, low=0, above=True, unit="nats"),
        Knob("steps", "Steps", 80, low=1),
    ),
    size=LEARNED,
    revision=2,
    blank=blank,
    methods=methods,
)
