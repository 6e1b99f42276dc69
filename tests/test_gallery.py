"""The gallery and the button that shares a page."""

import base64
from io import BytesIO

from opening import needs_models
from PIL import Image

from blurlab.ui import gallery, pictures


def test_every_picture_that_is_chosen_by_name_has_a_thumbnail_and_words():
    listed = pictures.options()
    shown = [each for group in gallery.groups(listed, pictures.title) for each in group["pictures"]]
    by_name = [option for option in listed if option not in (pictures.UPLOAD, pictures.CAMERA)]
    assert [each["option"] for each in shown] == by_name
    assert len({each["title"] for each in shown}) == len(shown)
    for each in shown:
        content = base64.b64decode(each["url"].partition(",")[2])
        assert Image.open(BytesIO(content)).size == (gallery.SIDE, gallery.SIDE)
    assert len({each["url"] for each in shown}) == len(shown)


@needs_models
def test_every_page_can_be_shared(opened):
    for page in ("corruptions", "models"):
        names = [each.proto.component_name for each in opened(page).get("bidi_component")]
        assert "blurlab_share" in names
