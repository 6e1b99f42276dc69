"""What the server's first answer says, whatever it is asked."""

import asyncio

import pytest

from blurlab.ui.starting import ROOT, saying_so

PAGE = f"<html><title>Streamlit</title><body>{ROOT}</body></html>"


def answered(content, kind, accepted="text/html,*/*", scope="http", query="", **headers):
    """Ask an application that answers in two pieces; return what it was asked, and what it said."""
    asked, said = [], []

    async def app(scope, receive, send):
        asked.append(dict(scope["headers"]))
        length = [(b"content-length", str(len(content)).encode())]
        start = {"status": 200, "headers": [(b"content-type", kind.encode()), *length]}
        await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": content[:9], "more_body": True})
        await send({"type": "http.response.body", "body": content[9:]})

    async def send(message):
        said.append(message)

    sent = {"accept": accepted, **headers}
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()]
    asked_for = {"type": scope, "headers": sent, "query_string": query.encode()}
    asyncio.run(saying_so(app)(asked_for, None, send))
    start, *parts = said
    body = b"".join(part["body"] for part in parts)
    assert dict(start["headers"])[b"content-length"] == str(len(body)).encode()
    return asked[0], body.decode()


def test_streamlits_page_says_at_once_that_blurlab_is_starting():
    _, body = answered(PAGE.encode(), "text/html; charset=utf-8")
    assert "BlurLab is starting" in body
    assert "<title>BlurLab</title>" in body
    assert 'BACKEND_BASE_URL: new URL(".", location.href).href' in body
    assert body.index(ROOT) < body.index("BlurLab is starting")


@pytest.mark.parametrize(
    ("query", "browser", "words"),
    [
        ("", "de-CH, en;q=0.5", "BlurLab startet"),
        ("lang=de", "en-GB", "BlurLab startet"),
        ("lang=en", "de-DE", "BlurLab is starting"),
        ("lang=tlh", "de-DE", "BlurLab startet"),
        ("lang=%ff", "fr", "BlurLab is starting"),
    ],
)
def test_it_says_so_in_the_addresss_language_or_else_the_browsers(query, browser, words):
    _, body = answered(PAGE.encode(), "text/html", accept_language=browser, query=query)
    assert words in body
    assert body.count("BlurLab ") == body.count(words)


@pytest.mark.parametrize(
    ("content", "kind", "accepted"),
    [
        ("<html>no place for words</html>", "text/html", "text/html"),
        (PAGE, "text/plain", "text/html"),
        (PAGE, "text/html", "*/*"),
    ],
)
def test_every_other_answer_is_left_as_it_is(content, kind, accepted):
    assert answered(content.encode(), kind, accepted)[1] == content


def test_a_page_is_asked_for_whole_and_unpacked():
    asked, _ = answered(
        PAGE.encode(), "text/html", accept_encoding="gzip", if_none_match="1", cookie="kept"
    )
    assert set(asked) == {b"accept", b"cookie"}


def test_what_is_no_request_for_a_page_passes():
    asked, body = answered(PAGE.encode(), "text/html", scope="websocket")
    assert asked[b"accept"]
    assert body == PAGE
