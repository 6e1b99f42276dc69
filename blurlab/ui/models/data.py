"""Pictures on a page: those that ship, and published data sets, which can be fetched."""

from collections.abc import Iterator

import streamlit as st
from torch import Tensor

from blurlab import limits, places
from blurlab.data import archives
from blurlab.pictures import images, objects, photographs
from blurlab.ui import cache, jobs, polling, show
from blurlab.ui.languages import say, say_each

SIDE, WIDTH = 160, 112  # pixels, of the first pictures and of what the page gives them
WAITING = "waiting until another has ended"
KINDS = {
    "imagenette": "photographs of ten of ImageNet's classes, with a shorter side of 160 pixels",
    "cifar10": "pictures of 32 x 32 pixels",
}


def pictures() -> None:
    """Draw what pictures there are, and what can be done about those that are not here."""
    shipped()
    for name in archives.ARCHIVES:
        published(name)


def shipped() -> None:
    """Show the pictures that every machine has, with a few of them."""
    names = say_each(objects.CLASSES)
    st.markdown(
        say(
            "**Objects**: {names}, drawn as needed, any number at any size. Outline and surface "
            "each name the class.",
            names=", ".join(names),
        )
    )
    drawn = [cache.Choice("object", name, 11) for name in objects.CLASSES]
    st.image([cache.data_url(choice) for choice in drawn], width=WIDTH, alt=names)
    known = photographs.here()
    st.markdown(say("**Photographs** inside scikit-image: {count}.", count=len(known)))
    chosen = [cache.Choice("photograph", name) for name in known]
    titles = [say(photograph.title) for photograph in known.values()]
    st.image([cache.data_url(choice) for choice in chosen], width=WIDTH, alt=titles)


def published(name: str) -> None:
    """Draw a published data set: that it is here and its first pictures, or the way to fetch it."""
    if archives.place(name).is_dir():
        job = looking(name)
        if job.state != "failed":
            polling.follow(lambda: looking(name), lambda job: here(name, job), seconds=0.3)
            return
        show.error(job.error)
    polling.follow(
        lambda: jobs.find(key(name)),
        lambda job: fetching(name, job),
        seconds=0.5,
        restart=lambda: start(name),
    )


def looking(name: str) -> jobs.Job:
    """Return the job that reads the first pictures of a data set that is here."""
    place = archives.place(name)

    def steps() -> Iterator[tuple[tuple[int, int], list[tuple[str, str]]]]:
        yield archives.counts(name), as_urls(archives.first_pictures(name, SIDE))

    return jobs.poll(("first pictures", str(place), place.stat().st_mtime_ns), steps)


def as_urls(first: list[tuple[str, Tensor]]) -> list[tuple[str, str]]:
    return [(name, images.data_url(image / 255, "jpeg")) for name, image in first]


def here(name: str, job: jobs.Job) -> None:
    """Show that a data set is here, how much of it, and its first pictures."""
    archive = archives.ARCHIVES[name]
    where = say("**{title}** is here: {kind}.", title=archive.title, kind=say(KINDS[name]))
    if not job.results:
        st.markdown(where)
        return
    (train, val), first = job.results[0]
    counted = say(
        "{train:,} are to train on and {val:,} to measure on, of which these are the first of each "
        "class.",
        train=train,
        val=val,
    )
    st.markdown(f"{where} {counted}")
    if (train, val) != (archive.train, archive.val):
        st.warning(
            say(
                "Those published are {train:,} and {val:,}: remove the folder {folder} from the "
                "data to fetch it whole.",
                train=archive.train,
                val=archive.val,
                folder=archives.place(name).name,
            )
        )
    if first:
        show_first(first)


def show_first(first: list[tuple[str, str]]) -> None:
    names = [name for name, _ in first]
    captions = [show.plain(name) for name in say_each(names)]
    st.image([url for _, url in first], captions, width=WIDTH, alt=names)


def key(name: str) -> tuple:
    return ("data set", name)


def fetching(name: str, job: jobs.Job | None) -> None:
    """Draw the button and the progress of the download of a data set."""
    archive = archives.ARCHIVES[name]
    st.markdown(
        say(
            "**{title}** can be fetched: {count:,} {kind}.",
            title=archive.title,
            count=archive.train + archive.val,
            kind=say(KINDS[name]),
        )
    )
    if polling.is_working(job):
        left, rest = st.columns([1, 5], vertical_alignment="center")
        left.button(
            say("Cancel"),
            key=f"{name}_cancel",
            on_click=jobs.cancel,
            args=(job,),
            width="stretch",
        )
        rest.progress(*progress(job))
        return
    if job is not None and job.state == "failed":
        show.error(job.error)
    with st.container(horizontal=True, vertical_alignment="center"):
        words = say(
            "Download {title} (about {size} MB)", title=archive.title, size=archive.megabytes
        )
        st.button(words, on_click=begin, args=(name,), type="primary")
        if job is not None and job.state == "cancelled":
            st.markdown(say("Stopped; what has arrived is kept."))
        elif job is None:
            st.caption(say("It is checked against its published MD5 before it is unpacked."))


def progress(job: jobs.Job) -> tuple[float, str]:
    """Return how far a download is, as a share and in words."""
    if not job.results:
        return 0.0, polling.doing(job, say("fetching"), say(WAITING))
    step: archives.Step = job.results[-1]
    if step.total is None:
        return 0.0, f"{say(step.doing)}: {arrived(step.done)}"
    words = f"{say(step.doing)}: {arrived(step.done, step.total)}"
    return min(step.done / step.total, 1.0), words


def arrived(done: float, total: float | None = None) -> str:
    """Say how many bytes of a download are here."""
    if total is None:
        return say("{done:,.1f} MB", done=done / 1e6)
    return say("{done:,.1f} of {total:,.1f} MB", done=done / 1e6, total=total / 1e6)


def begin(name: str) -> None:
    """Start a download, anew if it was cancelled or has failed; what has come is kept."""
    jobs.forget(key(name))
    start(name)


def start(name: str) -> jobs.Job:
    return jobs.poll(key(name), lambda: fetched(name), queue="downloads")


def fetched(name: str) -> Iterator[archives.Step]:
    """Download a data set where the disk has room for its archive and for what is in it."""
    limits.check_room(places.data_folder(), 3 * archives.ARCHIVES[name].megabytes * 1_000_000)
    yield from archives.download(name)
