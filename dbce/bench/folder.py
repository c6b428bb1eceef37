"""A folder of images with masks in the page, from the choice of the folder to the last dot of the scatter."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from dbce.bench import load
from dbce.bench.site import Tab, tab_memory
from dbce.bench.viewer import chromium
from dbce.data.datasets import load_dataset
from dbce.data.folders import find_pairs
from dbce.scores.evaluation import evaluate
from dbce.tasks import DEFAULT
from dbce.train import checkpoints

GOAL = 10.0
"""Images a second, from the folder to the last dot, on two free cores."""

PEER = 120
"""Images that `evaluate` is timed on; it takes the same time for each."""

_LOOK = 0.5  # seconds between two looks at the page, which cost it a millisecond

# The folder that is chosen runs without a click; when the last dot is drawn, and the frame with it, the time is kept.
_ARM = """(count) => {
  const viewer = document.querySelector('.dbce').parentElement.dbce;
  const told = (window.dbceFolder = {seconds: null, error: null});
  const input = document.querySelector('[data-file=folder]');
  const look = (start) => {
    document.querySelector('dialog.intake[open] [data-intake=run]')?.click();
    if (document.querySelector('.message.error')) told.error = document.querySelector('.message').textContent;
    const {bench, tabs: {set}} = viewer;
    if (bench?.set && !bench.running && set.set === bench.set && set.scatter.dots.x.length === count)
      return requestAnimationFrame(() => requestAnimationFrame((now) => (told.seconds = (now - start) / 1000)));
    setTimeout(look, 50, start);
  };
  input.addEventListener('change', () => look(performance.now()), {capture: true, once: true});
}"""

DOTS = 10_000
"""Dots over which a box is drawn, in steps of a real mouse."""

# The scores of the test set as often as makes so many dots; what handles a step is timed from end to end.
_MANY = """async (count) => {
  const viewer = document.querySelector('.dbce').parentElement.dbce;
  const {set} = viewer.config;
  const tiled = (list) => Array.from({length: count}, (_, i) => list[i % list.length]);
  const lists = (one) => Object.fromEntries(Object.entries(one).map(([k, v]) => [k, Array.isArray(v) ? tiled(v) : v]));
  viewer.config.set = {...lists({...set, networks: null}), networks: set.networks.map(lists)};
  viewer.set({tab: 'set', whose: 'test', picked: null});
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const {scatter} = viewer.tabs.set;
  const {canvas, dots} = scatter;
  canvas.scrollIntoView({block: 'center'});
  const work = (window.dbceWork = {pointermove: [], pointerup: [], paint: []});
  let start = 0;
  for (const kind of ['pointermove', 'pointerup']) {
    addEventListener(kind, () => (start = performance.now()), {capture: true});
    addEventListener(kind, () => work[kind].push(performance.now() - start));
  }
  const paint = scatter.paint.bind(scatter);
  scatter.paint = () => {
    const began = performance.now();
    paint();
    work.paint.push(performance.now() - began);
  };
  const {left, top, width, height} = canvas.getBoundingClientRect();
  return {dots: dots.x.length, box: [left, top, width, height]};
}"""


def folder(data: str | Path, count: int | None = None, task: str = DEFAULT) -> str:
    """Choose a folder in the running page, and wait for the last dot; score the same images with `evaluate`.

    Args:
        data: test set of two classes.
        count: of its images, evenly spaced; None: all.
        task: whose page is opened.

    Returns:
        A table: images a second, CPU seconds an image, memory of server and tab.

    Raises:
        ValueError: playwright or Chromium is missing, no such data set, or the page refused what was in the folder.
    """
    pairs = find_pairs(data)
    chosen = [pairs[i] for i in np.unique(np.linspace(0, len(pairs) - 1, count or len(pairs)).astype(int))]
    with TemporaryDirectory() as name:
        own = _copied(chosen, Path(name) / "set")
        few = _copied(chosen[:: max(1, len(chosen) // PEER)], Path(name) / "few")
        found = _chosen(own, len(chosen), task)
        began = time.monotonic()
        dataset = load_dataset(few)
        evaluate(checkpoints.bundled(task), dataset, task=task)
        found["peer"] = len(dataset) / (time.monotonic() - began)
    return folder_table(found, len(chosen), len(dataset))


def _copied(pairs: Sequence[tuple[Path, Path]], base: Path) -> Path:
    """Images and masks as they are, in a folder of their own."""
    for kind, paths in zip(("images", "masks"), zip(*pairs, strict=True), strict=True):
        (base / kind).mkdir(parents=True)
        for path in paths:
            shutil.copy(path, base / kind / path.name)
    return base


def _chosen(own: Path, count: int, task: str) -> dict[str, float]:
    """Seconds, CPU seconds and bytes of one run."""
    with load.running_app() as (url, process), chromium() as browser:
        place = url if task == DEFAULT else f"{url}/{task}"
        tab = Tab(browser, f"{place}#tab=set")
        tab.evaluate(_ARM, count)
        with load.watched(process, every=5) as memory:
            before = [load.worked_seconds(process), _worked(browser)]
            tab.choose("[data-file=folder]", [own])
            while (seen := tab.evaluate("() => window.dbceFolder", None))["seconds"] is None:
                if seen["error"]:
                    raise ValueError(f"the page refused the folder: {seen['error']}")
                time.sleep(_LOOK)
            server, page = load.worked_seconds(process) - before[0], _worked(browser) - before[1]
        found = {"seconds": seen["seconds"], "server": server, "page": page, "held": max(memory)}
        time.sleep(1)
        found["tab"] = tab_memory(browser)
        found |= _moved(tab)
        tab.close()
    return found


def _moved(tab: Tab, steps: int = 60) -> dict[str, float]:
    """Milliseconds of the page's own work (95 % of the steps) as a mouse goes over the dots, and draws a box."""
    shown = tab.evaluate(_MANY, DOTS)
    if shown["dots"] != DOTS:
        raise ValueError(f"{shown['dots']} dots are shown, not {DOTS}.")
    left, top, width, height = shown["box"]
    spent = {}
    for name, pressed in (("hover", 0), ("drag", 1)):
        tab.evaluate("() => { window.dbceWork.pointermove.length = 0; }", None)
        at = [(left + width * (0.2 + 0.6 * k / steps), top + height * (0.2 + 0.6 * k / steps)) for k in range(steps)]
        button: dict[str, Any] = {"button": "left" if pressed else "none", "buttons": pressed}
        if pressed:
            tab.mouse("mousePressed", *at[0], button="left", clickCount=1)
        for place in at:
            tab.mouse("mouseMoved", *place, **button)
        if pressed:
            tab.mouse("mouseReleased", *at[-1], button="left", clickCount=1)
        moves = tab.evaluate("() => window.dbceWork.pointermove", None)
        if len(moves) < steps / 2:
            raise ValueError(f"of {steps} steps of the mouse {len(moves)} came.")
        spent[name] = float(np.percentile(moves, 95))
    spent["select"] = max(tab.evaluate("() => window.dbceWork.pointerup", None))
    spent["pan"] = float(np.percentile(_panned(tab, left + width / 2, top + height / 2, steps), 95))
    return spent


