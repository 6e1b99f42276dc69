"""A second, tiny component that hands a part of what a view shows to it, without its pictures."""

from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent
# The feed shows nothing, so its place in Streamlit's column, gap included, is taken away.
FEED = """
export default function feed({ data, parentElement }) {
  const place = parentElement.getRootNode().host ?? parentElement;
  place.closest('[data-testid="stElementContainer"]')?.style.setProperty("display", "none");
  const slots = (window.blurlabStages ??= new Map());
  if (!slots.has(data.stage)) slots.set(data.stage, {});
  const slot = slots.get(data.stage);
  slot[data.part] = data.content;
  slot.changed?.();
}
"""

_feed = st.components.v2.component("blurlab_feed", html="<i hidden></i>", js=FEED)


def feed(view: str, part: str, content: Any) -> None:
    """Put content, as JSON, where the view of this key looks for this part of its slot."""
    _feed(key=f"{view}-{part}", data={"stage": view, "part": part, "content": content})


def source(*names: str) -> str:
    """Join files that lie beside this one; later ones use what earlier ones define."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)


def nothing() -> None:
    """Stand in for a callback: Streamlit keeps only state that has one."""
