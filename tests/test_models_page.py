"""The page Models and data: public weights are fetched and stopped, one's own model is added."""

import io
import re

import pytest
import tiny
import torch
from opening import button, fine, labels, needs_models, said, until
from servers import MADRY
from torch.testing import assert_close
from torchvision.models import resnet18

from blurlab.networks import architectures, preparing, published, store
from blurlab.pictures import objects
from blurlab.pictures.resizing import resize
from blurlab.ui import cache, jobs, show
from blurlab.ui.attacks import job as attacked
from blurlab.ui.models import public

pytestmark = needs_models
ARCHITECTURE, CLASSES = "cifar:resnet20", ",".join(tiny.CLASSES)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder in place of that of the models that were added."""
    monkeypatch.setenv("BLURLAB_MODELS", str(tmp_path / "added"))
    return tmp_path / "added"


def content(state, **more):
    buffer = io.BytesIO()
    torch.save({"state_dict": state, **more}, buffer)
    return buffer.getvalue()


def filled(app, file, classes=CLASSES, architecture=ARCHITECTURE, name="own.pth", **texts):
    """Fill in the form and send it."""
    for key, text in texts.items():
        app.text_input(key=key).set_value(text)
    app.file_uploader(key="own_file").set_value((name, file, "application/x"))
    app.text_input(key="own_name").set_value("own")
    app.text_input(key="own_architecture").set_value(architecture)
    app.text_area(key="own_classes").set_value(classes)
    app.number_input(key="own_size").set_value(32)
    return fine(button(app, "Install").click().run())


def cards(app):
    """Name the networks that have a card, sorted as they are installed."""
    shown = "".join(each.proto.body for each in app.get("html"))
    return sorted(re.findall(r'data-network="([^"]+)"', shown), key=store.names().index)


@pytest.fixture
def state():
    net = architectures.net({"architecture": ARCHITECTURE}, len(tiny.CLASSES))
    return {f"module.{key}": value for key, value in net.state_dict().items()}


def test_ones_own_model_is_installed_by_the_form_and_offered_everywhere(opened, state):
    app = filled(opened("models"), content(state))
    assert said(app) == []
    assert [note.value for note in app.success] == ["own is installed: choose it in the sidebar."]
    assert store.load("own")(torch.zeros(1, 3, 64, 64)).shape == (1, len(tiny.CLASSES))
    assert "own" in app.sidebar.multiselect(key="models").options
    assert "own" in cards(app)
    app = opened("hybrid", models="own,objects_base")
    assert said(app) == []
    assert app.sidebar.multiselect(key="models").value == ["own", "objects_base"]


def test_an_exported_network_needs_no_architecture(opened, tmp_path):
    net = architectures.net({"architecture": ARCHITECTURE}, len(tiny.CLASSES)).eval()
    shapes = ({0: torch.export.Dim("batch")},)
    path = tmp_path / "net.pt2"
    program = torch.export.export(net, (torch.rand(2, 3, 32, 32),), dynamic_shapes=shapes)
    torch.export.save(program, path)
    app = filled(opened("models"), path.read_bytes(), architecture="", name="net.pt2")
    assert said(app) == []
    assert "own" in cards(app)
    assert store.load("own")(torch.zeros(1, 3, 64, 64)).shape == (1, len(tiny.CLASSES))


def test_a_removed_model_is_gone_from_the_page_and_from_the_sidebar(opened, state):
    app = filled(opened("models"), content(state))
    fine(app.sidebar.multiselect(key="models").set_value(["own"]).run())
    fine(button(app, "Remove from this machine").click().run())
    assert said(app) == []
    assert "own" not in store.names()
    assert app.sidebar.multiselect(key="models").value == []
    assert cards(app) == store.names()
    assert "Remove from this machine" not in labels(app)  # those that ship stay


@pytest.mark.parametrize(
    ("file", "changes", "problem"),
    [
        (b"<!doctype html><title>x</title>", {}, "Own.pth is a web page"),
        (b"junk", {}, "Own.pth is neither safetensors nor whole"),
        (None, {"classes": "a,b"}, "is for 3 classes, and 2 were given"),
        (None, {"architecture": "resnet18"}, "resnet18"),
        (None, {"architecture": "nonet"}, "Torchvision has no classifier 'nonet'"),
        (None, {"architecture": "cifar:resnet20_a"}, "the file looks like cifar:resnet20."),
        (None, {"own_mean": "123.675, 116.28, 103.53"}, "are of pictures from 0 to 255"),
        (None, {"own_std": "58.395 57.12 57.375"}, "are of pictures from 0 to 255"),
        (None, {"own_std": "red"}, "'red' is not three numbers"),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence(opened, state, file, changes, problem):
    app = filled(opened("models"), content(state) if file is None else file, **changes)
    (message,) = said(app)
    assert problem in message
    assert "own" not in store.names()


def test_a_negative_variance_is_refused(opened, state):
    state["module.bn1.running_var"] -= 2
    (message,) = said(filled(opened("models"), content(state)))
    assert "running_var holds -1" in message
    assert "own" not in store.names()


def captions(app):
    return " ".join(each.value for each in app.caption)


def test_the_form_says_what_it_takes_for_pictures_before_it_installs_and_the_card_holds_it(
    opened, state
):
    app = opened("models")
    assert "assumed" in captions(app)
    fine(app.text_input(key="own_architecture").set_value("googlenet").run())
    assert "assumed" not in captions(app)
    assert "mean 0.5 0.5 0.5" in captions(app)
    assert app.text_input(key="own_mean").placeholder == "0.5 0.5 0.5"
    app.selectbox(key="own_interpolation").set_value("bicubic")
    app.number_input(key="own_crop").set_value(28)
    app = filled(app, content(state), own_std="0.25 0.25, 0.25")
    card = store.card("own")
    made = {key: card["recipe"][key] for key in ("interpolation", "crop", "std", "mean")}
    assert made == {
        "interpolation": "bicubic", "crop": 28, "std": [0.25] * 3,
        "mean": list(preparing.CIFAR_MEAN),
    }  # fmt: skip
    (note,) = card["notes"]
    assert "mean 0.4914 0.4822 0.4465" in note
    assert [each.value for each in app.info] == [show.plain(note)]


def test_an_attack_on_the_page_begins_at_what_the_networks_own_resizing_makes(opened, state):
    app = opened("models")
    app.selectbox(key="own_interpolation").set_value("bicubic")
    assert said(filled(app, content(state))) == []
    choice = cache.Choice("object", objects.CLASSES[0])
    shown, picture = attacked.model_picture("own", choice), cache.picture(choice)[None]
    assert_close(shown, resize(picture, 32, "bicubic"))
    assert not torch.allclose(shown, resize(picture, 32), atol=0.01)


def test_without_a_file_the_form_asks_for_one(opened):
    app = fine(button(opened("models"), "Install").click().run())
    assert said(app) == ["No file was chosen; the form takes the weights."]


# Public weights


def test_public_weights_are_listed_with_their_size_when_asked_for(opened):
    app = opened("models")
    before = len(app.dataframe)
    fine(app.toggle(key="public").set_value(True).run())
    assert app.query_params == {"public": "1"}
    assert len(app.dataframe) == before + 1
    (listed,) = [each.value for each in app.dataframe if "size (MB)" in each.value]
    assert list(listed["name"]) == list(published.table())
    assert not listed["installed"].any()


def test_a_download_shows_how_far_it_is_and_ends_installed(opened, publish_network):
    publish_network(resnet18())
    app = opened("models", public="1")
    fine(app.selectbox(key="weights").set_value(MADRY).run())
    fine(button(app, "Download").click().run())
    until(app, lambda: MADRY in cards(app))
    assert said(app) == []
    job = jobs.find(public.key(MADRY))
    done, total = job.results[-1]
    assert done == total > 40e6
    assert public.progress(job)[0] == 1.0
    assert store.card(MADRY)["source"].endswith("resnet18_l2_eps3.ckpt")
    assert not {"Download", "Cancel"} & set(labels(app))


def test_a_download_is_cancelled_and_what_came_is_kept(opened, server, folder, monkeypatch):
    monkeypatch.setattr(published, "MADRY", f"{server.address}/slow?")
    published.table.cache_clear()
    app = opened("models", public="1")
    fine(app.selectbox(key="weights").set_value("madry_resnet18_l2_eps1").run())
    fine(button(app, "Download").click().run())
    job = jobs.find(public.key("madry_resnet18_l2_eps1"))
    until(app, lambda: len(job.results) > 1)
    fine(button(app, "Cancel").click().run())
    until(app, lambda: "Download" in labels(app))
    assert job.state == "cancelled"
    assert "Stopped; what has arrived is kept." in [text.value for text in app.markdown]
    (part,) = (folder / "downloads").iterdir()
    assert part.stat().st_size > 0
    published.table.cache_clear()


def test_without_internet_the_page_says_so_and_goes_on(opened, monkeypatch):
    monkeypatch.setattr(published, "MADRY", "http://127.0.0.1:9")
    published.table.cache_clear()
    app = opened("models", public="1")
    fine(app.selectbox(key="weights").set_value("madry_resnet18_l2_eps0").run())
    fine(button(app, "Download").click().run())
    until(app, lambda: said(app))
    (message,) = said(app)
    assert "cannot be reached" in message
    assert "put it at" in message
    assert "Download" in labels(app)
    published.table.cache_clear()
