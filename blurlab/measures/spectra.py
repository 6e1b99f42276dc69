"""The power of changes to the pictures of a data set, in the plane of frequencies and along it.

The changes are those of a corruption, for which no network is asked, or the smallest that fool a
network. Pictures, their order and what is drawn for them are those of the measures `corruptions`
and `perturbation`, so that their numbers and these spectra belong together. Nothing is kept.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate
from typing import IO, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from blurlab.corruptions.corrupting import corrupt, eight_bit
from blurlab.data.sets import Pictures
from blurlab.filters.spectrum import mean_power, ring_means
from blurlab.measures import half_power, measuring, perturbation
from blurlab.measures.corrupted import CORRUPTED
from blurlab.measures.row import Batch, Network, Tally
from blurlab.measures.tallies import add, batches, tallies
from blurlab.measures.work import Work
from blurlab.statistics import Interval


class Spectrum(NamedTuple):
    """What the changes of some pictures say together.

    f_half: the radius in cycles/pixel that holds half of their power, by the definition of the
        measure `perturbation`.  f_half_equal, f_half_median: the same where every picture's change
        counts alike, and the median of the f_0.5 of every picture's.
    effective: how many pictures of equal power would tell as much.
    plane: (S, S) float64, mean of |orthonormal FFT|^2 over pictures and channels, in the order of
        torch.fft.fft2; 0 at zero frequency, for each channel's mean does not count.
    radial: (S // 2 + 1,) its means over rings one cycle/image wide.
    radii, share: cycles/pixel, and the share of the power at or below each.
    """

    pictures: int
    f_half: Interval
    f_half_equal: Interval
    f_half_median: Interval
    effective: float
    plane: Tensor
    radial: Tensor
    radii: list[float]
    share: list[Interval]


def tally(changes: Tensor) -> Tally:
    """Add up the power of (N, 3, S, S) changes: plane (S, S), and what half_power.powers adds."""
    return {"plane": len(changes) * mean_power(changes)} | half_power.powers(changes)


def of_corruption(
    pictures: Pictures,
    name: str,
    severity: int,
    *,
    count: int,
    seed: int = 0,
    device: str | torch.device = "cpu",
) -> Iterator[Tally]:
    """Corrupt the first pictures of a data set, and yield the sum of their tallies so far.

    It yields after every batch; estimate() says what a sum means.
    name: a key of CORRUPTIONS.  severity: 1 to 5.  count: how many pictures.
    Corrupted pictures are cut to 8 bits, as networks are shown them. Sums are float64.
    Raises ValueError for a name, a severity or a count that there is not.
    """

    def changed(network: Network, batch: Batch, settings: dict[str, Any]) -> Tally:
        corrupted = eight_bit(corrupt(batch.images, name, severity, batch.generator))
        return tally(corrupted - batch.images)

    row = replace(CORRUPTED, tally=changed)
    numbers = batches(pictures, count, row.size)
    found = tallies(
        row, _silent, pictures, {}, numbers=numbers, count=count, seed=seed, device=device
    )
    yield from accumulate((tally for _, tally in found), add)


def _silent(images: Tensor) -> Tensor:
    raise NotImplementedError("no network is asked for a spectrum")


def of_smallest_changes(work: Work, device: str | torch.device = "cpu") -> Iterator[Tally]:
    """Search for the smallest changes that fool a network; yield the sum of their tallies so far.

    work: of the measure `perturbation`, as measuring.plan returns it. The search is made again,
    with the same pictures, partners and settings, for the measure keeps no planes.
    """

    def changed(network: Network, batch: Batch, settings: dict[str, Any]) -> Tally:
        return tally(perturbation.smallest(network, batch, settings)[0])

    shown = work._replace(measure=replace(work.measure, tally=changed))
    tallied = measuring.tallier(shown, measuring.network(work, device), device)
    yield from accumulate((tallied(n, 0, work.measure.size) for n in work.numbers), add)


def estimate(summed: Tally) -> Spectrum:
    """Say what a sum of tallies means; f_0.5 has its 95 % interval over pictures."""
    pictures = int(summed["pictures"])
    plane = summed["plane"] / pictures
    return Spectrum(
        pictures,
        **half_power.halves(summed),
        effective=half_power.effective(summed),
        plane=plane,
        radial=ring_means(plane)[1],
        radii=half_power.radii().tolist(),
        share=half_power.shares_below(summed),
    )


def centred(plane: Tensor) -> tuple[Tensor, Tensor]:
    """Bring zero frequency to the middle of an (S, S) plane.

    Returns the frequencies of its rows and columns (S,) in cycles/image, and the plane.
    """
    size = len(plane)
    frequencies = torch.fft.fftshift(torch.fft.fftfreq(size, 1 / size, dtype=torch.float64))
    return frequencies.round(), torch.fft.fftshift(plane)


def save(found: dict[str, Spectrum], file: IO[bytes]) -> None:
    """Write spectra by name as an .npz archive.

    NAME (S, S): the plane with zero frequency in the middle, and frequencies (S,) those of its rows
    and columns, in cycles/image.  NAME_radial (S // 2 + 1,): the radial curve.  NAME_share (K,): of
    the power at or below each of radii (K,), in cycles/pixel.
    """
    arrays: dict[str, Any] = {}
    for name, spectrum in found.items():
        arrays["frequencies"], arrays[name] = (each.numpy() for each in centred(spectrum.plane))
        arrays["radii"], arrays[f"{name}_radial"] = spectrum.radii, spectrum.radial.numpy()
        arrays[f"{name}_share"] = [share.value for share in spectrum.share]
    np.savez(file, **arrays)
