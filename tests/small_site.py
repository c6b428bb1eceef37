"""The page without a server, small: few examples, scans that are drawn at once, and a plain host that can be ended."""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from dbce.data import ct
from dbce.page import serving
from dbce.page.page import Offer
from dbce.train import checkpoints

PREFIX = "/some/where"


@functools.cache
def _slice(seed: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    return ct.scan(seed, size, [26])


def quick_scan(seed: int, size: int, slices: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """As of `dbce.data.ct.scan`, but every slice is the same one, moved."""
    hu, labels = _slice(seed, size)
    moved = [(np.roll(hu[0], k - 26, 0), np.roll(labels[0], k - 26, 0)) for k in slices]
    return np.stack([a for a, _ in moved]), np.stack([b for _, b in moved])


def small_offers() -> list[Offer]:
    """Polyps with two examples, organs with one."""
    found = {offer.predictor.task.name: offer for offer in serving.offers_of(checkpoints.home())}
    for name, count, changes in (("polyp", 2, {}), ("organs", 1, {"draw": "tests.small_site:quick_scan"})):
        task = found[name].predictor.task
        found[name].predictor.task = dataclasses.replace(task, examples=task.examples[:count], **changes)
    return [found["polyp"], found["organs"]]


class Host(SimpleHTTPRequestHandler):
    """Files of a folder below `PREFIX`, and nothing else; it compresses nothing and says nothing of caching."""

    extensions_map = {
        **SimpleHTTPRequestHandler.extensions_map,
        **{".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json"},
    }
    asked: list[str]

    def translate_path(self, path: str) -> str:
        self.asked.append(path)
        if not path.startswith(PREFIX + "/"):
            return str(Path(self.directory) / "nothing")
        return super().translate_path(path.removeprefix(PREFIX))

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def hosted(folder: Path, port: int = 0) -> Iterator[tuple[str, list[str]]]:
    """The address of a folder on a plain host, and what that host was asked for."""
    asked: list[str] = []
    handler = type("Handler", (Host,), {"asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", port), partial(handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}/", asked
    finally:
        server.shutdown()
        server.server_close()
