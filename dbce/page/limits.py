"""Bounds on what a request may carry and ask for, applied before anything of it is kept."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dbce.data import inputs
from dbce.data.volumes import MAX_BYTES
from dbce.page import cache

log = logging.getLogger(__name__)

MAX_REQUEST = 2 * MAX_BYTES * 4 // 3 + 1_000_000
"""Bytes of a request: a volume and its labels of the largest size as base64, and what stands around them."""

MAX_UPLOAD = 2 * inputs.MAX_BYTES + 1_000_000
"""Bytes of all files of one upload request: an image and its mask of the largest size."""

MAX_FILES = 10
"""Files of one upload request."""

GENERIC = "Something went wrong on the server; what you see is unchanged. Try another file."
"""What a visitor is told of our faults; the log has the traceback."""

_UNUSED = re.compile(
    r"/gradio_api/(deep_link|process_recording|proxy=|vibe|undo-vibe|run-history|stream/|custom_component)|/monitoring"
)
_ENTRY = re.compile(r"/gradio_api/(component_server|queue/join|run/|api/|call/|upload|cancel|reset)")
_FILE = re.compile(r"/gradio_api/file[=/](.*)", re.DOTALL)


class RequestLimit:
    """ASGI middleware that answers 413 to a request of more than ``most`` bytes and reads no more of it.

    Args:
        app: what it stands before.
        most: bytes of any request.
        upload: bytes of a request that uploads files.
        files: parts of such a request.
    """

    def __init__(self, app: ASGIApp, most: int = MAX_REQUEST, upload: int = MAX_UPLOAD, files: int = MAX_FILES) -> None:
        self.app = app
        self.most, self.upload, self.files = most, upload, files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it by its declared or its counted length."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = dict(scope["headers"])
        uploads = scope["path"].rstrip("/").endswith("/upload")
        most = min(self.most, self.upload) if uploads else self.most
        too_large = f"The request is too large: at most {most // 10**6} MB are accepted. Send a smaller file."
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared[:20]) > most:
            return await refuse(send, 413, too_large)
        if uploads and cache.full():
            return await refuse(send, 503, "There is no room for uploads just now; try again in a few minutes.")
        boundary = _boundary(headers.get(b"content-type", b"")) if uploads else None
        seen, parts, tail, started, refusal = 0, 0, b"", False, ""

        async def counted() -> Message:
            nonlocal seen, parts, tail, refusal
            message = await receive()
            body = message.get("body", b"")
            seen += len(body)
            if boundary:
                parts += (tail + body).count(boundary) - tail.count(boundary)
                tail = (tail + body)[-len(boundary) :]
            if seen > most:
                refusal = too_large
            elif parts > self.files + 1:  # the last boundary closes the request
                refusal = f"The request holds more than {self.files} files; send an image and its mask at a time."
            if refusal:  # whoever reads on is told that the client is gone
                return {"type": "http.disconnect"}
            return message

        async def passed_on(message: Message) -> None:
            nonlocal started
            if refusal and not started:  # the app's answer to half a request
                return
            started = True
            await send(message)

        try:
            await self.app(scope, counted, passed_on)
        except Exception:
            if not refusal:
                raise
        if refusal and not started:
            await refuse(send, 413, refusal)


def _boundary(content_type: bytes) -> bytes | None:
    """What stands between the parts of a multipart request."""
    found = re.search(rb'boundary="?([^";,]+)', content_type, re.IGNORECASE)
    return b"--" + found[1].strip() if found else None


class Door:
    """ASGI middleware that opens only what this app needs of gradio.

    Files are served from the folder of results and from nowhere else: no upload, and no address of another host, can
    be fetched through the app. What writes to disk or reaches out without serving the page is not there. A request to
    the page's functions or the endpoints that names none of them, or lacks the envelope, is one sentence, no traceback.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it by its path."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        path = scope["path"]
        wanted = _FILE.search(path)
        if _UNUSED.search(path) or (wanted and not _is_result(wanted[1])):
            return await refuse(send, 404, "There is nothing at this address, or no longer.")
        if scope["method"] != "POST" or not _ENTRY.search(path):
            return await self.app(scope, receive, send)
        headers = dict(scope["headers"])
        if "/component_server" in path and b"json" not in headers.get(b"content-type", b""):
            return await refuse(send, 415, "The page's functions take JSON, nothing else.")
        started = False

        async def passed_on(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, passed_on)
        except ClientDisconnect:
            raise
        except Exception as error:  # the functions themselves answer every mistake; what is left is a wrong envelope
            if started:
                raise
            log.info("refused a request to %s: %r", path, error)
            await refuse(
                send, 400, "The request fits no function of this app; reload the page, or see /gradio_api/info."
            )


def _is_result(name: str) -> bool:
    try:
        place = Path(name).resolve()
        return place.is_relative_to(cache.results().resolve()) and place.is_file()
    except (OSError, ValueError):
        return False


async def refuse(send: Send, status: int, words: str) -> None:
    """Answer ``{"error": words}``, and close the connection."""
    body = json.dumps({"error": words}).encode()
    length = str(len(body)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
