"""How answers travel: what they tell a browser to forbid, and compressed."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
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
    "connect-src": "'self' data:",  # the page reads the image of a scene with fetch
    "object-src": "'none'",
    "frame-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
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
        page: list[bytes] = []  # of HTML, which is held back until its scripts are known
        start: Message | None = None
        started = False

        async def passed_on(message: Message) -> None:
            nonlocal start, started
            started = True
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                self._set(headers)
                if headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers:
                    start = message
                    return
            elif start is not None and message["type"] == "http.response.body":
                page.append(message.get("body", b""))
                if message.get("more_body"):
                    return
                message = {**message, "body": b"".join(page)}
                self._set(MutableHeaders(raw=start["headers"]), message["body"])
                await send(start)
            await send(message)

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
        self.gzip = GZipMiddleware(app, minimum_size=1000, compresslevel=4)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on to one or the other."""
        named = scope["type"] != "http" or "." in scope["path"].rsplit("/", 1)[-1] or "/file=" in scope["path"]
        await (self.plain if named else self.gzip)(scope, receive, send)
