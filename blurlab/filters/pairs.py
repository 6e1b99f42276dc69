"""Networks asked about the hybrids of one pair, coarse to fine."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from blurlab.filters.hybrid import hybrid


def coarse_to_fine(count: int) -> list[list[int]]:
    """Order the indices of count values so that every stage halves the gaps of the one before."""
    stride = 1 << max(0, (count - 1).bit_length() - 1)
    stages, seen = [], set()
    while stride:
        stage = [i for i in range(0, count, stride) if i not in seen]
        seen.update(stage)
        stages.append(stage)
        stride //= 2
    return stages


@torch.no_grad()
def pair_answers(
    networks: Sequence[Callable[[Tensor], Tensor]],
    low: Tensor,
    high: Tensor,
    cutoffs: Sequence[float],
    *,
    high_cutoff: float | None = None,
    filter: str = "ideal",
    seen: Callable[[Tensor], Tensor] | None = None,
) -> Iterator[tuple[list[int], list[Tensor]]]:
    """Ask several models about the hybrids of one pair at K cutoffs, coarse to fine.

    low, high: (3, S, S) in [0, 1] on the models' device.  cutoffs: K of them in cycles/image.
    high_cutoff: where the high picture begins at every cutoff; None links it to the cutoff.
    seen: turns the hybrids, (n, 3, S, S), into what is shown, such as eye.seen; None shows them.
    Yields the indices of the n cutoffs of a stage and, for each model, (n, classes) probabilities.
    """
    for stage in coarse_to_fine(len(cutoffs)):
        pictures = torch.stack(
            [
                hybrid(low, high, cutoffs[index], high_cutoff=high_cutoff, filter=filter)
                for index in stage
            ]
        )
        pictures = pictures if seen is None else seen(pictures)
        yield stage, [network(pictures).softmax(-1).cpu() for network in networks]
