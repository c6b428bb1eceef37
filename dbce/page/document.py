"""One HTML file that holds the viewer, its style, its settings and the scenes of images, and asks no host for more."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from dbce.page import assets
from dbce.page.bundle import bundle

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'unsafe-inline' blob:",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
"""What the browser holds the file to: no request, whatever a script in it wants."""

ROOTS = ("main.js", "backends/baked.js")

_RESET = "html, body { margin: 0; }"


TABS = ("anatomy", "compare", "organs", "set", "radius")
"""Of a page, those that such a file has; before them comes its own."""

CLOSED = {
    "notice": "",
    "server": False,
    "closed": True,
    "embedded": False,
    "hint": "",
    "promise": "This file holds its images and asks nothing of any host.",
    "refusal": "This file runs no network, so it opens no image but those it holds; the page of dbce opens others.",
}
"""Settings of every such file."""


LISTED = {
    "said": "{images} read with {sets}.",
    "one": "1 image was",
    "many": "{count} images were",
    "disputed": "most disputed",
    "lowest": "lowest Dice of {set}",
    "smallest": "smallest object",
    "given": "as they were given",
    "means": ": the means are under Images.",
}
"""What the tab of its images says: of all of them, of the orders they may have, and beside what one image shows."""


def document(title: str, settings: dict[str, Any], scenes: Sequence[str]) -> str:
    """The file's text.

    Args:
        title: of the window.
        settings: as of `dbce.page.settings.config`; ``refusal`` is what is said to whoever opens a file.
        scenes: of `dbce.page.scene.scene`, one an example of the settings.
    """
    blocks = [
        _block("dbce-settings", json.dumps(settings)),
        *(_block(f"dbce-scene-{index}", scene) for index, scene in enumerate(scenes)),
    ]
    head, middle, tail = _parts()
    return head + html.escape(title) + middle + "\n".join(blocks) + tail


def _parts() -> tuple[str, str, str]:
    """What stands before the title, between it and the blocks, and after them."""
    style = _RESET + assets.style() + assets.text("styles/report.css")
    head = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<link rel="icon" href="data:,">',
        "<title>",
    ]
    middle = [
        "</title>",
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        f'<div id="page">{assets.text("viewer.html")}</div>',
        _block("dbce-modules", json.dumps(bundle(ROOTS))),
        "",
    ]
    tail = ["", f"<script>{assets.text('report/start.js')}</script>", "</body>", "</html>", ""]
    return "\n".join(head), "\n".join(middle), "\n".join(tail)


@cache
def shell() -> bytes:
    """What a page needs to make such a file of what it shows, as JSON: all but title, settings and scene.

    ``head``, ``middle`` and ``tail`` stand before the title, between it and the blocks, and after them; ``settings``
    are `CLOSED`; ``alone`` is said beside what is measured on one image, and ``listed``, `LISTED`, of several.
    """
    head, middle, tail = _parts()
    words = {"alone": "One {seen} proves nothing.", "listed": LISTED}
    return json.dumps({"head": head, "middle": middle, "tail": tail, "settings": CLOSED, **words}).encode()


def download_of(url: str) -> dict[str, Any]:
    """The setting by which a page offers the file: where its `shell` is, and of which tabs it is offered.

    Args:
        url: seen from the page.
    """
    return {"url": url, "tabs": [tab for tab in TABS if tab != "set"]}


def _block(name: str, text: str) -> str:
    """JSON within HTML: no text in it can end it."""
    return f'<script type="application/json" id="{name}">{text.replace("<", chr(92) + "u003c")}</script>'
