"""The page on people: what it says of games and of an audience is the program's."""

import json
import math
import re

import pytest

from blurlab import places
from blurlab.people import blind_spot, finished, observers, quest
from blurlab.ui import cache
from blurlab.ui.audience import room, routes
from blurlab.ui.you import controls, deck, screen

PAGE = (places.ROOT / "docs" / "people.md").read_text()
NUMBER, TASTE = quest.GAMES["number"], quest.GAMES["taste"]
TANGENT = math.tan(math.radians(blind_spot.ANGLE))
FACTOR = 100 * (2 ** (NUMBER.octaves / 2) - 1)  # %, either way
PICTURES = deck.VARIANTS["imagenet16"]


def constant(file, name):
    """Return a number, or a list of them, that a script of the browser begins with."""
    lines = (places.PACKAGE / "ui" / "browser" / file).read_text()
    return json.loads(re.search(rf"\b{name} = (\[.*?\]|[\d.]+)", lines)[1])


@pytest.mark.parametrize(
    "words",
    [
        f"A fixation mark ({constant('trial.js', 'FIXATION')} ms), a hybrid ({controls.ASKED} ms "
        f"unless set otherwise), a mask ({constant('trial.js', 'MASK')} ms)",
        f"{cache.SIZE} x {cache.SIZE} pixels, and is {screen.SIDE:.0f} CSS pixels wide",
        f"{deck.VARIANTS['imagenette']['church']} of each class",
        f"{', '.join(sorted(PICTURES)[:-1])} and {sorted(PICTURES)[-1]}",
        f"There are {sum(PICTURES.values())} photographs",
        f"A *taste* has {TASTE.trials} trials",
        f"spans {NUMBER.octaves:g} octaves (± {FACTOR:.0f} %), at the latest after {NUMBER.trials}",
        f"more than {finished.MOST:,} people",
        f"{len(quest.THRESHOLDS)} thresholds (1 to 64 cycles/image), {len(quest.SLOPES)} slopes "
        f"({quest.SLOPES[0]:g} to {quest.SLOPES[-1]:g} octaves) and {len(quest.LAPSES)} lapses "
        f"(0 to {100 * quest.LAPSES[-1]:g} %)",
        f"of {len(quest.CUTOFFS)} a quarter of an octave apart",
        f"drawn evenly over {observers.LOWEST:g} to {observers.HIGHEST:g} cycles/image",
        "begins {} to {} cm beside the square".format(*constant("blindspot.js", "START")),
        f"to the left at {constant('blindspot.js', 'SPEED')} cm/s",
        f"begins {blind_spot.ANGLE} degrees from",
        f"{blind_spot.NEAREST:g} to {blind_spot.FARTHEST:g} cm can be measured",
        f"at 57 cm the dot vanishes {57 * TANGENT:.1f} cm from the square",
        f"half a second late adds {0.5 * constant('blindspot.js', 'SPEED') / TANGENT:.0f} cm",
        f"answers {room.EACH[0]}, {room.EACH[1]} or {room.EACH[2]} trials",
        f"of {room.SPREAD} octaves about the crowd's threshold",
        f"JPEG of quality {routes.QUALITY}",
    ],
)
def test_what_the_page_says_of_a_game_is_the_programs(words):
    assert words in PAGE


def test_what_is_said_of_simulated_observers_is_in_their_table():
    row = r"^\| ([\d.]+) \| (\d+) \| [\d,]+ \| ([\d.]+) \[.*?\] \| ([+-][\d.]+) \|"
    rows = [[float(cell) for cell in cells] for cells in re.findall(row, PAGE, re.M)]
    kinds = [(slope, 100 * lapse) for slope in observers.SLOPES for lapse in observers.LAPSES]
    assert [(slope, lapse) for slope, lapse, *_ in rows] == kinds
    held, biases = [row[2] for row in rows], [row[3] for row in rows]
    assert f"in {min(held)} to {max(held)} % of games of every kind" in PAGE
    assert max(map(abs, biases)) <= 1


def test_every_kind_of_observer_outside_of_93_to_97_percent_is_named():
    row = r"^\| ([\d.]+) \| (\d+) \| [\d,]+ \| ([\d.]+) (\[.*?\])"
    outside = [cells for cells in re.findall(row, PAGE, re.M) if not 93 <= float(cells[2]) <= 97]
    for slope, lapse, held, interval in outside:
        assert f"slope {slope} octaves and lapse {lapse} %, in {held} % {interval}" in PAGE
    assert f"{['No', 'One'][len(outside)]} kind lies above 97 %" in PAGE
