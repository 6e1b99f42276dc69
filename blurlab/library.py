"""BlurLab in a notebook: one import, one call for each thing that a researcher does.

    import blurlab

    picture = blurlab.hybrid("cat.jpg", "house.jpg", cutoff=8)
    blurlab.f_rev(net, loader)

`import blurlab` offers the functions of this module under their own names, with as_pictures and
labelled of blurlab.data.given and figure of blurlab.ui.notebook. A network is the name of an
installed one, or any callable from (N, 3, S, S) pictures in [0, 1] to (N, classes) logits, such as
an nn.Module; of probabilities the logarithms are taken. `network` puts resizing and normalisation
in front of one that expects them.
"""

import warnings
from collections.abc import Callable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from blurlab.attacks.table import ATTACKS
from blurlab.corruptions.corrupting import SEVERITIES, corrupt, eight_bit
from blurlab.data import sources
from blurlab.data.given import Given, Labelled, as_pictures, labelled
from blurlab.filters import hybrid as hybrids
from blurlab.filters import spectrum
from blurlab.measures import measuring, results
from blurlab.measures.table import MEASURES
from blurlab.measures.tallies import batches, tallies, total
from blurlab.networks import store
from blurlab.networks.classifier import Classifier, are_probabilities, as_logits
from blurlab.statistics import Interval, share

if TYPE_CHECKING:
    import pandas

Network = Callable[[Tensor], Tensor]
AT_ONCE = 50  # pictures in a forward pass


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


def _asked(
    net: str | Network, size: int | None, device: str | torch.device
) -> tuple[Network, int | None]:
    asked = store.load(net, device).in_float32() if isinstance(net, str) else net
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
