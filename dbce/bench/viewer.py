"""Benchmarks that print ratios against peers, all measured in one run on one machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import gradio as gr
import matplotlib
import numpy as np

from dbce.page import page
from dbce.study.predictor import Predictor
from dbce.study.studies import Study
from dbce.tasks import WORK_SIZE

# What the panels show, as a number each.
_LOOK = """() => {
  const canvases = '.view:not([hidden]) .panel:not([hidden]) .frame canvas';
  const words = (c) => new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer);
  return [...document.querySelectorAll(canvases)].map((c) => words(c).reduce((a, b) => (a * 31 + b) | 0, 7)).join();
}"""

# Watch a slider that the mouse drags: the page listens at its root, so that a callback asked for at the window is
# behind its own; frames are counted apart from it.
_WATCH_DRAG = """(field) => {
  const seen = (window.dbceSeen = {drawn: [], frames: [], on: true});
  const follow = ({target}) => {
    if (target.dataset.field !== field) return;
    const start = performance.now();
    requestAnimationFrame(() => seen.drawn.push(performance.now() - start));
  };
  window.addEventListener('input', follow);
  let last = null;
  const tick = (now) => {
    if (last !== null) seen.frames.push(now - last);
    last = now;
    if (seen.on) requestAnimationFrame(tick);
    else window.removeEventListener('input', follow);
  };
  requestAnimationFrame(tick);
}"""

_LOST = 5000  # milliseconds after which an answer of gradio counts as lost

# The same with gradio's slider: from the event to the new pictures, loaded.
_MOVE_GRADIO = """async ({values, lost}) => {
  const input = document.querySelector('input[type=range]');
  const pictures = () => [...document.querySelectorAll('.image-frame img')];
  const drawn = [];
  for (const value of values) {
    const before = pictures().map((img) => img.src);
    const start = performance.now();
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(input, value);
    input.dispatchEvent(new Event('input', {bubbles: true}));
    while (performance.now() - start < lost) {
      await new Promise(requestAnimationFrame);
      const now = pictures();
      if (now.every((img, i) => img.src !== before[i] && img.complete)) break;
    }
    drawn.push(performance.now() - start);
  }
  return drawn;
}"""


# When the first pictures are painted: two frames after the page says so, or after its pictures are there.
_WATCH = """(() => {
  const there = () => {
    const pictures = [...document.querySelectorAll('.image-frame img')];
    const loaded = pictures.length > 1 && pictures.every((picture) => picture.complete);
    return loaded || document.querySelector('.dbce[data-ready=true]');
  };
  const look = () => {
    if (!there()) return requestAnimationFrame(look);
    requestAnimationFrame(() => requestAnimationFrame(() => (window.dbcePainted = performance.now())));
  };
  document.addEventListener('DOMContentLoaded', look);
})()"""

NETWORKS = {"9 Mbit/s, 40 ms": (9, 40), "1.6 Mbit/s, 150 ms": (1.6, 150)}
"""Name -> megabits a second either way, and milliseconds that every answer takes longer."""


def viewer(predictor: Predictor, repeats: int = 60, throttle: float = 1) -> str:
    """Latency of the page's sliders beside plain gradio sliders with image outputs, as a table.

    Args:
        predictor: the networks whose four outputs are shown.
        repeats: positions a slider is moved to.
        throttle: factor by which Chromium slows its CPU, at least 1; 4 is about a phone.

    Returns:
        Median and 95th percentile in milliseconds from the slider's event to the frame that is drawn for it, and from
        one frame to the next while the mouse drags the slider of the page; the ratio to the page.

    Raises:
        ValueError: playwright or Chromium is missing, a slider did not redraw, or a throttle below 1.
    """
    if not 1 <= throttle <= 100:
        raise ValueError(f"throttle is {throttle:g}; it must be from 1 (as fast as this machine is) to 100.")
    several = predictor.task.several
    study = predictor.set_image(*page.studio_of(predictor).examples[0])
    radii = [int(v) for v in np.linspace(1, 149, repeats)]
    rows: list[tuple[str, list[float], str]] = []
    first: dict[str, list[float]] = {}
    with chromium() as browser:
        with served(page.build(page.Offer(predictor)), **page.LAUNCH) as url:
            first["page"] = _first_views(browser, url, throttle)
            tab = browser.new_page(viewport={"width": 1440, "height": 900})
            _slow_down(tab, throttle)
            for name, hash_, field in (
                ("page, radius, 5 panels", "#tab=anatomy", "radius"),
                ("page, threshold, 4 models, 10 panels", "#tab=compare", "threshold"),
                ("page, threshold, with 4 weighted losses", "#tab=compare&below=weighted", "threshold"),
            )[: 1 if several else 3]:  # label maps have no threshold
                tab.goto("about:blank")
                tab.goto(url + hash_)
                tab.wait_for_selector(".dbce[data-ready=true]", timeout=60000)
                found = _drag(tab, field, repeats)
                if not found["moved"]:
                    raise ValueError(f"{name}: nothing moved with the slider.")
                rows.append((name, found["drawn"], _summary(found["frames"])))
        for name, count, options in (
            ("gradio slider, 2 images, webp (default)", 2, {}),
            ("gradio slider, 2 images, png", 2, {"format": "png"}),
            ("gradio slider, 8 images, png", 8, {"format": "png"}),
        ):
            with served(_plain(study, count, options)) as url:
                if not options:
                    first["gradio, 2 images"] = _first_views(browser, url, throttle)
                tab.goto(url)
                tab.wait_for_selector("input[type=range]")
                tab.evaluate(_MOVE_GRADIO, {"values": radii[:3], "lost": _LOST})
                drawn = tab.evaluate(_MOVE_GRADIO, {"values": radii[: max(5, repeats // 3)], "lost": _LOST})
                arrived = [time for time in drawn if time < _LOST]
                note = f" {len(drawn) - len(arrived)} of {len(drawn)} lost" if len(arrived) < len(drawn) else ""
                rows.append((name, arrived, note))
    slowed = f", slowed {throttle:g} times" if throttle > 1 else ""
    return f"{_table(rows, slowed)}\n\n{_first_table(first)}"


def _drag(tab: Any, field: str, repeats: int) -> dict[str, Any]:
    """Drag a slider from end to end with the mouse: milliseconds to each frame drawn, and between any two."""
    slider = tab.locator(f"input[type=range][data-field={field}]").first
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    line, left, width = box["y"] + box["height"] / 2, box["x"] + box["height"] / 2, box["width"] - box["height"]
    tab.mouse.move(left, line)
    tab.mouse.down()
    looks = set()
    for k in range(11):  # warm
        tab.mouse.move(left + width * k / 10, line)
        if k % 5 == 0:
            tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            looks.add(tab.evaluate(_LOOK))
    tab.evaluate(_WATCH_DRAG, field)
    for k in range(repeats):
        tab.mouse.move(left + width * (k + 0.5) / repeats, line)
    tab.mouse.up()
    found = tab.evaluate("() => Object.assign(dbceSeen, {on: false})")
    return {**found, "moved": len(looks) > 1}


def _slow_down(tab: Any, throttle: float) -> Any:
    """Slow a tab down by a factor; gives its developer tools."""
    devtools = tab.context.new_cdp_session(tab)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": throttle})
    return devtools


def watch_paint(tab: Any) -> None:
    """Let every page of a tab say in ``dbcePainted`` when its first pictures are painted, in milliseconds."""
    tab.add_init_script(_WATCH)


def _first_views(browser: Any, url: str, throttle: float) -> list[float]:
    """Seconds from the address to the first example, painted, over each of `NETWORKS`; nothing is cached."""
    found = []
    for megabits, latency in NETWORKS.values():
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        tab = context.new_page()
        watch_paint(tab)
        devtools = _slow_down(tab, throttle)
        each = {"downloadThroughput": megabits * 125_000, "uploadThroughput": megabits * 125_000}
        devtools.send("Network.enable")
        devtools.send("Network.emulateNetworkConditions", {"offline": False, "latency": latency, **each})
        tab.goto(url, wait_until="commit", timeout=120_000)  # painting alone is waited for
        tab.wait_for_function("window.dbcePainted", timeout=120_000)
        found.append(tab.evaluate("window.dbcePainted") / 1000)
        context.close()
    return found


def _first_table(first: dict[str, list[float]]) -> str:
    """A row a page: seconds over each network."""
    heads = "".join(f"{name:>22}" for name in NETWORKS)
    rows = [f"{name:42}" + "".join(f"{time:>22.2f}" for time in times) for name, times in first.items()]
    return "\n".join(["seconds to the first example, painted, nothing cached", f"{'':42}{heads}", *rows])


def _plain(study: Study, count: int, options: dict[str, Any]) -> gr.Blocks:
    """The weight map and the weighted loss in ``count`` gradio images that follow a gradio slider."""
    entropy = study.cross_entropy(next(iter(study.logits)))
    magma = matplotlib.colormaps["magma"]

    def draw(radius: int) -> list[np.ndarray]:
        weight = study.weight(radius)
        maps = [values / values.max() for values in (weight, weight * entropy)]
        return [(magma(maps[k % 2])[..., :3] * 255).astype(np.uint8) for k in range(count)]

    with gr.Blocks(analytics_enabled=False) as demo:
        slider = gr.Slider(0, 150, 20, step=1)
        images = [gr.Image(value, **options) for value in draw(20)]
        slider.input(draw, slider, images, show_progress="hidden", trigger_mode="always_last")
    return demo


@contextmanager
def served(demo: gr.Blocks, **options: Any) -> Iterator[str]:
    """The address of an app that is launched."""
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **options)
    try:
        yield url
    finally:
        demo.close(verbose=False)


@contextmanager
def chromium() -> Iterator[Any]:
    """Chromium.

    Raises:
        ValueError: it, or playwright, is missing.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise ValueError("this benchmark drives a browser; install playwright: pip install playwright.") from error
    with sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        try:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        except Error as error:
            raise ValueError(
                "no Chromium was found; run `apt-get install chromium` or `python -m playwright install chromium`."
            ) from error
        yield browser
        browser.close()


def _summary(times: Sequence[float]) -> str:
    return f"{np.median(times):7.1f} {np.percentile(times, 95):7.1f}"


def _table(rows: Sequence[tuple[str, list[float], str]], slowed: str = "") -> str:
    """A row a slider: name, times of what arrived, what else is said; without any times, that nothing answered."""
    base = float(np.median(rows[0][1]))
    lines = [
        f"milliseconds on {os.cpu_count()} CPU cores{slowed}, {WORK_SIZE} x {WORK_SIZE} px; one frame at 60 Hz is 16.7",
        f"{'':42}{'event to frame':>16}{'frame to frame':>17}{'ratio':>9}",
        f"{'':42}{'median':>8}{'95 %':>8}{'median':>9}{'95 %':>8}",
    ]
    for name, drawn, work in rows:
        if not drawn:
            lines.append(f"{name:42}{'no answer':>16}")
            continue
        lines.append(f"{name:42}{_summary(drawn):>16}{work:>17}{np.median(drawn) / base:>8.1f}x")
    return "\n".join(lines)
