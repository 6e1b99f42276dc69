"""Films of a sweep over cutoffs: they open elsewhere, with as many frames as was said."""

from base64 import b64encode
from io import BytesIO

import cv2
import numpy as np
import pytest
import torch
from opening import needs_models
from PIL import Image
from test_cli import printed, refusal

from blurlab.pictures import films
from blurlab.pictures.films import Said
from blurlab.ui import cache
from blurlab.ui.hybrid import job, report

BASE = "objects_base"
SIZE = (films.SIDE, films.SIDE + films.HEAD)  # of a frame without networks
# Plays a film up to a time and returns its width, its seconds and its red at one place then.
PLAYED = """async ([source, seconds]) => {
  const film = document.createElement("video");
  const after = (event) => new Promise((resolve, reject) => {
    film.addEventListener(event, resolve);
    film.addEventListener("error", () => reject(film.error.message));
  });
  film.src = source;
  await after("loadeddata");
  film.currentTime = seconds;
  await after("seeked");
  const paper = new OffscreenCanvas(film.videoWidth, film.videoHeight).getContext("2d");
  paper.drawImage(film, 0, 0);
  return [film.videoWidth, film.duration, paper.getImageData(200, 200, 1, 1).data[0]];
}"""


def frames(count, said=()):
    return [
        films.frame(torch.full((3, 16, 16), place / count), f"cutoff {place}", place / count, said)
        for place in range(count)
    ]


def read_mp4(content, folder):
    """Return the frames of an MP4 as OpenCV reads them, and how many are shown in a second."""
    (folder / "read.mp4").write_bytes(content)
    film = cv2.VideoCapture(str(folder / "read.mp4"))
    found = []
    while (step := film.read())[0]:
        found.append(step[1][..., ::-1])
    return found, film.get(cv2.CAP_PROP_FPS)


def test_a_gif_has_every_frame_and_says_what_it_is():
    with Image.open(BytesIO(films.film(".gif", frames(5), "fish; σ"))) as film:
        assert (film.n_frames, film.size) == (5, SIZE)
        assert film.info["comment"].decode() == "fish; σ"
        durations, shades = [], []
        for place in range(film.n_frames):
            film.seek(place)
            durations.append(film.info["duration"])
            shades.append(film.convert("RGB").getpixel((200, 200))[0])
    assert durations == [120, 120, 120, 120, films.LAST]  # whole hundredths of a second
    assert shades == pytest.approx([51 * place for place in range(5)], abs=3)


def test_networks_have_their_colours_in_a_gif():
    colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
    said = [Said("title", [("fish", 0.6)], color) for color in colors]
    noise = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))
    content = films.film(".gif", [films.frame(noise, "cutoff", x, said) for x in (0.0, 1.0)])
    with Image.open(BytesIO(content)) as film:
        rows = range(films.SIDE + films.HEAD + 30, film.height, films.ROW)
        shown = [film.convert("RGB").getpixel((films.EDGE + 4, row)) for row in rows]
    assert ["#{:02X}{:02X}{:02X}".format(*each) for each in shown] == colors


def test_an_mp4_has_every_frame(tmp_path):
    found, rate = read_mp4(films.film(".mp4", frames(6)), tmp_path)
    assert len(found) == 6
    assert rate == films.RATE
    assert found[3].shape == (SIZE[1], SIZE[0], 3)
    assert found[3][200, 200] == pytest.approx([127.5] * 3, abs=6)


@pytest.mark.browser
def test_a_browser_plays_an_mp4(browser):
    source = f"data:video/mp4;base64,{b64encode(films.film('.mp4', frames(6))).decode()}"
    page = browser.new_page()
    width, seconds, shade = page.evaluate(PLAYED, [source, 3.5 / films.RATE])
    page.close()
    assert width == films.SIDE
    assert seconds == pytest.approx(6 / films.RATE, abs=0.01)
    assert shade == pytest.approx(127.5, abs=6)


@pytest.mark.parametrize("count", [0, 1, films.MOST + 1])
def test_a_film_has_a_number_of_frames_that_is_allowed(count):
    with pytest.raises(ValueError, match=f"there are {count} frames; a film has 2 to {films.MOST}"):
        films.film(".gif", frames(max(1, count))[:count])
    with pytest.raises(ValueError, match=r"must end in \.gif or \.mp4"):
        films.film(".avi", frames(2))


def test_a_frame_shows_the_cutoff_and_a_network_in_its_colour():
    said = [Said("Objects, blur σ = 2 px", [("fish", 0.6), ("leaf", 0.2)], "#0072B2")] * 2
    made = films.frame(torch.zeros(3, 64, 64), "cutoff 8 cycles/image", 0.5, said)
    assert made.shape == (films.SIDE + films.HEAD + 2 * films.ROW, films.SIDE, 3)
    assert (made[: films.SIDE] == 0).all()
    below = made[films.SIDE :]
    assert (below[16, films.SIDE // 2] == films.INK).all()  # the knob is half-way
    assert (below == (0x00, 0x72, 0xB2)).all(-1).sum(0).max() > films.ROW  # of both rows
    bare = films.frame(torch.zeros(3, 64, 64), "", 0.5, [said[0]._replace(title="", answers=())])
    assert np.abs(made[: len(bare)].astype(int) - bare).sum() > 1e5  # the words


def test_long_words_end_within_the_frame():
    long = films.frame(torch.zeros(3, 8, 8), "", 0, [Said("W" * 99, [("w" * 99, 1.0)], "#000000")])
    assert (long[films.SIDE + films.HEAD :, -4:] == 255).all()


# ---- The page and the command -------------------------------------------------------------------


@needs_models
def test_the_pages_film_shows_every_cutoff_of_the_sweep():
    low, high = cache.Choice("object", "fish", 22), cache.Choice("object", "house", 50)
    setting = job.Setting(low, high, 8.0, None, "gaussian")
    said = job.Answer(0.5, 0.5, (("fish", 0.6), ("house", 0.3)))
    answered = {BASE: [said] * len(job.CUTOFFS)}
    content = report.film(".gif", (BASE,), setting, answered, [""] * len(job.CUTOFFS))
    with Image.open(BytesIO(content)) as film:
        assert film.n_frames == len(job.CUTOFFS)
        assert film.size == (SIZE[0], SIZE[1] + films.ROW)
        assert b'"filter": "gaussian"' in film.info["comment"]


@needs_models
@pytest.mark.parametrize("kind", films.KINDS)
def test_the_command_writes_a_film(here, capsys, kind):
    given = ["object:fish:22", "object:house:50", f"film{kind}", "--size", "64", "--frames", "4"]
    told = printed(capsys, "film", *given, "--from", "2", "--to", "16", "--model", BASE)
    assert told.startswith(f"film{kind}: 4 frames, ")
    content = (here / f"film{kind}").read_bytes()
    if kind == ".gif":
        with Image.open(BytesIO(content)) as film:
            assert (film.n_frames, film.size) == (4, (SIZE[0], SIZE[1] + films.ROW))
    else:
        assert len(read_mp4(content, here)[0]) == 4


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["film.avi"], "film.avi must end in .gif or .mp4"),
        (["film.gif", "--frames", "61"], "61 is not a whole number from 2 to 60"),
        (["film.gif", "--from", "8", "--to", "4"], "--from is 8 and --to is 4"),
        (["film.gif", "--to", "21"], "pictures of 40 pixels allow above 0 to 20"),
    ],
)
def test_what_cannot_be_filmed_is_one_sentence(here, capsys, options, told):
    assert told in refusal(capsys, "film", "low.npy", "high.npy", *options)
