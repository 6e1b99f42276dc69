"""Panels that follow a job draw it, start it again where it stopped, and know when it ends."""

import pytest
from streamlit.testing.v1 import AppTest


def followed():
    import streamlit as st

    from blurlab.ui import jobs, polling

    def job(state):
        return jobs.Job(steps=lambda: iter(()), state=state)

    def draw(found):
        st.text("none" if found is None else found.state)

    states = iter(st.session_state["states"])
    polling.follow(
        lambda: (state := next(states)) and job(state),
        draw,
        seconds=9,
        restart=lambda: job("running"),
    )


def drawn(*states):
    """Return what is drawn of a job that is in these states each time that it is looked for."""
    app = AppTest.from_function(followed)
    app.session_state["states"] = states
    assert not app.run().exception
    return app.text[0].value


def test_a_job_that_stopped_while_it_was_followed_is_started_again():
    assert drawn("running", "stopped") == "running"


def test_a_job_that_had_stopped_before_is_left_alone():
    assert drawn("stopped", "stopped") == "stopped"


def changing_between_looks():
    import random

    import streamlit as st

    from blurlab.data.archives import Step
    from blurlab.data.folders import Checked
    from blurlab.ui import jobs
    from blurlab.ui.models import data, folder, public
    from blurlab.ui.sensitivity import view

    states = ("waiting", "running", "paused", "done", "cancelled", "stopped", "failed")
    draw = random.Random(st.session_state["seed"])

    class Changing(jobs.Job):
        """A job whose worker, or another session, changes it between any two looks."""

        state = property(lambda self: draw.choice(states), lambda self, value: None)
        wish = property(
            lambda self: draw.choice(("run", "pause", "cancel")), lambda self, value: None
        )

    def job(*results):
        return Changing(steps=lambda: iter(()), results=list(results), error="it broke.")

    for _ in range(20):
        for results in ((), ((1, 1),), ((1, 2),)):
            public.progress(job(*results))
        for results in ((), (Step("fetching", 1, 2),)):
            data.progress(job(*results))
        assert view.state_of(job()) in (*states, "pausing")
    folder.progress(job(Checked(1, 2)))
    public.buttons("torchvision_resnet18", job())
    data.fetching("cifar10", job())


@pytest.mark.parametrize("seed", range(12))
def test_a_job_may_change_between_any_two_looks(seed):
    app = AppTest.from_function(changing_between_looks)
    app.session_state["seed"] = seed
    assert not app.run().exception


def test_a_job_that_nobody_started_is_none():
    assert drawn(None, None) == "none"


def test_the_page_is_drawn_anew_when_the_job_has_ended_meanwhile():
    def changing():
        import streamlit as st

        from blurlab.ui import jobs, polling

        runs = st.session_state["runs"] = st.session_state.get("runs", 0) + 1
        states = iter(["running", "done"] if runs == 1 else ["done", "done"])
        polling.follow(
            lambda: jobs.Job(steps=lambda: iter(()), state=next(states)),
            lambda job: st.text(f"run {runs}: {job.state}"),
            seconds=9,
        )

    app = AppTest.from_function(changing).run()
    assert not app.exception
    assert [text.value for text in app.text] == ["run 2: done"]
