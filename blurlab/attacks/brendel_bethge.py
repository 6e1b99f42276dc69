"""The smallest change of each picture that succeeds, sought along the boundary between answers."""

from collections.abc import Iterator

import torch
from torch import Tensor

from blurlab.attacks.goals import loss_and_gradient
from blurlab.attacks.ladder import pgd_ladder
from blurlab.attacks.minimum import Search, Smallest, Sought
from blurlab.attacks.norms import Norm, each, shorten, unit

# As foolbox has them (Rauber et al. 2020), but that a radius is a share of one picture's values.
RADIUS, DECAYS, MOMENTUM, OVERSHOOT = 1e-3, 20, 0.8, 0.1
LINE, OUTER, INNER = 10, 12, 16  # halvings: along a line, of closeness, and of a multiplier
WIDEST = 1000.0  # multiplier that moves a value of root-mean-square gradient this often too far


def _walk(sought: Sought) -> Iterator[Smallest]:
    """Go from what PGD on a ladder of radii finds along the boundary, ever nearer to the picture.

    Each step takes the boundary for a plane and solves for the nearest point on it to the picture
    that is a picture too and no further from here than a trust region, which shrinks (Brendel et
    al. 2019, NeurIPS). What is found is never larger than what PGD found. Steps are those along the
    boundary.  Yields the nearest found so far after PGD, after every step, and once more when each
    has been brought to the boundary.
    """
    model, images, goal, norm, steps, met = sought
    *_, start = pgd_ladder.run(sought._replace(steps=pgd_ladder.usual))

    def at_the_boundary(smallest: Smallest) -> Smallest:
        change = smallest.images - images
        known = torch.where(smallest.epsilon.isfinite(), smallest.epsilon, 0)
        near, far = torch.zeros_like(known), torch.ones_like(known)
        for _ in range(LINE):
            share = (near + far) / 2
            nearer = (images + norm.project(change, each(share * known))).clamp(0, 1)
            with torch.no_grad():
                success = met(model(nearer), goal) > 0
            smallest = smallest.or_nearer(nearer, norm.size(nearer - images), success)
            near, far = torch.where(success, near, share), torch.where(success, share, far)
        return smallest

    best = at_the_boundary(start)
    yield best
    point, normal = best.images, torch.zeros_like(images)
    for step in range(steps):
        lead, gradient = loss_and_gradient(met, model, point, goal)
        best = best.or_nearer(point, norm.size(point - images), lead > 0)
        yield best
        normal = MOMENTUM * normal + (1 - MOMENTUM if step else 1) * gradient
        # A little beyond the boundary from before it, and not quite back to it from beyond.
        rise = -lead * torch.where(lead < 0, 1 + OVERSHOOT, 1 - OVERSHOOT)
        radius = RADIUS * images[0].numel() * 0.5 ** (step * DECAYS // steps)
        point = (point + nearest_step(images, point, normal, rise, radius, norm)).clamp(0, 1)
    yield at_the_boundary(best)


brendel_bethge = Search(_walk, usual=100)


def nearest_step(
    images: Tensor, points: Tensor, normals: Tensor, rises: Tensor, radius: float, norm: Norm
) -> Tensor:
    """Return the step to the plane that ends nearest to the picture, (N, 3, S, S).

    The plane is normals · step = rises, (N,); the step ends in [0, 1] and has a Euclidean length of
    at most the radius. Where no such step reaches the plane it is the shortest one towards it, cut
    to the radius.
    """
    back = (images - points).flatten(1)
    low, high = -points.flatten(1), 1 - points.flatten(1)
    length = normals.flatten(1).norm(dim=1).clamp(min=1e-30)
    slope, rise = unit(normals).flatten(1), rises / length
    best = _reaching(torch.zeros_like(back), slope, rise, low, high)
    best = shorten(best.view_as(images), radius).flatten(1)
    widest = 2 * norm.size(images - points)
    # Of any closeness to the picture the shortest step is known; nearer takes a longer one.
    far, near = torch.ones_like(rise), torch.zeros_like(rise)
    for _ in range(OUTER):
        share = ((near + far) / 2)[:, None]
        if norm.name == "linf":
            within = share * widest[:, None]
            bounds = torch.maximum(low, back - within), torch.minimum(high, back + within)
            base = torch.zeros_like(back)
        else:
            bounds, base = (low, high), (1 - share) * back
        step = _reaching(base, slope, rise, *bounds)
        least = torch.where(slope > 0, bounds[0], bounds[1])
        most = torch.where(slope > 0, bounds[1], bounds[0])
        reached = (_dot(slope, least) <= rise) & (rise <= _dot(slope, most))
        is_possible = reached & (step.norm(dim=1) <= radius)
        best = torch.where(is_possible[:, None], step, best)
        far = torch.where(is_possible, share[:, 0], far)
        near = torch.where(is_possible, near, share[:, 0])
    return best.view_as(images)


def _dot(one: Tensor, other: Tensor) -> Tensor:
    return torch.bmm(one[:, None], other[:, :, None]).flatten()


def _reaching(base: Tensor, slope: Tensor, rise: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Return base + multiplier · slope, kept between low and high, that rises by as much, (N, D).

    slope: of length 1.  Where nothing rises so much, the one that rises most.
    """
    start = _dot(slope, base.clamp(low, high))
    sign = (rise - start).sign()
    widest = sign * WIDEST * (high - low).amax(1) * slope.shape[1] ** 0.5

    def moved(share: Tensor) -> Tensor:
        # The fourth power has most trials where the multipliers are small.
        return torch.addcmul(base, slope, (widest * share**4)[:, None]).clamp_(low, high)

    under, over = torch.zeros_like(rise), torch.ones_like(rise)
    for _ in range(INNER):
        share = (under + over) / 2
        is_short = sign * (_dot(slope, moved(share)) - rise) < 0
        under, over = torch.where(is_short, share, under), torch.where(is_short, over, share)
    return moved((under + over) / 2)
