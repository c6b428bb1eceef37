"""What the browser tests do again and again."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
from playwright.sync_api import Locator, Page

READY = ".dbce[data-ready=true]"
MAPS = "[data-panels=anatomy] figure:not([hidden]) .frame canvas"


def give(page: Page, kind: str, path: Path) -> None:
    """Open a file as image or mask and wait until the page names it."""
    page.set_input_files(f"[data-file={kind}]", path)
    page.wait_for_function("name => document.querySelector('.message').textContent.includes(name)", arg=path.name)


def drop(page: Page, *paths: Path) -> None:
    """Drop files on the page, in this order."""
    files = [{"name": path.name, "data": base64.b64encode(path.read_bytes()).decode()} for path in paths]
    page.evaluate(
        """(files) => {
          const given = new DataTransfer();
          for (const {name, data} of files) {
            given.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name));
          }
          document.dispatchEvent(new DragEvent("drop", {dataTransfer: given, bubbles: true, cancelable: true}));
        }""",
        files,
    )


def wait_for_text(page: Page, selector: str, start: str) -> None:
    """Wait until an element's text begins like this."""
    condition = "([selector, start]) => document.querySelector(selector).textContent.startsWith(start)"
    page.wait_for_function(condition, arg=[selector, start])


def open_both(page: Page, files: tuple[Path, Path]) -> None:
    give(page, "image", files[0])
    give(page, "mask", files[1])


def pixels(canvas: Locator) -> np.ndarray:
    """(320, 320, 3) of what a panel shows."""
    data = canvas.evaluate("c => [...c.getContext('2d').getImageData(0, 0, 320, 320).data]")
    return np.array(data).reshape(320, 320, 4)[..., :3]


def frame(page: Page) -> None:
    """Wait until what was set is drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def show(page: Page, tab: str) -> None:
    """Choose a tab; the page changes with its next frame."""
    page.click(f"#tab-{tab}")
    page.wait_for_selector(f"#view-{tab}")
