"""Who played a game's trials, a person or a network, and what the answers tell of each."""

from collections.abc import Sequence
from typing import NamedTuple

from blurlab.people import quest
from blurlab.people.quest import CUTOFFS
from blurlab.statistics import Interval
from blurlab.ui import palette
from blurlab.ui.languages import numeral, say

YOU = palette.COLORS[3]  # networks have the others
BETWEEN = tuple(2 ** (step / 16) for step in range(97))  # cutoffs that curves are drawn at


class Played(NamedTuple):
    """What one player's answers tell.

    answers: (index in CUTOFFS, whether coarse).  f_rev: cycles/image.  curve: at BETWEEN.
    """

    title: str
    answers: list[tuple[int, bool]]
    f_rev: Interval
    curve: list[Interval]


def played(title: str, answers: list[tuple[int, bool]]) -> Played:
    belief = quest.posterior(answers)
    return Played(title, answers, quest.reverse_frequency(belief), quest.curve(belief, BETWEEN))


def line(index: int) -> dict[str, str]:
    """Return the colour and dash of a network, none of which is the person's."""
    return palette.line(index + (index >= palette.COLORS.index(YOU)))


def shares(answers: Sequence[tuple[int, bool]]) -> tuple[list[float], list[float], list[int]]:
    """Return the cutoffs that were asked, and at each the share of coarse answers of how many."""
    asked = sorted({index for index, _ in answers})
    by = [[coarse for index, coarse in answers if index == each] for each in asked]
    return (
        [CUTOFFS[index] for index in asked],
        [sum(each) / len(each) for each in by],
        [len(each) for each in by],
    )


def end(player: Played) -> str:
    """Return "above" or "below" where all answers were alike and one end alone is known, or ""."""
    named = {coarse for _, coarse in player.answers}
    return "" if len(named) == 2 else "below" if named == {True} else "above"


def written(player: Played, digits: int = 3) -> str:
    """Write the reverse frequency with its interval, or the end of it that is known."""
    value, low, high = (numeral(f"{each:.{digits}g}") for each in player.f_rev)
    side = end(player)
    if not side:
        return say("{value} [{low}, {high}]", value=value, low=low, high=high)
    return say("above {low}", low=low) if side == "above" else say("below {high}", high=high)
