"""A figure for a slide holds picture, verdicts and curves, and is whole XML."""

import xml.etree.ElementTree as ET

from blurlab.ui import palette
from blurlab.ui.hybrid import slide

NAMESPACE = {"svg": "http://www.w3.org/2000/svg"}
DRAWN = {
    "Plain <b>": (("house & home", 0.9), [(1.0, -1.0), (128.0, 1.0)]),
    "Blurred": (("fish", 0.25), [(1.0, 0.0), (4.0, 0.5)]),
}


def drawn(unit="image", degrees=None):
    text = slide.svg("data:image/png;base64,AA", ("fish", "house"), DRAWN, 8.0, unit, degrees)
    return ET.fromstring(text)


def test_every_network_has_its_answer_and_its_curve_in_its_colour():
    root = drawn()
    words = [each.text for each in root.findall(".//svg:text", NAMESPACE)]
    assert "Plain <b>" in words
    assert "house & home, 90%" in words
    assert "fish, 25%" in words
    curves = root.findall(".//svg:polyline", NAMESPACE)
    assert [each.get("stroke") for each in curves] == [palette.line(i)["color"] for i in range(2)]
    first = [tuple(map(float, pair.split(","))) for pair in curves[0].get("points").split()]
    assert first == [(slide.LEFT, slide.BOTTOM), (slide.RIGHT, slide.TOP)]


def test_the_picture_and_the_cutoff_are_there_in_the_unit_that_is_asked_for():
    root = drawn("degree", 4.0)
    assert root.find(".//svg:image", NAMESPACE).get("href") == "data:image/png;base64,AA"
    words = " ".join(each.text for each in root.findall(".//svg:text", NAMESPACE))
    assert "cutoff 2 cycles/degree" in words
    assert root.get("viewBox") == "0 0 1920 1080"
