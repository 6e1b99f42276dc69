"""A story as it is told: its step above the page, and the keys that lead through it."""

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from blurlab.ui import languages, link, show
from blurlab.ui.feed import source
from blurlab.ui.languages import say
from blurlab.ui.stories import reading
from blurlab.ui.stories.reading import Step, Story

FIRST = "what_does_it_see"  # of the button on Home
WORDINGS = {"plain": "Plain words", "expert": "Expert words"}
OVER = "story_over"  # in the session: the story that has ended, and the page of its last step
TURN = "story_turn"  # in the session: the page that the step which was turned to is on
STYLE = """<style>
.st-key-story { border-left: 0.4rem solid var(--st-primary-color, #0072B2); }
.st-key-story p { margin: 0; }
/* Below a step there is room for a whole figure, but for a large title. */
[data-testid="stMain"]:has(.st-key-story) h1 {
  font-size: 1.15rem !important; padding: 0 !important;
}
[data-testid="stAppViewContainer"]:has(.st-key-story):not(:has([data-testid="stExpandSidebarButton"]))
  [data-testid="stMainBlockContainer"] { padding-top: 1rem; }
.st-key-story [data-testid="stCaptionContainer"] { margin: 0; }
.st-key-story_said { font-size: 1.25rem; line-height: 1.35; }
.st-key-story_said p { font-size: inherit; }
.st-key-story_present { margin: 0 3rem -0.5rem 0; }
.st-key-story_present p {
  font-size: 28px !important; line-height: 1.25; font-weight: 600; margin: 0;
}
.st-key-story_turn { position: fixed; right: 0.5rem; bottom: 0.2rem; width: auto; z-index: 10; }
.st-key-story_turn button { min-height: 0; padding: 0.1rem 0.5rem; }
</style>"""
HOLD = f"<script>{source('hold.js')}</script>"

_keys = st.components.v2.component("blurlab_story", html="<span></span>", js=source("story.js"))


def parameters() -> dict[str, link.Parameter]:
    """Return a story's place as every page's address holds it."""
    return {
        "story": link.choice(["", *reading.stories()], ""),
        "story_step": link.number(1, reading.MOST_STEPS, 1),
        "wording": link.choice(list(WORDINGS), "plain"),
    }


def follow(page: StreamlitPage) -> None:
    """Go to the page of the step that was turned to, before this one is drawn.

    An address with nothing but a story's place opens that step.
    """
    state = st.session_state
    state["story_page"] = page.url_path or "home"
    if "story_opened" not in state:
        state["story_opened"] = True
        if state["story"] and set(st.query_params) <= {*parameters(), "present", "lang"}:
            go(state["story"], state["story_step"])
    asked = state.pop(TURN, None)
    if asked is not None and asked != (page.url_path or "home"):
        st.switch_page(f"pages/{asked}.py")


def go(name: str, number: int) -> None:
    """Turn to a step of a story; none after the last one, which ends it."""
    steps = reading.stories()[name].steps
    is_over = number > len(steps)
    st.session_state[OVER] = (name, steps[-1].page) if is_over else None
    link.hand_over({"story": "" if is_over else name, "story_step": 1 if is_over else number})
    if not is_over:
        step = steps[max(number, 1) - 1]
        open_page(step.page, step.state)


def open_page(page: str, state: dict[str, str]) -> None:
    """Turn to a page as an address with this state would open it; called by a button."""
    st.session_state[TURN] = page
    link.turn_to(state)


def leave() -> None:
    """End a story where it is."""
    link.hand_over({"story": "", "story_step": 1})


def tell() -> None:
    """Draw the step that the story is at, above its page."""
    name = st.session_state["story"]
    if not name:
        _tell_end()
        return
    story = reading.stories(languages.current())[name]
    number = min(int(st.session_state["story_step"]), len(story.steps))
    step = story.steps[number - 1]
    st.html(HOLD, unsafe_allow_javascript=True)
    st.html(STYLE)
    is_presented = st.session_state["present"]
    draw = _present if is_presented else _show
    draw(name, story, number, step)
    said, expect = sentences(step)
    place = say("{number} of {count}", number=number, count=len(story.steps))
    note = {"title": f"{story.title}, {place}", "say": said, "expect": expect}
    note |= {"look": say("Look at {look}.", look=step.look)}
    _keys(key="story_keys", data=note)


