"""The article: every word with its sentence, its picture, and a way to where it can be tried."""

import html

import streamlit as st

from blurlab.ui.learn import pictures
from blurlab.ui.learn.words import Word, words
from blurlab.ui.stories import telling

STYLE = """<style>
.learn { display: flex; flex-wrap: wrap; gap: 1rem; }
.learn figure { margin: 0; flex: 0 1 11rem; }
.learn img { width: 100%; border-radius: 0.3rem; }
.learn figcaption { opacity: 0.85; }
</style>"""


def show() -> None:
    """Draw the article."""
    for word in words():
        st.subheader(word.term, anchor=False)
        st.markdown(word.says)
        if word.picture:
            st.html(row(word))
        if word.page:
            st.button(
                "Try it", icon=":material/arrow_forward:", key=f"try_{word.term}",
                on_click=telling.open_page, args=(word.page, word.state),
            )  # fmt: skip


def row(word: Word) -> str:
    """Write a word's pictures side by side, as HTML."""
    figures = "".join(
        f'<figure><img src="{url}" alt="{html.escape(f"{word.term}: {words}")}">'
        f"<figcaption>{html.escape(words)}</figcaption></figure>"
        for words, url in pictures.drawn(word.picture)
    )
    return f'{STYLE}<div class="learn">{figures}</div>'
