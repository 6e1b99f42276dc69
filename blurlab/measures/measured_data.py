"""Which pictures something is kept of, by what people call them."""

from typing import NamedTuple

from blurlab.data import sources
from blurlab.measures import results


class Measured(NamedTuple):
    """Pictures that something was measured on.

    title: what people call them.  names: the data of the keys that results of them are kept under,
    one for each size of the pictures and each choice of their classes.
    """

    title: str
    names: tuple[str, ...]


def data_sets() -> dict[str, Measured]:
    """Return what was measured on, by results.pictures_of: what ships first, then by title."""
    noted = results.titles()
    found: dict[str, dict[str, None]] = {}
    for key in results.listed():
        found.setdefault(results.pictures_of(key.data), {})[key.data] = None
    named = {data: Measured(_title(data, noted), tuple(names)) for data, names in found.items()}
    order = [*(f"{name}/val" for name in sources.TITLES), *sorted(named, key=named.__getitem__)]
    return {data: named[data] for data in dict.fromkeys(order) if data in named}


def _title(data: str, noted: dict[str, str]) -> str:
    kind, _, which = data.partition("/")
    if which == "val":
        return sources.TITLES.get(kind, kind)
    return noted.get(data) or f"{kind} {which[:8]}"
