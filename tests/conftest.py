"""The running app and the browser, started once for all tests that look at the page."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

# Before PyTorch is imported, here and in every process that a test starts: tests run side by side, one on each core,
# and PyTorch's threads, one a core in each of them, would wait for each other.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell lets what it runs in the background ignore Ctrl+C, and so would every app that a test stops with it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.browser.actions import READY

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items):
    """Mark what needs the running app: it has both cores to itself, while the rest runs side by side.

    That also keeps its temporary folders short enough for sockets.
    """
    for item in items:
        starts_it = item.path.stem in ("test_server", "test_space")
        if starts_it or "address" in item.fixturenames or "browser" in item.fixturenames:
            item.add_marker("browser")


def wait_for(process: subprocess.Popen[bytes], url: str) -> None:
    """Until the app answers."""
    for _ in range(240):
        assert process.poll() is None, "app.py ended before it served a page"
        try:
            urllib.request.urlopen(url, timeout=5).read()
            return
        except OSError:
            time.sleep(0.5)


@pytest.fixture(scope="session")
def address():
    """The app, started as the README says, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "app.py", "--port", str(port)], cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(process, url)
        yield url
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def idle(browser) -> dict[str, list[BrowserContext]]:
    """Contexts that nobody looks through, by their options, with the page's scripts in their cache."""
    return {}


def forget(context: BrowserContext, address: str) -> None:
    """Close the pages, and leave nothing that a page could find again; the cache of files stays."""
    blank, *others = context.pages or [context.new_page()]
    for page in others:
        page.close()
    blank.goto("about:blank")
    kept = "cookies,local_storage,indexeddb,cache_storage,service_workers"
    context.new_cdp_session(blank).send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": kept})
    blank.close()


@pytest.fixture
def visit(browser, address, idle):
    """Open the page; at the end nothing may have gone wrong in it, and nothing was asked of other hosts."""
    used, trouble = [], []

    def on_request(request):
        if not request.url.startswith((address, "data:", "blob:")):
            trouble.append(f"asked another host: {request.url}")

    def go(width: int = 1440, height: int = 900, path: str = "", **options) -> Page:
        options["viewport"] = {"width": width, "height": height}
        alike = idle.setdefault(repr(sorted(options.items())), [])
        context = alike.pop() if alike else browser.new_context(**options)
        used.append((alike, context))
        page = context.new_page()
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda message: message.type == "error" and trouble.append(message.text))
        page.on("request", on_request)
        page.goto(f"{address}/{path}")
        page.wait_for_selector(READY, timeout=60000)
        return page

    yield go
    seen = list(trouble)
    for alike, context in used:
        forget(context, address)
        alike.append(context)
    assert not seen
