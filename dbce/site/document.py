"""The HTML of the page without a server, its manifest and icons, and the service worker that keeps it."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from dbce.page import assets
from dbce.page.preview import SENTENCE, TITLE

POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'wasm-unsafe-eval'",
    "style-src": "'unsafe-inline'",  # our style element, and style attributes
    "img-src": "'self' data: blob:",
    "connect-src": "'self'",
    "worker-src": "'self' blob:",  # from a blob, so that this policy binds it
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
}
"""The page's Content-Security-Policy: nothing is asked of any other host."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="same-origin">
<title>{title}</title>
<meta name="description" content="{sentence}">
<meta property="og:type" content="website">
<meta property="og:title" content="{title}">
<meta property="og:description" content="{sentence}">
<meta name="theme-color" media="(prefers-color-scheme: light)" content="{light}">
<meta name="theme-color" media="(prefers-color-scheme: dark)" content="{dark}">
<link rel="icon" href="{icon}">
<link rel="apple-touch-icon" href="{touch}">
<link rel="manifest" href="{manifest}">
<link rel="preload" as="fetch" crossorigin href="{scene}">
<link rel="modulepreload" href="{start}">
<style>body {{ margin: 0; }}
{style}</style>
</head>
<body>
<div id="dbce">{viewer}</div>
<noscript>This page is a program that runs in your browser; it needs JavaScript.</noscript>
<script type="application/json" id="settings">{settings}</script>
<script type="application/json" id="files">{files}</script>
<script type="module" src="{start}"></script>
</body>
</html>
"""

START = "start.js"
"""What the page starts with, beside the folders of modules: `ROOT` and all that it needs, in one."""

ROOT = "site/start.js"

SERVICE = "site/service.js"
LIGHT, DARK = "#fafaf8", "#101114"
"""Colours around the page, where a system shows some."""

ICONS = (192, 512)
"""Sides of the icons, in pixels."""


def page_html(
    settings: dict[str, Any],
    files: dict[str, Any],
    modules: str,
    icons: Sequence[str],
    manifest: str,
) -> bytes:
    """One task's page.

    Args:
        settings: of `dbce.page.settings.config`.
        files: what dbce/web/site/start.js is told: ``files`` as dbce/web/backends/onnx/backend.js takes them, ``task``.
        modules: folder of the modules.
        icons: names of the icons, smallest first.
        manifest: its name.
    """
    text = _PAGE.format(
        policy=html.escape("; ".join(f"{name} {value}" for name, value in POLICY.items())),
        title=html.escape(TITLE),
        sentence=html.escape(SENTENCE),
        light=LIGHT,
        dark=DARK,
        icon=icons[0],
        touch=icons[0],
        manifest=manifest,
        scene=files["files"]["scenes"][0],
        style=assets.style(),
        viewer=assets.text("viewer.html"),
        settings=_json(settings),
        files=_json(files),
        start=f"{modules}/{START}",
    )
    return text.encode()


def _json(value: Any) -> str:
    """JSON that may stand in HTML."""
    return json.dumps(value).replace("<", "\\u003c")


def manifest_json(icons: Sequence[str]) -> bytes:
    """What a system must know to install the page beside its programs."""
    pictures = [
        {"src": name, "sizes": f"{side}x{side}", "type": "image/png", "purpose": "any maskable"}
        for name, side in zip(icons, ICONS, strict=True)
    ]
    content = {
        "id": "./",
        "name": TITLE,
        "short_name": "dbce",
        "description": SENTENCE,
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": DARK,
        "theme_color": DARK,
        "icons": pictures,
    }
    return json.dumps(content, indent=1).encode()


def icon_png(side: int) -> bytes:
    """An object, its rim, and the background: (side, side) pixels, within the circle that every system shows."""
    scale = 4  # drawn larger, for smooth edges
    y, x = np.mgrid[: side * scale, : side * scale] / (side * scale) - 0.5
    lobe = 1 + 0.12 * np.cos(3 * np.arctan2(y, x) + 0.6)
    distance = np.hypot(x, y) / lobe
    picture = np.full((*distance.shape, 3), (22, 18, 16), np.uint8)  # BGR
    picture[distance < 0.33] = (90, 66, 122)
    picture[distance < 0.21] = (66, 179, 250)
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".png", small)[1].tobytes()


def service_worker(site: dict[str, Any]) -> bytes:
    """The service worker's file.

    Args:
        site: what dbce/web/site/service.js calls ``Site``.
    """
    return f"self.SITE = {json.dumps(site)};\n{assets.text(SERVICE)}".encode()
