"""What the browser tests do again and again."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Locator, Page, expect

READY = ".dbce[data-ready=true]"
MAPS = "[data-panels=anatomy] figure:not([hidden]) .frame canvas"

VIEWER = "document.querySelector('.dbce').parentElement.dbce"
STUDY = f"() => {VIEWER}.study.arrays"  # of the image in view, by name

_PACK = """async (...given) => {
  const pack = (value) => {
    if (ArrayBuffer.isView(value)) {
      const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      let text = "";
      for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
      return {kind: value.constructor.name, data: btoa(text)};
    }
    if (Array.isArray(value)) return value.map(pack);
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, pack(part)]));
    return value;
  };
  return pack(await (%s)(...given));
}"""
_KINDS = {
    **{"Uint8Array": "u1", "Uint8ClampedArray": "u1", "Int16Array": "<i2", "Uint16Array": "<u2"},
    **{"Int32Array": "<i4", "Uint32Array": "<u4", "Float32Array": "<f4", "Float64Array": "<f8"},
}


def packed(where: Page | Locator, code: str, *asked: Any) -> Any:
    """What a function of the page gives, typed arrays in base64: a list of as many numbers takes seconds to arrive."""
    return where.evaluate(_PACK % code, *asked)


def fetched(where: Page | Locator, code: str, *asked: Any) -> Any:
    """The same with typed arrays as arrays."""

    def unpack(value: Any) -> Any:
        if isinstance(value, list):
            return [unpack(part) for part in value]
        if not isinstance(value, dict):
            return value
        if value.keys() == {"kind", "data"}:
            return np.frombuffer(base64.b64decode(value["data"]), _KINDS[value["kind"]])
        return {name: unpack(part) for name, part in value.items()}

    return unpack(packed(where, code, *asked))


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
    data = fetched(canvas, "c => c.getContext('2d').getImageData(0, 0, 320, 320).data")
    return data.reshape(320, 320, 4)[..., :3].astype(int)


def frame(page: Page) -> None:
    """Wait until what was set is drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def show(page: Page, tab: str) -> None:
    """Choose a tab; the page changes with its next frame."""
    page.click(f"#tab-{tab}")
    page.wait_for_selector(f"#view-{tab}")
