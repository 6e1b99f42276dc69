"""BlurLab in a notebook: one import, one call for each thing that a researcher does.

    import blurlab

    picture = blurlab.hybrid("cat.jpg", "house.jpg", cutoff=8)
    blurlab.f_rev(net, loader)

`import blurlab` offers the functions of this module under their own names. A network is the name of
an installed one, or any callable from (N, 3, S, S) pictures in [0, 1] to (N, classes) logits, such
as an nn.Module; of probabilities the logarithms are taken. `network` puts resizing and
normalisation in front of one that expects them.
"""

import warnings
from collections.abc import Callable, Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from blurlab.attacks.table import ATTACKS
from blurlab.corruptions.corrupting import SEVERITIES, corrupt, eight_bit
from blurlab.data import sources
from blurlab.data.sets import Pictures
from blurlab.filters import hybrid as hybrids
from blurlab.filters import spectrum
from blurlab.measures import measuring, results
from blurlab.measures.table import MEASURES
from blurlab.measures.tallies import batches, tallies, total
from blurlab.networks import store
from blurlab.networks.classifier import Classifier, are_probabilities, as_logits
from blurlab.pictures import images
from blurlab.statistics import Interval, share

if TYPE_CHECKING:
    import pandas
    import plotly.graph_objects

Network = Callable[[Tensor], Tensor]
Given = str | PathLike | np.ndarray | Tensor  # pictures as people have them
Labelled = str | PathLike | tuple[Any, Any] | Iterable
ACCEPTED = (
    "a path, (H, W, 3) uint8, or (3, S, S) or (N, 3, S, S) that are uint8 or floating in [0, 1]"
)
AT_ONCE = 50  # pictures in a forward pass


def as_pictures(given: Given, size: int | None = None, interpolation: str = "bicubic") -> Tensor:
    """Return pictures as all of BlurLab takes them, (N, 3, S, S) floating in [0, 1].

    given: a path; an array or tensor (H, W, 3) of uint8; or (3, S, S) or (N, 3, S, S), of uint8 or
    floating in [0, 1].  size: S in pixels; None keeps it, or the shorter side of what is no square,
    of which the centre is cut out.  interpolation: of the resizing, "bilinear" or "bicubic".
    Raises ValueError saying what was given, where it is none of these.
    """
    if isinstance(given, str | PathLike):
        found = images.load_image(Path(given))[None]
    else:
        found = _batch(given)
    side = size or min(found.shape[-2:])
    if found.shape[-2:] == (side, side):
        return found
    return torch.stack([images.square(each, side, interpolation) for each in found])


def _batch(given: Any) -> Tensor:
    array = torch.as_tensor(np.ascontiguousarray(given) if isinstance(given, np.ndarray) else given)
    shape = f"{tuple(array.shape)} {str(array.dtype).removeprefix('torch.')}"
    if array.ndim == 3 and array.shape[-1] == 3 and array.dtype == torch.uint8:
        array = array.permute(2, 0, 1)
    if array.ndim == 3:
        array = array[None]
    if array.ndim != 4 or array.shape[1] != 3:
        raise ValueError(f"pictures are {shape}; they must be {ACCEPTED}.")
    if array.dtype == torch.uint8:
        return array.float() / 255
    if not array.is_floating_point():
        raise ValueError(f"pictures are {shape}; they must be {ACCEPTED}.")
    low, high = (float(end) for end in array.aminmax()) if array.numel() else (0.0, 0.0)
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"pictures are {low:.3g} to {high:.3g}; they must be in [0, 1]: leave Normalize out of "
            "the loader and give its mean and std to blurlab.network."
        )
    return array.float()


def network(
    net: nn.Module,
    size: int,
    *,
    mean: Sequence[float] = (0.0, 0.0, 0.0),
    std: Sequence[float] = (1.0, 1.0, 1.0),
    sigma: float = 0.0,
    crop: int | None = None,
    interpolation: str = "bilinear",
) -> Classifier:
    """Put in front of a module what it expects: resizing, a blur layer, a crop, normalisation.

    net: (N, 3, S, S) normalised -> (N, classes) logits, or probabilities, with a warning; it is
    asked once to find out.  size: what pictures are resized to, in pixels.  The rest as Classifier
    has it.  The module is put in evaluation mode.
    """
    made = Classifier(
        net, input_size=size, mean=mean, std=std, sigma=sigma, crop=crop,
        interpolation=interpolation,
    )  # fmt: skip
    weights = next(net.parameters(), torch.empty(0))
    made.probabilities = _ends_in_softmax(made.eval().net, crop or size, weights)
    return made


