"""The page without a server beside the one with a server: what is sent, what it takes, and whether it says the same."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from dbce.bench.hosting import static_host
from dbce.bench.viewer import chromium, served, watch_paint
from dbce.data.folders import find_pairs
from dbce.data.pairs import read_pair
from dbce.page import page
from dbce.registry import title
from dbce.site.build import write_site

PATHS = {"loopback": (-1.0, 0), "9 Mbit/s, 40 ms": (9.0, 40)}
"""Name -> megabits a second, -1 for as many as there are, and milliseconds that every answer takes longer."""

_SPARING = "Object.defineProperty(navigator, 'connection', {value: {saveData: true}})"
_DICE = """() => {
  const {study} = document.querySelector('.dbce').parentElement.dbce;
  return Object.fromEntries(study.losses.map((loss) => [loss, study.compare(loss, 20, 0.5).scores.dice]));
}"""
_DROP = """async (files) => {
  const viewer = document.querySelector('.dbce').parentElement.dbce;
  const given = new DataTransfer();
  for (const {name, data} of files) {
    const [text, bytes] = [atob(data), new Uint8Array(3 * data.length / 4 - (data.match(/=*$/)[0].length))];
    for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i); // in a loop: it leaves nothing behind
    given.items.add(new File([bytes], name));
  }
  const before = viewer.study;
  const start = performance.now();
  document.dispatchEvent(new DragEvent('drop', {dataTransfer: given, bubbles: true, cancelable: true}));
  const line = document.querySelector('.message');
  let first = 0;
  while (viewer.study === before || viewer.study.pending.length) {
    if (line.classList.contains('error')) throw new Error(line.textContent);
    if (viewer.study !== before) first ||= performance.now() - start;
    await new Promise((done) => setTimeout(done, 5));
  }
  const all = performance.now() - start;
  return [first || all, all];
}"""


def site_beside_server(
    offer: page.Offer, data: str | Path, count: int = 100, images: int = 200, modules: str | Path | None = None
) -> str:
    """Bytes, seconds, memory and scores of the page without a server, as a table.

    Args:
        offer: a task of two classes.
        data: test set; ``count`` of its frames, evenly spaced, are opened with their masks, then all of them in turn.
        count: how many frames Dice is compared on.
        images: how many images a tab has opened when its memory is read.
        modules: folder of the npm packages, as of `dbce.site.runtime.find_packages`.

    Returns:
        Rows of numbers, of the server's page where it has them, and goals.

    Raises:
        ValueError: playwright, Chromium or an npm package is missing, no such data set, or a frame is refused.
    """
    pairs = find_pairs(data)
    frames = [pairs[i] for i in np.unique(np.linspace(0, len(pairs) - 1, min(count, len(pairs))).astype(int))]
    with TemporaryDirectory() as name, chromium() as browser:
        write_site([offer], Path(name), modules)
        with static_host(Path(name)) as (url, sent):
            first = _first_views(browser, url)
            sent.clear()
            opened = _open_all(browser, url, frames, images)
            moved = _bytes_of_networks(sent)
        with served(page.build(offer), **page.LAUNCH) as url:
            other = _first_views(browser, url)
    dice = {loss: 100 * float(np.mean([row[loss] for row in opened["dice"]])) for loss in opened["dice"][0]}
    python = _python_dice(offer, frames)
    rows = [
        ("first view, kB, compressed", f"{first['bytes'] / 1e3:.0f}", f"{other['bytes'] / 1e3:.0f}", "1000"),
        *(
            (f"seconds to it, painted, {path}", f"{first[path]:.2f}", f"{other[path]:.2f}", goal)
            for path, goal in zip(PATHS, ("1", "2"), strict=True)
        ),
        ("MB until the first network has answered", f"{moved[0] / 1e6:.1f}", "", "10"),
        ("MB until all four have, kept from then on", f"{moved[1] / 1e6:.1f}", "", "28"),
        ("seconds for an image, warm, first network", f"{opened['first']:.2f}", "", ""),
        ("seconds for an image, warm, four networks", f"{opened['seconds']:.2f}", "", "0.5"),
        (f"MB of the tab after {images} images", f"{opened['memory'] / 1e6:.0f}", "", "600"),
        *(
            (f"Dice over {len(frames)} frames, %, {title(loss)}", f"{dice[loss]:.2f}", f"{python[loss]:.2f}", "± 0.05")
            for loss in dice
        ),
    ]
    head = f"{os.cpu_count()} CPU cores, load {os.getloadavg()[0]:.1f} at the end; Chromium, nothing cached at first"
    lines = [f"{words:44}{here:>14}{there:>14}{goal:>10}" for words, here, there, goal in rows]
    return "\n".join([head, f"{'':44}{'no server':>14}{'server':>14}{'goal':>10}", *lines])


def _first_views(browser: Any, url: str) -> dict[str, float]:
    """Bytes until the first example is painted, and the seconds that takes, over each of `PATHS`."""
    found: dict[str, float] = {}
    for path, (megabits, latency) in PATHS.items():
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        tab = context.new_page()
        tab.add_init_script(_SPARING)
        watch_paint(tab)
        devtools = context.new_cdp_session(tab)
        came: list[float] = []
        devtools.on("Network.loadingFinished", lambda event, came=came: came.append(event["encodedDataLength"]))
        devtools.send("Network.enable")
        each = {name: megabits * 125_000 if megabits > 0 else -1 for name in ("downloadThroughput", "uploadThroughput")}
        devtools.send("Network.emulateNetworkConditions", {"offline": False, "latency": latency, **each})
        tab.goto(url, wait_until="commit", timeout=120_000)  # painting alone is waited for
        tab.wait_for_function("() => window.dbcePainted", timeout=120_000)
        found["bytes"] = sum(came)
        found[path] = tab.evaluate("window.dbcePainted") / 1000
        context.close()
    return found


def _bytes_of_networks(sent: dict[str, int]) -> tuple[int, int]:
    """Bytes of what runs networks and of one, and of all of them."""
    runtime = sum(size for path, size in sent.items() if path.startswith("runtime/"))
    networks = [size for path, size in sent.items() if path.startswith("networks/")]
    return runtime + max(networks), runtime + sum(networks)


def _open_all(browser: Any, url: str, frames: Sequence[tuple[Path, Path]], images: int) -> dict[str, Any]:
    """Open frames with their masks, then images without, in one tab."""
    tab = Tab(browser, url)
    dice, times = [], []
    for k in range(max(images, len(frames))):
        pair = frames[k % len(frames)]
        paths = pair if k < len(frames) else pair[:1]
        files = [{"name": p.name, "data": base64.b64encode(p.read_bytes()).decode()} for p in paths]
        try:
            spent = tab.evaluate(_DROP, files)
        except Exception as error:
            raise ValueError(f"{pair[0]} was not opened: {error}") from error
        if k < len(frames):
            dice.append(tab.evaluate(_DICE, None))
        elif k > len(frames):
            times.append(spent)
    time.sleep(1)
    first, seconds = np.median(times or [spent], axis=0) / 1000
    found = {"dice": dice, "first": float(first), "seconds": float(seconds), "memory": tab_memory(browser)}
    tab.close()
    return found


class Tab:
    """A tab as a visitor has it: playwright's own keep what came over the network in their memory, 37 MB here.

    Args:
        browser: Chromium.
        url: of the page, which is waited for.
    """

    def __init__(self, browser: Any, url: str) -> None:
        self.devtools = browser.new_browser_cdp_session()
        self.devtools.on("Target.receivedMessageFromTarget", lambda event: self._hear(json.loads(event["message"])))
        self.context = self.devtools.send("Target.createBrowserContext")
        asked = {"url": "about:blank", "width": 1440, "height": 900, **self.context}
        target = self.devtools.send("Target.createTarget", asked)
        self.session = self.devtools.send("Target.attachToTarget", {**target, "flatten": False})
        self.answers: dict[int, dict[str, Any]] = {}
        self.asked = 0
        self.ask("Page.enable")
        self.ask("Page.addScriptToEvaluateOnNewDocument", source=_SPARING)
        self.ask("Page.navigate", url=url)
        self.wait(lambda: self.evaluate("() => Boolean(document.querySelector('.dbce[data-ready=true]'))", None))

    def _hear(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self.answers[message["id"]] = message

    def wait(self, there: Callable[[], bool], seconds: float = 120) -> None:
        """Until it is so; messages are heard while another question waits."""
        end = time.monotonic() + seconds
        while not there():
            if time.monotonic() > end:
                raise ValueError(f"the page did not answer within {seconds:g} s.")
            time.sleep(0.02)
            self.devtools.send("Browser.getVersion")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """What the page's developer tools answer."""
        self.asked += 1
        message = json.dumps({"id": self.asked, "method": method, "params": params})
        self.devtools.send("Target.sendMessageToTarget", {**self.session, "message": message})
        self.wait(lambda: self.asked in self.answers)
        answer = self.answers.pop(self.asked)
        if "error" in answer:
            raise ValueError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def evaluate(self, function: str, given: Any) -> Any:
        """What a function of JavaScript returns."""
        called = f"({function})({json.dumps(given)})"
        found = self.ask("Runtime.evaluate", expression=called, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            raise ValueError(found["exceptionDetails"].get("exception", {}).get("description", "the page failed"))
        return found["result"].get("value")

    def choose(self, selector: str, paths: Sequence[Path]) -> None:
        """Choose files, or a folder, in an input of the page."""
        found = self.ask("Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})")
        self.ask("DOM.setFileInputFiles", files=list(map(str, paths)), objectId=found["result"]["objectId"])

    def mouse(self, what: str, x: float, y: float, **more: Any) -> None:
        """An event of a mouse, as of ``Input.dispatchMouseEvent``."""
        self.ask("Input.dispatchMouseEvent", type=what, x=x, y=y, **more)

    def close(self) -> None:
        self.devtools.send("Target.disposeBrowserContext", self.context)


def tab_memory(browser: Any) -> float:
    """Bytes that the largest of the processes that show pages holds."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    held = []
    for process in processes:
        if process["type"] == "renderer":
            status = Path(f"/proc/{process['id']}/status").read_text()
            held.append(1024 * int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]))
    return max(held)


def _python_dice(offer: page.Offer, frames: Sequence[tuple[Path, Path]]) -> dict[str, float]:
    """Mean Dice in percent by loss, of Python's networks."""
    rows = []
    for image, mask in frames:
        pair = read_pair((image.name, image.read_bytes()), (mask.name, mask.read_bytes()), offer.predictor.task)
        assert pair.mask is not None
        study = offer.predictor.set_image(pair.picture.pixels, pair.mask.labels)
        rows.append({loss: study.scores(loss)["dice"] for loss in study.logits})
    return {loss: 100 * float(np.mean([row[loss] for row in rows])) for loss in rows[0]}
