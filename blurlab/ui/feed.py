"""How views in the browser get what they show: by a tiny second component, or all in one file.

While a browser loads a component's script, it may call it with older data after newer, and end a
call after the next began. So data carry the time of their last change, scripts pass over data that
are older than what they have, and views also pass over calls for a place that has left the page.
"""

import html
import json
import time
from pathlib import Path
from typing import Any

import streamlit as st

from blurlab.ui import languages

HERE = Path(__file__).parent / "browser"
# The feed shows nothing, so its place in Streamlit's column, gap included, is taken away.
FEED = """
export default function feed({ data, parentElement }) {
  const place = parentElement.getRootNode().host ?? parentElement;
  place.closest('[data-testid="stElementContainer"]')?.style.setProperty("display", "none");
  const slots = (window.blurlabStages ??= new Map());
  if (!slots.has(data.stage)) slots.set(data.stage, {});
  const slot = slots.get(data.stage), times = (slot.times ??= {});
  if (data.time < times[data.part]) return;
  times[data.part] = data.time;
  slot[data.part] = data.content;
  slot.changed?.();
}
"""
PAGE = """<!doctype html>
<html lang="{code}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ margin: 1.5rem auto; max-width: 1600px; padding: 0 1.5rem; }}
@media (prefers-color-scheme: dark) {{
  body {{
    background: #0e1117; --st-background-color: #0e1117;
    --st-text-color: #fafafa; --st-secondary-background-color: #1d212b;
  }}
}}
{css}
</style>
<body><main class="blurlab-page">{body}</main>
<script type="application/json" id="data">{data}</script>
<script type="module">
{script}
{view}({{
  data: JSON.parse(document.getElementById("data").textContent),
  parentElement: document.querySelector("main"),
  setStateValue() {{}},
}});
</script>
</body>
</html>
"""

_feed = st.components.v2.component("blurlab_feed", html="<i hidden></i>", js=FEED)


def feed(view: str, part: str, content: Any) -> None:
    """Put content, as JSON, where the view of this key looks for this part of its slot."""
    key = f"{view}-{part}"
    _feed(key=key, data=timed(key, {"stage": view, "part": part, "content": content}))


def timed(key: str, data: dict[str, Any]) -> dict[str, Any]:
    """Add to the data of a component the time, in seconds, at which they last changed."""
    changed, known = st.session_state.get(f"{key}-data", (0.0, None))
    if data != known:
        changed = time.time()
        st.session_state[f"{key}-data"] = changed, data
    return data | {"time": changed}


def source(*names: str) -> str:
    """Join files that lie beside this one; later ones use what earlier ones define."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)


def page(view: str, data: dict, title: str, *, body: str, css: str, script: str) -> str:
    """Give a view as one HTML file that works without a server.

    view: the function of the script that shows it.  data: what it is called with, the parts of its
    slot among them.
    """
    # Inside a script element only "<" could end the data early.
    embedded = json.dumps(data).replace("<", "\\u003c")
    return PAGE.format(
        code=languages.current(),
        view=view,
        title=html.escape(title),
        css=css,
        body=body,
        data=embedded,
        script=script,
    )


def nothing() -> None:
    """Stand in for a callback: Streamlit keeps only state that has one."""
