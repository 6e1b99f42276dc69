"""What a browser shows from its first answer until a page is drawn: that BlurLab is starting.

Streamlit's own first page is white until its script has drawn something, which on a server that
has just been started waits for the models.
"""

import json
from typing import Any
from urllib.parse import parse_qs

from blurlab.ui import languages
from blurlab.ui.feed import source
from blurlab.ui.languages import say

ROOT = '<div id="root"></div>'  # of Streamlit's page, which its script fills
TITLE = "<title>Streamlit</title>"
DRAWN = (
    '[data-testid="stMain"] [data-testid="stElementContainer"], [role="dialog"], '
    '[data-testid="stException"]'
)
PART = """<style>
#blurlab-starting {
  position: fixed; inset: 0; z-index: 1000000; display: grid; place-content: center; gap: 0.5rem;
  padding: 1rem; text-align: center; font: 1.1rem/1.4 system-ui, sans-serif;
  color: #14171c; background: #fff;
}
#blurlab-starting b { font-size: 1.5rem; }
@media (prefers-color-scheme: dark) {
  #blurlab-starting { color: #fafafa; background: #0e1117; }
}
</style>
<script>
{
  // Otherwise Streamlit looks for itself below the page's own name first, and is told twice that
  // nothing is there.
  window.__streamlit = { BACKEND_BASE_URL: new URL(".", location.href).href };
  if (new URLSearchParams(location.search).has("story")) {
    %(hold)s
  }
  const words = document.createElement("div");
  words.id = "blurlab-starting";
  words.setAttribute("role", "status");
  words.innerHTML = %(words)s;
  document.body.append(words);
  new MutationObserver((_, observer) => {
    if (!document.querySelector('%(drawn)s')) return;
    words.remove();
    observer.disconnect();
  }).observe(document.getElementById("root"), { childList: true, subtree: true });
}
</script>"""
# An answer that is packed, or that says nothing has changed, has no place for words.
NOT_ASKED = (b"accept-encoding", b"if-none-match", b"if-modified-since")


def saying_so(app: Any) -> Any:
    """Wrap an ASGI application so that Streamlit's page says that it starts, under any path."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        accepted = dict(scope.get("headers", ())).get(b"accept", b"")
        if scope["type"] != "http" or b"text/html" not in accepted:
            await app(scope, receive, send)
            return
        asked = [(name, value) for name, value in scope["headers"] if name not in NOT_ASKED]
        begun, body = None, b""

        async def passed_on(message: Any) -> None:
            nonlocal begun, body
            if message["type"] == "http.response.start":
                if b"text/html" in dict(message["headers"]).get(b"content-type", b""):
                    begun = message
                    return
            elif begun is not None:
                body += message.get("body", b"")
                if message.get("more_body"):
                    return
                body = with_words(body.decode(), _language(scope)).encode()
                await send(begun | {"headers": _of_length(begun["headers"], len(body))})
                message = {"type": "http.response.body", "body": body}
            await send(message)

        await app(scope | {"headers": asked}, receive, passed_on)

    return answer


def with_words(page: str, code: str) -> str:
    """Put the words in a language into Streamlit's page, and leave any other as it is."""
    return page.replace(ROOT, ROOT + _part(code), 1).replace(TITLE, "<title>BlurLab</title>", 1)


def _part(code: str) -> str:
    with languages.speaking(code):
        starts, loads = say("BlurLab is starting …"), say("It loads its networks once.")
    words = json.dumps(f"<b>{starts}</b><span>{loads}</span>", ensure_ascii=False)
    return PART % {"hold": source("hold.js"), "drawn": DRAWN, "words": words}


def _language(scope: Any) -> str:
    """Return the code of the address's language, or else of the browser's."""
    asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("lang", [""])[0]
    if asked in languages.names():
        return asked
    return languages.best(dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1"))


def _of_length(headers: list[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    others = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    return [*others, (b"content-length", str(length).encode())]
