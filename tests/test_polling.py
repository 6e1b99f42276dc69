"""Panels that follow a job draw it, start it again where it stopped, and know when it ends."""

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
