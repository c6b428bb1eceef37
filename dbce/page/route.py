"""The route by which the page's modules reach a browser: under their content's hash, kept there for a year."""

from __future__ import annotations

import mimetypes
import os

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from dbce.page.assets import KINDS, PATH, WEB, content_hash, modules

_YEAR = 31_536_000


def mount() -> Mount:
    """The route of the modules, to be handed to gradio's ``launch``."""
    for suffix, kind in KINDS.items():
        mimetypes.add_type(kind, suffix)  # Windows may have others in its registry
    return Mount(f"/{PATH}", GZipMiddleware(_Modules(directory=WEB), minimum_size=500))


class _Modules(StaticFiles):
    """The files below `WEB` that `KINDS` names, under their content's hash; kept by browsers for a year."""

    def get_path(self, scope: Scope) -> str:
        """What is asked for; a proxy may or may not have taken its prefix away."""
        return scope["path"].partition(f"/{PATH}/")[2]

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """A file, or nothing under another hash."""
        given, _, name = path.partition("/")
        if given != content_hash() or name not in modules():
            return "", None
        return super().lookup_path(name)

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, to be kept: under this address it never changes."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["cache-control"] = f"public, max-age={_YEAR}, immutable"
        return response
