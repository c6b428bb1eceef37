"""A network that is dropped on a page of one's own machine: tried within limits, then one of the page's.

Only on a page that nobody else is served: a network is a program of somebody's, and it stays for all who look.
"""

from __future__ import annotations

import base64
import functools
import ipaddress
import os
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from gradio.context import LocalContext

from dbce.data.inputs import InputError, plain_name
from dbce.hub.guests import check_name, from_bytes, kind_of_file, try_bytes
from dbce.page import workers
from dbce.page.desk import Desk, in_turn
from dbce.page.settings import YOURS
from dbce.page.studio import Studio, answer_page
from dbce.study.predictor import Predictor
from dbce.train.checkpoints import MAX_NETWORKS
from dbce.train.guest_words import spoken
from dbce.train.guests import Reading

MAX_BYTES = 100_000_000
"""Of a network that is dropped."""

SECONDS = 20.0
"""CPU time that it may take to be loaded and run once."""

MEMORY = 4_000_000_000
"""Bytes that its process may hold meanwhile."""

_NAMES = ("localhost", "127.0.0.1", "[::1]", "::1")
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


def stays_here(host: str | None) -> bool:
    """Whether a server on this address is seen by this machine alone.

    Args:
        host: as of `dbce.page.serving.serve`.
    """
    named = host or os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1"
    shared = ("SPACE_ID", "GRADIO_SHARE", "GRADIO_ROOT_PATH", "FORWARDED_ALLOW_IPS")
    return named in _NAMES and not any(os.environ.get(name) for name in shared)


def comes_from_here(client: str | None, headers: Mapping[str, str], version: str = "1.1") -> bool:
    """Whether a request was made by a page of this machine, as far as it tells: no proxy, no other site's page.

    Args:
        client: address of the other end.
        headers: of the request, names in lower case.
        version: of HTTP; proxies speak 1.0 where browsers do not.
    """
    try:
        near = ipaddress.ip_address(client or "").is_loopback
    except ValueError:
        return False
    hosts = [urlsplit(f"//{headers.get('host', '')}").hostname]
    if "origin" in headers:
        hosts.append(urlsplit(headers["origin"]).hostname)
    named = all(host in ("localhost", "127.0.0.1", "::1") for host in hosts)
    return near and named and version != "1.0" and not any(name in headers for name in _FORWARDED)


class Joining:
    """Takes networks for a page.

    Args:
        studio: of the page; what joins runs there from then on.
        desk: where requests of the page line up.
    """

    def __init__(self, studio: Studio, desk: Desk) -> None:
        self.studio, self.desk = studio, desk
        self._one = threading.Lock()

    async def answer(self, request: str) -> dict[str, Any]:
        """``{}`` -> what joined before; ``{"name", "file", "normalise", "channels", "values"}`` -> the same with it.

        Returns:
            ``{"networks": [{"name", "about", "remark"}, ...]}`` or ``{"error": sentence}``.
        """
        asked = LocalContext.request.get(None)
        if asked is not None:
            client = asked.client.host if asked.client else None
            scope = getattr(asked, "scope", None) or getattr(asked.request, "scope", {})
            if not comes_from_here(client, dict(asked.headers), str(scope.get("http_version", "1.1"))):
                return {"error": spoken("closed", name="This file")}
        if request == "{}":  # costs nothing, and the page waits for it before its first image
            return self.take(request)
        try:
            return await in_turn(self.desk.turns, functools.partial(self.take, request), False)
        except InputError as error:
            return {"error": str(error)}

    @answer_page
    def take(self, given: dict[str, Any]) -> dict[str, Any]:
        """As of `answer`, of a request as JSON."""
        if given:
            with self._one:
                self._add(given)
        joined = self.studio.predictor.guests
        return {"networks": [{"name": name, "about": about, "remark": YOURS} for name, about in joined.items()]}

    def _add(self, given: dict[str, Any]) -> None:
        predictor, name = self.studio.predictor, given.get("name")
        reading = Reading(**{key: given.get(key) or None for key in ("normalise", "channels", "values")})
        if not isinstance(name, str):
            raise InputError(spoken("name", name=repr(name)[:60]))
        check_name(name, predictor.losses)
        if len(predictor.losses) >= MAX_NETWORKS:
            raise InputError(spoken("many", count=len(predictor.losses) + 1, most=MAX_NETWORKS))
        file, data = _file(given.get("file"))
        kind_of_file(file, data[:8])
        said = {
            "slow": spoken("slow", name=file, seconds=f"{SECONDS:g}"),
            "heavy": spoken("heavy", name=file, most=MEMORY // 10**6),
            "broken": spoken("broken", name=file),
        }
        workers.call_once(try_bytes, file, data, predictor.task, reading, said=said, seconds=SECONDS, memory=MEMORY)
        guest = from_bytes(file, data, predictor.task, reading)
        self.studio.predictor = Predictor({**predictor.checkpoints, name: guest}, predictor.task)
        self.studio.example.cache_clear()
        self.desk.forget()


def _file(entry: Any) -> tuple[str, bytes]:
    if not isinstance(entry, dict) or not isinstance(entry.get("data"), str):
        raise InputError("The network did not arrive whole; drop it again.")
    name = plain_name(str(entry.get("name")))
    size = len(entry["data"]) * 3 // 4
    if size > MAX_BYTES:
        raise InputError(spoken("large", name=name, size=f"{size / 1e6:.0f}", most=MAX_BYTES // 10**6))
    try:
        return name, base64.b64decode(entry["data"], validate=True)
    except ValueError as error:
        raise InputError("The network did not arrive whole; drop it again.") from error
