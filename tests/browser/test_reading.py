"""What browsers decode for the page's own readers, JPEG and WebP, is what Python decodes, to the last bit."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from dbce.data.inputs import read_picture
from dbce.data.phantoms import polyp

WEB = Path(__file__).resolve().parent.parent.parent / "dbce" / "web"
READ = """async ([name, text]) => {
  const { readPicture } = await import("/readers/pictures.js");
  const { pixels, orientation } = await readPicture(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)), name);
  let out = "";
  for (let i = 0; i < pixels.length; i += 32768) out += String.fromCharCode(...pixels.subarray(i, i + 32768));
  return [btoa(out), orientation];
}"""


class Quiet(SimpleHTTPRequestHandler):
    """Files of a folder, without a log."""

    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript", ".json": "application/json"}

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def page(browser: Browser, origin: str) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(origin)
    yield page
    page.close()


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(WEB)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/viewer.html"  # any page of this origin
    server.shutdown()


def written(kind: str, **options: object) -> bytes:
    image = Image.fromarray(polyp(3, 200)[0][:151, :173])  # sides that no block divides
    if options.pop("transparent", False):
        image.putalpha(Image.fromarray(np.linspace(0, 255, 151 * 173).astype(np.uint8).reshape(151, 173)))
    out = io.BytesIO()
    image.convert(str(options.pop("mode", image.mode))).save(out, kind, **options)
    return out.getvalue()


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x112] = orientation
    return exif


FILES = {
    "baseline.jpg": written("JPEG", quality=75),
    "fine.jpg": written("JPEG", quality=95, subsampling=0),
    "progressive.jpg": written("JPEG", quality=60, progressive=True),
    "grey.jpg": written("JPEG", mode="L"),
    "turned.jpg": written("JPEG", exif=turned(6)),
    "lossy.webp": written("WEBP", quality=70),
    "lossless.webp": written("WEBP", lossless=True),
    "transparent.webp": written("WEBP", lossless=True, transparent=True),
    "turned.webp": written("WEBP", exif=turned(8)),
}


@pytest.mark.parametrize("name", FILES)
def test_the_browser_gives_pythons_pixels(page: Page, name: str) -> None:
    text, orientation = page.evaluate(READ, [name, base64.b64encode(FILES[name]).decode()])
    expected = read_picture(FILES[name], name)
    found = np.frombuffer(base64.b64decode(text), np.uint8).reshape(expected.pixels.shape)
    assert np.array_equal(found, expected.pixels)
    assert orientation == expected.orientation