@torch.no_grad()
def _ends_in_softmax(net: Network, side: int, like: Tensor) -> bool:
    """Ask a network about pictures of noise, and warn where it answers with probabilities.

    like: of the device and type of its pictures.
    """
    noise = torch.rand(4, 3, side, side, generator=torch.Generator().manual_seed(0))
    found = are_probabilities(net(noise.to(like)))
    if found:
        warnings.warn(
            "the network ends in a softmax: its answers are probabilities, and their logarithms "
            "are taken as its logits.",
            stacklevel=3,
        )
    return found


def _in_logits(asked: Network, like: Tensor) -> Network:
    """Return a network that answers with logits, the given one where it does so already.

    like: (N, 3, S, S) pictures as it will be shown.
    """
    if isinstance(asked, Classifier) or not _ends_in_softmax(asked, like.shape[-1], like):
        return asked
    return lambda images: as_logits(asked(images))


def hybrid(
    low: Given,
    high: Given,
    cutoff: float,
    *,
    high_cutoff: float | None = None,
    unit: str = "image",
    filter: str = "ideal",
    size: int | None = None,
) -> Tensor:
    """Join the coarse structure of one picture to the fine structure of another, (3, S, S).

    low, high: as as_pictures() takes them.  cutoff, high_cutoff: in unit, "image" (cycles/image),
    "pixel" (cycles/pixel) or "nyquist" (fraction of Nyquist); None links the two.
    size: S in pixels; None takes the shortest side of the two.
    Raises ValueError for a cutoff beyond Nyquist or pictures that are none.
    """
    first, second = as_pictures(low, size), as_pictures(high, size)
    side = min(first.shape[-1], second.shape[-1])
    first, second = (as_pictures(each, side)[0] for each in (first, second))
    below = spectrum.to_image(cutoff, unit, size=side)
    above = None if high_cutoff is None else spectrum.to_image(high_cutoff, unit, size=side)
    return hybrids.hybrid(first, second, below, high_cutoff=above, filter=filter)


def measure(
    name: str,
    net: str | Network,
    of: Labelled,
    *,
    n: int | None = None,
    seed: int = 0,
    size: int | None = None,
    device: str | torch.device = "cpu",
    **settings: Any,
) -> dict[str, Any]:
    """Measure a network on labelled pictures, and return the estimate with its 95 % intervals.

    name: a key of MEASURES.  net: an installed network's name, or a callable.
    of: a data set's name; a folder of class folders, whose classes count in alphabetical order; a
    pair of pictures and labels; or a loader that yields such pairs, with pictures in [0, 1]. They
    are held as 8-bit pictures.
    n: how many pictures; None takes all.  size: S that files are read at, where the callable does
    not say it as a Classifier does.  settings: of the measure, where they differ from its own.
    What an installed network says of a data set or a folder is kept, as the command line keeps it.
    Raises ValueError where something is not possible or does not go together.
    """
    if name not in MEASURES:
        raise ValueError(f"no measure {name!r}; choose from {', '.join(MEASURES)}.")
    if isinstance(net, str) and isinstance(of, str | PathLike):
        source = sources.find(str(of), *store.showing(store.card(net)))
        work = measuring.plan(net, name, source, settings, count=n, seed=seed)
        *_, last = measuring.measure(work, device)
        return measuring.estimate(work, last.summed)
    asked, side = _asked(net, size, device)
    shown = labelled(of, side, getattr(asked, "interpolation", None))
    side = shown.images[torch.tensor([0])].shape[-1]
    asked = _in_logits(asked, torch.empty(0, 3, side, side, device=device))
    known = measuring.settings_of(name, settings, side)
    count = len(shown.labels) if n is None else n
    row = MEASURES[name]
    numbers = batches(shown, count, row.size)
    found = tallies(
        row, asked, shown, known, numbers=numbers, count=count, seed=seed, device=device
    )
    return row.estimate(total(dict(found)), known)


def labelled(of: Labelled, size: int | None = None, interpolation: str | None = None) -> Pictures:
    """Gather labelled pictures as measures take them, 8-bit and in memory.

    of, size: as in measure.  interpolation: as in sources.find.
    """
    if isinstance(of, str | PathLike):
        if size is None:
            raise ValueError(f"size is None; say at how many pixels {of} is to be read.")
        return sources.find(str(of), size, interpolation=interpolation).load()
    pairs = [of] if isinstance(of, tuple) else list(of)
    shown = [
        (as_pictures(shots, size, interpolation or "bicubic"), torch.as_tensor(labels).flatten())
        for shots, labels in pairs
    ]
    if not shown:
        raise ValueError("the loader yields nothing; it must yield pictures with their labels.")
    shots, labels = (torch.cat(each) for each in zip(*shown, strict=True))
    if len(shots) != len(labels):
        raise ValueError(f"{len(shots)} pictures have {len(labels)} labels; each needs one.")
    classes = tuple(str(label) for label in range(int(labels.max()) + 1))
    return Pictures(shots.mul(255).round().byte(), labels.long(), classes)


