"""How many bytes of requests may be in memory at once: large requests wait outside, unread, until there is room.

A scan of the largest size is 171 MB of request, of which reading and decoding make several copies; forty of them
would fill a server. While a request waits, its bytes stay with the sender.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dbce.page.limits import MAX_REQUEST, refuse

SMALL = 1_000_000
"""Bytes of a request that need no room."""

LARGE = 16_000_000
"""Bytes from which a request counts as a scan; pictures do not wait behind those."""

ROOM = (100_000_000, MAX_REQUEST)
"""Bytes of pictures, and of scans, that may be in memory at once."""

MOST = 100
"""Requests that may wait."""

ARRIVAL = 300.0
"""Seconds that a request with room may take to arrive, so that nobody holds the room by sending slowly."""


@dataclass
class _Lane:
    room: int
    waiting: deque[tuple[int, asyncio.Future[None]]] = field(default_factory=deque)

    async def enter(self, size: int) -> None:
        if not self.waiting and size <= self.room:
            self.room -= size
            return
        entered = asyncio.get_running_loop().create_future()
        self.waiting.append((size, entered))
        try:
            await entered
        except asyncio.CancelledError:
            self.leave(0 if entered.cancelled() else size)  # or it was let in at the moment of leaving
            raise

    def leave(self, size: int) -> None:
        self.room += size
        while self.waiting and (self.waiting[0][1].cancelled() or self.waiting[0][0] <= self.room):
            first, entered = self.waiting.popleft()
            if not entered.cancelled():
                self.room -= first
                entered.set_result(None)


class Room:
    """ASGI middleware that lets large requests in as there is room for them, in the order in which they came.

    Args:
        app: what it stands before.
        room: bytes of pictures and of scans that may be inside at once.
        most: requests that may wait; more are told to come again.
        arrival: seconds that a request may take to arrive once it is let in.
    """

    def __init__(self, app: ASGIApp, room: tuple[int, int] = ROOM, most: int = MOST, arrival: float = ARRIVAL) -> None:
        self.app = app
        self.sizes = room
        self.lanes = [_Lane(room[0]), _Lane(room[1])]
        self.most = most
        self.arrival = arrival

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on when there is room for it."""
        if scope["type"] != "http" or scope["method"] not in ("POST", "PUT", "PATCH"):
            return await self.app(scope, receive, send)
        declared = dict(scope["headers"]).get(b"content-length", b"")
        size = int(declared) if declared.isdigit() else MAX_REQUEST  # not said: as much as is allowed
        if size <= SMALL:
            return await self.app(scope, receive, send)
        lane = size > LARGE
        size = min(size, self.sizes[lane])
        if sum(not entered.cancelled() for lane in self.lanes for _, entered in lane.waiting) >= self.most:
            words = f"The server is busy: {self.most} large files wait already. Try again in a few minutes."
            asks = scope["path"].rstrip("/").endswith("/component_server")  # the page shows what an answer says
            return await refuse(send, 200 if asks else 503, words)
        await self.lanes[lane].enter(size)
        until = time.monotonic() + self.arrival
        arrived = False

        async def timed() -> Message:
            nonlocal arrived
            if arrived:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), max(0.0, until - time.monotonic()))
            except asyncio.TimeoutError:
                return {"type": "http.disconnect"}
            arrived = not message.get("more_body", False)
            return message

        try:
            await self.app(scope, timed, send)
        finally:
            self.lanes[lane].leave(size)
