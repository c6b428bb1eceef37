"""The route by which the page's modules reach a browser: under their content's hash, kept there for a year."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import os
from pathlib import Path

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from dbce.page.assets import KINDS, PATH, WEB, content_hash, modules
from dbce.page.document import shell
from dbce.page.start import kept

KEPT = "public, max-age=31536000, immutable"
"""Of files that never change under their addresses: for a year."""


def mount() -> Mount:
    """The route of the modules, to be handed to gradio's ``launch``."""
    for suffix, kind in KINDS.items():
        mimetypes.add_type(kind, suffix)  # Windows may have others in its registry
    return Mount(f"/{PATH}", GZipMiddleware(_Modules(PATH, WEB), minimum_size=500))


SHELL = "dbce-page"
"""Where the frame of a downloaded page lies, seen from the page."""


def shell_url() -> str:
    """Its address, which changes with its content."""
    return f"{SHELL}/{hashlib.sha256(shell()).hexdigest()[:10]}.json"


def shell_route() -> Mount:
    """The route of `dbce.page.document.shell`, whatever a proxy put before it."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        known = scope["path"].endswith(shell_url().partition("/")[2]) and scope["method"] in ("GET", "HEAD")
        headers = {"cache-control": KEPT}
        response = Response(shell(), 200, headers, "application/json") if known else Response(status_code=404)
        await response(scope, receive, send)

    return Mount(f"/{SHELL}", GZipMiddleware(answer, minimum_size=500))


class KeptFiles(StaticFiles):
    """Files of a folder that never change under their addresses: browsers keep them for a year.

    Args:
        path: of the route, by which what is asked for is found: a proxy may or may not have taken its prefix away.
        directory: the folder.
    """

    def __init__(self, path: str, directory: Path) -> None:
        super().__init__(directory=directory)
        self.path = path

    def get_path(self, scope: Scope) -> str:
        """What is asked for."""
        return scope["path"].partition(f"/{self.path}/")[2]

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, to be kept."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["cache-control"] = KEPT
        return response


class _Modules(KeptFiles):
    """The files below `WEB` that `KINDS` names, under their content's hash, and what `dbce.page.start` keeps."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, packed already or not."""
        found = kept(path)
        if found is None or scope["method"] not in ("GET", "HEAD"):
            return await super().get_response(path, scope)
        content, kind = found
        headers = {"cache-control": KEPT, "vary": "Accept-Encoding"}
        if "gzip" in Headers(scope=scope).get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
        else:
            content = gzip.decompress(content)
        return Response(content, headers=headers, media_type=kind)

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """A file, or nothing under another hash."""
        given, _, name = path.partition("/")
        if given != content_hash() or name not in modules():
            return "", None
        return super().lookup_path(name)
