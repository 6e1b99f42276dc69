"""A person's own folder of pictures on a page: checked, shown, and handed to the measures."""

from collections.abc import Iterator
from typing import NamedTuple

import streamlit as st

from blurlab.data import sets, sources
from blurlab.data.folders import Checked
from blurlab.measures.shared_classes import FEWEST, shared_names
from blurlab.networks import store
from blurlab.ui import allowed, cache, jobs, link, polling, shell, show
from blurlab.ui.languages import say
from blurlab.ui.models import data
from blurlab.ui.sensitivity import job as measures_job

LONGEST = 1000  # characters of a folder's name
PARAMETERS = {"folder": link.text("", LONGEST)}
FIRST = 12  # pictures
NAMED = 8  # skipped files
MEASURE = "Measure on these pictures"
STOPPED = "Stopped before every file was checked."


class Found(NamedTuple):
    """A folder's pictures, as the page shows them: first holds (class, data URL).

    skipped, numbers, notes: as of folders.Source.
    """

    classes: tuple[str, ...]
    counts: list[int]
    first: list[tuple[str, str]]
    skipped: tuple[str, ...]
    numbers: tuple[int | None, ...]
    notes: tuple[str, ...]


def own() -> None:
    """Draw the field for a folder, and what is found in it once it is checked."""
    words = st.session_state["folder"].strip()
    st.markdown(
        say("**Your own pictures**: a folder that holds one folder per class, named for it.")
    )
    if not allowed.folders():
        st.caption(show.plain(say(allowed.OFF)))
        return
    st.text_input(
        say("Folder on the machine that runs this app"),
        st.session_state["folder"],
        key="folder",
        max_chars=LONGEST,
        placeholder="/path/to/pictures",
        on_change=leave,
        args=(words,),
        help=say(
            "Or DIR/CORRUPTION/SEVERITY, such as DIR/fog/3, in the layout of ImageNet-C or "
            "CIFAR-10-C"
        ),
    )
    if words:
        polling.follow(lambda: checking(words), lambda job: checked(words, job), seconds=0.5)


def stop_until_checked(words: str, parameters: dict[str, link.Parameter]) -> None:
    """End the page for as long as a folder is not checked, and draw how far that is.

    Data sets need no check, and a folder that cannot be used is left to whoever plans with it.
    parameters: of the page, to write its address.
    """
    if words in sets.DATASETS:
        return
    job = checking(words)
    if polling.is_working(job) or job.state == "cancelled":
        polling.follow(lambda: checking(words), lambda job: awaited(words, job), seconds=0.5)
        link.write(shell.SHARED | parameters)
        st.stop()


def leave(words: str) -> None:
    """Stop checking a folder that the field does not name any more."""
    if polling.is_working(jobs.find(("folder", words))):
        jobs.forget(("folder", words))


def checking(words: str) -> jobs.Job:
    return jobs.poll(("folder", words), lambda: look(words), queue="checks")


