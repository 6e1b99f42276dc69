"""What a saved figure says of itself: what it shows, of which networks and pictures, and how."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from plotly.graph_objects import Figure

from blurlab import limits
from blurlab.claims import compare, methods
from blurlab.measures import provenance
from blurlab.measures.table import MEASURES
from blurlab.networks import classifier, store
from blurlab.ui import cache


def told(
    title: str,
    names: Sequence[str] = (),
    *,
    pictures: str = "",
    seed: int | None = None,
    settings: Any = None,
    how: Sequence[str] = (),
) -> dict[str, str]:
    """Gather what there is to say of a figure, by keyword, as PNG and SVG hold it.

    names: of the installed networks that it shows.  settings: as JSON holds them.
    how: sentences on how it was measured; without them, it is computed now, and here.
    """
    now = provenance.told([provenance.made(classifier.best_device())])
    found = {
        "Title": title,
        "Networks": "; ".join(map(network, names)),
        "Pictures": pictures,
        "Seed": "" if seed is None else str(seed),
        "Settings": "" if settings is None else json.dumps(settings, ensure_ascii=False),
        "Methods": "\n".join([*how, *methods.references(how)]),
        "Software": methods.ways(now),
        "Cite": methods.REFERENCES["li2023"],
    }
    return {what: words for what, words in found.items() if words}


def kept(title: str, data: str, found: Mapping[str, Mapping[str, int]]) -> dict[str, str]:
    """Gather what there is to say of a figure of kept results, of the usual settings and seed 0.

    data: what people call the pictures.  found: for each network the measures that something is
    kept of, and of how many pictures.
    """
    sentences: dict[str, dict[str, None]] = {}
    counts: dict[str, set[int]] = {}
    for name, measures in found.items():
        for measure, pictures in measures.items():
            about = MEASURES[measure].methods(compare.settings(name, measure))
            sentences.setdefault(measure, {})[about] = None
            counts.setdefault(measure, set()).add(pictures)
    how = [f"{MEASURES[each].title}: {' '.join(about)}" for each, about in sentences.items()]
    many = (
        f"{' or '.join(f'{count:,}' for count in sorted(numbers))} for {MEASURES[each].title}"
        for each, numbers in counts.items()
    )
    return told(title, list(found), pictures=f"{data}: {'; '.join(many)}", seed=0, how=how)


def network(name: str) -> str:
    """Name a network with what its weights are known by."""
    card = store.card(name)
    return f"{card['title']} ({name}, SHA-256 {card['sha256'][:16]})"


def picture(choice: cache.Choice) -> str:
    """Say which picture a page shows; settings hold how it is aligned."""
    which = f", number {choice.variant}" if choice.kind in ("object", "imagenette") else ""
    name = limits.legible(choice.name)
    return f"{choice.kind} {name}{which}, {cache.SIZE} x {cache.SIZE} pixels"


def axes(figure: Figure) -> str:
    """Say what lies along the axes of a figure and in its colours, with the units."""
    across, up = (
        list(dict.fromkeys(axis.title.text for axis in found if axis.title.text))
        for found in (figure.select_xaxes(), figure.select_yaxes())
    )
    colour = figure.layout.coloraxis.colorbar.title.text
    parts = {"across": across, "up": up, "colour": [colour] if colour else []}
    words = (f"{place}: {', '.join(titles)}" for place, titles in parts.items() if titles)
    return "; ".join(words)
