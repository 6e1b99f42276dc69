"""The smallest change of each picture that succeeds, sought by PGD on a ladder of radii."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from blurlab.attacks.goals import cross_entropy, loss_and_gradient
from blurlab.attacks.minimum import Search, Smallest, Sought
from blurlab.attacks.norms import each

# Of pictures in [0, 1], by the root mean square of a change.
RUNGS, LOWEST, HIGHEST = 100, 2e-4, 0.5


def radii(norm: str, values: int) -> Tensor:
    """Return the radii of the ladder in a norm, (RUNGS,), each a twelfth larger than the last.

    values: of a picture. In L∞ they run from a twentieth of a grey level to a half of the range; in
    L2 they are the lengths of such changes in every value.
    """
    ends = math.log(LOWEST), math.log(HIGHEST)
    ladder = torch.linspace(*ends, RUNGS, dtype=torch.float64).exp()
    return ladder * (math.sqrt(values) if norm == "l2" else 1)


def _climb(sought: Sought) -> Iterator[Smallest]:
    """Search by PGD within radii of a ladder, halving it; yield the nearest found after each run.

    PGD (Madry et al. 2018) starts at the picture and takes steps of 2.5 radii / steps. Where it
    succeeds the search goes on below, else above: seven runs find the lowest of a hundred radii,
    if whatever succeeds within a radius does so within larger ones. Li et al. 2023 run PGD at all
    of a hundred radii, and another attack beside it. Steps are those of each run.
    """
    model, images, goal, norm, steps, met = sought
    rungs = radii(norm.name, images[0].numel()).to(images)
    with torch.no_grad():
        is_met = met(model(images), goal) > 0
    best = Smallest(images, torch.where(is_met, 0.0, math.inf).to(images))
    # The highest rung at which it is known to fail, and the lowest at which it succeeds.
    fails = torch.full((len(images),), -1, device=images.device)
    succeeds = torch.full_like(fails, RUNGS)
    for _ in range(math.ceil(math.log2(RUNGS + 1))):
        rung = ((fails + succeeds) // 2).clamp(min=0)
        radius = each(rungs[rung.clamp(max=RUNGS - 1)])
        adversarial = images
        for _ in range(steps):
            _, gradient = loss_and_gradient(cross_entropy, model, adversarial, goal)
            moved = adversarial + norm.steepest(gradient) * (2.5 / steps * radius)
            adversarial = (images + norm.project(moved - images, radius)).clamp(0, 1)
        with torch.no_grad():
            success = met(model(adversarial), goal) > 0
        best = best.or_nearer(adversarial, norm.size(adversarial - images), success)
        is_open = fails + 1 < succeeds
        succeeds = torch.where(is_open & success, rung, succeeds)
        fails = torch.where(is_open & ~success, rung, fails)
        yield best


pgd_ladder = Search(_climb, usual=20)
