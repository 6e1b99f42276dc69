"""Files from the internet: resumed, checked before anybody opens them, and stopped at any time."""

import errno
import hashlib
import os
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

STALL = 20.0  # seconds without a byte after which a server is given up
CHUNK = 1 << 18  # bytes
HEAD = 512  # bytes that tell a web page
HASHES = {"sha256": "SHA-256", "md5": "MD5"}  # as hashlib names them, and people
FULL = (errno.ENOSPC, errno.EDQUOT)


class Progress(NamedTuple):
    """Bytes that are here, and how many there will be where the server says so."""

    done: int
    total: int | None


def fetch(
    url: str,
    path: Path,
    digest: str,
    *,
    algorithm: str = "sha256",
    size: int | None = None,
    remedy: str = "",
) -> Iterator[Progress]:
    """Fetch a file to path and yield how far it is; stop drawing to cancel.

    digest: the file's hash, or the first digits of it. The file is at path only once it agrees;
    until then it grows beside it as .part, from which the next call goes on.
    algorithm: of the hash, a key of HASHES. MD5 finds damage but not what was forged to agree.
    size: in bytes, where it is known.
    remedy: what a person can do where this cannot; a sentence's end.
    Raises ValueError, in one sentence, when what comes is not the file: it is removed then. When
    the connection fails, what has come is kept.
    """
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"{url} cannot be fetched; an address begins with https:// or http://.")
    partial = path.with_name(f"{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    yield from _grow(url, partial, size, remedy)
    with partial.open("rb") as file:
        came = file.read(HEAD)
    if is_html(came):
        partial.unlink()
        raise ValueError(f"{url} gives a web page instead of the file; {_or(remedy)}.")
    found = hash_of(partial, algorithm)
    if not found.startswith(digest):
        partial.unlink()
        raise ValueError(
            f"what came from {url} has the {HASHES[algorithm]} {found[:16]}... instead of "
            f"{digest[:16]}..., and was removed; {_or(remedy)}."
        )
    os.replace(partial, path)


def hash_of(path: Path, algorithm: str = "sha256") -> str:
    """Return a file's hash in hexadecimal digits; the algorithm is a key of HASHES."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _or(remedy: str) -> str:
    return f"try again, or {remedy}" if remedy else "try again"


def _grow(url: str, partial: Path, size: int | None, remedy: str) -> Iterator[Progress]:
    """Bring the rest of a file, and yield how far it is."""
    done = partial.stat().st_size if partial.is_file() else 0
    try:
        with _open(url, done) as response:
            done = done if response.status == 206 else 0
            total = _total(response, done) or size
            if size is not None and total != size:
                raise ValueError(f"{url} has {total:,} bytes instead of {size:,}; {_or(remedy)}.")
            yield Progress(done, total)
            with partial.open("ab" if done else "wb") as file:
                while chunk := response.read1(CHUNK):
                    done += file.write(chunk)
                    if total is not None and done > total:
                        break
                    yield Progress(done, total)
    except HTTPError as error:
        error.close()
        if error.code == 416:  # there is nothing behind what is here: it is whole, or not the file
            return
        raise ValueError(f"{url} answers {error.code} {error.reason}; {_or(remedy)}.") from None
    except (OSError, HTTPException) as error:
        raise ValueError(f"{url} {_reason(error)}; {_or(remedy)}.") from None
    _check_length(url, partial, done, total, remedy)


def _open(url: str, done: int) -> HTTPResponse:
    headers = {"User-Agent": "blurlab", "Accept-Encoding": "identity"}
    if done:
        headers["Range"] = f"bytes={done}-"
    return urlopen(Request(url, headers=headers), timeout=STALL)


def _total(response: HTTPResponse, done: int) -> int | None:
    """Return the length of the whole file as the server says it, or None."""
    length = response.headers.get("Content-Length")
    return done + int(length) if length is not None and length.isdecimal() else None


def _check_length(url: str, partial: Path, done: int, total: int | None, remedy: str) -> None:
    if total is None or done == total:
        return
    if done > total:
        partial.unlink()
        raise ValueError(f"{url} gives more than the {total:,} bytes it has; {_or(remedy)}.")
    raise ValueError(
        f"{url} ended after {done:,} of {total:,} bytes, which are kept; {_or(remedy)}."
    )


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"sent nothing for {STALL:g} seconds; what arrived is kept"
    if isinstance(error, URLError):
        return f"cannot be reached ({error.reason})"
    if isinstance(error, OSError) and (error.filename or error.errno in FULL):  # it is our disk
        return f"cannot be kept here ({error.strerror})"
    return "broke off; what arrived is kept"


def is_html(head: bytes) -> bool:
    """Tell whether a file's first bytes are those of a web page."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<!--"))
