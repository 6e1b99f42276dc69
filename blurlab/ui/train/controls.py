"""What there is to choose before two networks learn: the blur, the seed, and what the cues tell."""

import streamlit as st

from blurlab.training.live import SIZE, Lesson
from blurlab.ui import link
from blurlab.ui.languages import say

USUAL = Lesson()
MOST_SEED = 9999
PARAMETERS = {
    "lesson_sigma": link.number(0.5, 6.0, USUAL.sigma, "pixels"),
    "lesson_seed": link.number(0, MOST_SEED, USUAL.seed),
    "lesson_outline": link.number(0, 100, round(100 * USUAL.outline), "%"),
    "lesson_texture": link.number(0, 100, round(100 * USUAL.texture), "%"),
}
# What is said of a cue, and about it.
OUTLINE = (
    "Outline tells the class",
    "Share of the pictures to learn from whose outline is that of their class; in the others it is "
    "any class's",
)
TEXTURE = (
    "Texture tells the class",
    "Share of the pictures to learn from whose texture is that of their class; in the others it is "
    "any class's",
)


def choose() -> Lesson:
    """Draw the choices, and return the lesson that they describe; presenters set it beforehand."""
    state = st.session_state
    sigma, outline, texture, seed = st.columns([3, 3, 3, 2], gap="medium")
    sigma.slider(
        say("Blur of the second network"), 0.5, 6.0, float(state["lesson_sigma"]), 0.5,
        key="lesson_sigma", format="σ = %.1f px",
        help=say("Sigma of the Gaussian before it, in pixels of its {size} x {size}", size=SIZE),
    )  # fmt: skip
    for place, key, (label, about) in (
        (outline, "lesson_outline", OUTLINE),
        (texture, "lesson_texture", TEXTURE),
    ):
        place.slider(
            say(label), 0, 100, int(state[key]), 5, key=key, format="%d %%", help=say(about)
        )
    seed.number_input(say("Seed"), 0, MOST_SEED, int(state["lesson_seed"]), key="lesson_seed")
    return described()


def described() -> Lesson:
    """Return the lesson that the controls describe."""
    state = st.session_state
    return Lesson(
        state["lesson_sigma"], int(state["lesson_seed"]),
        state["lesson_outline"] / 100, state["lesson_texture"] / 100,
    )  # fmt: skip
