"""ImageNet's validation pictures in one folder: every published list of their classes is read."""

from importlib.util import find_spec

import numpy as np
import pytest
import torch

from blurlab.data import imagenet, sources
from blurlab.data.ground_truth import labels, truth_file
from blurlab.pictures.images import save_image

if find_spec("timm") is None:
    pytest.skip("timm is not installed, which lists ImageNet's folders", allow_module_level=True)
NAMES = [f"ILSVRC2012_val_{number:08d}" for number in (1, 2, 3, 4)]
CLASSES = [7, 0, 999, 7]
FOLDERS = [imagenet.wordnet_numbers()[number] for number in CLASSES]
OWN = [3, 9, 1, 3]  # what ILSVRC's own list calls these classes


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Four pictures of different grey in a folder, in whose list the order is another."""
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path / "results"))
    found = tmp_path / "val"
    found.mkdir()
    for index, name in enumerate(NAMES):
        save_image(torch.full((3, 12, 12), index / 4), found / f"{name}.png")
    return found


def written(lines):
    return "\n".join(lines) + "\n"


LISTS = {
    "labels.txt": written(
        f"{name}.JPEG {number}" for name, number in zip(NAMES[::-1], CLASSES[::-1], strict=True)
    ),
    "val.txt": written(f"{name}.JPEG {word}" for name, word in zip(NAMES, FOLDERS, strict=True)),
    "LOC_val_solution.csv": "ImageId,PredictionString\n"
    + written(
        f"{name},{word} 1 2 3 4 {word} 5 6 7 8 "
        for name, word in zip(NAMES[::-1], FOLDERS[::-1], strict=True)
    ),
    "imagenet_2012_validation_synset_labels.txt": written(FOLDERS),
    "ILSVRC2012_validation_ground_truth.txt": written(map(str, OWN)),
}


def write_meta(path):
    """Write the table of the development kit, which holds other classes too."""
    from scipy.io import savemat

    rows = [(own, word) for own, word in dict(zip(OWN, FOLDERS, strict=True)).items()]
    rows.append((1001, "n00001740"))
    kinds = [("ILSVRC2012_ID", object), ("WNID", object), ("words", object)]
    table = np.zeros(len(rows), dtype=kinds)
    for index, (own, word) in enumerate(rows):
        table[index] = (own, word, "any")
    savemat(path, {"synsets": table})


@pytest.mark.parametrize("inside", ["", "pictures"])
@pytest.mark.parametrize("name", LISTS)
def test_every_published_list_gives_each_picture_its_class(root, name, inside):
    (root / name).write_text(LISTS[name])
    write_meta(root / "meta.mat")
    if inside:
        (root / inside).mkdir()
        for path in root.glob("*.png"):
            path.rename(root / inside / path.name)
    found = labels(root)
    assert {path.stem: number for path, number in found.items()} == dict(
        zip(NAMES, CLASSES, strict=True)
    )


def test_such_a_folder_is_a_source_of_all_thousand_classes(root):
    (root / "val.txt").write_text(LISTS["val.txt"])
    source = sources.find(str(root), 12)
    assert source.classes == imagenet.classes()
    assert source.count == 4
    pictures = source.load()
    assert pictures.labels.tolist() == CLASSES
    shades = pictures.images[torch.arange(4)].float().mean((1, 2, 3)) / 255
    assert shades.tolist() == pytest.approx([0, 0.25, 0.5, 0.75], abs=0.01)


def test_other_labels_of_the_same_pictures_are_another_source(root):
    (root / "val.txt").write_text(LISTS["val.txt"])
    name = sources.find(str(root), 12).name
    (root / "val.txt").write_text(LISTS["val.txt"].replace(FOLDERS[0], FOLDERS[1]))
    assert sources.find(str(root), 12).name != name


def test_a_list_of_something_else_makes_no_folder_imagenets(root):
    for name in ("labels.txt", "val.txt"):
        (root / name).write_text("cat 1\ndog 2\n")
    assert truth_file(root) is None


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("val.txt", f"{NAMES[0]}.JPEG 1000\n", r"no class of ImageNet for picture 1; .*1000"),
        ("val.txt", f"{NAMES[0]}.JPEG\n", "no class of ImageNet for picture 1"),
        (
            "LOC_val_solution.csv",
            f"{NAMES[0]},n123 1 2 3 4\n",
            "no class of ImageNet for picture 1",
        ),
        ("imagenet_2012_validation_synset_labels.txt", FOLDERS[0] + "\n", "of 1 pictures, .* 4"),
        ("ILSVRC2012_validation_ground_truth.txt", "3\n", r"meta\.mat explains; put that beside"),
        ("val.txt", f"{NAMES[0]}.JPEG 3\n", "fewer than two of the classes in val.txt"),
    ],
)
def test_what_a_list_lacks_is_said_in_one_sentence(root, name, text, said):
    (root / name).write_text(text)
    with pytest.raises(ValueError, match=said):
        sources.find(str(root), 12)
