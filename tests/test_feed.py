"""The feed: what views are given reaches them in the order in which it was given."""

import json
from urllib.parse import quote

import pytest
from streamlit.testing.v1 import AppTest

from blurlab.ui.feed import FEED


@pytest.mark.browser
def test_older_data_that_come_after_newer_are_passed_over(browser):
    contents = browser.new_page().evaluate(
        """async script => {
          const { default: feed } = await import(`data:text/javascript,${script}`);
          const calls = [[1, "first"], [3, "third"], [2, "second"], [3, "third"]];
          return calls.map(([time, content]) => {
            const data = { stage: "view", part: "answers", time, content };
            feed({ data, parentElement: document.body });
            return window.blurlabStages.get("view").answers;
          });
        }""",
        quote(FEED),
    )
    assert contents == ["first", "third", "third", "third"]


def test_data_carry_the_time_of_their_last_change():
    def script():
        import streamlit as st

        from blurlab.ui.feed import feed

        feed("view", "answers", [st.session_state.get("said", 0.5)])

    app = AppTest.from_function(script).run()
    first, again = fed(app), fed(app.run())
    app.session_state["said"] = 0.7
    changed = fed(app.run())
    assert again == first
    assert (first["content"], changed["content"]) == ([0.5], [0.7])
    assert changed["time"] > first["time"]


def fed(app):
    (found,) = app.get("bidi_component")
    return json.loads(found.proto.json)
