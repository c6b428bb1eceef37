"""Where requests of the page and of programs line up: who asks, how long it may take, what needs no turn."""

from __future__ import annotations

import asyncio
import functools
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from starlette.requests import Request

from dbce.data import volumes
from dbce.data.inputs import InputError
from dbce.page.studio import Studio
from dbce.page.turns import Turns, Visitor

_KEPT = 32  # answers of the examples, of one megabyte at most
_GLANCE = 300_000  # bytes of a request that are looked through before its turn
_LOOK = 1.0  # seconds between two looks whether the visitor is still there


class Desk:
    """Takes the page's requests for a studio, lets each wait for its turn, and shows the place.

    Args:
        studio: what answers.
        turns: the queue of the whole app.
    """

    def __init__(self, studio: Studio, turns: Turns) -> None:
        self.studio = studio
        self.turns = turns
        self._kept: dict[str, dict[str, Any]] = {}

    async def open_study(self, request: str) -> dict[str, Any]:
        """As of `Studio.open_study`; an example that was opened before is answered at once."""
        short = isinstance(request, str) and len(request) < 100  # names an example, and holds no file
        if short and request in self._kept:
            return self._kept[request]
        reply = await self._turn(self.studio.open_study, request)
        if short and "scene" in reply:
            while len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[request] = reply
        return reply

    def forget(self) -> None:
        """Answer the examples anew: the networks are others."""
        self._kept.clear()

    async def export_view(self, request: str) -> dict[str, Any]:
        """As of `Studio.export_view`."""
        return await self._turn(self.studio.export_view, request)

    async def queue_place(self, _: Any = None) -> dict[str, int | None]:
        """``{"before": jobs that come before the visitor's own}``, None where none of theirs waits."""
        return {"before": self.turns.place(await _visitor())}

    async def _turn(self, answer: Callable[[str], dict[str, Any]], request: str) -> dict[str, Any]:
        """An answer, or why there is none now: ``"busy"`` says that the same request may be answered later."""
        try:
            return await in_turn(self.turns, functools.partial(answer, request), self._long(request))
        except InputError as error:
            return {"error": str(error), "busy": True}

    def _long(self, request: str) -> bool:
        """Whether it may hold a scan; only for the tasks that open some."""
        if not self.studio.predictor.task.is_scan or not isinstance(request, str):
            return False
        if len(request) > _GLANCE:
            return True
        try:
            fields = json.loads(request)
            image = fields.get("of", fields).get("image")
            return volumes.is_volume(image["name"]) if image else False
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
            return False  # no request: the answer will say so, soon


async def in_turn(turns: Turns, work: Callable[[], Any], long: bool) -> Any:
    """The result of a job of the visitor whose request is being answered; it is dropped when the visitor leaves.

    Raises:
        InputError: the queue is full, or the visitor has too much in it.
    """
    done = asyncio.wrap_future(turns.take(await _visitor(), work, long))
    request = LocalContext.request.get(None)
    while not (await asyncio.wait({done}, timeout=_LOOK))[0]:
        if isinstance(request, Request) and await request.is_disconnected():
            done.cancel()
    return await done


def queued(turns: Turns, endpoint: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """An endpoint of the API that waits for its turn, or says to the client why it gets none."""

    @functools.wraps(endpoint)
    async def asked(*values: Any) -> Any:
        paths = [value.get("path") if isinstance(value, dict) else value for value in values]
        long = any(isinstance(path, str) and volumes.is_volume(path) for path in paths)
        try:
            return await in_turn(turns, functools.partial(endpoint, *values), long)
        except InputError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return asked


async def _visitor() -> Visitor:
    """Who asks, by the address and the session of the request that is being answered.

    On Hugging Face the address is what its proxy adds last to ``X-Forwarded-For``; elsewhere uvicorn sees to proxies
    that it was told of (``FORWARDED_ALLOW_IPS``), and what a visitor writes in that header is not believed.
    """
    request = LocalContext.request.get(None)
    if request is None:
        return Visitor("", "")
    address = request.client.host if request.client else ""
    if os.environ.get("SPACE_ID"):
        address = request.headers.get("x-forwarded-for", address).rsplit(",", 1)[-1].strip()
    if isinstance(request, Request):  # of the page's own functions: the session stands beside the data
        fields = await request.json() if "json" in request.headers.get("content-type", "") else {}
        session = fields.get("session_hash") if isinstance(fields, dict) else None
    else:
        session = request.session_hash
    return Visitor(address, str(session)[:64])