def _panned(tab: Tab, x: float, y: float, steps: int) -> list[float]:
    """Milliseconds of each picture of the dots while a drag moves them, enlarged twice."""
    tab.evaluate(
        """async () => {
      const {scatter} = document.querySelector('.dbce').parentElement.dbce.tabs.set;
      scatter.clear();
      scatter.by(2);
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      window.dbceWork.paint.length = 0;
    }""",
        None,
    )
    shift: dict[str, Any] = {"button": "left", "modifiers": 8}
    tab.mouse("mousePressed", x, y, clickCount=1, **shift)
    for k in range(steps):
        tab.mouse("mouseMoved", x - 2 * k, y + 2 * k, buttons=1, **shift)
    tab.mouse("mouseReleased", x - 2 * steps, y + 2 * steps, clickCount=1, **shift)
    painted = tab.evaluate("() => window.dbceWork.paint", None)
    if len(painted) < steps / 4:
        raise ValueError(f"of {steps} steps of the mouse {len(painted)} were painted.")
    return painted


def _worked(browser: Any) -> float:
    """CPU seconds of all processes of the browser so far."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    return sum(process["cpuTime"] for process in processes)


def folder_table(found: dict[str, float], count: int, few: int) -> str:
    """The table.

    Args:
        found: ``seconds`` of ``count`` images; CPU seconds of ``server`` and ``page`` in that time; bytes that were
            ``held`` by the server at most, and by the ``tab`` at the end; images a second of the ``peer``; milliseconds
            of a step over many dots as of `_moved`.
        count: images in the folder.
        few: images that the peer had.
    """
    rows = [
        ("images a second, from folder to last dot", f"{count / found['seconds']:.1f}", f"{GOAL:g}"),
        ("CPU seconds an image, server", f"{found['server'] / count:.3f}", ""),
        ("CPU seconds an image, browser", f"{found['page'] / count:.3f}", ""),
        ("MB of the server and its workers at most", f"{found['held'] / 1e6:.0f}", ""),
        ("MB of the tab at the end", f"{found['tab'] / 1e6:.0f}", ""),
        (f"images a second, `evaluate` on {few} of them", f"{found['peer']:.1f}", ""),
        (f"{DOTS} dots, ms of a step: pointer above, 95 %", f"{found['hover']:.1f}", "16"),
        (f"{DOTS} dots, ms of a step: box drawn, 95 %", f"{found['drag']:.1f}", "16"),
        (f"{DOTS} dots, ms of a step: moved, 95 %", f"{found['pan']:.1f}", "16"),
        (f"{DOTS} dots, ms until a box has selected", f"{found['select']:.1f}", ""),
    ]
    head = f"{count} images with masks, four networks, {os.cpu_count()} CPU cores, {load.besides()}"
    return "\n".join([head, f"{'':46}{'':>8}{'goal':>8}", *(f"{a:46}{b:>8}{c:>8}".rstrip() for a, b, c in rows)])
