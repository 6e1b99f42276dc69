"""Fits the PCA defence to training pictures and writes it with a card that says how."""

import json
from pathlib import Path

from blurlab.data import sets
from blurlab.filters import pca
from blurlab.networks import store


def fit(name: str, size: int, count: int, path: Path) -> dict:
    """Fit a basis to a data set's training pictures; write it, and its card beside it as .json.

    name: a key of data.DATASETS.  size: side in pixels that the pictures are reduced to.
    count: components to keep.
    Returns the card.
    Raises ValueError when the data set is not there or count is out of range.
    """
    pictures = sets.DATASETS[name]("train", size).in_memory()
    basis = pca.fit(pictures, count)
    path.parent.mkdir(parents=True, exist_ok=True)
    pca.save(basis, path)
    card = {
        "data": name,
        "split": "train",
        "pictures": len(pictures),
        "size": size,
        "components": count,
        "of": basis.mean.numel(),
        "explained_variance": round(basis.variance.sum().item(), 5),
        "largest_share_of_one_picture": round(pca.largest_shares(pictures, basis).max().item(), 5),
        "bytes": path.stat().st_size,
        "sha256": store.sha256(path),
    }
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n")
    return card
