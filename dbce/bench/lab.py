"""The live lab in a browser: how fast its networks learn, and whether the page keeps its frames meanwhile."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from dbce.bench.viewer import chromium, served
from dbce.page import page
from dbce.study.predictor import Predictor

_PLAY = """async (seconds) => {
  const at = () => +document.querySelector('[data-lab=at]').textContent;
  document.querySelector('[data-lab=play]').click();
  while (at() === 0 || at() > 60) await new Promise((done) => setTimeout(done, 50));
  const [begun, first, frames] = [performance.now(), at(), []];
  for (let last = begun; last - begun < 1000 * seconds; ) {
    const now = await new Promise(requestAnimationFrame);
    if (now > last) frames.push(now - last);
    last = now;
  }
  document.querySelector('[data-lab=play]').click();
  return {frames, steps: at() - first, seconds: (performance.now() - begun) / 1000};
}"""

GOALS = {"steps": 10.0, "frame": 20.0}
"""Steps a second of each network on two free cores; milliseconds that 95 % of the frames stay below."""


def lab(predictor: Predictor, seconds: float = 20) -> str:
    """Four networks of the lab learn in Chromium, at full speed, on "needles".

    Args:
        predictor: of the page that is opened; its networks run no step.
        seconds: how long.

    Returns:
        Steps a second of each network, milliseconds from frame to frame, and how busy the machine was.

    Raises:
        ValueError: playwright or Chromium is missing.
    """
    before = os.getloadavg()[0]
    with chromium() as browser, served(page.build(page.Offer(predictor)), **page.LAUNCH) as url:
        tab = browser.new_page(viewport={"width": 1440, "height": 900})
        tab.goto(f"{url}#tab=lab")
        tab.wait_for_function("() => document.querySelector('[data-lab=state]')?.textContent === 'steps, recorded'")
        tab.wait_for_timeout(2000)  # its workers have started
        found = tab.evaluate(_PLAY, seconds)
    return told(found["frames"], found["steps"] / found["seconds"], before, os.getloadavg()[0])


def told(frames: Sequence[float], speed: float, before: float, after: float) -> str:
    """The table.

    Args:
        frames: milliseconds from one frame to the next.
        speed: steps a second of each network.
        before: the machine's load, over a minute.
        after: the same when all is done.
    """
    late = 100 * float(np.mean(np.asarray(frames) > GOALS["frame"]))
    rows = [
        ("steps a second of each of four networks", f"{speed:.1f}", f"{GOALS['steps']:g}"),
        ("milliseconds from frame to frame, median", f"{np.median(frames):.1f}", ""),
        ("the same at 95 %", f"{np.percentile(frames, 95):.1f}", f"{GOALS['frame']:g}"),
        (f"frames later than {GOALS['frame']:g} ms, %", f"{late:.1f}", "5"),
    ]
    head = f"{os.cpu_count()} CPU cores; load {before:.1f} before and {after:.1f} after, of which the lab is about 3"
    return "\n".join([head, f"{'':44}{'':>10}{'goal':>8}", *(f"{a:44}{b:>10}{c:>8}" for a, b, c in rows)])
