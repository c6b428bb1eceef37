"""The README's pictures, taken from the running page: `python assets/make.py http://127.0.0.1:7860`."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
WEB = HERE.parent / "dbce/web"


_STEPS = "(steps) => +document.querySelector('[data-lab=at]').textContent >= steps"


def view(page: Page, link: str) -> None:
    page.goto("about:blank")
    page.goto(link)
    page.wait_for_selector(".dbce[data-ready=true]")
    page.wait_for_timeout(800)


def shot(page: Page, height: int) -> Image.Image:
    clip = {"x": 0, "y": 0, "width": page.viewport_size["width"], "height": height}
    return Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")


def main(address: str) -> None:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 1100}, color_scheme="dark")
        view(page, f"{address}/#example=1")
        rim = page.locator("canvas:visible").nth(4).bounding_box()
        page.mouse.move(rim["x"] + 0.41 * rim["width"], rim["y"] + 0.5 * rim["height"])
        page.wait_for_timeout(400)
        shot(page, 920).quantize(256).save(HERE / "anatomy.png", optimize=True)
        view(page, f"{address}/#tab=compare&example=1")
        shot(page, 1080).quantize(256).save(HERE / "compare.png", optimize=True)

        page.set_viewport_size({"width": 1280, "height": 672})  # what a link shows of itself, in the usual shape
        view(page, f"{address}/#example=0")
        small = shot(page, 672).resize((1200, 630), Image.Resampling.LANCZOS)
        small.quantize(128).save(WEB / "preview.png", optimize=True)
        page.set_viewport_size({"width": 1440, "height": 1100})

        view(page, f"{address}/#tab=lab")
        page.get_by_role("button", name="Play").first.click()
        page.wait_for_function(_STEPS, arg=120, timeout=300_000)
        page.get_by_role("button", name="Pause").first.click()
        page.wait_for_timeout(1500)
        shot(page, 1100).quantize(256).save(HERE / "lab.png", optimize=True)

        view(page, f"{address}/organs#tab=organs")
        shot(page, 1130).quantize(256).save(HERE / "organs.png", optimize=True)

        view(page, f"{address}/#example=1&loss=bce&radius=0")
        frames = []
        for radius in [*range(0, 151, 6), *range(144, 0, -12)]:
            page.evaluate("(r) => document.querySelector('.dbce').parentElement.dbce.set({radius: r})", radius)
            page.wait_for_timeout(60)
            frames.append(shot(page, 720).resize((960, 480), Image.Resampling.LANCZOS))
        palette = frames[len(frames) // 3].quantize(96)
        frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
        frames[0].save(HERE / "radius.gif", save_all=True, append_images=frames[1:], duration=90, loop=0, optimize=True)
        browser.close()


if __name__ == "__main__":
    main((sys.argv[1:] or ["http://127.0.0.1:7860"])[0].rstrip("/"))
