"""The pictures of Models and data: one's own folder is checked and shown, data sets are fetched."""

import pytest
import tiny
from opening import button, fine, labels, needs_models, said, until
from servers import ARCHIVE_FILES

from blurlab.data import archives, sets
from blurlab.networks import store
from blurlab.pictures.images import png_bytes
from blurlab.ui import jobs, polling
from blurlab.ui.models import data
from blurlab.ui.models import folder as folder_view

pytestmark = needs_models
AGAIN = "Check again"


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    """Empty folders for data sets, results and added models."""
    monkeypatch.setenv("BLURLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("BLURLAB_MODELS", str(tmp_path / "added"))
    return tmp_path / "data"


@pytest.fixture
def folder(tmp_path):
    """Drawn objects of three classes: three, three and two pictures."""
    tiny.write_folders(tmp_path / "own [folder]", 8)
    return tmp_path / "own [folder]"


def named(app, folder):
    """Type a folder into the field and run the page until it is checked."""
    fine(app.text_input(key="folder").set_value(str(folder)).run())
    return until(app, lambda: AGAIN in labels(app))


def texts(app):
    return [text.value.replace("\\", "") for text in app.markdown]


def table(app, column):
    (found,) = [each.value for each in app.dataframe if column in each.value]
    return found


def bars(app):
    return [bar.proto.text for bar in app.get("progress")]


def captions(app):
    """Return what is written below the pictures of the page."""
    images = [image for gallery in app.get("image") for image in gallery.proto.imgs]
    return [image.caption for image in images if image.caption]


def test_a_folder_is_counted_and_shown_by_its_classes(opened, folder):
    app = named(opened("models"), folder)
    assert said(app) == []
    assert app.query_params["folder"] == str(folder)
    assert "8 pictures of 3 classes:" in texts(app)
    counted = table(app, "pictures")
    assert dict(zip(counted["class"], counted["pictures"], strict=True)) == dict(
        zip(tiny.CLASSES, (3, 3, 2), strict=True)
    )
    assert sorted(captions(app)) == sorted([*tiny.CLASSES, *tiny.CLASSES, *tiny.CLASSES[:2]])
    assert not [text for text in texts(app) if text.startswith("Skipped")]


def test_a_link_names_a_folder_and_another_session_finds_it_checked(opened, folder):
    named(opened("models"), folder)
    app = opened("models", folder=str(folder))
    assert AGAIN in labels(app)
    assert "8 pictures of 3 classes:" in texts(app)


def test_a_folder_leads_to_the_measures_of_the_networks_that_know_its_classes(opened, folder):
    app = named(opened("models"), folder)
    knowing = [n for n in store.names() if set(tiny.CLASSES) <= set(store.card(n)["classes"])]
    rows = table(app, "classes shared")
    assert list(rows["network"]) == [store.card(name)["title"] for name in knowing]
    assert set(rows["classes shared"]) == {3}
    fine(button(app, folder_view.MEASURE).click().run())
    assert app.title[0].value == "Spectral sensitivity"
    assert said(app) == []
    assert app.selectbox(key="data").value == str(folder)
    assert app.sidebar.multiselect(key="models").value == knowing
    assert "Measure" in labels(app)


def test_networks_that_were_chosen_and_fit_stay_chosen(opened, folder):
    app = named(opened("models", models="objects_blur2"), folder)
    fine(button(app, folder_view.MEASURE).click().run())
    assert app.sidebar.multiselect(key="models").value == ["objects_blur2"]


def test_files_that_are_no_pictures_are_listed_with_their_reasons_and_counted(opened, folder):
    for number in range(folder_view.NAMED + 2):
        (folder / tiny.CLASSES[0] / f"notes_{number:02d}.txt").write_text("*these*")
    app = named(opened("models"), folder)
    assert said(app) == []
    (listed,) = [text for text in texts(app) if text.startswith("Skipped")]
    first, *lines = [line for line in listed.splitlines() if line]
    assert first == "Skipped files (10):"
    assert lines[0].startswith(f"- {tiny.CLASSES[0]}/notes_00.txt is not a picture BlurLab reads")
    assert len(lines) == folder_view.NAMED + 1
    assert lines[-1] == "- and 2 more."
    assert "8 pictures of 3 classes:" in texts(app)


@pytest.mark.parametrize(
    ("classes", "problem"),
    [
        ([], "holds no folders of pictures; it takes two or more"),
        (["fish"], "holds pictures of 'fish' alone; it takes two or more"),
        (None, "given' is no folder on this machine."),
    ],
)
def test_a_folder_that_cannot_be_used_is_one_sentence(opened, tmp_path, classes, problem):
    for name in classes or []:
        (tmp_path / "given" / name).mkdir(parents=True)
        (tmp_path / "given" / name / "1.png").write_bytes(
            png_bytes(tiny.pictures(1, 0)[0][0] / 255)
        )
    if classes is not None:
        (tmp_path / "given").mkdir(exist_ok=True)
    app = named(opened("models"), tmp_path / "given")
    (message,) = said(app)
    assert problem in message
    assert folder_view.MEASURE not in labels(app)


def test_classes_that_no_network_knows_are_shown_and_said_to_be_unknown(opened, folder):
    for name in tiny.CLASSES:
        (folder / name).rename(folder / f"*{name}*")
    app = named(opened("models"), folder)
    (message,) = said(app)
    assert message.startswith("No installed network knows two of these classes")
    assert f"\\*{tiny.CLASSES[0]}\\*" in captions(app)
    assert folder_view.MEASURE not in labels(app)


def test_a_folder_that_was_mended_is_checked_again(opened, folder, tmp_path):
    app = named(opened("models"), tmp_path / "moved")
    assert said(app) != []
    folder.rename(tmp_path / "moved")
    fine(button(app, AGAIN).click().run())
    until(app, lambda: AGAIN in labels(app))
    assert said(app) == []
    assert "8 pictures of 3 classes:" in texts(app)


@pytest.fixture
def many(tmp_path):
    """So many pictures that checking them takes seconds."""
    picture = png_bytes(tiny.pictures(1, 0, 1000)[0][0] / 255)
    for name in ("one", "two"):
        (tmp_path / "many" / name).mkdir(parents=True)
        for number in range(300):
            (tmp_path / "many" / name / f"{number}.png").write_bytes(picture)
    return tmp_path / "many"


def test_a_check_says_how_far_it_is_and_stops_when_asked(opened, many, tmp_path):
    app = opened("models")
    fine(app.text_input(key="folder").set_value(str(many)).run())
    job = jobs.find(("folder", str(many)))
    until(app, lambda: any("of 600 files" in words for words in bars(app)))
    fine(button(app, "Cancel").click().run())
    until(app, lambda: AGAIN in labels(app))
    assert job.state == "cancelled"
    assert len(job.results) < 100
    assert not list((tmp_path / "results").rglob("*.json"))


def test_another_folder_in_the_field_ends_the_check_of_the_first(opened, folder, many):
    app = opened("models")
    fine(app.text_input(key="folder").set_value(str(many)).run())
    job = jobs.find(("folder", str(many)))
    assert polling.is_working(job)
    named(app, folder)
    assert job.state == "cancelled"
    assert "8 pictures of 3 classes:" in texts(app)


def test_a_folder_named_for_a_measure_is_checked_first_without_holding_up_the_page(opened, many):
    app = opened("sensitivity", data=str(many), models="objects_blur2")
    until(app, lambda: any("of 600 files" in words for words in bars(app)))
    assert "Measure" not in labels(app)
    fine(button(app, "Cancel").click().run())
    until(app, lambda: folder_view.STOPPED in texts(app))
    assert AGAIN in labels(app)
    assert said(app) == []


def test_pictures_added_to_a_folder_are_measured_once_it_is_checked_again(opened, folder):
    def counted():
        app = opened("sensitivity", data=str(folder), models="objects_blur2")
        until(app, lambda: "Measure" in labels(app))
        assert said(app) == []
        return bars(app)

    assert counted() == ["0 of 8 pictures"]
    copied = next((folder / tiny.CLASSES[0]).iterdir())
    (copied.parent / "9999.png").write_bytes(copied.read_bytes())
    app = named(opened("models"), folder)
    fine(button(app, AGAIN).click().run())
    until(app, lambda: "9 pictures of 3 classes:" in texts(app))
    assert counted() == ["0 of 9 pictures"]


# Data sets


def fetch(app, name):
    """Press a data set's button."""
    archive = archives.ARCHIVES[name]
    words = f"Download {archive.title} (about {archive.megabytes} MB)"
    return fine(button(app, words).click().run())


@pytest.mark.parametrize("name", archives.ARCHIVES)
def test_a_data_set_is_fetched_and_then_shown_with_its_first_pictures(opened, publish, name):
    publish(name)
    app = opened("models")
    archive = archives.ARCHIVES[name]
    (offered,) = [text for text in texts(app) if text.startswith(f"**{archive.title}**")]
    assert f"{archive.train + archive.val:,}" in offered
    fetch(app, name)
    first = {"imagenette": sets.IMAGENETTE_CLASSES[:2], "cifar10": ("cat", "dog")}[name]
    until(app, lambda: captions(app))
    assert captions(app) == list(first)
    assert any(
        text.startswith(f"**{archive.title}** is here: {data.KINDS[name]}.") for text in texts(app)
    )
    assert not [label for label in labels(app) if archive.title in label]
    job = jobs.find(data.key(name))
    assert data.progress(job)[0] == 1.0
    jobs.forget(data.key(name))


def test_a_cut_download_says_so_and_the_button_goes_on_with_it(opened, publish, server):
    publish("imagenette", "truncated")
    app = fetch(opened("models"), "imagenette")
    until(app, lambda: said(app))
    assert "400,000 of" in said(app)[0]
    assert ARCHIVE_FILES["imagenette"] in said(app)[0]
    fetch(app, "imagenette")
    until(app, lambda: captions(app))
    assert server.ranges == [None, "bytes=400000-"]
    jobs.forget(data.key("imagenette"))


def test_a_web_page_in_place_of_a_data_set_is_refused(opened, publish, root):
    publish("cifar10", "page")
    app = fetch(opened("models"), "cifar10")
    until(app, lambda: said(app))
    (message,) = said(app)
    assert "gives a web page instead of the file" in message
    assert not any(root.iterdir())
    jobs.forget(data.key("cifar10"))


def test_a_download_is_cancelled_and_what_came_is_kept(opened, publish, root):
    publish("imagenette", "slow")
    app = fetch(opened("models"), "imagenette")
    job = jobs.find(data.key("imagenette"))
    until(app, lambda: any("fetching: " in words for words in bars(app)))
    until(app, lambda: len(job.results) > 1)
    fine(button(app, "Cancel").click().run())
    until(app, lambda: "Stopped; what has arrived is kept." in texts(app))
    (part,) = root.iterdir()
    assert part.name == f"{ARCHIVE_FILES['imagenette']}.part"
    assert part.stat().st_size > 0
    jobs.forget(data.key("imagenette"))


def test_a_data_set_that_is_not_whole_is_said_to_be_and_can_be_fetched(opened, publish):
    publish("cifar10")
    archives.place("cifar10").mkdir(parents=True)
    app = opened("models")
    until(app, lambda: said(app))
    assert said(app)[0].startswith("CIFAR-10 is not whole in")
    fetch(app, "cifar10")
    until(app, lambda: captions(app))
    assert captions(app) == ["cat", "dog"]
    assert all("not whole" not in message for message in said(app))
    jobs.forget(data.key("cifar10"))


def test_an_imagenette_of_fewer_pictures_is_shown_with_how_many_there_should_be(opened, publish):
    publish("imagenette")
    list(archives.download("imagenette"))
    app = opened("models")
    until(app, lambda: captions(app))
    (message,) = said(app)
    assert message.startswith("Those published are 9,469 and 3,925")
    assert captions(app) == list(sets.IMAGENETTE_CLASSES[:2])