def _tell_end() -> None:
    """Say that a story is over, on the page of its last step, and what can come next."""
    over, page = st.session_state.get(OVER) or ("", ""), st.session_state.get("story_page")
    found = reading.stories(languages.current())
    if over[0] not in found or over[1] != page:
        return
    names = list(found)
    after = names[(names.index(over[0]) + 1) % len(names)]
    st.html(STYLE)
    with st.container(border=True, key="story"):
        with st.container(key="story_said"):
            st.markdown(
                say("**“{title}” is over.** This page stays as it is: try it yourself.",
                    title=show.plain(found[over[0]].title))
            )  # fmt: skip
        with st.container(horizontal=True):
            st.button(
                say("Next story: {title}", title=show.plain(found[after].title)),
                type="primary", on_click=go, args=(after, 1), key="story_after",
            )  # fmt: skip
            st.button(say("Close"), on_click=_close, key="story_close", type="tertiary")


def _close() -> None:
    st.session_state[OVER] = None


def sentences(step: Step) -> tuple[str, str]:
    """Return what to say and what to expect, as plainly as was chosen."""
    if st.session_state["wording"] == "expert":
        return step.expert_say, step.expert_expect
    return step.say, step.expect


def _show(name: str, story: Story, number: int, step: Step) -> None:
    said, expect = sentences(step)
    look = say("Look at {look}.", look=step.look)
    place = say("{number} of {count}", number=number, count=len(story.steps))
    with st.container(border=True, key="story"):
        with st.container(key="story_said"):
            st.markdown(f"**{show.plain(said)}**")
        st.markdown(f"{show.plain(expect)} *{show.plain(look)}*")
        with st.container(horizontal=True, vertical_alignment="center"):
            _buttons(name, story, number)
            st.caption(
                f"{show.plain(story.title)} · {place}",
                help=say(
                    "Space, → or Page Down goes on, ← or Page Up goes back, B blacks the screen, "
                    "N opens notes in a window of their own; presenter mode shows the sentence "
                    "alone"
                ),
            )
            wordings = {each: say(title) for each, title in WORDINGS.items()}
            st.segmented_control(
                say("Wording"), list(WORDINGS), default=st.session_state["wording"], key="wording",
                format_func=wordings.__getitem__, required=True,
                label_visibility="collapsed",
            )  # fmt: skip
            st.button(say("Leave the story"), on_click=leave, key="story_leave", type="tertiary")


def _present(name: str, story: Story, number: int, step: Step) -> None:
    with st.container(key="story_present"):
        st.markdown(show.plain(sentences(step)[0]))
    with st.container(key="story_turn", horizontal=True):
        _buttons(name, story, number)


def _buttons(name: str, story: Story, number: int) -> None:
    is_last, presented = number == len(story.steps), st.session_state["present"]
    st.button(
        say("Back"), on_click=go, args=(name, number - 1), key="story_back", disabled=number == 1,
        type="tertiary" if presented else "secondary",
    )  # fmt: skip
    st.button(
        say("Finish") if is_last else say("Next"), on_click=go, args=(name, number + 1),
        key="story_next",
        type="tertiary" if presented else "primary",
    )  # fmt: skip


def offer() -> None:
    """Draw the way into the stories."""
    found = reading.stories(languages.current())
    if st.session_state["story"] or not found:
        return
    first = FIRST if FIRST in found else next(iter(found))
    st.button(
        say("Start the guided story"), type="primary", icon=":material/play_arrow:",
        on_click=go, args=(first, 1), key="story_start",
    )  # fmt: skip
    with st.popover(say("More stories"), icon=":material/auto_stories:"):
        for name, story in found.items():
            words = f"{story.title} ({story.minutes} min, {story.audience})"
            st.button(show.plain(words), on_click=go, args=(name, 1), key=f"story_{name}")
        for sentence in reading.broken(languages.current()):
            show.error(sentence)
