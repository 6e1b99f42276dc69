"""Networks' answers to pictures that are simulated, so that the truth about all of them is known.

A case is called with a generator; it returns the truth, and what draws pictures and estimates it.
"""

import math
from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor

from blurlab.claims import paired
from blurlab.claims.paired import Effect
from blurlab.measures import half_power, hybrids, perturbation, smallest_sizes
from blurlab.measures.reversal import ALPHAS
from blurlab.measures.row import Tally
from blurlab.measures.tallies import add
from blurlab.statistics import LEVEL, Interval, correlation, mean, over_classes, share

MANY = 100_000  # pictures that stand for all there are, in steps
CUTOFFS = torch.tensor(ALPHAS, dtype=torch.float64) / 100
EDGES = half_power.radii(48)

Known = tuple[float, Callable[[], Interval]]  # the truth, and what draws and estimates
Case = Callable[[torch.Generator], Known]


def _normal(count: int, generator: torch.Generator) -> Tensor:
    return torch.randn(count, generator=generator, dtype=torch.float64)


# Accuracies


def accuracy(generator: torch.Generator) -> Known:
    def draw() -> Interval:
        return share(int((torch.rand(500, generator=generator) < 0.3).sum()), 500)

    return 0.3, draw


def classes(generator: torch.Generator) -> Known:
    """Let twelve classes count alike, as uneven as those of imagenet16 and not equally hard."""
    pictures = torch.tensor([8, 3, 88, 9, 7, 7, 9, 10, 6, 130, 3, 5])
    chances = torch.sigmoid(1.2 * _normal(len(pictures), generator))

    def draw() -> Interval:
        right = [
            int((torch.rand(count, generator=generator) < chance).sum())
            for count, chance in zip(pictures.tolist(), chances.tolist(), strict=True)
        ]
        return over_classes(right, pictures.tolist())

    return chances.mean().item(), draw


def _right(hardness: Tensor, ease: float, own: Tensor, generator: torch.Generator) -> Tensor:
    """Draw each picture's share of right answers to twenty corrupted copies."""
    chance = torch.sigmoid(ease + 1.5 * hardness + own)
    rolled = torch.rand(len(hardness), 20, generator=generator, dtype=torch.float64)
    return (rolled < chance[:, None]).double().mean(1)


def _two(count: int, generator: torch.Generator) -> list[Tensor]:
    hardness = _normal(count, generator)
    return [
        _right(hardness, ease, 0.7 * _normal(count, generator), generator) for ease in (0.0, 0.3)
    ]


def corrupted(generator: torch.Generator) -> Known:
    def draw() -> Interval:
        right, _ = _two(500, generator)
        return mean(right.sum().item(), right.square().sum().item(), 500)

    return 0.5, draw  # by symmetry


def difference(
    groups: int | None,
) -> Case:
    """Compare two networks on the same 500 pictures, picture by picture or by groups of them."""

    def case(generator: torch.Generator) -> Known:
        plain, blurred = _two(20 * MANY, generator)

        def draw() -> Interval:
            both = _two(500, generator)
            one, other = (_batches(each, groups or 1, "right") for each in both)
            if groups is None:
                effect = paired.by_pictures(one, other, lambda tally: tally["each_right"])
            else:
                effect = paired.by_groups(one, other, _share_right, _share_right, _sums_of_right)
            return _ends(effect)

        return (blurred - plain).mean().item(), draw

    return case


def _batches(rows: Tensor, count: int, name: str) -> dict[int, Tally]:
    """Give each picture's numbers as tallies, with what each said where there is one batch."""
    if count == 1:
        pictures = torch.arange(len(rows))
        return {0: {"pictures": torch.tensor(1.0), "each_picture": pictures, f"each_{name}": rows}}
    return {number: _sums_of_right({"each_right": r}) for number, r in enumerate(rows.split(50))}


def _sums_of_right(each: Tally) -> Tally:
    rows = each["each_right"]
    return {"pictures": torch.tensor(float(len(rows))), "right": rows.sum()}


def _share_right(summed: Tally) -> float:
    return (summed["right"] / summed["pictures"]).item()


def _ends(*effects: Effect | None) -> Interval:
    value, half = paired.over_seeds([each for each in effects if each], LEVEL)
    return Interval(value, value - half, value + half)


def seeds(generator: torch.Generator) -> Known:
    """Compare recipes over three seeds, whose networks differ about as ours do."""

    def draw() -> Interval:
        shared = 0.01 * _normal(1, generator).item()  # what the pictures at hand add to every seed
        return _ends(
            *(
                Effect(0.03 + shared + 0.02 * each, 0.01, 499, 500)
                for each in _normal(3, generator).tolist()
            )
        )

    return 0.03, draw


