"""What stands in the head of a page beside what gradio writes: title, sentence and picture for a chat or a slide that
shows a link, in place of gradio's, and what the page loads first."""

from __future__ import annotations

import html
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from dbce.page import assets, start
from dbce.page.headers import whole_pages

TITLE = "dbce: where does the loss look?"
SENTENCE = (
    "How much does each pixel weigh when a network learns to segment? Loss maps, weight maps and predictions of cross "
    "entropy, its balanced and its dilated form, on your own image."
)
PICTURE = "preview.png"
"""1200 x 630 px, below `dbce.page.assets.WEB`; drawn by assets/make.py."""

_BASE = re.compile(rb"<base\s[^>]*>|<head>")  # addresses behind it are relative to it
_THEIRS = re.compile(rb'<meta\s[^>]*(?:property|name)="(?:og|twitter):[^>]*>\s*')


def tags(base: str) -> str:
    """The elements for the head of a page.

    Args:
        base: address of the page's root, ending in a slash.
    """
    picture = f"{base}{assets.PATH}/{assets.content_hash()}/{PICTURE}"
    named = {
        "property": {"og:type": "website", "og:title": TITLE, "og:description": SENTENCE, "og:image": picture},
        "name": {"description": SENTENCE, "twitter:card": "summary_large_image"},
    }
    return "".join(
        f'<meta {kind}="{name}" content="{html.escape(text)}">'
        for kind, values in named.items()
        for name, text in values.items()
    )


class Preview:
    """ASGI middleware that puts `tags` into every page in place of those that gradio writes, and what is to be loaded
    early as far ahead as it can stand."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer with our tags."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        def ours(headers: MutableHeaders, page: bytes) -> bytes:
            page = _THEIRS.sub(b"", page).replace(b"</head>", tags(_base(scope)).encode() + b"</head>", 1)
            page = _BASE.sub(lambda base: base[0] + start.preloads(page), page, count=1)
            if "content-length" in headers:
                headers["content-length"] = str(len(page))
            return page

        await self.app(scope, receive, whole_pages(send, ours))


def _base(scope: Scope) -> str:
    """Where the page's root is for who asked, also behind a proxy that says so."""
    headers = Headers(scope=scope)
    scheme = headers.get("x-forwarded-proto", scope["scheme"]).partition(",")[0].strip()
    host = headers.get("x-forwarded-host", headers.get("host", "localhost")).partition(",")[0].strip()
    return f"{scheme}://{host}{scope.get('root_path', '').rstrip('/')}/"
