"""The camera in a real browser, with a clip in a camera's place; and what it hands on."""

import base64
import re
import shutil

import numpy as np
import pytest
from browser import FLAGS, quiet
from opening import fine

from blurlab.pictures import images
from blurlab.pictures.images import png_bytes
from blurlab.ui import cache, camera

CUP = cache.picture(cache.Choice("object", "cup", 7))
FAKE = ("--use-fake-device-for-media-stream",)


def clip(path):
    """Write a film of a drawn cup on a wide grey ground, as Chromium reads one: JPEG after JPEG."""
    import cv2

    wide = np.full((256, 384, 3), 128, np.uint8)
    wide[:, 64:320] = (CUP.permute(1, 2, 0) * 255).byte().numpy()[..., ::-1]
    frame = cv2.imencode(".jpg", wide)[1].tobytes()
    path.write_bytes(frame * 10)
    return f"--use-file-for-fake-video-capture={path}"


@pytest.mark.browser
def test_what_is_held_into_the_camera_is_named_until_the_blur_takes_it_away(tmp_path):
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium on this machine")
    allowing = [*FLAGS, *FAKE, clip(tmp_path / "cup.mjpeg"), "--use-fake-ui-for-media-stream"]
    with quiet() as server, playwright.sync_playwright() as driver:
        with driver.chromium.launch(executable_path=chromium, args=allowing) as browser:
            page = browser.new_page()
            page.goto(f"{server.address}/camera?models=objects_base")
            says = page.locator("[data-part=models] h4").first
            page.get_by_role("button", name="Camera", exact=True).click()
            playwright.expect(page.locator("[data-source=camera]")).to_be_visible(timeout=60_000)
            playwright.expect(says).to_have_text("says cup", timeout=60_000)
            curve, marker = (page.locator(f"[data-part=curve]{part}") for part in ("", " .marker"))
            at = marker.get_attribute("x1")
            page.get_by_role("slider", name="Cutoff").fill("180")
            playwright.expect(curve).to_have_attribute("data-cutoff", re.compile(r"^11\.3"))
            assert float(marker.get_attribute("x1")) < float(at)
            page.get_by_role("radio", name="Blur").click()
            page.get_by_label("Sigma").fill("360")
            playwright.expect(says).not_to_have_text("says cup", timeout=30_000)
            page.get_by_label("Sigma").fill("0")
            playwright.expect(says).to_have_text("says cup", timeout=30_000)
            page.get_by_role("button", name="Freeze").click()
            page.get_by_role("button", name="Hybrid: as the coarse picture").click()
            page.wait_for_url(re.compile("/hybrid"), timeout=60_000)
            low = page.locator("img[data-part=low]")
            playwright.expect(low).to_have_attribute("src", re.compile("^data:image/png"))
            taken = low.get_attribute("src").partition(",")[2]
        shown = images.read_image(base64.b64decode(taken), "low.png")
        # Mirrored; the film's colours are a little off.
        assert (shown - CUP.flip(-1)).abs().mean() < 0.06 < (shown - CUP).abs().mean()
        with driver.chromium.launch(executable_path=chromium, args=[*FLAGS, *FAKE]) as browser:
            page = browser.new_page()
            page.goto(f"{server.address}/camera?models=objects_base")
            page.get_by_role("button", name="Camera", exact=True).click(timeout=60_000)
            words = page.locator(".camera [data-part=words]")
            playwright.expect(words).to_contain_text("was not allowed", timeout=30_000)
            playwright.expect(page.locator("[data-source=objects]")).to_be_visible()


def test_the_page_shows_objects_to_networks_that_know_them(opened):
    fine(opened("camera"))


def test_a_picture_that_was_taken_is_half_of_a_hybrid():
    url = camera.HEAD + base64.b64encode(png_bytes(CUP)).decode()
    assert camera.taken_picture({"side": "coarse", "picture": url}) == ("low", png_bytes(CUP))
    assert camera.taken_picture({"side": "fine", "picture": url})[0] == "high"


@pytest.mark.parametrize(
    "taken",
    [
        None,
        {},
        {"side": "left", "picture": camera.HEAD},
        {"side": "coarse", "picture": 3},
        {"side": "coarse", "picture": "https://elsewhere.example/a.png"},
        {"side": "coarse", "picture": f"{camera.HEAD}no base64"},
        {"side": "coarse", "picture": camera.HEAD + base64.b64encode(b"no picture").decode()},
        {"side": "coarse", "picture": camera.HEAD + "A" * camera.MOST},
    ],
)
def test_what_is_no_picture_is_refused_in_a_sentence(taken):
    with pytest.raises(images.ImageError, match=r"^[^.]+\.") as refused:
        camera.taken_picture(taken)
    assert len(str(refused.value)) < 200
