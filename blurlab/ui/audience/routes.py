"""What phones ask the server: the page on which they join, pictures, and what to do next."""

import json
import logging
from functools import lru_cache
from io import BytesIO

from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from blurlab.ui.channel import is_same_origin

JOIN, ROOM_PATH = "/join", "/blurlab/room"
MOST_BYTES = 1000  # of what a phone sends
QUALITY = 95  # of JPEG, without coarser colours: no difference is seen at a glance
A_DAY = "public, max-age=86400, immutable"

log = logging.getLogger(__name__)


def routes() -> list[Route]:
    """Return the routes that app.py adds to Streamlit's."""
    return [
        Route(JOIN, join),
        Route(ROOM_PATH, turn, methods=["POST"]),
        Route(ROOM_PATH + "/{kind}/{name}/{variant:int}.jpg", picture),
    ]


async def join(request: Request) -> Response:
    """Give the page on which a phone plays."""
    page = await run_in_threadpool(_page, await run_in_threadpool(_language, request))
    return HTMLResponse(page, headers={"Cache-Control": "no-store"})


def _language(request: Request) -> str:
    """Return the code of the phone's own language, or else of the presenter's."""
    from blurlab.ui import languages

    asked = request.headers.get("accept-language", ""), request.query_params.get("lang", "")
    return languages.best(",".join(asked))


@lru_cache(maxsize=16)
def _page(code: str) -> str:
    from blurlab.ui import cache, feed, languages, palette
    from blurlab.ui.audience import room
    from blurlab.ui.languages import say
    from blurlab.ui.you import deck

    body = feed.source("game.html")
    script = palette.script()
    script += feed.source("say.js", "elements.js", "fft.js", "trial.js", "join.js")
    words = {word for crowd in deck.CROWDS for word in deck.CLASSES[crowd]}
    data = {"room": ROOM_PATH.removeprefix("/"), "size": cache.SIZE, "asked": room.SHOWN}
    with languages.speaking(code):
        return feed.page(
            "join",
            data | languages.shown(body, script, words=words),
            say("BlurLab: what do you see?"),
            body=body,
            css=feed.source("stage.css", "game.css", "join.css"),
            script=script,
        )


async def turn(request: Request) -> Response:
    """Take a phone's answer and say what it is to do next; a refusal is one line of the log."""
    from blurlab.ui.audience.room import ROOM, Refused

    try:
        if request.headers.get("origin") and not is_same_origin(request):
            raise Refused(403, "it came from another site.")
        sent = _read(await _body(request))
        address = request.client.host if request.client else ""
        return JSONResponse(await run_in_threadpool(ROOM.turn, sent, None, address))
    except Refused as refused:
        log.warning("a phone was refused: %s", refused)
        return JSONResponse({"refused": str(refused)}, refused.code)


async def _body(request: Request) -> bytes:
    from blurlab.ui.audience.room import Refused

    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise Refused(413, f"a message has over {MOST_BYTES} bytes.")
    return body


def _read(body: bytes) -> object:
    from blurlab.ui.audience.room import Refused

    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "a message is no JSON.") from None


async def picture(request: Request) -> Response:
    """Give one of the pictures that an audience shares."""
    from blurlab.ui import cache

    asked = cache.Choice(*(request.path_params[each] for each in ("kind", "name", "variant")))
    if not _is_shared(asked):
        return Response("There is no such picture.", 404)
    content = await run_in_threadpool(_jpeg, asked)
    return Response(content, media_type="image/jpeg", headers={"Cache-Control": A_DAY})


def _is_shared(asked: tuple) -> bool:
    from blurlab.ui.you import deck

    kind, name, variant, *_ = asked
    return any(
        kind == deck.KINDS[crowd] and 0 <= variant < deck.VARIANTS[crowd].get(name, 0)
        for crowd in deck.available(deck.CROWDS)
    )


@lru_cache(maxsize=1024)
def _jpeg(asked: tuple) -> bytes:
    from blurlab.ui import cache

    pixels = cache.picture(cache.Choice(*asked)).mul(255).round().byte().permute(1, 2, 0).numpy()
    made = BytesIO()
    Image.fromarray(pixels).save(made, "JPEG", quality=QUALITY, subsampling=0)
    return made.getvalue()
