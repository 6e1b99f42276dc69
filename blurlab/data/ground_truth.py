"""ImageNet's validation pictures in one folder, and a file beside them that names their classes."""

from pathlib import Path

from blurlab import texts
from blurlab.data import imagenet

# One line a picture in each: the file and its class, or the class alone in the order of the files.
# The class is a WordNet number, a number from 0 in the order of those, or the number that ILSVRC's
# own list gives, from 1 in an order that meta.mat holds.
FILES = (
    "labels.txt",
    "val.txt",
    "LOC_val_solution.csv",
    "imagenet_2012_validation_synset_labels.txt",
    "ILSVRC2012_validation_ground_truth.txt",
)
OWN_NUMBERS = FILES[-1]
OF_ANYTHING = FILES[:2]  # names that other lists have too; those of ImageNet begin with a picture's
PICTURE = b"ILSVRC2012_val_"
META = "meta.mat"


def truth_file(root: Path) -> Path | None:
    """Return the file in a folder that names the classes of its pictures; None without one."""
    return next((root / name for name in FILES if _is_truth(root / name)), None)


def _is_truth(path: Path) -> bool:
    if path.name not in OF_ANYTHING:
        return path.is_file()
    return path.is_file() and path.read_bytes()[: len(PICTURE)] == PICTURE


def labels(root: Path) -> dict[Path, int]:
    """Return the pictures of a folder that has a truth_file, and their classes, from 0.

    The pictures lie in the folder or in those directly in it.
    Raises ValueError naming the first line that is none, or says what the file lacks.
    """
    truth = truth_file(root)
    assert truth is not None
    numbered = {word: number for number, word in enumerate(imagenet.wordnet_numbers())}
    if truth.name == OWN_NUMBERS:
        numbered = _own_numbers(root)
    elif truth.name in OF_ANYTHING:
        numbered |= {str(number): number for number in range(1000)}
    rows = [line.replace(",", " ").split() for line in texts.read(truth).splitlines()]
    rows = [row for row in rows if row and row[0] != "ImageId"]
    for number, row in enumerate(rows, 1):
        if row[min(len(row) - 1, 1)] not in numbered:
            raise ValueError(
                f"{truth} names no class of ImageNet for picture {number}; it says "
                f"{' '.join(row)[:60]!r}."
            )
    files = _pictures(root)
    if all(len(row) > 1 for row in rows):
        named = {Path(row[0]).stem: numbered[row[1]] for row in rows}
        return {path: named[path.stem] for path in files if path.stem in named}
    if len(rows) != len(files):
        raise ValueError(
            f"{truth} names the classes of {len(rows)} pictures, and {root} holds {len(files)}."
        )
    return {path: numbered[row[0]] for path, row in zip(files, rows, strict=True)}


def _pictures(root: Path) -> list[Path]:
    folders = [root, *(path for path in root.iterdir() if path.is_dir())]
    inside = [path for folder in folders for path in folder.iterdir()]
    found = [path for path in inside if path.suffix.lower() in (".jpeg", ".jpg", ".png")]
    return sorted(found, key=lambda path: path.name)


def _own_numbers(root: Path) -> dict[str, int]:
    """Read the classes' numbers in ILSVRC's own list, from 1, as words, from meta.mat."""
    path = root / META
    if not path.is_file():
        raise ValueError(
            f"{root} has {OWN_NUMBERS}, whose numbers {META} explains; put that beside it, from "
            "the development kit."
        )
    from scipy.io import loadmat

    rows = loadmat(path, squeeze_me=True)["synsets"]
    place = {word: number for number, word in enumerate(imagenet.wordnet_numbers())}
    return {
        str(int(row["ILSVRC2012_ID"])): place[str(row["WNID"])]
        for row in rows
        if str(row["WNID"]) in place
    }