def look(words: str) -> Iterator[Checked | Found]:
    """Check a folder, yielding how far that is at every percent, and then what is in it."""
    told = 0
    for step in sources.check(allowed.opened(words)):
        jobs.checkpoint()
        if (percent := 100 * step.done // step.count) > told:
            told = percent
            yield step
    measures_job.source.cache_clear()  # what it knows of this folder may be out of date
    source = sources.find(allowed.opened(words), data.SIDE)
    seen = sources.overview(source, FIRST)
    yield Found(
        source.classes,
        seen.counts,
        data.as_urls(seen.first),
        source.skipped,
        source.numbers,
        source.notes,
    )


def awaited(words: str, job: jobs.Job) -> None:
    """Draw how far the check of a folder is, or that it was stopped."""
    if polling.is_working(job):
        progress(job)
    elif job.state == "cancelled":
        st.markdown(say(STOPPED))
        again(words)
    else:  # it ended after the page had looked
        st.rerun()


def progress(job: jobs.Job) -> None:
    """Draw how far the check of a folder is."""
    left, rest = st.columns([1, 5], vertical_alignment="center")
    left.button(
        say("Cancel"), key="folder_cancel", on_click=jobs.cancel, args=(job,), width="stretch"
    )
    step = job.results[-1] if job.results else Checked(0, 0)
    words = polling.doing(job, say("checking"), say(data.WAITING))
    if step.count:
        words += say(": {done:,} of {count:,} files", done=step.done, count=step.count)
    rest.progress(step.done / max(step.count, 1), words)


def again(words: str) -> None:
    st.button(say("Check again"), on_click=jobs.forget, args=(("folder", words),))


def checked(words: str, job: jobs.Job) -> None:
    """Draw how far the check of a folder is, or what it has found."""
    if polling.is_working(job):
        progress(job)
        return
    fitting: list[str] = []
    if job.state == "failed":
        show.error(show.capital(job.error))
    elif job.state == "done":
        show_found(job.results[-1])
        fitting = show_networks(job.results[-1])
    elif job.state == "cancelled":
        st.markdown(say(STOPPED))
    with st.container(horizontal=True):
        if fitting and st.button(
            say(MEASURE), type="primary", on_click=choose, args=(words, fitting)
        ):
            st.switch_page("pages/sensitivity.py")
        again(words)


def show_found(found: Found) -> None:
    """Show a folder's classes, its first pictures, and what was skipped."""
    numbers, shown = st.columns([1, 3], gap="medium")
    count, classes = sum(found.counts), len(found.classes)
    numbers.markdown(
        say("{count:,} pictures of {classes:,} classes:", count=count, classes=classes)
    )
    rows = zip(found.classes, found.counts, strict=True)
    heads = {"class": say("class"), "pictures": say("pictures")}
    numbers.dataframe(
        [{"class": name, "pictures": n} for name, n in rows], hide_index=True, column_config=heads
    )
    for note in found.notes:
        st.caption(show.plain(show.capital(note)))
    with shown:
        st.markdown(say("The first of them:"))
        data.show_first(found.first)
    if found.skipped:
        named = [f"- {show.plain(say(sentence))}" for sentence in found.skipped[:NAMED]]
        more = len(found.skipped) - NAMED
        named += [f"- {say('and {more:,} more.', more=more)}"] if more > 0 else []
        skipped = say("Skipped files ({count:,}):", count=len(found.skipped))
        st.markdown("\n".join([skipped, "", *named]))


def show_networks(found: Found) -> list[str]:
    """Say which networks can be measured on a folder, and return their names."""
    shares = {
        name: len(shared_names(found.classes, store.card(name)["classes"], found.numbers))
        for name in store.names()
    }
    fitting = [name for name, count in shares.items() if count >= FEWEST]
    if not fitting:
        st.warning(
            say(
                "No installed network knows two of these classes, so none can be measured on them. "
                "Name the folders for classes that a network knows, as its card lists them, or add "
                "a network of your own that knows these."
            )
        )
        return []
    st.markdown(
        say("Networks that know two or more of these classes, and so can be measured on them:")
    )
    rows = [{"network": cache.title(name), "classes shared": shares[name]} for name in fitting]
    heads = {"network": say("network"), "classes shared": say("classes shared")}
    st.dataframe(rows, hide_index=True, width="content", column_config=heads)
    return fitting


def choose(words: str, fitting: list[str]) -> None:
    """Choose a folder for the measures, and networks that fit it unless those chosen already do.

    Of many, they are those that a page opens with for the pictures that they were trained on.
    """
    chosen = [name for name in st.session_state["models"] if name in fitting]
    opened = [n for n in fitting if n in shell.fitting(cache.card(n)["recipe"].get("data"))]
    link.hand_over({"data": words, "n": 0, "models": chosen or opened or fitting})
