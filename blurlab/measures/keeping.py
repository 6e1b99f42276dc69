"""What is kept of a work: the tallies of its batches, whole ones and those that are begun."""

from typing import Any

from blurlab.measures import provenance, results
from blurlab.measures.provenance import Made
from blurlab.measures.results import Key
from blurlab.measures.row import Tally
from blurlab.measures.work import Work


def kept(work: Work) -> dict[int, Tally]:
    """Return the tallies of this work that are kept, by the number of the batch."""
    found = results.read(work.key) | results.read(_key(work, work.numbers[-1]))
    return {
        number: found[number]
        for number in work.numbers
        if number in found and int(found[number]["pictures"]) == work.pictures(number, work.count)
    }


def recorded(work: Work) -> list[dict[str, Any]]:
    """Say what made the tallies of this work that are kept, as provenance.told does."""
    found = results.provenance(work.key) | results.provenance(_key(work, work.numbers[-1]))
    return provenance.told(found[number] for number in kept(work))


def begun(work: Work) -> dict[int, Tally]:
    """Return the tallies of the first pictures of batches that are not whole yet, by number."""
    last = work.numbers[-1]
    found = results.read(_begun(work, 0))
    found.pop(last, None)
    found |= {n: tally for n, tally in results.read(_begun(work, last)).items() if n == last}
    return {
        number: found[number]
        for number in work.numbers
        if number in found and int(found[number]["pictures"]) < work.pictures(number, work.count)
    }


def stamp(work: Work) -> tuple[int, ...]:
    """Return what changes whenever something is kept of this work."""
    last = work.numbers[-1]
    keys = (work.key, _key(work, last), _begun(work, 0), _begun(work, last))
    return tuple(each for key in keys for each in results.stamp(key))


def keep(work: Work, number: int, tally: Tally, made: Made | None = None) -> None:
    """Keep the tally of one batch, for this work and any other that has the same batch.

    made: what made it, where that is known.
    """
    if work.source.title:
        results.call(work.source.name, work.source.title)
    results.add(_key(work, number), number, tally, made)
    results.drop(_begun(work, number), number)


def keep_begun(work: Work, number: int, tally: Tally, made: Made | None = None) -> None:
    """Keep the tally of the first pictures of a batch, until it is whole."""
    results.add(_begun(work, number), number, tally, made)


def join(work: Work) -> None:
    """Put what is kept of a finished work into one file, which is faster to read."""
    if results.read(work.key):
        results.join(work.key)


def _begun(work: Work, number: int) -> Key:
    """Keep the first pictures of a batch apart until it is whole."""
    key = _key(work, number)
    return key._replace(settings=key.settings | {results.UNFINISHED: True})


def _key(work: Work, number: int) -> Key:
    """Keep a batch that the count cuts short apart, since a run over more pictures has it whole."""
    pictures = work.pictures(number, work.count)
    if pictures == work.pictures(number, work.source.count):
        return work.key
    return work.key._replace(settings=work.key.settings | {"pictures": pictures})
