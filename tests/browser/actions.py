"""What the browser tests do again and again."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Locator, Page, expect

READY = ".dbce[data-ready=true]"
MAPS = "[data-panels=anatomy] figure:not([hidden]) .frame canvas"

VIEWER = "document.querySelector('.dbce').parentElement.dbce"
STUDY = f"""() => {{
  const {{study}} = {VIEWER};
  const text = (array) => {{
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    let out = "";
    for (let i = 0; i < bytes.length; i += 32768) out += String.fromCharCode(...bytes.subarray(i, i + 32768));
    return btoa(out);
  }};
  return Object.fromEntries(Object.entries(study.arrays).map(([name, array]) => [name, text(array)]));
}}"""
"""The arrays of the image in view, by name, in base64."""


def watched(page: Page, trouble: list[str]) -> Page:
    """A page whose faults are noted: errors that nobody caught, and what its console calls an error."""
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda message: message.type == "error" and trouble.append(message.text))
    return page


def page_of(page: Page, folder: Path) -> tuple[Path, str]:
    """Take the view along as a page: its file, and what was said; its size stood in the menu before."""
    page.locator('[data-menu="download"] summary').click()
    expect(page.locator("[data-export=html]")).to_have_text(re.compile(r", [0-9.]+ MB$"))
    told = page.inner_text("[data-export=html]").rpartition(", ")[2]
    with page.expect_download() as begun:
        page.click("[data-export=html]")
    path = folder / begun.value.suggested_filename
    begun.value.save_as(path)
    expect(page.locator(".message")).to_contain_text("was downloaded")
    said = page.inner_text(".message")
    assert told == f"{path.stat().st_size / 1e6:.1f} MB" and told in said
    return path, said


def opened_offline(browser: Browser, path: Path) -> Page:
    """A file in a browser without a network, where it asks for nothing."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True).new_page()
    trouble: list[str] = []
    watched(page, trouble)
    page.on("request", lambda asked: asked.url.startswith(("file:", "blob:", "data:")) or trouble.append(asked.url))
    page.goto(path.as_uri())
    page.wait_for_selector(READY, timeout=60000)
    assert not trouble
    return page


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
