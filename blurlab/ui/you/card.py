"""A game's result as one picture to take home."""

import io
import math
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw

from blurlab.people.quest import CUTOFFS
from blurlab.ui.languages import numeral, say
from blurlab.ui.you.players import BETWEEN, YOU, Played, end, line, shares, written

WIDTH, HEIGHT = 1200, 630  # pixels, as pages that show links have them
WEIGHT, CAPITAL, WIDE = 400, 0.7, 0.9  # of the type: its capitals' share of its size, its own
FINER = 2  # times as large as it is drawn at first, which makes edges smooth
LEFT, RIGHT, TOP, BOTTOM = 100, 750, 170, 520  # of the axes
NAMES = 800  # where the players' names begin
LISTED = 12  # players that are named; more would be too small to be read
TICKS = (1, 2, 5, 10, 20, 50)  # cycles/image
DEGREE_TICKS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)  # cycles/degree
INK, QUIET, PAPER, BAND = "#14171c", "#5b6470", "#ffffff", "#f1dbe7"

Point = tuple[float, float]


def png(players: Sequence[Played], degrees: float | None) -> bytes:
    """Draw the card, 1200 x 630.

    players: the person first.  degrees: visual angle of the picture, for an axis in cycles/degree.
    """
    image = Image.new("RGB", (FINER * WIDTH, FINER * HEIGHT), PAPER)
    draw = ImageDraw.Draw(image)
    you, *others = players
    value, low, high = you.f_rev
    found = written(you, 2) if end(you) else numeral(f"{value:.2g}")
    _text(draw, (60, 40), say("My reverse frequency: {found} cycles/image", found=found), 46)
    count = len(you.answers)
    words = say(
        "95 % interval {low:.2g} to {high:.2g}, {count} trials", low=low, high=high, count=count
    )
    if end(you):
        words = say("{count} trials, all answered alike", count=count)
    elif degrees:
        words += f"; {numeral(f'{value / degrees:.2g}')} {say('cycles/degree')}"
    _text(draw, (60, 100), words, 26, QUIET)
    ends = [
        [
            (_across(at), _up(getattr(each, end)))
            for at, each in zip(BETWEEN, you.curve, strict=True)
        ]
        for end in ("low", "high")
    ]
    draw.polygon(_finer([*ends[0], *ends[1][::-1]]), fill=BAND)
    _axes(draw, degrees)
    for index, each in enumerate(others):
        _curve(draw, each, line(index)["color"], 3)
    _curve(draw, you, YOU, 6)
    for at, share, count in zip(*shares(you.answers), strict=True):
        _dot(draw, (_across(at), _up(share)), 4 + math.sqrt(count), YOU)
    _names(draw, players)
    _text(draw, (60, 592), say("BlurLab: which spatial frequencies do you see with?"), 22, QUIET)
    made = io.BytesIO()
    image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(made, "PNG")
    return made.getvalue()


def _across(cutoff: float) -> float:
    return LEFT + (RIGHT - LEFT) * math.log(cutoff / CUTOFFS[0]) / math.log(CUTOFFS[-1])


def _up(share: float) -> float:
    return BOTTOM + (TOP - BOTTOM) * share


def _finer(points: Sequence[Point]) -> list[Point]:
    return [(FINER * x, FINER * y) for x, y in points]


def _text(
    draw: ImageDraw.ImageDraw, at: Point, words: str, size: float, color: str = INK,
    anchor: str = "lt",
) -> None:  # fmt: skip
    """Draw words at a point. anchor: l, m or r, and t, m or b, of the capitals."""
    # OpenCV's own font has the letters of our titles and languages; that of Pillow has not.
    font, pixels = cv2.FontFace("sans"), round(WIDE * FINER * size)
    _, _, width, height = cv2.getTextSize((1, 1), words, (0, 0), font, pixels, WEIGHT)
    mask = np.zeros((height + pixels, width + pixels), np.uint8)
    cv2.putText(mask, words, (0, pixels), 255, font, pixels, WEIGHT)
    ((x, y),) = _finer([at])
    x -= {"l": 0.0, "m": 0.5, "r": 1.0}[anchor[0]] * width
    y += {"t": 1.0, "m": 0.5, "b": 0.0}[anchor[1]] * CAPITAL * pixels - pixels
    draw.bitmap((round(x), round(y)), Image.fromarray(mask), color)


def _wide(words: str, size: int) -> float:
    """Return how wide words are drawn."""
    font, pixels = cv2.FontFace("sans"), round(WIDE * FINER * size)
    return cv2.getTextSize((1, 1), words, (0, 0), font, pixels, WEIGHT)[2] / FINER


def _axes(draw: ImageDraw.ImageDraw, degrees: float | None) -> None:
    for share in (0, 0.5, 1):
        y = _up(share)
        draw.line(_finer([(LEFT, y), (RIGHT, y)]), "#c9ced6", FINER)
        _text(draw, (LEFT - 12, y), f"{share:.0%}", 20, QUIET, "rm")
    for tick in TICKS:
        _text(draw, (_across(tick), BOTTOM + 12), f"{tick}", 20, QUIET, "mt")
    _text(draw, (RIGHT, BOTTOM + 40), say("cutoff (cycles/image)"), 20, QUIET, "rt")
    _text(draw, (LEFT + 8, TOP + 6), say("names the coarse picture"), 20, QUIET)
    if degrees:
        unit = say("cycles/degree")
        until = RIGHT - _wide(unit, 20)
        for fine in DEGREE_TICKS:
            words, at = numeral(f"{fine:g}"), fine * degrees
            if CUTOFFS[0] <= at <= CUTOFFS[-1] and _across(at) + _wide(words, 20) < until:
                _text(draw, (_across(at), TOP - 8), words, 20, QUIET, "mb")
        _text(draw, (RIGHT, TOP - 8), unit, 20, QUIET, "rb")


def _curve(draw: ImageDraw.ImageDraw, player: Played, color: str, width: int) -> None:
    points = [
        (_across(at), _up(each.value)) for at, each in zip(BETWEEN, player.curve, strict=True)
    ]
    draw.line(_finer(points), color, FINER * width, joint="curve")


def _dot(draw: ImageDraw.ImageDraw, at: Point, radius: float, color: str) -> None:
    x, y = at
    corners = _finer([(x - radius, y - radius), (x + radius, y + radius)])
    draw.ellipse(corners, color, PAPER, FINER)


def _names(draw: ImageDraw.ImageDraw, players: Sequence[Played]) -> None:
    """List the players below one another, each with its reverse frequency."""
    more = max(len(players) - LISTED, 0)
    step = min(92, (BOTTOM - TOP) // (len(players) - more))
    size = min(24.0, 0.42 * step)
    for index, each in enumerate(players[:LISTED]):
        y, color = TOP + step * index, YOU if index == 0 else line(index - 1)["color"]
        draw.rectangle(_finer([(NAMES, y), (NAMES + 10, y + 2 * size)]), color)
        title = say("Me") if index == 0 else each.title
        _text(draw, (NAMES + 26, y), _short(title), size)
        _text(draw, (NAMES + 26, y + 4 / 3 * size), written(each, 2), size, QUIET)
    if more:
        _text(draw, (NAMES + 26, BOTTOM + 12), say("and {count} more", count=more), 20, QUIET)


def _short(title: str, longest: int = 31) -> str:
    return title if len(title) <= longest else f"{title[: longest - 1]}…"
