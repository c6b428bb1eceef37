"""How answers travel: what they tell a browser to forbid, and compressed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import re
import zlib
from collections.abc import Callable, Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dbce.page.limits import GENERIC, refuse

log = logging.getLogger(__name__)

FRAMES = ("'self'", "https://huggingface.co", "https://*.hf.space")
"""Who may show the page in a frame: Spaces do."""

_POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-eval'",  # gradio builds the page's script with `new Function`
    "style-src": "'self' 'unsafe-inline'",  # gradio's and our style elements, and style attributes
    "img-src": "'self' data:",  # images travel inside the scene
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "object-src": "'none'",
    "frame-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
_SMALLEST = 1000  # bytes of an answer that is worth compressing
_INLINE = re.compile(rb"<script(?![^>]*\ssrc\s*=)[^>]*>(.*?)</script", re.DOTALL | re.IGNORECASE)
_ORIGIN = re.compile(r"https?://(\*\.)?[A-Za-z0-9.-]+(:\d{1,5})?")


def origin(text: str) -> str:
    """Check an origin that may frame the page: ``https://host``, ``https://*.host`` or with a port.

    Raises:
        ValueError: anything else.
    """
    if not _ORIGIN.fullmatch(text):
        raise ValueError(f"origin is {text!r}; the form is https://host, https://*.host or https://host:port.")
    return text


def whole_pages(send: Send, finish: Callable[[MutableHeaders, bytes], bytes]) -> Send:
    """What sends an answer on, but a page of HTML only when it is whole.

    Args:
        send: what comes next.
        finish: of the headers, which it may change, and the whole page: what is sent in its place.
    """
    parts: list[bytes] = []
    start: Message | None = None

    async def passed_on(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            if headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers:
                start = message
                return
        elif start is not None and message["type"] == "http.response.body":
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            message = {**message, "body": finish(MutableHeaders(raw=start["headers"]), b"".join(parts))}
            await send(start)
        await send(message)

    return passed_on


class SafeHeaders:
    """ASGI middleware that puts a Content-Security-Policy, ``nosniff`` and a Referrer-Policy on every answer.

    Inline scripts of a page are allowed by their hashes, so that one that got into the page later, by a file's name,
    say, does not run. An exception that reaches this point is logged and becomes one sentence.

    Args:
        app: what it stands before.
        embed: origins that may frame the page, besides `FRAMES`.
    """

    def __init__(self, app: ASGIApp, embed: Sequence[str] = ()) -> None:
        self.app = app
        self.policy = {**_POLICY, "frame-ancestors": " ".join([*FRAMES, *map(origin, embed)])}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer with the headers."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = False

        def sealed(headers: MutableHeaders, page: bytes) -> bytes:
            self._set(headers, page)  # its scripts are known now
            return page

        whole = whole_pages(send, sealed)

        async def passed_on(message: Message) -> None:
            nonlocal started
            started = True
            if message["type"] == "http.response.start":
                self._set(MutableHeaders(raw=message.setdefault("headers", [])))
            await whole(message)

        try:
            await self.app(scope, receive, passed_on)
        except ClientDisconnect:  # nobody is left to be answered
            log.info("a client left in the middle of its request")
        except Exception:
            if started:
                raise
            log.exception("request failed")
            await refuse(passed_on, 500, GENERIC)

    def _set(self, headers: MutableHeaders, page: bytes = b"") -> None:
        hashes = [base64.b64encode(hashlib.sha256(code).digest()).decode() for code in _INLINE.findall(page)]
        scripts = " ".join([self.policy["script-src"], *(f"'sha256-{code}'" for code in hashes)])
        policy = {**self.policy, "script-src": scripts}
        headers["content-security-policy"] = "; ".join(f"{name} {value}" for name, value in policy.items())
        headers["x-content-type-options"] = "nosniff"
        headers["referrer-policy"] = "same-origin"


class Compressed:
    """ASGI middleware that compresses pages and scenes with gzip.

    Streams of events pass untouched. Gradio's own assets, whose paths end in a suffix, are compressed by gradio, and
    the files for programs are compressed already.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.plain = app
        self.gzip = GZipMiddleware(app, minimum_size=_SMALLEST, compresslevel=4)
        self.coded = _Coded(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on to one of them."""
        named = scope["type"] != "http" or "." in scope["path"].rsplit("/", 1)[-1] or "/file=" in scope["path"]
        app = self.plain if named else self.coded if "/component_server" in scope["path"] else self.gzip
        await app(scope, receive, send)


class _Coded:
    """ASGI middleware for answers that are mostly base64: gzip gives their characters six bits each, and no more.

    What base64 holds here is compressed already, so that a search for repetitions takes three times as long and finds
    nothing.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer compressed, if the client takes that."""
        if "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            return await self.app(scope, receive, send)
        start: Message = {}
        parts: list[bytes] = []

        async def passed_on(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            body = b"".join(parts)
            headers = MutableHeaders(raw=start.setdefault("headers", []))
            headers.add_vary_header("Accept-Encoding")
            if len(body) >= _SMALLEST and "content-encoding" not in headers:
                body = await asyncio.to_thread(_six_bits, body)
                headers["content-encoding"], headers["content-length"] = "gzip", str(len(body))
            await send(start)
            await send({**message, "body": body})

        await self.app(scope, receive, passed_on)


def _six_bits(body: bytes) -> bytes:
    """Bytes -> gzip without a search for repetitions."""
    packer = zlib.compressobj(level=1, wbits=zlib.MAX_WBITS | 16, memLevel=9, strategy=zlib.Z_HUFFMAN_ONLY)
    return packer.compress(body) + packer.flush()
