"""A bound on what a request may carry, applied before anything of it is kept in memory."""

from __future__ import annotations

import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dbce.volumes import MAX_BYTES

MAX_REQUEST = 2 * MAX_BYTES * 4 // 3 + 1_000_000
"""Bytes of a request: a volume and its labels of the largest size as base64, and what stands around them."""


class RequestLimit:
    """ASGI middleware that answers 413 to a request of more than ``most`` bytes and reads no more of it."""

    def __init__(self, app: ASGIApp, most: int = MAX_REQUEST) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it by its declared or its counted length."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self.most:
            return await self._refuse(send)
        seen, started = 0, False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.most:  # whoever reads on is told that the client is gone
                return {"type": "http.disconnect"}
            return message

        async def passed_on(message: Message) -> None:
            nonlocal started
            if seen > self.most and not started:  # the app's answer to half a request
                return
            started = True
            await send(message)

        await self.app(scope, counted, passed_on)
        if seen > self.most and not started:
            await self._refuse(send)

    async def _refuse(self, send: Send) -> None:
        words = f"The request is too large: at most {self.most // 10**6} MB are accepted. Send a smaller file."
        body = json.dumps({"error": words}).encode()
        length = str(len(body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": body})
