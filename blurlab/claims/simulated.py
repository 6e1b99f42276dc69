"""Networks' answers to pictures that are simulated, so that the truth about all of them is known.

A case is called with a generator; it returns the truth, and what draws pictures and estimates it.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from blurlab.claims import paired
from blurlab.claims.paired import Effect
from blurlab.measures.row import Tally
from blurlab.statistics import LEVEL, Interval, correlation, mean, over_classes, share

MANY = 100_000  # pictures that stand for all there are, in steps

Known = tuple[float, Callable[[], Interval]]  # the truth, and what draws and estimates
Case = Callable[[torch.Generator], Known]


def normal(count: int, generator: torch.Generator) -> Tensor:
    return torch.randn(count, generator=generator, dtype=torch.float64)


# Accuracies


def accuracy(generator: torch.Generator) -> Known:
    def draw() -> Interval:
        return share(int((torch.rand(500, generator=generator) < 0.3).sum()), 500)

    return 0.3, draw


def classes(generator: torch.Generator) -> Known:
    """Let twelve classes count alike, as uneven as those of imagenet16 and not equally hard."""
    pictures = torch.tensor([8, 3, 88, 9, 7, 7, 9, 10, 6, 130, 3, 5])
    chances = torch.sigmoid(1.2 * normal(len(pictures), generator))

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
    hardness = normal(count, generator)
    return [
        _right(hardness, ease, 0.7 * normal(count, generator), generator) for ease in (0.0, 0.3)
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
            return ends(effect)

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


def recipes(generator: torch.Generator) -> Known:
    """Compare two recipes over three seeds, each a pair of networks on the same 500 pictures."""

    def pair(hardness: Tensor) -> list[Tensor]:
        eases = torch.tensor([0.0, 0.3]) + 0.15 * normal(2, generator)  # of each run of training
        own = (0.7 * normal(len(hardness), generator) for _ in eases)
        return [
            _right(hardness, ease, mine, generator)
            for ease, mine in zip(eases.tolist(), own, strict=True)
        ]

    def draw() -> Interval:
        hardness, effects = normal(500, generator), []
        for _ in range(3):
            one, other = (_batches(each, 1, "right") for each in pair(hardness))
            effects.append(paired.by_pictures(one, other, lambda tally: tally["each_right"]))
        return ends(*effects)

    many = (pair(normal(MANY // 20, generator)) for _ in range(1000))
    return torch.stack([(other - one).mean() for one, other in many]).mean().item(), draw


def ends(*effects: Effect | None) -> Interval:
    value, half = paired.over_seeds([each for each in effects if each], LEVEL)
    return Interval(value, value - half, value + half)


def seeds(generator: torch.Generator) -> Known:
    """Compare recipes over three seeds, whose networks differ about as ours do."""

    def draw() -> Interval:
        shared = 0.01 * normal(1, generator).item()  # what the pictures at hand add to every seed
        return ends(
            *(
                Effect(0.03 + shared + 0.02 * each, 0.01, 499, 500)
                for each in normal(3, generator).tolist()
            )
        )

    return 0.03, draw


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
                kin, own = normal(5, generator), normal(8, generator)
                both.append(2 * kin[families] + own)
            x, y = both[0], 0.6 * both[0] + 0.8 * both[1]
            if not is_of_families:
                return correlation(x.tolist(), y.tolist())
            means = [[n[families == kin].mean().item() for kin in range(5)] for n in (x, y)]
            return correlation(means[0], means[1])

        return 0.6, draw

    return case