# Reversals


def reversals(pairs: int, f_rev: float, of_all: int | None = None, strength: float = 1.0) -> Case:
    """Ask about hybrids of pictures that win as the coarse one and as the fine one alike.

    of_all: how many pictures the pairs are drawn from; by itself all of them are measured.
    strength: how far pictures differ in it.
    """

    def case(generator: torch.Generator) -> Known:
        settings = {"alphas": list(ALPHAS)}
        summed = [_named(MANY, MANY, f_rev, strength, generator, is_each=False) for _ in range(10)]
        truth = hybrids.reversal(reduce(add, summed), settings)

        def draw() -> Interval:
            found = _named(pairs, of_all or pairs, f_rev, strength, generator)
            return hybrids.estimate(found, settings)["f_rev_nyquist"]

        return truth, draw

    return case


def _named(
    pairs: int,
    of_all: int,
    f_rev: float,
    strength: float,
    generator: torch.Generator,
    *,
    is_each: bool = True,
) -> Tally:
    picture = torch.randperm(of_all, generator=generator)[:pairs]
    partner = torch.randperm(of_all, generator=generator)[picture]
    wins = strength * _normal(of_all, generator)
    own = 0.6 * torch.logit(torch.rand(pairs, generator=generator).double().clamp(0.01, 0.99))
    lead = 2.5 * (CUTOFFS.clamp(min=0.001).log() - math.log(f_rev))
    lead = lead + (wins[picture] - wins[partner] + own)[:, None]
    neither = torch.rand(pairs, len(CUTOFFS), generator=generator) < 0.1
    each = {
        "each_low": (lead > 0.5) & ~neither,
        "each_high": (lead < -0.5) & ~neither,
        "each_picture": picture,
        "each_partner": partner,
    }
    return hybrids.sums(each) | (each if is_each else {})


# Smallest changes


def half(name: str, pictures: int, tail: float, together: float) -> Case:
    """Estimate f_0.5 of changes whose power has a log-normal spread over pictures.

    name: of the estimate.  tail: standard deviation of the power's logarithm.  together: how it
    goes with how coarse a change is, a correlation.
    """

    def case(generator: torch.Generator) -> Known:
        found = [_changes(MANY, tail, together, generator) for _ in range(10)]
        if name == "f_half":
            rows = torch.stack([each.sum(0) for each in found]).sum(0)
            truth = half_power.half({"power": rows})
        elif name == "f_half_equal":
            rows = torch.stack([(each / each[:, -1:]).sum(0) for each in found]).sum(0)
            truth = half_power.half({"power": rows})
        else:
            halves = [half_power.half({"power": row}) for row in found[0][:20_000]]
            truth = torch.tensor(halves, dtype=torch.float64).median().item()

        def draw() -> Interval:
            power = _changes(pictures, tail, together, generator)
            size = torch.ones(len(power))
            each = {"each_power": power, "each_epsilon": size}
            summed = perturbation.sums(each) | {
                "power": power.sum(0),
                "squares": power.square().sum(0),
                "products": (power * power[:, -1:]).sum(0),
            }
            return half_power.halves(summed | each)[name]

        return truth, draw

    return case


def _changes(pictures: int, tail: float, together: float, generator: torch.Generator) -> Tensor:
    one, other = _normal(pictures, generator), _normal(pictures, generator)
    coarse = 0.3 * (together * one + math.sqrt(1 - together**2) * other)
    within = 1 - torch.exp(-math.log(2) * (EDGES / (0.2 * coarse.exp())[:, None]) ** 2)
    return (tail * one).exp()[:, None] * within / within[:, -1:]


def median(generator: torch.Generator) -> Known:
    def draw() -> Interval:
        sizes = 0.005 * (0.8 * _normal(500, generator)).exp()
        each = {"each_power": torch.ones(500, 2), "each_epsilon": sizes}
        return smallest_sizes.quantile(perturbation.sums(each)["sizes"], 0.5)

    return 0.005, draw


# Correlations


def correlated(
    is_of_families: bool,
) -> Case:
    """Correlate two numbers of eight recipes, four fifths of whose variance is five families'."""
    families = torch.tensor([0, 1, 1, 1, 2, 2, 3, 4])

    def case(generator: torch.Generator) -> Known:
        def draw() -> Interval:
            both = []
            for _ in range(2):
                kin, own = _normal(5, generator), _normal(8, generator)
                both.append(2 * kin[families] + own)
            x, y = both[0], 0.6 * both[0] + 0.8 * both[1]
            if not is_of_families:
                return correlation(x.tolist(), y.tolist())
            means = [[n[families == kin].mean().item() for kin in range(5)] for n in (x, y)]
            return correlation(means[0], means[1])

        return 0.6, draw

    return case
