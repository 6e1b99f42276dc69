"""Public weights on a page: what can be fetched, how far it is, and how to stop it."""

from collections.abc import Iterator

import streamlit as st

from blurlab import limits, places
from blurlab.data.downloads import Progress
from blurlab.networks import published, store, zoo
from blurlab.ui import jobs, link, polling, show
from blurlab.ui.languages import say
from blurlab.ui.models import data

UNKNOWN_MB = 500  # taken for what a list does not say
PARAMETERS = {"public": link.flag()}


def public() -> None:
    """Draw the list of public weights, once it is asked for, and what can be done about one."""
    st.toggle(say("Show public weights"), st.session_state["public"], key="public")
    if not st.session_state["public"]:
        st.caption(
            say(
                "Every classifier of torchvision, adversarially trained ResNets of the Madry lab, "
                "CIFAR-10 ResNets and, where timm is installed, those of its own that name "
                "ImageNet's thousand classes. Without internet, what is listed above is what there "
                "is."
            )
        )
        return
    table, installed = published.table(), store.names()
    rows = [
        {
            "weights": weights.title,
            "size (MB)": weights.megabytes,
            "name": name,
            "installed": name in installed,
        }
        for name, weights in table.items()
    ]
    heads = {
        "weights": say("weights"),
        "size (MB)": say("size (MB)"),
        "name": say("name"),
        "installed": say("installed"),
    }
    st.dataframe(rows, hide_index=True, height=260, column_config=heads)
    titles = {name: title(name) for name in table}
    st.selectbox(
        say("Weights to fetch"), list(table), key="weights", format_func=titles.__getitem__
    )
    fetching(st.session_state["weights"])
    st.caption(
        say(
            "A file is checked against its published SHA-256 before it is opened, nothing in it is "
            "run, and a download that was stopped goes on where it ended. Models of RobustBench "
            "have their own licences: fetch one as its page says, then add it below."
        )
    )


def title(name: str) -> str:
    weights = zoo.find(name)
    if not weights.megabytes:
        return weights.title
    return say("{title} ({size:,.0f} MB)", title=weights.title, size=weights.megabytes)


def key(name: str) -> tuple:
    return ("download", name)


def fetching(name: str) -> None:
    """Draw the button and the progress of one download, polling its job while it runs."""
    polling.follow(
        lambda: jobs.find(key(name)),
        lambda job: buttons(name, job),
        seconds=0.5,
        restart=lambda: start(name),
    )


def buttons(name: str, job: jobs.Job | None) -> None:
    left, rest = st.columns([1, 5], vertical_alignment="center")
    if name in store.names():
        rest.markdown(say("Installed as {name}.", name=show.plain(name)))
        return
    if polling.is_working(job):
        left.button(say("Cancel"), on_click=jobs.cancel, args=(job,), width="stretch")
        rest.progress(*progress(job))
        return
    left.button(say("Download"), on_click=begin, args=(name,), type="primary", width="stretch")
    if job is not None and job.state == "failed":
        with rest:
            show.error(job.error)  # begins with an address, most times
    elif job is not None:
        rest.markdown(say("Stopped; what has arrived is kept."))


def progress(job: jobs.Job) -> tuple[float, str]:
    """Return how much of the file is here, as a share and in words."""
    if not job.results:
        return 0.0, doing(job)
    done, total = job.results[-1]
    if total is None:
        return 0.0, data.arrived(done)
    words = say("checking and installing") if done == total else doing(job)
    return min(done / total, 1.0), f"{words}: {data.arrived(done, total)}"


def doing(job: jobs.Job) -> str:
    return polling.doing(job, say("fetching"), say("waiting for its turn"))


def begin(name: str) -> None:
    """Start the download, anew if it was cancelled or has failed; what has come is kept."""
    jobs.forget(key(name))
    start(name)


def start(name: str) -> jobs.Job:
    return jobs.poll(key(name), lambda: fetched(name), queue="downloads")


def fetched(name: str) -> Iterator[Progress]:
    """Download and install public weights where there is room for another network."""
    megabytes = zoo.find(name).megabytes or UNKNOWN_MB
    limits.check_models(
        places.models_folder(), int(2 * megabytes * 1e6)
    )  # the file, and the tensors
    yield from zoo.download(name)