def _asked(
    net: str | Network, size: int | None, device: str | torch.device
) -> tuple[Network, int | None]:
    asked = store.load(net, device) if isinstance(net, str) else net
    if isinstance(asked, nn.Module):
        asked = asked.to(device).eval()
    return asked, size or getattr(asked, "input_size", None)


def f_rev(net: str | Network, of: Labelled, **options: Any) -> Interval:
    """Return the reverse frequency, as a fraction of Nyquist; options as in measure."""
    return measure("hybrids", net, of, **options)["f_rev_nyquist"]


@torch.no_grad()
def accuracy(
    net: str | Network,
    of: Labelled,
    *,
    corruption: str | None = None,
    severity: int = 3,
    strengths: str = "imagenet",
    seed: int = 0,
    size: int | None = None,
    device: str | torch.device = "cpu",
) -> Interval:
    """Return the share of right answers with its 95 % interval, clean or under a corruption.

    corruption: a key of CORRUPTIONS.  severity: 1 to 5.  strengths: a key of STRENGTHS.
    The rest as in measure.
    """
    if severity not in SEVERITIES:
        raise ValueError(f"severity is {severity!r}; it must be a whole number from 1 to 5.")
    asked, side = _asked(net, size, device)
    shown = labelled(of, side, getattr(asked, "interpolation", None))
    generator = torch.Generator().manual_seed(seed)
    right = 0
    for start in range(0, len(shown.labels), AT_ONCE):
        chosen = torch.arange(start, min(start + AT_ONCE, len(shown.labels)))
        shots = shown.images[chosen].to(device).float() / 255
        if corruption is not None:
            shots = eight_bit(corrupt(shots, corruption, severity, generator, table=strengths))
        right += int((asked(shots).argmax(-1).cpu() == shown.labels[chosen]).sum())
    return share(right, len(shown.labels))


def attack(
    net: str | Network,
    shown: Given,
    labels: Tensor | Sequence[int],
    *,
    name: str = "pgd",
    targeted: bool = False,
    device: str | torch.device = "cpu",
    **options: Any,
) -> Tensor:
    """Attack pictures and return the changed ones, (N, 3, S, S) in [0, 1].

    shown: as as_pictures() takes them.  labels: (N,) classes to lead away from or, if targeted, to.
    name: a key of ATTACKS.  options: what that attack takes, such as epsilon=8 / 255 and norm.
    """
    if name not in ATTACKS:
        raise ValueError(f"no attack {name!r}; choose from {', '.join(ATTACKS)}.")
    asked, _ = _asked(net, None, device)
    found = torch.as_tensor(labels, device=device).flatten()
    pictures = as_pictures(shown).to(device)
    asked, run = _in_logits(asked, pictures), ATTACKS[name].run
    *_, last = run(asked, pictures, found, targeted=targeted, **options)
    return last


def f_half(changed: Tensor, original: Tensor) -> float:
    """Return f_0.5 of changes of pictures, (N, 3, S, S), in cycles/pixel."""
    return spectrum.half_power_exact(spectrum.mean_power(changed - original))


def figure(
    name: str, estimates: dict[str, dict[str, Any]], size: int, unit: str = "nyquist"
) -> "plotly.graph_objects.Figure":
    """Draw what a measure found of networks, as the page does.

    name: a key of MEASURES.  estimates: what measure() returned, by the networks' titles.
    size: side in pixels of the pictures that they were shown.  unit: of frequencies.
    """
    from blurlab.ui.sensitivity import figures

    axes = {title: figures.Axis(unit, size, None) for title in estimates}
    return figures.figure(MEASURES[name], estimates, axes)


def kept() -> "pandas.DataFrame":
    """Return every number that is kept, of the networks that ship and your own, as a table.

    A row is one number of one network: model (its title, or its identity where it is installed no
    more), data, measure, settings, seed, pictures, what, value, low, high (the 95 % interval).
    """
    import pandas

    titles = {store.identity(card): card["title"] for card in map(store.card, store.names())}
    rows = []
    for key in results.listed():
        summed = total(results.read(key))
        row = MEASURES[key.measure]
        estimate = row.estimate(summed, row.settings | key.settings)
        known = {
            "model": titles.get(key.model, key.model),
            "data": key.data,
            "measure": key.measure,
            "settings": key.settings,
            "seed": key.seed,
            "pictures": int(summed["pictures"]),
        }
        rows += [known | row for row in measuring.rows(estimate)]
    return pandas.DataFrame(rows)
