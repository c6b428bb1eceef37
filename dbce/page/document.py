"""One HTML file that holds the viewer, its style, its settings and the scenes of images, and asks no host for more."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
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


def document(title: str, settings: dict[str, Any], scenes: Sequence[str]) -> str:
    """The file's text.

    Args:
        title: of the window.
        settings: as of `dbce.page.settings.config`; ``refusal`` is what is said to whoever opens a file.
        scenes: of `dbce.page.scene.scene`, one an example of the settings.
    """
    blocks = [
        _block("dbce-settings", json.dumps(settings)),
        _block("dbce-modules", json.dumps(bundle(ROOTS))),
        *(_block(f"dbce-scene-{index}", scene) for index, scene in enumerate(scenes)),
    ]
    style = _RESET + assets.style() + assets.text("styles/report.css")
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<link rel="icon" href="data:,">',
        f"<title>{html.escape(title)}</title>",
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        f'<div id="page">{assets.text("viewer.html")}</div>',
        *blocks,
        f"<script>{assets.text('report/start.js')}</script>",
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"


def _block(name: str, text: str) -> str:
    """JSON within HTML: no text in it can end it."""
    return f'<script type="application/json" id="{name}">{text.replace("<", chr(92) + "u003c")}</script>'
